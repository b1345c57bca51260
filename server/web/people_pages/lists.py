"""The closed lists and the holidays from a file: first a dry run that lists every bad row, then the import."""

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Request, Response
from sqlalchemy import Connection, select

from server import PeopleError, ServerError
from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope, visible
from server.days.places import Source
from server.exchange import TAKEN, ExchangeError, masters
from server.ledger.tables import office
from server.people.imports import Report
from server.web import csv
from server.web.around import LARGE_BODIES
from server.web.people_pages.desk import Form, actor, codes, one_of, orgs_of, parts, show

router = APIRouter(include_in_schema=False)

Keeper = Annotated[Scope, may(Right.MASTERS)]
PATH = "/masters/import"
LARGE_BODIES[PATH] = 9 * 1024 * 1024
_MAX_CSV = 8 * 1024 * 1024
_SHOWN = 200
_OF_THE_WHOLE = ("divisions", "designations")


@router.get(PATH)
def form(request: Request, scope: Keeper, org: str = "", which: str = TAKEN[0]) -> Response:
    return _form(request, scope, org, _known(which))


@router.get("/masters/import.csv")
def sample(request: Request, _: Keeper, which: str = TAKEN[0]) -> Response:
    """The headings, to be filled in."""
    name = _known(which)
    return csv.answer(f"{name}.csv", masters.COLUMNS[name], [])


@router.post(PATH)
def take(request: Request, scope: Keeper, typed: Form) -> Response:
    services, p = parts(request)
    org, which, dry = typed.text("org"), _known(typed.text("which")), typed.text("step") != "import"
    try:
        data = typed.file("rows", _MAX_CSV)
        if not data or len(data) > _MAX_CSV:
            raise ExchangeError("choose a CSV file of at most 8 MB")
        with services.ledger.write() as connection:
            org = one_of(orgs_of(connection, scope), org)
            path = _path(connection, scope, org, which, typed.text("office"))
            source = Source(actor(request), typed.text("order")[:200])
            report = masters.take(connection, which, org, data, source, path, dry_run=dry)
    except ServerError as error:
        return _form(request, scope, org, which, {"": p.say(str(error))})
    return _form(request, scope, org, which, {}, report, dry=dry)


def _form(
    request: Request,
    scope: Scope,
    org: str,
    which: str,
    wrong: dict[str, str] | None = None,
    report: Report | None = None,
    *,
    dry: bool = True,
) -> Response:
    services, p = parts(request)
    with services.ledger.read() as connection:
        orgs = orgs_of(connection, scope)
        org = one_of(orgs, org)
        near = codes(connection, org)
    status = 400 if wrong or (report and not report.sound) else 200
    context: dict[str, Any] = {"report": report, "dry": dry, "shown": _SHOWN, "org": org}
    context |= {
        "columns": masters.COLUMNS[which],
        "which": which,
        "lists": [(one, p.of("exchange", one)) for one in TAKEN],
        "codes": near,
    }
    return show(request, "people_lists.html", status, problems=wrong or {}, **context)


def _known(which: str) -> str:
    """Raises HTTPException 404."""
    if which not in TAKEN:
        raise HTTPException(404, "there is no such list")
    return which


def _path(connection: Connection, scope: Scope, org: str, which: str, code: str) -> str:
    """Where the rows may reach: the whole organisation, or an office of one's own with all below it. Raises
    PeopleError."""
    if org in orgs_of(connection, scope, whole=True) and not code:
        return "/"
    if which in _OF_THE_WHOLE:
        raise PeopleError("the lists are kept by whoever looks after the whole organisation; ask there")
    mine = visible(select(office.c.path), office, scope).where(office.c.org == org)
    mine = mine.where(office.c.code == code.lower()) if code else mine.order_by(office.c.path)
    found: str | None = connection.scalar(mine.limit(1))
    if found is None:
        raise PeopleError("office: not one of your offices; choose one that you look after")
    return found
