"""roster.db when a roster comes in pieces, an order comes again, and a wipe is held up."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from sync import StorageError, SyncError
from sync.orders import Order, OrderKind
from sync.roster import RosterReader, RosterStore
from sync.wire import RosterEntry
from tests.unit.sync.test_outbox import delta

ONE, TWO, THREE = (RosterEntry(b"person-%d" % n, True, b"card", ()) for n in (1, 2, 3))


def order(number: int) -> Order:
    return Order(number, OrderKind.LOCATE, {"seconds": 5}, b"session!", b"s" * 64)


def test_a_roster_in_pieces_takes_the_place_of_another_with_its_last(tmp_path: Path) -> None:
    """S3: a line that breaks in the middle costs neither what stands nor what has come."""
    store = RosterStore(tmp_path / "roster.db")
    store.apply(delta(2, 0, ONE))
    store.apply(replace(delta(5, 0, TWO), goal=9))
    assert (store.version, store.received) == (2, 5)
    store.close()
    store, reader = RosterStore(tmp_path / "roster.db"), RosterReader(tmp_path / "roster.db")
    assert (store.version, store.received, reader.entries()) == (2, 5, [ONE])
    store.apply(delta(9, 5, THREE))
    assert (store.version, store.received, reader.entries()) == (9, 9, [TWO, THREE])
    reader.close()
    store.close()


def test_an_older_roster_does_not_take_the_place_of_a_newer(tmp_path: Path) -> None:
    store = RosterStore(tmp_path / "roster.db")
    store.apply(delta(9, 0, ONE))
    with pytest.raises(SyncError, match="version 5 would replace 9, which is newer"):
        store.apply(delta(5, 0, TWO))
    with closing(RosterReader(tmp_path / "roster.db")) as reader:
        assert (store.version, reader.version(), reader.entries()) == (9, 9, [ONE])
    store.close()


def test_an_order_is_kept_once_and_its_number_is_nobody_else_s(tmp_path: Path) -> None:
    store = RosterStore(tmp_path / "roster.db")
    assert store.put_order(order(1), ready=True)
    assert not store.put_order(order(1), ready=True)
    with pytest.raises(SyncError, match="order 1: replayed, or another"):
        store.put_order(replace(order(1), kind=OrderKind.RESTART), ready=True)
    with closing(RosterReader(tmp_path / "roster.db")) as reader:
        assert [given.order for given in reader.orders()] == [order(1)]
    store.close()


def test_an_order_that_was_forgotten_is_not_taken_again(tmp_path: Path) -> None:
    store = RosterStore(tmp_path / "roster.db")
    for number in range(1, 103):
        assert store.put_order(order(number), ready=True)
    with pytest.raises(SyncError, match="order 2: replayed"):
        store.put_order(order(2), ready=True)
    store.close()


def test_a_wipe_that_a_reader_holds_up_is_not_said_to_be_done(tmp_path: Path) -> None:
    store = RosterStore(tmp_path / "roster.db")
    store.apply(delta(1, 0, ONE))
    store._db.execute("PRAGMA busy_timeout=0")  # nobody here lets go while it waits
    with closing(sqlite3.connect(tmp_path / "roster.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM person").fetchall()
        with pytest.raises(StorageError, match="a reader held the WAL"):
            store.wipe(everybody=True)
    store.wipe(everybody=True)
    assert (tmp_path / "roster.db-wal").stat().st_size == 0
    assert store.version == 0
    store.close()
