"""Machine and branch register side by side (R2.9), for the ranks that mark in both (R1.15)."""

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from server.attendance.types import AttendanceDay, Status


class Marked(StrEnum):
    """Where the day is marked."""

    BOTH = "both"
    MACHINE_ONLY = "machine_only"
    REGISTER_ONLY = "register_only"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Compared:
    person: bytes
    day: dt.date
    marked: Marked
    asked: bool  # of this rank the register is asked as well

    @property
    def mismatch(self) -> bool:
        """Is it for somebody to look at?"""
        return self.asked and self.marked in (Marked.MACHINE_ONLY, Marked.REGISTER_ONLY)


_EXPECTED = (Status.PRESENT, Status.ABSENT, Status.UNDETERMINED, Status.EXEMPT)


def compare(days: Iterable[AttendanceDay], signed: Collection[tuple[bytes, dt.date]], rank: str) -> list[Compared]:
    """Every day on which people of a rank were expected; `signed`: who stands in the register. Raises PolicyError."""
    found = []
    for day in days:
        if day.limits is None or day.status not in _EXPECTED:
            continue
        ranks = day.limits.terms.ranks
        machine = any(punch.id.terminal for punch in day.punches) and day.status is Status.PRESENT
        register = (day.person, day.day) in signed
        asked = ranks is not None and ranks.register(rank)
        found.append(Compared(day.person, day.day, MARKED[machine, register], asked))
    return found


MARKED = {
    (True, True): Marked.BOTH,
    (True, False): Marked.MACHINE_ONLY,
    (False, True): Marked.REGISTER_ONLY,
    (False, False): Marked.NEITHER,
}
