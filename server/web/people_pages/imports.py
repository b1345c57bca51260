"""Registrations by the file: first a dry run that lists every bad row, then the import."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Request, Response

from server import PeopleError
from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope
from server.people import imports
from server.people.fields import COLUMNS
from server.people.imports import Photos, Report
from server.people.orgs import lists
from server.people.photo import MAX_FILE_BYTES
from server.people.registration import Consent
from server.web import csv
from server.web.around import LARGE_BODIES
from server.web.pages import language
from server.web.people_pages.desk import Form, Typed, one_of, orgs_of, parts, problems, registry, show

router = APIRouter(include_in_schema=False)

Officer = Annotated[Scope, may(Right.VERIFY)]
PATH = "/people/import"
LARGE_BODIES[PATH] = 64 * 1024 * 1024
_MAX_CSV = 8 * 1024 * 1024
_SHOWN = 200
_ON_PAPER = "on paper"


@router.get(PATH)
def form(request: Request, scope: Officer, org: str = "") -> Response:
    return _form(request, scope, org)


@router.get("/people/import.csv")
def sample(request: Request, _: Officer) -> Response:
    """The headings, to be filled in."""
    return csv.answer("registrations.csv", COLUMNS, [])


@router.post(PATH)
def take(request: Request, scope: Officer, typed: Form) -> Response:
    services, p = parts(request)
    vaults = registry(request).vaults
    org = typed.text("org")
    dry = typed.text("step") != "import"
    try:
        data = typed.file("rows", _MAX_CSV)
        if not data or len(data) > _MAX_CSV:
            raise PeopleError("rows: choose a CSV or NDJSON file of at most 8 MB")
        with services.ledger.read() as connection:
            org = one_of(orgs_of(connection, scope), org)
            if not org:
                raise HTTPException(404, "there is no such organisation")
            known, outside = lists(connection, org), imports.outside(connection, scope, org, data)
        file = imports.look(known, data, _photos(typed))
        agreed = Consent(_ON_PAPER, language(request).code)
        with services.ledger.write() as connection:
            report = imports.take(connection, vaults, org, file, agreed, dry_run=dry or bool(outside))
    except PeopleError as error:
        return _form(request, scope, org, problems(error, p, ("rows",)))
    bad = tuple(sorted((*outside, *report.bad), key=lambda one: (one.row, one.column)))
    if typed.text("step") == "csv":
        heads = [p.import_row, p.import_column, p.import_why, p.import_todo]
        return csv.answer("bad-rows.csv", heads, [(b.row, b.column, p.say(b.why), p.say(b.todo)) for b in bad])
    told = Report(report.rows, bad, report.registrations)
    return _form(request, scope, org, {}, told, dry=dry)


def _form(
    request: Request,
    scope: Scope,
    org: str,
    wrong: dict[str, str] | None = None,
    report: Report | None = None,
    *,
    dry: bool = True,
) -> Response:
    services, _ = parts(request)
    with services.ledger.read() as connection:
        orgs = orgs_of(connection, scope)
    status = 400 if wrong or (report and not report.sound) else 200
    context = {
        "report": report,
        "dry": dry,
        "columns": COLUMNS,
        "shown": _SHOWN,
        "orgs": orgs,
        "org_names": [(one, one) for one in orgs],
    }
    return show(request, "people_import.html", status, org=one_of(orgs, org), problems=wrong or {}, **context)


def _photos(typed: Typed) -> Photos:
    """The uploaded photographs by their file names."""
    files = {one.filename: one for one in typed.files.get("photos", ())}

    def read(name: str) -> bytes:
        if name not in files:
            raise PeopleError("photograph: no file of this name was chosen")
        files[name].file.seek(0)
        return files[name].file.read(MAX_FILE_BYTES + 1)

    return read
