"""`/live`: server-sent events (WHATWG HTML, section 9.2) that carry the page's own rows, rendered by its own templates.

punches    new rows, newest first
terminals  the body of the table of terminals
totals     the figures on top
"""

import asyncio
import datetime as dt
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope
from server.intake.timekeeping import IST
from server.ledger import views
from server.ledger.store import now_ms
from server.web.pages import LIVE_ROWS, environment, error_page, language
from server.web.services import Services
from server.web.words import Words

router = APIRouter(include_in_schema=False)

MAX_STREAMS = 200
_LOOK_S = 0.25
_REFRESH_S = 5.0
_MAX_AGE_S = 600.0  # then the browser connects again, and its session is looked at again
_streams = asyncio.Semaphore(MAX_STREAMS)


@dataclass(frozen=True, slots=True)
class Shown:
    """In which words, of what, and whether what was refused may be opened."""

    w: Words
    scope: Scope
    refusals: bool


@router.get("/live")
def live(request: Request, scope: Annotated[Scope, may(Right.WATCH, away=False)], after: int = 0) -> Response:
    if _streams.locked():
        return error_page(request, 503, language(request).error_busy, {"retry-after": "30"})
    services: Services = request.app.state.services
    seen = request.headers.get("last-event-id", "")
    start = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 17 else after
    show = Shown(language(request), scope, request.state.visitor.scope(Right.REFUSALS) is not None)
    stream = _events(request, services, show, start)
    return StreamingResponse(stream, media_type="text/event-stream", headers={"x-accel-buffering": "no"})


async def _events(request: Request, services: Services, show: Shown, after: int) -> AsyncIterator[str]:
    async with _streams:
        began, version, refreshed = time.monotonic(), -1, 0.0
        yield "retry: 2000\n\n"
        while not services.stopping.is_set() and time.monotonic() - began < _MAX_AGE_S:
            if await request.is_disconnected():
                return
            now = time.monotonic()
            if services.feed.version != version or now - refreshed > _REFRESH_S:
                version, refreshed = services.feed.version, now
                text, after = await run_in_threadpool(_snapshot, services, show, after)
                yield text
            await asyncio.sleep(_LOOK_S)


def _snapshot(services: Services, show: Shown, after: int) -> tuple[str, int]:
    now = now_ms()
    with services.ledger.read() as connection:
        punches = views.live_punches(connection, after, LIVE_ROWS, show.scope)
        terminals = views.live_terminals(connection, now, show.scope)
        totals = views.totals(connection, dt.datetime.now(IST).date(), show.scope)
    after = max((p.server_seq for p in punches), default=after)
    rows = environment.get_template("rows.html").module
    parts = [
        _event("terminals", rows.terminals(show.w, terminals, now), after),  # type: ignore[attr-defined]
        _event("totals", rows.totals(show.w, totals, terminals, show.refusals), after),  # type: ignore[attr-defined]
    ]
    if punches:
        parts.insert(0, _event("punches", rows.punches(show.w, punches), after))  # type: ignore[attr-defined]
    return "".join(parts), after


def _event(name: str, html: str, after: int) -> str:
    return f"id: {after}\nevent: {name}\ndata: {json.dumps(str(html))}\n\n"
