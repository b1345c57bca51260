"""What a log says of time, through the whole of ingest: dated, dated anew, refused, raised. Names here are made up."""

import os
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server.intake import timekeeping
from server.intake.dating import Kind, Reason
from server.ledger import punch_rows, views
from server.ledger.punch_rows import EVERYTHING
from server.ledger.store import now_ms
from sync.anchor import (
    PATIENCE_MS,
    Anchor,
    Answer,
    Question,
    anchor_detail,
    check,
    parse_answer,
    question_bytes,
    sign_answer,
)
from sync.ed25519 import PublicKey
from sync.record import ClockSource, Event, EventCode, Flag, Instant, Punch, Record, SourceClass
from sync.record import Kind as PunchKind
from sync.record import Means as PunchMeans
from tests.faults import time_bounds
from tests.unit.server.aggregator import Aggregator, Line, Terminal, aggregator

S, MIN, H = 1000, 60_000, 3_600_000
NINE = 1_767_238_200_000  # 2026-01-01 09:00 in India
PERSON = b"nobody!!"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Aggregator]:
    with aggregator(tmp_path) as one:
        yield one


class Clerk:
    """Writes a terminal's log with the times it is told, and has it taken in."""

    def __init__(self, running: Aggregator) -> None:
        self.running = running
        self.terminal = running.admit(Terminal("t-1"))
        self.line = Line(running.hub, self.terminal)
        self.boot_no, self.boot_id = 0, b""
        self.sent = 0

    def boot(self, at_ms: int = 5 * S) -> None:
        self.boot_no, self.boot_id = self.boot_no + 1, os.urandom(16)
        self.event(at_ms, EventCode.BOOT, boot_id=self.boot_id, software="0.1.0")

    def event(self, at_ms: int, code: EventCode, **detail: int | str | bytes) -> None:
        self._add(Event(code, detail, self._instant(at_ms)))

    def punch(self, at_ms: int, source: SourceClass = SourceClass.AADHAAR_TERMINAL) -> None:
        self._add(Punch(PERSON, PunchKind.IN, PunchMeans.FINGER, 800, source, Flag.NONE, self._instant(at_ms)))

    def anchor(self, asked_ms: int, came_ms: int, server_ms: int, key: Ed25519PrivateKey | None = None) -> Anchor:
        question = Question(self.boot_id, asked_ms, os.urandom(8))
        answer = sign_answer(key or self.running.keys.server, "t-1", question.tag, server_ms)
        return Anchor(question, came_ms, answer)

    def anchored(self, at_ms: int, anchor: Anchor) -> None:
        self.event(at_ms, EventCode.TIME_ANCHOR, **anchor_detail(anchor, 0))

    def deliver(self) -> None:
        """Everything that was not sent yet, in one batch."""
        first, self.sent = self.sent + 1, len(self.terminal.records)
        self.line.send("batch", self.terminal.batch_bytes(first))
        assert self.line.receipt(self.running.keys.server.private_bytes_raw()).seq == self.sent

    def punches(self) -> list[views.ApiPunch]:
        with self.running.ledger.read() as connection:
            lines = punch_rows.lines(connection, punch_rows.fetch(connection, EVERYTHING, 0, 2**53, 5000))
        return [msgspec.json.decode(line, type=views.ApiPunch) for line in lines]

    def alarms(self) -> list[tuple[int, str, str]]:
        with self.running.ledger.read() as connection:
            return [(one.seq, one.kind, one.detail) for one in views.alarms(connection, 100).alarms]

    def _instant(self, at_ms: int) -> Instant:
        return Instant(self.boot_no, at_ms, 0, ClockSource.UNKNOWN, None)

    def _add(self, record: Record) -> None:
        self.terminal.add(record)


@pytest.fixture
def clerk(running: Aggregator) -> Clerk:
    return Clerk(running)


def ms(punch: views.ApiPunch) -> tuple[float | None, float | None]:
    return tuple(None if t is None else t.timestamp() * 1000 for t in (punch.earliest, punch.latest))  # type: ignore[return-value]


def test_a_question_is_answered_with_a_signature(clerk: Clerk) -> None:
    question = Question(bytes(16), 5000, bytes(8))
    before_ms = now_ms()
    clerk.line.send("question", question_bytes(question))
    answer = parse_answer(clerk.line.next("answer"))
    assert before_ms <= answer.server_ms <= now_ms()
    check(PublicKey.of(clerk.running.keys.server), "t-1", Anchor(question, 5100, answer), 5100)


def test_nobody_is_answered_who_was_not_admitted(running: Aggregator, clerk: Clerk) -> None:
    stranger = Line(running.hub, Terminal("t-9"))
    stranger.send("question", question_bytes(Question(bytes(16), 5000, bytes(8))))
    running.wait("refused_unknown-terminal")
    assert stranger.inbox.empty()
    clerk.line.send("question", b"garbage")
    running.wait("refused_garbage")


