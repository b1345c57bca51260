"""Has everything come that was punched before some moment? "2 of 3 terminals have reported past 18:00." The marks are
pure; what they are made from is read here, too.

A terminal is *complete to* a moment when nothing it recorded before can still be missing: when it said how many
records it has, and all of them are here, that is the moment it said so; else it is when its last record here was made
at the earliest, since a log arrives in order. A terminal that said nothing is complete to nothing (S1, S4: silence is
not absence).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, select

from server.access.scope import Scope, condition
from server.intake.dating import Boot
from server.intake.timekeeping import of_boots
from server.ledger.tables import fitness_session, log, record, terminal, terminal_state


@dataclass(frozen=True, slots=True)
class Mark:
    """To when a terminal's records are all here, Unix time in ms; None: nothing is known."""

    terminal: str
    complete_to_ms: int | None


@dataclass(frozen=True, slots=True)
class Watermark:
    """How many of `terminals` have reported past a moment, and which have not."""

    terminals: int
    reported: int
    waiting: tuple[str, ...]

    @property
    def complete(self) -> bool:
        return self.terminals > 0 and not self.waiting


def mark(terminal: str, said_at_ms: int | None, said_seq: int, held_seq: int, last_earliest_ms: int | None) -> Mark:
    """Of a terminal that said at `said_at_ms` (None: never) that it has `said_seq` records, of which `held_seq` are
    here, the last made at `last_earliest_ms` at the earliest (None: not known)."""
    known = [] if last_earliest_ms is None else [last_earliest_ms]
    if said_at_ms is not None and said_seq <= held_seq:
        known.append(said_at_ms)
    return Mark(terminal, max(known, default=None))


def watermark(marks: Iterable[Mark], due_ms: int) -> Watermark:
    found = list(marks)
    waiting = tuple(one.terminal for one in found if one.complete_to_ms is None or one.complete_to_ms < due_ms)
    return Watermark(len(found), len(found) - len(waiting), waiting)


def reported(connection: Connection, scope: Scope, due_ms: int) -> Watermark:
    """Of the active terminals of a scope."""
    return watermark(marks(connection, scope, due_ms), due_ms)


def marks(connection: Connection, scope: Scope, due_ms: int) -> list[Mark]:
    """Of the active terminals of a scope, by id. When a terminal's last record was made is looked up only where its
    own word does not reach `due_ms`: evidence is read boot by boot, and most have said enough."""
    t, s, f, own, r = terminal.c, terminal_state.c, fitness_session.c, log.c, record.c
    joined = terminal.join(terminal_state, s.terminal == t.id, isouter=True)
    joined = joined.join(fitness_session, and_(f.terminal == t.id, f.session == s.session), isouter=True)
    joined = joined.join(log, and_(own.terminal == t.id, own.log == s.log), isouter=True)
    last = and_(r.terminal == t.id, r.log == own.log, r.seq == own.seq)
    columns = t.id, s.seq.label("said"), f.to_ms, own.log, own.seq, r.boot_no, r.since_boot_ms, r.received_ms
    statement = select(*columns).select_from(joined.join(record, last, isouter=True)).where(t.state == "active")
    if not scope.whole:
        statement = statement.where(condition(terminal, scope))
    rows = connection.execute(statement.order_by(t.id)).all()
    found = [mark(row.id, row.to_ms, row.said or 0, row.seq or 0, None) for row in rows]
    short = [one.complete_to_ms is None or one.complete_to_ms < due_ms for one in found]
    asked = [row for row, more in zip(rows, short, strict=True) if more and row.boot_no is not None]
    boots = of_boots(connection, {(row.id, row.log, row.boot_no) for row in asked})
    return [
        mark(row.id, row.to_ms, row.said or 0, row.seq or 0, _earliest(boots, row)) if more else one
        for row, one, more in zip(rows, found, short, strict=True)
    ]


def _earliest(boots: Mapping[tuple[str, bytes, int], Boot], row: Any) -> int | None:
    """When the last record here was made at the earliest."""
    if row.boot_no is None:
        return None
    return boots[row.id, row.log, row.boot_no].date(row.since_boot_ms, row.received_ms).earliest_ms
