"""Administrators' pages: accounts and the roles they hold. What is out of one's scope is not there: 404."""

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from sqlalchemy import ColumnElement, Connection, func, or_, select

from server import AccessError
from server.access import accounts, grants
from server.access.gate import may
from server.access.grants import Giver, Wish
from server.access.rights import Right
from server.access.roles import ROLES, Role
from server.access.scope import EVERYWHERE, Place, Scope, visible
from server.intake.timekeeping import IST
from server.ledger.store import now_ms
from server.ledger.tables import account, account_grant, office, person
from server.web.fleet_pages.frame import PageNo, paged
from server.web.fleet_pages.frame import words as fleet_words
from server.web.pages import language, page
from server.web.places import place_names
from server.web.services import Services
from server.web.words_people import words

router = APIRouter(include_in_schema=False)

_ROWS = 100
_ID = 16  # hexadecimal digits
_NOTHING: Mapping[str, str] = MappingProxyType({})
Admin = Annotated[Scope, may(Right.ACCOUNTS)]
Text = Annotated[str, Form(max_length=128)]
Long = Annotated[str, Form(max_length=500)]


@router.get("/accounts")
def list_accounts(
    request: Request,
    scope: Admin,
    person: Annotated[str, Query(max_length=_ID, description="who is to have one")] = "",
    page: PageNo = 1,
) -> Response:
    return _list(request, scope, typed={"person": person}, number=page)


@router.post("/accounts")
def make_account(
    request: Request,
    scope: Admin,
    login: Text = "",
    name: Text = "",
    designation: Text = "",
    mobile: Text = "",
    person: Text = "",
    where: Annotated[str, Form(max_length=240)] = "",
) -> Response:
    """The account is looked after where it is made; it has no role until one is given."""
    services: Services = request.app.state.services
    typed = {"login": login, "name": name, "designation": designation, "mobile": mobile, "person": person, "at": where}
    try:
        place = _place(scope, where)
        with services.ledger.write() as connection:
            ref = _person(connection, scope, person.strip())
            new = accounts.New(login, name, place, designation, mobile.strip(), ref)
            made, first = accounts.create(connection, request.app.state.keys, _giver(request).who, new, now_ms())
    except AccessError as error:
        return _list(request, scope, str(error), typed)
    return _one(request, scope, made, first=first)


@router.post("/accounts/find")
def find(request: Request, scope: Admin, q: Annotated[str, Form(max_length=100)] = "") -> Response:
    """By a part of a name or a log-in name, which must stand in no address, no log and no history."""
    return _list(request, scope, q=q.strip())


@router.get("/accounts/find")
def not_found_by_address(request: Request, scope: Admin) -> Response:
    """Where the other language of what was found leads: to all of them."""
    return _list(request, scope)


@router.get("/accounts/{id_}")
def one_account(request: Request, scope: Admin, id_: str) -> Response:
    return _one(request, scope, _own(request, scope, id_))


@router.post("/accounts/{id_}/grants")
def give(
    request: Request,
    scope: Admin,
    id_: str,
    role: Text = "",
    where: Annotated[str, Form(max_length=240)] = "",
    until: Text = "",
    reason: Long = "",
    exception: Long = "",
) -> Response:
    services: Services = request.app.state.services
    which = _own(request, scope, id_)
    try:
        wish = Wish(which, _role(role), _place(scope, where), reason, now_ms(), _until(until), exception)
        with services.ledger.write() as connection:
            grants.give(connection, _giver(request), wish, now_ms())
    except AccessError as error:
        typed = {"role": role, "at": where, "until": until, "reason": reason}
        return _one(request, scope, which, str(error), typed=typed)
    return _one(request, scope, which)


@router.post("/accounts/{id_}/grants/{grant}/end")
def end(request: Request, scope: Admin, id_: str, grant: str, reason: Long = "") -> Response:
    services: Services = request.app.state.services
    which = _own(request, scope, id_)
    try:
        with services.ledger.write() as connection:
            if _bytes(grant) not in {one.id for one in grants.of(connection, which)}:
                raise HTTPException(404, "there is no such grant")
            grants.end(connection, _giver(request), _bytes(grant), reason, now_ms())
    except AccessError as error:
        return _one(request, scope, which, str(error))
    return _one(request, scope, which)


@router.post("/accounts/{id_}/reset")
def reset(request: Request, scope: Admin, id_: str) -> Response:
    services: Services = request.app.state.services
    which = _own(request, scope, id_)
    problem = _above(request, which)
    if problem:
        return _one(request, scope, which, problem)
    with services.ledger.write() as connection:
        first = accounts.reset(connection, _giver(request).who, which)
    return _one(request, scope, which, first=first)


@router.post("/accounts/{id_}/state")
def set_state(request: Request, scope: Admin, id_: str, disabled: Text = "") -> Response:
    services: Services = request.app.state.services
    which = _own(request, scope, id_)
    problem = _above(request, which)
    if problem:
        return _one(request, scope, which, problem)
    with services.ledger.write() as connection:
        accounts.disable(connection, _giver(request).who, which, disabled=bool(disabled))
    return _one(request, scope, which)


def _above(request: Request, which: bytes) -> str:
    """Nobody takes over an account that holds what they could not give: a district admin not the state admin's."""
    services: Services = request.app.state.services
    giver = _giver(request)
    with services.ledger.read() as connection:
        held = grants.held(connection, which, now_ms())
    theirs = request.state.visitor.account == which
    if theirs:
        return "your own account is looked after by somebody else"
    if any(not giver.may(one.role, one.place) for one in held):
        return "they hold a role that is not yours to give"
    return ""


