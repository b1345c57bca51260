"""Every return by its name, and `make`: the one door through which pages, commands and the schedule get one."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from sqlalchemy import Connection, select

from server.access.keys import AccessKeys
from server.ledger.tables import office, org
from server.returns import ReturnError, attend, late, machines, oversee, words
from server.returns.model import Asked, Return, Text

Maker = Callable[[Connection, Asked], Return]

RETURNS: Mapping[str, Maker] = {
    "monthly": attend.monthly,
    "latecomers": late.latecomers,
    "employees": late.employees,
    "lsa": oversee.lsa,
    "compliance": oversee.compliance,
    "back-entered": oversee.back_entered,
    "coverage": oversee.coverage,
    "daily": attend.daily,
    "movement": oversee.movement,
    "register": oversee.register,
    "fingers": machines.fingers,
    "terminals": machines.terminals,
}
_OF_DAYS = ("monthly", "latecomers", "employees", "daily")
CUSTODY = "custody"  # opens mobile numbers, so it needs the keys
NAMES = (*RETURNS, CUSTODY)
_MONTH = re.compile(r"\d{4}-\d{2}\Z")


def make(connection: Connection, name: str, asked: Asked, keys: AccessKeys | None = None) -> Return:
    """Raises ReturnError, and AttendanceError where its facts contradict each other."""
    if not _MONTH.match(asked.month):
        raise ReturnError(f"month: {asked.month!r} is none; expected YYYY-MM")
    if name == CUSTODY:
        if keys is None:
            raise ReturnError("custody: the keys that open mobile numbers are not at hand")
        return oversee.custody_register(connection, asked, keys)
    if name not in RETURNS:
        raise ReturnError(f"{name!r} is no return; known: {', '.join(NAMES)}")
    found = RETURNS[name](connection, asked)
    if name in _OF_DAYS and not attend.worked_out(connection, asked):
        return replace(found, notes=(words.NO_DAYS, *found.notes))
    return found


def place(connection: Connection, code: str, slug: str = "") -> tuple[str, str, Text]:
    """Organisation, path and name of the office of a code; of an empty code, of the whole organisation.

    Raises ReturnError where there is none, or one of several must be named.
    """
    orgs = connection.execute(select(org.c.slug, org.c.name, org.c.name_hi).order_by(org.c.slug)).all()
    mine = [row for row in orgs if not slug or row.slug == slug]
    if not code:
        if len(mine) != 1:
            names = ", ".join(row.slug for row in orgs) or "none"
            raise ReturnError(f"which organisation? name it with --org; known: {names}")
        return mine[0].slug, "/", Text(mine[0].name, mine[0].name_hi)
    asked = select(office).where(office.c.code == code, office.c.org.in_([row.slug for row in mine]))
    found = connection.execute(asked).all()
    if len(found) != 1:
        many = "several organisations have an office" if found else "there is no office"
        raise ReturnError(f"{code}: {many} of this code" + ("; name one with --org" if found else ""))
    return found[0].org, found[0].path, Text(found[0].name, found[0].name_hi)
