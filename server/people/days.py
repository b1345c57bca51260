"""Days as orders mean them: they begin at 00:00 Indian Standard Time (R6.7)."""

import datetime as dt

IST = dt.timezone(dt.timedelta(hours=5, minutes=30), "IST")


def day_of(at_ms: int) -> dt.date:
    """The day in India at an instant of Unix time."""
    return dt.datetime.fromtimestamp(at_ms / 1000, IST).date()


def ist(at_ms: int) -> str:
    """A moment for people, to the minute."""
    return dt.datetime.fromtimestamp(at_ms / 1000, IST).strftime("%Y-%m-%d %H:%M")


def start_ms(day: dt.date) -> int:
    """When a day begins in India."""
    return int(dt.datetime.combine(day, dt.time(), IST).timestamp() * 1000)
