"""Ingest over a loopback: what is believed is stored once and receipted; what is not is kept apart with its reason."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from server import LedgerError
from server.fleet import roster
from server.fleet.admit import revoke
from server.intake import quarantine
from server.intake.incoming import Incoming, read
from server.intake.judge import Reason, Refuse
from server.ledger.store import Ledger
from sync.batch import Order, batch_bytes
from sync.cbor import encode
from sync.chain import genesis
from sync.link import Delivery
from sync.record import ClockSource, Event, EventCode, Instant, Punch, record_body
from sync.topics import up
from sync.wire import parse_roster
from tests.unit.server.aggregator import Aggregator, Line, Terminal, boot_event, punch, until

RECORDS = "SELECT terminal, log, seq, server_seq, body, head FROM record ORDER BY server_seq"


def line(running: Aggregator, name: str = "t-1") -> Line:
    return Line(running.hub, running.admit(Terminal(name)))


def stored(running: Aggregator, terminal: Terminal) -> list[object]:
    return [row[2] for row in running.sql(RECORDS) if row[1] == terminal.log]


def reasons(running: Aggregator) -> dict[object, object]:
    return {row[0]: row[1] for row in running.sql("SELECT reason, sum(times) FROM quarantine GROUP BY reason")}


def receipt_seq(one: Line, running: Aggregator) -> int:
    return one.receipt(running.keys.server.private_bytes_raw()).seq


def test_punches_are_stored_in_order_and_receipted_with_their_head(running: Aggregator) -> None:
    one = line(running)
    one.terminal.add(boot_event())
    one.terminal.punches(9)
    one.send("batch", one.terminal.batch_bytes())
    receipt = one.receipt(running.keys.server.private_bytes_raw())
    assert (receipt.log, receipt.seq, receipt.head) == (one.terminal.log, 10, one.terminal.heads[10])
    rows = running.sql(RECORDS)
    assert [row[2] for row in rows] == list(range(1, 11))
    assert [row[3] for row in rows] == list(range(1, 11))
    assert [row[5] for row in rows] == one.terminal.heads[1:]
    assert running.sql("SELECT boot_no, boot_id, software FROM boot") == [(1, bytes(16), "0.1.0")]
    assert running.count("punches") == 9


def test_a_repeat_is_receipted_again_and_stored_once(running: Aggregator) -> None:
    """S9: the same bytes again are acknowledged again."""
    one = line(running)
    one.terminal.punches(5)
    for _ in range(3):
        one.send("batch", one.terminal.batch_bytes())
        assert receipt_seq(one, running) == 5
    one.send("batch", one.terminal.batch_bytes(2, 4))
    assert receipt_seq(one, running) == 5
    assert stored(running, one.terminal) == [1, 2, 3, 4, 5]


def test_an_overlap_adds_only_what_is_new(running: Aggregator) -> None:
    one = line(running)
    one.terminal.punches(10)
    one.send("batch", one.terminal.batch_bytes(1, 6))
    assert receipt_seq(one, running) == 6
    one.send("batch", one.terminal.batch_bytes(3, 10))
    assert receipt_seq(one, running) == 10
    assert stored(running, one.terminal) == list(range(1, 11))


def test_a_gap_stores_nothing_says_what_is_known_and_waits(running: Aggregator) -> None:
    """S9: when what was missing comes, what came before it need not come again."""
    one = line(running)
    one.terminal.punches(10)
    one.send("batch", one.terminal.batch_bytes(4, 10))
    receipt = one.receipt(running.keys.server.private_bytes_raw())
    assert (receipt.seq, receipt.head) == (0, genesis("t-1", one.terminal.log))
    assert stored(running, one.terminal) == []
    one.send("batch", one.terminal.batch_bytes(1, 3))
    assert receipt_seq(one, running) == 10
    assert stored(running, one.terminal) == list(range(1, 11))


def test_any_order_and_any_repeats_end_in_the_same_ledger(running: Aggregator) -> None:
    """S9: arrival in any order; the terminal follows the receipts as its agent does."""
    one = line(running)
    one.terminal.punches(60)
    parts = [(first, first + 4) for first in range(1, 60, 5)]
    for first, last in [*reversed(parts), *parts[::2], *parts, *parts[::3]]:
        one.send("batch", one.terminal.batch_bytes(first, last))
    until(lambda: len(stored(running, one.terminal)) == 60, "all sixty stored")
    assert stored(running, one.terminal) == list(range(1, 61))
    assert reasons(running) == {}


def test_a_fork_is_kept_apart_and_raised_and_not_receipted(running: Aggregator) -> None:
    """S8, S9: two records under one number, both signed by the right key."""
    one = line(running)
    one.terminal.punches(3)
    twin = one.terminal.fork()
    one.terminal.punches(3, b"person-a")
    twin.punches(4, b"person-b")
    one.send("batch", one.terminal.batch_bytes())
    assert receipt_seq(one, running) == 6
    one.send("batch", twin.batch_bytes())
    running.wait("refused_fork")
    assert one.inbox.empty()
    assert stored(running, one.terminal) == [1, 2, 3, 4, 5, 6]
    assert running.sql("SELECT payload FROM quarantine WHERE reason = 'fork'") == [(twin.batch_bytes(),)]
    assert running.sql("SELECT count(*) FROM log WHERE forked_ms IS NOT NULL") == [(1,)]


def test_a_fork_within_one_group_is_seen(running: Aggregator) -> None:
    one = line(running)
    twin = one.terminal.fork()
    one.terminal.punches(3, b"person-a")
    twin.punches(3, b"person-b")
    with running.ledger.write() as connection:
        group = [
            _incoming(one.terminal.batch_bytes()),
            _incoming(twin.batch_bytes()),
            _incoming(one.terminal.batch_bytes(2)),
        ]
        outcome = running.intake.take(connection, group)
    assert outcome.counts == {"batches": 1, "refused_fork": 1, "repeats": 1, "records": 3, "punches": 3}
    assert [r.seq for r in outcome.receipts.values()] == [3]


def test_a_replaced_card_starts_a_log_of_its_own(running: Aggregator) -> None:
    """S7: without the log's own id the new card's punches would look like repeats."""
    one = line(running)
    one.terminal.punches(4)
    old = one.terminal.log
    one.send("batch", one.terminal.batch_bytes())
    assert receipt_seq(one, running) == 4
    one.terminal.new_log()
    one.terminal.punches(2)
    one.send("batch", one.terminal.batch_bytes())
    assert receipt_seq(one, running) == 2
    assert len(running.sql(RECORDS)) == 6
    assert old != one.terminal.log


def test_the_wrong_key_is_refused(running: Aggregator) -> None:
    one = line(running)
    one.terminal.punches(3)
    stranger = Ed25519PrivateKey.generate()
    one.send("batch", batch_bytes(one.terminal.batch(key=stranger)))
    running.wait("refused_signature")
    assert stored(running, one.terminal) == []
    assert reasons(running) == {"signature": 1}


def test_people_as_places_are_stored_with_their_references(running: Aggregator) -> None:
    """Where the version or the order is not ours, the terminal is asked for the references; nothing is refused."""
    one = line(running)
    people = running.people(5)
    running.pusher.push_due()
    one.send("beat", one.terminal.beat())
    version = parse_roster(one.next("roster")).version
    one.terminal.add(*(punch(ref, n) for n, ref in enumerate(people)))
    order = Order(version, {ref: place for place, ref in enumerate(sorted(people))})
    wrong = Order(version, {ref: place for place, ref in enumerate(sorted(people, reverse=True))})
    beyond = Order(version, {ref: place for place, ref in enumerate(sorted(people), start=1)})
    later = Order(version + 1, order.places)
    key = running.keys.server.private_bytes_raw()
    for unknown in (wrong, beyond, later):
        one.send("batch", batch_bytes(one.terminal.batch(), unknown))
        receipt = one.receipt(key)
        assert (receipt.seq, receipt.plain) == (0, True)
    for _ in range(2):
        one.send("batch", batch_bytes(one.terminal.batch(), order))
        receipt = one.receipt(key)
        assert (receipt.seq, receipt.plain) == (5, False)
    assert [row[0] for row in running.sql("SELECT person FROM record ORDER BY seq")] == people
    assert reasons(running) == {}
    assert running.count("asked_plain") == 3


def test_the_last_few_orders_are_remembered(running: Aggregator) -> None:
    line(running)
    with running.ledger.write() as connection:
        for version in range(1, 10):
            roster.remember(connection, "t-1", version, bytes([version]) * 8)
        orders = roster.Orders()
        assert [orders.get(connection, "t-1", v) for v in (5, 6, 9, 9, 10)] == [
            b"",
            bytes([6]) * 8,
            bytes([9]) * 8,
            bytes([9]) * 8,
            b"",
        ]


def test_garbage_and_later_versions_are_refused_and_do_not_block(running: Aggregator) -> None:
    one = line(running)
    one.terminal.punches(1)
    later = encode([2, *[0] * 17])
    for leaf, payload in [("batch", b""), ("batch", b"\xff" * 50), ("batch", later), ("beat", b"x"), ("chunk", later)]:
        one.send(leaf, payload)
    one.send("batch", one.terminal.batch_bytes())
    assert receipt_seq(one, running) == 1
    assert reasons(running) == {"garbage": 3, "version": 2}


def test_an_unknown_and_a_revoked_terminal_are_not_believed(running: Aggregator) -> None:
    """A certificate may outlive its terminal's admission: the registry is asked for every batch."""
    unknown = Line(running.hub, Terminal("t-9"))
    unknown.terminal.punches(2)
    unknown.send("batch", unknown.terminal.batch_bytes())
    running.wait("refused_unknown-terminal")
    one = line(running)
    one.terminal.punches(2)
    one.send("batch", one.terminal.batch_bytes(1, 1))
    assert receipt_seq(one, running) == 1
    revoke(running.ledger, "t-1")
    one.send("batch", one.terminal.batch_bytes())
    running.wait("refused_revoked")
    assert stored(running, one.terminal) == [1]


