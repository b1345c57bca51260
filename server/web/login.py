"""Logging in with an account, making it one's own, and looking after it."""

import base64
import binascii
from typing import Annotated

import segno
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from markupsafe import Markup

from server import AccessError
from server.access import accounts, grants, sessions, totp, visitor
from server.access.accounts import Refused, Told
from server.access.gate import everybody, may, same_origin
from server.access.keys import AccessKeys
from server.access.passwords import MAX_LENGTH
from server.access.rights import Right
from server.access.scope import Scope
from server.access.sessions import Session, Strength, View
from server.access.visitor import Visitor
from server.ledger.store import now_ms
from server.web import session
from server.web.pages import error_page, language, page
from server.web.places import place_names
from server.web.services import Services
from server.web.words_access import LANGUAGES
from sync import SealError

router = APIRouter(include_in_schema=False)

_WAY_IN = everybody("the way in")
Mine = Annotated[Scope, may(Right.OWN_ACCOUNT)]
Password = Annotated[str, Form(max_length=MAX_LENGTH)]
Text = Annotated[str, Form(max_length=64)]


@router.get("/login", dependencies=[_WAY_IN])
def login_page(request: Request) -> Response:
    return page(request, "login.html", problem="")


@router.post("/login", dependencies=[_WAY_IN])
def log_in(request: Request, name: Text = "", password: Password = "", code: Text = "") -> Response:
    """One answer to everything that is wrong: it does not say what, or whether there is such an account."""
    services, keys = _parts(request)
    w, a = language(request), LANGUAGES[language(request).code]
    if not same_origin(request):
        return error_page(request, 403, w.error_form, {})
    told = Told(name, password, code, visitor.address(request), request.headers.get("user-agent", ""))
    found = accounts.log_in(services.ledger, keys, told, now_ms())
    if isinstance(found, Refused):
        minutes = -(-found.wait_ms // 60_000)
        problem = a.login_wait.format(n=minutes) if minutes else a.login_wrong
        return page(request, "login.html", 429 if minutes else 403, problem=problem)
    response = RedirectResponse("/" if found.strength is Strength.FULL else "/account/begin", 303)
    session.put(request, response, found.cookie)
    return response


@router.get("/account/begin")
def begin_page(request: Request, _: Mine) -> Response:
    return _begin(request, "")


@router.post("/account/begin/password")
def begin_password(request: Request, _: Mine, old: Password = "", new: Password = "", again: Password = "") -> Response:
    problem = _change(request, old, new, again)
    return _begin(request, problem) if problem else RedirectResponse("/account/begin", 303)


@router.post("/account/begin/factor")
def begin_factor(
    request: Request, _: Mine, secret: Annotated[str, Form(max_length=300)] = "", code: Text = ""
) -> Response:
    """The secret comes back sealed, as the page gave it out: until its first code is told nothing is kept of it."""
    services, keys = _parts(request)
    mine = _session(request)
    if mine.strength is not Strength.ENROL:
        return RedirectResponse("/account", 303)
    try:
        opened = keys.open_(mine.account, "totp offered", base64.urlsafe_b64decode(secret.encode("ascii", "replace")))
        with services.ledger.write() as connection:
            codes = accounts.enrol_totp(connection, keys, mine.account, opened, code, now_ms())
            cookie = sessions.rotate(connection, mine, View.MANAGEMENT, Strength.FULL)
    except (AccessError, SealError, binascii.Error, ValueError) as error:
        return _begin(request, str(error) if isinstance(error, AccessError) else language(request).error_form)
    response = page(request, "recovery.html", codes=codes)
    session.put(request, response, cookie)
    return response


@router.get("/account")
def account_page(request: Request, _: Mine) -> Response:
    return _account(request, "", "")


@router.post("/account/password")
def change_password(
    request: Request, _: Mine, old: Password = "", new: Password = "", again: Password = ""
) -> Response:
    problem = _change(request, old, new, again)
    return _account(request, problem, "" if problem else LANGUAGES[language(request).code].changed)


@router.post("/account/sessions/end")
def end_session(request: Request, _: Mine, which: Text = "") -> Response:
    """One of one's own by its name, or all others."""
    services, mine = request.app.state.services, _session(request)
    with services.ledger.write() as connection:
        if which == "others":
            sessions.close_all(connection, mine.account, mine.hash)
        else:
            for one in sessions.of(connection, mine.account, now_ms()):
                if one.hash.hex().startswith(which) and len(which) == 16:
                    sessions.close(connection, one.hash, mine.account)
    return RedirectResponse("/account", 303)


@router.post("/account/view")
def switch_view(request: Request, _: Mine, view: Text = "") -> Response:
    """The other side of the account (R1.10). Into the management console only who came in by both factors."""
    services, mine = request.app.state.services, _session(request)
    wish = View.EMPLOYEE if view == View.EMPLOYEE else View.MANAGEMENT
    if wish is View.MANAGEMENT and mine.strength is not Strength.FULL:
        return RedirectResponse("/login", 303)
    with services.ledger.write() as connection:
        cookie = sessions.rotate(connection, mine, wish, mine.strength)
    response = RedirectResponse("/me" if wish is View.EMPLOYEE else "/", 303)
    session.put(request, response, cookie)
    return response


def _change(request: Request, old: str, new: str, again: str) -> str:
    """What is against it, or nothing."""
    services, mine = request.app.state.services, _session(request)
    if new != again:
        return LANGUAGES[language(request).code].not_same
    try:
        accounts.change_password(services.ledger, mine.account, old, new, mine.hash)
    except AccessError as error:
        return str(error)
    return ""


def _begin(request: Request, problem: str) -> Response:
    """First the password, then the second factor."""
    _, keys = _parts(request)
    mine, who = _session(request), _visitor(request)
    if not who.unfinished:
        return RedirectResponse("/account", 303)
    secret = totp.new_secret()
    sealed = base64.urlsafe_b64encode(keys.close(mine.account, "totp offered", secret)).decode()
    qr = Markup(segno.make(totp.uri(secret, mine.name)).svg_inline(scale=5, light="#fff"))  # noqa: S704 - of our text
    typed = totp.text(secret)
    spaced = " ".join(typed[i : i + 4] for i in range(0, len(typed), 4))
    context = {"first": mine.invited, "qr": qr, "sealed": sealed, "typed": spaced, "login": mine.name}
    return page(request, "begin.html", 400 if problem else 200, problem=problem, **context)


def _account(request: Request, problem: str, done: str) -> Response:
    services, mine = request.app.state.services, _session(request)
    now = now_ms()
    with services.ledger.read() as connection:
        running = sessions.of(connection, mine.account, now)
        held = grants.held(connection, mine.account, now)
        names = place_names(request, connection, [one.place for one in held])
        row = accounts.find(connection, mine.account)
    has = row is not None and row.password is not None
    context = {"running": running, "held": held, "names": names, "mine": mine, "has_password": has, "login": mine.name}
    return page(request, "account.html", 400 if problem else 200, problem=problem, done=done, **context)


def _parts(request: Request) -> tuple[Services, AccessKeys]:
    return request.app.state.services, request.app.state.keys


def _visitor(request: Request) -> Visitor:
    found: Visitor = request.state.visitor
    return found


def _session(request: Request) -> Session:
    found = _visitor(request).session
    if found is None:  # the right is given to accounts alone
        raise AccessError("this is for accounts")
    return found
