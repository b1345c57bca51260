"""Who is away today by an approved request, who is written out at the gate, and which offices are closed (R5.2).

Of a request only that it is leave or duty comes out of here; its kind and its reason stay where they are (R5.12).
"""

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from server.days import places
from server.ledger.tables import office, request
from server.people.days import day_of
from server.public.marks import Seen
from server.public.states import Away
from sync.record import Kind

_KINDS = {"leave": Away.LEAVE, "on_duty": Away.DUTY, "tour": Away.DUTY}
_FULL = "full"
GATE = ""  # the register at the gate is no terminal: it is where the person is posted


def away(connection: Connection, day: dt.date) -> Mapping[bytes, Away]:
    """By person; of a half day nobody is away. Leave goes before duty."""
    r = request.c
    asked = select(r.person, r.kind, r.detail).where(r.state == "approved", r.kind.in_(list(_KINDS)))
    found: dict[bytes, Away] = {}
    for row in connection.execute(asked.where(r.since <= day.isoformat(), r.until >= day.isoformat())):
        if json.loads(row.detail).get("half", _FULL) == _FULL and found.get(row.person) is not Away.LEAVE:
            found[row.person] = _KINDS[row.kind]
    return found


def gate(connection: Connection, day: dt.date) -> Mapping[bytes, list[Seen]]:
    """The lines of the movement register of today (R1.16), as marks."""
    r = request.c
    asked = select(r.person, r.detail).where(r.state == "approved", r.kind == "movement")
    found: dict[bytes, list[Seen]] = {}
    for row in connection.execute(asked.where(r.since <= day.isoformat(), r.until >= day.isoformat())):
        told = json.loads(row.detail)
        for key, kind in (("out_ms", Kind.MOVEMENT_OUT), ("in_ms", Kind.MOVEMENT_IN)):
            at_ms = told.get(key)
            if isinstance(at_ms, int) and day_of(at_ms) == day:
                found.setdefault(row.person, []).append(Seen(at_ms, kind, GATE))
    return found


def closed(connection: Connection, day: dt.date) -> frozenset[bytes]:
    """The offices where nobody is expected: by a holiday or a weekly off of theirs."""
    rules = places.read(connection)
    rows = connection.execute(select(office.c.id, office.c.org, office.c.path))
    calendars = ((row.id, rules.calendar(row.org, row.path)) for row in rows)
    return frozenset(
        id_
        for id_, calendar in calendars
        if day in calendar.holidays or any(off.covers(day) for off in calendar.weekly)
    )


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the projector asks."""

    away: Callable[[Connection, dt.date], Mapping[bytes, Away]] = away
    gate: Callable[[Connection, dt.date], Mapping[bytes, list[Seen]]] = gate
    closed: Callable[[Connection, dt.date], frozenset[bytes]] = closed
