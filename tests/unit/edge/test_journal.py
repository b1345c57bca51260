"""What goes into the log, in which order, over boots and restarts. The outbox is real."""

import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge.record.clock import Step, SystemClock
from edge.record.journal import Journal
from sync import StorageError
from sync.anchor import Anchor, Answer, Question, detailed_anchor
from sync.outbox import Outbox
from sync.record import ClockSource, Event, EventCode, Flag, Instant, Kind, Means, Punch, SourceClass
from sync.seal import open_template, rewrap, seal_template
from sync.wire import parse_template

KEY = Ed25519PrivateKey.generate()
PERSON = bytes(8)


class FixedClock:
    """Stands still, and steps when told."""

    def __init__(self, boot_no: int) -> None:
        self.boot_no = boot_no
        self.pending: Step | None = None
        self.taken: Anchor | None = None

    def now(self) -> Instant:
        return Instant(self.boot_no, 1000, 10**12, ClockSource.UNKNOWN, None)

    def step(self) -> Step | None:
        step, self.pending = self.pending, None
        return step

    def wall_offset_ms(self) -> int:
        return 10**12

    def take(self, anchor: Anchor) -> None:
        self.taken = anchor


Start = Callable[[bytes], Journal]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start the terminal's journal in a boot, after the one before has ended."""
    open_now: list[Outbox] = []

    def start(boot: bytes) -> Journal:
        end()
        open_now.append(Outbox(tmp_path / "punches.db", "gate-1", KEY))
        return Journal(open_now[0], boot=boot)

    def end() -> None:
        while open_now:
            open_now.pop()._db.close()

    yield start
    end()


def punch(journal: Journal, flags: Flag = Flag.NONE) -> int:
    return journal.punch(Punch(PERSON, Kind.IN, Means.FINGER, 900, SourceClass.AADHAAR_TERMINAL, flags, journal.now()))


def codes(journal: Journal) -> list[str]:
    return [r.code.name if isinstance(r, Event) else "PUNCH" for _, r in journal._outbox.records()]


def test_a_boot_is_recorded_once_and_first(start: Start) -> None:
    one = start(b"a" * 16)
    assert one.open()
    punch(one)
    again = start(b"a" * 16)
    assert again.open()
    punch(again)
    assert codes(again) == ["BOOT", "PUNCH", "PUNCH"]
    other = start(b"b" * 16)
    punch(other)
    assert codes(other) == ["BOOT", "PUNCH", "PUNCH", "BOOT", "PUNCH"]
    boots = [(r.detail["boot_id"], r.instant.boot_no) for _, r in other._outbox.records() if isinstance(r, Event)]
    assert boots == [(b"a" * 16, 1), (b"b" * 16, 2)]


def test_a_step_of_the_clock_comes_before_the_punch_after_it(start: Start, tmp_path: Path) -> None:
    """S10"""
    outbox = Outbox(tmp_path / "other.db", "gate-1", KEY)
    clock = FixedClock(1)
    journal = Journal(outbox, clock, b"a" * 16)
    journal.open()
    clock.pending = Step(5, 4000, "ntp")
    punch(journal)
    assert codes(journal) == ["BOOT", "CLOCK_STEP", "PUNCH"]
    step = [r for _, r in outbox.records() if isinstance(r, Event)][-1]
    assert (step.code, step.detail) == (EventCode.CLOCK_STEP, {"old_ms": 5, "new_ms": 4000, "reason": "ntp"})
    outbox._db.close()


ANCHOR = Anchor(Question(b"a" * 16, 900, b"question"), 950, Answer(2 * 10**12, b"s" * 64))


def test_the_servers_word_is_recorded_and_outlives_a_restart(start: Start) -> None:
    """S2, S10: first the log, then the screen; and what the machine's own clock had beside it."""
    one = start(b"a" * 16)
    one.open()
    own_ms = one.clock.wall_offset_ms()
    one.anchor(ANCHOR)
    assert codes(one) == ["BOOT", "TIME_ANCHOR"]
    ((_, event),) = one._outbox.records(after=1)
    assert isinstance(event, Event)
    assert detailed_anchor(b"a" * 16, event.detail) == ANCHOR
    assert event.detail["wall_ms"] == own_ms
    assert event.instant.source is not ClockSource.SERVER
    punch(one)
    again = start(b"a" * 16)
    assert again.history.anchor == ANCHOR
    assert again.now().source is ClockSource.SERVER
    assert again.now().wall_offset_ms == ANCHOR.offset_ms
    assert again.clock.step() is None  # the server's word is no step of the machine's clock
    assert start(b"b" * 16).history.anchor == ANCHOR
    assert start(b"b" * 16).now().source is not ClockSource.SERVER


def test_what_the_log_does_not_hold_is_not_shown(start: Start, tmp_path: Path) -> None:
    """S13: a disk that refuses the anchor leaves the time as it was."""
    outbox = Outbox(tmp_path / "other.db", "gate-1", KEY)
    clock = FixedClock(1)
    journal = Journal(outbox, clock, b"a" * 16)
    journal.open()
    with full_disk(), pytest.raises(StorageError):
        journal.anchor(ANCHOR)
    assert clock.taken is None
    journal.anchor(ANCHOR)
    assert clock.taken == ANCHOR
    outbox._db.close()