def test_the_same_refused_bytes_only_count_up_and_the_room_is_bounded(running: Aggregator) -> None:
    one = line(running)
    garbage = [b"same"] * 5 + [b"other" + bytes([n]) for n in range(quarantine.MAX_MESSAGES + 20)]
    for sent, payload in enumerate(garbage, start=1):
        one.send("batch", payload)
        if sent % 16 == 0:  # no more at once than a terminal has under way: it is the bytes that are at fault here
            running.wait("refused_garbage", sent)
    running.wait("refused_garbage", quarantine.MAX_MESSAGES + 25)
    rows = running.sql("SELECT times, length(payload) FROM quarantine")
    assert len(rows) == quarantine.MAX_MESSAGES + 1
    assert sum(int(str(row[0])) for row in rows) == quarantine.MAX_MESSAGES + 25
    assert (5, 4) in rows
    one.terminal.punches(3)
    twin = one.terminal.fork()
    twin.records, twin.heads = [], twin.heads[:1]
    twin.punches(3, b"person-b")
    one.send("batch", one.terminal.batch_bytes())
    one.send("batch", twin.batch_bytes())
    running.wait("refused_fork")
    assert reasons(running)["fork"] == 1  # a flood of garbage leaves room for the evidence


def test_extreme_but_well_formed_values_are_stored(running: Aggregator) -> None:
    one = line(running)
    far = Instant(2**53, 2**53, 2**53, ClockSource.UNKNOWN, None)
    one.terminal.add(Event(EventCode.ADMIN, {"x": "\0" * 512}, far), Event(EventCode.BOOT, {"boot_id": 7}, far))
    one.send("batch", one.terminal.batch_bytes())
    assert receipt_seq(one, running) == 2


