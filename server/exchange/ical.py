"""Holidays as a calendar, iCalendar (RFC 5545): written so that any calendar program subscribes to it, and read from
what states and departments publish. Pure.

Only days are read (DTSTART of VALUE=DATE, or eight digits); a time of day, or a rule of repetition, is refused: a
holiday is an order about a day. Lines are folded at 75 octets, never within a letter (3.1); texts escape backslash,
semicolon, comma and newline (3.3.11); DTEND is the day after the last (3.6.1).
"""

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from server.exchange import ExchangeError

MAX_BYTES = 1024 * 1024
MAX_EVENTS = 1000
_MOST_DAYS = 31
_OCTETS = 75
_LINE = re.compile(r"([A-Za-z0-9-]+)((?:;[A-Za-z0-9-]+=(?:\"[^\"]*\"|[^\";:]*))*):(.*)", re.DOTALL)
_PARAMETER = re.compile(r";([A-Za-z0-9-]+)=(?:\"([^\"]*)\"|([^\";:]*))")
# A calendar holds at least one component (3.6), also in a year for which no holiday is ordered yet; this one is always
# true, and says whose days these are.
_ZONE = (
    "BEGIN:VTIMEZONE", "TZID:Asia/Kolkata", "BEGIN:STANDARD", "DTSTART:19700101T000000", "TZOFFSETFROM:+0530",
    "TZOFFSETTO:+0530", "TZNAME:IST", "END:STANDARD", "END:VTIMEZONE",
)  # fmt: skip
_ESCAPES = {"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"}


@dataclass(frozen=True, slots=True)
class Holiday:
    """`uid` names it for ever, so that a calendar program changes what it has."""

    day: dt.date
    name: str
    name_hi: str = ""
    uid: str = ""


def write(found: Iterable[Holiday], title: str, at: dt.datetime) -> bytes:
    """A calendar; `at` (aware) stamps it."""
    stamp = at.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Hazri//Attendance//EN", "CALSCALE:GREGORIAN",
        f"NAME:{_escaped(title)}", f"X-WR-CALNAME:{_escaped(title)}", *_ZONE,
    ]  # fmt: skip
    for one in found:
        lines += [
            "BEGIN:VEVENT", f"UID:{_escaped(one.uid or f'{one.day}@hazri')}", f"DTSTAMP:{stamp}",
            f"DTSTART;VALUE=DATE:{one.day:%Y%m%d}", f"DTEND;VALUE=DATE:{one.day + dt.timedelta(days=1):%Y%m%d}",
            f"SUMMARY;LANGUAGE=en:{_escaped(one.name)}",
        ]  # fmt: skip
        if one.name_hi:
            lines.append(f"DESCRIPTION;LANGUAGE=hi:{_escaped(one.name_hi)}")
        lines += ["CATEGORIES:HOLIDAY", "TRANSP:TRANSPARENT", "END:VEVENT"]
    lines.append("END:VCALENDAR")
    return b"".join(_folded(line) for line in lines)


def _escaped(text: str) -> str:
    plain = "".join(one if one.isprintable() or one == "\n" else " " for one in text)
    return "".join(_ESCAPES.get(one, one) for one in plain)


def _folded(line: str) -> bytes:
    parts, octets = [b""], _OCTETS
    for letter in line:
        more = letter.encode("utf-8", "replace")
        if len(parts[-1]) + len(more) > octets:
            parts.append(b"")
            octets = _OCTETS - 1  # the space that begins a folded line counts
        parts[-1] += more
    return b"\r\n ".join(parts) + b"\r\n"


def read(data: bytes) -> list[Holiday]:
    """Every day of every event, in order; what is cancelled is passed over. Raises ExchangeError naming the line."""
    if len(data) > MAX_BYTES:
        raise ExchangeError(f"the calendar is larger than {MAX_BYTES // 1024} KB; bring one year of it")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ExchangeError(f"byte {error.start}: not UTF-8") from None
    found: list[Holiday] = []
    for n, event in _events(text):
        if len(found) >= MAX_EVENTS:
            raise ExchangeError(f"more than {MAX_EVENTS} holidays; bring one year of them")
        if event.get("STATUS", ("", {}))[0].upper() != "CANCELLED":
            found += _days(event, n)
    return sorted(found, key=lambda one: (one.day, one.name))


Event = dict[str, tuple[str, Mapping[str, str]]]


def _events(text: str) -> Iterator[tuple[int, Event]]:
    """Each VEVENT with the line it begins on; what is inside of it (an alarm) is passed over."""
    inside: list[str] = []
    event: Event = {}
    begun = 0
    for n, line in _lines(text):
        found = _LINE.fullmatch(line)
        if found is None:
            raise ExchangeError(f"line {n}: not NAME:value; is this an iCalendar file (.ics)?")
        name, value = found[1].upper(), found[3]
        if name == "BEGIN":
            inside.append(value.strip().upper())
            if inside[-1] == "VEVENT":
                event, begun = {}, n
        elif name == "END":
            if not inside or inside.pop() != value.strip().upper():
                raise ExchangeError(f"line {n}: END:{value[:40]} closes nothing that is open")
            if value.strip().upper() == "VEVENT":
                yield begun, event
        elif inside and inside[-1] == "VEVENT":
            told = {one[1].upper(): one[2] or one[3] or "" for one in _PARAMETER.finditer(found[2])}
            event.setdefault(name, (value, told))
    if inside:
        raise ExchangeError(f"{inside[-1]} is not closed: the calendar was cut")


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Unfolded, with the number of the line each begins on."""
    parts: list[str] = []
    begun = 0
    for n, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        if line[:1] in (" ", "\t") and parts:
            parts.append(line[1:])
            continue
        if parts:
            yield begun, "".join(parts)
        parts, begun = ([line], n) if line else ([], n)
    if parts:
        yield begun, "".join(parts)


def _days(event: Event, n: int) -> Iterator[Holiday]:
    if "RRULE" in event or "RDATE" in event:
        raise ExchangeError(f"event of line {n}: it repeats by a rule; holidays are ordered day by day: write them out")
    first = _date(event.get("DTSTART"), n, "DTSTART")
    after = _date(event["DTEND"], n, "DTEND") if "DTEND" in event else first + dt.timedelta(days=1)
    if not 1 <= max(1, (after - first).days) <= _MOST_DAYS or after < first:
        raise ExchangeError(f"event of line {n}: expected one to {_MOST_DAYS} days")
    name = _plain(event.get("SUMMARY", ("", {}))[0])
    if not name:
        raise ExchangeError(f"event of line {n}: SUMMARY: a holiday needs a name")
    told, parameters = event.get("DESCRIPTION", ("", {}))
    name_hi = _plain(told) if parameters.get("LANGUAGE", "").lower().startswith("hi") else ""
    uid = _plain(event.get("UID", ("", {}))[0])
    for place in range(max(1, (after - first).days)):
        yield Holiday(first + dt.timedelta(days=place), name, name_hi, uid)


def _date(told: tuple[str, Mapping[str, str]] | None, n: int, name: str) -> dt.date:
    value = told[0].strip() if told else ""
    try:
        if not re.fullmatch(r"[0-9]{8}", value):
            raise ValueError
        return dt.datetime.strptime(value, "%Y%m%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise ExchangeError(f"event of line {n}, {name}: expected a whole day, YYYYMMDD") from None


def _plain(value: str) -> str:
    """A text without its escapes, on one line, at most 200 letters."""
    text = re.sub(r"\\(.)", lambda one: " " if one[1] in "nN" else one[1], value)
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())[:200]
