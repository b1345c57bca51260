"""Commands: given on a terminal's page, wiping on a page of its own that asks again; and all that were given."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Select, case, func, select

from server import FleetError
from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope, visible
from server.access.visitor import actor
from server.fleet import orders
from server.ledger.tables import terminal_order
from server.web import csv, ordering
from server.web.fleet_pages.frame import PageNo, TerminalId, back, csrf, iso, names, paged, read, show, words, write
from server.web.fleet_pages.terminal import answer, seen
from server.web.ordering import Column, Order
from sync.orders import Detail, OrderKind

router = APIRouter(include_in_schema=False)
See = Annotated[Scope, may(Right.FLEET)]
Command = Annotated[Scope, may(Right.COMMAND)]

_PAGE = 50
_HEADINGS = ("terminal", "number", "order", "progress", "who", "asked", "sent", "done", "result", "record")
_T = terminal_order.c
_COLUMNS: Mapping[str, Column] = {
    "id": Column(_T.terminal),
    "kind": Column(_T.kind),
    "progress": Column(case((_T.done_ms.is_not(None), 2), (_T.sent_ms.is_not(None), 1), else_=0)),
    "asked": Column(_T.asked_ms, falling=True),
    "done": Column(func.coalesce(_T.done_ms, 0), falling=True),
    "result": Column(func.coalesce(_T.result, "")),
}
# What a button gives at once; wiping is not among them.
_AT_ONCE: dict[str, tuple[OrderKind, Detail]] = {
    "selftest": (OrderKind.SELFTEST, {}),
    "locate": (OrderKind.LOCATE, {"seconds": orders.LOCATE_S}),
    "resync": (OrderKind.RESYNC, {}),
    "restart": (OrderKind.RESTART, {}),
}


@router.get("/orders")
def given(request: Request, scope: See, page: PageNo = 1) -> Response:
    """Everything that was commanded, the newest first: by whom, when, and what came of it."""
    order = _order(request)
    with read(request) as connection:
        total = connection.scalar(visible(select(func.count()).select_from(terminal_order), terminal_order, scope)) or 0
        asked = _listed(scope, order).limit(_PAGE).offset((page - 1) * _PAGE)
        rows = [orders.listed(row) for row in connection.execute(asked)]
        actor = names(connection, {one.actor for one in rows}, words(request))
    where = paged(request, page, _PAGE, len(rows), total)
    context = {"rows": rows, "actor": actor, "where": where, "order": order, "query": request.url.query}
    return show(request, "fleet_orders.html", "orders", context, stream="/live/fleet")


@router.get("/orders.csv")
def given_csv(request: Request, scope: See) -> Response:
    """All of them, in the same order."""
    with read(request) as connection:
        rows = [orders.listed(row) for row in connection.execute(_listed(scope, _order(request)).limit(csv.MAX_ROWS))]
        actor = names(connection, {one.actor for one in rows}, words(request))
    return csv.answer("orders.csv", _HEADINGS, [_line(one, actor(one.actor)) for one in rows])


@router.post("/terminals/{terminal}/orders")
def give(
    request: Request,
    scope: Command,
    terminal: TerminalId,
    kind: Annotated[str, Form(max_length=20)] = "",
    to: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    f = words(request)
    with read(request) as connection:
        seen(request, connection, scope, terminal)
    if kind not in _AT_ONCE:
        return answer(request, scope, terminal, problem=f["choose"], status=400)
    try:
        with write(request) as connection:
            orders.ask(connection, terminal, *_AT_ONCE[kind], actor=actor(request))
    except FleetError:
        return answer(request, scope, terminal, problem=f["not_active"], status=409)
    return RedirectResponse(back(to, f"/terminals/{terminal}?given=1#orders"), 303)


@router.get("/terminals/{terminal}/wipe")
def ask_wipe(request: Request, scope: Command, terminal: TerminalId) -> Response:
    return _wipe_page(request, scope, terminal)


@router.post("/terminals/{terminal}/wipe")
def wipe(
    request: Request, scope: Command, terminal: TerminalId, sure: Annotated[str, Form(max_length=40)] = ""
) -> Response:
    """Only with the terminal's number typed in: a click alone wipes nothing."""
    f = words(request)
    with read(request) as connection:
        seen(request, connection, scope, terminal)
    if sure.strip().lower() != terminal:
        return _wipe_page(request, scope, terminal, f["wipe_wrong"], 400)
    try:
        with write(request) as connection:
            orders.ask(connection, terminal, OrderKind.WIPE, actor=actor(request))
    except FleetError:
        return _wipe_page(request, scope, terminal, f["not_active"], 409)
    return RedirectResponse(f"/terminals/{terminal}?given=1#orders", 303)


def _order(request: Request) -> Order:
    return ordering.asked(request, _COLUMNS, "asked")


def _listed(scope: Scope, order: Order) -> Select[Any]:
    found: Select[Any] = visible(select(terminal_order), terminal_order, scope)
    return found.order_by(*order.clauses(), _T.terminal, _T.number.desc())


def _line(one: orders.Listed, who: str) -> tuple[object, ...]:
    times = (iso(ms) if ms else "" for ms in (one.asked_ms, one.sent_ms, one.done_ms))
    return one.terminal, one.number, one.kind, one.progress, who, *times, one.result, one.record


def _wipe_page(request: Request, scope: Scope, terminal: str, problem: str = "", status: int = 200) -> Response:
    with read(request) as connection:
        row = seen(request, connection, scope, terminal)
    context = {"row": row, "problem": problem, "csrf": csrf(request)}
    return show(request, "fleet_wipe.html", "terminals", context, status=status)