def test_a_step_that_was_recorded_is_not_recorded_again_after_a_restart(start: Start) -> None:
    """S10: nor while the server's word is what is shown."""
    one = start(b"a" * 16)
    real_ms = one.clock.wall_offset_ms()
    one.clock = SystemClock(1, real_ms - 5000)
    one.anchor(ANCHOR)
    punch(one)
    assert codes(one) == ["BOOT", "CLOCK_STEP", "TIME_ANCHOR", "PUNCH"]
    again = start(b"a" * 16)
    punch(again)
    assert codes(again) == ["BOOT", "CLOCK_STEP", "TIME_ANCHOR", "PUNCH", "PUNCH"]


def test_the_last_punch_that_counted_is_remembered_over_a_restart(start: Start) -> None:
    """S14"""
    one = start(b"a" * 16)
    punch(one)
    counted = one.history.last[PERSON]
    punch(one, Flag.DUPLICATE)
    assert start(b"a" * 16).history.last == {PERSON: counted}


@contextmanager
def full_disk() -> Iterator[None]:
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)


def test_a_boot_the_disk_refused_is_recorded_before_the_first_punch_it_takes(start: Start) -> None:
    """S2, S13"""
    journal = start(b"a" * 16)
    with full_disk():
        assert not journal.open()
        with pytest.raises(StorageError):
            punch(journal)
    punch(journal)
    assert codes(journal) == ["BOOT", "STORAGE", "PUNCH"]


def test_a_finger_enrolled_here_opens_here_and_at_the_aggregator_after_a_restart(start: Start) -> None:
    ours, theirs = X25519PrivateKey.generate(), X25519PrivateKey.generate()
    own = seal_template(ours.public_key(), "gate-1", PERSON, 1, 2, b"template")
    up = rewrap(own, ours, "gate-1", theirs.public_key(), "server")
    seq = start(b"a" * 16).enrolment(up, own)
    again = start(b"a" * 16)
    ((kept_seq, kept),) = again.own_templates()
    assert kept_seq == seq
    assert open_template(kept, ours, "gate-1") == b"template"
    (blob,) = again._outbox.blobs()
    assert open_template(parse_template(blob), theirs, "server") == b"template"


def test_a_log_that_forgot_its_boot_goes_on_as_a_new_one(start: Start) -> None:
    """Pruned: rather one boot too many than two boots under one number."""
    journal = start(b"a" * 16)
    for _ in range(5):
        punch(journal)
    journal._outbox.prune(6, keep=2)
    again = start(b"a" * 16)
    punch(again)
    assert again.history.boot_no == 2


def test_random_boots_never_share_a_number(start: Start) -> None:
    for _ in range(4):
        punch(start(os.urandom(16)))
    numbers = [r.instant.boot_no for _, r in start(b"z" * 16)._outbox.records() if isinstance(r, Event)]
    assert numbers == [1, 2, 3, 4]


def test_a_log_that_follows_a_damaged_one_says_so(start: Start, tmp_path: Path) -> None:
    """S2: the terminal serves on, and the server learns that a file was set aside here."""
    (tmp_path / "punches.db").write_bytes(b"garbage" * 999)
    journal = start(b"a" * 16)
    assert journal.open()
    assert codes(journal) == ["BOOT", "STORAGE"]
    ((_, last),) = list(journal._outbox.records(after=1))
    assert isinstance(last, Event)
    assert last.detail == {"set_aside": "punches.db.damaged-1"}
    punch(journal)
    assert codes(start(b"a" * 16)) == ["BOOT", "STORAGE", "PUNCH"]


def test_a_supervised_punch_follows_its_witness_whatever_else_was_due(start: Start) -> None:
    """S1: boot and clock step come first, so the seq the witness names is the punch's."""
    journal = start(b"b" * 16)
    journal.clock = clock = FixedClock(1)
    clock.pending = Step(0, 5000)
    punch = Punch(PERSON, Kind.IN, Means.SUPERVISED, 900, SourceClass.SUPERVISED, Flag.NONE, journal.now())
    seq = journal.vouched(punch, b"chief-01", "worn")
    records = dict(journal._outbox.records())
    witness = records[seq - 1]
    assert records[seq] == punch
    assert isinstance(witness, Event)
    assert (witness.code, witness.detail["punch"], witness.detail["supervisor"]) == (EventCode.ADMIN, seq, b"chief-01")
    assert [r.code for r in records.values() if isinstance(r, Event)][:2] == [EventCode.BOOT, EventCode.CLOCK_STEP]


def test_a_supervised_punch_that_the_disk_refuses_is_not_recorded(start: Start) -> None:
    journal = start(b"b" * 16)
    assert journal.open()
    punch = Punch(PERSON, Kind.IN, Means.SUPERVISED, 900, SourceClass.SUPERVISED, Flag.NONE, journal.now())
    with full_disk(), pytest.raises(StorageError):
        journal.vouched(punch, b"chief-01", "worn")
    assert not any(isinstance(record, Punch) for _, record in journal._outbox.records())
