"""The times of a work date under given rules and shift, in minutes after its midnight. Computed once, used by all."""

from dataclasses import dataclass
from functools import lru_cache

from server.attendance.clock import DAY_MIN
from server.attendance.rules import Granularity, Shift, Terms


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """`late_after`: the last minute that is in time. `leave_from`: the first minute at which one may leave."""

    terms: Terms
    shift: Shift | None
    start: int
    end: int
    late_after: int
    leave_from: int
    forenoon_off: bool = False
    afternoon_off: bool = False

    @property
    def late_step_ms(self) -> int:
        """How long after the limit the first late instant is: a minute, or a second (R2.2)."""
        return 60_000 if self.terms.late.granularity is Granularity.MINUTE else 1000


@lru_cache(maxsize=4096)
def limits(terms: Terms, shift: Shift | None, forenoon_off: bool = False, afternoon_off: bool = False) -> Limits:
    """Half a day off moves a limit to the break; without a break, to the middle."""
    if shift is None:
        h = terms.hours
        start, end, break_start, break_end = int(h.start), int(h.end), int(h.break_start), int(h.break_end)
    else:
        start, end, break_start, break_end = (
            shift.start_min, shift.end_min, shift.break_start_min, shift.break_end_min,
        )  # fmt: skip
    if not break_end:
        break_start = break_end = (start + end) // 2
    if forenoon_off:
        start = break_end
    if afternoon_off:
        end = break_start
    late_after = start + terms.late.grace_min
    return Limits(terms, shift, start, end, late_after, end - terms.early.grace_min, forenoon_off, afternoon_off)


def boundary(before: Limits, after: Limits) -> int:
    """From which minute of a day punches are of it, and no longer of the day before.

    The policy's `day_begins`; next to hours that cross midnight, the middle of the free time between them.
    """
    if before.end <= DAY_MIN and after.start >= after.terms.hours.day_begins:
        return after.terms.hours.day_begins
    return (before.end - DAY_MIN + after.start) // 2
