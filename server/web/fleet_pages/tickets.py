"""Fault tickets: the list, one of them, and a technician's work for the day on a phone (R2.6)."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection, Select, func, select

from server import FleetError
from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope, visible
from server.access.visitor import actor
from server.fleet import ticket_book
from server.fleet.tickets import Ticket
from server.ledger.store import now_ms
from server.ledger.tables import office, person, terminal, ticket
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
from server.web.fleet_pages.listing import OFFICE
from server.web.ordering import Column, Order

router = APIRouter(include_in_schema=False)
Read = Annotated[Scope, may(Right.TICKETS)]
Work = Annotated[Scope, may(Right.MEND)]
Which = Literal["open", "late", "closed"]
To = Annotated[str, Form(max_length=20)]

_PAGE, _WORK = 50, 30
_HEADINGS = ("terminal", "name", "office", "fault", "detail", "opened", "due", "day", "taken", "closed", "evidence")
_COLUMNS: Mapping[str, Column] = {
    "kind": Column(ticket.c.kind),
    "id": Column(ticket.c.terminal),
    "office": OFFICE,
    "opened": Column(ticket.c.opened_ms),
    "due": Column(ticket.c.due_ms),
    "taken": Column(func.coalesce(ticket.c.acked_ms, 0)),
    "closed": Column(func.coalesce(ticket.c.closed_ms, 0), falling=True),
}


@router.get("/tickets")
def tickets(request: Request, scope: Read, which: Which = "open", page: PageNo = 1) -> Response:
    """The one due first at the top; closed ones by when they were closed."""
    now, order = now_ms(), _order(request, which)
    with read(request) as connection:
        total = connection.scalar(_asked(select(func.count()), scope, which, now)) or 0
        rows = connection.execute(_listed(scope, which, now, order).limit(_PAGE).offset((page - 1) * _PAGE)).all()
        actor = names(connection, {row.acked_by or "" for row in rows}, words(request))
    where = paged(request, page, _PAGE, len(rows), total)
    found = [(ticket_book.of_row(row), row) for row in rows]
    context: dict[str, object] = {"rows": found, "where": where, "which": which, "actor": actor, "now": now}
    context |= {"order": order, "query": request.url.query}
    return show(request, "fleet_tickets.html", "tickets", context, stream="/live/fleet")


@router.get("/tickets.csv")
def tickets_csv(request: Request, scope: Read, which: Which = "open") -> Response:
    now = now_ms()
    with read(request) as connection:
        rows = connection.execute(_listed(scope, which, now, _order(request, which)).limit(csv.MAX_ROWS)).all()
    return csv.answer("tickets.csv", _HEADINGS, [_line(ticket_book.of_row(row), row, now) for row in rows])


@router.get("/tickets/{one}")
def ticket_page(request: Request, scope: Read, one: RowId) -> Response:
    return _page(request, scope, one)


@router.post("/tickets/{one}/acknowledge")
def take(request: Request, scope: Work, one: RowId, to: To = "") -> Response:
    """Somebody goes and mends it; the first to say so stands."""
    return _change(request, scope, one, to, lambda c, ref: ticket_book.acknowledge(c, ref, actor(request), now_ms()))


@router.post("/tickets/{one}/close")
def close(request: Request, scope: Work, one: RowId, to: To = "") -> Response:
    """Looks for the evidence; nobody's word closes it."""
    return _change(request, scope, one, to, lambda c, ref: ticket_book.close(c, ref, now_ms()))


@router.get("/work")
def work(request: Request, scope: Work) -> Response:
    """What is to be mended, the most urgent first, with the way there."""
    now = now_ms()
    with read(request) as connection:
        total = connection.scalar(_asked(select(func.count()), scope, "open", now)) or 0
        rows = connection.execute(_listed(scope, "open", now, ordering.natural(_COLUMNS, "due")).limit(_WORK)).all()
        actor = names(connection, {row.acked_by or "" for row in rows}, words(request))
        people = _people(connection, scope, rows)
    may_command = allowed(request, Right.COMMAND) is not None
    found = [(ticket_book.of_row(row), row) for row in rows]
    context: dict[str, object] = {
        "rows": found,
        "more": total - len(rows),
        "actor": actor,
        "people": people,
        "now": now,
    }
    around = {"csrf": csrf(request), "may_command": may_command}
    return show(request, "fleet_work.html", "work", context | around, stream="/live/fleet")


