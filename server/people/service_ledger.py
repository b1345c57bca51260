"""The service ledger: orders written down (R6.3, R6.4), and what they mean today for rosters, postings and roles."""

import datetime as dt
import os
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, delete, func, insert, or_, select, update

from server import PeopleError
from server.access import grants, names, postings
from server.access.roles import Role
from server.access.scope import Place, Scope, visible
from server.days import due as days_due
from server.fleet import orders as fleet_orders
from server.fleet import roster
from server.ledger.store import now_ms
from server.ledger.tables import (
    designation,
    division,
    employee,
    guest,
    office,
    person,
    placement,
    service_event,
    template,
)
from server.people import offices, scope, words
from server.people.days import day_of, start_ms
from server.people.messages import Channel, Message, queue
from server.people.offices import ID_BYTES
from server.people.service import (
    Base,
    Kind,
    Service,
    ServiceOrder,
    Span,
    Standing,
    check,
    fold,
    reinstated,
)
from server.people.service import spans as spans_of
from server.trust.vault import Vault

MAX_ORDER_NO = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """An order as it is entered, by the login of whoever issues it (R6.3).

    `issued_ms` is when it was, or will be, issued: entered later than that it is flagged (R6.4). `branch` is the
    division it comes from, whose head and officer answer for it together (R6.6).
    """

    actor: str
    person: bytes
    order: ServiceOrder
    issued_ms: int
    branch: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What writing an order down gave. `by_login`: by the login of who issues it, not at the console (R6.3)."""

    id: bytes
    back_entered: bool
    by_login: bool
    standing: Standing


def record(connection: Connection, entry: Entry, today: dt.date, vault: Vault | None = None) -> Recorded:
    """Write down one order and do what it says. Raises PeopleError: then nothing is stored.

    With a vault, head and officer of the branch are written to where the order was entered late or at the console
    (R6.3, R6.4, R6.6).
    """
    org = _org_of(connection, entry.person)
    _check(connection, org, entry)
    known = [one for _, one in orders(connection, entry.person)]
    if entry.order in known:
        raise PeopleError("this order is in the ledger already")
    at_ms = now_ms()
    late = at_ms > entry.issued_ms
    one = _insert(connection, entry, None, at_ms, late)
    standing = apply(connection, entry.person, today)
    if vault is not None and (late or not by_login(entry.actor)):
        _tell_owners(connection, vault, org, entry, late=late)
    return Recorded(one, late, by_login(entry.actor), standing)


def cancel(connection: Connection, actor: str, event: bytes, order_no: str, today: dt.date) -> Recorded:
    """Write down that an order was cancelled: both stay in the ledger, and neither has an effect any more."""
    row = connection.execute(select(service_event).where(service_event.c.id == event)).one_or_none()
    if row is None or row.cancels is not None:
        raise PeopleError("there is no such order to cancel")
    _check_issuer(connection, actor, row.person)
    if connection.scalar(select(service_event.c.id).where(service_event.c.cancels == event)) is not None:
        raise PeopleError("the order is cancelled already")
    at_ms = now_ms()
    same = _order(row)
    told = ServiceOrder(same.kind, same.effective_on, today, order_no, same.from_office, same.to_office)
    one = _insert(connection, Entry(actor, row.person, told, at_ms, row.branch), event, at_ms, False)
    return Recorded(one, False, by_login(actor), apply(connection, row.person, today))


def by_login(actor: str) -> bool:
    """Was it entered by somebody's own login? Else it was at the aggregator's console, and is flagged (R6.3)."""
    return names.account_of(actor) is not None


def orders(connection: Connection, ref: bytes) -> list[tuple[bytes, ServiceOrder]]:
    """The orders of a person that stand, with their ids, as entered."""
    asked = select(service_event).where(service_event.c.person == ref).order_by(service_event.c.recorded_ms)
    rows = connection.execute(asked).all()
    void = {row.cancels for row in rows} | {row.id for row in rows if row.cancels is not None}
    return [(row.id, _order(row)) for row in rows if row.id not in void]


def standing(connection: Connection, ref: bytes, on: dt.date) -> Standing:
    """How a person stands on a day. Raises PeopleError for somebody who is no employee."""
    return fold(_base(connection, ref), [one for _, one in orders(connection, ref)], on)


def history(connection: Connection, ref: bytes) -> list[Span]:
    """The posting history of a person."""
    return spans_of(_base(connection, ref), [one for _, one in orders(connection, ref)])


def stood_at() -> ColumnElement[Any]:
    """SQL for the office where an employee is, or was before they were in transit or gone; of `person`, `employee`."""
    return func.coalesce(person.c.office, employee.c.last_office, employee.c.base_office)


def stood_within(asked: Select[Any], within: Scope) -> Select[Any]:
    """`asked` of `person` and `employee`, of those who are, or last were, at an office in scope: who is in transit or
    gone must not fall out of a list."""
    asked = asked.select_from(person).join(employee, employee.c.person == person.c.ref)
    return asked.where(stood_at().in_(visible(select(office.c.id), office, within)))


def last_office(connection: Connection, ref: bytes) -> bytes | None:
    """As `stood_at`, of one person, by the ledger alone."""
    here: bytes | None = connection.scalar(select(person.c.office).where(person.c.ref == ref))
    base = _base(connection, ref).office
    return here or next((one.office for one in reversed(history(connection, ref)) if one.office), base)


def apply(connection: Connection, ref: bytes, today: dt.date) -> Standing:
    """Bring `person`, `employee`, `placement` and the rosters to what the ledger says of a person today."""
    now = standing(connection, ref, today)
    posted = now.posted and offices.resolve(connection, now.posted, today)
    before = connection.execute(select(person.c.active, person.c.office).where(person.c.ref == ref)).one()
    connection.execute(update(person).where(person.c.ref == ref).values(active=now.known, office=posted))
    last = None if posted else last_office(connection, ref)
    told = {"designation": now.designation, "service": now.service.value, "last_office": last}
    connection.execute(update(employee).where(employee.c.person == ref).values(**told))
    placed = _place(connection, ref, now, posted, today)
    wiped = now.service is Service.DECEASED and wipe(connection, ref)
    if placed or wiped or (before.active, before.office) != (now.known, posted):
        urgency = roster.Urgency.FORGET if wiped or not now.known else roster.Urgency.LAST
        roster.change(connection, [ref], urgency=urgency)
    if wiped:
        fleet_orders.wipe_person(connection, ref, actor=postings.WHO)
    back = reinstated((one for _, one in orders(connection, ref)), today)
    postings.follow(connection, ref, now, now_ms(), reinstated=back)
    return now


def wipe(connection: Connection, ref: bytes) -> bool:
    """Delete everything biometric we hold of a person. False: there was nothing."""
    return connection.execute(delete(template).where(template.c.person == ref)).rowcount > 0


def due(connection: Connection, after: dt.date, today: dt.date) -> list[bytes]:
    """The people for whom an order takes effect, or is made, after `after` and by `today`."""
    columns = service_event.c
    low, high = after.isoformat(), today.isoformat()
    asked = select(columns.person).where(
        ((columns.effective_on > low) & (columns.effective_on <= high))
        | ((columns.ordered_on > low) & (columns.ordered_on <= high))
    )
    return list(connection.scalars(asked.distinct()))


def thaw(connection: Connection, today: dt.date) -> list[bytes]:
    """Let old offices forget the people whose new terminals have confirmed them (S6, R6.7); returns the people."""
    released: list[bytes] = []
    left: list[tuple[bytes, list[str]]] = []
    frozen = select(placement.c.person, placement.c.office, person.c.office.label("posted"))
    frozen = frozen.join_from(placement, person, placement.c.person == person.c.ref)
    for row in connection.execute(frozen.where(placement.c.standing == "frozen")).all():
        awaited = select(placement.c.office).where(placement.c.person == row.person, placement.c.standing == "awaited")
        there = [one for one in (row.posted, *connection.scalars(awaited)) if one is not None]
        old = set(scope.terminals_near(connection, [row.office]))
        new = [one for one in scope.terminals_near(connection, there) if one not in old]
        if there and (scope.known_at(connection, row.person, new) or not new):
            values = {"standing": "released", "since_on": today.isoformat()}
            mine = placement.c.person == row.person, placement.c.office == row.office
            connection.execute(update(placement).where(*mine).values(**values))
            released.append(row.person)
            elsewhere = set(scope.terminals_near(connection, there))
            left.append((row.person, sorted(old - elsewhere)))
    roster.change(connection, released, urgency=roster.Urgency.FORGET)
    for ref, terminals in left:
        _prove_left(connection, ref, terminals)
    return released


def _prove_left(connection: Connection, ref: bytes, terminals: list[str]) -> None:
    """Have the terminals of the old office prove that nothing of a person is left there, guests' apart (R1.12)."""
    guests = set(connection.scalars(select(guest.c.terminal).where(guest.c.person == ref)))
    fleet_orders.wipe_person(
        connection, ref, actor=postings.WHO, terminals=[one for one in terminals if one not in guests]
    )


