"""Policies, holidays, weekly offs and hours, by office and date: written down by order, and read for the engine.

A rule at a place holds for all below it. Of a policy and of hours the one further down goes first, then the later;
of weekly offs only those furthest down hold; holidays add up.
"""

import datetime as dt
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any

from sqlalchemy import Connection, Table, insert, select, update

from server.attendance import AttendanceError, FactsError, PolicyError
from server.attendance.policy import parse
from server.attendance.rules import Policy, Shift
from server.attendance.types import Calendar, OfficeHours, WeeklyOff
from server.days import due
from server.ledger.store import now_ms, upsert
from server.ledger.tables import holiday, office_shift, policy_choice, policy_file, weekly_off
from server.people.days import day_of

DEFAULT_POLICY = "state-default"
SUNDAYS = WeeklyOff(dt.date(2000, 1, 1), None, frozenset({7}))
"""Where nobody has given an order on weekly offs."""
_FOR_EVER = dt.date(9999, 12, 31)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rule holds; two empty texts: everywhere."""

    org: str = ""
    path: str = ""

    def covers(self, org: str, path: str) -> bool:
        return not self.org or (self.org == org and path.startswith(self.path))


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when; `until` None: until further orders."""

    since: dt.date
    until: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """By whose order, and who entered it."""

    actor: str
    order_no: str = ""


def choose_policy(connection: Connection, where: Place, span: Span, name: str, source: Source) -> bytes:
    """Which policy holds at a place. Raises PolicyError for one that is not known, or begins later."""
    policy = policies(connection).get(name)
    if policy is None:
        raise PolicyError(f"{name!r} is no policy; known: {', '.join(sorted(policies(connection)))}")
    policy.at(span.since)
    return _put(connection, policy_choice, where, span, source, policy=name)


def add_holiday(connection: Connection, where: Place, day: dt.date, name: str, name_hi: str, source: Source) -> bytes:
    """A day off. Raises FactsError for one without a name, or that is there already."""
    if not name.strip():
        raise FactsError(f"holiday of {day}: it needs a name")
    same = [row for row in _standing(connection, holiday) if (row.org, row.path, row.since) == (*_key(where), str(day))]
    if same:
        raise FactsError(f"holiday of {day}: {same[0].name} is there already; withdraw it first")
    return _put(connection, holiday, where, Span(day, day), source, name=name.strip(), name_hi=name_hi.strip())


def set_weekly_off(
    connection: Connection, where: Place, span: Span, weekdays: Iterable[int], weeks: Iterable[int], source: Source
) -> bytes:
    """Weekdays (1 Monday to 7 Sunday) on which nobody is expected; `weeks` of the month, none: every one."""
    days, which = sorted(set(weekdays)), sorted(set(weeks))
    if not days or not set(days) <= set(range(1, 8)) or not set(which) <= set(range(1, 6)):
        raise FactsError("weekly off: expected weekdays 1 to 7, and weeks of the month 1 to 5")
    return _put(connection, weekly_off, where, span, source, weekdays=_text(days), weeks=_text(which))


def set_hours(connection: Connection, where: Place, span: Span, shift: Shift, source: Source) -> bytes:
    """Hours other than the policy's (R2.1)."""
    if not 0 <= shift.start_min < shift.end_min <= 2 * 1440:
        raise FactsError("hours: the end must come after the start, within two days")
    told = {name: getattr(shift, name) for name in Shift.__slots__}
    return _put(connection, office_shift, where, span, source, shift=json.dumps(told))


def withdraw(connection: Connection, table: Table, one: bytes) -> None:
    """A rule entered by mistake: it stays on record and has no effect. Raises AttendanceError."""
    row = connection.execute(select(table).where(table.c.id == one, table.c.withdrawn_ms.is_(None))).one_or_none()
    if row is None:
        raise AttendanceError("there is no such rule to withdraw")
    connection.execute(update(table).where(table.c.id == one).values(withdrawn_ms=now_ms()))
    _touch(connection, Place(row.org, row.path), Span(dt.date.fromisoformat(row.since), _day(row.until)))


def keep_policy(connection: Connection, text: str, actor: str) -> Policy:
    """A new circular as a policy file; in force where it is chosen. Raises PolicyError."""
    policy = parse(text, "policy file")
    row = {"name": policy.name, "known_ms": now_ms(), "text": text, "actor": actor}
    upsert(connection, policy_file, row, "text", "actor")
    for one in _standing(connection, policy_choice):
        if one.policy == policy.name:
            _touch(connection, Place(one.org, one.path), Span(dt.date.fromisoformat(one.since), _day(one.until)))
    return policy


def policies(connection: Connection) -> dict[str, Policy]:
    """The shipped policies, and those that were entered: of one name the latest."""
    found = dict(_shipped())
    for row in connection.execute(select(policy_file).order_by(policy_file.c.known_ms)):
        found[row.name] = _parsed(row.text)
    return found


