"""The tree of offices, changed by events with their day and order, never by overwriting (R6.8)."""

import contextlib
import datetime as dt
import json
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection, select

from server import PeopleError
from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope, visible
from server.ledger.tables import designation, office, office_event
from server.people import office_ledger, offices
from server.people.office_life import CLOSED, GRADES, LIVES, OfficeKind
from server.people.offices import Order
from server.people.ranks import Level
from server.web.people_pages.desk import (
    Form,
    Typed,
    actor,
    by_code,
    codes,
    office_of,
    one_of,
    orgs_of,
    parts,
    problems,
    show,
    today,
)
from server.web.words_people import PeopleWords

router = APIRouter(include_in_schema=False)

Admin = Annotated[Scope, may(Right.OFFICES)]
KINDS = [kind for kind in OfficeKind if kind is not OfficeKind.OPEN]
_ROWS = 1000
_PLACE = ("urban", "block", "latitude", "longitude", "desk_phone")
# Which fields each kind of event asks for.
FIELDS: dict[OfficeKind, tuple[str, ...]] = {
    OfficeKind.DESCRIBE: _PLACE,
    OfficeKind.RENAME: ("name", "name_hi"),
    OfficeKind.MOVE: ("parent",),
    OfficeKind.UPGRADE: ("grade",),
    OfficeKind.STREAMS: ("streams",),
    OfficeKind.POSTS: ("designation", "posts"),
    OfficeKind.LIFE: ("life",),
    OfficeKind.MERGE: ("into",),
    OfficeKind.CLOSE: (),
    OfficeKind.OPEN: ("name", "name_hi"),  # again, after it was closed
}
_OPEN = ("code", "level", "name", "name_hi", "parent", *_PLACE, "grade")


@router.get("/offices")
def tree(request: Request, scope: Admin, org: str = "", at: str = "", q: str = "") -> Response:
    return _tree(request, scope, org, at, q[:60])


@router.post("/offices")
def open_(request: Request, scope: Admin, typed: Form) -> Response:
    services, p = parts(request)
    org = typed.text("org")
    try:
        with services.ledger.write() as connection:
            org = one_of(orgs_of(connection, scope), org)
            detail = _detail(connection, org, typed, _OPEN)
            _mine(connection, scope, org, detail.get("parent"))
            one = office_ledger.open_office(connection, org, detail, _order(request, typed), today())
    except PeopleError as error:
        return _tree(request, scope, org, "", "", problems(error, p, (*_OPEN, "on", "order_no")), typed)
    return RedirectResponse(f"/offices/{one.hex()}", 303)


@router.get("/offices/{id_}")
def look(request: Request, scope: Admin, id_: str, kind: str = "") -> Response:
    return _look(request, scope, id_, kind)


@router.post("/offices/{id_}/events")
def record(request: Request, scope: Admin, id_: str, typed: Form) -> Response:
    services, p = parts(request)
    try:
        with services.ledger.write() as connection:
            row = office_of(connection, scope, id_)
            kind = _kind(typed.text("kind"))
            detail = _detail(connection, row.org, typed, FIELDS[kind])
            if kind is OfficeKind.OPEN:
                detail |= {"code": row.code, "level": row.level, "parent": row.parent}
            for name in ("parent", "into"):
                if name in detail:
                    _mine(connection, scope, row.org, detail[name])
            office_ledger.record(connection, row.id, kind, detail, _order(request, typed), today())
    except PeopleError as error:
        known = (*_OPEN, "on", "order_no", "into", "posts", "designation", "streams", "life")
        return _look(request, scope, id_, typed.text("kind"), problems(error, p, known), typed)
    return RedirectResponse(f"/offices/{id_}", 303)


def _tree(
    request: Request,
    scope: Scope,
    org: str,
    at: str,
    q: str,
    wrong: dict[str, str] | None = None,
    typed: Typed | None = None,
) -> Response:
    """A level at a time from the topmost of one's own, or what a search finds."""
    services, p = parts(request)
    with services.ledger.read() as connection:
        orgs = orgs_of(connection, scope)
        org = one_of(orgs, org)
        mine = visible(select(office), office, scope).where(office.c.org == org)
        every = connection.execute(mine.order_by(office.c.path).limit(_ROWS if q or at else 5000)).all()
        if q:
            like = office.c.name.icontains(q, autoescape=True) | office.c.name_hi.contains(q, autoescape=True)
            found = connection.execute(mine.where(like | (office.c.code == q.lower())).limit(_ROWS)).all()
        else:
            found = every
        here = office_of(connection, scope, at) if at else None
        left = office_ledger.stranded(connection, org, scope)
        context: dict[str, Any] = {"codes": codes(connection, org), "stranded": left}
    ids = {row.id for row in every}
    top = min((row.path.count("/") for row in every if row.parent not in ids), default=2)
    if here is not None:
        found = [row for row in every if row.path.startswith(here.path)]
    context |= {
        "orgs": orgs,
        "org_names": [(one, one) for one in orgs],
        "org": org,
        "rows": found,
        "top": top,
        "q": q,
        "at": at,
        "levels": _levels(p),
    }
    context |= {"typed": typed.texts if typed else {}, "problems": wrong or {}, "day": today().isoformat()}
    return show(request, "people_offices.html", 400 if wrong else 200, grades=_grades(p), **context)


