"""The feed over a real socket, on both databases: filters, streams, what was said later, completeness. People and
offices are made up."""

import datetime as dt
import gzip
import json
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from socket import create_server
from typing import Any

import httpx
import msgspec
import pytest
from sqlalchemy import delete, insert, update

from server.access.scope import WHOLE
from server.ledger.tables import log, office, org, record, terminal
from server.ledger.views import ApiPunch
from server.run import start_web
from server.sharing import completeness, reconcile
from server.sharing.changes import Cursor, parse_cursor
from server.sharing.copied import Changes
from server.sharing.pull import pull
from server.trust import tokens
from server.trust.tokens import Scope
from server.web.services import Services
from sync.anchor import Anchor, Question, anchor_detail, parse_answer, question_bytes
from sync.record import ClockSource, Event, EventCode, Instant, Kind
from tests.databases import DATABASES, fresh_url
from tests.unit.server.aggregator import WALL_MS, Aggregator, Line, Terminal, boot_event, punch

N = 300
HOUR_LATER_MS = 1000 * N + 3_600_000  # however slowly this runs, the punches came after they were made
PEOPLE = [bytes([65 + i]) * 8 for i in range(3)]


class Site:
    """An aggregator of two terminals, one of them in an office, and its API."""

    def __init__(self, one: Aggregator, stack: ExitStack) -> None:
        self.one = one
        listening = stack.enter_context(create_server(("127.0.0.1", 0)))
        start_web(stack, Services(one.ledger, one.feed, list, vault=one.keys.vault), listening)
        self.token = tokens.make(one.ledger, "test", Scope.PULL, 1)
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        headers = {"authorization": f"Bearer {self.token}"}
        self.client = stack.enter_context(httpx.Client(base_url=self.url, headers=headers, timeout=30))
        self.lines = [Line(one.hub, one.admit(Terminal(name))) for name in ("t-1", "t-2")]
        for line in self.lines:
            t = line.terminal
            t.add(boot_event(), *(punch(PEOPLE[n % 3], n, kind=(Kind.IN, Kind.OUT)[n % 2]) for n in range(1, N)))
            for first in range(1, N + 1, 50):
                line.send("batch", t.batch_bytes(first, first + 49))
        one.wait("records", 2 * N)
        self._office()

    def _office(self) -> None:
        row = {"id": b"office-1", "org": "edu", "code": "hr-12", "path": "/hr/hr-12/", "level": "office", "name": "x"}
        row |= {"name_hi": "x", "urban": True, "block": "", "desk_phone": "", "timezone": "Asia/Kolkata"}
        with self.one.ledger.write() as connection:
            names = {"name": "Synthetic department", "name_hi": "x", "state": "active", "made_ms": 1}
            connection.execute(insert(org).values(slug="edu", **names))
            connection.execute(insert(office).values(life="live", opened_on="2026-01-01", **row))
            connection.execute(update(terminal).where(terminal.c.id == "t-1").values(office=b"office-1"))

    def get(self, path: str, **headers: str) -> httpx.Response:
        answer = self.client.get(path, headers=headers)
        assert answer.status_code in (200, 304), answer.text
        return answer

    def stream(self, path: str, **headers: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.get(path, accept="application/x-ndjson", **headers).text.splitlines()]

    def anchor(self, line: Line, seq_ms: int) -> None:
        """A question and the server's answer, recorded by the terminal: its boot is dated from now on."""
        question = Question(bytes(16), seq_ms, b"nonce--!")
        line.send("question", question_bytes(question))
        answer = parse_answer(line.next("answer"))
        instant = Instant(1, seq_ms + 10, WALL_MS, ClockSource.NTP, 500)
        t = line.terminal
        t.add(Event(EventCode.TIME_ANCHOR, anchor_detail(Anchor(question, seq_ms + 5, answer), WALL_MS), instant))
        done = self.one.count("records")
        line.send("batch", t.batch_bytes(len(t.records)))
        self.one.wait("records", done + 1)


@pytest.fixture(scope="module", params=DATABASES)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with ExitStack() as stack:
        one = Aggregator(tmp_path_factory.mktemp("feed"), fresh_url(request.param))
        one.start()
        stack.callback(one.stop)
        yield Site(one, stack)


def test_a_stream_is_everything_as_the_pages_give_it(site: Site) -> None:
    streamed = site.stream("/api/v1/punches")
    paged: list[dict[str, Any]] = []
    after, more = 0, True
    while more:
        page = site.get(f"/api/v1/punches?after={after}&limit=77").json()
        paged, after, more = paged + page["punches"], page["next"], page["more"]
    assert streamed == paged
    assert len(streamed) == 2 * (N - 1)
    for one in streamed:
        msgspec.json.decode(json.dumps(one), type=ApiPunch)
    signed = {one["seq"] for one in streamed if one["signature"]}
    assert signed == set(range(50, N + 1, 50))


