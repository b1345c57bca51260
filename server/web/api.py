"""The API a central server pulls from, and health. Answers are encoded by msgspec: nine times faster than pydantic."""

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Response
from sqlalchemy import Connection

from server.access.gate import everybody, may
from server.access.rights import Right
from server.access.scope import Scope
from server.ledger import punch_rows, views
from server.ledger.punch_rows import Selection
from server.sharing.changes import newest
from server.web import answers
from server.web.bodies import BEARER, JSON, REFUSED, answered
from server.web.selection import Asked, chosen
from server.web.services import Services

router = APIRouter()
_encoder = msgspec.json.Encoder()

MAX_LIMIT = 5000
MAX_SEQ = 2**53
_NO_PUNCH = {"description": "No punch has this number", **REFUSED}


def answer(what: str, schema: str) -> dict[int | str, dict[str, Any]]:
    return {200: answered(what, schema)}


ANSWERS: dict[int | str, dict[str, Any]] = {
    **answer("Punches", "ApiPage"),
    401: {"description": "No token, an unknown or an expired one", **REFUSED},
    403: {"description": "A token for something else", **REFUSED},
    422: {"description": "A parameter out of range", **REFUSED},
    503: {"description": "The ledger cannot be read now", **REFUSED},
}


@router.get(
    "/api/v1/punches",
    response_class=Response,
    responses=ANSWERS,
    openapi_extra=BEARER,
    summary="Punches by a cursor that never skips",
)
def punches(
    request: Request,
    scope: Annotated[Scope, may(Right.PULL)],
    asked: Annotated[Asked, Depends(chosen)],
    after: Annotated[int, Query(ge=0, le=MAX_SEQ, description="server_seq of the last punch you hold, 0 for all")] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="of a page; a stream goes on to the end")] = 500,
) -> Response:
    """Punches behind server_seq `after`, in the order in which they were committed here: a later page never holds
    anything that belongs before an earlier one. As `application/x-ndjson`: all there are now, one a line."""
    services: Services = request.app.state.services
    with services.ledger.read() as connection:
        selection, end = asked.resolve(connection, scope), newest(connection)
        tag = answers.etag(request, end, scope)
        if same := answers.unchanged(request, tag):
            return same
        if not answers.wants_stream(request):
            return answers.page(request, _page(connection, selection, after, end.record, limit), tag)
    return answers.stream(request, _lines(services, selection, after, end.record), tag)


def _page(connection: Connection, selection: Selection, after: int, end: int, limit: int) -> bytes:
    """An ApiPage. Where a filter leaves punches out, its cursor goes past them."""
    rows = punch_rows.fetch(connection, selection, after, end, limit + 1)
    more = len(rows) > limit
    lines = punch_rows.lines(connection, rows[:limit])
    last = rows[:limit][-1].server_seq if rows else after
    after = last if more or selection.all else max(after, end)
    return f'{{"punches":[{",".join(lines)}],"next":{after},"more":{str(more).lower()}}}'.encode()


def _lines(services: Services, selection: Selection, after: int, end: int) -> Iterator[str]:
    while True:
        with services.ledger.read() as connection:
            rows = punch_rows.fetch(connection, selection, after, end, answers.SLICE)
            lines = punch_rows.lines(connection, rows)
        yield "".join(f"{line}\n" for line in lines)
        if len(rows) < answers.SLICE:
            return
        after = rows[-1].server_seq


@router.get(
    "/api/v1/punches/{server_seq}/datings",
    response_class=Response,
    responses={**ANSWERS, **answer("How it was dated, since it came", "ApiDatings"), 404: _NO_PUNCH},
    openapi_extra=BEARER,
    summary="How one punch was dated, now and before",
)
def datings(
    request: Request,
    scope: Annotated[Scope, may(Right.PULL)],
    server_seq: Annotated[int, Path(ge=1, le=MAX_SEQ)],
) -> Response:
    """Every dating of one punch, oldest first: later evidence adds one and changes none."""
    services: Services = request.app.state.services
    with services.ledger.read() as connection:
        found = views.datings(connection, server_seq, scope)
    if found is None:
        raise HTTPException(404, f"no punch has the server_seq {server_seq}")
    return Response(_encoder.encode(found), media_type=JSON)


@router.get(
    "/api/v1/alarms",
    response_class=Response,
    responses={**ANSWERS, **answer("Alarms", "ApiAlarms")},
    openapi_extra=BEARER,
    summary="What the district must look at",
)
def alarms(
    request: Request,
    scope: Annotated[Scope, may(Right.ALARMS)],
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="at most so many, the newest first")] = 100,
) -> Response:
    """Clocks turned back in office hours, and answers on the time that are not this server's."""
    services: Services = request.app.state.services
    with services.ledger.read() as connection:
        found = views.alarms(connection, limit, scope)
    return Response(_encoder.encode(found), media_type=JSON)


@router.get("/healthz", include_in_schema=False, dependencies=[everybody("that the process lives is no secret")])
def healthz() -> Response:
    """The process lives."""
    return Response(b'{"status":"ok"}', media_type=JSON)


@router.get("/readyz", include_in_schema=False, dependencies=[everybody("what does not work is said without names")])
def readyz(request: Request) -> Response:
    """Everything works: 200, or 503 with what does not, in words."""
    services: Services = request.app.state.services
    problems = services.problems()
    body = msgspec.json.encode({"status": "waiting" if problems else "ready", "problems": problems})
    return Response(body, 503 if problems else 200, media_type=JSON)
