"""The web application: API, pages, health, and what every answer has in common (headers, errors).

Every endpoint declares who may use it (server/access/gate.py); with one that does not, nothing starts.
"""

from pathlib import Path
from typing import Any

import msgspec
from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server import LedgerError
from server.access import gate
from server.access.keys import AccessKeys
from server.access.trail import Recorder
from server.leads import routes as leads
from server.ledger.views import ApiAlarms, ApiDatings, ApiPage
from server.public import routes as public
from server.public.front import Front
from server.web import (
    accounts,
    api,
    bundles,
    claims,
    exchange_api,
    feed,
    fleet_api,
    fleet_pages,
    live,
    login,
    me,
    metrics,
    oversight,
    pages,
    people_pages,
    refused,
    registration_api,
    releases,
    search,
    standing,
    terminal_api,
    transparency,
)
from server.web.around import Bounded, Recorded
from server.web.packed import Packed
from server.web.services import Services

_POLICY = "content-security-policy"
_HEADERS = {
    _POLICY: "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
# Everything there is. A room's router is one more name here.
ROUTERS: list[APIRouter] = [
    api.router,
    bundles.router,
    claims.router,
    exchange_api.router,
    feed.router,
    standing.router,
    transparency.router,
    public.router,
    leads.router,
    refused.router,
    fleet_api.router,
    terminal_api.router,
    registration_api.router,
    metrics.router,
    pages.router,
    live.router,
    login.router,
    me.router,
    accounts.router,
    oversight.router,
    search.router,
    releases.router,
    *fleet_pages.ROUTERS,
    *people_pages.ROUTERS,
]


def create_app(services: Services) -> FastAPI:
    """The application over `services`. Its OpenAPI document is at /api/v1/openapi.json."""
    app = FastAPI(title="Hazri", version="1", docs_url=None, redoc_url=None, openapi_url="/api/v1/openapi.json")
    app.state.services = services
    app.state.keys = AccessKeys(services.vault)
    app.state.recorder = Recorder(services.ledger)
    _include(app)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    app.add_exception_handler(StarletteHTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(LedgerError, _no_ledger)
    app.add_exception_handler(Exception, _bug)
    app.add_middleware(Recorded, recorder=app.state.recorder)
    app.add_middleware(Packed)
    app.add_middleware(Bounded)
    app.add_middleware(Front, ledger=services.ledger, busy=public.busy())
    app.add_middleware(_SecurityHeaders, pictures=services.tiles.origin if services.tiles else "")
    app.openapi_schema = _document(app)
    return app


def openapi() -> dict[str, Any]:
    """The OpenAPI document, without anything running."""
    app = FastAPI(title="Hazri", version="1")
    _include(app)
    return _document(app)


def _include(app: FastAPI) -> None:
    missing = gate.undeclared(ROUTERS)
    if missing:
        raise TypeError(f"who may use {', '.join(missing)}? see server/access/gate.py")
    for router in ROUTERS:
        app.include_router(router)


def _document(app: FastAPI) -> dict[str, Any]:
    document = app.openapi()
    answers = [
        ApiPage,
        ApiDatings,
        ApiAlarms,
        *transparency.SCHEMAS,
        *refused.SCHEMAS,
        *feed.SCHEMAS,
        *standing.SCHEMAS,
        *fleet_api.SCHEMAS,
        *terminal_api.SCHEMAS,
        *registration_api.SCHEMAS,
        *leads.SCHEMAS,
        *exchange_api.SCHEMAS,
    ]
    _, components = msgspec.json.schema_components(answers, ref_template="#/components/schemas/{name}")
    document.setdefault("components", {}).setdefault("schemas", {}).update(components)
    return document


class _SecurityHeaders:
    """Adds the headers that keep a browser from doing what no page of ours wants. `pictures`: where else pictures may
    come from (the map's tiles)."""

    def __init__(self, app: ASGIApp, pictures: str) -> None:
        self._app = app
        policy = _HEADERS[_POLICY].replace("img-src 'self'", f"img-src 'self' {pictures}".rstrip())
        self._headers = [(k.encode(), v.encode()) for k, v in (_HEADERS | {_POLICY: policy}).items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        static = scope["path"].startswith("/static/")

        async def send_with(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._headers]
                if not static and all(name != b"cache-control" for name, _ in message["headers"]):
                    message["headers"].append((b"cache-control", b"no-store"))
            await send(message)

        await self._app(scope, receive, send_with)


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException | StarletteHTTPException)  # noqa: S101 - registered for these alone
    if error.status_code == 303:
        return Response(status_code=303, headers=dict(error.headers or {}))
    if error.status_code == 403 and request.url.path == "/" and (other := pages.elsewhere(request)):
        return Response(status_code=303, headers={"location": other})
    if error.status_code == 401 and not error.detail:
        return pages.refusal(request, 401, pages.language(request).error_session, {})
    return pages.refusal(request, error.status_code, str(error.detail), dict(error.headers or {}))


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this alone
    found = [(".".join(str(part) for part in one["loc"][1:]), str(one["msg"])) for one in error.errors()]
    if request.url.path.startswith(pages.API):
        text = "; ".join(f"{where}: {why}" for where, why in found)
        return JSONResponse({"error": text or "the request is not valid"}, 422)
    fields = ", ".join(dict.fromkeys(where for where, _ in found if where))
    return pages.error_page(request, 422, "invalid", {}, fields=fields or "–")


def _no_ledger(request: Request, _error: Exception) -> Response:
    return pages.refusal(request, 503, "the ledger cannot be read now; try again", {"retry-after": "5"})


def _bug(request: Request, _error: Exception) -> Response:
    return pages.refusal(request, 500, "something failed here; the server's log says what", {})
