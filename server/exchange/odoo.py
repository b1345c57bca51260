"""hr.attendance of Odoo: one line a day, with employee_id, check_in and check_out.

Odoo keeps times in UTC and takes JSON (`create` of its external API) as such; a CSV file is read in the time zone of
the user who imports it, which is taken to be India's. Of one employee at most one attendance may have no check_out, and
none may overlap, so a departure that was not marked is written as the arrival: no time is claimed to have been worked.
Only a day that is not over is left open. Where a map of names gives Odoo's own numbers, JSON carries them as numbers.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping

from server.exchange.days import Worked
from server.exchange.incoming import Brought, Incoming, gather
from server.exchange.texts import CellError, Names, as_json, decoded, local, moment, records, utc
from server.people.days import IST
from server.web.csv import encode

SYSTEM = "Odoo"
COLUMNS = ("employee_id", "check_in", "check_out")


def attendances(days: Iterable[Worked], names: Names) -> Iterator[dict[str, str | int | None]]:
    """One attendance a day, in Unix ms; `check_out` None: not gone yet. Raises ExchangeError."""
    for day in days:
        came = day.left_ms if day.came_ms is None else day.came_ms
        if came is None or not day.counted:
            continue
        left = None if day.open_ and day.left_ms is None else max(came, day.left_ms or came)
        yield {"employee_id": names.of(day.person), "check_in": came, "check_out": left}


def render(found: Iterable[Mapping[str, str | int | None]], form: str) -> bytes:
    """The whole file."""
    if form == "json":
        return as_json(_values(one) for one in found)
    return encode(COLUMNS, [[one["employee_id"], *_times(one, local)] for one in found])


def _values(one: Mapping[str, str | int | None]) -> dict[str, str | int | bool]:
    who = str(one["employee_id"])
    number = who.isascii() and who.isdigit() and len(who) < 10
    check_in, check_out = _times(one, utc)
    return {"employee_id": int(who) if number else who, "check_in": check_in, "check_out": check_out or False}


def _times(one: Mapping[str, str | int | None], said: Callable[[int], str]) -> tuple[str, str]:
    check_in, check_out = (one[name] for name in COLUMNS[1:])
    return said(int(check_in or 0)), "" if check_out is None else said(int(check_out))


def read(data: bytes) -> Brought:
    """An arrival and, where there is one, a departure a row. Raises ExchangeError."""
    zone = dt.UTC if decoded(data).lstrip()[:1] in ("[", "{") else IST
    return gather(records(data, COLUMNS), lambda row, n: list(_both(row, n, zone)))


def _both(row: Mapping[str, str], n: int, zone: dt.tzinfo) -> Iterator[Incoming]:
    who = row.get("employee_id", "")
    came = moment(row.get("check_in", ""), zone, n, "check_in")
    yield Incoming(n, who, came, True)
    if row.get("check_out"):
        left = moment(row["check_out"], zone, n, "check_out")
        if left < came:
            raise CellError(n, "check_out", "before check_in", "correct the times")
        if left > came:  # the same: no departure was marked
            yield Incoming(n, who, left, False)