def _list(
    request: Request,
    scope: Scope,
    problem: str = "",
    typed: Mapping[str, str] = _NOTHING,
    *,
    q: str = "",
    number: int = 1,
) -> Response:
    """A page of them in the order of offices, or the first of those whose name or log-in name has `q` in it."""
    services: Services = request.app.state.services
    with services.ledger.read() as connection:
        wanted: list[ColumnElement[bool]] = [account.c.login.is_not(None)]
        if q:
            wanted.append(or_(*(c.icontains(q, autoescape=True) for c in (account.c.name, account.c.login))))
        counted = visible(select(func.count()).select_from(account), account, scope).where(*wanted)
        total = connection.scalar(counted) or 0
        asked = visible(select(account), account, scope).where(*wanted)
        asked = asked.order_by(account.c.org, account.c.path, account.c.login).limit(_ROWS)
        rows = connection.execute(asked.offset((number - 1) * _ROWS)).all()
        shown = [row.id for row in rows]
        mine = select(account_grant.c.account, account_grant.c.role).where(account_grant.c.to_ms.is_(None))
        mine = mine.where(account_grant.c.account.in_(shown))
        roles: dict[bytes, list[Role]] = {}
        for row in connection.execute(visible(mine, account_grant, scope)):
            roles.setdefault(row.account, []).append(Role(row.role))
        where = _places(request, connection, scope)
        names = place_names(request, connection, [Place(row.org, row.path) for row in rows])
    context: dict[str, object] = {"rows": rows, "roles": roles, "where": where, "names": names, "typed": typed, "q": q}
    context |= {"p": words(language(request).code), "f": fleet_words(request)}
    context |= {"pages": paged(request, number, _ROWS, len(rows), total) if not q else None, "cut": _ROWS}
    return page(request, "accounts.html", 400 if problem else 200, problem=problem, **context)


def _one(
    request: Request,
    scope: Scope,
    which: bytes,
    problem: str = "",
    first: str = "",
    typed: Mapping[str, str] = _NOTHING,
) -> Response:
    services: Services = request.app.state.services
    giver, now = _giver(request), now_ms()
    with services.ledger.read() as connection:
        row = accounts.find(connection, which)
        every = [one for one in grants.of(connection, which) if scope.holds(one.place.org, one.place.path)]
        where = _places(request, connection, scope)
        names = place_names(request, connection, [one.place for one in every])
        known = visible(select(account.c.id, account.c.name), account, scope)
        by = {f"account {one.id.hex()}": one.name for one in connection.execute(known)}
    held = [one for one in every if one.to_ms is None or one.to_ms > now]
    gives = [role for role in Role if ROLES[role].levels and any(giver.may(role, place) for place, _ in where)]
    past = [one for one in every if one not in held]
    context: dict[str, object] = {
        "held": held,
        "past": past,
        "where": where,
        "gives": gives,
        "by": by,
        "except_": giver.may_except,
    }
    context |= {"row": row, "names": names, "first": first, "typed": typed}
    context |= {"may_person": request.state.visitor.scope(Right.VERIFY) is not None}
    return page(request, "account_of.html", 400 if problem else 200, problem=problem, **context)


def _own(request: Request, scope: Scope, id_: str) -> bytes:
    """An account in scope, or 404."""
    services: Services = request.app.state.services
    asked = visible(select(account.c.id), account, scope).where(account.c.id == _bytes(id_))
    with services.ledger.read() as connection:
        found = connection.scalar(asked)
    if found is None:
        raise HTTPException(404, "there is no such account")
    return bytes(found)


def _person(connection: Connection, scope: Scope, told: str) -> bytes | None:
    """Somebody in scope by their reference; None: the account is nobody's who is employed here. Raises AccessError."""
    if not told:
        return None
    found = connection.scalar(visible(select(person.c.ref), person, scope).where(person.c.ref == _bytes(told)))
    if found is None:
        raise AccessError("person: nobody is registered under this reference, or they have an account already")
    return bytes(found)


def _bytes(id_: str) -> bytes:
    try:
        return bytes.fromhex(id_) if len(id_) == _ID else b""
    except ValueError:
        return b""


def _giver(request: Request) -> Giver:
    giver: Giver = request.state.visitor.giver()
    return giver


def _role(name: str) -> Role:
    try:
        return Role(name)
    except ValueError:
        raise AccessError("role: choose one of the list") from None


def _place(scope: Scope, told: str) -> Place:
    """`org/path/` as the lists on the page name it. Out of scope is as if it were not there."""
    org, slash, rest = told.partition("/")
    place = Place(org, slash + rest)
    if place != EVERYWHERE and not (org and scope.holds(place.org, place.path)):
        raise AccessError("where: choose an office of the list")
    if place == EVERYWHERE and not scope.whole:
        raise AccessError("where: choose an office of the list")
    return place


def _places(request: Request, connection: Connection, scope: Scope) -> list[tuple[Place, str]]:
    """What may be chosen, by name; the name is empty for the whole ledger."""
    named = words(language(request).code).named
    asked = visible(select(office), office, scope)
    asked = asked.where(office.c.life != "closed").order_by(office.c.org, office.c.path).limit(2000)
    found = [(Place(row.org, row.path), named(row)) for row in connection.execute(asked)]
    return [(EVERYWHERE, "")] * scope.whole + found


def _until(told: str) -> int | None:
    """The end of a day in India."""
    if not told.strip():
        return None
    try:
        day = dt.date.fromisoformat(told.strip()) + dt.timedelta(days=1)
    except (ValueError, OverflowError):
        raise AccessError("until: expected a date, YYYY-MM-DD") from None
    return int(dt.datetime.combine(day, dt.time(), IST).timestamp() * 1000)