def test_beats_tell_the_state_and_a_stale_will_does_not(running: Aggregator) -> None:
    """S4: a will for a session that was followed by another changes nothing."""
    one = line(running)
    state = "SELECT online, seq, roster_version FROM terminal_state"
    one.terminal.punches(2)
    one.send("beat", one.terminal.beat(session=b"session1"))
    one.send("beat", one.terminal.beat(session=b"session2"))
    one.send("beat", one.terminal.beat(online=False, session=b"session1"))
    running.wait("stale_wills")
    assert running.sql(state) == [(1, 2, 0)]
    one.send("beat", one.terminal.beat(online=False, session=b"session2"))
    running.wait("beats", 3)
    assert running.sql(state) == [(0, 2, 0)]


def test_nothing_is_answered_while_the_disk_is_full_and_all_is_taken_after(tmp_path: Path) -> None:
    """S13 on the server's side."""
    running = Aggregator(tmp_path)
    full = threading.Event()
    full.set()
    running.ingest._ledger = _FullDisk(running.ledger, full)
    running.start()
    one = line(running)
    one.terminal.punches(3)
    acknowledged: list[str] = []
    delivery = Delivery(up("t-1", "batch"), one.terminal.batch_bytes(), lambda: acknowledged.append("done"))
    running.ingest._take(delivery)
    running.wait("storage_failures", 2)
    assert (acknowledged, one.inbox.empty(), running.ingest.storing) == ([], True, False)
    full.clear()
    assert receipt_seq(one, running) == 3
    until(lambda: acknowledged == ["done"], "acknowledged after the commit")
    assert running.ingest.storing
    running.stop()


