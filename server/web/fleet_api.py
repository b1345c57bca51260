"""The fleet over the API: terminals, their health and fitness, alarms and tickets. What a scope does not see is 404."""

import io
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import Annotated

import msgspec
import segno
from fastapi import APIRouter, HTTPException, Path, Query, Request, Response
from pydantic import AwareDatetime
from sqlalchemy import Connection

from server import FleetError
from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope, visible
from server.access.visitor import actor
from server.fleet import alarms, fitness, fitness_log, health, overview, places, standing, ticket_book, twin, units
from server.fleet.conditions import Level
from server.fleet.fitness import MINUTE_MS
from server.fleet.standing import State
from server.ledger.store import now_ms
from server.ledger.tables import incident, ticket
from server.web import fleet_answers as answers
from server.web.bodies import JSON, route
from server.web.fleet_answers import SCHEMAS, moment, moment_or_none
from server.web.services import Services

__all__ = ["SCHEMAS", "router"]

router = APIRouter()

MAX_LIMIT = 1000
_SVG = "image/svg+xml"
_HOUR_MS = 3_600_000
_FIRST_MS = 1_577_836_800_000  # 2020

TerminalId = Annotated[str, Path(pattern="^[a-z0-9][a-z0-9-]{0,31}$", description="a terminal's id")]
RowId = Annotated[str, Path(pattern="^[0-9a-f]{16}$", description="as a list gives it")]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="at most so many")]
See, Read, Work, Command = (may(right) for right in (Right.FLEET, Right.TICKETS, Right.MEND, Right.COMMAND))


class Worse(StrEnum):
    WARN = "warn"
    FAIL = "fail"


_route = partial(route, router)


@_route("/api/v1/fleet", "ApiFleet", "How the fleet is, in sums")
def fleet(request: Request, scope: Annotated[Scope, See]) -> Response:
    return _read(request, lambda connection: answers.fleet(overview.sums(connection, now_ms(), scope)))


@_route("/api/v1/terminals", "ApiTerminals", "Terminals, and what is wrong with them")
def terminals(
    request: Request,
    scope: Annotated[Scope, See],
    after: Annotated[str, Query(max_length=32, description="the last id you hold")] = "",
    limit: Limit = 200,
    state: Annotated[State | None, Query(description="only in this standing")] = None,
    level: Annotated[Worse | None, Query(description="only those that are so bad or worse")] = None,
    kind: Annotated[str, Query(max_length=24, description="only where this is found")] = "",
    path: Annotated[str, Query(max_length=200, description="only of this office and below it, as /hr/hr-12/")] = "",
) -> Response:
    def read(connection: Connection) -> answers.ApiTerminals:
        worst = Level[level.name] if level else Level.OK
        wanted = {"state": state or "", "kind": kind, "path": path}
        rows = overview.page(connection, scope, after=after, limit=limit + 1, level=worst, **wanted)
        shown = [answers.terminal(row) for row in rows[:limit]]
        return answers.ApiTerminals(shown, shown[-1].id if shown else after, len(rows) > limit)

    return _read(request, read)


@_route("/api/v1/terminals/{terminal}", "ApiTerminalPage", "One terminal, with its history")
def terminal(request: Request, scope: Annotated[Scope, See], terminal: TerminalId) -> Response:
    def read(connection: Connection) -> answers.ApiTerminalPage:
        row = seen(connection, terminal, scope)
        settings = twin.state(connection, terminal)
        return answers.ApiTerminalPage(
            terminal=answers.terminal(row),
            units=[
                answers.ApiUnit(u.record_key.hex()[:16], u.serial, moment(u.since_ms), moment_or_none(u.until_ms))
                for u in units.history(connection, terminal)
            ],
            places=[
                answers.ApiPlace(moment(p.from_ms), p.office.hex() if p.office else None, p.name, p.place)
                for p in places.history(connection, terminal)
            ],
            history=[
                answers.ApiNote(moment(n.at_ms), n.what, n.was, n.became, n.by, n.why)
                for n in standing.history(connection, terminal)
            ],
            settings=answers.ApiTwin(settings.desired, settings.reported, settings.result),
        )

    return _read(request, read)


