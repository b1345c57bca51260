"""Folding beside ingest: put off while many punches come in, and for half a minute at most.

On SQLite: what is proved is about turns and pauses.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.days.worker import TICK_S, DaysWorker
from server.ledger.records import RECORDS
from server.ledger.store import Ledger, upsert
from server.ledger.tables import counter


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    one = Ledger(f"sqlite:///{tmp_path / 'l.db'}")
    yield one
    one.close()


class Scene:
    """A worker, when it folded, and the seconds it is told."""

    def __init__(self, ledger: Ledger) -> None:
        self.s = 1000.0
        self.folded: list[int] = []
        self.worker = DaysWorker(ledger, self.folded.append, now_s=lambda: self.s)


def come(ledger: Ledger, records: int) -> None:
    with ledger.write() as connection:
        upsert(connection, counter, {"name": RECORDS, "value": records}, add="value")


def test_days_are_not_folded_over_and_over_while_punches_pour_in(ledger: Ledger) -> None:
    """S12: the morning's rush goes first; nobody's day is older than the worker's patience."""
    one = Scene(ledger)
    one.worker.round()
    assert len(one.folded) == 1
    for _ in range(14):
        one.s += 2
        come(ledger, 1000)
        assert one.worker.round() == TICK_S
    assert len(one.folded) == 1
    one.s += 2
    come(ledger, 1000)
    one.worker.round()
    assert len(one.folded) == 2


def test_a_trickle_is_folded_at_once(ledger: Ledger) -> None:
    one = Scene(ledger)
    for n in range(1, 6):
        one.worker.round()
        assert len(one.folded) == n
        one.s += 2
        come(ledger, 20)


def test_when_the_rush_is_over_days_are_folded_at_the_next_look(ledger: Ledger) -> None:
    one = Scene(ledger)
    one.worker.round()
    one.s += 2
    come(ledger, 10_000)
    one.worker.round()
    assert len(one.folded) == 1
    one.s += 2
    one.worker.round()
    assert len(one.folded) == 2
