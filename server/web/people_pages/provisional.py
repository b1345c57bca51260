"""Supervised punches that no finger has confirmed yet: the nodal officer says whose they were (S6)."""

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection, select

from server import PeopleError
from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope, visible
from server.ledger.store import now_ms
from server.ledger.tables import office, person, provisional, terminal
from server.people import provisional as room
from server.web.people_pages.desk import Form, actor, ident, parts, problems, show

router = APIRouter(include_in_schema=False)

Officer = Annotated[Scope, may(Right.VERIFY)]
_ROWS = 200


@router.get("/provisional")
def look(request: Request, scope: Officer) -> Response:
    return _look(request, scope, "")


@router.post("/provisional/{terminal_id}/{log}/{seq}")
def decide(request: Request, scope: Officer, terminal_id: str, log: str, seq: str, typed: Form) -> Response:
    services, p = parts(request)
    if not (seq.isascii() and seq.isdigit() and len(seq) <= 18):
        raise HTTPException(404, "there is no such punch")
    one = (terminal_id, ident(log, "there is no such punch"), int(seq))
    try:
        with services.ledger.write() as connection:
            if not any((row.terminal, row.log, row.seq) == one for row in _rows(connection, scope)):
                raise HTTPException(404, "there is no such punch")
            told = typed.text("person")
            if told != "nobody" and not _among(connection, scope, one[0], told):
                raise PeopleError("choose whose punch it was, or that it was nobody's")
            ref = None if told == "nobody" else bytes.fromhex(told)
            room.decide(connection, one, ref, actor(request), now_ms())
    except PeopleError as error:
        return _look(request, scope, problems(error, p)[""])
    return RedirectResponse("/provisional", 303)


def _look(request: Request, scope: Scope, wrong: str) -> Response:
    services, _ = parts(request)
    with services.ledger.read() as connection:
        rows = _rows(connection, scope)
        people = {row.terminal: _people(connection, scope, row.terminal) for row in rows}
        by = select(person.c.ref, person.c.name).where(person.c.ref.in_({row.supervisor for row in rows}))
        names = {row.ref: row.name for row in connection.execute(by)}
    status = 400 if wrong else 200
    told = {"": wrong} if wrong else {}
    return show(request, "people_provisional.html", status, rows=rows, people=people, names=names, problems=told)


def _rows(connection: Connection, scope: Scope) -> list[Any]:
    """What waits at the terminals of one's offices, the oldest first."""
    asked = select(provisional, office.c.name.label("at"), office.c.name_hi.label("at_hi"))
    asked = asked.join_from(provisional, terminal, terminal.c.id == provisional.c.terminal)
    asked = visible(asked.join(office, office.c.id == terminal.c.office), office, scope)
    asked = asked.where(provisional.c.state.in_([str(one) for one in room.UNSETTLED]))
    return list(connection.execute(asked.order_by(provisional.c.wall_ms, provisional.c.seq).limit(_ROWS)))


def _people(connection: Connection, scope: Scope, which: str) -> list[Any]:
    """The people of the office where the terminal hangs."""
    asked = select(person.c.ref, person.c.name).join_from(person, terminal, terminal.c.office == person.c.office)
    asked = visible(asked.where(terminal.c.id == which, person.c.active), person, scope)
    return list(connection.execute(asked.order_by(person.c.name).limit(500)))


def _among(connection: Connection, scope: Scope, which: str, told: str) -> bool:
    return told in {row.ref.hex() for row in _people(connection, scope, which)}