@_route("/api/v1/terminals/{terminal}/health", "ApiHealth", "What it says of its health, and the hours before")
def terminal_health(
    request: Request,
    scope: Annotated[Scope, See],
    terminal: TerminalId,
    hours: Annotated[int, Query(ge=0, le=366 * 24, description="of history")] = 24,
) -> Response:
    def read(connection: Connection) -> answers.ApiHealth:
        seen(connection, terminal, scope)
        now = now_ms()
        told = health.latest(connection, terminal)
        past = health.hours(connection, terminal, now - hours * _HOUR_MS, now + 1)
        lines = [{k: v for k, v in row.items() if k != "terminal"} for row in past]
        said = msgspec.to_builtins(told.health) if told else None
        return answers.ApiHealth(moment(told.at_ms) if told else None, said, lines)

    return _read(request, read)


@_route("/api/v1/terminals/{terminal}/fitness", "ApiFitness", "Could it have taken a punch? By the minute")
def terminal_fitness(
    request: Request,
    scope: Annotated[Scope, See],
    terminal: TerminalId,
    start: Annotated[AwareDatetime | None, Query(description="with a zone; a day ago if left out")] = None,
    end: Annotated[AwareDatetime | None, Query(description="with a zone; now if left out")] = None,
) -> Response:
    """At most 31 days at once."""
    now = now_ms()
    end_ms = int(end.timestamp() * 1000) if end else now
    start_ms = int(start.timestamp() * 1000) if start else end_ms - 24 * _HOUR_MS
    if not 0 < end_ms - start_ms <= fitness_log.MAX_SPAN_MS or not _FIRST_MS <= start_ms <= now:
        raise HTTPException(422, "start and end: at most 31 days apart, start first, and not before 2020")

    def read(connection: Connection) -> answers.ApiFitness:
        seen(connection, terminal, scope)
        found = fitness_log.timeline(connection, terminal, start_ms // MINUTE_MS, -(-end_ms // MINUTE_MS))
        return answers.fitness(found, fitness.summary(found))

    return _read(request, read)


@router.get(
    "/api/v1/terminals/{terminal}/label",
    response_class=Response,
    responses={200: {"description": "A QR code", "content": {_SVG: {}}}, 404: {"description": "Not there"}},
    openapi_extra={"security": [{"bearer": []}]},
    summary="The QR code that is stuck on the unit",
)
def terminal_label(request: Request, scope: Annotated[Scope, See], terminal: TerminalId) -> Response:
    """Leads a technician's phone to the terminal's page here; whoever reads it must log in first."""
    services: Services = request.app.state.services
    with services.ledger.read() as connection:
        seen(connection, terminal, scope)
    image = io.BytesIO()
    code = segno.make(f"{request.base_url}terminals/{terminal}", error="q", micro=False)
    code.save(image, kind="svg", xmldecl=False, scale=8, light="#fff")
    return Response(image.getvalue(), media_type=_SVG)


@_route("/api/v1/incidents", "ApiIncidents", "Alarms, the newest first")
def incidents(
    request: Request,
    scope: Annotated[Scope, See],
    limit: Limit = 200,
    closed: Annotated[bool, Query(description="those that are over as well")] = False,
    terminal: Annotated[str | None, Query(max_length=32, description="of this terminal alone")] = None,
) -> Response:
    asked = visible(alarms.listed(open_only=not closed, terminal=terminal, limit=limit), incident, scope)
    return _read(
        request, lambda connection: answers.ApiIncidents([answers.incident(row) for row in connection.execute(asked)])
    )


@_route("/api/v1/incidents/{one}/acknowledge", "ApiIncident", "Somebody has seen this alarm", post=True)
def acknowledge_incident(request: Request, scope: Annotated[Scope, Command], one: RowId) -> Response:
    return _change(
        request, lambda c: _incident(c, one, scope, lambda ref: alarms.acknowledge(c, ref, actor(request), now_ms()))
    )


@_route("/api/v1/incidents/{one}/close", "ApiIncident", "This alarm is over", post=True)
def close_incident(request: Request, scope: Annotated[Scope, Command], one: RowId) -> Response:
    return _change(
        request, lambda c: _incident(c, one, scope, lambda ref: alarms.close(c, ref, actor(request), now_ms()))
    )


@_route("/api/v1/tickets", "ApiTickets", "Faults to be mended within a week")
def tickets(
    request: Request,
    scope: Annotated[Scope, Read],
    limit: Limit = 200,
    closed: Annotated[bool, Query(description="those that are closed as well")] = False,
    breached: Annotated[bool, Query(description="only those on their day 8 or later (R2.6)")] = False,
    terminal: Annotated[str | None, Query(max_length=32, description="of this terminal alone")] = None,
) -> Response:
    now = now_ms()
    late = now if breached else None
    asked = ticket_book.listed(open_only=not closed, terminal_id=terminal, breached_at_ms=late, limit=limit)
    seen = visible(asked, ticket, scope)

    def read(connection: Connection) -> answers.ApiTickets:
        rows = connection.execute(seen).all()
        return answers.ApiTickets([answers.ticket(ticket_book.of_row(row), now) for row in rows])

    return _read(request, read)


@_route("/api/v1/tickets/{one}/acknowledge", "ApiTicket", "Somebody works on this fault", post=True)
def acknowledge_ticket(request: Request, scope: Annotated[Scope, Work], one: RowId) -> Response:
    return _change(
        request, lambda c: _ticket(c, one, scope, lambda ref: ticket_book.acknowledge(c, ref, actor(request), now_ms()))
    )


@_route("/api/v1/tickets/{one}/close", "ApiTicket", "Close it, if there is evidence that it is mended", post=True)
def close_ticket(request: Request, scope: Annotated[Scope, Work], one: RowId) -> Response:
    """Looks for a self-test that was passed since. Nobody's word closes a ticket."""
    return _change(request, lambda c: _ticket(c, one, scope, lambda ref: ticket_book.close(c, ref, now_ms())))


def _read(request: Request, read: Callable[[Connection], msgspec.Struct]) -> Response:
    services: Services = request.app.state.services
    with services.ledger.read() as connection:
        found = read(connection)
    return Response(msgspec.json.encode(found), media_type=JSON)


def _change(request: Request, change: Callable[[Connection], msgspec.Struct]) -> Response:
    services: Services = request.app.state.services
    try:
        with services.ledger.write() as connection:
            found = change(connection)
    except FleetError as error:
        raise HTTPException(409, str(error)) from None
    return Response(msgspec.json.encode(found), media_type=JSON)


def _incident(connection: Connection, one: str, scope: Scope, do: Callable[[bytes], object]) -> answers.ApiIncident:
    ref = bytes.fromhex(one)
    asked = visible(alarms.listed(open_only=False, limit=1).where(incident.c.id == ref), incident, scope)
    if connection.execute(asked).one_or_none() is None:
        raise HTTPException(404, "no such alarm")
    do(ref)
    return answers.incident(connection.execute(asked).one())


def _ticket(connection: Connection, one: str, scope: Scope, do: Callable[[bytes], object]) -> answers.ApiTicket:
    ref = bytes.fromhex(one)
    asked = visible(ticket_book.listed(open_only=False, limit=1).where(ticket.c.id == ref), ticket, scope)
    if connection.execute(asked).one_or_none() is None:
        raise HTTPException(404, "no such ticket")
    do(ref)
    return answers.ticket(ticket_book.of_row(connection.execute(asked).one()), now_ms())


def seen(connection: Connection, terminal: str, scope: Scope) -> overview.Row:
    row = overview.one(connection, terminal, scope)
    if row is None:
        raise HTTPException(404, "no such terminal")
    return row