def test_a_flood_of_beats_cannot_keep_a_batch_out(tmp_path: Path) -> None:
    running = Aggregator(tmp_path)
    one = line(running)
    one.terminal.punches(2)
    dropped: list[int] = []
    for i in range(5000):
        running.ingest._take(Delivery(up(f"t-{i % 10}", "beat"), one.terminal.beat(), lambda: dropped.append(1)))
    running.ingest._take(Delivery(up("t-1", "batch"), one.terminal.batch_bytes(), lambda: None))
    assert running.count("beats_dropped") == len(dropped) > 4000
    assert running.count("overflow") == 0
    running.start()
    assert receipt_seq(one, running) == 2
    running.stop()


def test_who_sends_far_more_than_it_may_is_dropped_and_told_of(tmp_path: Path) -> None:
    running = Aggregator(tmp_path)
    one = line(running)
    one.terminal.punches(2)
    told: list[str] = []
    dropped: list[int] = []
    running.ingest._on_flood = told.append
    for _ in range(3000):
        running.ingest._take(Delivery(up("t-2", "beat"), b"", lambda: dropped.append(1)))
    assert set(told) == {"t-2"}
    assert running.ingest._queue.qsize() == 48
    assert running.count("throttled") >= 2900
    running.ingest._take(Delivery(up("t-1", "batch"), one.terminal.batch_bytes(), lambda: None))
    running.start()
    assert receipt_seq(one, running) == 2
    running.stop()


def test_one_poisonous_message_does_not_stop_the_others(running: Aggregator) -> None:
    """A value the database refuses (made here by a row that stands in the way) puts its message into quarantine."""
    one, other = line(running), line(running, "t-2")
    one.terminal.punches(2)
    other.terminal.punches(2)
    running.edit("INSERT INTO signed VALUES ('t-1', :log, 2, :empty)", log=one.terminal.log, empty=b"")
    running.ingest._store([_incoming(one.terminal.batch_bytes()), _incoming(other.terminal.batch_bytes(), "t-2")])
    assert reasons(running) == {"ledger": 1}
    assert (stored(running, one.terminal), stored(running, other.terminal)) == ([], [1, 2])


