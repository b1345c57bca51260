"""Who watches: the custody register and its returns (R4.2 to R4.4), and the trail of who read and changed what."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from sqlalchemy import Connection, func, select, true

from server import AccessError
from server.access import custody, trail
from server.access import names as account_names
from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Place, Scope, visible
from server.access.visitor import actor
from server.ledger.store import now_ms
from server.ledger.tables import account, api_token, office
from server.ledger.tables import trail as trail_table
from server.people import numbers
from server.people.days import ist
from server.web import csv
from server.web.pages import language, page
from server.web.places import place_names
from server.web.services import Services
from server.web.words_people import words

router = APIRouter(include_in_schema=False)

_ROWS, _ALL = 200, 100_000
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
            custody.ask(connection, actor(request), Place(org, slash + rest), why, now_ms())
    except AccessError as error:
        return _custody(request, scope, str(error))
    return _custody(request, scope)


@router.post("/custody/tasks/{task}/certify")
def certify(request: Request, scope: Certify, task: str) -> Response:
    services: Services = request.app.state.services
    try:
        with services.ledger.write() as connection:
            which = next((one.id for one in custody.tasks(connection, scope) if one.id.hex() == task), None)
            if which is None:
                raise HTTPException(404, "there is no such report to make")
            who = actor(request)
            custody.certify(connection, request.app.state.keys, who, scope, which, now_ms())
    except AccessError as error:
        return _custody(request, scope, str(error))
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
    p = words(language(request).code)
    return page(request, "trail.html", p=p, rows=rows, total=total, broken=broken, names=names, checked=not before)


@router.get("/vault-reads")
def vault_reads(request: Request, scope: Annotated[Scope, may(Right.TRAIL)]) -> Response:
    """Who opened an Aadhaar number, when and why: the newest."""
    services: Services = request.app.state.services
    with services.ledger.read() as connection:
        rows, by = _vault_reads(connection, scope, _ROWS)
    return page(request, "vault_reads.html", rows=rows, by=by, p=words(language(request).code))


@router.get("/vault-reads.csv")
def vault_reads_csv(request: Request, scope: Annotated[Scope, may(Right.TRAIL)]) -> Response:
    services: Services = request.app.state.services
    p = words(language(request).code)
    with services.ledger.read() as connection:
        rows, by = _vault_reads(connection, scope, _ALL)
    heads = [p.of("vault_read", name) for name in ("when", "who", "registration", "why")]
    told = [
        (ist(row.at_ms), by.get(row.actor, row.actor), row.registration or row.ref.hex(), row.reason) for row in rows
    ]
    return csv.answer("vault-reads.csv", heads, told)


def _vault_reads(connection: Connection, scope: Scope, most: int) -> tuple[Sequence[Any], dict[str, str]]:
    rows = connection.execute(numbers.reads(scope).limit(most)).all()
    return rows, account_names.of_actors(connection, (row.actor for row in rows))


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
        who = account_names.of(connection, [one for e in went for one in (e.came_from, e.goes_to) if one])
    may_ask = request.state.visitor.scope(Right.CERTIFY) is not None
    context = {"lines": lines, "against": against, "tasks": asked, "where": where, "names": names, "now": now}
    context |= {"p": p, "went": went, "officials": who}
    return page(request, "custody.html", 400 if problem else 200, problem=problem, may_ask=may_ask, **context)
