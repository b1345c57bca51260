"""Files for other systems: check-ins, attendances, the holidays as a calendar, and the lists."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, HTTPException, Request, Response

from server import ServerError
from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope
from server.attendance.clock import days_of
from server.exchange import NAMES, door
from server.exchange.days import Asked
from server.web.people_pages.desk import parts, show, today
from server.web.people_pages.returns import asked_for, places_of

router = APIRouter(include_in_schema=False)

Reader = Annotated[Scope, may(Right.RETURNS)]


@router.get("/exchange")
def look(request: Request, scope: Reader, org: str = "") -> Response:
    services, p = parts(request)
    month = f"{today().replace(day=1) - dt.timedelta(days=1):%Y-%m}"
    with services.ledger.read() as connection:
        asked = asked_for(connection, scope, "", month, "", "", org)
        places = places_of(connection, scope, asked.org)
    names = [(name, p.of("exchange", name)) for name in NAMES]
    near = [(one.code, p.named(one)) for one in places]
    return show(
        request, "people_exchange.html", names=names, what="frappe", month=month, place_names=near, org=asked.org
    )


@router.get("/exchange/file")
def file(
    request: Request, scope: Reader, what: str = "", month: str = "", form: str = "csv", at: str = "", org: str = ""
) -> Response:
    """Raises HTTPException 404, 422."""
    services, _ = parts(request)
    try:
        with services.ledger.read() as connection:
            of = asked_for(connection, scope, "", month, "", at, org)
            days = days_of(of.month)
            found = door.export(connection, what, Asked(of.org, of.path, days[0], days[-1]), form, title=of.place.en)
    except ServerError as error:
        raise HTTPException(422, str(error)) from None
    headers = {"content-disposition": f'attachment; filename="{found.name}"'}
    return Response(found.body, media_type=door.TYPES[found.form], headers=headers)
