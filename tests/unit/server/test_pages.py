"""What the pages say when they refuse, in both languages."""

import asyncio
import contextlib
import re
import socket
from collections.abc import Iterator

import httpx
import pytest
from markupsafe import escape

from server import LedgerError
from server.access.trail import Recorder
from server.run import start_web
from server.trust import tokens
from server.trust.tokens import Scope
from server.web import live, words_errors
from server.web.around import MAX_BODY
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


@pytest.mark.parametrize("code", LANGUAGES)
def test_pages_of_errors_say_why_and_what_to_do_in_the_readers_language(
    browser: httpx.Client, running: Aggregator, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.headers["accept-language"] = code
    large = {"token": "x" * (MAX_BODY + 1)}

    def read(answer: httpx.Response, status: int, text: str, **figures: str) -> None:
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("text/html")
        assert text in words_errors.SAID
        assert escape(words_errors.said(text, code).format(**figures)) in answer.text
        assert escape(words_errors.todo(status, code)) in answer.text
        assert f'<html lang="{code}"' in answer.text

    read(browser.get("/nowhere"), 404, "Not Found")
    read(browser.post("/enter", data=large), 413, "more than {most} bytes were sent", most=str(MAX_BODY))
    read(browser.get("/terminals?page=0"), 422, "invalid", fields="page")
    denied = browser.get("/accounts")
    assert (denied.status_code, escape(words_errors.todo(403, code)) in denied.text) == (403, True)
    monkeypatch.setattr(Recorder, "full", property(lambda _: True))
    read(browser.get("/"), 503, "the trail of reads cannot be written now")
    monkeypatch.undo()
    monkeypatch.setattr(running.ledger, "read", gone)
    read(browser.get("/"), 503, "the ledger cannot be read now; try again")


def gone() -> None:
    raise LedgerError("gone")


def test_every_word_of_errors_is_in_hindi() -> None:
    for english, hindi in (*words_errors.SAID.values(), *words_errors.TODO.values()):
        assert re.search("[\u0900-\u097f]", hindi), english
        assert re.findall(r"{\w+}", english) == re.findall(r"{\w+}", hindi)


def test_every_language_has_words_of_its_own_for_refusals() -> None:
    for name in ("error_form", "error_busy", "error_session"):
        assert len({getattr(words, name) for words in LANGUAGES.values()}) == len(LANGUAGES)
