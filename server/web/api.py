"""The API a central server pulls from, and health. Answers are encoded by msgspec: nine times faster than pydantic."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, HTTPException, Path, Query, Request, Response

from server import tokens
from server.ledger import views
from server.tokens import Access, Scope
from server.web.services import Services

router = APIRouter()
_encoder = msgspec.json.Encoder()

MAX_LIMIT = 5000
_MAX_SEQ = 2**53
_JSON = "application/json"
_ERROR = {"content": {_JSON: {"schema": {"type": "object", "properties": {"error": {"type": "string"}}}}}}
_NO_PUNCH = {"description": "No punch has this number", **_ERROR}


def _answer(what: str, schema: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": what, "content": {_JSON: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}}}


_ANSWERS: dict[int | str, dict[str, Any]] = {
    **_answer("Punches", "ApiPage"),
    401: {"description": "No token, an unknown or an expired one", **_ERROR},
    403: {"description": "A token for something else", **_ERROR},
    422: {"description": "A parameter out of range", **_ERROR},
    503: {"description": "The ledger cannot be read now", **_ERROR},
}


@router.get(
    "/api/v1/punches",
    response_class=Response,
    responses=_ANSWERS,
    openapi_extra={"security": [{"bearer": []}]},
    summary="Punches by a cursor that never skips",
)
def punches(
    request: Request,
    after: Annotated[int, Query(ge=0, le=_MAX_SEQ, description="server_seq of the last punch you hold, 0 for all")] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="at most so many")] = 500,
) -> Response:
    """Punches behind server_seq `after`, in the order in which they were committed here: a later page never holds
    anything that belongs before an earlier one."""
    services: Services = request.app.state.services
    authorise(services, request.headers.get("authorization", ""))
    with services.ledger.read() as connection:
        page = views.page(connection, after, limit)
    return Response(_encoder.encode(page), media_type=_JSON)


@router.get(
    "/api/v1/punches/{server_seq}/datings",
    response_class=Response,
    responses={**_ANSWERS, **_answer("How it was dated, since it came", "ApiDatings"), 404: _NO_PUNCH},
    openapi_extra={"security": [{"bearer": []}]},
    summary="How one punch was dated, now and before",
)
def datings(request: Request, server_seq: Annotated[int, Path(ge=1, le=_MAX_SEQ)]) -> Response:
    """Every dating of one punch, oldest first: later evidence adds one and changes none."""
    services: Services = request.app.state.services
    authorise(services, request.headers.get("authorization", ""))
    with services.ledger.read() as connection:
        found = views.datings(connection, server_seq)
    if found is None:
        raise HTTPException(404, f"no punch has the server_seq {server_seq}")
    return Response(_encoder.encode(found), media_type=_JSON)


@router.get(
    "/api/v1/alarms",
    response_class=Response,
    responses={**_ANSWERS, **_answer("Alarms", "ApiAlarms")},
    openapi_extra={"security": [{"bearer": []}]},
    summary="What the district must look at",
)
def alarms(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="at most so many, the newest first")] = 100,
) -> Response:
    """Clocks turned back in office hours, and answers on the time that are not this server's."""
    services: Services = request.app.state.services
    authorise(services, request.headers.get("authorization", ""))
    with services.ledger.read() as connection:
        found = views.alarms(connection, limit)
    return Response(_encoder.encode(found), media_type=_JSON)


@router.get("/healthz", include_in_schema=False)
def healthz() -> Response:
    """The process lives."""
    return Response(b'{"status":"ok"}', media_type=_JSON)


@router.get("/readyz", include_in_schema=False)
def readyz(request: Request) -> Response:
    """Everything works: 200, or 503 with what does not, in words."""
    services: Services = request.app.state.services
    problems = services.problems()
    body = msgspec.json.encode({"status": "waiting" if problems else "ready", "problems": problems})
    return Response(body, 503 if problems else 200, media_type=_JSON)


def authorise(services: Services, header: str) -> None:
    """Raises HTTPException 401 or 403 unless the header bears a token for pulling."""
    scheme, _, token = header.partition(" ")
    challenge = {"www-authenticate": "Bearer"}
    if scheme.lower() != "bearer" or not token:
        raise HTTPException(401, "send a token: `Authorization: Bearer …`", challenge)
    access = tokens.check(services.ledger, token.strip(), Scope.PULL).access
    if access is Access.EXPIRED:
        raise HTTPException(401, "the token has expired", challenge)
    if access is Access.UNKNOWN:
        raise HTTPException(401, "the token is not one of this server's", challenge)
    if access is not Access.GRANTED:
        raise HTTPException(403, "the token is for something else, not for pulling")
