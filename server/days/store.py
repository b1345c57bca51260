"""Days as rows: each saying kept with the time from which and up to which we said it.

What must stay true here: of one person and day at most one row is open (`known_to_ms` none); a row that was closed is
never changed. A day that was not over when it was said is overwritten: nothing can have been sent of it.
"""

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, delete, insert, or_, select, update

from server.attendance.derivation import steps
from server.attendance.types import AttendanceDay, Punch
from server.ledger.tables import attendance_day
from sync.record import Means

_d = attendance_day.c
_SAID = (
    "office", "status", "flags", "first_low_ms", "first_high_ms", "last_low_ms", "last_high_ms", "late_min",
    "early_min", "worked_min", "policy",
)  # fmt: skip


def put(
    connection: Connection,
    person: bytes,
    span: tuple[dt.date, dt.date],
    days: Sequence[AttendanceDay],
    turns: Mapping[dt.date, int],
    names: Mapping[bytes, str],
    at_ms: int,
) -> int:
    """Bring one person's rows of a stretch of days to what was folded; returns how many changed.

    `turns`: of days that the clock alone will change, when. Days the fold says nothing of lose their row.
    """
    mine = and_(_d.person == person, _d.day >= span[0].isoformat(), _d.day <= span[1].isoformat())
    before = {row.day: row for row in connection.execute(select(attendance_day).where(mine, _d.known_to_ms.is_(None)))}
    added = []
    for one in days:
        old = before.pop(one.day.isoformat(), None)
        row = _row(one, turns.get(one.day), names, at_ms)
        if old is not None:
            if _same(old, row):
                continue
            at = _close(connection, old, at_ms)
            row["known_from_ms"] = at
        added.append(row)
    for old in before.values():
        _close(connection, old, at_ms)
    if added:
        connection.execute(insert(attendance_day), added)
    return len(added) + len(before)


def as_known(asked: Select[Any], at_ms: int | None = None) -> Select[Any]:
    """Narrow a query of `attendance_day` to what was said at a moment; None: now."""
    if at_ms is None:
        return asked.where(_d.known_to_ms.is_(None))
    return asked.where(_d.known_from_ms <= at_ms, or_(_d.known_to_ms.is_(None), _d.known_to_ms > at_ms))


def of_month(connection: Connection, people: Iterable[bytes], month: str, at_ms: int | None = None) -> Sequence[Any]:
    """Rows of a month ("2026-10"), by person and day."""
    asked = select(attendance_day).where(_d.person.in_(list(people)), _d.day.startswith(f"{month}-"))
    return connection.execute(as_known(asked, at_ms).order_by(_d.person, _d.day)).all()


def history(connection: Connection, person: bytes, day: dt.date) -> Sequence[Any]:
    """All that was ever said of a day that was over, oldest first."""
    asked = select(attendance_day).where(_d.person == person, _d.day == day.isoformat())
    return connection.execute(asked.order_by(_d.known_from_ms)).all()


def outcome(row: Any) -> tuple[object, ...]:
    """What a return says of a row: AttendanceDay.outcome."""
    return (row.status, row.flags, row.first_low_ms, row.last_high_ms, row.late_min, row.early_min)


def _same(old: Any, row: Mapping[str, Any]) -> bool:
    return all(getattr(old, name) == row[name] for name in (*_SAID, "turns_ms", "derivation"))


def _close(connection: Connection, old: Any, at_ms: int) -> int:
    """The saying ends, or was of a day not over and is dropped; returns from when the next one may hold."""
    mine = and_(_d.person == old.person, _d.day == old.day, _d.known_from_ms == old.known_from_ms)
    if old.turns_ms is not None:
        connection.execute(delete(attendance_day).where(mine))
        return at_ms
    at: int = max(at_ms, old.known_from_ms + 1)
    connection.execute(update(attendance_day).where(mine).values(known_to_ms=at))
    return at


def _row(one: AttendanceDay, turns_ms: int | None, names: Mapping[bytes, str], at_ms: int) -> dict[str, Any]:
    told = {
        "steps": [[step.code, dict(step.values)] for step in steps(one, names)],
        "punches": [_told(punch) for punch in one.punches],
        "because": list(one.because),
    }
    return {
        "person": one.person, "day": one.day.isoformat(), "known_from_ms": at_ms, "known_to_ms": None,
        "turns_ms": turns_ms, "office": one.office, "status": one.status.value, "flags": one.flags,
        "first_low_ms": one.first_low_ms, "first_high_ms": one.first_high_ms, "last_low_ms": one.last_low_ms,
        "last_high_ms": one.last_high_ms, "late_min": one.late_min, "early_min": one.early_min,
        "worked_min": one.worked_min, "policy": one.policy,
        "face": any(punch.means is Means.FACE for punch in one.punches),
        "derivation": json.dumps(told, ensure_ascii=False, separators=(",", ":")),
    }  # fmt: skip


def _told(punch: Punch) -> list[Any]:
    return [
        punch.id.terminal, punch.id.log.hex(), punch.id.seq, punch.low_ms, punch.high_ms, punch.kind.name.lower(),
        punch.means.name.lower(), punch.source_class.name.lower(), punch.disputed,
    ]  # fmt: skip
