"""What pages say when they refuse, in both languages; and the live page: small, however many terminals there are."""

import asyncio
import contextlib
import gzip
import re
import socket
from collections.abc import Iterator

import httpx
import pytest
from markupsafe import escape
from sqlalchemy import insert, select, update

from server import LedgerError
from server.access.trail import Recorder
from server.ledger.store import now_ms
from server.ledger.tables import fitness_session, terminal, terminal_state
from server.run import start_web
from server.trust import tokens
from server.trust.tokens import Scope
from server.web import live, words_errors
from server.web.around import MAX_BODY
from server.web.services import Services
from server.web.words import LANGUAGES
from tests.unit.server.aggregator import Aggregator, Line, Terminal


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


MANY = 300


def fleet(running: Aggregator) -> None:
    """Many terminals, two of them heard of a moment ago, each with three records that have not come."""
    secrets = {"record_key": bytes(32), "seal_key": bytes(32), "lookup_key": b"", "roster_version": 0, "admitted_ms": 0}
    said = {"session": bytes(8), "log": bytes(8), "seq": 3, "backlog": 3, "roster_version": 0}
    names = [f"t-{n:03}" for n in range(MANY)]
    heard = {names[0]: now_ms(), names[7]: now_ms()}
    with running.ledger.write() as connection:
        connection.execute(insert(terminal), [{"id": one, "state": "active", **secrets} for one in names])
        rows = [{"terminal": one, "online": one in heard, "last_seen_ms": heard.get(one, 0), **said} for one in names]
        connection.execute(insert(terminal_state), rows)


def test_the_live_page_counts_all_terminals_and_lists_those_first_that_are_silent(
    browser: httpx.Client, running: Aggregator
) -> None:
    fleet(running)
    answer = browser.get("/", headers={"accept-language": "en"})
    assert f"2 <small>of {MANY}</small>" in answer.text
    assert f"<dd>{3 * MANY}</dd>" in answer.text
    listed = re.findall('<th scope="row"><span class="id"><a href="/terminals/(.*?)">', answer.text)
    assert listed == [f"t-{n:03}" for n in range(22) if n not in (0, 7)]
    assert '<a href="/terminals">All terminals</a>' in answer.text
    assert f"20 of {MANY}" in answer.text


def test_a_browser_is_sent_what_it_lacks_and_nothing_twice(
    browser: httpx.Client, running: Aggregator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At 2G each byte counts: the table of terminals comes again only when it says something else."""
    monkeypatch.setattr(live, "_REFRESH_S", 0.1)
    monkeypatch.setattr(live, "_STANDING_S", 0.0)
    fleet(running)
    line = Line(running.hub, running.admit(Terminal("zz-1")))
    events: list[str] = []
    with browser.stream("GET", "/live") as stream:
        assert stream.headers["content-encoding"] == "gzip"
        for text in stream.iter_lines():
            if text.startswith("event: "):
                events.append(text.removeprefix("event: "))
            if events == ["terminals", "totals"] and text.startswith("data: "):
                line.terminal.punches(1)
                line.send("batch", line.terminal.batch_bytes())
            if events[2:] and text.startswith("data: ") and "totals" in events[2:]:
                break
        assert stream.num_bytes_downloaded < 2500
    assert sorted(events[2:]) == ["punches", "totals"]


def test_pages_and_styles_are_packed_and_are_what_they_were(browser: httpx.Client, running: Aggregator) -> None:
    fleet(running)
    for path in ("/", "/static/app.css", "/static/fleet.js", "/fleet"):
        plain = browser.get(path, headers={"accept-encoding": "identity"})
        with browser.stream("GET", path) as packed:
            raw = b"".join(packed.iter_raw())
        assert packed.headers["content-encoding"] == "gzip", path
        assert "accept-encoding" in packed.headers["vary"]
        assert int(packed.headers["content-length"]) == len(raw) < 0.6 * len(plain.content)
        if path.startswith("/static"):
            assert gzip.decompress(raw) == plain.content
            tag = {"if-none-match": packed.headers["etag"]}
            assert browser.get(path, headers=tag).status_code == 304
        whole = browser.head(path) if path.startswith("/static") else plain
        assert "content-encoding" not in whole.headers
        assert int(whole.headers["content-length"]) == len(plain.content)
    small = browser.get("/static/icon.svg")
    assert "content-encoding" not in small.headers


def test_the_overview_says_whether_everything_of_the_day_has_come(browser: httpx.Client, running: Aggregator) -> None:
    """S1, S4: silence is not absence; a terminal counts when it said how much it has, and all of it is here."""
    fleet(running)
    before = browser.get("/fleet", headers={"accept-language": "en"}).text
    assert re.search(rf"0 of {MANY} terminals have reported past 18:00 of \d\d\.\d\d\.", before)
    assert re.findall('<a class="id" href="/terminals/(t-...)">', before.partition("marked-title")[2])[:5] == [
        f"t-{n:03}" for n in range(5)
    ]
    with running.ledger.write() as connection:
        said = connection.execute(select(terminal_state.c.terminal, terminal_state.c.session)).all()
        rows = [{"terminal": one.terminal, "session": one.session, "from_ms": 0, "to_ms": now_ms()} for one in said]
        connection.execute(insert(fitness_session), rows)
        heard = terminal_state.c.terminal != "t-007"
        connection.execute(update(terminal_state).where(heard).values(seq=0))
    after = browser.get("/fleet", headers={"accept-language": "en"}).text
    assert f"{MANY - 1} of {MANY} terminals have reported past 18:00" in after
    assert 'Not yet: <a class="id" href="/terminals/t-007">' in after
    hindi = browser.get("/fleet", headers={"accept-language": "hi"}).text
    assert f"{MANY} में से {MANY - 1} टर्मिनल" in hindi
