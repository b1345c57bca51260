"""The movement register at the gate (R1.16), and the branch register beside the machine (R2.9)."""

import datetime as dt
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Query, Request, Response
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
from server.web.people_pages import tree
from server.web.people_pages.corner import clock, read_ask
from server.web.people_pages.desk import Form, Typed, actor, ident, one_of, orgs_of, parts, show, today

router = APIRouter(include_in_schema=False)

Wing = Annotated[Scope, may(Right.MOVEMENTS)]
Branch = Annotated[Scope, may(Right.BRANCH_REGISTER)]
Page = Annotated[int, Query(ge=1, le=100_000)]
_STAFF = 500
_LEVEL = 200


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
def book(
    request: Request,
    scope: Branch,
    day: str = "",
    org: str = "",
    office: str = "",
    at: str = "",
    q: str = "",
    page: Page = 1,
) -> Response:
    """The register of one office: of the one there is, else of `office`, which is looked for below `at` or by `q`."""
    services, _ = parts(request)
    with services.ledger.read() as connection:
        orgs = orgs_of(connection, scope)
        org = one_of(orgs, org)
        here = tree.standing(connection, scope, org, office or at)
        if here is not None and office:
            return _book(request, connection, scope, here, _date(day), page)
        below = tree.search(connection, scope, org, q) if q else tree.below(connection, scope, org, here)
        below = tree.open_(below)
        if here is not None and not (below or at or q):
            return _book(request, connection, scope, here, _date(day), page)
        context: dict[str, Any] = {"above": tree.above(connection, scope, here) if here else [], "here": here, "q": q}
        context |= {"several": len(tree.tops(connection, scope, org)) > 1}
    context |= {"org": org, "org_names": [(one, one) for one in orgs], "on": _date(day), "page": page}
    context |= {"rows": below[(page - 1) * _LEVEL : page * _LEVEL], "more": len(below) > page * _LEVEL}
    return show(request, "people_branch_where.html", **context)


@router.post("/register-book/{day}")
def sign(request: Request, scope: Branch, day: str, typed: Form) -> Response:
    """Whoever was ticked has signed in the register on paper."""
    services, p = parts(request)
    on = _date(day)
    with services.ledger.read() as connection:
        here = _kept_at(connection, scope, typed)
    try:
        if on > today():
            raise RequestError("the register of a day to come is not signed yet")
        with services.ledger.write() as connection:
            for ref in registers.unsigned(connection, here.id, on, _ticked(typed)):
                room.enter(connection, Ask(ref, Kind.REGISTER, on, on), actor(request))
    except ServerError as error:
        return _again(request, scope, here, on, typed, p.say(str(error)))
    return _look_at(here, on, typed)


@router.post("/register-book/{day}/{id_}")
def unsign(request: Request, scope: Branch, day: str, id_: str, typed: Form) -> Response:
    """A line that was keyed in by mistake; it stays on record as withdrawn."""
    services, p = parts(request)
    which, on = ident(id_, "there is no such line"), _date(day)
    with services.ledger.read() as connection:
        here = _kept_at(connection, scope, typed)
    try:
        with services.ledger.write() as connection:
            mine = (
                select(requests.c.id)
                .join(person, person.c.ref == requests.c.person)
                .where(person.c.office == here.id, requests.c.id == which, requests.c.kind == Kind.REGISTER.value)
            )
            if connection.scalar(mine) is None:
                raise HTTPException(404, "there is no such line")
            room.withdraw(connection, which, actor(request))
    except ServerError as error:
        return _again(request, scope, here, on, typed, p.say(str(error)))
    return _look_at(here, on, typed)


def _book(
    request: Request, connection: Connection, scope: Scope, here: Any, on: dt.date, page: int, wrong: str = ""
) -> Response:
    rows = registers.branch(connection, here.id, on, (page - 1) * registers.PAGE, registers.PAGE + 1)
    context: dict[str, Any] = {"rows": rows[: registers.PAGE], "more": len(rows) > registers.PAGE, "page": page}
    context |= {"counts": registers.compared(connection, here.id, on.replace(day=1), on), "cells": list(Marked)}
    context |= {"here": here, "above": tree.above(connection, scope, here), "on": on}
    context |= {"several": len(tree.tops(connection, scope, here.org)) > 1}
    context |= {"odd": (Marked.MACHINE_ONLY, Marked.REGISTER_ONLY), "problems": {"": wrong} if wrong else {}}
    return show(request, "people_branch.html", 400 if wrong else 200, **context)


def _again(request: Request, scope: Scope, here: Any, on: dt.date, typed: Typed, wrong: str) -> Response:
    with parts(request)[0].ledger.read() as connection:
        return _book(request, connection, scope, here, on, _page(typed), wrong)


def _look_at(here: Any, on: dt.date, typed: Typed) -> Response:
    told = urlencode({"day": on, "org": here.org, "office": here.code, "page": _page(typed)})
    return RedirectResponse(f"/register-book?{told}", 303)


def _kept_at(connection: Connection, scope: Scope, typed: Typed) -> Any:
    """The office whose register was filled in. Raises HTTPException 404."""
    return tree.by_code(connection, scope, typed.text("org"), typed.text("office"))


def _ticked(typed: Typed) -> list[bytes]:
    told = [name.removeprefix("s-") for name in typed.texts if name.startswith("s-")]
    return [ident(one, "there is no such person") for one in told]


def _page(typed: Typed) -> int:
    told = typed.text("page")
    return int(told) if told.isdecimal() and 0 < len(told) < 6 and int(told) else 1


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
