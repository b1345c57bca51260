"""The pages: dashboard, the way in, and errors. Rendered here with autoescape; nothing is fetched from elsewhere."""

import datetime as dt
from pathlib import Path
from typing import Annotated, Any

import jinja2
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from markupsafe import Markup, escape
from sqlalchemy import Connection

from server.access.gate import everybody, may
from server.access.rights import Right
from server.access.scope import Scope
from server.access.visitor import Visitor
from server.intake.timekeeping import IST
from server.leads import words as leads_words
from server.ledger import views
from server.ledger.store import now_ms
from server.trust import tokens
from server.trust.tokens import Access
from server.web import session, words, words_access, words_errors, words_fleet, words_people
from server.web.services import Services
from server.web.words import Words

router = APIRouter(include_in_schema=False)
API = "/api/"
LIVE_ROWS = 50
_WAY_IN = everybody("the way in, and out")
_FORMS = ("/enter", "/login", "/me/login", "/accounts", "/search")  # shown again where something is wrong with them
_LANG = "lang"
_YEAR_S = 365 * 86_400


def _code(text: str) -> Markup:
    """Escaped text whose `commands` stand in <code>."""
    parts = [escape(part) for part in text.split("`")]
    return Markup("").join(Markup("<code>{}</code>").format(p) if i % 2 else p for i, p in enumerate(parts))


environment = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
environment.globals.update(ago=words.ago, bound=words.bound)
environment.filters["code"] = _code
environment.filters["ist"] = lambda time, form: time.astimezone(IST).strftime(form)


def language(request: Request) -> Words:
    """By ?lang=, else by the cookie that keeps the last choice, else by the browser's wish."""
    wish = request.headers.get("accept-language", "")[:2].lower()
    for code in (request.query_params.get(_LANG), request.cookies.get(_LANG), wish):
        if code in words.LANGUAGES:
            return words.LANGUAGES[code]
    return words.EN


@router.get("/")
def dashboard(request: Request, scope: Annotated[Scope, may(Right.WATCH)]) -> Response:
    services: Services = request.app.state.services
    now = now_ms()
    with services.ledger.read() as connection:
        punches = views.live_punches(connection, 0, LIVE_ROWS, scope)
        context = standing(connection, scope, now)
    after = max((p.server_seq for p in punches), default=0)
    return page(request, "dashboard.html", punches=punches, after=after, **context)


def standing(connection: Connection, scope: Scope, now: int) -> dict[str, Any]:
    """What the live page says beside the punches."""
    return {
        "terminals": views.live_terminals(connection, now, scope, worst=views.LIVE_TERMINALS),
        "hearing": views.hearing(connection, now, scope),
        "totals": views.totals(connection, dt.datetime.now(IST).date(), scope),
        "now_ms": now,
    }


@router.get("/enter", dependencies=[_WAY_IN])
def enter(request: Request) -> Response:
    return page(request, "enter.html", problem="")


@router.post("/enter", dependencies=[_WAY_IN])
def take_token(request: Request, token: Annotated[str, Form(max_length=tokens.MAX_TOKEN)] = "") -> Response:
    """Trade a dashboard token for a session cookie.

    The link holds the token in its fragment, which browsers do not send; here it comes in the body. So it is in no
    request line, and in no log.
    """
    services: Services = request.app.state.services
    w = language(request)
    if not session.same_origin(request):
        return error_page(request, 403, w.error_form, {})
    answer = tokens.check(services.ledger, token.strip(), tokens.Scope.DASHBOARD)
    if answer.access is not Access.GRANTED:
        problems = {Access.UNKNOWN: w.enter_wrong, Access.EXPIRED: w.enter_expired, Access.OTHER_SCOPE: w.enter_other}
        return page(request, "enter.html", status=403, problem=problems[answer.access])
    response = RedirectResponse("/", 303)
    session.give(request, response, answer.hash)
    return response


@router.post("/leave", dependencies=[_WAY_IN])
def leave(request: Request) -> Response:
    w = language(request)
    if not session.same_origin(request):
        return error_page(request, 403, w.error_form, {})
    response = RedirectResponse("/enter", 303)
    session.end(request, response)
    return response


def refusal(request: Request, status: int, text: str, headers: dict[str, str], **figures: str) -> Response:
    """In the words of the API, which are `text` as it stands, or of a page."""
    if request.scope["path"].startswith(API):
        return JSONResponse({"error": text.format(**figures) if figures else text}, status, headers)
    return error_page(request, status, text, headers, **figures)


def error_page(request: Request, status: int, text: str, headers: dict[str, str], **figures: str) -> Response:
    code = language(request).code
    told = words_errors.said(text, code) or words_people.words(code).say(text)
    context = {"code": status, "text": told.format(**figures) if figures else told}
    response = page(request, "error.html", status=status, todo=words_errors.todo(status, code), **context)
    response.headers.update(headers)
    return response


def _menu(who: Visitor | None, w: Words) -> list[tuple[str, str]]:
    """The pages an account may go to; each endpoint asks again by itself (R1.10)."""
    if who is None:
        return []
    a = words_access.LANGUAGES[w.code]
    pages = (
        (Right.WATCH, "/", a.dashboard),
        (Right.OWN_ACCOUNT, "/desk", words_people.words(w.code).desk),
        (Right.FLEET, "/fleet", words_fleet.LANGUAGES[w.code]["fleet"]),
        (Right.ACCOUNTS, "/accounts", a.accounts_title),
        (Right.CUSTODY, "/custody", a.custody_title),
        (Right.TRAIL, "/trail", a.trail_title),
        (Right.LEADS, "/leads", leads_words.LANGUAGES[w.code].title),
        (Right.OWN_PUNCHES, "/me", a.me_title),
    )
    return [(path, text) for right, path, text in pages if who.scope(right) is not None]


def elsewhere(request: Request) -> str:
    """Where somebody begins who may not see the live page: a technician with the work. Empty: nowhere."""
    who: Visitor | None = getattr(request.state, "visitor", None)
    if who is not None and who.scope(Right.MEND) is not None:
        return "/work"
    menu = _menu(who, language(request))
    return menu[0][0] if menu else ""


def page(request: Request, name: str, status: int = 200, **context: object) -> Response:
    w = language(request)
    # A path that a stranger made up is not put into a link, nor one that takes forms alone.
    known = status != 404 and not (status == 403 and request.path_params)
    shown = known and (request.method == "GET" or request.url.path in _FORMS)
    path = request.url.path if shown and request.scope.get("route") is not None else "/"
    who: Visitor | None = getattr(request.state, "visitor", None)
    around: dict[str, object] = {"w": w, "a": words_access.LANGUAGES[w.code], "path": path, "who": who}
    around |= {"menu": _menu(who, w), "may": lambda right: who is not None and who.scope(Right[right]) is not None}
    html = environment.get_template(name).render(**around, **context)
    response = HTMLResponse(html, status)
    if request.query_params.get(_LANG) in words.LANGUAGES:
        response.set_cookie(_LANG, w.code, max_age=_YEAR_S, httponly=True, samesite="lax")
    return response
