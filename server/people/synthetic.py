"""A synthetic department: state, districts, zones, schools, posts and people, the same for the same seed.

Nobody and no place in it exists. Names begin with "Sample", mobile numbers with a 5 (given to no mobile in India), and
addresses end in .invalid (RFC 2606); no Aadhaar numbers are made, as a made-up one may be somebody's.
"""

import datetime as dt
import hashlib
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select

from server import PeopleError
from server.fleet import fetch, roster
from server.ledger.store import Ledger, now_ms
from server.ledger.tables import (
    attendance_id,
    designation,
    division,
    employee,
    office,
    office_event,
    org,
    org_setting,
    person,
)
from server.people.office_life import OfficeEvent, OfficeKind, fold
from server.people.offices import office_row
from server.people.ranks import BY_CODE, GRADES, Level
from server.trust.vault import Vault

SINCE = dt.date(2024, 4, 1)
SCHOOLS_A_ZONE = 8
ZONES_A_DISTRICT = 3
ACTOR = "synthetic"
_CHUNK = 2000
_MAX_SCHOOLS = 200_000

DIVISIONS = (
    ("teaching", "Teaching", "शिक्षण"),
    ("administration", "Administration", "प्रशासन"),
    ("examination", "Examination", "परीक्षा"),
)
# Who works where: grade, how many at least, how many at most.
STAFF: dict[Level, tuple[tuple[str, int, int], ...]] = {
    Level.STATE: (
        ("director", 1, 1),
        ("joint-secretary", 1, 2),
        ("deputy-secretary", 2, 3),
        ("section-officer", 4, 6),
        ("senior-assistant", 6, 10),
        ("junior-assistant", 8, 12),
        ("driver", 1, 2),
        ("mts", 3, 5),
    ),
    Level.DISTRICT: (
        ("district-officer", 1, 1),
        ("section-officer", 1, 2),
        ("superintendent", 1, 1),
        ("senior-assistant", 2, 4),
        ("junior-assistant", 2, 5),
        ("mts", 1, 3),
    ),
    Level.ZONE: (("zonal-officer", 1, 1), ("senior-assistant", 1, 2), ("junior-assistant", 1, 2), ("mts", 1, 1)),
    Level.OFFICE: (
        ("principal", 0, 1),
        ("headmaster", 1, 1),
        ("lecturer", 0, 6),
        ("master", 2, 9),
        ("teacher", 3, 12),
        ("junior-assistant", 0, 1),
        ("mts", 0, 2),
    ),
}
_TEACH = {grade.code for grade in GRADES if grade.teaching or grade.code in ("headmaster", "principal")}


@dataclass(frozen=True, slots=True)
class Place:
    """One synthetic office; `above` is the code of the office it stands under, empty at the top."""

    id: bytes
    code: str
    above: str
    path: str
    level: Level
    name: str
    name_hi: str
    urban: bool
    block: str
    latitude: float
    longitude: float
    grade: str
    life: str


@dataclass(frozen=True, slots=True)
class Employee:
    """Somebody who does not exist."""

    ref: bytes
    name: str
    digits: str
    office: bytes
    kind: str
    gender: str
    born_on: dt.date
    division: str
    designation: str  # empty: contractual
    mobile: str
    email: str


@dataclass(frozen=True, slots=True)
class Department:
    """Everything there is of one synthetic organisation."""

    slug: str
    seed: int
    places: tuple[Place, ...]
    people: tuple[Employee, ...]


def generate(schools: int, seed: int) -> Department:
    """A department of so many schools (1 to 200,000), about 17 people each. Raises PeopleError."""
    if not 1 <= schools <= _MAX_SCHOOLS:
        raise PeopleError(f"schools: expected 1 to {_MAX_SCHOOLS}")
    rng = random.Random(seed)  # noqa: S311 - nobody's secrets
    slug = f"sample-{seed}"
    places = tuple(_places(slug, schools, rng))
    return Department(slug, seed, places, tuple(_people(slug, places, rng)))


