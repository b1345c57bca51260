"""What may be shown of a text, and how times are written. Pure.

A name is typed by people: a number that slipped into it (attendance id, mobile, Aadhaar) is not shown (R5.12).
"""

import datetime as dt
import re

from server.people.days import IST

MAX_TEXT = 80
_NUMBER = re.compile(r"\d(?:[ \t.-]?\d){5,}")  # of any script


def shown(text: str) -> str:
    """A text as it may be published: on one line, no run of six or more digits, at most MAX_TEXT characters."""
    plain = " ".join(_NUMBER.sub("…", text).split())
    plain = "".join(one for one in plain if one.isprintable())
    return plain if len(plain) <= MAX_TEXT else plain[: MAX_TEXT - 1].rstrip() + "…"


def phone(text: str) -> str:
    """The desk's number: digits, spaces and hyphens as they stand on the door."""
    return text if re.fullmatch(r"\+?[0-9][0-9 -]{2,18}", text) else ""


def event_time(at_ms: int) -> str:
    """As the circular writes it: 19-12-2023 9:37AM, Indian Standard Time."""
    at = dt.datetime.fromtimestamp(at_ms / 1000, IST)
    return f"{at:%d-%m-%Y} {clock(at_ms)}"


def clock(at_ms: int) -> str:
    """9:37AM."""
    at = dt.datetime.fromtimestamp(at_ms / 1000, IST)
    return f"{at.hour % 12 or 12}:{at:%M}{'AM' if at.hour < 12 else 'PM'}"


def since(at_ms: int, now_ms: int) -> str:
    """10:12 of today, else with its day: 10:12, 19-12-2023."""
    at, now = (dt.datetime.fromtimestamp(ms / 1000, IST) for ms in (at_ms, now_ms))
    return f"{at:%H:%M}" if at.date() == now.date() else f"{at:%H:%M}, {at:%d-%m-%Y}"
