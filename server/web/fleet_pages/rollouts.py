"""How far each district is with its release, and why it waits or was halted. It only shows: what is rolled out is typed
at the server, by whoever holds its keys (docs/updates.md)."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection, func, select

from server import ReleaseError
from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope, visible
from server.ledger.tables import office
from server.releases.gate import HOUR_MS, Gate
from server.releases.rollout import Rollout, kept
from server.web.fleet_pages.frame import read, show
from server.web.services import Services
from sync.release import ALL, RINGS

router = APIRouter(include_in_schema=False)
Fleet = Annotated[Scope, may(Right.FLEET)]


@router.get("/rollouts")
def rollouts_page(request: Request, scope: Fleet) -> Response:
    """The districts that offices of the scope lie in."""
    services: Services = request.app.state.services
    try:
        found = kept(services.releases) if services.releases else {}
    except ReleaseError:
        return show(request, "fleet_rollouts.html", "rollouts", {"rows": [], "damaged": True}, status=503)
    with read(request) as connection:
        rows = [(name, one) for name, one in sorted(found.items()) if _theirs(connection, scope, name)]
    context = {"rows": rows, "damaged": False, "rings": RINGS, "all": ALL, "earliest": _earliest}
    return show(request, "fleet_rollouts.html", "rollouts", context)


def _theirs(connection: Connection, scope: Scope, name: str) -> bool:
    """A district is a part of an office's path (sync.release.districts); compared as it is written."""
    if scope.whole or name == ALL:
        return True
    path = office.c.path
    inside = visible(select(office.c.id).where(func.replace(path, f"/{name}/", "/") != path), office, scope)
    return connection.execute(inside.limit(1)).first() is not None


def _earliest(one: Rollout) -> int:
    """When it may go on."""
    return one.since_ms + round(Gate().soak_h * HOUR_MS)
