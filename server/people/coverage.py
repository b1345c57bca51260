"""How far registration is, an office and a section at a time (R1.17)."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlalchemy import Connection, func, select

from server.ledger.tables import division, employee, office, person, registration, template
from server.people import words
from server.people.messages import Channel, Message, queue
from server.people.offices import as_of
from server.trust.vault import Vault
from sync.photo import PHOTO


@dataclass(frozen=True, slots=True)
class Coverage:
    """One section of one office. `posts` are sanctioned for the whole office, and repeated in each of its rows.

    registered  registrations that wait, and people in service
    verified    people in service
    enrolled    of them those with a template
    outstanding in service without one, or waiting for the nodal officer
    """

    office: bytes
    office_name: str
    office_name_hi: str
    division: str
    division_name: str
    division_name_hi: str
    head: bytes | None
    due_on: str | None
    posts: int
    registered: int
    verified: int
    enrolled: int

    @property
    def outstanding(self) -> int:
        return self.registered - self.enrolled

    def overdue(self, today: dt.date) -> bool:
        return self.outstanding > 0 and self.due_on is not None and self.due_on < today.isoformat()


def coverage(connection: Connection, org: str, today: dt.date, under: str = "/") -> list[Coverage]:
    """Every section of every office at or below the path `under`, in the order of paths and names."""
    found: dict[tuple[bytes, str], Coverage] = {}
    posts = {one: sum(state.posts.values()) for one, state in as_of(connection, org, today).items()}
    counted = [
        *_verified(connection, org, under),
        *_enrolled(connection, org, under),
        *_waiting(connection, org, under),
    ]
    asked = select(division).where(division.c.org == org)
    sections = {row.code: row for row in connection.execute(asked)}
    below = select(office.c.id, office.c.name, office.c.name_hi, office.c.path).where(office.c.org == org)
    places = {row.id: row for row in connection.execute(below.where(office.c.path.startswith(under, autoescape=True)))}
    for at, code, name, n in counted:
        section = sections.get(code)
        empty = Coverage(
            office=at,
            office_name=places[at].name,
            office_name_hi=places[at].name_hi,
            division=code,
            division_name=section.name if section else code,
            division_name_hi=section.name_hi if section else code,
            head=section.head if section else None,
            due_on=section.register_by if section else None,
            posts=posts.get(at, 0),
            registered=0,
            verified=0,
            enrolled=0,
        )
        one = found.setdefault((at, code), empty)
        more = {"verified": ("verified", "registered"), "waiting": ("registered",), "enrolled": ("enrolled",)}[name]
        found[at, code] = replace(one, **{field: getattr(one, field) + n for field in more})
    return sorted(found.values(), key=lambda one: (places[one.office].path, one.division_name))


def remind(connection: Connection, vault: Vault, org: str, today: dt.date) -> int:
    """Write to the head of every section that has people outstanding; returns how many were written to."""
    heads: dict[bytes, int] = {}
    for one in coverage(connection, org, today):
        if one.outstanding and one.head is not None:
            heads[one.head] = heads.get(one.head, 0) + one.outstanding
    asked = select(employee.c.person, employee.c.email).where(employee.c.person.in_(heads))
    written = 0
    for row in connection.execute(asked):
        subject, text = words.coverage_message(heads[row.person])
        queue(connection, vault, Message(Channel.EMAIL, row.email, subject, text))
        written += 1
    return written


Count = tuple[bytes, str, str, int]


def _verified(connection: Connection, org: str, under: str) -> Iterator[Count]:
    asked = select(person.c.office, employee.c.division, func.count().label("n"))
    asked = asked.join_from(employee, person, employee.c.person == person.c.ref).join(office)
    asked = asked.where(employee.c.org == org, person.c.active, office.c.path.startswith(under, autoescape=True))
    for row in connection.execute(asked.group_by(person.c.office, employee.c.division)):
        yield row.office, row.division, "verified", row.n


def _enrolled(connection: Connection, org: str, under: str) -> Iterator[Count]:
    has = select(template.c.person).where(template.c.person == person.c.ref, template.c.finger != PHOTO).exists()
    asked = select(person.c.office, employee.c.division, func.count().label("n"))
    asked = asked.join_from(employee, person, employee.c.person == person.c.ref).join(office)
    asked = asked.where(employee.c.org == org, person.c.active, office.c.path.startswith(under, autoescape=True), has)
    for row in connection.execute(asked.group_by(person.c.office, employee.c.division)):
        yield row.office, row.division, "enrolled", row.n


def _waiting(connection: Connection, org: str, under: str) -> Iterator[Count]:
    asked = select(registration.c.office, registration.c.division, func.count().label("n"))
    asked = asked.join_from(registration, office, registration.c.office == office.c.id)
    asked = asked.where(registration.c.org == org, registration.c.state == "submitted")
    asked = asked.where(office.c.path.startswith(under, autoescape=True))
    for row in connection.execute(asked.group_by(registration.c.office, registration.c.division)):
        yield row.office, row.division, "waiting", row.n
