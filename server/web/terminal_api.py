"""One terminal over the API: what it is told to be (settings, standing, place) and to do (commands).

Programs come with a token of the scope `fleet`, people with their session. What is not theirs is not there.
"""

import datetime as dt
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from sqlalchemy import Connection, select

from server import FleetError
from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope, visible
from server.access.visitor import actor
from server.fleet import orders, places, standing, twin
from server.ledger.store import now_ms
from server.ledger.tables import office
from server.web.bodies import JSON, body_of, route
from server.web.fleet_answers import ApiTwin, moment, moment_or_none
from server.web.fleet_api import TerminalId, seen
from server.web.services import Services
from sync.orders import Detail, OrderKind

router = APIRouter()
See = Annotated[Scope, may(Right.FLEET)]
Command = Annotated[Scope, may(Right.COMMAND)]

# What may be commanded; settings have versions of their own, and are not among them.
KINDS = {kind.name.lower(): kind for kind in OrderKind if kind is not OrderKind.CONFIG}


class NewSettings(msgspec.Struct, forbid_unknown_fields=True):
    """`settings`: TOML, at most 512 bytes of UTF-8."""

    settings: str


class NewState(msgspec.Struct, forbid_unknown_fields=True):
    """`state`: active, quarantined, revoked or retired. `why`: for its history."""

    state: standing.State
    why: str


class NewPlace(msgspec.Struct, forbid_unknown_fields=True):
    """`office`: as the list of terminals gives it. `since`: from this moment on, now if it is left out."""

    office: str
    name: str = ""
    place: str = ""
    since: Annotated[dt.datetime, msgspec.Meta(tz=True)] | None = None
    why: str = ""


class NewOrder(msgspec.Struct, forbid_unknown_fields=True):
    """`kind`: selftest, restart, resync, locate, wipe or retry_window. `seconds`: of locate and retry_window. `sure`:
    of wipe, the terminal's id once more: everybody on it is forgotten, for good."""

    kind: str
    seconds: int | None = None
    sure: str = ""


class ApiVersion(msgspec.Struct, frozen=True):
    """One version of its settings, and who wanted it."""

    version: int
    settings: str
    made: dt.datetime
    by: str


class ApiSettings(msgspec.Struct, frozen=True):
    """Which it should have and which it says it has; versions newest first."""

    now: ApiTwin
    versions: list[ApiVersion]


class ApiStanding(msgspec.Struct, frozen=True):
    terminal: str
    was: str
    state: str


class ApiMoved(msgspec.Struct, frozen=True):
    """`due`: it moves then, and not yet."""

    terminal: str
    office: str
    since: dt.datetime
    due: bool


class ApiOrder(msgspec.Struct, frozen=True):
    """A command: who, when, and what came of it by the terminal's own record (LOG/SEQ)."""

    terminal: str
    number: int
    kind: str
    progress: str
    asked: dt.datetime
    sent: dt.datetime | None
    done: dt.datetime | None
    by: str
    result: str
    record: str


class ApiOrders(msgspec.Struct, frozen=True):
    """The newest first."""

    orders: list[ApiOrder]


BODIES: list[type[msgspec.Struct]] = [NewSettings, NewState, NewPlace, NewOrder]
SCHEMAS: list[type[msgspec.Struct]] = [ApiSettings, ApiStanding, ApiMoved, ApiOrders, ApiOrder, *BODIES]


_route = partial(route, router)


def _takes(kind: type[msgspec.Struct]) -> Any:
    async def read(request: Request) -> Any:
        return await body_of(request, kind)

    return Depends(read)


@_route("/api/v1/terminals/{terminal}/settings", "ApiSettings", "Which settings it should have, and has")
def settings(request: Request, scope: See, terminal: TerminalId) -> Response:
    services: Services = request.app.state.services
    with services.ledger.read() as connection:
        seen(connection, terminal, scope)
        return _json(_settings(connection, terminal))


@_route("/api/v1/terminals/{terminal}/settings", "ApiSettings", "It should have these settings", takes=NewSettings)
def desire(
    request: Request, scope: Command, terminal: TerminalId, told: Annotated[NewSettings, _takes(NewSettings)]
) -> Response:
    """The same again is no new version. They go out when it is online, and it says whether it keeps them."""

    def do(connection: Connection) -> ApiSettings:
        twin.desire(connection, terminal, twin.checked(told.settings), actor(request), now_ms())
        return _settings(connection, terminal)

    return _change(request, scope, terminal, do)


