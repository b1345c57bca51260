"""Offices by the file: CSV, every bad row told of at once, all opened or none."""

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import Connection, select

from server import PeopleError
from server.ledger.tables import office
from server.people import offices
from server.people.imports import BadRow, Report, csv_rows
from server.people.offices import Order

MAX_BYTES = 16 * 1024 * 1024
_PLACE = ("urban", "block", "latitude", "longitude", "desk_phone")
COLUMNS = ("code", "under", "level", "name", "name_hi", *_PLACE, "grade")
_URBAN = {"urban": True, "yes": True, "rural": False, "no": False}


def take(connection: Connection, org: str, data: bytes, order: Order, today: dt.date, *, dry_run: bool) -> Report:
    """Open every office of a file, those above before those below. Raises PeopleError when it is no such file."""
    if len(data) > MAX_BYTES:
        raise PeopleError(f"the file is larger than {MAX_BYTES // 1024 // 1024} MB; import it in parts")
    rows = list(csv_rows(data, COLUMNS))
    asked = select(office.c.code, office.c.id).where(office.c.org == org)
    known = {row.code: row.id for row in connection.execute(asked)}
    bad: list[BadRow] = []
    with connection.begin_nested() as trial:
        for n, row in enumerate(rows, 1):
            try:
                code = str(row.get("code", ""))
                known[code] = offices.open_office(connection, org, _detail(row, known), order, today)
            except PeopleError as error:
                column, _, why = str(error).rpartition(": ")
                bad.append(BadRow(n, column if column in COLUMNS else "code", why, "mend the row and import again"))
        if bad or dry_run:
            trial.rollback()
    return Report(len(rows), tuple(bad))


def _detail(row: Mapping[str, object], known: Mapping[str, bytes]) -> dict[str, object]:
    told = {name: value for name, value in row.items() if value != "" and name not in ("under", "urban")}
    for name in ("latitude", "longitude"):
        if name in told:
            told[name] = _degrees(name, str(told[name]))
    if row.get("urban"):
        if str(row["urban"]).lower() not in _URBAN:
            raise PeopleError("urban: expected urban or rural")
        told["urban"] = _URBAN[str(row["urban"]).lower()]
    if row.get("under"):
        if row["under"] not in known:
            raise PeopleError("under: no office of this code, in the ledger or in a row above")
        told["parent"] = known[str(row["under"])]
    return told


def _degrees(name: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise PeopleError(f"{name}: expected degrees, as 29.96") from None
