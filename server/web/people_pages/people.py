"""The people of one's offices: their consent, and how it is taken back and everything erased (S6, R5.12)."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection, func, select

from server import PeopleError
from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Place, Scope, visible
from server.ledger.tables import (
    account,
    attendance_id,
    designation,
    employee,
    erasure,
    office,
    person,
    registration,
    service_event,
    template,
)
from server.people import consents, erasing, service_ledger
from server.people.fields import EmployeeKind
from server.people.numbers import MAX_REASON
from server.web import csv, ordering, words_fleet
from server.web.fleet_pages.frame import PageNo, paged
from server.web.ordering import Column, Order
from server.web.pages import language
from server.web.people_pages.desk import (
    Form,
    actor,
    held,
    ident,
    office_of,
    parts,
    problems,
    registry,
    show,
    with_names,
)
from sync.photo import PHOTO

router = APIRouter(include_in_schema=False)

Officer = Annotated[Scope, may(Right.VERIFY)]
_ROWS, _CHUNK = 100, 1000
_KINDS = tuple(one.value for one in EmployeeKind)
_COLUMNS: Mapping[str, Column] = {
    "name": Column(person.c.name),
    "post": Column(func.coalesce(designation.c.name, "")),
    "office": Column((office.c.org, office.c.path)),
    "kind": Column(employee.c.kind),
}
_HEADINGS = ("name", "designation", "office", "office code", "type")
At = Annotated[str, Query(max_length=16)]
Kind = Annotated[str, Query(max_length=16)]


@router.get("/people")
def listed(request: Request, scope: Officer, at: At = "", kind: Kind = "", page: PageNo = 1) -> Response:
    """Who is employed, a hundred at a time; `at`: at an office and below it."""
    services, _ = parts(request)
    order, kind = ordering.asked(request, _COLUMNS, "name"), kind if kind in _KINDS else ""
    with services.ledger.read() as connection:
        within, here = _within(connection, scope, at)
        total = connection.scalar(_employed(select(func.count()), within, kind)) or 0
        refs = connection.scalars(_ordered(order, within, kind).limit(_ROWS).offset((page - 1) * _ROWS)).all()
        rows = _named(connection, refs)
        asked = consents.waiting(connection, within, _ROWS)
    where = paged(request, page, _ROWS, len(rows), total)
    around = {"here": here, "kind": kind, "kinds": _KINDS, "query": request.url.query, "where": where, "order": order}
    return _show(request, rows=rows, q="", asked=asked, cut=_ROWS, **around)


@router.get("/people.csv")
def as_csv(request: Request, scope: Officer, at: At = "", kind: Kind = "") -> Response:
    """All that the same filter finds, in the same order."""
    services, _ = parts(request)
    order, kind = ordering.asked(request, _COLUMNS, "name"), kind if kind in _KINDS else ""
    with services.ledger.read() as connection:
        within, _here = _within(connection, scope, at)
        refs = connection.scalars(_ordered(order, within, kind).limit(csv.MAX_ROWS)).all()
        rows = [
            row for first in range(0, len(refs), _CHUNK) for row in _named(connection, refs[first : first + _CHUNK])
        ]
    lines = [(row.name, row.post, row.at, row.code, row.kind) for row in rows]
    return csv.answer("people.csv", _HEADINGS, lines)


@router.post("/people")
def find(request: Request, scope: Officer, typed: Form) -> Response:
    """By a part of the name, also who has left: consent may be taken back afterwards, too. Asked by POST: a person's
    name must stand in no address, no log and no history."""
    services, _ = parts(request)
    q = typed.text("q")[:100]
    if not q:
        return RedirectResponse("/people", 303)
    with services.ledger.read() as connection:
        asked = _employed(select(person.c.ref), scope, left=True).where(person.c.name.icontains(q, autoescape=True))
        rows = _named(connection, connection.scalars(asked.order_by(person.c.name, person.c.ref).limit(_ROWS)).all())
    return _show(request, rows=rows, q=q, cut=_ROWS, here=None, order=None, asked=())


def _show(request: Request, **context: Any) -> Response:
    return show(request, "people_list.html", f=words_fleet.LANGUAGES[language(request).code], **context)


def _within(connection: Connection, scope: Scope, at: str) -> tuple[Scope, Any]:
    """The scope at and below an office, and the office. Raises HTTPException 404."""
    if not at:
        return scope, None
    here = office_of(connection, scope, at)
    return scope.at(Place(here.org, here.path)), here


def _employed(asked: Any, scope: Scope, kind: str = "", *, left: bool = False) -> Any:
    """Of people in scope, those who are employed, `left`: or were, by the office where they are or were last."""
    asked = service_ledger.stood_within(asked, scope)
    asked = asked if left else asked.where(person.c.active)
    return asked.where(employee.c.kind == kind) if kind else asked


def _ordered(order: Order, scope: Scope, kind: str) -> Any:
    """References alone, and of other tables only what the order is by: all have to be looked at for a page of it."""
    asked = _employed(select(person.c.ref), scope, kind)
    if order.key == "office":
        asked = asked.join(office, office.c.id == service_ledger.stood_at())
    if order.key == "post":
        asked = asked.join(designation, held(), isouter=True)
    return asked.order_by(*order.clauses(), person.c.ref)


def _named(connection: Connection, refs: Sequence[bytes]) -> list[Any]:
    """What a list shows of each, in their order."""
    asked = select(person.c.ref, person.c.name, employee.c.kind, office.c.code).where(person.c.ref.in_(refs))
    asked = asked.join_from(person, employee, employee.c.person == person.c.ref)
    asked = with_names(asked.join(office, office.c.id == service_ledger.stood_at()))
    found = {row.ref: row for row in connection.execute(asked)}
    return [found[ref] for ref in refs]


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
        given = consents.given(connection, mine)
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
