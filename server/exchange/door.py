"""The one door to what goes out: a system's file for a place and days, the calendar, and the lists, by name."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from sqlalchemy import Connection

from server.exchange import NAMES, SYSTEMS, ExchangeError, days, frappe, ical, masters, odoo
from server.exchange.days import Asked
from server.exchange.incoming import Brought
from server.exchange.texts import FORMATS, Names

TITLES = dict(zip(SYSTEMS, (frappe.SYSTEM, odoo.SYSTEM), strict=True))
MAX_LINES = 500_000
Line = TypeVar("Line")
TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json", "ics": "text/calendar; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class File:
    """`form` is csv, json or ics, and the end of its name."""

    name: str
    form: str
    body: bytes


def export(
    connection: Connection, name: str, asked: Asked, form: str = "csv", names: Names | None = None, title: str = ""
) -> File:
    """Raises ExchangeError."""
    span = f"{asked.first}-{asked.last}"
    if name == "calendar":
        found = masters.holidays(connection, asked.org, asked.path)
        return File("holidays.ics", "ics", ical.write(found, title or asked.org, dt.datetime.now(dt.UTC)))
    if name in masters.COLUMNS:
        return File(f"{name}.csv", "csv", masters.export(connection, name, asked.org, asked.path))
    if name not in SYSTEMS:
        raise ExchangeError(f"{name!r}: expected one of {', '.join(NAMES)}")
    if form not in FORMATS:
        raise ExchangeError(f"{form!r}: expected one of {', '.join(FORMATS)}")
    called = names or Names()
    if name == "frappe":
        checkins = _bounded(frappe.checkins(days.read(connection, asked), called))
        return File(f"employee-checkin-{span}.{form}", form, frappe.render(checkins, form))
    attendances = _bounded(odoo.attendances(days.read(connection, asked), called))
    return File(f"hr-attendance-{span}.{form}", form, odoo.render(attendances, form))


def read(name: str, data: bytes) -> Brought:
    """What a file of another system holds. Raises ExchangeError."""
    if name not in SYSTEMS:
        raise ExchangeError(f"{name!r}: expected one of {', '.join(SYSTEMS)}")
    return frappe.read(data) if name == "frappe" else odoo.read(data)


def _bounded(lines: Iterable[Line]) -> list[Line]:
    found = list(islice(lines, MAX_LINES + 1))
    if len(found) > MAX_LINES:
        raise ExchangeError(f"more than {MAX_LINES} lines; ask for one district or zone, or for fewer days")
    return found
