"""How far registration is: the sections of offices, or one level of the tree rolled up (R1.17)."""

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Select,
    Subquery,
    and_,
    case,
    func,
    literal_column,
    select,
    union_all,
)

from server.ledger.tables import division, employee, office, office_event, person, registration, template
from server.people import words
from server.people.messages import Channel, Message, queue
from server.people.office_life import OfficeKind
from server.trust.vault import Vault
from sync.photo import PHOTO

_NONE: ColumnElement[int] = literal_column("0")


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


@dataclass(frozen=True, slots=True)
class Rolled:
    """Everything at or below one office, counted as in `Coverage`; `overdue`: of its sections, how many."""

    registered: int = 0
    verified: int = 0
    enrolled: int = 0
    overdue: int = 0

    @property
    def outstanding(self) -> int:
        return self.registered - self.enrolled


def coverage(connection: Connection, org: str, today: dt.date, under: str = "/") -> list[Coverage]:
    """Every section of every office at or below the path `under`, in the order of paths and names."""
    inside = office.c.org == org, office.c.path.startswith(under, autoescape=True)
    return _sections(connection, today, *inside, whole=under == "/")


def sections_of(connection: Connection, one: bytes, today: dt.date) -> list[Coverage]:
    """The sections of one office alone, without what lies below it, by name."""
    return _sections(connection, today, office.c.id == one, whole=False)


def rolled(
    connection: Connection, tops: Select[tuple[bytes]], today: dt.date, *, whole: bool = False
) -> dict[bytes, Rolled]:
    """What is at or below each of these offices, which are not below each other; none: nobody is there. `whole`: they
    are most of the ledger, which is counted another way.

    One query, whose rows are no more than `tops`, whatever lies below them.
    """
    lines = _counted(_below(tops), whole=whole)
    c = lines.c
    late = and_(c.registered > c.enrolled, division.c.register_by < today.isoformat())
    sums = [func.sum(c[name]).label(name) for name in ("registered", "verified", "enrolled")]
    asked = select(c.top, *sums, func.sum(case((late, 1), else_=0)).label("overdue")).group_by(c.top)
    asked = asked.join_from(lines, division, _names_it(lines), isouter=True)
    return {
        row.top: Rolled(int(row.registered), int(row.verified), int(row.enrolled), int(row.overdue))
        for row in connection.execute(asked)
    }


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


def _sections(connection: Connection, today: dt.date, *inside: ColumnElement[bool], whole: bool) -> list[Coverage]:
    here = select(office.c.id, office.c.org, office.c.id.label("top")).where(*inside).cte("here")
    lines = _counted(here, whole=whole)
    asked = select(lines, office.c.name, office.c.name_hi, division.c.head, division.c.register_by)
    asked = asked.add_columns(division.c.name.label("section"), division.c.name_hi.label("section_hi"))
    asked = asked.join_from(lines, office, office.c.id == lines.c.office)
    asked = asked.join(division, _names_it(lines), isouter=True)
    posts = dict(_posts(connection, today, here))
    return [
        Coverage(
            office=row.office,
            office_name=row.name,
            office_name_hi=row.name_hi,
            division=row.division,
            division_name=row.section or row.division,
            division_name_hi=row.section_hi or row.section or row.division,
            head=row.head,
            due_on=row.register_by,
            posts=posts.get(row.office, 0),
            registered=int(row.registered),
            verified=int(row.verified),
            enrolled=int(row.enrolled),
        )
        for row in connection.execute(asked.order_by(office.c.path, func.coalesce(division.c.name, lines.c.division)))
    ]


def _below(tops: Select[tuple[bytes]]) -> CTE:
    """`tops` and all below them, each with the one it is counted for. By the column `parent`, which has an index:
    paths would be compared office by office."""
    first = tops.subquery("tops")
    begin = select(office.c.id, office.c.org, office.c.id.label("top")).join(first, first.c.id == office.c.id)
    found = begin.cte("below", recursive=True)
    return found.union_all(select(office.c.id, office.c.org, found.c.top).join(found, office.c.parent == found.c.id))


def _counted(here: CTE, *, whole: bool) -> Subquery:
    """By section of each office `here`: who is in service, of them who is enrolled, and all with those who wait.
    `whole`: they are most there are."""
    fingers = select(template.c.person).where(template.c.finger != PHOTO).subquery("fingers")
    has: ColumnElement[bool] = select(fingers).where(fingers.c.person == person.c.ref).exists()
    if whole:  # asked person by person, it would be half of the time
        has = person.c.ref.in_(select(fingers.c.person))
    known = _numbers(here, employee.c.division, func.count(), func.sum(case((has, 1), else_=0)), _NONE)
    known = known.join_from(here, person, person.c.office == here.c.id).where(person.c.active)
    known = known.join(employee, and_(employee.c.person == person.c.ref, employee.c.org == here.c.org))
    wait = _numbers(here, registration.c.division, _NONE, _NONE, func.count())
    wait = wait.join_from(here, registration, registration.c.office == here.c.id)
    each = union_all(known, wait.where(registration.c.state == "submitted")).subquery("each")
    verified, enrolled, waiting = (func.sum(each.c[name]) for name in ("verified", "enrolled", "waiting"))
    told = (verified + waiting).label("registered"), verified.label("verified"), enrolled.label("enrolled")
    by = here.c.top, here.c.org, each.c.office, each.c.division
    asked = select(*by, *told).join_from(each, here, here.c.id == each.c.office)
    return asked.group_by(*by).subquery("lines")


def _numbers(here: CTE, section: Any, verified: Any, enrolled: Any, waiting: Any) -> Select[Any]:
    told = verified.label("verified"), enrolled.label("enrolled"), waiting.label("waiting")
    return select(here.c.id.label("office"), section, *told).group_by(here.c.id, section)


def _names_it(lines: Subquery) -> ColumnElement[bool]:
    return and_(division.c.org == lines.c.org, division.c.code == lines.c.division)


def _posts(connection: Connection, today: dt.date, here: CTE) -> Iterator[tuple[bytes, int]]:
    """How many are sanctioned for each office today: of each designation, what the last order says."""
    c = office_event.c
    asked = select(c.office, c.detail).join_from(office_event, here, here.c.id == c.office)
    asked = asked.where(c.kind == OfficeKind.POSTS.value, c.effective_on <= today.isoformat())
    found: dict[bytes, dict[str, int]] = {}
    for row in connection.execute(asked.order_by(c.effective_on, c.recorded_ms, c.id)):
        told: dict[str, Any] = json.loads(row.detail)
        found.setdefault(row.office, {})[told["designation"]] = told["posts"]
    return ((one, sum(posts.values())) for one, posts in found.items())