def test_server_seq_has_no_gaps_after_failures(running: Aggregator) -> None:
    one = line(running)
    one.terminal.punches(6)
    one.send("batch", one.terminal.batch_bytes(1, 2))
    assert receipt_seq(one, running) == 2

    def fail_before_the_commit() -> None:
        with running.ledger.write() as connection:
            running.intake.take(connection, [_incoming(one.terminal.batch_bytes(3, 4))])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_before_the_commit()
    one.send("batch", one.terminal.batch_bytes(3, 6))
    assert receipt_seq(one, running) == 6
    assert [row[3] for row in running.sql(RECORDS)] == [1, 2, 3, 4, 5, 6]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.sampled_from(["p", "c", "b", "other", "../x"]))
def test_no_bytes_break_reading(payload: bytes, leaf: str) -> None:
    found = read(Delivery(f"hz1/t-1/u/{leaf}", payload, lambda: None))
    assert isinstance(found.message, Refuse)
    assert found.message.reason in {Reason.GARBAGE, Reason.VERSION, Reason.TOPIC}


def test_flipped_bytes_of_a_good_batch_never_reach_the_ledger(running: Aggregator) -> None:
    one = line(running)
    one.terminal.punches(4)
    good = one.terminal.batch_bytes()
    for at in range(0, len(good), 3):
        bad = bytearray(good)
        bad[at] ^= 1 << (at % 8)
        one.send("batch", bytes(bad))
    one.send("batch", good)
    until(lambda: stored(running, one.terminal) == [1, 2, 3, 4], "the good one stored")
    assert [row[4] for row in running.sql(RECORDS)] == [_body(r) for r in one.terminal.records]


def _body(record: object) -> bytes:
    assert isinstance(record, Punch | Event)
    return record_body(record)


def _incoming(payload: bytes, name: str = "t-1") -> Incoming:
    return read(Delivery(up(name, "batch"), payload, lambda: None))


class _FullDisk(Ledger):
    """A ledger whose disk is full while `full` is set."""

    def __init__(self, inner: Ledger, full: threading.Event) -> None:
        self._inner, self._full = inner, full

    @contextmanager
    def take_in(self, terminals: Iterable[str]) -> Iterator[Connection]:
        if self._full.is_set():
            cause = OperationalError("INSERT", {}, OSError("database or disk is full"))
            raise LedgerError("ledger.db: database or disk is full") from cause
        with self._inner.take_in(terminals) as connection:
            yield connection


def test_a_parser_that_fails_costs_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """Should a parser ever meet bytes it has no answer for, that message is refused and the next one read."""

    def broken(payload: bytes) -> None:
        raise IndexError

    monkeypatch.setattr("server.intake.incoming.parse_columns", broken)
    one = read(Delivery("hz1/t-1/u/p", b"\x80", lambda: None))
    assert isinstance(one.message, Refuse)
    assert "IndexError" in one.message.detail


def test_who_does_not_wait_for_receipts_has_few_messages_before_the_others(tmp_path: Path) -> None:
    """What one terminal sends without waiting is dropped unread, before it counts as a flood."""
    running = Aggregator(tmp_path)
    one = line(running)
    one.terminal.punches(2)
    dropped: list[int] = []
    for _ in range(90):
        running.ingest._take(Delivery(up("t-2", "chunk"), b"", lambda: dropped.append(1)))
    assert len(dropped) == 90 - 48
    running.ingest._take(Delivery(up("t-1", "batch"), one.terminal.batch_bytes(), lambda: None))
    running.start()
    assert receipt_seq(one, running) == 2
    dropped.clear()
    running.ingest._take(Delivery(up("t-2", "beat"), b"", lambda: dropped.append(1)))
    until(lambda: running.ingest._answered["t-2"] == 49, "once they are answered, it is heard again")
    running.stop()
