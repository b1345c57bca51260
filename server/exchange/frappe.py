"""Employee Checkin of Frappe HR: one line a punch, as its Data Import takes CSV and its REST interface takes JSON.

Fields as in Frappe HR's own definition of the document (hrms/hr/doctype/employee_checkin/employee_checkin.json):
employee, time, device_id, log_type (IN, OUT or nothing), skip_auto_attendance (0 or 1). `time` has no zone: it is of
the site, which is taken to be India, and is kept to the second. Where the reference of a person stands in the
employee's field attendance_device_id, Frappe's `add_log_based_on_employee_field` finds the employee by it, and no map
is needed.
"""

from collections.abc import Iterable, Iterator, Mapping

from server.exchange.days import Mark, Worked
from server.exchange.incoming import Brought, Incoming, gather
from server.exchange.texts import CellError, Names, as_json, local, moment, records
from server.people.days import IST
from server.web.csv import encode

SYSTEM = "Frappe HR"
COLUMNS = ("employee", "time", "device_id", "log_type", "skip_auto_attendance")
_HINTS = {"in": "IN", "out": "OUT", "movement_in": "IN", "movement_out": "OUT"}
_TRUE = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}


def checkins(days: Iterable[Worked], names: Names) -> Iterator[dict[str, str | int]]:
    """One document a punch. Going out during the day and coming back is skipped by Frappe's reckoning of hours, as it
    is by ours; so are days that are kept and not counted. Raises ExchangeError."""
    for day in days:
        seen: set[tuple[str, str]] = set()
        for mark in day.marks:
            kind = _log_type(day, mark)
            time = local(mark.at_ms)
            if (time, kind) in seen:  # Frappe refuses the same second twice, and a double tap says nothing
                continue
            seen.add((time, kind))
            skip = mark.kind.startswith("movement") or not day.counted
            yield {
                "employee": names.of(day.person), "time": time, "device_id": mark.terminal, "log_type": kind,
                "skip_auto_attendance": int(skip),
            }  # fmt: skip


def _log_type(day: Worked, mark: Mark) -> str:
    """As the day was read: the arrival is IN and the departure OUT, whatever key was pressed."""
    if mark.kind.startswith("movement"):
        return _HINTS[mark.kind]
    if mark.at_ms == day.came_ms:
        return "IN"
    return "OUT" if mark.at_ms == day.left_ms else _HINTS.get(mark.kind, "")


def render(found: Iterable[Mapping[str, str | int]], form: str) -> bytes:
    """The whole file. Cells that begin like a formula are made text in CSV."""
    if form == "json":
        return as_json(found)
    return encode(COLUMNS, [[one[name] for name in COLUMNS] for one in found])


def read(data: bytes) -> Brought:
    """Arrivals and departures of a file. A log without a type is an arrival if it is the first of a day that comes, and
    else a departure; logs that skip auto attendance are passed over. Raises ExchangeError."""
    return gather(records(data, COLUMNS), _one)


def _one(row: Mapping[str, str], n: int) -> list[Incoming]:
    """Raises CellError."""
    skip = _TRUE.get(row.get("skip_auto_attendance", "").lower())
    if skip is None:
        raise CellError(n, "skip_auto_attendance", "neither yes nor no", "write 0 or 1")
    kind = row.get("log_type", "").upper()
    if kind not in ("", "IN", "OUT"):
        raise CellError(n, "log_type", "neither arrival nor departure", "write IN, OUT or nothing")
    at_ms = moment(row.get("time", ""), IST, n, "time")
    came = None if not kind else kind == "IN"
    return [] if skip else [Incoming(n, row.get("employee", ""), at_ms, came, row.get("device_id", ""))]