def test_flicker_at_nine_is_dated_from_the_next_anchor_on(clerk: Clerk) -> None:
    """S2: 1970 on the screen, four boots in ten minutes, an anchor in the last one; later evidence adds a dating and
    takes none back."""
    for _ in range(3):
        clerk.boot()
        clerk.punch(30 * S)
    clerk.deliver()
    waiting = clerk.punches()
    assert [one.dated_by for one in waiting] == [Reason.BEFORE] * 3
    assert all(one.earliest is None and one.latest is not None for one in waiting)
    with clerk.running.ledger.read() as connection:
        first = views.datings(connection, waiting[1].server_seq)
    assert first is not None

    clerk.boot()
    clerk.punch(20 * S)
    clerk.anchored(60 * S, clerk.anchor(58 * S, 59 * S, NINE))
    clerk.deliver()
    now = clerk.punches()
    assert [one.dated_by for one in now] == [Reason.BEFORE, Reason.BEFORE, Reason.BEFORE, Reason.ANCHORED]
    assert all(one.clock_disputed for one in now) is False  # 1970 is no dispute where nothing says "not before"
    assert now[3].clock_disputed
    lates = [one.latest.timestamp() * 1000 - NINE for one in now if one.latest is not None]
    assert lates == pytest.approx([-118 * S, -88 * S, -58 * S, -38 * S], abs=200)
    with clerk.running.ledger.read() as connection:
        then = views.datings(connection, now[1].server_seq)
    assert then is not None
    assert then.datings[: len(first.datings)] == first.datings
    assert len(then.datings) == 2

    clerk.boot()
    clerk.punch(10 * S)
    clerk.deliver()
    last = clerk.punches()[-1]
    assert last.dated_by == Reason.BETWEEN
    assert last.earliest is not None
    assert last.earliest.timestamp() * 1000 - NINE == pytest.approx(11 * S, abs=200)


def test_no_such_punch_has_no_datings(clerk: Clerk) -> None:
    clerk.boot()
    clerk.deliver()
    with clerk.running.ledger.read() as connection:
        assert views.datings(connection, 1) is None  # the boot event
        assert views.datings(connection, 2**50) is None


def test_another_machines_punch_is_only_known_to_be_before_it_was_taken(clerk: Clerk) -> None:
    """R6.2"""
    clerk.boot()
    clerk.anchored(10 * S, clerk.anchor(8 * S, 9 * S, NINE))
    clerk.punch(20 * S, SourceClass.LEGACY_TERMINAL)
    clerk.deliver()
    (punch,) = clerk.punches()
    assert (punch.dated_by, punch.earliest, punch.clock_disputed) == (Reason.ELSEWHERE, None, False)
    with clerk.running.ledger.read() as connection:
        found = views.datings(connection, punch.server_seq)
    assert found is not None
    assert [one.dated_by for one in found.datings] == [Reason.ELSEWHERE]


def spoil_signature(anchor: Anchor) -> Anchor:
    return replace(anchor, answer=Answer(anchor.answer.server_ms, bytes(64)))


FALSE: dict[str, Callable[[Clerk, Anchor], Anchor]] = {
    "signed by somebody else": lambda clerk, a: clerk.anchor(8 * S, 9 * S, NINE, Ed25519PrivateKey.generate()),
    "no signature": lambda _, a: spoil_signature(a),
    "another server time": lambda _, a: replace(a, answer=replace(a.answer, server_ms=NINE - H)),
    "another nonce": lambda _, a: replace(a, question=replace(a.question, nonce=bytes(8))),
    "asked at another moment": lambda _, a: replace(a, question=replace(a.question, asked_ms=8500)),
    "of another boot": lambda _, a: replace(a, question=replace(a.question, boot_id=bytes(16))),
    "came before it was asked for": lambda _, a: replace(a, came_ms=7 * S),
    "came after it was recorded": lambda _, a: replace(a, came_ms=11 * S),
}


@pytest.mark.parametrize("why", FALSE)
def test_a_false_anchor_dates_nothing_and_is_raised(clerk: Clerk, why: str) -> None:
    """S10: forged, altered, replayed from another boot, or kept back. The record stays: it is in the chain."""
    clerk.boot()
    true = clerk.anchor(8 * S, 9 * S, NINE)
    false = FALSE[why](clerk, true)
    if why == "of another boot":  # signed for that other boot, all in order there
        false = Anchor(false.question, 9 * S, sign_answer(clerk.running.keys.server, "t-1", false.question.tag, NINE))
    clerk.anchored(10 * S, false)
    clerk.punch(20 * S)
    clerk.deliver()
    assert clerk.running.count("anchors_refused") == 1
    assert [(seq, kind) for seq, kind, _ in clerk.alarms()] == [(2, "false-anchor")]
    assert [one.dated_by for one in clerk.punches()] == [Reason.BEFORE]


def test_an_answer_that_took_too_long_is_refused(clerk: Clerk) -> None:
    clerk.boot()
    clerk.anchored(2 * PATIENCE_MS, clerk.anchor(0, PATIENCE_MS + 1, NINE))
    clerk.deliver()
    assert clerk.running.count("anchors_refused") == 1


