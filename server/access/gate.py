"""How an endpoint says who may use it, in one line: a parameter.

    @router.get("/offices")
    def offices(request: Request, scope: Annotated[Scope, may(Right.MONITOR)]) -> Response: …

Only who has the right comes in, and `scope` is what it opens to them: hand it to every query. An endpoint for everybody
says so as well, with the reason: `dependencies=[everybody("health is not secret")]`. The application does not start
with an endpoint that says neither (`undeclared`). Reads of personal data and all changes are put on the trail by
server/web/app.py, with their result.
"""

import hmac
import re
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.routing import APIRoute
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from server.access import trail, visitor
from server.access.rights import Right
from server.access.roles import Role
from server.access.scope import Scope
from server.access.visitor import Challenge, Visitor
from server.ledger.store import Ledger
from server.ledger.tables import account

FORM_FIELD, FORM_HEADER = "_form", "x-hazri-form"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_ID = re.compile(r"(?![0-9]{6}$|[0-9]{12}$)[A-Za-z0-9_.:/-]{1,64}")


def may(right: Right, *, away: bool = True) -> Any:
    """Let in who has the right. `away`: a person who is not logged in is sent to where they can, else told 401."""
    return Depends(Gate(right, away))


def everybody(why: str) -> Any:
    """An endpoint that is open, and why."""
    return Depends(Open(why))


class Open:
    """Lets everybody in."""

    def __init__(self, why: str) -> None:
        self.why = why

    async def __call__(self) -> None:
        return None


class Gate:
    """Lets in who has a right; gives the scope it opens, and leaves the visitor in `request.state.visitor`."""

    def __init__(self, right: Right, away: bool) -> None:
        self.right = right
        self._away = away

    async def __call__(self, request: Request) -> Scope:
        state = request.app.state
        if self.right.may.personal and state.recorder.full:
            raise HTTPException(503, "the trail of reads cannot be written now", {"retry-after": "30"})
        who = await run_in_threadpool(self._find, request)
        request.state.visitor = who
        scope = who.scope(self.right)
        request.state.entry = self._entry(request, who, scope.roles if scope else frozenset())
        if scope is None:
            if who.unfinished and self._away:
                raise HTTPException(303, "finish logging in", {"location": "/account/begin"})
            raise HTTPException(403, "this is not among what you may do")
        if request.method not in _SAFE_METHODS and who.session is not None:
            await _own_form(request, who)
        return scope

    def _find(self, request: Request) -> Visitor:
        ledger: Ledger = request.app.state.services.ledger
        header, cookie = request.headers.get("authorization", ""), request.cookies.get(visitor.cookie_name(request), "")
        api = request.url.path.startswith("/api/")
        found = (
            visitor.by_token(ledger, header) if api and (header or not cookie) else visitor.by_cookie(ledger, cookie)
        )
        if isinstance(found, Visitor):
            return found
        if isinstance(found, Challenge) or api:
            status, words = (found or Challenge.NONE).value
            raise HTTPException(status, words, {"www-authenticate": "Bearer"} if status == 401 else None)
        if self._away:
            raise HTTPException(303, "log in first", {"location": way_in(ledger)})
        raise HTTPException(401, "")

    def _entry(self, request: Request, who: Visitor, roles: frozenset[Role]) -> tuple[trail.Entry, bool]:
        """For the trail, and whether it belongs there even if nothing was refused."""
        route = request.scope.get("route")
        action = f"{request.method} {getattr(route, 'path', request.url.path)}"
        asked = [(k, v if _ID.fullmatch(v) else "…") for k, v in parse_qsl(request.url.query)]
        what = request.url.path + ("?" + urlencode(asked, safe="…/") if asked else "")
        where = visitor.mark(request.app.state.keys, request)
        entry = trail.Entry(who.who, action, what, address=where, roles=" ".join(sorted(roles)))
        return entry, self.right.may.personal or request.method not in _SAFE_METHODS


async def _own_form(request: Request, who: Visitor) -> None:
    """Was the form made by a page of this session, and sent from our own page? Raises HTTPException 403."""
    told = request.headers.get(FORM_HEADER, "")
    if not told and request.headers.get("content-type", "").startswith(("application/x-www-form", "multipart/form")):
        form = await request.form()
        told = str(form.get(FORM_FIELD, ""))
    right = hmac.compare_digest(told.encode("utf-8", "replace"), who.csrf.encode())
    if not right or not same_origin(request):
        raise HTTPException(403, "the form was not sent from this page")


def same_origin(request: Request) -> bool:
    """Browsers say where a form was sent from; anything but our own page is refused."""
    origin = request.headers.get("origin")
    return origin is None or origin == f"{request.url.scheme}://{request.headers.get('host', '')}"


def way_in(ledger: Ledger) -> str:
    """Where somebody logs in: with an account where there are any, else with the token of a small site."""
    with ledger.read() as connection:
        return "/login" if connection.scalar(select(account.c.id).limit(1)) is not None else "/enter"


def declared(route: APIRoute) -> Gate | Open | None:
    """What an endpoint declares, or None."""
    found = [one.call for one in route.dependant.dependencies if isinstance(one.call, Gate | Open)]
    return found[0] if len(found) == 1 else None


def undeclared(routers: list[APIRouter]) -> list[str]:
    """The endpoints of these routers that declare nothing (or two things)."""
    routes = [route for router in routers for route in router.routes]
    return [str(getattr(one, "path", one)) for one in routes if not isinstance(one, APIRoute) or declared(one) is None]
