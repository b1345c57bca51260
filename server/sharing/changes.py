"""What was said of records after they had come, in one order with them.

A cursor is "server_seq.number": everything up to this record, and up to this change. A change stands behind the last
record there was when it was committed. Both numbers are given out under one locked row, so nothing is ever committed
in front of a cursor that somebody holds.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from server.ledger import records
from server.ledger.store import upsert
from server.ledger.tables import change, counter

CHANGES = "changes"
_MAX = 2**53


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """A place in the order of everything: behind record `record` and change `change`."""

    record: int = 0
    change: int = 0

    def __str__(self) -> str:
        return f"{self.record}.{self.change}"


def parse_cursor(text: str) -> Cursor:
    """Raises ValueError."""
    record, _, number = text.partition(".")
    parts = record, number or "0"
    if not all(part.isascii() and part.isdigit() and len(part) < 17 and int(part) <= _MAX for part in parts):
        raise ValueError("expected a cursor as `next` gave it: two numbers with a dot between them")
    return Cursor(int(parts[0]), int(parts[1]))


def note(
    connection: Connection,
    what: str,
    log: records.Log,
    seq: int,
    kind: str,
    known_ms: int,
    *,
    boot_no: int | None = None,
) -> None:
    """Add a change that record `seq` of `log` tells, in the transaction in which it becomes true."""
    upsert(connection, counter, {"name": records.RECORDS, "value": 0}, add="value")  # locks its row
    behind = connection.scalar(select(counter.c.value).where(counter.c.name == records.RECORDS))
    records.count(connection, CHANGES, 1)
    number = connection.scalar(select(counter.c.value).where(counter.c.name == CHANGES))
    values = {"what": what, "terminal": log[0], "log": log[1], "seq": seq, "kind": kind, "known_ms": known_ms}
    connection.execute(insert(change).values(number=number, behind=behind, boot_no=boot_no, **values))


def newest(connection: Connection) -> Cursor:
    """The end of everything, now."""
    c = counter.c
    found = {row.name: row.value for row in connection.execute(select(c.name, c.value).where(c.name.in_(_NAMES)))}
    return Cursor(found.get(records.RECORDS, 0), found.get(CHANGES, 0))


_NAMES = (records.RECORDS, CHANGES)