def irregular(connection: Connection, org: str, month: dt.date) -> list[dict[str, Any]]:
    """The orders recorded in a month after they had been issued (R6.4) or at the console (R6.3), oldest first."""
    first = month.replace(day=1)
    following = (first + dt.timedelta(days=32)).replace(day=1)
    columns = service_event.c
    asked = select(service_event).join_from(service_event, employee, columns.person == employee.c.person)
    asked = asked.where(employee.c.org == org, or_(columns.back_entered, columns.actor.not_like(f"{names.LOGIN}%")))
    asked = asked.where(columns.recorded_ms >= start_ms(first), columns.recorded_ms < start_ms(following))
    return [dict(row._mapping) for row in connection.execute(asked.order_by(columns.recorded_ms))]


def _place(connection: Connection, ref: bytes, now: Standing, posted: bytes | None, today: dt.date) -> bool:
    """Bring `placement` to a standing; was anything changed?"""
    wanted = {
        one: name for name, one in (("awaited", now.awaited), ("frozen", now.frozen)) if one not in (None, posted)
    }
    if not now.known:
        wanted = {}
    asked = select(placement.c.office, placement.c.standing).where(placement.c.person == ref)
    has = {row.office: row.standing for row in connection.execute(asked)}
    for one, name in list(wanted.items()):
        if name == "frozen" and has.get(one) == "released":
            wanted[one] = "released"  # the new terminals had confirmed: it does not freeze again
    if wanted == has:
        return False
    connection.execute(delete(placement).where(placement.c.person == ref))
    for one, name in wanted.items():
        row = {"person": ref, "office": one, "standing": name, "since_on": today.isoformat()}
        connection.execute(insert(placement).values(**row))
    return True


