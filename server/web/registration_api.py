"""Registrations over the API: a file of them, tried first if one likes, and how each of them stands.

Programs come with a token of the scope `register`, nodal officers with their session.
"""

import datetime as dt
from typing import Annotated

import msgspec
from fastapi import APIRouter, HTTPException, Path, Query, Request, Response
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from server import PeopleError
from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope, visible
from server.ledger.tables import office, registration
from server.people import imports
from server.people.fields import COLUMNS
from server.people.orgs import lists
from server.people.registration import Consent
from server.web.around import LARGE_BODIES
from server.web.bodies import BEARER, JSON, REFUSED, answered
from server.web.fleet_answers import moment, moment_or_none
from server.web.people_pages.desk import registry
from server.web.services import Services

router = APIRouter()
HandIn = Annotated[Scope, may(Right.HAND_IN)]
PATH = "/api/v1/registrations"
MAX_BYTES = 32 * 1024 * 1024
LARGE_BODIES[PATH] = MAX_BYTES
_KINDS = ("application/x-ndjson", JSON, "text/csv")


class ApiBadRow(msgspec.Struct, frozen=True):
    """One thing wrong with one row; rows count from 1, headings not among them."""

    row: int
    column: str
    why: str
    todo: str


class ApiImport(msgspec.Struct, frozen=True):
    """What a file came to. With any bad row nobody is registered; `registrations`: their ids, in the order of rows."""

    rows: int
    dry_run: bool
    bad: list[ApiBadRow]
    registrations: list[str]


class ApiRegistration(msgspec.Struct, frozen=True):
    """`state`: submitted, verified or rejected, with the `reason`. `person`: the reference of who was verified.
    `replaces`: the rejected registration that it was made anew for."""

    id: str
    state: str
    reason: str
    person: str | None
    replaces: str | None
    submitted: dt.datetime
    decided: dt.datetime | None


SCHEMAS: list[type[msgspec.Struct]] = [ApiImport, ApiBadRow, ApiRegistration]

_BODY = {
    "required": True,
    "description": f"One object a line, or CSV with a line of headings: {', '.join(COLUMNS)}. Photographs in base64.",
    "content": {kind: {"schema": {"type": "string"}} for kind in _KINDS},
}


@router.post(
    PATH,
    response_class=Response,
    responses={
        200: answered("All are registered, or would be", "ApiImport"),
        404: {"description": "No such organisation, or not yours", **REFUSED},
        422: answered("Every bad row; nobody was registered", "ApiImport"),
    },
    openapi_extra={**BEARER, "requestBody": _BODY},
    summary="Register everybody in a file, or nobody",
)
async def hand_in(
    request: Request,
    scope: HandIn,
    org: Annotated[str, Query(max_length=32, description="the organisation's short name")],
    dry_run: Annotated[bool, Query(description="list every bad row, and store nothing")] = False,
    consent: Annotated[
        str, Query(pattern=r"^[A-Za-z0-9 ._-]{1,40}$", description="the text of consent that each of them agreed to")
    ] = "on paper",
) -> Response:
    """A nodal officer verifies each of them afterwards (R1.8)."""
    if not request.headers.get("content-type", "").startswith(_KINDS):
        raise HTTPException(415, f"the request is none of {', '.join(_KINDS)}")
    data = await request.body()
    found = await run_in_threadpool(_take, request, scope, org, data, Consent(consent, ""), dry_run)
    return Response(msgspec.json.encode(found), 422 if found.bad else 200, media_type=JSON)


@router.get(
    PATH + "/{one}",
    response_class=Response,
    responses={
        200: answered("How it stands", "ApiRegistration"),
        404: {"description": "Not there, or not yours", **REFUSED},
    },
    openapi_extra=BEARER,
    summary="How a registration stands",
)
def look(request: Request, scope: HandIn, one: Annotated[str, Path(pattern="^R-[0-9A-Z]{8}$")]) -> Response:
    services: Services = request.app.state.services
    with services.ledger.read() as connection:
        asked = visible(select(registration), registration, scope).where(registration.c.id == one)
        row = connection.execute(asked).one_or_none()
    if row is None:
        raise HTTPException(404, "no such registration")
    person = row.person.hex() if row.person else None
    times = moment(row.submitted_ms), moment_or_none(row.decided_ms)
    told = ApiRegistration(row.id, row.state, row.reason, person, row.replaces, *times)
    return Response(msgspec.json.encode(told), media_type=JSON)


def _take(request: Request, scope: Scope, org: str, data: bytes, agreed: Consent, dry_run: bool) -> ApiImport:
    services: Services = request.app.state.services
    vaults = registry(request).vaults
    try:
        with services.ledger.read() as connection:
            mine = visible(select(office.c.id), office, scope).where(office.c.org == org)
            if connection.scalar(mine.limit(1)) is None:
                raise HTTPException(404, "no such organisation, or not yours")
            known, outside = lists(connection, org), imports.outside(connection, scope, org, data)
        file = imports.look(known, data, imports.photo_of_text)
        with services.ledger.write() as connection:
            report = imports.take(connection, vaults, org, file, agreed, dry_run=dry_run or bool(outside))
    except PeopleError as error:
        raise HTTPException(422, str(error)) from None
    bad = sorted((*outside, *report.bad), key=lambda one: (one.row, one.column))
    rows = [ApiBadRow(one.row, one.column, one.why, one.todo) for one in bad]
    return ApiImport(report.rows, dry_run, rows, list(report.registrations))
