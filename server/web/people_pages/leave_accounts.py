"""Leave accounts: everybody's balances, one person's entries, and crediting what a year or an order gives (R2.4)."""

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import select

from server import ServerError
from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope, visible
from server.attendance.rules import ACCOUNTED
from server.ledger.tables import person
from server.requests import RequestError, leave
from server.web.people_pages.desk import Form, Typed, actor, ident, parts, show, today

router = APIRouter(include_in_schema=False)

Keeper = Annotated[Scope, may(Right.LEAVE)]
ALL = "all"
_STAFF = 500


@router.get("/leave-accounts")
def accounts(request: Request, scope: Keeper, of: str = "") -> Response:
    return _accounts(request, scope, of, "", {})


@router.post("/leave-accounts")
def credit(request: Request, scope: Keeper, typed: Form) -> Response:
    services, p = parts(request)
    try:
        halves, on = _halves(typed), typed.day("on")
        with services.ledger.write() as connection:
            mine = visible(select(person.c.ref), person, scope).where(person.c.active)
            if typed.text("person") != ALL:
                mine = mine.where(person.c.ref == ident(typed.text("person"), "there is no such person"))
            refs = list(connection.scalars(mine.limit(_STAFF)))
            if not refs:
                raise HTTPException(404, "there is no such person")
            for ref in refs:
                leave.grant(connection, ref, typed.text("kind"), halves, on, typed.text("order"), actor(request))
    except ServerError as error:
        return _accounts(request, scope, "", p.say(str(error)), typed.texts)
    of = "" if typed.text("person") == ALL else typed.text("person")
    return RedirectResponse(f"/leave-accounts?of={of}", 303)


def _accounts(request: Request, scope: Scope, of: str, wrong: str, told: Any) -> Response:
    services, p = parts(request)
    with services.ledger.read() as connection:
        mine = visible(select(person.c.ref, person.c.name), person, scope).where(person.c.active)
        staff = connection.execute(mine.order_by(person.c.name, person.c.ref).limit(_STAFF)).all()
        left = leave.balances(connection, [row.ref for row in staff])
        one = next((row for row in staff if row.ref.hex() == of), None)
        if of and one is None:
            raise HTTPException(404, "there is no such person")
        entries = leave.account(connection, one.ref) if one is not None else ()
    context: dict[str, Any] = {"staff": staff, "left": left, "one": one, "entries": entries, "told": told}
    context |= {"kinds": [(kind, p.of("leave", kind)) for kind in ACCOUNTED], "today": today()}
    context |= {"choices": [(ALL, p.everybody), *((row.ref.hex(), row.name) for row in staff)]}
    return show(request, "people_leave.html", 400 if wrong else 200, problems={"": wrong} if wrong else {}, **context)


def _halves(typed: Typed) -> int:
    """Raises RequestError."""
    try:
        halves = float(typed.text("days")) * 2
    except ValueError:
        halves = 0
    if halves != halves // 1 or not 1 <= halves <= 2000:
        raise RequestError("expected 0.5 to 1000 days")
    return int(halves)
