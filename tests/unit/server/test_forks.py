"""Copied cards, cards put back, and deliveries in any order and any number (S8, S9)."""

import random
from pathlib import Path

import pytest

from server.intake import gaps
from server.intake.gaps import Gaps
from server.intake.group import Outcome
from server.intake.incoming import Incoming, read
from server.transparency import notary
from sync.columns import Columns, parse_columns
from sync.link import Delivery
from sync.topics import up
from tests.unit.server.aggregator import Aggregator, Terminal, aggregator

LOG = ("t-1", b"logs log")


def incoming(terminal: Terminal, leaf: str, payload: bytes) -> Incoming:
    return read(Delivery(up(terminal.name, leaf), payload, lambda: None))


def take(running: Aggregator, *group: Incoming) -> Outcome:
    with running.ledger.write() as connection:
        return running.intake.take(connection, group)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_order_and_any_repeats_of_10_000_records_give_the_same_ledger(tmp_path: Path, seed: int) -> None:
    """S9: every batch twice, shuffled, in groups of any size, with a crash now and then; what is missing at the end is
    sent again from the receipts, as the agent does."""
    draw = random.Random(seed)
    terminals = [Terminal(f"t-{n}") for n in range(10)]
    with aggregator(tmp_path) as running:
        for one in terminals:
            running.admit(one).punches(1000, bytes([draw.randrange(256)]) * 8)
        todo = [(one, first) for one in terminals for first in range(1, 1000, 25)] * 2
        draw.shuffle(todo)
        reached = dict.fromkeys((one.name for one in terminals), 0)
        rounds = 0
        while todo:
            rounds += 1
            while todo:
                n = draw.randrange(1, 60)
                group = [incoming(one, "batch", one.batch_bytes(first, first + 24)) for one, first in todo[:n]]
                todo = todo[n:]
                if draw.random() < 0.1:
                    with pytest.raises(ZeroDivisionError):  # a crash before the commit
                        _crash(running, group)
                for (terminal, _), receipt in take(running, *group).receipts.items():
                    reached[terminal] = max(reached[terminal], receipt.seq)
            todo = [(one, first) for one in terminals for first in range(reached[one.name] + 1, 1000, 25)]
        rows = running.sql("SELECT terminal, seq, body, head FROM record ORDER BY terminal, seq")
        expected = sorted((one.name, seq, head) for one in terminals for seq, head in enumerate(one.heads) if seq)
        assert [(row[0], row[1], row[3]) for row in rows] == expected
        assert [row[0] for row in running.sql("SELECT server_seq FROM record ORDER BY server_seq")] == list(
            range(1, 10_001)
        )
        assert running.sql("SELECT * FROM quarantine") == running.sql("SELECT * FROM alarm") == []
        made = notary.make(running.ledger, running.keys.server)
        assert made
        assert made.size == 10_000
        assert rounds < 4  # most of what came early was held


def _crash(running: Aggregator, group: list[Incoming]) -> None:
    with running.ledger.write() as connection:
        running.intake.take(connection, group)
        raise ZeroDivisionError


def test_a_fork_names_the_first_other_record_and_alarms(running: Aggregator) -> None:
    """S8: the copy goes on from record 6 on with another history."""
    one = running.admit(Terminal("t-1"))
    one.punches(5)
    twin = one.fork()
    one.punches(15, b"person-a")
    twin.punches(20, b"person-b")
    take(running, incoming(one, "batch", one.batch_bytes()))
    for first, last in ((1, 25), (3, 9), (6, 6)):
        done = take(running, incoming(twin, "batch", twin.batch_bytes(first, last)))
        assert (done.counts["refused_fork"], done.receipts) == (1, {})
    # From the middle of its own history on, nothing fits ours: nobody signed what we would read.
    done = take(running, incoming(twin, "batch", twin.batch_bytes(8, 20)))
    assert done.counts["refused_signature"] == 1
    assert running.sql("SELECT seq, kind FROM alarm ORDER BY seq, kind") == [
        (1, "fork"),
        (8, "signature"),
    ]
    details = running.sql("SELECT DISTINCT detail FROM quarantine WHERE reason = 'fork'")
    assert details == [("signed, but from record 6 on not what we hold",)]
    assert b"person-b" not in {person for (person,) in running.sql("SELECT person FROM record")}
    # Both go on being told apart: the true one is taken, the copy is not.
    one.punches(5, b"person-a")
    assert take(running, incoming(one, "batch", one.batch_bytes(21))).counts["batches"] == 1


def test_a_card_put_back_is_raised_once_when_it_stays_behind(
    running: Aggregator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S8: the agent of such a card sends nothing more; only its beats tell."""
    now = 1_800_000_000_000
    monkeypatch.setattr("server.intake.group.now_ms", lambda: now)
    one = running.admit(Terminal("t-1"))
    one.punches(10)
    old = one.fork()
    one.punches(10)
    take(running, incoming(one, "beat", one.beat()), incoming(one, "batch", one.batch_bytes()))
    stale = incoming(one, "beat", old.beat(session=one.session))
    take(running, stale, stale)
    now += 50_000
    take(running, stale, incoming(one, "beat", one.beat()))  # late copies, then a new one: nothing is wrong
    now += 50_000
    assert take(running, stale).counts["refused_rollback"] == 0
    back = incoming(one, "beat", old.beat(session=b"session2"))
    found = []
    for _ in range(4):
        found.append(take(running, back).counts["refused_rollback"])
        now += 45_000
    assert found == [0, 0, 1, 0]
    assert running.sql("SELECT seq, kind FROM alarm") == [(10, "rollback")]
    assert running.sql("SELECT count(*) FROM log WHERE forked_ms IS NOT NULL") == [(1,)]
    assert running.sql("SELECT reason, detail FROM quarantine") == [
        ("rollback", "it speaks of 10 records, and 20 were receipted: was its card put back?")
    ]


def batch(first: int, n: int = 5) -> Columns:
    terminal = Terminal("t-1")
    terminal.punches(first + n - 1)
    return parse_columns(terminal.batch_bytes(first))


def test_what_is_held_is_bounded_by_number_and_age(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gaps, "MAX_RECORDS_A_LOG", 12)
    monkeypatch.setattr(gaps, "MAX_RECORDS", 20)
    held = Gaps()
    for first in (11, 11, 21, 31):  # the same twice, and one too many
        held.hold(LOG, batch(first), 0)
    assert held.records == 10
    other, third = ("t-2", LOG[1]), ("t-3", LOG[1])
    held.hold(other, batch(11), 1)
    held.hold(other, batch(21), 1)
    assert held.records == 20
    held.hold(third, batch(11), 2)  # the oldest gap makes room
    assert (held.records, held.following(LOG, 10)) == (15, None)
    held.hold(LOG, batch(11), gaps.MAX_AGE_MS + 2)  # and what is too old does
    assert held.records == 10
    assert held.following(other, 10) is None


def test_what_follows_is_given_and_what_was_overtaken_let_go() -> None:
    held = Gaps()
    for first in (6, 11, 21):
        held.hold(LOG, batch(first), 0)
    assert held.following(LOG, 4) is None
    following = held.following(LOG, 12)
    assert following
    assert (following.first_seq, held.records) == (11, 10)
    held.forget(LOG, 11)
    held.forget(LOG, 99)
    assert held.following(LOG, 40) is None
    assert held.records == 0
