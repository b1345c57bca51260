"""Looking after one terminal: its standing, its place, its settings, another unit instead; tokens for new ones.

The same as `terminal state`, `terminal move` and `claim make` on the command line, and /api/v1/terminals/….
"""

import datetime as dt
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection, select

from server import ClaimError, FleetError
from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope, visible
from server.access.visitor import actor
from server.fleet import claims, places, standing, twin
from server.intake.timekeeping import IST
from server.ledger.store import now_ms
from server.ledger.tables import office
from server.web.fleet_pages.frame import TerminalId, csrf, names, read, show, words, write
from server.web.fleet_pages.terminal import seen
from server.web.services import Services

router = APIRouter(include_in_schema=False)
Command = Annotated[Scope, may(Right.COMMAND)]
Text = Annotated[str, Form(max_length=200)]
Tick = Annotated[str, Form(max_length=8)]

MOST_OFFICES = 400  # that are offered in a list; of more than these the code is typed
_FILE = {"content-disposition": 'attachment; filename="hazri.toml"'}


@router.get("/terminals/{terminal}/manage")
def manage(request: Request, scope: Command, terminal: TerminalId, done: Tick = "") -> Response:
    return _page(request, scope, terminal)


@router.post("/terminals/{terminal}/state")
def state(request: Request, scope: Command, terminal: TerminalId, become: Text = "", why: Text = "") -> Response:
    def do(connection: Connection) -> None:
        if become not in set(standing.State):
            raise FleetError(words(request)["choose"])
        if not why.strip():
            raise FleetError(words(request)["why_needed"])
        standing.change(connection, terminal, standing.State(become), actor(request), why, now_ms())

    return _change(request, scope, terminal, do)


@router.post("/terminals/{terminal}/place")
def place(
    request: Request,
    scope: Command,
    terminal: TerminalId,
    where: Text = "",
    name: Text = "",
    place: Text = "",
    on: Text = "",
    why: Text = "",
) -> Response:
    def do(connection: Connection) -> None:
        now = now_ms()
        from_ms = _day_ms(request, on) if on else now
        to = places.Place(from_ms, office_of(request, connection, scope, where), name.strip(), place.strip())
        places.move(connection, terminal, to, actor(request), why, now)

    return _change(request, scope, terminal, do)


@router.post("/terminals/{terminal}/settings")
def settings(
    request: Request, scope: Command, terminal: TerminalId, settings: Annotated[str, Form(max_length=4000)] = ""
) -> Response:
    def do(connection: Connection) -> None:
        try:
            body = twin.checked(settings)
        except FleetError as error:
            raise FleetError(words(request)["settings_wrong"].format(why=str(error).partition(": ")[2])) from None
        if not 0 < len(body) <= twin.MAX_BYTES:
            raise FleetError(words(request)["settings_size"].format(most=twin.MAX_BYTES))
        twin.desire(connection, terminal, body, actor(request), now_ms())

    return _change(request, scope, terminal, do)


@router.post("/terminals/{terminal}/replace")
def replace(request: Request, scope: Command, terminal: TerminalId, url: Text = "", at_once: Tick = "") -> Response:
    """A token for the unit that takes its place, as the file its card wants (S7)."""
    with read(request) as connection:
        seen(request, connection, scope, terminal)

    def make(connection: Connection) -> claims.Made:
        return claims.make(connection, actor(request), terminal_id=terminal, at_once=bool(at_once), replaces=True)

    try:
        return token_file(request, url, make)
    except FleetError as error:
        return _page(request, scope, terminal, words(request).say(str(error)), 409)


def token_file(request: Request, url: str, make: Callable[[Connection], claims.Made]) -> Response:
    """A token as the file its machine wants. Raises FleetError, HTTPException."""
    services: Services = request.app.state.services
    if services.desk is None:
        raise HTTPException(503, words(request)["claim_closed"])
    try:
        with write(request) as connection:
            made = make(connection)
            text = claims.file_of(made, services.desk.word.fingerprint, url or here(request))
    except ClaimError as error:
        raise FleetError(str(error)) from None
    return Response(text, media_type="application/toml", headers=_FILE)


def here(request: Request) -> str:
    """How whoever asks reaches this server."""
    return str(request.base_url).rstrip("/")


def office_of(request: Request, connection: Connection, scope: Scope, told: str) -> bytes | None:
    """An office in scope by ORG/CODE; None: everybody's, which is the whole ledger's to say. Raises FleetError."""
    if not told and scope.whole:
        return None
    org, _, code = told.strip().partition("/")
    asked = visible(select(office.c.id), office, scope).where(office.c.org == org, office.c.code == code)
    found: bytes | None = connection.scalar(asked)
    if found is None:
        raise FleetError(words(request)["move_no_office"])
    return found


def offices(connection: Connection, scope: Scope) -> list[str]:
    """ORG/CODE of the open offices in scope, for a list beside a field; none where they are too many to send."""
    asked = visible(select(office.c.org, office.c.code), office, scope).where(office.c.life != "closed")
    rows = connection.execute(asked.order_by(office.c.org, office.c.path).limit(MOST_OFFICES + 1)).all()
    return [f"{row.org}/{row.code}" for row in rows] if len(rows) <= MOST_OFFICES else []


def _change(request: Request, scope: Scope, terminal: str, do: Callable[[Connection], None]) -> Response:
    try:
        with write(request) as connection:
            seen(request, connection, scope, terminal)
            do(connection)
    except FleetError as error:
        return _page(request, scope, terminal, words(request).say(str(error)), 409)
    return RedirectResponse(f"/terminals/{terminal}/manage?done=1", 303)


def _page(request: Request, scope: Scope, terminal: str, problem: str = "", status: int = 200) -> Response:
    with read(request) as connection:
        row = seen(request, connection, scope, terminal)
        at = connection.execute(select(office.c.org, office.c.code).where(office.c.id == row.office)).one_or_none()
        versions = twin.versions(connection, terminal, 20)
        context = {
            "row": row,
            "steps": sorted(standing.STEPS[standing.State(row.state)]),
            "at_office": f"{at.org}/{at.code}" if at else "",
            "offices": offices(connection, scope),
            "twin": twin.state(connection, terminal),
            "versions": versions,
            "actor": names(connection, {one.by for one in versions}, words(request)),
        }
    done = words(request)["manage_done"] if request.query_params.get("done") and not problem else ""
    context |= {"url": here(request), "problem": problem, "done": done, "csrf": csrf(request)}
    return show(request, "fleet_manage.html", "terminals", context, status=status)


def _day_ms(request: Request, told: str) -> int:
    try:
        return places.moment_ms(dt.datetime.combine(dt.date.fromisoformat(told), dt.time(), IST))
    except ValueError:
        raise FleetError(words(request)["move_no_day"]) from None
