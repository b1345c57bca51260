"""What another system recorded comes in as corrections beside the punches, entered by whoever brings the file (R2.7).

It is never made a punch: no terminal has signed it, so a day that rests on it says so, and an allowance for it needs
verification (R3.9). The same file again adds nothing, and neither does what a terminal has recorded already.
"""

import datetime as dt
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, select

from server.attendance.clock import local_day
from server.attendance.types import Act
from server.days.punches import IST_MIN
from server.exchange.texts import CellError, Names
from server.ledger.tables import attendance_punch, office, person, request
from server.people.imports import BadRow
from server.requests import RequestError, desk
from server.requests.kinds import Ask, Kind

_SHIFT_MS = 16 * 3_600_000
_NIGHT_MS = 3 * 3_600_000
_NEAR_MS = 1000
_MAX_BAD = 1000


@dataclass(frozen=True, slots=True)
class Incoming:
    """An arrival (`came`), a departure, or (None) one of the two, in row `row` of a file; `device` as it is called
    there."""

    row: int
    who: str
    at_ms: int
    came: bool | None
    device: str = ""


@dataclass(frozen=True, slots=True)
class Brought:
    """What a file holds: the marks of its sound rows, and what is wrong with each of the others."""

    marks: tuple[Incoming, ...]
    bad: tuple[BadRow, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """`added` corrections, `there` that were known already. Of a file with `bad` rows nothing was stored."""

    rows: int
    added: int
    there: int
    bad: tuple[BadRow, ...]


@dataclass(frozen=True, slots=True)
class Whence:
    """Where a file comes from: the system, whose people it may be about, and what it calls them."""

    system: str
    org: str
    path: str
    names: Names


def gather(rows: Iterable[dict[str, str]], read: Callable[[dict[str, str], int], Iterable[Incoming]]) -> Brought:
    """The marks of every row, as `read` makes them of a row and its number, which counts from 1."""
    marks: list[Incoming] = []
    bad: list[BadRow] = []
    for n, row in enumerate(rows, 1):
        try:
            marks += read(row, n)
        except CellError as error:
            bad.append(error.bad)
    return Brought(tuple(marks), tuple(bad[:_MAX_BAD]))


def take(connection: Connection, found: Brought, whence: Whence, by: str, at_ms: int, *, dry_run: bool) -> Taken:
    """All of it, or nothing where a row is bad."""
    people, strangers = _people(connection, found.marks, whence)
    bad = [*found.bad, *strangers]
    added = there = 0
    with connection.begin_nested() as trial:
        for one, day, act in _days(found.marks, people):
            ref = people[one.who]
            if _known(connection, ref, day, act, one.at_ms):
                there += 1
                continue
            reason = f"recorded in {whence.system} {one.device}".strip()[:500]
            detail = {"act": act.value, "at_ms": one.at_ms}
            try:
                desk.enter(connection, Ask(ref, Kind.ADJUSTMENT, day, day, reason, detail), by, at_ms)
                added += 1
            except RequestError as error:
                bad.append(BadRow(one.row, "time", str(error), "mend the row and bring the file again"))
                if len(bad) >= _MAX_BAD:
                    break
        if bad or dry_run:
            trial.rollback()
    rows = {one.row for one in found.marks} | {one.row for one in found.bad}
    return Taken(len(rows), added, there, tuple(sorted(bad, key=lambda one: one.row)))


def _people(connection: Connection, found: Sequence[Incoming], whence: Whence) -> tuple[dict[str, bytes], list[BadRow]]:
    """References by the other system's names, of people who are posted here."""
    asked = select(person.c.ref).join_from(person, office, person.c.office == office.c.id)
    asked = asked.where(office.c.org == whence.org, office.c.path.startswith(whence.path or "/", autoescape=True))
    mine = set(connection.scalars(asked))
    known: dict[str, bytes] = {}
    bad: dict[str, BadRow] = {}
    for one in found:
        ref = whence.names.who(one.who)
        if ref is not None and ref in mine:
            known[one.who] = ref
        elif one.who not in bad:
            todo = "give the reference, or a map of names that holds it"
            bad[one.who] = BadRow(one.row, "employee", "nobody who is posted here goes by this name", todo)
    return known, list(bad.values())[:_MAX_BAD]


def _days(found: Iterable[Incoming], people: dict[str, bytes]) -> Iterable[tuple[Incoming, dt.date, Act]]:
    """Each with its work date: a departure belongs to the arrival it follows within a shift, past midnight too."""
    last: dict[str, tuple[int, dt.date]] = {}
    for one in sorted(found, key=lambda one: (one.at_ms, one.row)):
        if one.who not in people:
            continue
        came_ms, day = last.get(one.who, (None, None))
        follows = came_ms is not None and one.at_ms - came_ms <= _SHIFT_MS
        came = not follows if one.came is None else one.came
        if came or not follows or day is None:
            day = local_day(one.at_ms - _NIGHT_MS, IST_MIN)
        if came:
            last[one.who] = one.at_ms, day
        yield one, day, Act.ADD_IN if came else Act.ADD_OUT


def _known(connection: Connection, ref: bytes, day: dt.date, act: Act, at_ms: int) -> bool:
    """Has a terminal recorded it, or was it brought before?"""
    p = attendance_punch.c
    near = and_(p.person == ref, p.low_ms <= at_ms + _NEAR_MS, p.high_ms >= at_ms - _NEAR_MS)
    if connection.execute(select(p.server_seq).where(near).limit(1)).first() is not None:
        return True
    r = request.c
    mine = r.person == ref, r.kind == Kind.ADJUSTMENT.value, r.since == day.isoformat(), r.state == "approved"
    told = (json.loads(one) for one in connection.scalars(select(r.detail).where(*mine)))
    return any(one["act"] == act.value and one["at_ms"] == at_ms for one in told)
