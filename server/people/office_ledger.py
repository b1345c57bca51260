"""Office events with everything that follows from them: the tree, the people posted there, the rosters (R6.8)."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, func, select

from server.access.scope import WHOLE, Scope, visible
from server.fleet import roster
from server.ledger.tables import employee, office, person, terminal
from server.people import offices, scope, service_ledger
from server.people.office_life import OfficeKind
from server.people.offices import Order

open_office = offices.open_office
_MOVES = (OfficeKind.OPEN, OfficeKind.MOVE, OfficeKind.MERGE, OfficeKind.CLOSE)


def record(
    connection: Connection, one: bytes, kind: OfficeKind, detail: Mapping[str, Any], order: Order, today: dt.date
) -> bytes:
    """Write down one event of an office and do what it says; returns the event's id. Raises PeopleError."""
    below = offices.at_and_below(connection, one)
    near = scope.terminals_near(connection, below)
    event = offices.record(connection, one, kind, detail, order, today)
    if kind in _MOVES:
        _follow(connection, near, [one], below, today)
    return event


def take_effect(connection: Connection, due: list[bytes], today: dt.date) -> list[bytes]:
    """Bring offices to what their events say today, with people and terminals there; returns those that changed."""
    near = scope.terminals_near(connection, due)
    changed = offices.project(connection, due, today)
    if changed:
        _follow(connection, near, due, changed, today)
    return changed


def region_changed(connection: Connection, org: str) -> None:
    """The organisation's `region` is another: tell every terminal of its offices whom it should know now (R1.13)."""
    asked = select(terminal.c.id).join_from(terminal, office, terminal.c.office == office.c.id)
    roster.moved(connection, connection.scalars(asked.where(office.c.org == org, terminal.c.state == "active")).all())


def stranded(connection: Connection, org: str, within: Scope = WHOLE) -> list[tuple[str, bytes]]:
    """The active terminals of closed offices in scope, with the office: each is to be moved or retired (R6.8)."""
    asked = select(terminal.c.id, terminal.c.office).join_from(terminal, office, terminal.c.office == office.c.id)
    asked = asked.where(office.c.org == org, office.c.life == "closed", terminal.c.state == "active")
    rows = connection.execute(visible(asked, office, within).order_by(terminal.c.id))
    return [(row.id, row.office) for row in rows]


def filled(connection: Connection, one: bytes) -> dict[str, int]:
    """How many of each designation are posted at an office today, to be held against its sanctioned posts."""
    asked = select(employee.c.designation, func.count()).join_from(person, employee, employee.c.person == person.c.ref)
    asked = asked.where(person.c.office == one, person.c.active).group_by(employee.c.designation)
    return {row[0]: row[1] for row in connection.execute(asked)}


def _follow(connection: Connection, near: list[str], told: list[bytes], changed: list[bytes], today: dt.date) -> None:
    """The people of offices that something was told of, and the terminals near any that changed, before or now."""
    for ref in _posted(connection, told):
        service_ledger.apply(connection, ref, today)
    roster.moved(connection, sorted({*near, *scope.terminals_near(connection, changed)}))


def _posted(connection: Connection, where: list[bytes]) -> list[bytes]:
    asked = select(person.c.ref).join_from(person, employee, employee.c.person == person.c.ref)
    return list(connection.scalars(asked.where(person.c.office.in_(where))))
