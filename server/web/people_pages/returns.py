"""The returns: which there are, one looked at, one taken away as CSV, XLSX or PDF, in either language."""

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Request, Response
from sqlalchemy import Connection, select

from server import ServerError
from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope, visible
from server.ledger.store import now_ms
from server.ledger.tables import office, org
from server.returns import ReturnError, catalogue, render_page, render_table, schedule
from server.returns.model import Asked, Language, Return, Text, shown
from server.returns.words import TITLES, WHAT, period
from server.web.pages import language
from server.web.people_pages.desk import one_of, orgs_of, parts, show, today

router = APIRouter(include_in_schema=False)

Reader = Annotated[Scope, may(Right.RETURNS)]
FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}
_ROWS = 200


@router.get("/returns")
def listing(request: Request, scope: Reader) -> Response:
    code: Language = "hi" if language(request).code == "hi" else "en"
    names = [
        (name, TITLES[name].of(code), WHAT[name].hi if code == "hi" else WHAT[name].en) for name in names_of(request)
    ]
    with parts(request)[0].ledger.read() as connection:
        mine = orgs_of(connection, scope)
        due = [one for one in schedule.due(connection, now_ms()) if one.org in mine and one.sent_ms is None]
    return show(request, "people_returns.html", names=names, due=due)


@router.get("/returns/{name}")
def look(
    request: Request, scope: Reader, name: str, month: str = "", day: str = "", at: str = "", org: str = ""
) -> Response:
    services, p = parts(request)
    check_name(request, name)
    code: Language = "hi" if language(request).code == "hi" else "en"
    found: Return | None = None
    wrong = ""
    with services.ledger.read() as connection:
        asked = asked_for(connection, scope, name, month, day, at, org)
        places = places_of(connection, scope, asked.org)
        try:
            found = catalogue.make(connection, name, asked, request.app.state.keys)
        except ServerError as error:
            wrong = p.say(str(error))
    said: dict[str, Any] = {"found": found, "which": name, "asked": asked, "cut": _ROWS, "formats": FORMATS}
    said |= {"say": lambda cell: shown(cell, code), "problems": {"": wrong} if wrong else {}}
    said |= {"place_names": [(one.code, p.named(one)) for one in places]}
    said |= {"may_send": request.state.visitor.scope(Right.SEND_RETURNS) is not None}
    said |= {
        "title": TITLES[name].of(code),
        "when": period(found.period) if found else "",
        "at": at,
        "daily": name == "daily",
    }
    return show(request, "people_return.html", 400 if wrong else 200, **said)


@router.get("/returns/{name}/file")
def file(
    request: Request,
    scope: Reader,
    name: str,
    month: str = "",
    day: str = "",
    at: str = "",
    org: str = "",
    form: str = "csv",
) -> Response:
    services, _ = parts(request)
    check_name(request, name)
    code = language(request).code
    try:
        with services.ledger.read() as connection:
            asked = asked_for(connection, scope, name, month, day, at, org)
            found = catalogue.make(connection, name, asked, request.app.state.keys)
        body = rendered(found, form, code)
    except ServerError as error:
        raise HTTPException(422, str(error)) from None
    headers = {"content-disposition": f'attachment; filename="{name}-{asked.month}.{form}"'}
    return Response(body, media_type=FORMATS[form], headers=headers)


def rendered(found: Return, form: str, code: str) -> bytes:
    """Raises ReturnError."""
    render = {"csv": render_table.csv, "xlsx": render_table.xlsx, "pdf": render_page.pdf}.get(form)
    if render is None:
        raise ReturnError(f"expected one of {', '.join(FORMATS)}")
    return render(found, "hi" if code == "hi" else "en")


def asked_for(connection: Connection, scope: Scope, name: str, month: str, day: str, at: str, told_org: str) -> Asked:
    """Of a place in scope, this month's or the one that is told. Raises HTTPException 404."""
    slug = one_of(orgs_of(connection, scope), told_org)
    mine = visible(select(office), office, scope).where(office.c.org == slug)
    row = connection.execute(mine.where(office.c.code == at) if at else mine.order_by(office.c.path).limit(1)).first()
    if row is None:
        raise HTTPException(404, "there is no such office")
    whole = connection.execute(select(org).where(org.c.slug == slug)).one()
    last = today().replace(day=1) - dt.timedelta(days=1)
    on = _date(day) or today()
    place = Text(row.name or whole.name, row.name_hi)
    when = f"{on:%Y-%m}" if name == "daily" else month or f"{last:%Y-%m}"
    return Asked(slug, row.path, when, now_ms(), on if name == "daily" else None, place)


def places_of(connection: Connection, scope: Scope, slug: str) -> list[Any]:
    """For the list beside the field: the districts and zones of one's own, and one's own office."""
    mine = visible(select(office), office, scope).where(office.c.org == slug, office.c.life != "closed")
    return list(connection.execute(mine.order_by(office.c.path).limit(400)))


def names_of(request: Request) -> list[str]:
    """Those the visitor may read: the custody register opens mobile numbers, and has a right of its own."""
    custody = request.state.visitor.scope(Right.CUSTODY) is not None
    return [name for name in catalogue.NAMES if custody or name != catalogue.CUSTODY]


def check_name(request: Request, name: str) -> None:
    """Raises HTTPException 404."""
    if name not in names_of(request):
        raise HTTPException(404, "there is no such return")


def _date(told: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(told)
    except ValueError:
        return None
