"""Is everything here that a terminal ever issued? For each of its logs: what it said, what it has our receipt for, and
what lies in the ledger. Three numbers from three places, that agree where all is well.
"""

from typing import Any

import msgspec
from sqlalchemy import Connection, func, select

from server.access.scope import Scope, condition
from server.ledger.tables import log, record, terminal, terminal_state

MAX_LOGS, MAX_GAPS = 1000, 1000


class ApiLog(msgspec.Struct, frozen=True):
    """One log of a terminal. `issued`: the highest seq it spoke of (null: it speaks of another log now); `receipted`:
    up to where it has our word; `stored`: how many of those are in the ledger, told where one terminal is asked for;
    `gaps`: stretches that are missing, first and last seq, at most 1,000. `forked`: it has a second history (S8)."""

    terminal: str
    log: str
    issued: int | None
    receipted: int
    waiting: int | None
    stored: int | None
    gaps: list[tuple[int, int]]
    forked: bool


class ApiReconciliation(msgspec.Struct, frozen=True):
    """In the order of terminals. Ask again with `after` = `next`, while that is not null."""

    logs: list[ApiLog]
    next: str | None


def reconcile(connection: Connection, scope: Scope, after: str, only: str = "") -> ApiReconciliation:
    """The logs of the terminals behind `after`, or of one terminal, with its rows counted."""
    t, own, s = terminal.c, log.c, terminal_state.c
    mine = select(t.id).where(t.id > after, t.id == only if only else t.id > after)
    if not scope.whole:
        mine = mine.where(condition(terminal, scope))
    page = connection.scalars(mine.order_by(t.id).limit(MAX_LOGS)).all()
    columns = own.terminal, own.log, own.seq, own.forked_ms, s.log.label("said_log"), s.seq.label("said")
    joined = log.join(terminal_state, s.terminal == own.terminal, isouter=True)
    statement = select(*columns).select_from(joined).where(own.terminal.in_(page))
    rows = connection.execute(statement.order_by(own.terminal, own.first_ms)).all()
    found = [_log(connection, row, count=bool(only)) for row in rows]
    return ApiReconciliation(found, page[-1] if len(page) == MAX_LOGS else None)


def _log(connection: Connection, row: Any, *, count: bool) -> ApiLog:
    issued = row.said if row.said_log == row.log else None
    stored = _stored(connection, row) if count else None
    gaps = _gaps(connection, row) if stored is not None and stored != row.seq else []
    waiting = None if issued is None else max(0, issued - row.seq)
    return ApiLog(row.terminal, row.log.hex(), issued, row.seq, waiting, stored, gaps, row.forked_ms is not None)


def _stored(connection: Connection, row: Any) -> int:
    r = record.c
    return connection.scalar(select(func.count()).where(r.terminal == row.terminal, r.log == row.log)) or 0


def _gaps(connection: Connection, row: Any) -> list[tuple[int, int]]:
    """Only a ledger that somebody edited has any."""
    r = record.c
    seqs = connection.scalars(select(r.seq).where(r.terminal == row.terminal, r.log == row.log).order_by(r.seq))
    found: list[tuple[int, int]] = []
    expected = 1
    for seq in seqs:
        if len(found) == MAX_GAPS:
            return found
        if seq > expected:
            found.append((expected, seq - 1))
        expected = seq + 1
    return [*found, (expected, row.seq)] if expected <= row.seq else found