@dataclass(frozen=True)
class Rules:
    """Everything written down, read once for many offices."""

    policies: Mapping[str, Policy]
    choices: Sequence[Any]
    holidays: Sequence[Any]
    weekly: Sequence[Any]
    shifts: Sequence[Any]
    _calendars: dict[tuple[str, str], Calendar] = field(default_factory=dict, compare=False)

    def policy(self, org: str, path: str, day: dt.date) -> str:
        """Which policy holds at an office on a day."""
        here = [row for row in self.choices if _holds(row, org, path) and row.since <= day.isoformat() <= _end(row)]
        if not here:
            return DEFAULT_POLICY
        return str(max(here, key=lambda row: (len(row.path), row.since, row.known_ms)).policy)

    def turns(self, org: str, path: str) -> list[dt.date]:
        """The days on which another policy may begin to hold."""
        here = [row for row in self.choices if _holds(row, org, path)]
        begins = {dt.date.fromisoformat(row.since) for row in here}
        ends = {dt.date.fromisoformat(row.until) + dt.timedelta(days=1) for row in here if row.until}
        return sorted(begins | ends)

    def calendar(self, org: str, path: str) -> Calendar:
        if (org, path) not in self._calendars:
            self._calendars[org, path] = self._calendar(org, path)
        return self._calendars[org, path]

    def hours(self, org: str, path: str) -> tuple[OfficeHours, ...]:
        """The furthest down and latest first, as the engine takes the first that covers a day."""
        here = [row for row in self.shifts if _holds(row, org, path)]
        here.sort(key=lambda row: (len(row.path), row.since, row.known_ms), reverse=True)
        return tuple(
            OfficeHours(dt.date.fromisoformat(row.since), _day(row.until), Shift(**json.loads(row.shift)))
            for row in here
        )

    def _calendar(self, org: str, path: str) -> Calendar:
        days = {dt.date.fromisoformat(row.since): row.name for row in self.holidays if _holds(row, org, path)}
        here = [row for row in self.weekly if _holds(row, org, path)]
        deepest = max((len(row.path) for row in here), default=0)
        weekly = tuple(_weekly(row) for row in here if len(row.path) == deepest)
        return Calendar(days, weekly or (SUNDAYS,))


def read(connection: Connection) -> Rules:
    """All rules as they stand."""
    tables = policy_choice, holiday, weekly_off, office_shift
    choices, holidays, weekly, shifts = (_standing(connection, table) for table in tables)
    return Rules(policies(connection), choices, holidays, weekly, shifts)


def _put(connection: Connection, table: Table, where: Place, span: Span, source: Source, **more: str) -> bytes:
    if span.until is not None and span.until < span.since:
        raise FactsError(f"a rule that ends on {span.until} cannot begin on {span.since}")
    one = os.urandom(8)
    when = {"since": span.since.isoformat(), "until": span.until.isoformat() if span.until else ""}
    who = {"order_no": source.order_no, "actor": source.actor, "known_ms": now_ms()}
    connection.execute(insert(table).values(id=one, org=where.org, path=where.path, **when, **who, **more))
    _touch(connection, where, span)
    return one


def _touch(connection: Connection, where: Place, span: Span) -> None:
    """Days that were told by other rules are to be told again."""
    last = min(span.until or _FOR_EVER, day_of(now_ms()))
    if span.since <= last:
        due.mark_place(connection, where.org, where.path, span.since, last)


def _standing(connection: Connection, table: Table) -> Sequence[Any]:
    asked = select(table).where(table.c.withdrawn_ms.is_(None)).order_by(table.c.known_ms, table.c.id)
    return connection.execute(asked).all()


def _holds(row: Any, org: str, path: str) -> bool:
    return not row.org or (row.org == org and path.startswith(row.path))


def _weekly(row: Any) -> WeeklyOff:
    return WeeklyOff(dt.date.fromisoformat(row.since), _day(row.until), _numbers(row.weekdays), _numbers(row.weeks))


def _key(where: Place) -> tuple[str, str]:
    return where.org, where.path


def _end(row: Any) -> str:
    return row.until or _FOR_EVER.isoformat()


def _day(text: str) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _text(numbers: Iterable[int]) -> str:
    return ",".join(map(str, numbers))


def _numbers(text: str) -> frozenset[int]:
    return frozenset(int(part) for part in text.split(",") if part)


@lru_cache(1)
def _shipped() -> dict[str, Policy]:
    found = (one for one in files("config").joinpath("policies").iterdir() if one.name.endswith(".toml"))
    parsed = (parse(one.read_text("utf-8"), one.name) for one in found)
    return {policy.name: policy for policy in parsed}


@lru_cache(64)
def _parsed(text: str) -> Policy:
    return parse(text, "policy file")
