"""Alarms: what was found twice in a row, or told by a record; seen by somebody, and closed when it is over."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Select, func, select

from server import FleetError
from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope, visible
from server.access.visitor import actor
from server.fleet import alarms
from server.fleet.advice import advice
from server.ledger.store import now_ms
from server.ledger.tables import incident, office, terminal
from server.web import csv, ordering
from server.web.fleet_pages.frame import (
    PageNo,
    RowId,
    allowed,
    back,
    csrf,
    iso,
    names,
    not_there,
    paged,
    read,
    show,
    words,
    write,
)
from server.web.ordering import Column, Order

router = APIRouter(include_in_schema=False)
See = Annotated[Scope, may(Right.FLEET)]
Command = Annotated[Scope, may(Right.COMMAND)]
Which = Literal["open", "closed"]
To = Annotated[str, Form(max_length=20)]
_PAGE = 50
_HEADINGS = ("terminal", "name", "office", "kind", "alarm", "detail", "opened", "seen", "closed")
_COLUMNS: Mapping[str, Column] = {
    "id": Column(incident.c.terminal),
    "kind": Column(incident.c.kind),
    "opened": Column(incident.c.opened_ms, falling=True),
    "seen": Column(func.coalesce(incident.c.acked_ms, 0)),
    "closed": Column(func.coalesce(incident.c.closed_ms, 0), falling=True),
}


@router.get("/alarms")
def listed(request: Request, scope: See, which: Which = "open", page: PageNo = 1) -> Response:
    return _page(request, scope, which, page)


@router.get("/alarms.csv")
def listed_csv(request: Request, scope: See, which: Which = "open") -> Response:
    with read(request) as connection:
        found = connection.execute(_listed(scope, which, _order(request, which)).limit(csv.MAX_ROWS))
        rows = [_line(row) for row in found]
    return csv.answer("alarms.csv", _HEADINGS, rows)


@router.post("/alarms/{one}/acknowledge")
def acknowledge(request: Request, scope: Command, one: RowId, to: To = "") -> Response:
    return _change(request, scope, one, lambda c, ref: alarms.acknowledge(c, ref, actor(request), now_ms()))


@router.post("/alarms/{one}/close")
def close(request: Request, scope: Command, one: RowId, to: To = "") -> Response:
    return _change(request, scope, one, lambda c, ref: alarms.close(c, ref, actor(request), now_ms()))


def _page(request: Request, scope: Scope, which: str, page: int, problem: str = "", status: int = 200) -> Response:
    order = _order(request, which)
    with read(request) as connection:
        total = connection.scalar(_which(visible(select(func.count()).select_from(incident), incident, scope), which))
        rows = connection.execute(_listed(scope, which, order).limit(_PAGE).offset((page - 1) * _PAGE)).all()
        actor = names(connection, {who or "" for row in rows for who in (row.acked_by, row.closed_by)}, words(request))
    where = paged(request, page, _PAGE, len(rows), total or 0)
    context: dict[str, object] = {"rows": rows, "where": where, "which": which, "actor": actor, "problem": problem}
    context |= {"order": order, "query": request.url.query}
    around = {"csrf": csrf(request), "may_command": allowed(request, Right.COMMAND) is not None}
    stream = "/live/fleet" if request.method == "GET" else ""
    return show(request, "fleet_alarms.html", "alarms", context | around, status=status, stream=stream)


def _change(request: Request, scope: Scope, one: str, do: Any) -> Response:
    f, ref = words(request), bytes.fromhex(one)
    with read(request) as connection:
        asked = visible(select(incident.c.closed_ms).where(incident.c.id == ref), incident, scope)
        found = connection.execute(asked).one_or_none()
    if found is None:
        raise not_there(request)
    try:
        with write(request) as connection:
            do(connection, ref)
    except FleetError:
        return _page(request, scope, "open", 1, f["over_already" if found.closed_ms else "not_over"], 409)
    return RedirectResponse(back("alarms", "/alarms"), 303)


def _line(row: Any) -> tuple[object, ...]:
    times = (iso(ms) if ms else "" for ms in (row.opened_ms, row.acked_ms, row.closed_ms))
    return row.terminal, row.name, row.office_name, row.kind, advice(row.kind).what, row.detail, *times


def _order(request: Request, which: str) -> Order:
    return ordering.asked(request, _COLUMNS, "opened" if which == "open" else "closed")


def _listed(scope: Scope, which: str, order: Order) -> Select[Any]:
    found: Select[Any] = _which(_rows(scope), which)
    return found.order_by(*order.clauses(), incident.c.id)


def _rows(scope: Scope) -> Select[Any]:
    named = office.c.name.label("office_name"), office.c.name_hi.label("office_name_hi")
    asked = select(incident, terminal.c.name, terminal.c.place, *named)
    asked = asked.join_from(incident, terminal, incident.c.terminal == terminal.c.id, isouter=True)
    return visible(asked.join(office, terminal.c.office == office.c.id, isouter=True), incident, scope)


def _which(statement: Any, which: str) -> Any:
    closed = incident.c.closed_ms
    return statement.where(closed.is_(None) if which == "open" else closed.is_not(None))
