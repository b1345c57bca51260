"""The nodal officer's registrations: look at each, verify it or reject it with a reason (R1.6, R1.8)."""

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection, func, select

from server import PeopleError
from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope, visible
from server.ledger.tables import designation, division, office, registration
from server.people import numbers
from server.people import registration as registrations
from server.web.people_pages.desk import Form, actor, parts, problems, registry, show

router = APIRouter(include_in_schema=False)

Officer = Annotated[Scope, may(Right.VERIFY)]
STATES = ("submitted", "rejected", "verified")
_ROWS = 50


@router.get("/registrations")
def queue(request: Request, scope: Officer, state: str = "submitted", after: int = 0) -> Response:
    services, _ = parts(request)
    state = state if state in STATES else STATES[0]
    first = max(0, min(after, 10**6))
    with services.ledger.read() as connection:
        asked = visible(select(registration), registration, scope).where(registration.c.state == state)
        newest = registration.c.submitted_ms.asc() if state == "submitted" else registration.c.decided_ms.desc()
        rows = connection.execute(asked.order_by(newest, registration.c.id).offset(first).limit(_ROWS + 1)).all()
        counted = visible(select(registration.c.state, func.count()), registration, scope)
        counts: dict[str, int] = {row[0]: row[1] for row in connection.execute(counted.group_by(registration.c.state))}
        names = _names(connection, rows)
    more = first + _ROWS if len(rows) > _ROWS else 0
    context: dict[str, Any] = {
        "rows": rows[:_ROWS],
        "state": state,
        "states": STATES,
        "counts": counts,
        "more": more,
        **names,
    }
    return show(request, "people_queue.html", **context)


@router.get("/registrations/{one}")
def look(request: Request, scope: Officer, one: str) -> Response:
    return _look(request, scope, one, {})


@router.get("/registrations/{one}/photo")
def photo(request: Request, scope: Officer, one: str) -> Response:
    services, _ = parts(request)
    with services.ledger.read() as connection:
        _row(connection, scope, one)
        file = registrations.photo(connection, registry(request).vaults.common, one)
    if not file:
        raise HTTPException(404, "the photograph was erased")
    return Response(file, media_type="image/jpeg")


@router.post("/registrations/{one}/number")
def number(request: Request, scope: Officer, one: str, typed: Form) -> Response:
    """Show the number once, with the reason on record: is it theirs? (R1.8)"""
    services, p = parts(request)
    vaults = registry(request).vaults
    try:
        with services.ledger.write() as connection:
            row = _row(connection, scope, one)
            if row.number is None:
                raise PeopleError("no number is kept under this reference")
            why = typed.text("why")
            told = numbers.open_noted(connection, vaults.numbers, row.number, actor(request), why)
    except PeopleError as error:
        return _look(request, scope, one, {"why": next(iter(problems(error, p).values()))})
    return _look(request, scope, one, {}, " ".join((told[:4], told[4:8], told[8:])))


@router.post("/registrations/{one}/verify")
def verify(request: Request, scope: Officer, one: str) -> Response:
    services, p = parts(request)
    found = registry(request)
    with services.ledger.read() as connection:
        _row(connection, scope, one)
    try:
        registrations.accept(services.ledger, found.vaults, found.template, one, actor(request))
    except PeopleError as error:
        return _look(request, scope, one, problems(error, p))
    return RedirectResponse(f"/registrations/{one}", 303)


@router.post("/registrations/{one}/reject")
def reject(request: Request, scope: Officer, one: str, typed: Form) -> Response:
    services, p = parts(request)
    try:
        with services.ledger.write() as connection:
            _row(connection, scope, one)
            common = registry(request).vaults
            registrations.reject(connection, common, one, actor(request), typed.text("reason"))
    except PeopleError as error:
        return _look(request, scope, one, problems(error, p, ("reason",)))
    return RedirectResponse(f"/registrations/{one}", 303)


def _look(request: Request, scope: Scope, one: str, wrong: dict[str, str], digits: str = "") -> Response:
    services, _ = parts(request)
    with services.ledger.read() as connection:
        row = _row(connection, scope, one)
        names = _names(connection, [row])
        after = connection.scalar(select(registration.c.id).where(registration.c.replaces == one))
    context = {"row": row, "after": after, "digits": digits, "problems": wrong, **names}
    return show(request, "people_registration.html", 400 if wrong else 200, **context)


def _row(connection: Connection, scope: Scope, one: str) -> Any:
    """In scope, or 404."""
    asked = visible(select(registration), registration, scope).where(registration.c.id == one.replace("\0", ""))
    row = connection.execute(asked).one_or_none()
    if row is None:
        raise HTTPException(404, "there is no such registration")
    return row


def _names(connection: Connection, rows: Any) -> dict[str, dict[Any, Any]]:
    """What offices, divisions and designations are called."""
    orgs = {row.org for row in rows}
    places = select(office.c.id, office.c.code, office.c.name, office.c.name_hi)
    found = connection.execute(places.where(office.c.id.in_({row.office for row in rows})))
    named: dict[str, dict[Any, Any]] = {"offices": {row.id: row for row in found}}
    for name, table in (("divisions", division), ("designations", designation)):
        asked = select(table).where(table.c.org.in_(orgs))
        named[name] = {(row.org, row.code): row for row in connection.execute(asked)}
    return named
