"""The lists of an organisation as CSV: out with every heading, and in, all rows or none.

People go out by their reference and never come in this way: whoever is to punch is registered and verified (R1.8). What
comes in is checked as what is typed is (server.people.orgs); a code that is there already is changed, others are added.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from server import PeopleError
from server.days import places
from server.days.places import Place, Source
from server.exchange import TAKEN, ExchangeError, ical
from server.exchange.texts import Names, rows
from server.ledger.tables import designation, device_location, division, employee, holiday, office, person
from server.people import office_imports, orgs
from server.people.imports import BadRow, Report
from server.web.csv import encode

_NAMED = ("code", "name", "name_hi")
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "offices": office_imports.COLUMNS,
    "divisions": (*_NAMED, "head", "officer", "register_by", "cap_post", "active"),
    "designations": (*_NAMED, "equivalent", "pay_band", "grade_pay", "teaching", "cap_post", "active"),
    "locations": ("office", *_NAMED, "active"),
    "holidays": ("day", "name", "name_hi", "office"),
    "people": ("reference", "name", "office", "designation", "kind", "active"),
}
_YES_NO = {"yes": True, "1": True, "true": True, "": True, "no": False, "0": False, "false": False}


def export(connection: Connection, name: str, org: str, path: str = "/") -> bytes:
    """A list as CSV: what stands at a place and below. Raises ExchangeError for a list that is none."""
    if name not in COLUMNS:
        raise ExchangeError(f"{name!r} is no list; known: {', '.join(COLUMNS)}")
    return encode(
        COLUMNS[name], [[one.get(head) for head in COLUMNS[name]] for one in _OUT[name](connection, org, path)]
    )


def holidays(connection: Connection, org: str, path: str) -> list[ical.Holiday]:
    """The holidays that hold at a place, in order."""
    here = [row for row in places.read(connection).holidays if not row.org or _at(row, org, path)]
    here.sort(key=lambda row: (row.since, row.name))
    days = (dt.date.fromisoformat(row.since) for row in here)
    return [
        ical.Holiday(day, row.name, row.name_hi, f"{row.id.hex()}@hazri") for day, row in zip(days, here, strict=True)
    ]


def take(
    connection: Connection, name: str, org: str, data: bytes, source: Source, path: str = "/", *, dry_run: bool
) -> Report:
    """Take a list in. Raises ExchangeError where it is no such file."""
    if name not in TAKEN:
        raise ExchangeError(f"{name!r} is not taken in here; known: {', '.join(TAKEN)}")
    told = rows(data, COLUMNS[name])
    put = _IN[name]
    bad: list[BadRow] = []
    with connection.begin_nested() as trial:
        for n, row in enumerate(told, 1):
            try:
                put(connection, org, path, row, source)
            except PeopleError as error:
                column, colon, why = str(error).partition(": ")
                known = bool(colon) and column in COLUMNS[name]
                todo = "mend the row and bring the file again"
                bad.append(BadRow(n, column if known else "code", why if known else str(error), todo))
        if bad or dry_run:
            trial.rollback()
    return Report(len(told), tuple(bad))


def take_calendar(
    connection: Connection, org: str, path: str, found: Sequence[ical.Holiday], source: Source, *, dry_run: bool
) -> tuple[int, int]:
    """Holidays of a calendar; returns how many are new, and how many were there already."""
    there = {row.since for row in places.read(connection).holidays if (row.org, row.path) == (org, path)}
    added = 0
    with connection.begin_nested() as trial:
        for one in found:
            if one.day.isoformat() not in there:
                there.add(one.day.isoformat())
                places.add_holiday(connection, Place(org, path), one.day, one.name, one.name_hi, source)
                added += 1
        if dry_run:
            trial.rollback()
    return added, len(found) - added


# ── out ──


def _offices(connection: Connection, org: str, path: str) -> Iterator[dict[str, Any]]:
    up = office.alias()
    asked = select(office, up.c.code.label("under")).join_from(office, up, office.c.parent == up.c.id, isouter=True)
    asked = asked.where(office.c.org == org, office.c.path.startswith(path, autoescape=True), office.c.life != "closed")
    for row in connection.execute(asked.order_by(office.c.path)):
        yield dict(row._mapping) | {"urban": "urban" if row.urban else "rural"}


def _divisions(connection: Connection, org: str, _path: str) -> Iterator[dict[str, Any]]:
    for row in connection.execute(select(division).where(division.c.org == org).order_by(division.c.code)):
        owners = {name: value.hex() if value else "" for name, value in (("head", row.head), ("officer", row.officer))}
        yield dict(row._mapping) | owners | {"active": _said(row.active)}


def _designations(connection: Connection, org: str, _path: str) -> Iterator[dict[str, Any]]:
    for row in connection.execute(select(designation).where(designation.c.org == org).order_by(designation.c.code)):
        yield dict(row._mapping) | {"active": _said(row.active), "teaching": _said(row.teaching)}


def _locations(connection: Connection, org: str, path: str) -> Iterator[dict[str, Any]]:
    asked = select(device_location, office.c.code.label("at")).join_from(device_location, office)
    asked = asked.where(office.c.org == org, office.c.path.startswith(path, autoescape=True))
    for row in connection.execute(asked.order_by(office.c.path, device_location.c.code)):
        yield dict(row._mapping) | {"office": row.at, "active": _said(row.active)}


def _holidays(connection: Connection, org: str, path: str) -> Iterator[dict[str, Any]]:
    codes = {row.path: row.code for row in connection.execute(select(office).where(office.c.org == org))}
    for row in places.read(connection).holidays:
        if not row.org or _at(row, org, path) or (row.org == org and row.path.startswith(path)):
            yield dict(row._mapping) | {"day": row.since, "office": codes.get(row.path, "")}


def _people(connection: Connection, org: str, path: str) -> Iterator[dict[str, Any]]:
    asked = select(
        person.c.ref, person.c.name, office.c.code, employee.c.designation, employee.c.kind, person.c.active
    ).join_from(person, office, person.c.office == office.c.id)
    asked = asked.join(employee, employee.c.person == person.c.ref, isouter=True)
    asked = asked.where(office.c.org == org, office.c.path.startswith(path, autoescape=True))
    for row in connection.execute(asked.order_by(office.c.path, person.c.name, person.c.ref)):
        told = {"reference": row.ref.hex(), "name": row.name, "office": row.code, "kind": row.kind}
        yield told | {"designation": row.designation, "active": _said(row.active)}


def _at(row: Any, org: str, path: str) -> bool:
    return bool(row.org == org and path.startswith(row.path))


def _said(value: object) -> str:
    return "yes" if value else "no"


_OUT: Mapping[str, Callable[[Connection, str, str], Iterator[dict[str, Any]]]] = {
    "offices": _offices,
    "divisions": _divisions,
    "designations": _designations,
    "locations": _locations,
    "holidays": _holidays,
    "people": _people,
}

# ── in ──


def _put_division(connection: Connection, org: str, _path: str, row: Mapping[str, str], _source: Source) -> None:
    told: dict[str, Any] = _named(row) | {"register_by": None, "cap_post": row.get("cap_post")}
    if row.get("register_by"):
        told["register_by"] = _day("register_by", row["register_by"]).isoformat()
    for name in ("head", "officer"):
        told[name] = _owner(connection, org, name, row.get(name, ""))
    orgs.put_division(connection, org, row.get("code", ""), told)


def _put_designation(connection: Connection, org: str, _path: str, row: Mapping[str, str], _source: Source) -> None:
    pay = row.get("grade_pay", "")
    if pay and not (pay.isascii() and pay.isdigit() and len(pay) <= 6):
        raise PeopleError("grade_pay: expected rupees, as 4600, or nothing")
    told = _named(row) | {name: row.get(name, "") for name in ("equivalent", "pay_band", "cap_post")}
    told |= {"grade_pay": int(pay) if pay else None}
    if row.get("teaching"):
        told["teaching"] = _truth("teaching", row["teaching"])
    orgs.put_designation(connection, org, row.get("code", ""), told)


def _put_location(connection: Connection, org: str, path: str, row: Mapping[str, str], _source: Source) -> None:
    one = _office(connection, org, path, row.get("office", ""))
    if one is None:
        raise PeopleError("office: no open office of yours has this code")
    orgs.put_device_location(connection, one.id, row.get("code", ""), _named(row))


def _put_holiday(connection: Connection, org: str, path: str, row: Mapping[str, str], source: Source) -> None:
    day, at = _day("day", row.get("day", "")), path
    if row.get("office"):
        one = _office(connection, org, path, row["office"])
        if one is None:
            raise PeopleError("office: no open office of yours has this code")
        at = one.path
    if not row.get("name"):
        raise PeopleError("name: a holiday needs a name")
    h = holiday.c
    same = select(h.id).where(h.org == org, h.path == at, h.since == day.isoformat(), h.withdrawn_ms.is_(None))
    if connection.scalar(same) is None:
        places.add_holiday(connection, Place(org, at), day, row["name"][:200], row.get("name_hi", "")[:200], source)


def _office(connection: Connection, org: str, path: str, code: str) -> Any:
    asked = select(office).where(office.c.org == org, office.c.code == code, office.c.life != "closed")
    return connection.execute(asked.where(office.c.path.startswith(path, autoescape=True))).one_or_none()


def _owner(connection: Connection, org: str, name: str, told: str) -> bytes | None:
    if not told:
        return None
    ref = Names().who(told)
    if ref is None or connection.scalar(select(employee.c.org).where(employee.c.person == ref)) != org:
        raise PeopleError(f"{name}: nobody of this organisation has this reference")
    return ref


def _named(row: Mapping[str, str]) -> dict[str, Any]:
    return {"name": row.get("name"), "name_hi": row.get("name_hi"), "active": _truth("active", row.get("active", ""))}


def _truth(name: str, told: str) -> bool:
    if told.lower() not in _YES_NO:
        raise PeopleError(f"{name}: expected yes or no")
    return _YES_NO[told.lower()]


def _day(name: str, told: str) -> dt.date:
    try:
        return dt.date.fromisoformat(told)
    except ValueError:
        raise PeopleError(f"{name}: expected a date, YYYY-MM-DD") from None


_IN: Mapping[str, Callable[[Connection, str, str, Mapping[str, str], Source], None]] = {
    "divisions": _put_division,
    "designations": _put_designation,
    "locations": _put_location,
    "holidays": _put_holiday,
}
