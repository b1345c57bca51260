"""Who watches: the custody register and its returns (R4.2 to R4.4), and the trail of who read and changed what."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from sqlalchemy import Connection, func, select, true

from server import AccessError
from server.access import custody, trail
from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Place, Scope, visible
from server.ledger.store import now_ms
from server.ledger.tables import account, api_token, office
from server.ledger.tables import trail as trail_table
from server.web import csv
from server.web.pages import language, page
from server.web.places import place_names
from server.web.services import Services
from server.web.words_people import words

router = APIRouter(include_in_schema=False)

_ROWS = 200
Custody = Annotated[Scope, may(Right.CUSTODY)]
Certify = Annotated[Scope, may(Right.CERTIFY)]


@router.get("/custody")
def custody_page(request: Request, scope: Custody) -> Response:
    return _custody(request, scope)


@router.get("/custody.csv")
def custody_csv(request: Request, scope: Custody) -> Response:
    """The register in the five columns of the circular (R4.4)."""
    services: Services = request.app.state.services
    with services.ledger.read() as connection:
        lines = custody.register(connection, request.app.state.keys, scope, now_ms())
    rows = [(n, x.office, x.official, x.designation, x.mobile) for n, x in enumerate(lines, 1)]
    return csv.answer("custody.csv", custody.HEADINGS, rows)


@router.post("/custody/tasks")
def ask(
    request: Request,
    scope: Certify,
    where: Annotated[str, Form(max_length=240)] = "",
    why: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    services: Services = request.app.state.services
    org, slash, rest = where.partition("/")
    try:
        if not org or not scope.holds(org, slash + rest):
            raise AccessError("where: choose an office of the list")
        with services.ledger.write() as connection:
            custody.ask(connection, request.state.visitor.who, Place(org, slash + rest), why, now_ms())
    except AccessError as error:
        return _custody(request, scope, str(error))
    return _custody(request, scope)


@router.post("/custody/tasks/{task}/certify")
def certify(request: Request, scope: Certify, task: str) -> Response:
    services: Services = request.app.state.services
    try:
        which = bytes.fromhex(task) if len(task) == 16 else b""
        with services.ledger.write() as connection:
            who = request.state.visitor.who
            custody.certify(connection, request.app.state.keys, who, scope, which, now_ms())
    except (AccessError, ValueError) as error:
        return _custody(request, scope, str(error) if isinstance(error, AccessError) else "there is no such report")
    return _custody(request, scope)


@router.get("/trail")
def trail_page(
    request: Request,
    scope: Annotated[Scope, may(Right.TRAIL)],
    before: Annotated[int, Query(ge=0, le=2**53)] = 0,
) -> Response:
    """The newest entries, or those before a number."""
    services: Services = request.app.state.services
    t = trail_table.c
    with services.ledger.read() as connection:
        names = _actors(connection, scope)
        within = true() if scope.whole else t.who.in_(names)
        asked = select(trail_table).where(within, t.number < (before or 2**62)).order_by(t.number.desc())
        rows = connection.execute(asked.limit(_ROWS)).all()
        total = connection.scalar(select(func.count()).select_from(trail_table).where(within)) or 0
        broken = trail.broken(connection) if not before else None
    return page(request, "trail.html", rows=rows, total=total, broken=broken, names=names, checked=not before)


def _actors(connection: Connection, scope: Scope) -> dict[str, str]:
    """The accounts and tokens in scope, as the trail names them, with what a reader calls them."""
    people = visible(select(account.c.id, account.c.name), account, scope)
    tokens = visible(select(api_token.c.hash, api_token.c.name), api_token, scope)
    found = {f"account {row.id.hex()}": row.name for row in connection.execute(people)}
    return found | {f"token {row.hash[:8].hex()}": row.name for row in connection.execute(tokens)}


def _custody(request: Request, scope: Scope, problem: str = "") -> Response:
    services: Services = request.app.state.services
    now = now_ms()
    keys = request.app.state.keys
    p = words(language(request).code)
    with services.ledger.read() as connection:
        lines = custody.register(connection, keys, scope, now)
        against = custody.violations(connection, scope, now)
        asked = custody.tasks(connection, scope)
        went = custody.handovers(connection, scope)
        offices = visible(select(office), office, scope).where(office.c.life != "closed").order_by(office.c.path)
        where = connection.execute(offices.where(office.c.level.in_(("state", "district", "zone"))).limit(500)).all()
        names = place_names(request, connection, [one.place for one in asked] + [one.place for one in went])
        who = _named(connection, [one for event in went for one in (event.came_from, event.goes_to) if one])
    may_ask = request.state.visitor.scope(Right.CERTIFY) is not None
    context = {"lines": lines, "against": against, "tasks": asked, "where": where, "names": names, "now": now}
    context |= {"p": p, "went": went, "officials": who}
    return page(request, "custody.html", 400 if problem else 200, problem=problem, may_ask=may_ask, **context)


def _named(connection: Connection, ids: list[bytes]) -> dict[bytes, str]:
    return {
        row.id: row.name
        for row in connection.execute(select(account.c.id, account.c.name).where(account.c.id.in_(ids)))
    }