def test_an_event_that_is_no_anchor_is_refused_and_stored(clerk: Clerk) -> None:
    clerk.boot()
    clerk.event(10 * S, EventCode.TIME_ANCHOR, asked_ms=1, nonce="text")
    clerk.event(11 * S, EventCode.TIME_ANCHOR)
    clerk.deliver()
    assert clerk.running.count("anchors_refused") == 2


def test_a_count_that_does_not_run_as_time_does_is_raised(clerk: Clerk) -> None:
    """S10: who has the root password may slow the kernel's clock; two answers give it away."""
    clerk.boot()
    clerk.anchored(10 * S, clerk.anchor(8 * S, 9 * S, NINE))
    clerk.anchored(MIN, clerk.anchor(50 * S, 51 * S, NINE + H))
    clerk.punch(2 * MIN)
    clerk.deliver()
    assert [(seq, kind) for seq, kind, _ in clerk.alarms()] == [(3, "anchors-disagree")]
    (punch,) = clerk.punches()
    assert punch.dated_by == Reason.CONTRADICTED


# (the wall before the step, by how much it was moved, raised?): S10
STEPS = (
    (9 * H + 48 * MIN, -28 * MIN, True),
    (10 * H + 31 * MIN, -H, True),  # to a moment in the window
    (10 * H + 29 * MIN, -5 * H, True),  # from one
    (9 * H + 48 * MIN, +28 * MIN, False),
    (13 * H, -H, False),
    (23 * H, -H, False),
    (9 * H, -1500, False),
)


@pytest.mark.parametrize(("of_day_ms", "by_ms", "raised"), STEPS)
def test_a_clock_turned_back_when_people_come_is_raised(clerk: Clerk, of_day_ms: int, by_ms: int, raised: bool) -> None:
    """S10: by what the wall shows, where nothing else is known."""
    at_ms = 10 * H
    old_ms = NINE - 9 * H + of_day_ms - at_ms
    clerk.boot()
    clerk.event(at_ms, EventCode.CLOCK_STEP, old_ms=old_ms, new_ms=old_ms + by_ms, reason="set")
    clerk.deliver()
    assert clerk.alarms() == ([(2, "clock-back", f"by {-by_ms / 1000:.0f} s, set")] if raised else [])


def test_a_step_is_judged_by_true_time_where_it_is_known(clerk: Clerk) -> None:
    """S10: at nine by the server's word, though the wall showed the middle of the night."""
    clerk.boot()
    clerk.anchored(10 * S, clerk.anchor(8 * S, 9 * S, NINE))
    clerk.event(MIN, EventCode.CLOCK_STEP, old_ms=NINE + 12 * H, new_ms=NINE + 11 * H)
    clerk.event(MIN, EventCode.CLOCK_STEP, old_ms=2**53, new_ms=-(2**53))
    clerk.event(MIN, EventCode.CLOCK_STEP, old_ms="nine", new_ms=0)
    clerk.deliver()
    assert sorted(seq for seq, _, _ in clerk.alarms()) == [3, 4]


@pytest.mark.parametrize(
    ("early_min", "late_min", "touches"),
    [(-60, -31, False), (-60, -30, True), (0, 1, True), (90, 95, True), (91, 200, False), (-120, 600, True)],
)
def test_the_hours_in_which_people_come(early_min: int, late_min: int, touches: bool) -> None:
    """S10: 08:30 to 10:30 in India; minutes from nine."""
    assert timekeeping.in_office(NINE + early_min * MIN, NINE + late_min * MIN) is touches


def test_the_ledger_says_what_the_simulation_says(clerk: Clerk) -> None:
    """A simulated terminal's life through ingest: truth inside every interval, and the same evidence as in memory."""
    log = time_bounds.simulate(random.Random("ledger"), 150)
    truth = []
    for entry, before in zip(log.entries, [None, *log.entries], strict=False):
        if before is None or before.boot_no != entry.boot_no:
            clerk.boot(entry.at_ms)
        elif entry.punch:
            clerk.punch(entry.at_ms)
            truth.append(entry)
        elif entry.anchor is not None:
            a = entry.anchor
            clerk.anchored(entry.at_ms, clerk.anchor(a.question.asked_ms, a.came_ms, a.answer.server_ms))
        else:
            clerk.event(entry.at_ms, EventCode.FITNESS)
    clerk.deliver()
    late = now_ms()
    for entry in log.entries:
        entry.received_ms = late
    book = time_bounds.Book(log)
    with clerk.running.ledger.read() as connection:
        boots = timekeeping.of_boots(connection, {("t-1", clerk.terminal.log, n) for n in range(clerk.boot_no + 1)})
    kinds = set()
    for entry in truth:
        interval = boots["t-1", clerk.terminal.log, entry.boot_no].date(entry.at_ms)
        assert interval == book.boot(entry.boot_no).date(entry.at_ms)
        assert time_bounds.holds(interval, entry.true_ms)
        kinds.add(interval.reason)
    assert len(truth) == 150
    assert {Reason.ANCHORED, Reason.BETWEEN} <= kinds
    assert {Kind.ANCHOR, Kind.EARLIER, Kind.LATER} == {e.kind for found in book.evidence.values() for e in found}
    assert all(a.server_seq < b.server_seq for a, b in pairwise(clerk.punches()))
