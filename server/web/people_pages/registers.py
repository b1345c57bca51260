"""The movement register at the gate (R1.16), and the branch register beside the machine (R2.9)."""

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection, select

from server import ServerError
from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope, visible
from server.attendance.reconcile import Marked
from server.ledger.tables import person
from server.ledger.tables import request as requests
from server.requests import RequestError, registers
from server.requests import desk as room
from server.requests.kinds import Ask, Kind
from server.web.people_pages.corner import clock, read_ask
from server.web.people_pages.desk import Form, actor, ident, parts, show, today

router = APIRouter(include_in_schema=False)

Wing = Annotated[Scope, may(Right.MOVEMENTS)]
Branch = Annotated[Scope, may(Right.BRANCH_REGISTER)]
_STAFF = 500


# ── the gate ──


@router.get("/movements")
def movements(request: Request, scope: Wing, week: str = "") -> Response:
    return _movements(request, scope, week, "", {})


@router.post("/movements")
def leaves(request: Request, scope: Wing, typed: Form) -> Response:
    """Somebody signs out at the gate."""
    services, p = parts(request)
    try:
        with services.ledger.write() as connection:
            ref = _one_of(connection, scope, typed.text("person"))
            room.enter(connection, read_ask(ref, typed, (Kind.MOVEMENT,)), actor(request))
    except ServerError as error:
        return _movements(request, scope, typed.text("since"), p.say(str(error)), typed.texts)
    return RedirectResponse(f"/movements?week={typed.text('since')}", 303)


@router.post("/movements/{id_}")
def is_back(request: Request, scope: Wing, id_: str, typed: Form) -> Response:
    """The return, once."""
    services, p = parts(request)
    which = ident(id_, "there is no such line")
    since = ""
    try:
        with services.ledger.write() as connection:
            mine = visible(select(requests.c.since).where(requests.c.id == which), requests, scope)
            since = connection.scalar(mine) or ""
            if not since:
                raise HTTPException(404, "there is no such line")
            room.returned(connection, which, clock(dt.date.fromisoformat(since), typed.text("back")), actor(request))
    except ServerError as error:
        return _movements(request, scope, since, p.say(str(error)), {})
    return RedirectResponse(f"/movements?week={since}", 303)


def _movements(request: Request, scope: Scope, week: str, wrong: str, told: Any) -> Response:
    services, _ = parts(request)
    on = _date(week)
    first = on - dt.timedelta(days=on.weekday())
    with services.ledger.read() as connection:
        rows = registers.movements(connection, scope, first, first + dt.timedelta(days=6))
        mine = visible(select(person.c.ref, person.c.name), person, scope).where(person.c.active)
        staff = [(row.ref.hex(), row.name) for row in connection.execute(mine.order_by(person.c.name).limit(_STAFF))]
    context: dict[str, Any] = {"rows": rows, "staff": staff, "first": first, "told": told, "today": today()}
    context |= {"problems": {"": wrong} if wrong else {}}
    return show(request, "people_movements.html", 400 if wrong else 200, **context)


# ── the branch ──


@router.get("/register-book")
def book(request: Request, scope: Branch, day: str = "") -> Response:
    return _book(request, scope, _date(day), "")


@router.post("/register-book/{day}")
def sign(request: Request, scope: Branch, day: str, typed: Form) -> Response:
    """Whoever was ticked has signed in the register on paper."""
    services, p = parts(request)
    on = _date(day)
    try:
        if on > today():
            raise RequestError("the register of a day to come is not signed yet")
        with services.ledger.write() as connection:
            there = {one.person: one.entry for one in registers.branch(connection, scope, on)}
            for ref, entry in there.items():
                if entry is None and typed.text(f"s-{ref.hex()}"):
                    room.enter(connection, Ask(ref, Kind.REGISTER, on, on), actor(request))
    except ServerError as error:
        return _book(request, scope, on, p.say(str(error)))
    return RedirectResponse(f"/register-book?day={on}", 303)


@router.post("/register-book/{day}/{id_}")
def unsign(request: Request, scope: Branch, day: str, id_: str) -> Response:
    """A line that was keyed in by mistake; it stays on record as withdrawn."""
    services, p = parts(request)
    which, on = ident(id_, "there is no such line"), _date(day)
    try:
        with services.ledger.write() as connection:
            mine = visible(select(requests.c.id), requests, scope).where(
                requests.c.id == which, requests.c.kind == Kind.REGISTER.value
            )
            if connection.scalar(mine) is None:
                raise HTTPException(404, "there is no such line")
            room.withdraw(connection, which, actor(request))
    except ServerError as error:
        return _book(request, scope, on, p.say(str(error)))
    return RedirectResponse(f"/register-book?day={on}", 303)


def _book(request: Request, scope: Scope, on: dt.date, wrong: str) -> Response:
    services, _ = parts(request)
    with services.ledger.read() as connection:
        rows = registers.branch(connection, scope, on)
        counts = registers.compared(connection, scope, [on.replace(day=1), on])
    context: dict[str, Any] = {"rows": rows, "on": on, "counts": counts, "cells": list(Marked)}
    context |= {"odd": (Marked.MACHINE_ONLY, Marked.REGISTER_ONLY), "problems": {"": wrong} if wrong else {}}
    return show(request, "people_branch.html", 400 if wrong else 200, **context)


def _one_of(connection: Connection, scope: Scope, told: str) -> bytes:
    """Raises HTTPException 404."""
    which = ident(told, "there is no such person")
    ref = connection.scalar(visible(select(person.c.ref), person, scope).where(person.c.ref == which))
    if ref is None:
        raise HTTPException(404, "there is no such person")
    return bytes(ref)


def _date(told: str) -> dt.date:
    try:
        return dt.date.fromisoformat(told)
    except ValueError:
        return today()