def _look(
    request: Request,
    scope: Scope,
    id_: str,
    kind: str,
    wrong: dict[str, str] | None = None,
    typed: Typed | None = None,
) -> Response:
    services, p = parts(request)
    with services.ledger.read() as connection:
        row = office_of(connection, scope, id_)
        above = connection.execute(select(office).where(office.c.id == row.parent)).one_or_none()
        asked = select(office_event).where(office_event.c.office == row.id)
        told = connection.execute(asked.order_by(office_event.c.effective_on, office_event.c.recorded_ms)).all()
        state = offices.state(connection, row.id, max(today(), dt.date.fromisoformat(row.opened_on))) if told else None
        posts = select(designation).where(designation.c.org == row.org, designation.c.active)
        named = {one.code: p.named(one) for one in connection.execute(posts.order_by(designation.c.name))}
        near = codes(connection, row.org)
        filled = office_ledger.filled(connection, row.id)
        offices_named = {one.id.hex(): p.named(one) for one in _named(connection, row.org, told)}
    kinds = KINDS if row.life != CLOSED else [OfficeKind.OPEN]
    shown = next((one for one in kinds if one.value == kind), None)
    context: dict[str, Any] = {"row": row, "above": above, "events": told, "state": state, "designations": named}
    context |= {"said": {one.id: _said(p, one, offices_named, named) for one in told}}
    context |= {"kinds": [one.value for one in kinds], "kind": shown.value if shown else ""}
    context |= {"filled": filled, "fields": FIELDS[shown] if shown else (), "codes": near, "day": today().isoformat()}
    context |= {"lives": [(one, p.of("life", one)) for one in LIVES], "grades": _grades(p)}
    context |= {"typed": typed.texts if typed else {}, "problems": wrong or {}}
    return show(request, "people_office.html", 400 if wrong else 200, **context)


def _detail(connection: Connection, org: str, typed: Typed, fields: tuple[str, ...]) -> dict[str, Any]:
    """What was typed of these fields, each as the event holds it. Raises PeopleError naming the field."""
    found: dict[str, Any] = {}
    for name in fields:
        value = typed.text(name)
        if name in ("parent", "into"):
            found[name] = by_code(connection, org, name, value)
        elif name == "streams":
            found[name] = [one.strip() for one in value.lower().split(",") if one.strip()]
        elif name == "urban" and value:
            found[name] = value == "urban"
        elif name in ("latitude", "longitude", "posts") and value:
            with contextlib.suppress(ValueError):
                found[name] = int(value) if name == "posts" else float(value)
            found.setdefault(name, value)  # which is refused, with what is expected
        elif value:
            found[name] = value
    return found


def _named(connection: Connection, org: str, events: Sequence[Any]) -> Sequence[Any]:
    """The offices that events speak of."""
    details = [json.loads(one.detail) for one in events]
    ids = [bytes.fromhex(one[name]) for one in details for name in ("parent", "into") if one.get(name)]
    columns = office.c.id, office.c.name, office.c.name_hi
    return connection.execute(select(*columns).where(office.c.org == org, office.c.id.in_(ids))).all()


def _said(p: PeopleWords, event: Any, offices_named: dict[str, str], posts: dict[str, str]) -> str:
    """What an event says beyond its kind."""
    told = json.loads(event.detail)
    if event.kind == OfficeKind.OPEN.value:
        return ""
    if event.kind == OfficeKind.POSTS.value:
        return f"{posts.get(told['designation'], told['designation'])}: {told['posts']}"
    words: list[str] = []
    for name, value in told.items():
        if name in ("parent", "into"):
            words.append(offices_named.get(value or "", "–"))
        elif name in ("grade", "life"):
            words.append(p.of(name, value))
        elif name == "urban":
            words.append(p.urban_yes if value else p.urban_no)
        elif value not in ("", None):
            words.append(", ".join(value) if isinstance(value, list) else str(value))
    return ", ".join(words)


def _mine(connection: Connection, scope: Scope, org: str, above: bytes | None) -> None:
    """The office to be put under must be one's own; a new top of the tree is whose the organisation is."""
    asked = visible(select(office.c.id), office, scope).where(office.c.org == org)
    tops = select(office.c.id).where(office.c.org == org, office.c.parent.is_(None))
    first = connection.scalar(tops.limit(1))
    if above is None and first is None and scope.whole:
        return
    wanted = above if above is not None else first
    if wanted is None or connection.scalar(asked.where(office.c.id == wanted)) is None:
        raise PeopleError("parent: not one of your offices; choose one that you look after")


def _kind(told: str) -> OfficeKind:
    for kind in OfficeKind:
        if kind.value == told:
            return kind
    raise PeopleError("choose what happens to the office")


def _order(request: Request, typed: Typed) -> Order:
    on = typed.day("on") if typed.text("on") else today()
    return Order(actor(request), on, typed.text("order_no")[:100])


def _grades(p: Any) -> list[tuple[str, str]]:
    return [(one, p.of("grade", one)) for one in GRADES]


def _levels(p: Any) -> list[tuple[str, str]]:
    return [(one.value, p.of("level", one.value)) for one in Level]
