"""The fast way in: statements compiled once, rows as plain tuples, one executemany a transaction."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, insert, select
from sqlalchemy.engine import Dialect

from server.judge import Accepted, Known
from server.ledger.store import upsert
from server.ledger.tables import counter, record, signed
from server.ledger.tables import log as log_table
from sync.record import Punch, RecordType

RECORDS = "records"
PUNCHES = "punches"

Row = tuple[Any, ...]


def record_row(terminal: str, log: bytes, accepted: Accepted, server_seq: int, received_ms: int) -> Row:
    """One row of `record`, in the order of its columns."""
    r, i = accepted.record, accepted.record.instant
    what: Row
    if isinstance(r, Punch):
        what = (r.person, int(r.kind), int(r.means), r.score, int(r.source_class), int(r.flags), None)
        kind = int(RecordType.PUNCH)
    else:
        what = (None, None, None, None, None, None, int(r.code))
        kind = int(RecordType.EVENT)
    time = (i.boot_no, i.since_boot_ms, i.wall_ms, int(i.source), i.error_bound_ms)
    return (terminal, log, accepted.seq, server_seq, kind, accepted.body, accepted.head, *what, *time, received_ms)


class RecordWriter:
    """Inserts rows of `record` and `signed` through statements compiled once for the database in use."""

    def __init__(self, dialect: Dialect) -> None:
        self._record = _compiled(record, dialect)
        self._signed = _compiled(signed, dialect)

    def write(self, connection: Connection, records: Sequence[Row], signatures: Sequence[Row]) -> None:
        if records:
            connection.exec_driver_sql(self._record, list(records))
            connection.exec_driver_sql(self._signed, list(signatures))


def take_numbers(connection: Connection, n: int) -> int:
    """Reserve n server_seqs; returns the first. The counter's row stays locked until the commit, so numbers appear
    in the order of commits and without gaps."""
    upsert(connection, counter, {"name": RECORDS, "value": n}, add="value")
    last: int = connection.execute(select(counter.c.value).where(counter.c.name == RECORDS)).scalar_one()
    return last - n + 1


def count(connection: Connection, name: str, n: int) -> None:
    upsert(connection, counter, {"name": name, "value": n}, add="value")


def known(connection: Connection, terminal: str, log: bytes) -> Known | None:
    """The last record held of a log, None for a log never seen."""
    statement = select(log_table.c.seq, log_table.c.head)
    statement = statement.where(log_table.c.terminal == terminal, log_table.c.log == log)
    row = connection.execute(statement).one_or_none()
    return Known(row.seq, row.head) if row else None


def head_at(connection: Connection, terminal: str, log: bytes, seq: int) -> bytes | None:
    statement = select(record.c.head).where(record.c.terminal == terminal, record.c.log == log, record.c.seq == seq)
    return connection.scalars(statement).one_or_none()


def put_log(connection: Connection, terminal: str, log: bytes, last: Known, now_ms: int) -> None:
    values = {"seq": last.seq, "head": last.head, "first_ms": now_ms, "last_ms": now_ms}
    upsert(connection, log_table, {"terminal": terminal, "log": log, **values}, "seq", "head", "last_ms")


def put_fork(connection: Connection, terminal: str, log: bytes, last: Known, now_ms: int) -> None:
    """Remember that a second history of this log exists; what we hold of the first stays as it is."""
    values = {"seq": last.seq, "head": last.head, "first_ms": now_ms, "last_ms": now_ms, "forked_ms": now_ms}
    upsert(connection, log_table, {"terminal": terminal, "log": log, **values}, "forked_ms")


def _compiled(table: Table, dialect: Dialect) -> str:
    positional = "qmark" if dialect.name == "sqlite" else "format"
    return str(insert(table).compile(dialect=type(dialect)(paramstyle=positional)))  # type: ignore[call-arg]