def _check(connection: Connection, org: str, entry: Entry) -> None:
    check(entry.order)
    _check_issuer(connection, entry.actor, entry.person)
    if not 1 <= len(entry.order.order_no) <= MAX_ORDER_NO or not entry.order.order_no.isprintable():
        raise PeopleError(f"order number: expected 1 to {MAX_ORDER_NO} printable characters")
    for name in ("from_office", "to_office"):
        _check_office(connection, org, name, getattr(entry.order, name), entry.order)
    post = entry.order.designation
    asked = select(designation.c.code).where(designation.c.org == org, designation.c.code == post)
    if post and connection.scalar(asked) is None:
        raise PeopleError("designation: not in this organisation's list; its nodal officer can add it")


def _check_issuer(connection: Connection, actor: str, ref: bytes) -> None:
    """An account must be an issuing authority's over where the person is (R6.3); the console names whoever is at it."""
    name, _, account = actor.partition(" ")
    may = bool(actor)
    if name == "account":
        at = connection.execute(select(office.c.org, office.c.path).where(office.c.id == last_office(connection, ref)))
        places = [Place(row.org, row.path) for row in at]
        held = grants.held(connection, bytes.fromhex(account), now_ms())
        mine = [one.place for one in held if one.role is Role.ORDER_ISSUER]
        may = any(one.holds(place.org, place.path) for one in mine for place in places)
    if not may:
        raise PeopleError("an order is entered by the login of whoever issues it")


def _check_office(connection: Connection, org: str, name: str, one: bytes | None, order: ServiceOrder) -> None:
    if one is None:
        return
    if connection.scalar(select(office.c.org).where(office.c.id == one)) != org:
        raise PeopleError(f"{name}: not an office of this organisation")
    if name == "to_office":
        state = offices.state(connection, one, max(order.effective_on, order.ordered_on))
        if state is None or not state.open:
            raise PeopleError(f"{name}: the office is not open on {order.effective_on}")


def _tell_owners(connection: Connection, vault: Vault, org: str, entry: Entry, *, late: bool) -> None:
    columns = division.c.head, division.c.officer
    asked = select(*columns).where(division.c.org == org, division.c.code == entry.branch)
    for owners in connection.execute(asked):
        emails = select(employee.c.email).where(employee.c.person.in_([one for one in owners if one is not None]))
        for email in connection.scalars(emails):
            told = words.irregular_message(entry.order.order_no, entry.branch, late=late)
            queue(connection, vault, Message(Channel.EMAIL, email, *told))


def _insert(connection: Connection, entry: Entry, cancels: bytes | None, at_ms: int, late: bool) -> bytes:
    one, order = os.urandom(ID_BYTES), entry.order
    values = {
        "id": one,
        "person": entry.person,
        "kind": order.kind.value,
        "order_no": order.order_no,
        "ordered_on": order.ordered_on.isoformat(),
        "issued_ms": entry.issued_ms,
        "effective_on": order.effective_on.isoformat(),
        "from_office": order.from_office,
        "to_office": order.to_office,
        "designation": order.designation,
        "branch": entry.branch,
        "cancels": cancels,
        "actor": entry.actor,
        "recorded_ms": at_ms,
        "back_entered": late,
    }
    connection.execute(insert(service_event).values(**values))
    if order.effective_on <= day_of(at_ms):
        days_due.mark(connection, [entry.person], order.effective_on, day_of(at_ms))
    return one


def _order(row: Any) -> ServiceOrder:
    return ServiceOrder(
        Kind(row.kind),
        dt.date.fromisoformat(row.effective_on),
        dt.date.fromisoformat(row.ordered_on),
        row.order_no,
        row.from_office,
        row.to_office,
        row.designation,
    )


def _base(connection: Connection, ref: bytes) -> Base:
    columns = employee.c.base_on, employee.c.base_office, employee.c.base_designation
    row = connection.execute(select(*columns).where(employee.c.person == ref)).one_or_none()
    if row is None:
        raise PeopleError("nobody is employed under this reference")
    return Base(dt.date.fromisoformat(row.base_on), row.base_office, row.base_designation)


def _org_of(connection: Connection, ref: bytes) -> str:
    org: str | None = connection.scalar(select(employee.c.org).where(employee.c.person == ref))
    if org is None:
        raise PeopleError("nobody is employed under this reference")
    return org