def write(ledger: Ledger, vault: Vault, made: Department) -> None:
    """Store a department: offices with their events, closed lists, people in service and on rosters.

    Raises PeopleError when an organisation of this seed is there already: then nothing is stored.
    """
    at_ms = now_ms()
    with ledger.write() as connection:
        if connection.scalar(select(org.c.slug).where(org.c.slug == made.slug)) is not None:
            raise PeopleError(f"{made.slug}: is in this ledger already; choose another seed")
        _write_org(connection, made, at_ms)
        _write_offices(connection, made, at_ms)
    for first in range(0, len(made.people), _CHUNK):
        with ledger.write() as connection:
            _write_people(connection, vault, made, made.people[first : first + _CHUNK], at_ms)


def _places(slug: str, schools: int, rng: random.Random) -> Iterator[Place]:
    zones = -(-schools // SCHOOLS_A_ZONE)
    districts = -(-zones // ZONES_A_DISTRICT)
    top = "st"
    yield _place(slug, top, "", "/st/", Level.STATE, "Sample Directorate", "नमूना निदेशालय", rng)
    for d in range(districts):
        code = f"d{d + 1}"
        path = f"/{top}/{code}/"
        yield _place(slug, code, top, path, Level.DISTRICT, f"Sample District {d + 1}", f"नमूना ज़िला {d + 1}", rng)
        for z in range(d * ZONES_A_DISTRICT, min(zones, (d + 1) * ZONES_A_DISTRICT)):
            zone, below = f"z{z + 1}", f"{path}z{z + 1}/"
            yield _place(slug, zone, code, below, Level.ZONE, f"Sample Zone {z + 1}", f"नमूना क्षेत्र {z + 1}", rng)
            for s in range(z * SCHOOLS_A_ZONE, min(schools, (z + 1) * SCHOOLS_A_ZONE)):
                name, hindi = f"Sample School {s + 1:03d}", f"नमूना विद्यालय {s + 1:03d}"
                yield _place(slug, f"s{s + 1}", zone, f"{below}s{s + 1}/", Level.OFFICE, name, hindi, rng)


def _place(
    slug: str, code: str, above: str, path: str, level: Level, name: str, hindi: str, rng: random.Random
) -> Place:
    school = level is Level.OFFICE
    return Place(
        id=_id(slug, "office", code),
        code=code,
        above=above,
        path=path,
        level=level,
        name=name,
        name_hi=hindi,
        urban=rng.random() < 0.3,
        block=f"Sample Block {rng.randrange(1, 40)}",
        latitude=round(rng.uniform(28.0, 30.5), 5),
        longitude=round(rng.uniform(74.5, 77.5), 5),
        grade=rng.choice(("primary", "middle", "high", "senior_secondary")) if school else "office",
        life=rng.choices(("live", "trial", "mapped"), (85, 10, 5))[0] if school else "live",
    )


def _people(slug: str, places: tuple[Place, ...], rng: random.Random) -> Iterator[Employee]:
    n = 0
    for place in places:
        for grade, least, most in STAFF[place.level]:
            for _ in range(rng.randint(least, most)):
                n += 1
                yield _employee(slug, n, place.id, grade, rng)
        for _ in range(rng.randint(0, 2)):
            n += 1
            yield _employee(slug, n, place.id, "", rng)


def _employee(slug: str, n: int, at: bytes, grade: str, rng: random.Random) -> Employee:
    return Employee(
        ref=_id(slug, "person", str(n)),
        name=f"Sample {n:05d} नमूना",
        digits=f"{rng.randrange(10**6):06d}",
        office=at,
        kind="government" if grade else "contractual",
        gender=rng.choice(("female", "male")),
        born_on=dt.date(1966, 1, 1) + dt.timedelta(days=rng.randrange(12_000)),
        division="teaching" if grade in _TEACH else rng.choice(("administration", "examination")),
        designation=grade,
        mobile=f"5{n % 10**9:09d}",
        email=f"sample{n}@{slug}.invalid",
    )


def _write_org(connection: Connection, made: Department, at_ms: int) -> None:
    named = {"name": f"Sample Department {made.seed} (synthetic)", "name_hi": f"नमूना विभाग {made.seed} (कृत्रिम)"}
    connection.execute(insert(org).values(slug=made.slug, **named, state="active", made_ms=at_ms))
    nodal = {"name": "Sample Nodal Officer", "phone": "500-0000", "email": f"nodal@{made.slug}.invalid"}
    settings = [{"org": made.slug, "name": f"nodal_{name}", "value": value} for name, value in nodal.items()]
    connection.execute(insert(org_setting), settings)
    divisions = [{"org": made.slug, "code": c, "name": n, "name_hi": h, "active": True} for c, n, h in DIVISIONS]
    connection.execute(insert(division), divisions)
    posts = [
        {
            "org": made.slug,
            "code": grade.code,
            "name": grade.name,
            "name_hi": grade.name_hi,
            "equivalent": grade.code,
            "rank": grade.rank,
            "teaching": grade.teaching,
            "pay_band": "",
            "active": True,
        }
        for grade in GRADES
    ]
    connection.execute(insert(designation), posts)


def _write_offices(connection: Connection, made: Department, at_ms: int) -> None:
    ids = {place.code: place.id for place in made.places}
    rows, told = [], []
    for place in made.places:
        life = [_opening(place, ids, at_ms)]
        if place.life != "mapped":
            later = SINCE + dt.timedelta(days=30)
            life.append(OfficeEvent(place.id, OfficeKind.LIFE, later, {"life": place.life}, at_ms))
        state = fold(life, dt.date.max)
        assert state is not None  # noqa: S101 - it begins with its opening
        rows.append({"id": place.id, "org": made.slug, **office_row(state, place.path)})
        told += [_told(made.slug, event) for event in life]
    connection.execute(insert(office), rows)
    connection.execute(insert(office_event), told)


def _opening(place: Place, ids: dict[str, bytes], at_ms: int) -> OfficeEvent:
    names = ("code", "name", "name_hi", "urban", "block", "latitude", "longitude", "grade")
    detail: dict[str, Any] = {name: getattr(place, name) for name in names}
    detail |= {"level": place.level.value, "parent": ids[place.above].hex() if place.above else None}
    return OfficeEvent(place.id, OfficeKind.OPEN, SINCE, detail, at_ms)


def _told(slug: str, event: OfficeEvent) -> dict[str, Any]:
    day = event.effective_on.isoformat()
    return {
        "id": _id(slug, "event", event.office.hex() + event.kind.value),
        "org": slug,
        "office": event.office,
        "kind": event.kind.value,
        "effective_on": day,
        "order_no": "sample",
        "ordered_on": day,
        "detail": json.dumps(dict(event.detail), ensure_ascii=False, sort_keys=True),
        "actor": ACTOR,
        "recorded_ms": event.recorded_ms,
    }


def _write_people(
    connection: Connection, vault: Vault, made: Department, people: tuple[Employee, ...], at_ms: int
) -> None:
    base = {"org": made.slug, "base_on": SINCE.isoformat(), "service": "serving", "synthetic": True}
    who, posts, ids = [], [], []
    for one in people:
        closed = vault.close_digits(one.ref, one.digits)
        known = {"ref": one.ref, "name": one.name, "digits": closed, "flags": 0}
        who.append({**known, "active": True, "office": one.office, "since_ms": at_ms})
        told = {name: getattr(one, name) for name in ("kind", "gender", "email", "mobile", "division", "designation")}
        told |= {"born_on": one.born_on.isoformat(), "base_office": one.office, "base_designation": one.designation}
        posts.append({"person": one.ref, **base, **told})
        ids.append({"person": one.ref, "digest": vault.digest("attendance id", one.digits)[:16], "basis": "given"})
    connection.execute(insert(person), who)
    connection.execute(insert(employee), posts)
    connection.execute(insert(attendance_id), ids)
    fetch.name_new(connection, vault, {one.ref: one.digits for one in people})
    roster.change(connection, [one.ref for one in people])


def _id(*parts: str) -> bytes:
    return hashlib.sha256("\0".join(("hazri synthetic", *parts)).encode()).digest()[:8]


assert all(grade in BY_CODE for staff in STAFF.values() for grade, _, _ in staff)  # noqa: S101