def test_filters_choose_and_the_cursor_goes_past_the_rest(site: Site) -> None:
    everything = site.stream("/api/v1/punches")
    ref, moment = PEOPLE[1].hex(), "2026-01-01T00:02:00.000Z"
    for query, chosen in (
        ("terminal=t-2", lambda one: one["terminal"] == "t-2"),
        (f"person={ref}", lambda one: one["person"] == ref),
        ("kind=out", lambda one: one["kind"] == "out"),
        (f"since={moment}", lambda one: one["time"] >= moment),
        (f"before={moment}&kind=in", lambda one: one["time"] < moment and one["kind"] == "in"),
        ("org=edu&office=hr-12", lambda one: one["terminal"] == "t-1"),
        ("org=edu", lambda one: one["terminal"] == "t-1"),
    ):
        found = site.stream(f"/api/v1/punches?{query}")
        assert found == [one for one in everything if chosen(one)], query
        assert 0 < len(found) < len(everything), query
    page = site.get(f"/api/v1/punches?terminal=t-1&after={everything[-1]['server_seq'] - 1}").json()
    assert page["next"] >= everything[-1]["server_seq"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("office=hr-12", 422),
        ("org=edu&office=nowhere", 404),
        ("org=nowhere", 404),
        ("kind=maybe", 422),
        ("person=zz", 422),
        ("since=2026-01-01T00:00:00", 422),
        ("since=yesterday", 422),
        ("terminal=%00", 422),
    ],
)
def test_a_filter_that_makes_no_sense_is_said(site: Site, query: str, status: int) -> None:
    for path in ("/api/v1/punches", "/api/v1/changes"):
        answer = site.client.get(f"{path}?{query}")
        assert (answer.status_code, "error" in answer.json()) == (status, True)


@pytest.mark.parametrize("after", ["x", "1.2.3", "-1.0", "1.", "9" * 30, "²"])
def test_a_cursor_that_is_none_is_said(site: Site, after: str) -> None:
    answer = site.client.get("/api/v1/changes", params={"after": after})
    assert answer.status_code == 422 or after == "1."


def test_it_is_compressed_and_not_sent_twice(site: Site) -> None:
    with site.client.stream("GET", "/api/v1/punches", headers={"accept-encoding": "gzip"}) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        raw = b"".join(answer.iter_raw())
    plain = site.get("/api/v1/punches", **{"accept-encoding": "identity"})
    assert gzip.decompress(raw) == plain.content
    assert len(raw) * 3 < len(plain.content)
    tag = plain.headers["etag"]
    same = site.get("/api/v1/punches", **{"if-none-match": f"W/{tag}"})
    assert (same.status_code, same.content) == (304, b"")
    assert site.get("/api/v1/punches?kind=in", **{"if-none-match": tag}).status_code == 200


def test_later_evidence_comes_as_entries_behind_and_changes_none(site: Site) -> None:
    """R: corrections and late re-dating are new entries, never silent edits (S2)."""
    before = site.stream("/api/v1/changes")
    assert {one["type"] for one in before} == {"punch"}
    assert all(one["dated_by"] == "before" for one in before)
    cursor = before[-1]["cursor"]
    site.anchor(site.lines[0], HOUR_LATER_MS)
    after = site.stream("/api/v1/changes")
    assert after[: len(before)] == before, "what was told stays as it was told"
    (dating,) = after[len(before) :]
    assert site.stream(f"/api/v1/changes?after={cursor}") == [dating]
    assert (dating["type"], dating["kind"], dating["terminal"]) == ("dating", "anchor", "t-1")
    now = {one["server_seq"]: one for one in site.stream("/api/v1/punches?terminal=t-1")}
    assert len(dating["punches"]) == N - 1
    for one in dating["punches"]:
        told = now[one["server_seq"]]
        names = ("seq", "earliest", "latest", "dated_by", "clock_disputed")
        assert {name: one[name] for name in names} == {name: told[name] for name in names}
        assert one["dated_by"] == "anchored"
    assert site.get(f"/api/v1/changes?after={dating['cursor']}").json() == {
        "entries": [],
        "next": dating["cursor"],
        "more": False,
    }
    assert site.stream("/api/v1/changes?terminal=t-2") == [one for one in after if one["terminal"] == "t-2"]


def test_every_cut_of_the_feed_goes_on_where_it_was(site: Site) -> None:
    whole = site.stream("/api/v1/changes")
    for limit in (1, 7, 100):
        found: list[dict[str, Any]] = []
        after, more = whole[-25]["cursor"], True
        while more:
            page = site.get(f"/api/v1/changes?after={after}&limit={limit}").json()
            found, after, more = found + page["entries"], page["next"], page["more"]
        assert found == whole[-24:], limit
    cursors = [parse_cursor(one["cursor"]) for one in whole]
    assert cursors == sorted(set(cursors))
    assert cursors[-1] <= Cursor(10**9, 10**9)


