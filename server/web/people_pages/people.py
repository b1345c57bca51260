"""The people of one's offices: their consent, and how it is taken back and everything erased (S6, R5.12)."""

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection, select

from server import PeopleError
from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope, visible
from server.ledger.tables import (
    account,
    attendance_id,
    consent,
    employee,
    erasure,
    office,
    person,
    registration,
    service_event,
    template,
)
from server.people import erasing, service_ledger
from server.people.numbers import MAX_REASON
from server.web.people_pages.desk import Form, actor, ident, parts, problems, registry, show, with_names
from sync.photo import PHOTO

router = APIRouter(include_in_schema=False)

Officer = Annotated[Scope, may(Right.VERIFY)]
_ROWS = 100


@router.get("/people")
def find(request: Request, scope: Officer, q: str = "") -> Response:
    services, _ = parts(request)
    with services.ledger.read() as connection:
        asked = select(person.c.ref, person.c.name, employee.c.kind)
        asked = asked.join_from(person, employee, employee.c.person == person.c.ref)
        asked = with_names(asked.join(office, office.c.id == service_ledger.stood_at()))
        # Who has left is found by name: consent may be taken back afterwards, too.
        asked = asked.where(person.c.name.icontains(q[:100], autoescape=True) if q else person.c.active)
        rows = connection.execute(visible(asked, office, scope).order_by(person.c.name).limit(_ROWS)).all()
    return show(request, "people_list.html", rows=rows, q=q[:100], cut=_ROWS)


@router.get("/people/{ref}")
def look(request: Request, scope: Officer, ref: str) -> Response:
    return _look(request, scope, ref, {})


@router.post("/people/{ref}/erase")
def erase(request: Request, scope: Officer, ref: str, typed: Form) -> Response:
    """The person took the consent back: what is of them goes, here and at every terminal."""
    services, p = parts(request)
    reason = typed.text("reason")
    try:
        if not 1 <= len(reason) <= MAX_REASON or not reason.isprintable():
            raise PeopleError(f"reason: expected 1 to {MAX_REASON} printable characters")
        if not typed.text("sure"):
            raise PeopleError("sure: tick the box; what is erased does not come back")
        with services.ledger.write() as connection:
            row = _person(connection, scope, ref)
            common = registry(request).vaults.common
            erasing.withdraw(connection, common, row.ref, actor(request), reason)
    except PeopleError as error:
        return _look(request, scope, ref, problems(error, p, ("reason", "sure")))
    return RedirectResponse(f"/people/{ref}", 303)


def _look(request: Request, scope: Scope, ref: str, wrong: dict[str, str]) -> Response:
    services, _ = parts(request)
    with services.ledger.read() as connection:
        row = _person(connection, scope, ref)
        mine = row.ref
        given = connection.execute(select(consent).where(consent.c.person == mine).order_by(consent.c.given_ms)).all()
        gone = connection.execute(select(erasure).where(erasure.c.person == mine)).one_or_none()
        proofs = erasing.state(connection, mine) if gone else []
        fingers = select(template.c.finger).where(template.c.person == mine, template.c.finger != PHOTO)
        enrolled = len(set(connection.scalars(fingers)))
        basis = connection.scalar(select(attendance_id.c.basis).where(attendance_id.c.person == mine))
        told = connection.execute(select(service_event).where(service_event.c.person == mine)).all()
        came = connection.scalar(select(registration.c.id).where(registration.c.person == mine))
        own = select(account.c.id).where(account.c.person == mine, account.c.login.is_not(None))
        looked_after = request.state.visitor.scope(Right.ACCOUNTS)
        login = connection.scalar(visible(own, account, looked_after)) if looked_after else None
    context = {"row": row, "given": given, "gone": gone, "proofs": proofs, "enrolled": enrolled, "basis": basis or ""}
    irregular = sum(one.back_entered or not service_ledger.by_login(one.actor) for one in told)
    context |= {"orders": len(told), "irregular": irregular}
    context |= {"may_account": looked_after is not None and row.active, "login": login}
    return show(request, "people_person.html", 400 if wrong else 200, came=came, problems=wrong, **context)


def _person(connection: Connection, scope: Scope, ref: str) -> Any:
    """In scope, also when erased or gone: by the office where they last were. Raises HTTPException 404."""
    asked = select(person, employee).join_from(person, employee, employee.c.person == person.c.ref)
    asked = with_names(asked.join(office, office.c.id == service_ledger.stood_at()))
    asked = visible(asked, office, scope).where(person.c.ref == ident(ref, "there is no such person"))
    row = connection.execute(asked).one_or_none()
    if row is None:
        raise HTTPException(404, "there is no such person")
    return row
