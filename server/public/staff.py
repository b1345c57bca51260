"""Offices, their people and their terminals as they are today: what the projector starts from."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from server.ledger.tables import designation, employee, office, org, org_setting, person, terminal, terminal_state
from server.people.ranks import Level
from server.people.service import Service
from server.public.states import Freshness, Heard, freshness
from server.public.texts import phone, shown

QUIET_MS = 15 * 60_000
_OPEN = ("mapped", "trial", "live")
_MARKING = ("trial", "live")  # R5.11: nobody marks at an office that is only mapped
_HERE = ("active", "quarantined")
_MOBILE_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Office:
    """One office, with texts as they may be shown. `building`: offices of one position share their terminals."""

    id: bytes
    org: str
    code: str
    name: str
    name_hi: str
    district: str
    district_hi: str
    urban: bool
    block: str
    latitude: float | None
    longitude: float | None
    desk_phone: str
    life: str

    @property
    def marking(self) -> bool:
        return self.life in _MARKING

    @property
    def building(self) -> object:
        place = self.latitude, self.longitude
        return self.id if None in place else place


@dataclass(frozen=True, slots=True)
class Employee:
    """Somebody who marks, as the door names them."""

    ref: bytes
    name: str
    designation: str
    designation_hi: str


@dataclass(frozen=True, slots=True)
class Department:
    """`portal`: https:// and on, or empty."""

    slug: str
    name: str
    name_hi: str
    portal: str


@dataclass(frozen=True, slots=True)
class Staff:
    """Everybody, by office."""

    orgs: tuple[Department, ...]
    offices: dict[bytes, Office]
    people: dict[bytes, list[Employee]]
    office_of: dict[bytes, bytes]


def read(connection: Connection, today: dt.date) -> Staff:
    """Open offices of active organisations; and the people in service at those of them that mark."""
    offices = {one.id: one for one in _offices(connection, today)}
    people: dict[bytes, list[Employee]] = {one: [] for one in offices}
    office_of: dict[bytes, bytes] = {}
    for row in connection.execute(_people()):
        if row.office in offices and offices[row.office].marking:
            post, post_hi = shown(row.post or ""), shown(row.post_hi or "")
            people[row.office].append(Employee(row.ref, shown(row.name), post, post_hi))
            office_of[row.ref] = row.office
    for some in people.values():
        some.sort(key=lambda one: (one.name, one.ref))
    return Staff(_departments(connection, {one.org for one in offices.values()}), offices, people, office_of)


def stands(connection: Connection) -> dict[str, bytes | None]:
    """The office of each terminal; None: it serves everybody."""
    rows = connection.execute(select(terminal.c.id, terminal.c.office))
    return {row.id: row.office for row in rows}


def fresh(connection: Connection, offices: Iterable[bytes], now_ms: int) -> dict[bytes, Freshness]:
    """How far each office can be believed just now (R5.9)."""
    t, s = terminal.c, terminal_state.c
    asked = select(t.office, s.online, s.last_seen_ms, s.backlog).join_from(terminal, terminal_state, isouter=True)
    heard: dict[bytes, list[Heard]] = {one: [] for one in offices}
    for row in connection.execute(asked.where(t.office.is_not(None), t.state.in_(_HERE))):
        if row.office in heard:
            heard[row.office].append(Heard(bool(row.online), row.last_seen_ms, row.backlog or 0))
    return {one: freshness(terminals, now_ms, QUIET_MS) for one, terminals in heard.items()}


def _departments(connection: Connection, slugs: set[str]) -> tuple[Department, ...]:
    told = org_setting.c
    asked = select(told.org, told.value).where(told.name == "portal")
    portals = {row.org: row.value for row in connection.execute(asked) if row.value.startswith("https://")}
    rows = connection.execute(select(org).where(org.c.slug.in_(slugs)).order_by(org.c.slug))
    return tuple(Department(row.slug, shown(row.name), shown(row.name_hi), portals.get(row.slug, "")) for row in rows)


def _people() -> Any:
    e, d = employee.c, designation.c
    asked = select(person.c.ref, person.c.name, person.c.office, d.name.label("post"), d.name_hi.label("post_hi"))
    asked = asked.join_from(person, employee, e.person == person.c.ref)
    asked = asked.join(designation, (d.org == e.org) & (d.code == e.designation), isouter=True)
    return asked.where(person.c.active, person.c.office.is_not(None), e.service == Service.SERVING.value)


def _offices(connection: Connection, today: dt.date) -> list[Office]:
    o = office.c
    asked = select(office).join_from(office, org, o.org == org.c.slug).where(org.c.state == "active")
    asked = asked.where(o.life.in_(_OPEN), o.opened_on <= today.isoformat())
    rows = connection.execute(asked).all()
    districts = {(row.org, row.path): row for row in _districts(connection)}
    private = _mobiles(connection, [row.desk_phone for row in rows])
    return [_office(row, _district(districts, row.org, row.path), private) for row in rows]


def _office(row: Any, district: Any, private: set[str]) -> Office:
    return Office(
        id=row.id,
        org=row.org,
        code=row.code,
        name=shown(row.name),
        name_hi=shown(row.name_hi),
        district=shown(district.name) if district is not None else "",
        district_hi=shown(district.name_hi) if district is not None else "",
        urban=row.urban,
        block=shown(row.block),
        latitude=row.latitude,
        longitude=row.longitude,
        desk_phone="" if _last_ten(row.desk_phone) in private else phone(row.desk_phone),
        life=row.life,
    )


def _districts(connection: Connection) -> Iterable[Any]:
    columns = office.c.org, office.c.path, office.c.name, office.c.name_hi
    return connection.execute(select(*columns).where(office.c.level == Level.DISTRICT.value))


def _district(districts: Mapping[tuple[str, str], Any], slug: str, path: str) -> Any:
    """The district an office stands in, or is."""
    parts = path.strip("/").split("/")
    above = ("/" + "/".join(parts[:n]) + "/" for n in range(len(parts), 0, -1))
    return next((districts[slug, one] for one in above if (slug, one) in districts), None)


def _mobiles(connection: Connection, phones: Iterable[str]) -> set[str]:
    """Those of the desks' numbers that are somebody's own: they are not published (R5.8, R5.12)."""
    wanted = sorted({_last_ten(one) for one in phones if one} - {""})
    found: set[str] = set()
    for at in range(0, len(wanted), 500):
        asked = select(employee.c.mobile).where(employee.c.mobile.in_(wanted[at : at + 500]))
        found |= set(connection.scalars(asked))
    return found


def _last_ten(text: str) -> str:
    return re.sub(r"\D", "", text)[-_MOBILE_DIGITS:]
