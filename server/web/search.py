"""Search: terminals, offices and people by a part of their names, each within what the visitor may see.

It is asked by POST: a person's name must stand in no address, no log and no history.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from sqlalchemy import Connection, func, or_, select

from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope, visible
from server.ledger.tables import office, person, terminal
from server.web.fleet_pages.frame import allowed, csrf, read, show

router = APIRouter(include_in_schema=False)
See = Annotated[Scope, may(Right.FIND)]

_OFFICE = (office.c.name.label("office_name"), office.c.name_hi.label("office_name_hi"))
LEAST, MOST, SHOWN = 2, 60, 20


@router.get("/search")
def form(request: Request, scope: See) -> Response:
    return _page(request, "", {})


@router.post("/search")
def search(request: Request, scope: See, q: Annotated[str, Form(max_length=MOST)] = "") -> Response:
    words = " ".join(q.split())
    if len(words) < LEAST:
        return _page(request, words, {}, short=True)
    with read(request) as connection:
        found = {
            "terminals": _terminals(connection, scope, words),
            "offices": _offices(connection, scope, words),
            "people": _people(connection, allowed(request, Right.WATCH), words),
        }
    return _page(request, words, found)


def _page(request: Request, words: str, found: dict[str, Any], *, short: bool = False) -> Response:
    people = allowed(request, Right.WATCH) is not None
    context = {"q": words, "found": found, "short": short, "may_people": people, "csrf": csrf(request), "shown": SHOWN}
    return show(request, "fleet_search.html", "search", context)


def _terminals(connection: Connection, scope: Scope, words: str) -> Any:
    t, o = terminal.c, office.c
    asked = select(t.id, t.name, t.place, *_OFFICE).select_from(terminal)
    asked = asked.join(office, t.office == o.id, isouter=True).where(_holds(words, t.id, t.name))
    return connection.execute(visible(asked, terminal, scope).order_by(t.id).limit(SHOWN)).all()


def _offices(connection: Connection, scope: Scope, words: str) -> Any:
    o = office.c
    asked = select(o.id, o.code, o.name, o.name_hi, o.level).where(_holds(words, o.code, o.name, o.name_hi))
    return connection.execute(visible(asked, office, scope).order_by(o.path).limit(SHOWN)).all()


def _people(connection: Connection, scope: Scope | None, words: str) -> Any:
    if scope is None:
        return []
    p, o = person.c, office.c
    asked = select(p.ref, p.name, p.active, o.id.label("office"), *_OFFICE).select_from(person)
    asked = asked.join(office, p.office == o.id, isouter=True).where(_holds(words, p.name))
    return connection.execute(visible(asked, person, scope).order_by(p.name, p.ref).limit(SHOWN)).all()


def _holds(words: str, *columns: Any) -> Any:
    return or_(*(func.lower(column).contains(words.lower(), autoescape=True) for column in columns))
