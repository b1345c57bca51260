"""Days of attendance as other systems need them, read from what is said of each day now.

They get the punches a day rests on, so what an officer set aside as somebody else's is not among them, and what an
officer added is. The day's own reading says which punch is the arrival and which the departure (several terminals may
each say IN, S14). A punch whose time is not known goes nowhere.
"""

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from server.attendance.types import DayFlag
from server.days.store import as_known
from server.exchange import ExchangeError
from server.ledger.tables import attendance_day, office

MAX_DAYS = 92
_d = attendance_day.c


@dataclass(frozen=True, slots=True)
class Mark:
    """One punch: `terminal` is empty where an officer added it, `kind` is in, out, movement_out, …"""

    at_ms: int
    terminal: str
    kind: str


@dataclass(frozen=True, slots=True)
class Worked:
    """One day with punches. `came_ms`, `left_ms` None: not marked. `open_`: the day is not over. `counted` False: it is
    kept and counts for nothing (suspension, R6.7)."""

    person: bytes
    day: dt.date
    came_ms: int | None
    left_ms: int | None
    marks: tuple[Mark, ...]
    open_: bool
    counted: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """Of which place and days, ends included."""

    org: str
    path: str
    first: dt.date
    last: dt.date


def read(connection: Connection, asked: Asked) -> Iterator[Worked]:
    """By person and day. Raises ExchangeError for more than MAX_DAYS."""
    if not 0 <= (asked.last - asked.first).days < MAX_DAYS:
        raise ExchangeError(f"expected at most {MAX_DAYS} days, the first before the last")
    query = select(
        _d.person, _d.day, _d.turns_ms, _d.flags, _d.first_low_ms, _d.first_high_ms, _d.last_low_ms, _d.last_high_ms,
        _d.derivation,
    ).join_from(attendance_day, office, _d.office == office.c.id)  # fmt: skip
    query = query.where(office.c.org == asked.org, office.c.path.startswith(asked.path or "/", autoescape=True))
    query = as_known(query.where(_d.day >= asked.first.isoformat(), _d.day <= asked.last.isoformat()))
    for row in connection.execute(query.order_by(_d.person, _d.day)):
        marks = tuple(_marks(json.loads(row.derivation)["punches"]))
        if marks:
            yield Worked(
                row.person, dt.date.fromisoformat(row.day), _middle(row.first_low_ms, row.first_high_ms),
                _middle(row.last_low_ms, row.last_high_ms), marks, row.turns_ms is not None,
                not row.flags & int(DayFlag.NOT_COUNTED),
            )  # fmt: skip


def _marks(told: list[list[Any]]) -> Iterator[Mark]:
    for terminal, _log, _seq, low_ms, high_ms, kind, *_ in told:
        at_ms = _middle(low_ms, high_ms)
        if at_ms is not None:
            yield Mark(at_ms, terminal, kind)


def _middle(low_ms: int | None, high_ms: int | None) -> int | None:
    """When, as the slip shows it."""
    return None if low_ms is None or high_ms is None else (low_ms + high_ms) // 2
