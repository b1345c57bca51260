"""Days and minutes of one zone without summer time, as whole numbers. Unix milliseconds outside, minutes inside."""

import datetime as dt
from functools import cache

from server.attendance import FactsError

MINUTE_MS = 60_000
DAY_MS = 86_400_000
DAY_MIN = 1440
_EPOCH = dt.date(1970, 1, 1).toordinal()

ZONES = {"Asia/Kolkata": 330}
"""Minutes ahead of UTC. India has had one zone and no summer time since 1945: no table of changes is needed."""


def midnight_ms(day: dt.date, offset_min: int) -> int:
    """When a local day begins, in Unix milliseconds."""
    return (day.toordinal() - _EPOCH) * DAY_MS - offset_min * MINUTE_MS


def local_day(ms: int, offset_min: int) -> dt.date:
    """The local day of an instant."""
    return dt.date.fromordinal(_EPOCH + (ms + offset_min * MINUTE_MS) // DAY_MS)


def local_minute(ms: int, offset_min: int) -> int:
    """Minutes since local midnight, rounded down: what the slip shows."""
    return (ms + offset_min * MINUTE_MS) % DAY_MS // MINUTE_MS


def hhmm(minute: int) -> str:
    """570 → "09:30"; of the next day 1830 → "06:30+1"."""
    days, rest = divmod(minute, DAY_MIN)
    return f"{rest // 60:02}:{rest % 60:02}" + (f"{days:+}" if days else "")


def shown(ms: int, offset_min: int) -> str:
    """An instant as a local time of day, "09:41"."""
    return hhmm(local_minute(ms, offset_min))


@cache
def days_of(month: str) -> tuple[dt.date, ...]:
    """All the days of "2026-10". Raises FactsError."""
    try:
        first = dt.date.fromisoformat(f"{month}-01")
    except ValueError:
        raise FactsError(f"{month!r} is no month; expected YYYY-MM") from None
    return tuple(first + dt.timedelta(days=i) for i in range((next_month(first) - first).days))


def month_of(day: dt.date) -> str:
    return f"{day.year:04}-{day.month:02}"


def next_month(day: dt.date) -> dt.date:
    """The first day of the month after."""
    return (day.replace(day=1) + dt.timedelta(days=32)).replace(day=1)


def financial_year(day: dt.date) -> int:
    """1 April to 31 March, named by the year it begins in."""
    return day.year if day.month >= 4 else day.year - 1
