"""Machines that ask to be let in, and who lets them in or turns them away (server/fleet/claims.py)."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection, Select, select

from server import ClaimError, FleetError
from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope, visible
from server.access.visitor import actor
from server.fleet.claims import Desk, Made, State
from server.fleet.claims import make as make_token
from server.ledger.tables import claim, claim_token, office
from server.web.fleet_pages.frame import RowId, csrf, names, not_there, read, show, words
from server.web.fleet_pages.manage import here, office_of, offices, token_file
from server.web.services import Services

router = APIRouter(include_in_schema=False)
Command = Annotated[Scope, may(Right.COMMAND)]
_DECIDED = 50


@router.get("/claims")
def claims_page(request: Request, scope: Command) -> Response:
    """Who waits, the longest first; then what was decided of late."""
    return _page(request, scope)


@router.post("/claims/token")
def token(
    request: Request,
    scope: Command,
    where: Annotated[str, Form(max_length=80)] = "",
    number: Annotated[str, Form(max_length=32)] = "",
    url: Annotated[str, Form(max_length=200)] = "",
    at_once: Annotated[str, Form(max_length=8)] = "",
) -> Response:
    """A token for a new machine of an office, as the file its card wants."""

    def make(connection: Connection) -> Made:
        place = office_of(request, connection, scope, where)
        by = actor(request)
        return make_token(connection, by, office_id=place, terminal_id=number.strip(), at_once=bool(at_once))

    try:
        return token_file(request, url, make)
    except FleetError as error:
        return _page(request, scope, words(request).say(str(error)), 409)


@router.post("/claims/{one}/approve")
def approve(request: Request, scope: Command, one: RowId) -> Response:
    ref = _seen(request, scope, one)
    return _decide(request, scope, lambda desk: desk.approve(ref, actor(request)))


@router.post("/claims/{one}/refuse")
def refuse(request: Request, scope: Command, one: RowId, why: Annotated[str, Form(max_length=200)] = "") -> Response:
    ref = _seen(request, scope, one)
    return _decide(request, scope, lambda desk: desk.refuse(ref, actor(request), why.strip()))


def _page(request: Request, scope: Scope, problem: str = "", status: int = 200) -> Response:
    c = claim.c
    waiting, decided = c.state == State.PENDING, c.decided_ms.is_not(None)
    with read(request) as connection:
        pending = connection.execute(_rows(scope).where(waiting).order_by(c.asked_ms, c.id).limit(200)).all()
        past = connection.execute(_rows(scope).where(decided).order_by(c.decided_ms.desc()).limit(_DECIDED)).all()
        actor = names(connection, {who for row in (*pending, *past) for who in (row.by, row.made_by)}, words(request))
        near = offices(connection, scope)
    context = {"pending": pending, "past": past, "actor": actor, "problem": problem, "csrf": csrf(request)}
    context |= {"offices": near, "url": here(request)}
    return show(request, "fleet_claims.html", "claims", context, status=status)


def _rows(scope: Scope) -> Select[Any]:
    where = office.c.name.label("office_name"), office.c.name_hi.label("office_name_hi")
    asked = select(claim, claim_token.c.by.label("made_by"), claim_token.c.replaces, *where)
    asked = asked.join_from(claim, claim_token, claim.c.token == claim_token.c.id)
    return visible(asked.join(office, claim.c.office == office.c.id, isouter=True), claim, scope)


def _seen(request: Request, scope: Scope, one: str) -> bytes:
    ref = bytes.fromhex(one)
    with read(request) as connection:
        if connection.execute(visible(select(claim.c.id).where(claim.c.id == ref), claim, scope)).one_or_none() is None:
            raise not_there(request)
    return ref


def _decide(request: Request, scope: Scope, do: Callable[[Desk], object]) -> Response:
    services: Services = request.app.state.services
    if services.desk is None:
        raise HTTPException(503, words(request)["claim_closed"])
    try:
        do(services.desk)
    except ClaimError as error:
        return _page(request, scope, words(request).say(str(error)), 409)
    return RedirectResponse("/claims", 303)
