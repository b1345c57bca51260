"""What the pages say when they refuse, in both languages."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import httpx
import pytest

from server.run import start_web
from server.trust import tokens
from server.trust.tokens import Scope
from server.web import live
from server.web.services import Services
from server.web.words import LANGUAGES
from tests.unit.server.aggregator import Aggregator


@pytest.fixture
def browser(running: Aggregator) -> Iterator[httpx.Client]:
    """Signed in."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        start_web(stack, Services(running.ledger, running.feed, list), listening)
        client = stack.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}"))
        token = tokens.make(running.ledger, "test", Scope.DASHBOARD, 1)
        assert client.post("/enter", data={"token": token}).status_code == 303
        yield client


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_refusal_is_said_in_the_readers_language(
    browser: httpx.Client, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = LANGUAGES[code]
    browser.headers["accept-language"] = code
    for path in ("/enter", "/leave"):
        answer = browser.post(path, headers={"origin": "https://elsewhere.example"})
        assert (answer.status_code, words.error_form in answer.text) == (403, True)
    monkeypatch.setattr(live, "_streams", asyncio.Semaphore(0))
    answer = browser.get("/live")
    assert (answer.status_code, words.error_busy in answer.text) == (503, True)
    browser.cookies.clear()
    answer = browser.get("/live")
    assert (answer.status_code, words.error_session in answer.text) == (401, True)


def test_every_language_has_words_of_its_own_for_refusals() -> None:
    for name in ("error_form", "error_busy", "error_session"):
        assert len({getattr(words, name) for words in LANGUAGES.values()}) == len(LANGUAGES)
