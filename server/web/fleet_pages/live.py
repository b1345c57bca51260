"""`/live/fleet`: server-sent events that say "look again", so that a page which is open is never old.

The page then fetches itself and takes over the parts that differ (static/fleet.js): one set of templates and of rights,
and nothing is sent to who is not looking. What changed is known by a digest of what the scope sees, worked out once in
a few seconds however many look on.
"""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Connection, Table, func, select
from starlette.concurrency import run_in_threadpool

from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Place, Scope, visible
from server.fleet import overview
from server.ledger.store import now_ms
from server.ledger.tables import incident, terminal_health, terminal_order, terminal_state, ticket
from server.web import packed
from server.web.pages import error_page, language
from server.web.services import Services

router = APIRouter(include_in_schema=False)

MAX_STREAMS = 200
_REFRESH_S = 5.0
_LOOK_S = 0.25
_MAX_AGE_S = 600.0  # then the browser connects again, and its session is looked at again
_KEPT = 256
_streams = asyncio.Semaphore(MAX_STREAMS)

Seen = tuple[frozenset[Place], str]
_digests: dict[Seen, tuple[float, str]] = {}


@router.get("/live/fleet")
def live(
    request: Request,
    scope: Annotated[Scope, may(Right.FLEET, away=False)],
    terminal: Annotated[str, Query(pattern="^[a-z0-9-]{0,32}$")] = "",
) -> Response:
    """Of one terminal, or of all there are."""
    if _streams.locked():
        return error_page(request, 503, language(request).error_busy, {"retry-after": "30"})
    services: Services = request.app.state.services
    return packed.event_stream(request, _events(request, services, scope, terminal))


async def _events(request: Request, services: Services, scope: Scope, terminal: str) -> AsyncIterator[str]:
    async with _streams:
        began, looked, before = time.monotonic(), 0.0, ""
        yield "retry: 5000\n\n"
        while not services.stopping.is_set() and time.monotonic() - began < _MAX_AGE_S:
            if await request.is_disconnected():
                return
            if time.monotonic() - looked > _REFRESH_S:
                looked = time.monotonic()
                now = await run_in_threadpool(_digest, services, scope, terminal)
                yield f"event: {'changed' if before and now != before else 'same'}\ndata: {now}\n\n"
                before = now
            await asyncio.sleep(_LOOK_S)


def _digest(services: Services, scope: Scope, terminal: str) -> str:
    key = scope.places, terminal
    at, digest = _digests.get(key, (0.0, ""))
    if time.monotonic() - at > _REFRESH_S - 1:
        with services.ledger.read() as connection:
            seen = _one(connection, scope, terminal) if terminal else _all(connection, scope)
        digest = hashlib.sha256(repr(seen).encode()).hexdigest()[:16]
        if len(_digests) >= _KEPT:
            _digests.clear()
        _digests[key] = time.monotonic(), digest
    return digest


def _all(connection: Connection, scope: Scope) -> object:
    """A beat alone is no news: who looks at ten thousand would be told every second."""
    sums = overview.sums(connection, now_ms(), scope)
    o, k, i = terminal_order.c, ticket.c, incident.c
    counts: tuple[tuple[Any, Table], ...] = (
        (select(func.count(o.sent_ms), func.count(o.done_ms), func.count(o.number)), terminal_order),
        (select(func.count(k.acked_ms), func.count(k.closed_ms)), ticket),
        (select(func.count(i.acked_ms), func.count(i.closed_ms)), incident),
    )
    return sums, [tuple(connection.execute(visible(asked, table, scope)).one()) for asked, table in counts]


def _one(connection: Connection, scope: Scope, terminal: str) -> object:
    if (row := overview.one(connection, terminal, scope)) is None:
        return None
    o, k, i = terminal_order.c, ticket.c, incident.c
    asked = (
        select(terminal_state).where(terminal_state.c.terminal == terminal),
        select(terminal_health.c.at_ms).where(terminal_health.c.terminal == terminal),
        select(func.count(), func.count(o.sent_ms), func.count(o.done_ms)).where(o.terminal == terminal),
        select(func.count(), func.count(k.acked_ms), func.count(k.closed_ms)).where(k.terminal == terminal),
        select(func.count(), func.count(i.acked_ms), func.count(i.closed_ms)).where(i.terminal == terminal),
    )
    return row, [tuple(found) for one in asked for found in connection.execute(one)]
