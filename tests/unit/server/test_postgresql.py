"""What only PostgreSQL does: months as tables of their own, COPY's refusals, and locks of writers."""

import datetime as dt
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from server import LedgerError
from server.ledger import locks, partitions, tables
from server.ledger.copy import copy_rows
from server.ledger.store import Ledger
from server.ledger.tables import signed
from tests.databases import postgresql_url


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    one = Ledger(postgresql_url())
    yield one
    one.close()


def ms(*date: int) -> int:
    return int(dt.datetime(*date, tzinfo=dt.UTC).timestamp() * 1000)  # type: ignore[arg-type, misc]


def months(ledger: Ledger) -> list[str]:
    asked = text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'record'::regclass ORDER BY 1")
    with ledger.read() as connection:
        return list(connection.scalars(asked))


def test_the_migrations_build_exactly_the_tables_here_too(ledger: Ledger) -> None:
    """But for the keys of `record`, which hold the month (server/ledger/partitions)."""

    def ours(_object: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
        return name not in ("uq_record_terminal_log_seq", "ix_record_server_seq")

    with ledger.read() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": ours})
        assert compare_metadata(context, tables.metadata) == []


def test_a_month_is_made_before_it_begins(ledger: Ledger) -> None:
    with ledger.write() as connection:
        partitions.ensure(connection, ms(2026, 12, 5))
    assert months(ledger) == ["record_2026_12"]
    with ledger.write() as connection:
        partitions.ensure(connection, ms(2026, 12, 28))
        partitions.ensure(connection, ms(2026, 12, 28))
    assert months(ledger) == ["record_2026_12", "record_2027_01"]


def test_copy_refuses_as_insert_does(ledger: Ledger) -> None:
    row = ("t-1", b"log-log!", 1, bytes(64))
    with ledger.write() as connection:
        copy_rows(connection, signed, [row])
    with pytest.raises(LedgerError, match="duplicate key"), ledger.write() as connection:
        copy_rows(connection, signed, [row])
    with pytest.raises(LedgerError), ledger.write() as connection:
        copy_rows(connection, signed, [("t\0", b"log-log!", 2, bytes(64))])
    with ledger.read() as connection:
        assert connection.scalar(text("SELECT count(*) FROM signed")) == 1


def test_workers_with_other_terminals_do_not_wait_and_a_writer_waits_for_all(ledger: Ledger) -> None:
    first, second = "t-1", next(f"t-{n}" for n in range(2, 99) if locks.place(f"t-{n}") != locks.place("t-1"))
    done: list[str] = []

    def take(name: str) -> None:
        with ledger.take_in([name]):
            done.append(name)

    def write() -> None:
        with ledger.write():
            done.append("writer")

    with ledger.take_in([first]):
        beside = threading.Thread(target=take, args=(second,))
        beside.start()
        beside.join(20)
        assert done == [second]
        waiting = [threading.Thread(target=take, args=(first,)), threading.Thread(target=write)]
        for one in waiting:
            one.start()
            one.join(0.3)
        assert done == [second]
    for one in waiting:
        one.join(20)
    assert sorted(done) == sorted([first, second, "writer"])


def test_a_reader_sees_one_moment(ledger: Ledger) -> None:
    count = text("SELECT count(*) FROM counter")
    with ledger.read() as reader:
        before = reader.scalar(count)
        with ledger.write() as connection:
            connection.execute(text("INSERT INTO counter VALUES ('x', 1)"))
        assert reader.scalar(count) == before
    with pytest.raises(LedgerError, match="read-only"), ledger.read() as reader:
        reader.execute(text("INSERT INTO counter VALUES ('y', 1)"))