def _page(request: Request, scope: Scope, one: str, problem: str = "", status: int = 200) -> Response:
    now = now_ms()
    with read(request) as connection:
        row = _seen(request, connection, scope, one)
        actor = names(connection, {row.acked_by or ""}, words(request))
        people = _people(connection, scope, [row])
    mend, command = (allowed(request, right) is not None for right in (Right.MEND, Right.COMMAND))
    context: dict[str, object] = {
        "one": ticket_book.of_row(row),
        "row": row,
        "actor": actor,
        "people": people,
        "now": now,
    }
    around = {"csrf": csrf(request), "may_mend": mend, "problem": problem, "may_command": command}
    return show(request, "fleet_ticket.html", "tickets", context | around, status=status)


def _change(request: Request, scope: Scope, one: str, to: str, do: Any) -> Response:
    f, ref = words(request), bytes.fromhex(one)
    with read(request) as connection:
        row = _seen(request, connection, scope, one)
    try:
        with write(request) as connection:
            do(connection, ref)
    except FleetError:
        why = "over_already" if row.closed_ms else "close_person" if row.person else "close_device"
        return _page(request, scope, one, f[why], 409)
    return RedirectResponse(back(to, f"/tickets/{one}"), 303)


def _seen(request: Request, connection: Connection, scope: Scope, one: str) -> Any:
    asked = _rows(scope).where(ticket.c.id == bytes.fromhex(one))
    row = connection.execute(asked).one_or_none()
    if row is None:
        raise not_there(request)
    return row


def _rows(scope: Scope) -> Select[Any]:
    """Tickets, with where the terminal stands."""
    t, o = terminal.c, office.c
    where = (
        o.name.label("office_name"),
        o.name_hi.label("office_name_hi"),
        o.block,
        o.desk_phone,
        o.latitude,
        o.longitude,
    )
    asked = select(ticket, t.name, t.place, t.state, *where).join_from(ticket, terminal, ticket.c.terminal == t.id)
    return visible(asked.join(office, t.office == o.id, isouter=True), ticket, scope)


def _order(request: Request, which: str) -> Order:
    return ordering.asked(request, _COLUMNS, "closed" if which == "closed" else "due")


def _listed(scope: Scope, which: str, now: int, order: Order) -> Select[Any]:
    asked: Select[Any] = _which(_rows(scope), which, now).order_by(*order.clauses(), ticket.c.id)
    return asked


def _asked(statement: Any, scope: Scope, which: str, now: int) -> Any:
    return visible(_which(statement.select_from(ticket), which, now), ticket, scope)


def _which(statement: Any, which: str, now: int) -> Any:
    k = ticket.c
    if which == "closed":
        return statement.where(k.closed_ms.is_not(None))
    still = statement.where(k.closed_ms.is_(None))
    return still.where(k.due_ms < now) if which == "late" else still


def _people(connection: Connection, scope: Scope, rows: Sequence[Any]) -> dict[bytes, str]:
    """Names of those whom a device refuses, as far as the scope sees them."""
    refs = [row.person for row in rows if row.person is not None]
    asked = visible(select(person.c.ref, person.c.name).where(person.c.ref.in_(refs)), person, scope)
    return {row.ref: row.name for row in connection.execute(asked)} if refs else {}


def _line(one: Ticket, row: Any, now: int) -> tuple[object, ...]:
    taken, closed = (iso(ms) if ms else "" for ms in (one.acked_ms, one.closed_ms))
    day = one.day(now if one.closed_ms is None else one.closed_ms)
    times = iso(one.opened_ms), iso(one.due_ms), day, taken, closed
    return (one.terminal, row.name, row.office_name or "", one.kind, one.detail, *times, one.evidence)
