"""The reporting officer: what people ask for, agreed or refused; and duty elsewhere declared by order (R4.6)."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import select

from server import ServerError
from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope, visible
from server.ledger.tables import person
from server.ledger.tables import request as requests
from server.requests import desk as room
from server.requests import leave
from server.requests.kinds import Kind
from server.web.people_pages.corner import known, read_ask
from server.web.people_pages.desk import Form, actor, ident, parts, show

router = APIRouter(include_in_schema=False)

Officer = Annotated[Scope, may(Right.DECIDE)]
STATES = ("asked", "approved", "refused", "withdrawn")
BY_ORDER = (Kind.ON_DUTY, Kind.TOUR)
_ROWS = 200


@router.get("/requests")
def queue(request: Request, scope: Officer, state: str = "asked") -> Response:
    return _queue(request, scope, state, "", {})


@router.post("/requests/{id_}")
def decide(request: Request, scope: Officer, id_: str, typed: Form) -> Response:
    services, p = parts(request)
    which = ident(id_, "there is no such request")
    try:
        with services.ledger.write() as connection:
            mine = visible(select(requests.c.id).where(requests.c.id == which), requests, scope)
            if connection.scalar(mine) is None:
                raise HTTPException(404, "there is no such request")
            if typed.text("step") == "approve":
                room.approve(connection, which, actor(request), typed.text("words")[:500])
            else:
                room.refuse(connection, which, actor(request), typed.text("words")[:500])
    except ServerError as error:
        return _queue(request, scope, "asked", p.say(str(error)), {})
    return RedirectResponse("/requests", 303)


@router.post("/duty")
def declare(request: Request, scope: Annotated[Scope, may(Right.ON_DUTY)], typed: Form) -> Response:
    """Somebody is sent elsewhere by order: nobody has to ask for it."""
    services, p = parts(request)
    try:
        with services.ledger.write() as connection:
            mine = visible(select(person.c.ref), person, scope).where(person.c.ref == _ref(typed.text("person")))
            ref = connection.scalar(mine)
            if ref is None:
                raise HTTPException(404, "there is no such person")
            room.enter(connection, read_ask(ref, typed, BY_ORDER), actor(request))
    except ServerError as error:
        return _queue(request, scope, "asked", p.say(str(error)), typed.texts)
    return RedirectResponse("/requests?state=approved", 303)


def _queue(request: Request, scope: Scope, state: str, wrong: str, told: Any) -> Response:
    services, p = parts(request)
    state = state if state in STATES else STATES[0]
    with services.ledger.read() as connection:
        asked = visible(select(requests), requests, scope).where(requests.c.state == state)
        order = requests.c.asked_ms.asc() if state == "asked" else requests.c.asked_ms.desc()
        rows = connection.execute(asked.order_by(order).limit(_ROWS)).all()
        people = [row.person for row in rows]
        names, left = known(connection, people), leave.balances(connection, people)
        mine = visible(select(person.c.ref, person.c.name), person, scope).where(person.c.active)
        staff = [(row.ref.hex(), row.name) for row in connection.execute(mine.order_by(person.c.name).limit(500))]
    lines = [(row, json.loads(row.detail), left[row.person]) for row in rows]
    kinds = [(one.value, p.of("ask", one.value)) for one in BY_ORDER]
    context: dict[str, Any] = {"lines": lines, "names": names, "state": state, "states": STATES, "staff": staff}
    context |= {"kinds": kinds, "told": told, "problems": {"": wrong} if wrong else {}}
    return show(request, "people_requests.html", 400 if wrong else 200, **context)


def _ref(told: str) -> bytes:
    return ident(told, "there is no such person")
