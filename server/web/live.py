"""`/live`: server-sent events (WHATWG HTML, section 9.2) that carry the page's own rows, rendered by its own templates.

punches    new rows, newest first
terminals  the body of the table of terminals
totals     the figures on top
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any
from weakref import WeakKeyDictionary

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope
from server.ledger import views
from server.ledger.store import Ledger, now_ms
from server.web import packed
from server.web.pages import LIVE_ROWS, environment, error_page, language, standing
from server.web.services import Services
from server.web.words import Words

router = APIRouter(include_in_schema=False)

MAX_STREAMS = 200
_LOOK_S = 0.25
_STANDING_S = 2.0  # the punches are news at once; how the terminals stand is worked out once for all who look on
_REFRESH_S = 5.0
_MAX_AGE_S = 600.0  # then the browser connects again, and its session is looked at again
_KEPT = 256
_streams = asyncio.Semaphore(MAX_STREAMS)
_kept: WeakKeyDictionary[Ledger, dict[tuple[Scope, str, bool, bool], tuple[float, dict[str, str]]]] = (
    WeakKeyDictionary()
)


@dataclass(frozen=True, slots=True)
class Shown:
    """In which words, of what, and whether what was refused, and a terminal's own page, may be opened."""

    w: Words
    scope: Scope
    refusals: bool
    fleet: bool


@dataclass(slots=True)
class _Sent:
    """What one browser has: all punches up to a number, and the newest of the other parts."""

    after: int
    parts: dict[str, str]


@router.get("/live")
def live(request: Request, scope: Annotated[Scope, may(Right.WATCH, away=False)], after: int = 0) -> Response:
    if _streams.locked():
        return error_page(request, 503, language(request).error_busy, {"retry-after": "30"})
    services: Services = request.app.state.services
    seen = request.headers.get("last-event-id", "")
    start = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 17 else after
    able = [request.state.visitor.scope(right) is not None for right in (Right.REFUSALS, Right.FLEET)]
    show = Shown(language(request), scope, *able)
    return packed.event_stream(request, _events(request, services, show, start))


async def _events(request: Request, services: Services, show: Shown, after: int) -> AsyncIterator[str]:
    async with _streams:
        began, version, refreshed = time.monotonic(), -1, 0.0
        sent = _Sent(after, {})
        yield "retry: 2000\n\n"
        while not services.stopping.is_set() and time.monotonic() - began < _MAX_AGE_S:
            if await request.is_disconnected():
                return
            now = time.monotonic()
            if services.feed.version != version or now - refreshed > _REFRESH_S:
                version, refreshed = services.feed.version, now
                if text := await run_in_threadpool(_news, services, show, sent):
                    yield text
            await asyncio.sleep(_LOOK_S)


def _news(services: Services, show: Shown, sent: _Sent) -> str:
    """What this browser lacks."""
    with services.ledger.read() as connection:
        punches = views.live_punches(connection, sent.after, LIVE_ROWS, show.scope)
    sent.after = max((p.server_seq for p in punches), default=sent.after)
    told = []
    if punches:
        rows = environment.get_template("rows.html").module
        told.append(_event("punches", str(rows.punches(show.w, punches, show.fleet)), sent.after))  # type: ignore[attr-defined]
    for name, html in _standing(services, show).items():
        if sent.parts.get(name) != html:
            sent.parts[name] = html
            told.append(_event(name, html, sent.after))
    return "".join(told)


def _standing(services: Services, show: Shown) -> dict[str, str]:
    """The other parts of the page, at most `_STANDING_S` old."""
    kept = _kept.setdefault(services.ledger, {})
    key = show.scope, show.w.code, show.refusals, show.fleet
    at, parts = kept.get(key, (float("-inf"), {}))
    if time.monotonic() - at < _STANDING_S:
        return parts
    with services.ledger.read() as connection:
        found = standing(connection, show.scope, now_ms())
    rows: Any = environment.get_template("rows.html").module
    parts = {
        "terminals": str(rows.terminals(show.w, found["terminals"], found["now_ms"], show.fleet)),
        "totals": str(rows.totals(show.w, found["totals"], found["hearing"], show.refusals)),
    }
    if len(kept) >= _KEPT:
        kept.clear()
    kept[key] = time.monotonic(), parts
    return parts


def _event(name: str, html: str, after: int) -> str:
    return f"id: {after}\nevent: {name}\ndata: {json.dumps(html)}\n\n"
