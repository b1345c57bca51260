"""What other systems fetch by themselves: check-ins for Frappe HR, attendances for Odoo, holidays as a calendar."""

import datetime as dt
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, HTTPException, Query, Request, Response
from sqlalchemy import Connection, select

from server import ServerError
from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope, visible
from server.exchange import door
from server.exchange.days import Asked
from server.ledger.tables import office
from server.web.people_pages.desk import one_of, orgs_of, today
from server.web.services import Services

router = APIRouter()

Puller = Annotated[Scope, may(Right.PULL)]
Org = Annotated[str, Query(max_length=32, description="which organisation; may be left out where there is one")]
Office = Annotated[str, Query(max_length=32, description="code of an office of it, with all below; else all of yours")]
Since = Annotated[dt.date | None, Query(description="first day; else the first of this month")]
Until = Annotated[dt.date | None, Query(description="last day; else today. At most 92 days in all")]


class Form(StrEnum):
    JSON = "json"
    CSV = "csv"


class ApiCheckin(msgspec.Struct, frozen=True):
    """Employee Checkin of Frappe HR; `time` is of India, to the second."""

    employee: str
    time: str
    device_id: str
    log_type: str
    skip_auto_attendance: int


class ApiAttendance(msgspec.Struct, frozen=True):
    """hr.attendance of Odoo; times in UTC. `check_out` is false while the day is open."""

    employee_id: str
    check_in: str
    check_out: str | bool


SCHEMAS: list[type[msgspec.Struct]] = [ApiCheckin, ApiAttendance]


def _route(name: str, schema: str, summary: str) -> Callable[[Any], Any]:
    line = {"type": "array", "items": {"$ref": f"#/components/schemas/{schema}"}}
    text: dict[str, Any] = {"schema": {"type": "string"}}
    content = {"application/json": {"schema": line}, "text/csv": text} if schema else {"text/calendar": text}
    refused = {"content": {"application/json": {"schema": {"type": "object"}}}}
    responses: dict[int | str, dict[str, Any]] = {
        200: {"description": summary, "content": content},
        404: {"description": "No such office, or not yours to see", **refused},
        422: {"description": "Too many days, or a parameter that makes no sense", **refused},
    }
    extra: dict[str, Any] = {"security": [{"bearer": []}]}
    path = f"/api/v1/exchange/{name}"
    return router.get(path, response_class=Response, responses=responses, openapi_extra=extra, summary=summary)


@_route("frappe", "ApiCheckin", "Check-ins as Frappe HR takes them")
def frappe(
    request: Request,
    scope: Puller,
    org: Org = "",
    office: Office = "",
    since: Since = None,
    until: Until = None,
    form: Form = Form.JSON,
) -> Response:
    """One line a punch of a day that has begun, by reference; the same days again give the same lines."""
    return _answer(request, scope, "frappe", _Place(org, office), (since, until), form)


@_route("odoo", "ApiAttendance", "Attendances as Odoo takes them")
def odoo(
    request: Request,
    scope: Puller,
    org: Org = "",
    office: Office = "",
    since: Since = None,
    until: Until = None,
    form: Form = Form.JSON,
) -> Response:
    """One line a day with punches, by reference."""
    return _answer(request, scope, "odoo", _Place(org, office), (since, until), form)


@_route("calendar", "", "Holidays as a calendar")
def calendar(request: Request, scope: Puller, org: Org = "", office: Office = "") -> Response:
    """All holidays that hold at a place, iCalendar (RFC 5545)."""
    return _answer(request, scope, "calendar", _Place(org, office), (None, None), Form.JSON)


class _Place(msgspec.Struct, frozen=True):
    org: str
    office: str

    def path(self, connection: Connection, scope: Scope) -> tuple[str, str]:
        """Organisation and path, in scope. Raises HTTPException 404."""
        mine = orgs_of(connection, scope)
        if not self.org and len(mine) > 1:
            raise HTTPException(422, "org: say which; there are several")
        slug = one_of(mine, self.org)
        asked = visible(select(office.c.path), office, scope).where(office.c.org == slug)
        asked = asked.where(office.c.code == self.office) if self.office else asked.order_by(office.c.path)
        found = connection.scalar(asked.limit(1))
        if found is None:
            raise HTTPException(404, "there is no such office")
        return slug, found


def _answer(
    request: Request, scope: Scope, name: str, at: _Place, days: tuple[dt.date | None, dt.date | None], form: Form
) -> Response:
    services: Services = request.app.state.services
    if "\0" in at.org + at.office:
        raise HTTPException(422, "a parameter holds a character that no text may have")
    until = days[1] or today()
    since = days[0] or until.replace(day=1)
    try:
        with services.ledger.read() as connection:
            found = door.export(connection, name, Asked(*at.path(connection, scope), since, until), form.value)
    except ServerError as error:
        raise HTTPException(422, str(error)) from None
    headers = {"content-disposition": f'attachment; filename="{found.name}"'}
    return Response(found.body, media_type=door.TYPES[found.form], headers=headers)
