"""Batches that follow on from each other are taken in as one, and refused no differently for it."""

import pytest

from server.intake.incoming import Incoming, read
from server.intake.judge import Reason
from server.intake.runs import LONGEST, joined, runs
from sync.batch import batch_bytes
from sync.columns import Columns, parse_columns
from sync.link import Delivery
from sync.topics import up
from tests.unit.server.aggregator import Aggregator, Terminal, boot_event


def incoming(terminal: Terminal, payload: bytes, leaf: str = "batch") -> Incoming:
    return read(Delivery(up(terminal.name, leaf), payload, lambda: None))


def parts(terminal: Terminal, *ends: int) -> list[Incoming]:
    """Its records in batches that end with these."""
    firsts = (1, *(end + 1 for end in ends[:-1]))
    return [incoming(terminal, terminal.batch_bytes(*both)) for both in zip(firsts, ends, strict=True)]


def full(terminal: Terminal) -> Terminal:
    terminal.add(boot_event())
    terminal.punches(11)
    return terminal


def take(running: Aggregator, group: list[Incoming]) -> dict[str, int]:
    with running.ledger.write() as connection:
        return dict(running.intake.take(connection, group).counts)


def rows(running: Aggregator) -> list[tuple[object, ...]]:
    return running.sql("SELECT seq, body, head FROM record ORDER BY server_seq")


def test_a_run_joined_is_the_batch_it_would_have_been() -> None:
    one = full(Terminal("t-1"))
    assert joined(parts(one, 1, 2, 7, 12)) == parse_columns(one.batch_bytes())


def test_runs_of_several_terminals_are_found_among_each_other_in_order() -> None:
    one, other = full(Terminal("t-1")), full(Terminal("t-2"))
    a, b = parts(one, 4, 8, 12), parts(other, 6, 12)
    assert runs([a[0], b[0], a[1], b[1], a[2]]) == [a, b]
    assert runs([a[0], a[2], a[1]]) == [[a[0]], [a[2]], [a[1]]]
    assert runs([]) == []


def test_what_is_said_in_between_and_another_log_end_a_run() -> None:
    one = full(Terminal("t-1"))
    a, beat = parts(one, 6, 12), incoming(one, one.beat(), "beat")
    assert runs([a[0], beat, a[1]]) == [[a[0]], [beat], [a[1]]]
    one.new_log()
    assert runs([a[0], *parts(full(one), 12)[:1]]) != [a]


def test_a_run_is_no_longer_than_a_batch_of_an_agent() -> None:
    one = Terminal("t-1")
    one.punches(121)
    assert [len(run) for run in runs(parts(one, 20, LONGEST, 51, 71, 121))] == [2, 2, 1]


def test_a_run_is_stored_once_and_vouched_for_by_its_last_signature(running: Aggregator) -> None:
    one = full(running.admit(Terminal("t-1")))
    counts = take(running, parts(one, 1, 5, 12))
    assert (counts["batches"], counts["records"], counts["punches"]) == (3, 12, 11)
    assert [row[2] for row in rows(running)] == one.heads[1:]
    assert running.sql("SELECT seq FROM signed") == [(12,)]
    assert take(running, parts(one, 5, 12)) == {"repeats": 2}


@pytest.mark.parametrize("bad", [0, 1, 2])
def test_of_a_run_only_what_is_not_signed_is_refused(running: Aggregator, bad: int) -> None:
    one = full(running.admit(Terminal("t-1")))
    group = parts(one, 4, 8, 12)
    first, last = 4 * bad + 1, 4 * bad + 4
    foreign = batch_bytes(one.batch(first, last, key=Terminal("t-2").key))
    group[bad] = incoming(one, foreign)
    counts = take(running, group)
    if bad < 2:  # what follows on is signed by the right key, and so vouches for the records before it
        assert (counts["batches"], len(rows(running))) == (3, 12)
    else:
        assert (counts["batches"], counts[f"refused_{Reason.SIGNATURE}"], len(rows(running))) == (2, 1, 8)
    assert [row[2] for row in rows(running)] == one.heads[1 : 1 + len(rows(running))]


def test_a_forged_record_inside_a_run_costs_only_itself_and_what_follows(running: Aggregator) -> None:
    one = full(running.admit(Terminal("t-1")))
    twin = Terminal("t-1")
    twin.log = one.log
    twin.heads = one.heads[:1]
    twin.punches(12, b"forged!!")
    group = parts(one, 4, 8, 12)
    group[1] = incoming(one, twin.batch_bytes(5, 8))
    counts = take(running, group)
    assert counts[f"refused_{Reason.SIGNATURE}"] == 1
    assert [row[0] for row in rows(running)] == [1, 2, 3, 4]
    assert counts["gaps"] == 1


def test_a_run_that_is_known_in_part_adds_only_what_is_new(running: Aggregator) -> None:
    one = full(running.admit(Terminal("t-1")))
    take(running, parts(one, 6))
    assert take(running, parts(one, 4, 8, 12))["records"] == 6
    assert [row[2] for row in rows(running)] == one.heads[1:]


def test_a_run_behind_a_gap_waits_for_what_is_missing(running: Aggregator) -> None:
    one = full(running.admit(Terminal("t-1")))
    first, *others = parts(one, 4, 8, 12)
    assert take(running, others)["gaps"] == 2
    counts = take(running, [first])
    assert (counts["records"], counts["gaps_closed"]) == (12, 2)
    assert all(isinstance(other.message, Columns) for other in others)
