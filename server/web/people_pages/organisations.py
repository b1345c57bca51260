"""An organisation asks to be taken in, its nodal officer proves the address, the administrator decides (R1.11)."""

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import select

from server import PeopleError
from server.access import captcha
from server.access.gate import everybody, may, same_origin
from server.access.rights import Right
from server.access.scope import Scope
from server.ledger.store import now_ms
from server.ledger.tables import org, org_application
from server.people import orgs
from server.web.pages import error_page, language
from server.web.people_pages.desk import Form, actor, ident, parts, problems, puzzle, registry, show

router = APIRouter(include_in_schema=False)

OPEN = everybody("an organisation asks before it has anything to log in with")
Admin = Annotated[Scope, may(Right.ORGS)]
_FIELDS = (
    "name",
    "name_hi",
    "nodal_name",
    "nodal_email",
    "nodal_mobile",
    "request",
    "answer",
    "code",
    "slug",
    "reason",
)
_KINDS = {b"%PDF-": "application/pdf", b"\xff\xd8\xff": "image/jpeg"}


@router.get("/apply", dependencies=[OPEN])
def form(request: Request) -> Response:
    return _form(request, {}, {})


@router.post("/apply", dependencies=[OPEN])
def apply(request: Request, typed: Form) -> Response:
    services, p = parts(request)
    if not same_origin(request):
        return error_page(request, 403, language(request).error_form, {})
    common = registry(request).vaults.common
    if against := puzzle(request, typed, "apply"):
        return _form(request, typed.texts, {"answer": against})
    named = {name: typed.text(name) for name in ("name", "name_hi", "nodal_name", "nodal_email", "nodal_mobile")}
    told = orgs.Application(**named, request=typed.file("request", orgs.MAX_REQUEST_BYTES))
    try:
        with services.ledger.write() as connection:
            made = orgs.apply(connection, common, told, now_ms())
    except PeopleError as error:
        return _form(request, typed.texts, problems(error, p, _FIELDS))
    return RedirectResponse(f"/apply/{made.hex()}", 303)


@router.get("/apply/{id_}", dependencies=[OPEN])
def applied(request: Request, id_: str) -> Response:
    return _applied(request, id_, {})


@router.post("/apply/{id_}", dependencies=[OPEN])
def prove(request: Request, id_: str, typed: Form) -> Response:
    """By the password that was sent to the address, or have it sent again."""
    services, p = parts(request)
    if not same_origin(request):
        return error_page(request, 403, language(request).error_form, {})
    common = registry(request).vaults.common
    try:
        with services.ledger.write() as connection:
            which = ident(id_, "there is no such application")
            if typed.text("step") == "again":
                orgs.ask(connection, common, which, now_ms())
                return _applied(request, id_, {}, sent=True)
            right = orgs.verify(connection, common, which, typed.text("code"), now_ms())
    except PeopleError as error:
        return _applied(request, id_, problems(error, p, _FIELDS))
    return _applied(request, id_, {} if right else {"code": p.code_wrong})


@router.get("/organisations")
def look(request: Request, scope: Admin) -> Response:
    return _look(request, scope, {}, "")


@router.get("/organisations/{id_}/request")
def letter(request: Request, scope: Admin, id_: str) -> Response:
    """The signed request, to be read before it is decided."""
    services, _ = parts(request)
    _whole(scope)
    asked = select(org_application).where(org_application.c.id == ident(id_))
    with services.ledger.read() as connection:
        row = connection.execute(asked).one_or_none()
    if row is None:
        raise HTTPException(404, "there is no such application")
    file = registry(request).vaults.common.open("org request", row.id, row.request)
    kind = next((kind for magic, kind in _KINDS.items() if file.startswith(magic)), "application/octet-stream")
    name = "request.pdf" if kind.endswith("pdf") else "request.jpg"
    return Response(file, media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'})


@router.post("/organisations/{id_}")
def decide(request: Request, scope: Admin, id_: str, typed: Form) -> Response:
    services, p = parts(request)
    _whole(scope)
    try:
        with services.ledger.write() as connection:
            which = ident(id_, "there is no such application")
            if typed.text("step") == "approve":
                common = registry(request).vaults.common
                orgs.approve(connection, common, which, typed.text("slug").lower(), actor(request))
            else:
                orgs.reject(connection, which, typed.text("reason"), actor(request))
    except PeopleError as error:
        return _look(request, scope, problems(error, p, _FIELDS), id_)
    return RedirectResponse("/organisations", 303)


def _look(request: Request, scope: Scope, wrong: dict[str, str], which: str) -> Response:
    services, _ = parts(request)
    _whole(scope)
    with services.ledger.read() as connection:
        columns = [column for column in org_application.c if column.name != "request"]
        waiting = connection.execute(
            select(*columns).where(org_application.c.state.in_(("applied", "verified"))).order_by("made_ms")
        ).all()
        rows = connection.execute(select(org).order_by(org.c.slug)).all()
    status = 400 if wrong else 200
    return show(request, "people_orgs.html", status, waiting=waiting, rows=rows, problems=wrong, which=which)


def _form(request: Request, told: Any, wrong: dict[str, str]) -> Response:
    registry(request)
    asked = captcha.make(request.app.state.keys, language(request).code, now_ms())
    return show(request, "people_apply.html", 400 if wrong else 200, told=told, problems=wrong, puzzle=asked)


def _applied(request: Request, id_: str, wrong: dict[str, str], *, sent: bool = False) -> Response:
    services, _ = parts(request)
    which = ident(id_, "there is no such application")
    asked = select(org_application.c.state, org_application.c.slug).where(org_application.c.id == which)
    with services.ledger.read() as connection:
        row = connection.execute(asked).one_or_none()
    if row is None:
        raise HTTPException(404, "there is no such application")
    return show(request, "people_applied.html", 400 if wrong else 200, row=row, id_=id_, sent=sent, problems=wrong)


def _whole(scope: Scope) -> None:
    """Who takes organisations in looks after the whole ledger."""
    if not scope.whole:
        raise HTTPException(404, "there is nothing here")
