"""A day that nobody can decide because no terminal was fit is a fault to be mended: it opens a ticket (R2.6, S15).

What must stay true here: folding the same days again opens nothing anew, in whatever order they are folded.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from server.attendance.clock import MINUTE_MS, midnight_ms
from server.attendance.limits import Limits
from server.attendance.types import AttendanceDay, DayFlag, Status
from server.days.punches import IST_MIN
from server.fleet import fitness_log, ticket_book
from server.fleet.ticket_book import Window

_UNFIT = int(DayFlag.UNFIT)


@dataclass(frozen=True, slots=True, order=True)
class Undecided:
    """The working hours of an office's day in which no terminal was fit for too long."""

    office: bytes
    window: Window


def undecided(days: Iterable[AttendanceDay]) -> frozenset[Undecided]:
    """Of one person's days: those that the terminals left undecided."""
    return frozenset(
        Undecided(day.office, _hours(day.day, day.limits))
        for day in days
        if day.status is Status.UNDETERMINED and day.flags & _UNFIT and day.limits is not None
    )


def _hours(day: dt.date, limits: Limits) -> Window:
    midnight = midnight_ms(day, IST_MIN)
    return Window(midnight + limits.start * MINUTE_MS, midnight + limits.end * MINUTE_MS)


def open_tickets(connection: Connection, found: Iterable[Undecided], now_ms: int) -> int:
    """For every terminal of the offices; returns how many were opened."""
    windows: dict[bytes, list[Window]] = {}
    for one in sorted(set(found)):
        windows.setdefault(one.office, []).append(one.window)
    return sum(
        ticket_book.open_for_windows(connection, name, mine, now_ms)
        for office, mine in windows.items()
        for name in fitness_log.terminals_of(connection, office)
    )
