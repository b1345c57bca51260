"""Online, and nobody punches: found from what the same weekday is like at this terminal (S1). Pure.

A day is 96 bytes, the punches of each quarter hour of the office's own day (255: or more). How many should have come
by now is the median over the same weekdays of the last weeks, so that one holiday or one crowd moves nothing.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median_low

QUARTERS = 96
WEEKS = 8
ENOUGH_WEEKS = 3
ENOUGH_PUNCHES = 5  # fewer may all be on leave
_HOLIDAY = 0.8  # when so many terminals of a fleet are silent at once, it is the calendar
_FLEET = 5  # of at least so many


@dataclass(frozen=True, slots=True)
class Silence:
    """How many punches a terminal should have had by now, and had."""

    expected: int
    came: int

    @property
    def silent(self) -> bool:
        return self.expected >= ENOUGH_PUNCHES and self.came == 0


def quarter(moment: dt.datetime) -> int:
    """Of an aware time in the office's own zone."""
    return moment.hour * 4 + moment.minute // 15


def weekdays(today: dt.date) -> list[dt.date]:
    """The days that today is compared with."""
    return [today - dt.timedelta(weeks=week) for week in range(1, WEEKS + 1)]


def expectation(history: Sequence[bytes], today: bytes, now_quarter: int) -> Silence:
    """`history`: the same weekday, earlier weeks; `today`: up to now. The quarter that has only begun does not count:
    forty people who come by 09:45 are missed at 09:45, not at 09:31."""
    came = sum(today)
    if len(history) < ENOUGH_WEEKS:
        return Silence(0, came)
    return Silence(median_low(sum(day[:now_quarter]) for day in history), came)


def holiday(silences: Iterable[Silence]) -> bool:
    """Is nearly the whole fleet silent? Then nobody is to be woken for it."""
    expecting = [one for one in silences if one.expected >= ENOUGH_PUNCHES]
    return len(expecting) >= _FLEET and sum(one.silent for one in expecting) >= _HOLIDAY * len(expecting)


def add(day: bytes, quarters: Mapping[int, int]) -> bytes:
    """A day with more punches in it; in whatever order they come, the same day."""
    counts = bytearray(day or bytes(QUARTERS))
    for place, more in quarters.items():
        counts[place] = min(255, counts[place] + more)
    return bytes(counts)