@_route(
    "/api/v1/terminals/{terminal}/state", "ApiStanding", "Put it aside, believe it again, or end it", takes=NewState
)
def state(
    request: Request, scope: Command, terminal: TerminalId, told: Annotated[NewState, _takes(NewState)]
) -> Response:
    def do(connection: Connection) -> ApiStanding:
        was = standing.change(connection, terminal, told.state, actor(request), told.why, now_ms())
        return ApiStanding(terminal, was, told.state)

    return _change(request, scope, terminal, do)


@_route("/api/v1/terminals/{terminal}/place", "ApiMoved", "It stands there, from now or a day to come", takes=NewPlace)
def place(
    request: Request, scope: Command, terminal: TerminalId, told: Annotated[NewPlace, _takes(NewPlace)]
) -> Response:
    """Its history stays; other people belong on it from then on."""

    def do(connection: Connection) -> ApiMoved:
        now = now_ms()
        from_ms = places.moment_ms(told.since) if told.since else now
        where = places.Place(from_ms, _office(connection, scope, told.office), told.name, told.place)
        places.move(connection, terminal, where, actor(request), told.why, now)
        return ApiMoved(terminal, told.office, moment(from_ms), from_ms > now)

    return _change(request, scope, terminal, do)


@_route("/api/v1/terminals/{terminal}/orders", "ApiOrders", "What it was commanded, and what came of it")
def given(
    request: Request, scope: See, terminal: TerminalId, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> Response:
    services: Services = request.app.state.services
    with services.ledger.read() as connection:
        seen(connection, terminal, scope)
        return _json(ApiOrders([_order(one) for one in orders.listing(connection, terminal, limit)]))


@_route("/api/v1/terminals/{terminal}/orders", "ApiOrder", "Command it", takes=NewOrder)
def give(
    request: Request, scope: Command, terminal: TerminalId, told: Annotated[NewOrder, _takes(NewOrder)]
) -> Response:
    """Carried out as soon as it is online; its own log says when it is done."""
    kind = KINDS.get(told.kind)
    if kind is None:
        raise HTTPException(422, f"kind: expected one of {', '.join(sorted(KINDS))}")
    if kind is OrderKind.WIPE and told.sure != terminal:
        raise HTTPException(422, "sure: of a wipe, give the terminal's id once more")
    detail: Detail = {}
    if kind in (OrderKind.LOCATE, OrderKind.RETRY_WINDOW):
        detail = {"seconds": orders.LOCATE_S if told.seconds is None else told.seconds}

    def do(connection: Connection) -> ApiOrder:
        orders.ask(connection, terminal, kind, detail, actor=actor(request))
        return _order(orders.listing(connection, terminal, 1)[0])

    return _change(request, scope, terminal, do)


def _change(request: Request, scope: Scope, terminal: str, do: Callable[[Connection], msgspec.Struct]) -> Response:
    services: Services = request.app.state.services
    try:
        with services.ledger.write() as connection:
            seen(connection, terminal, scope)
            return _json(do(connection))
    except FleetError as error:
        raise HTTPException(409, str(error)) from None


def _office(connection: Connection, scope: Scope, told: str) -> bytes | None:
    """An office in scope, by its id. Of no office it is everybody's, which is the whole ledger's to say."""
    if not told and scope.whole:
        return None
    try:
        which = bytes.fromhex(told)
    except ValueError:
        which = b""
    found: bytes | None = connection.scalar(visible(select(office.c.id), office, scope).where(office.c.id == which))
    if found is None:
        raise HTTPException(404, "no such office, or not yours")
    return found


def _settings(connection: Connection, terminal: str) -> ApiSettings:
    now = twin.state(connection, terminal)
    made = [
        ApiVersion(one.version, one.text, moment(one.made_ms), one.by) for one in twin.versions(connection, terminal)
    ]
    return ApiSettings(ApiTwin(now.desired, now.reported, now.result), made)


def _order(one: orders.Listed) -> ApiOrder:
    times = moment(one.asked_ms), moment_or_none(one.sent_ms), moment_or_none(one.done_ms)
    return ApiOrder(one.terminal, one.number, one.kind, one.progress, *times, one.actor, one.result, one.record)


def _json(said: msgspec.Struct) -> Response:
    return Response(msgspec.json.encode(said), media_type=JSON)
