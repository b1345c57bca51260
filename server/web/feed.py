"""Everything in one order, for whoever keeps a copy; and the records themselves, for whoever verifies them."""

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response

from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope
from server.ledger import entries, raw
from server.ledger.punch_rows import Selection
from server.ledger.store import Ledger
from server.sharing.changes import Cursor, newest, parse_cursor
from server.web import answers
from server.web.api import ANSWERS, MAX_LIMIT, MAX_SEQ, answer
from server.web.bodies import BEARER
from server.web.selection import Asked, chosen
from server.web.services import Services

router = APIRouter()


class ApiChanges(msgspec.Struct, frozen=True):
    """Entries of types punch, dating and alarm, oldest first. Ask again with `after` = `next`."""

    entries: list[dict[str, Any]]
    next: str
    more: bool


SCHEMAS: list[type[msgspec.Struct]] = [ApiChanges, raw.ApiRecords, raw.ApiKeys]


@router.get(
    "/api/v1/changes",
    response_class=Response,
    responses={**ANSWERS, **answer("Entries", "ApiChanges")},
    openapi_extra=BEARER,
    summary="Punches, and what was said of them later, by one cursor",
)
def changes(
    request: Request,
    scope: Annotated[Scope, may(Right.PULL)],
    asked: Annotated[Asked, Depends(chosen)],
    after: Annotated[str, Query(max_length=40, description="the cursor of the last entry you hold")] = "0.0",
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="of a page; a stream goes on to the end")] = 500,
) -> Response:
    """Each punch as it was dated when it came; corrections come as entries of their own, never as edits. The same
    cursor gives the same entries for ever. As `application/x-ndjson`: all there are now, one a line."""
    services: Services = request.app.state.services
    try:
        cursor = parse_cursor(after)
    except ValueError as error:
        raise HTTPException(422, f"after: {error}") from None
    with services.ledger.read() as connection:
        selection, end = asked.resolve(connection, scope), newest(connection)
        tag = answers.etag(request, end, scope)
        if same := answers.unchanged(request, tag):
            return same
    if answers.wants_stream(request):
        return answers.stream(request, _lines(services.ledger, selection, cursor, end), tag)
    return answers.page_of(request, _page(entries.page(services.ledger, selection, cursor, end, limit)), tag)


def _page(found: entries.Page) -> Iterator[str]:
    """An ApiChanges."""
    yield '{"entries":['
    yield from entries.joined(found.entries, ",")
    yield f'],"next":"{found.next}","more":{str(found.more).lower()}}}'


def _lines(ledger: Ledger, selection: Selection, after: Cursor, end: Cursor) -> Iterator[str]:
    more = True
    while more:
        found = entries.page(ledger, selection, after, end, answers.SLICE)
        for _, pieces in found.entries:
            yield from pieces
            yield "\n"
        after, more = found.next, found.more


@router.get(
    "/api/v1/records",
    response_class=Response,
    responses={**ANSWERS, **answer("Records", "ApiRecords")},
    openapi_extra=BEARER,
    summary="Records as their terminals signed them",
)
def records(
    request: Request,
    scope: Annotated[Scope, may(Right.PULL)],
    after: Annotated[int, Query(ge=0, le=MAX_SEQ, description="server_seq of the last record you hold")] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="at most so many")] = 2000,
) -> Response:
    """Events, too: a chain has to be whole to be verified. Only for a token that may see the whole ledger."""
    services: Services = request.app.state.services
    if not scope.whole:
        raise HTTPException(403, "the token is for a part of this ledger, and chains are whole")
    with services.ledger.read() as connection:
        lines, last = raw.lines(connection, after, limit)
        more = last < newest(connection).record
    body = f'{{"records":[{",".join(lines)}],"next":{last},"more":{str(more).lower()}}}'
    return answers.page(request, body.encode())


@router.get(
    "/api/v1/keys",
    response_class=Response,
    responses={**ANSWERS, **answer("Keys", "ApiKeys")},
    openapi_extra=BEARER,
    summary="The keys that terminals sign with, vouched for",
)
def keys(request: Request, scope: Annotated[Scope, may(Right.PULL)]) -> Response:
    """Every key that a terminal has or had, with this server's signature over terminal and key."""
    services: Services = request.app.state.services
    if not scope.whole:
        raise HTTPException(403, "the token is for a part of this ledger")
    with services.ledger.read() as connection:
        return answers.page(request, msgspec.json.encode(raw.keys(connection)))
