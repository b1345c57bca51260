"""The two registers on paper: who left the premises and came back (R1.16), and who signed in the branch (R2.9)."""

import datetime as dt
import json
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, select

from server.access.scope import Scope, visible
from server.attendance.reconcile import MARKED, Marked
from server.attendance.types import DayFlag
from server.days.store import as_known
from server.ledger.tables import attendance_day, person, request
from server.requests.kinds import Kind, State

_d, _r = attendance_day.c, request.c
PAGE = 200
_COMPARED = ("present", "absent", "undetermined")


@dataclass(frozen=True, slots=True)
class Gone:
    """A line of the movement register; `id` None: the terminal alone saw somebody leave. `open_`: nobody saw them
    back."""

    id: bytes | None
    person: bytes
    name: str
    day: str
    out_ms: int | None
    in_ms: int | None
    purpose: str
    open_: bool


@dataclass(frozen=True, slots=True)
class Signed:
    """Somebody's day: `entry` is the line of the branch register, None: not signed. `first_ms`: as the machine has it;
    `marked` None: nothing is said of the day yet, or nobody is compared on it."""

    person: bytes
    name: str
    entry: bytes | None
    first_ms: int | None
    marked: Marked | None


def movements(connection: Connection, scope: Scope, first: dt.date, last: dt.date) -> list[Gone]:
    """Whoever has not come back first, then by day and hour."""
    days = as_known(select(attendance_day, person.c.name)).join_from(attendance_day, person, _d.person == person.c.ref)
    days = visible(days, attendance_day, scope).where(_d.day >= first.isoformat(), _d.day <= last.isoformat())
    left = connection.execute(days.where(_d.flags.op("&")(int(DayFlag.MOVEMENT_OPEN)) != 0)).all()
    open_ = {(row.person, row.day) for row in left}
    asked = select(request, person.c.name).join_from(request, person, _r.person == person.c.ref)
    asked = visible(asked, request, scope).where(_r.kind == Kind.MOVEMENT.value, _r.state == State.APPROVED.value)
    found = []
    for row in connection.execute(asked.where(_r.since >= first.isoformat(), _r.since <= last.isoformat())):
        told = json.loads(row.detail)
        away = told["in_ms"] is None and (row.person, row.since) in open_
        found.append(Gone(row.id, row.person, row.name, row.since, told["out_ms"], told["in_ms"], row.reason, away))
    written = {(one.person, one.day) for one in found}
    found += [
        Gone(None, row.person, row.name, row.day, None, None, "", True)
        for row in left
        if (row.person, row.day) not in written
    ]
    return sorted(found, key=lambda one: (not one.open_, one.day, one.out_ms or 0, one.name))


def branch(connection: Connection, at: bytes, day: dt.date, first: int = 0, most: int = PAGE) -> list[Signed]:
    """The people of one office with both marks of a day, by name: so many, from the `first`."""
    asked = _staff(at).add_columns(person.c.name).order_by(person.c.name, person.c.ref).offset(first).limit(most)
    staff = connection.execute(asked).all()
    days = as_known(select(attendance_day)).where(_d.office == at, _d.day == day.isoformat())
    said = {row.person: row for row in connection.execute(days.where(_d.person.in_([one.ref for one in staff])))}
    signed = _signed(connection, day, [one.ref for one in staff])
    found = []
    for row in staff:
        entry, one = signed.get(row.ref), said.get(row.ref)
        marked = None
        if one is not None and one.status in _COMPARED:
            marked = MARKED[one.status == "present" and one.first_low_ms is not None, entry is not None]
        found.append(Signed(row.ref, row.name, entry, one.first_low_ms if one is not None else None, marked))
    return found


def unsigned(connection: Connection, at: bytes, day: dt.date, people: Collection[bytes]) -> list[bytes]:
    """Who of these is of the office, and has not signed on the day."""
    signed = _signed(connection, day, people)
    staff = connection.scalars(_staff(at).where(person.c.ref.in_(people)).order_by(person.c.ref))
    return [one for one in staff if one not in signed]


def compared(connection: Connection, at: bytes, first: dt.date, last: dt.date) -> Counter[Marked]:
    """How many days of an office stand in each of the four cells."""
    entry = select(_r.id).where(_r.person == _d.person, _r.since == _d.day, _r.kind == Kind.REGISTER.value)
    marks: list[ColumnElement[Any]] = [
        and_(_d.status == "present", _d.first_low_ms.is_not(None)).label("machine"),
        entry.where(_r.state == State.APPROVED.value).exists().label("register"),
    ]
    cells = as_known(select(*marks)).where(_d.office == at)
    cells = cells.where(_d.day >= first.isoformat(), _d.day <= last.isoformat())
    each = cells.where(_d.status.in_(_COMPARED)).subquery("cells").c
    asked = select(each.machine, each.register, func.count().label("n")).group_by(each.machine, each.register)
    return Counter({MARKED[bool(row.machine), bool(row.register)]: row.n for row in connection.execute(asked)})


def _staff(at: bytes) -> Select[Any]:
    return select(person.c.ref).where(person.c.office == at, person.c.active)


def _signed(connection: Connection, day: dt.date, people: Collection[bytes]) -> dict[bytes, bytes]:
    """The lines of these people for the day."""
    asked = select(_r.id, _r.person).where(_r.person.in_(people), _r.since == day.isoformat())
    asked = asked.where(_r.kind == Kind.REGISTER.value, _r.state == State.APPROVED.value)
    return {row.person: row.id for row in connection.execute(asked)}
