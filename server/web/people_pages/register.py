"""Employees register themselves: choose the office, fill in, review, send (R1.3 to R1.7)."""

from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response
from sqlalchemy import Connection, select

from server import PeopleError
from server.access import captcha
from server.access.gate import everybody, same_origin
from server.access.scope import WHOLE
from server.ledger.store import now_ms
from server.ledger.tables import designation, division, office, org
from server.people import orgs, registration
from server.people.fields import COLUMNS, EmployeeKind, FormError, Gender, check
from server.people.photo import MAX_FILE_BYTES
from server.people.registration import Consent
from server.web.pages import error_page, language
from server.web.people_pages import drafts, tree
from server.web.people_pages.desk import Form, Typed, parts, problems, puzzle, registry, show, today
from server.web.people_pages.drafts import Draft
from server.web.words_people import PeopleWords

router = APIRouter(include_in_schema=False)

OPEN = everybody("employees register before they have anything to log in with")
WORDING = "attendance-1"  # the text of consent that the form shows
_SHOWN = 1000
_TEXTS = tuple(name for name in COLUMNS if name not in ("office", "photo"))


@router.get("/register", dependencies=[OPEN])
def organisations(request: Request) -> Response:
    services, _ = parts(request)
    registry(request)
    with services.ledger.read() as connection:
        rows = connection.execute(select(org).where(org.c.state == "active").order_by(org.c.name)).all()
    return show(request, "people_register_where.html", rows=rows, org=None, at=None, above=[], q="")


@router.get("/register/{slug}", dependencies=[OPEN])
def offices(request: Request, slug: str, at: str = "", q: str = "") -> Response:
    """A level of the tree at a time, or what a search finds: a list of ten thousand schools would not load."""
    services, _ = parts(request)
    registry(request)
    with services.ledger.read() as connection:
        one = _org(connection, slug)
        mine = select(office).where(office.c.org == slug, office.c.code == at, office.c.life != "closed")
        here = connection.execute(mine).one_or_none() if at else None
        if q:
            rows = tree.search(connection, WHOLE, slug, q)
        else:
            rows = tree.open_(tree.below(connection, WHOLE, slug, here))[:_SHOWN]
        above = tree.above(connection, WHOLE, here) if here else []
    return show(request, "people_register_where.html", rows=rows, org=one, at=here, above=above, q=q[:60])


@router.get("/register/{slug}/{code}", dependencies=[OPEN])
def form(request: Request, slug: str, code: str, again: str = "") -> Response:
    return _form(request, slug, code, {"replaces": again[:16]}, {}, None)


@router.post("/register/{slug}/{code}", dependencies=[OPEN])
def take(request: Request, slug: str, code: str, typed: Form) -> Response:
    """The three buttons: look at it again before sending, go back and change it, send it."""
    if not same_origin(request):
        return error_page(request, 403, language(request).error_form, {})
    registry(request)
    draft = drafts.open_(request.app.state.keys, typed.text("draft"), now_ms())
    step = typed.text("step")
    if step == "send":
        return _send(request, slug, code, draft)
    if step == "edit" and draft is not None:
        return _form(request, slug, code, draft.told, {}, draft)
    return _review(request, slug, code, typed, draft)


def _review(request: Request, slug: str, code: str, typed: Typed, draft: Draft | None) -> Response:
    services, p = parts(request)
    wrong: dict[str, str] = {}
    if draft is None and (against := puzzle(request, typed, "register")):
        wrong["answer"] = against
    told = {name: typed.text(name) for name in (*_TEXTS, "replaces", "agree")}
    photo = typed.file("photo", MAX_FILE_BYTES) or (draft.photo if draft else b"")
    with services.ledger.read() as connection:
        _around(connection, p, slug, code)  # there is such an office
        known = orgs.lists(connection, slug)
    whole: dict[str, object] = {**{name: told[name] for name in _TEXTS}, "office": code, "photo": photo}
    try:
        check(whole, known, today(), registration.is_photo)
    except FormError as error:
        wrong |= problems(error, p)
    if not told["agree"]:
        wrong["agree"] = p.agree_missing
    kept = None
    if "answer" not in wrong:
        kept = drafts.begin(told, b"" if "photo" in wrong else photo, now_ms(), draft)
    if wrong or kept is None:
        return _form(request, slug, code, told, wrong, kept)
    return _show_review(request, slug, code, kept)


def _show_review(request: Request, slug: str, code: str, draft: Draft) -> Response:
    services, p = parts(request)
    with services.ledger.read() as connection:
        context = _around(connection, p, slug, code)
    sealed = drafts.close(request.app.state.keys, draft)
    size_kb = -(-len(draft.photo) // 1024)
    return show(request, "people_register_review.html", told=draft.told, size_kb=size_kb, draft=sealed, **context)


def _send(request: Request, slug: str, code: str, draft: Draft | None) -> Response:
    services, p = parts(request)
    if draft is None or not draft.photo:
        return _form(request, slug, code, {}, {"": p.draft_over}, None)
    told: dict[str, object] = {**{name: draft.told[name] for name in _TEXTS}, "office": code, "photo": draft.photo}
    agreed = Consent(WORDING, language(request).code)
    try:
        with services.ledger.write() as connection:
            if not drafts.spend(connection, draft, now_ms()):
                return show(request, "people_register_done.html", 409, registration="")
            vaults = registry(request).vaults
            one = registration.submit(connection, vaults, slug, told, agreed, draft.told["replaces"])
    except PeopleError as error:
        wrong = problems(error, p, COLUMNS)
        return _form(request, slug, code, draft.told, wrong, drafts.begin(draft.told, draft.photo, now_ms()))
    return show(request, "people_register_done.html", registration=one)


def _form(request: Request, slug: str, code: str, told: Any, wrong: dict[str, str], draft: Draft | None) -> Response:
    services, p = parts(request)
    registry(request)
    keys = request.app.state.keys
    with services.ledger.read() as connection:
        context = _around(connection, p, slug, code)
    asked = None if draft else captcha.make(keys, language(request).code, now_ms())
    sealed = drafts.close(keys, draft) if draft else ""
    has_photo = bool(draft and draft.photo)
    context |= {"told": told, "problems": wrong, "puzzle": asked, "draft": sealed, "has_photo": has_photo}
    return show(request, "people_register.html", 400 if wrong else 200, **context)


def _around(connection: Connection, p: PeopleWords, slug: str, code: str) -> dict[str, Any]:
    """Everything the form offers. Raises HTTPException 404: no such office."""
    one = _org(connection, slug)
    here = connection.execute(
        select(office).where(office.c.org == slug, office.c.code == code, office.c.life != "closed")
    ).one_or_none()
    if here is None:
        raise HTTPException(404, "there is no such office")
    named: dict[str, object] = {
        "kind_names": [(kind.value, p.of("kind", kind.value)) for kind in EmployeeKind],
        "gender_names": [(one.value, p.of("gender", one.value)) for one in Gender],
    }
    for name, table in (("division_names", division), ("designation_names", designation)):
        listed = select(table).where(table.c.org == slug, table.c.active).order_by(table.c.name)
        named[name] = [(row.code, p.named(row)) for row in connection.execute(listed)]
    return {"org": one, "here": here, "nodal": orgs.nodal_officer(connection, slug), **named}


def _org(connection: Connection, slug: str) -> Any:
    row = connection.execute(select(org).where(org.c.slug == slug, org.c.state == "active")).one_or_none()
    if row is None:
        raise HTTPException(404, "there is no such organisation")
    return row
