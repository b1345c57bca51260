"""The two registers on paper: who left the premises and came back (R1.16), and who signed in the branch (R2.9)."""

import datetime as dt
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from server.access.scope import Scope, visible
from server.attendance.reconcile import MARKED, Marked
from server.attendance.types import DayFlag
from server.days.store import as_known
from server.ledger.tables import attendance_day, person, request
from server.requests.kinds import Kind, State

_d, _r = attendance_day.c, request.c
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


def branch(connection: Connection, scope: Scope, day: dt.date) -> list[Signed]:
    """Everybody of a branch with both marks of a day, by name."""
    asked = visible(select(person.c.ref, person.c.name), person, scope).where(person.c.active)
    days = visible(as_known(select(attendance_day)), attendance_day, scope).where(_d.day == day.isoformat())
    said = {row.person: row for row in connection.execute(days)}
    signed = _signed(connection, scope, day, day)
    found = []
    for row in connection.execute(asked.order_by(person.c.name, person.c.ref)):
        entry, one = signed.get((row.ref, day.isoformat())), said.get(row.ref)
        marked = None
        if one is not None and one.status in _COMPARED:
            marked = MARKED[one.status == "present" and one.first_low_ms is not None, entry is not None]
        found.append(Signed(row.ref, row.name, entry, one.first_low_ms if one is not None else None, marked))
    return found


def compared(connection: Connection, scope: Scope, days: Sequence[dt.date]) -> Counter[Marked]:
    """How many days stand in each of the four cells."""
    first, last = days[0], days[-1]
    asked = visible(as_known(select(_d.person, _d.day, _d.status, _d.first_low_ms)), attendance_day, scope)
    asked = asked.where(_d.day >= first.isoformat(), _d.day <= last.isoformat(), _d.status.in_(_COMPARED))
    signed = _signed(connection, scope, first, last)
    return Counter(
        MARKED[row.status == "present" and row.first_low_ms is not None, (row.person, row.day) in signed]
        for row in connection.execute(asked)
    )


def _signed(connection: Connection, scope: Scope, first: dt.date, last: dt.date) -> dict[tuple[bytes, str], bytes]:
    asked = visible(select(_r.id, _r.person, _r.since), request, scope)
    asked = asked.where(_r.kind == Kind.REGISTER.value, _r.state == State.APPROVED.value)
    rows = connection.execute(asked.where(_r.since >= first.isoformat(), _r.since <= last.isoformat()))
    return {(row.person, row.since): row.id for row in rows}
