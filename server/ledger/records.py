"""The fast way in: statements compiled once, values laid out by whole columns, many rows a statement.

Many rows in one statement cost SQLite a sixth less than as many statements, and Python's lock is free for the whole of
it: the next messages are read meanwhile.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache, partial
from itertools import repeat
from operator import add
from typing import Any

from sqlalchemy import Connection, Insert, bindparam, insert, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect

from server.intake.judge import Accept, Known
from server.ledger import partitions
from server.ledger.copy import copy_rows
from server.ledger.store import upsert
from server.ledger.tables import log as log_table
from server.ledger.tables import record, signed
from sync.record import RecordType

RECORDS = "records"
PUNCHES = "punches"

_ROWS_A_STATEMENT = 200
_WIDTH = len(record.columns)

Row = tuple[Any, ...]
Log = tuple[str, bytes]


def record_values(one: Log, accept: Accept, server_seq: int, received_ms: int) -> list[Any]:
    """The values of a row of `record`, in the order of its columns, for each new record, row after row.

    Laid out column by column into their places: no object a row.
    """
    b, skip = accept.batch, accept.skip
    n = len(b)
    what: Sequence[Sequence[Any]] = b.refs(), b.kind, b.means, b.score, b.source_class, b.flags, [None] * n
    if b.events:
        what = _spread(b.types, list(zip(*what, strict=False)), b.events)
    columns: tuple[Sequence[Any], ...] = (
        [one[0]] * n,
        [one[1]] * n,
        range(b.first_seq, b.last_seq + 1),
        range(server_seq - skip, server_seq - skip + n),
        b.types,
        accept.bodies,
        accept.heads,
        *what,
        b.boot_no,
        b.since_boot,
        list(map(add, b.since_boot, b.wall_offset)),
        b.source,
        [None if bound == -1 else bound for bound in b.error_bound] if -1 in b.error_bound else b.error_bound,
        [received_ms] * n,
    )
    values: list[Any] = [None] * (n * _WIDTH)
    for place, column in enumerate(columns):
        values[place::_WIDTH] = column
    return values[skip * _WIDTH :] if skip else values


def _spread(types: list[int], punches: list[Row], events: list[tuple[int, Any]]) -> Sequence[Sequence[Any]]:
    """The columns from `person` to `event` of records of both types."""
    punch, event = iter(punches), iter(events)
    rows = [next(punch) if t == RecordType.PUNCH else (*repeat(None, 6), next(event)[0]) for t in types]
    return list(zip(*rows, strict=True))


# Spelt out once: building them anew costs a lone punch more than running them. Both databases read them.
_COUNT = text(
    "INSERT INTO counter (name, value) VALUES (:name, :value) "
    "ON CONFLICT (name) DO UPDATE SET value = counter.value + excluded.value"
)
_COUNTED = text("SELECT value FROM counter WHERE name = :name")
_KNOWN = select(log_table.c.terminal, log_table.c.log, log_table.c.seq, log_table.c.head).where(
    log_table.c.terminal.in_(bindparam("terminals", expanding=True)),
    log_table.c.log.in_(bindparam("logs", expanding=True)),
)


class RecordWriter:
    """Inserts rows of `record`, `signed` and `log` through statements compiled once for the database in use."""

    def __init__(self, dialect: Dialect) -> None:
        of_dialect = postgresql.insert if dialect.name == "postgresql" else sqlite.insert
        log_row = of_dialect(log_table)
        changed = {name: log_row.excluded[name] for name in ("seq", "head", "last_ms")}
        self._records = partial(lru_cache(_several), _compiled(insert(record), dialect))
        self._signed = _compiled(insert(signed), dialect)
        key = list(log_table.primary_key.columns)
        self._log = _compiled(log_row.on_conflict_do_update(index_elements=key, set_=changed), dialect)

    def write(self, connection: Connection, values: list[Any], signatures: list[Row]) -> None:
        """`values`: of whole rows of `record`."""
        if connection.dialect.name == "postgresql":
            partitions.ensure(connection, values[-1])
            copy_rows(connection, record, list(zip(*[iter(values)] * _WIDTH, strict=True)))
            copy_rows(connection, signed, signatures)
            return
        size = _ROWS_A_STATEMENT * _WIDTH
        for at in range(0, len(values), size):
            part = tuple(values[at : at + size])
            connection.exec_driver_sql(self._records(len(part) // _WIDTH), part)
        connection.exec_driver_sql(self._signed, signatures)

    def put_logs(self, connection: Connection, known: Mapping[Log, Known], now_ms: int) -> None:
        """How far each of these logs has come."""
        rows = [(*one, last.seq, last.head, None, now_ms, now_ms) for one, last in known.items()]
        connection.exec_driver_sql(self._log, rows)


def take_numbers(connection: Connection, n: int) -> int:
    """Reserve n server_seqs; returns the first. The counter's row stays locked until the commit, so numbers appear
    in the order of commits and without gaps."""
    count(connection, RECORDS, n)
    last: int = connection.execute(_COUNTED, {"name": RECORDS}).scalar_one()
    return last - n + 1


def count(connection: Connection, name: str, n: int) -> None:
    connection.execute(_COUNT, {"name": name, "value": n})


def known(connection: Connection, logs: Iterable[Log]) -> dict[Log, Known]:
    """The last record held of each of `logs` that was ever seen."""
    wanted = set(logs)
    if not wanted:
        return {}
    terminals, ids = ({one[part] for one in wanted} for part in (0, 1))
    rows = connection.execute(_KNOWN, {"terminals": list(terminals), "logs": list(ids)})
    return {(row.terminal, row.log): Known(row.seq, row.head) for row in rows}


def head_at(connection: Connection, terminal: str, log: bytes, seq: int) -> bytes | None:
    statement = select(record.c.head).where(record.c.terminal == terminal, record.c.log == log, record.c.seq == seq)
    return connection.scalars(statement).one_or_none()


def put_fork(connection: Connection, terminal: str, log: bytes, last: Known, now_ms: int) -> None:
    """Remember that a second history of this log exists; what we hold of the first stays as it is."""
    values = {"seq": last.seq, "head": last.head, "first_ms": now_ms, "last_ms": now_ms, "forked_ms": now_ms}
    upsert(connection, log_table, {"terminal": terminal, "log": log, **values}, "forked_ms")


def _compiled(statement: Insert, dialect: Dialect) -> str:
    positional = "qmark" if dialect.name == "sqlite" else "format"
    return str(statement.compile(dialect=type(dialect)(paramstyle=positional)))  # type: ignore[call-arg]


def _several(one: str, n: int) -> str:
    """The same INSERT with the places of n rows."""
    before, word, places = one.partition("VALUES ")
    return before + word + ", ".join([places] * n)
