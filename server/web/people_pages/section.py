"""The Section Officer's late register with remarks (R2.7), and deductions to confirm, reject, and take back (R2.10)."""

import datetime as dt
import json
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection, select

from server import ServerError
from server.access import names as account_names
from server.access import trail
from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope, visible
from server.attendance.clock import days_of
from server.attendance.rules import ACCOUNTED
from server.attendance.types import DayFlag
from server.days.store import as_known
from server.ledger.store import now_ms
from server.ledger.tables import attendance_day, deduction_line, employee, person
from server.ledger.tables import trail as trail_table
from server.people.days import IST, start_ms
from server.requests import RequestError, deduct
from server.web import csv
from server.web.pages import language
from server.web.people_pages.corner import derivations, known
from server.web.people_pages.desk import Form, actor, ident, parts, show, today

router = APIRouter(include_in_schema=False)

Officer = Annotated[Scope, may(Right.LATE_REGISTER)]
REMARK = "remark on a late day"  # an entry of the trail: who, when, and never altered
_ROWS = 500
_MAX_REMARK = 300
_COLUMNS = ("day", "name", "designation", "first", "minutes", "remark")


@router.get("/late")
def register(request: Request, scope: Officer, month: str = "") -> Response:
    return _register(request, scope, month, "")


@router.get("/late.csv")
def as_csv(request: Request, scope: Officer, month: str = "") -> Response:
    services, p = parts(request)
    with services.ledger.read() as connection:
        rows, remarks = _late(connection, scope, _month(month))
    said = {key: "; ".join(one.detail for one in found) for key, found in remarks.items()}
    beside = ((row, said.get((row.person.hex(), row.day), "")) for row in rows)
    told = [(row.day, row.name, row.designation, _hhmm(row), row.late_min, text) for row, text in beside]
    return csv.answer("late-register.csv", [p.of("late_register", name) for name in _COLUMNS], told)


@router.post("/late/{ref}/{day}")
def remark(request: Request, scope: Officer, ref: str, day: str, typed: Form) -> Response:
    """A remark beside the day. Neither the punch nor the day is changed by it."""
    services, p = parts(request)
    text = typed.text("remark")
    which = ident(ref, "there is no such person")
    with services.ledger.write() as connection:
        asked = visible(as_known(select(attendance_day)), attendance_day, scope)
        mine = attendance_day.c.person == which, attendance_day.c.day == day[:10]
        if connection.execute(asked.where(*mine)).first() is None:
            raise HTTPException(404, "there is no such day")
        if 1 <= len(text) <= _MAX_REMARK and text.isprintable():
            entry = trail.Entry(actor(request), REMARK, f"{ref}/{day[:10]}", "done", text, at_ms=now_ms())
            trail.add(connection, entry)
            return RedirectResponse(f"/late?month={day[:7]}", 303)
    return _register(request, scope, day[:7], p.remark_wrong)


@router.get("/deductions")
def deductions(request: Request, scope: Officer, month: str = "") -> Response:
    return _deductions(request, scope, month, "")


@router.post("/deductions/{month}")
def reckon(request: Request, scope: Officer, month: str) -> Response:
    """Propose what the month comes to for everybody of one's own. The same again adds nothing."""
    services, p = parts(request)
    try:
        days_of(month)
        with services.ledger.write() as connection:
            people = list(connection.scalars(visible(select(person.c.ref), person, scope).where(person.c.active)))
            deduct.settle(connection, people, month, now_ms(), f"reckoned for {month}")
    except ServerError as error:
        return _deductions(request, scope, month, p.say(str(error)))
    return RedirectResponse(f"/deductions?month={month}", 303)


@router.post("/deductions/{month}/{ref}/{ordinal}")
def decide(request: Request, scope: Officer, month: str, ref: str, ordinal: str, typed: Form) -> Response:
    services, p = parts(request)
    which = ident(ref, "there is no such deduction")
    if not (ordinal.isascii() and ordinal.isdigit() and len(ordinal) < 5):
        raise HTTPException(404, "there is no such deduction")
    key = which, month, int(ordinal)
    try:
        with services.ledger.write() as connection:
            mine = visible(select(deduction_line), deduction_line, scope).where(deduction_line.c.person == which)
            if connection.execute(mine.where(deduction_line.c.month == month)).first() is None:
                raise HTTPException(404, "there is no such deduction")
            step = typed.text("step")
            if step == "confirm":
                kind = typed.text("kind") or None
                if kind is not None and kind not in ACCOUNTED:
                    raise RequestError("choose the leave that is to be taken")
                deduct.confirm(connection, key, actor(request), now_ms(), kind)
            elif step == "reopen":
                deduct.reopen(connection, key, actor(request), now_ms(), typed.text("reason"))
            else:
                deduct.reject(connection, key, actor(request), now_ms(), typed.text("reason"))
    except ServerError as error:
        return _deductions(request, scope, month, p.say(str(error)))
    return RedirectResponse(f"/deductions?month={month}", 303)


