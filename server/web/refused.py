"""What was refused and why: a page for the office, and the same over the API (S8, S9)."""

import datetime as dt
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Connection, func, select

from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope, visible
from server.ledger.tables import quarantine
from server.web.bodies import BEARER, JSON, answered
from server.web.pages import page
from server.web.services import Services

router = APIRouter()

MAX_LIMIT = 1000
_ROWS = 200


class ApiRefused(msgspec.Struct, frozen=True):
    """Messages of one terminal with the same bytes, refused for the same reason. `digest` is their SHA-256 (of zeros
    where there was no room to keep them), `leaf` what they were sent as, `times` how often they came."""

    terminal: str
    reason: str
    detail: str
    leaf: str
    digest: str
    size: int
    times: int
    first: dt.datetime
    last: dt.datetime


class ApiRefusals(msgspec.Struct, frozen=True):
    """The last to come first."""

    refused: list[ApiRefused]


SCHEMAS: list[type[msgspec.Struct]] = [ApiRefusals]
_ANSWERS: dict[int | str, dict[str, Any]] = {200: answered("What was refused", "ApiRefusals")}


@router.get(
    "/api/v1/refused",
    response_class=Response,
    responses=_ANSWERS,
    openapi_extra=BEARER,
    summary="What was refused, and why",
)
def refused(
    request: Request,
    scope: Annotated[Scope, may(Right.REFUSALS)],
    terminal: Annotated[str | None, Query(max_length=32, description="of this terminal alone")] = None,
    reason: Annotated[str | None, Query(max_length=32, description="for this reason alone, as `fork`")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="at most so many")] = 100,
) -> Response:
    """Kept in quarantine within bounds: the first 50 of a terminal and a reason in full, of the others the number."""
    services: Services = request.app.state.services
    with services.ledger.read() as connection:
        found = ApiRefusals(rows(connection, scope, limit, terminal, reason))
    return Response(msgspec.json.encode(found), media_type=JSON)


@router.get("/refused", include_in_schema=False)
def refused_page(request: Request, scope: Annotated[Scope, may(Right.REFUSALS)]) -> Response:
    services: Services = request.app.state.services
    with services.ledger.read() as connection:
        found = rows(connection, scope, _ROWS)
    return page(request, "refused.html", rows=found)


def rows(
    connection: Connection, scope: Scope, limit: int, terminal: str | None = None, reason: str | None = None
) -> list[ApiRefused]:
    """The newest refusals, newest first."""
    q = quarantine.c
    statement = visible(select(quarantine, func.length(q.payload).label("size")), quarantine, scope)
    statement = statement.order_by(q.last_ms.desc(), q.digest)
    if terminal is not None:
        statement = statement.where(q.terminal == terminal)
    if reason is not None:
        statement = statement.where(q.reason == reason)
    return [
        ApiRefused(
            terminal=row.terminal,
            reason=row.reason,
            detail=row.detail,
            leaf=row.leaf,
            digest=row.digest.hex(),
            size=row.size,
            times=row.times,
            first=_moment(row.first_ms),
            last=_moment(row.last_ms),
        )
        for row in connection.execute(statement.limit(limit))
    ]


def _moment(ms: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(ms / 1000, dt.UTC)
