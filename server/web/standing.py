"""How complete is it? By terminal, and by office and day."""

import datetime as dt
from typing import Annotated

import msgspec
from fastapi import APIRouter, HTTPException, Query, Request, Response

from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope
from server.intake.timekeeping import IST
from server.sharing import completeness, reconcile
from server.web import answers
from server.web.api import ANSWERS, answer
from server.web.bodies import BEARER
from server.web.selection import place
from server.web.services import Services

router = APIRouter()


class ApiWatermark(msgspec.Struct, frozen=True):
    """`reported` of `terminals` have reported past `due`; `waiting` have not. `text` says the same in words."""

    due: dt.datetime
    terminals: int
    reported: int
    waiting: list[str]
    complete: bool
    text: str


SCHEMAS: list[type[msgspec.Struct]] = [ApiWatermark, reconcile.ApiReconciliation]


@router.get(
    "/api/v1/reconciliation",
    response_class=Response,
    responses={**ANSWERS, **answer("Logs", "ApiReconciliation")},
    openapi_extra=BEARER,
    summary="What each terminal issued, has a receipt for, and what is here",
)
def reconciliation(
    request: Request,
    scope: Annotated[Scope, may(Right.PULL)],
    terminal: Annotated[str, Query(pattern="^[a-z0-9-]{0,32}$", description="this one, with its rows counted")] = "",
    after: Annotated[str, Query(pattern="^[a-z0-9-]{0,32}$", description="`next` of the page before")] = "",
) -> Response:
    """A central server that has the same numbers has everything."""
    services: Services = request.app.state.services
    with services.ledger.read() as connection:
        found = reconcile.reconcile(connection, scope, after, terminal)
    return answers.page(request, msgspec.json.encode(found))


@router.get(
    "/api/v1/completeness",
    response_class=Response,
    responses={**ANSWERS, **answer("The watermark", "ApiWatermark")},
    openapi_extra=BEARER,
    summary="How many terminals of an office have reported past a time of a day",
)
def watermark(
    request: Request,
    scope: Annotated[Scope, may(Right.PULL)],
    day: Annotated[dt.date, Query(description="in India")],
    past: Annotated[dt.time, Query(description="of that day in India, as 18:00")] = dt.time(18, 0),
    org: Annotated[str, Query(max_length=32)] = "",
    office: Annotated[str, Query(max_length=32, description="code of an office of `org`, with all below it")] = "",
) -> Response:
    """What came until then is all there is, where every terminal has reported past it."""
    services: Services = request.app.state.services
    if office and not org:
        raise HTTPException(422, "office: say `org`, too; a code is one organisation's")
    due = dt.datetime.combine(day, past.replace(tzinfo=None), IST)
    with services.ledger.read() as connection:
        if org:
            scope = Scope(frozenset(), frozenset({place(connection, scope, org, office)}))
        found = completeness.reported(connection, scope, int(due.timestamp() * 1000))
    text = f"{found.reported} of {found.terminals} terminals have reported past {past:%H:%M}"
    told = ApiWatermark(due, found.terminals, found.reported, list(found.waiting), found.complete, text)
    return answers.page(request, msgspec.json.encode(told))