def _register(request: Request, scope: Scope, month: str, wrong: str) -> Response:
    services, _ = parts(request)
    first = _month(month)
    with services.ledger.read() as connection:
        rows, remarks = _late(connection, scope, first)
        by = account_names.of_actors(connection, [one.who for found in remarks.values() for one in found])
        hows = derivations(connection, rows, language(request).code)
    told = [(row, how, remarks.get((row.person.hex(), row.day), [])) for row, how in zip(rows, hows, strict=True)]
    counts: dict[bytes, int] = {}
    for row in rows:
        counts[row.person] = counts.get(row.person, 0) + 1
    context = {"told": told, "month": f"{first:%Y-%m}", "counts": counts, "by": by, "hhmm": _hhmm, "kindest": _kindest}
    problems = {"": wrong} if wrong else {}
    return show(request, "people_late_register.html", 400 if wrong else 200, problems=problems, **context)


def _late(connection: Connection, scope: Scope, first: dt.date) -> tuple[list[Any], dict[tuple[str, str], list[Any]]]:
    """The late days of a month in scope, the newest first; and the remarks on them."""
    d = attendance_day.c
    asked = select(attendance_day, person.c.name, employee.c.designation)
    asked = asked.join_from(attendance_day, person, d.person == person.c.ref)
    asked = as_known(asked.join(employee, employee.c.person == person.c.ref, isouter=True))
    asked = visible(asked, attendance_day, scope).where(d.day.startswith(f"{first:%Y-%m}-"), d.late_min > 0)
    newest = asked.order_by(d.day.desc(), person.c.name).limit(_ROWS)
    rows = [row for row in connection.execute(newest) if row.flags & DayFlag.LATE]
    t = trail_table.c
    said = select(trail_table).where(t.action == REMARK, t.at_ms >= start_ms(first)).order_by(t.number)
    remarks: dict[tuple[str, str], list[Any]] = {}
    for one in connection.execute(said):
        ref, _, day = one.object.partition("/")
        remarks.setdefault((ref, day), []).append(one)
    return rows, remarks


def _deductions(request: Request, scope: Scope, month: str, wrong: str) -> Response:
    services, _ = parts(request)
    first = _month(month, back=True)
    d = deduction_line.c
    with services.ledger.read() as connection:
        asked = visible(select(deduction_line), deduction_line, scope).where(d.month == f"{first:%Y-%m}")
        last: dict[tuple[bytes, int], Any] = {}
        for row in connection.execute(asked.order_by(d.person, d.ordinal, d.turn)):
            last[row.person, row.ordinal] = row
        names = known(connection, [ref for ref, _ in last])
    rows = [(row, json.loads(row.days)) for row in last.values()]
    context = {"rows": rows, "names": names, "month": f"{first:%Y-%m}", "leaves": ACCOUNTED}
    problems = {"": wrong} if wrong else {}
    return show(request, "people_deductions.html", 400 if wrong else 200, problems=problems, **context)


def _month(told: str, *, back: bool = False) -> dt.date:
    """Its first day; where none is told this month's, or the last one's."""
    try:
        return dt.date.fromisoformat(f"{told}-01")
    except ValueError:
        first = today().replace(day=1)
        return (first - dt.timedelta(days=1)).replace(day=1) if back else first


def _hhmm(row: Any) -> str:
    """The arrival, in the middle of what the clock is sure of: as the derivation says it."""
    at_ms = None if row.first_low_ms is None else (row.first_low_ms + (row.first_high_ms or row.first_low_ms)) // 2
    return _clock(at_ms)


def _kindest(row: Any) -> str:
    """The earliest arrival that the clock allows: minutes late are counted from it, and the return tells it."""
    return _clock(row.first_low_ms)


def _clock(at_ms: int | None) -> str:
    return "" if at_ms is None else dt.datetime.fromtimestamp(at_ms / 1000, IST).strftime("%H:%M")
