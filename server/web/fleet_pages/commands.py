"""Commands: given on a terminal's page, wiping on a page of its own that asks again; and all that were given."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import func, select

from server import FleetError
from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope, visible
from server.access.visitor import actor
from server.fleet import orders
from server.ledger.tables import terminal_order
from server.web.fleet_pages.frame import PageNo, TerminalId, back, csrf, names, paged, read, show, words, write
from server.web.fleet_pages.terminal import answer, seen
from sync.orders import Detail, OrderKind

router = APIRouter(include_in_schema=False)
See = Annotated[Scope, may(Right.FLEET)]
Command = Annotated[Scope, may(Right.COMMAND)]

_PAGE = 50
LOCATE_S = 30
# What a button gives at once; wiping is not among them.
_AT_ONCE: dict[str, tuple[OrderKind, Detail]] = {
    "selftest": (OrderKind.SELFTEST, {}),
    "locate": (OrderKind.LOCATE, {"seconds": LOCATE_S}),
    "resync": (OrderKind.RESYNC, {}),
    "restart": (OrderKind.RESTART, {}),
}


@router.get("/orders")
def given(request: Request, scope: See, page: PageNo = 1) -> Response:
    """Everything that was commanded, the newest first: by whom, when, and what came of it."""
    with read(request) as connection:
        total = connection.scalar(visible(select(func.count()).select_from(terminal_order), terminal_order, scope)) or 0
        asked = visible(orders.newest(), terminal_order, scope).limit(_PAGE).offset((page - 1) * _PAGE)
        rows = [orders.listed(row) for row in connection.execute(asked)]
        actor = names(connection, {one.actor for one in rows}, words(request))
    where = paged(request, page, _PAGE, len(rows), total)
    context = {"rows": rows, "actor": actor, "where": where}
    return show(request, "fleet_orders.html", "orders", context, stream="/live/fleet")


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


def _wipe_page(request: Request, scope: Scope, terminal: str, problem: str = "", status: int = 200) -> Response:
    with read(request) as connection:
        row = seen(request, connection, scope, terminal)
    context = {"row": row, "problem": problem, "csrf": csrf(request)}
    return show(request, "fleet_wipe.html", "terminals", context, status=status)