def test_three_numbers_from_three_places_agree(site: Site) -> None:
    line = site.lines[1]
    line.send("beat", line.terminal.beat())
    site.one.wait("beats")
    found = {one["terminal"]: one for one in site.get("/api/v1/reconciliation").json()["logs"]}
    assert (found["t-2"]["issued"], found["t-2"]["receipted"], found["t-2"]["waiting"]) == (N, N, 0)
    assert found["t-1"]["issued"] is None
    (one,) = site.get("/api/v1/reconciliation?terminal=t-2").json()["logs"]
    assert (one["stored"], one["gaps"], one["forked"]) == (N, [], False)


class _UndoError(Exception):
    """Nothing of it is to be stored."""


def test_what_is_missing_is_named(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody took records out of the ledger: two in the middle, one further on, and the last."""
    r = record.c
    for most, gaps in ((1000, [(5, 6), (9, 9), (N, N)]), (1, [(5, 6)])):
        monkeypatch.setattr(reconcile, "MAX_GAPS", most)
        with suppress(_UndoError), site.one.ledger.write() as connection:
            connection.execute(delete(record).where(r.terminal == "t-2", r.seq.in_([5, 6, 9, N])))
            connection.execute(delete(record).where(r.terminal == "t-2", r.seq > N))
            connection.execute(update(log).where(log.c.terminal == "t-2").values(seq=N))
            (found,) = reconcile.reconcile(connection, WHOLE, "", "t-2").logs
            assert (found.receipted, found.stored, found.gaps) == (N, N - 4, gaps)
            raise _UndoError


def test_how_many_terminals_have_reported_past_a_time(site: Site) -> None:
    today = dt.datetime.now(dt.timezone(dt.timedelta(hours=5.5)))
    early = site.get(f"/api/v1/completeness?day={today.date() - dt.timedelta(days=1)}&past=18:00").json()
    assert early["terminals"] == 2
    assert "t-2" not in early["waiting"], "it said how much it has, and all of it is here"
    late = site.get(f"/api/v1/completeness?day={today.date() + dt.timedelta(days=1)}&past=18:00").json()
    assert (late["reported"], late["complete"]) == (0, False)
    assert late["text"] == "0 of 2 terminals have reported past 18:00"
    office_only = site.get(f"/api/v1/completeness?day={today.date()}&org=edu&office=hr-12").json()
    assert office_only["terminals"] == 1


def test_a_mark_needs_the_word_of_the_terminal_or_a_dated_record() -> None:
    mark = completeness.mark
    assert mark("t", None, 0, 0, None).complete_to_ms is None
    assert mark("t", 50, 10, 10, None).complete_to_ms == 50
    assert mark("t", 50, 11, 10, None).complete_to_ms is None, "a record is on its way"
    assert mark("t", 50, 11, 10, 40).complete_to_ms == 40
    assert mark("t", 50, 10, 10, 60).complete_to_ms == 60
    found = completeness.watermark([mark("a", 50, 1, 1, None), mark("b", None, 0, 0, None)], 50)
    assert (found.terminals, found.reported, found.waiting, found.complete) == (2, 1, ("b",), False)
    assert not completeness.watermark([], 50).complete


def test_a_record_is_as_its_terminal_signed_it(site: Site, tmp_path: Path) -> None:
    t = site.lines[0].terminal
    page = site.get("/api/v1/records?limit=5000").json()
    assert page["more"] is False
    mine = [one for one in page["records"] if one["terminal"] == "t-1"]
    assert [one["seq"] for one in mine] == list(range(1, len(t.records) + 1))
    keys = site.get("/api/v1/keys").json()["keys"]
    assert {one["terminal"] for one in keys} == {"t-1", "t-2"}
    assert t.key.public_key().public_bytes_raw().hex() in {one["record_key"] for one in keys}


def test_a_copy_of_changes_takes_later_evidence_as_lines_of_its_own(site: Site, tmp_path: Path) -> None:
    """`pull --changes`: what the copy holds never changes, and whenever it is made, it is the feed byte for byte."""
    out, lines = tmp_path / "changes.ndjson", {"accept": "application/x-ndjson"}

    def copy(name: str) -> bytes:
        pull(site.url, site.token, tmp_path / f"{name}.state", tmp_path / name, feed=Changes(), follow=False)
        return (tmp_path / name).read_bytes()

    before = copy(out.name)
    assert before == site.client.get("/api/v1/changes", headers=lines).content
    site.anchor(site.lines[1], HOUR_LATER_MS)
    grown = copy(out.name)
    assert grown.startswith(before)
    (dating,) = map(json.loads, grown[len(before) :].splitlines())
    assert (dating["type"], dating["terminal"], len(dating["punches"])) == ("dating", "t-2", N - 1)
    assert copy("anew.ndjson") == grown
