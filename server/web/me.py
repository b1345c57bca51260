"""An employee's own side: logging in with the attendance id (R1.9), and the own punches."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from server.access import captcha, employees, visitor
from server.access.accounts import Refused
from server.access.captcha import MAX_TOKEN
from server.access.employees import Told
from server.access.gate import everybody, may, same_origin
from server.access.passwords import MAX_LENGTH
from server.access.rights import Right
from server.access.scope import Scope
from server.ledger import views
from server.ledger.store import now_ms
from server.web import session
from server.web.pages import error_page, language, page
from server.web.people_pages.desk import show
from server.web.services import Services
from server.web.words_access import LANGUAGES

router = APIRouter(include_in_schema=False)

_WAY_IN = everybody("the way in")
_ROWS = 100
Puzzle = Annotated[str, Form(max_length=MAX_TOKEN)]
Short = Annotated[str, Form(max_length=40)]


@router.get("/me/login", dependencies=[_WAY_IN])
def login_page(request: Request) -> Response:
    return _page(request, "", "")


@router.post("/me/login", dependencies=[_WAY_IN])
def log_in(
    request: Request,
    digits: Short = "",
    puzzle: Puzzle = "",
    answer: Short = "",
    secret: Annotated[str, Form(max_length=MAX_LENGTH)] = "",
    ask: Short = "",
) -> Response:
    """Have a code sent, or log in by it. Each answer is the same for ids that nobody has."""
    services: Services = request.app.state.services
    w, a = language(request), LANGUAGES[language(request).code]
    if not same_origin(request):
        return error_page(request, 403, w.error_form, {})
    if services.codes is None:
        return _page(request, a.me_off, "", 503)
    agent = request.headers.get("user-agent", "")
    told = Told(digits.strip(), puzzle, answer, secret, visitor.address(request), agent)
    work = employees.ask if ask else employees.enter
    found = work(services.ledger, request.app.state.keys, services.codes, told, now_ms())
    if isinstance(found, Refused):
        minutes = -(-found.wait_ms // 60_000)
        problem = a.login_wait.format(n=minutes) if minutes else a.me_wrong
        return _page(request, problem, "", 429 if minutes else 403)
    if found is None:
        return _page(request, "", a.code_sent)
    response = RedirectResponse("/me", 303)
    session.put(request, response, found.cookie)
    return response


@router.get("/me")
def me(request: Request, scope: Annotated[Scope, may(Right.OWN_PUNCHES)]) -> Response:
    services: Services = request.app.state.services
    with services.ledger.read() as connection:
        punches = views.live_punches(connection, 0, _ROWS, scope)
    return show(request, "me.html", punches=punches)


def _page(request: Request, problem: str, done: str, status: int = 200) -> Response:
    puzzle = captcha.make(request.app.state.keys, language(request).code, now_ms())
    return page(request, "me_login.html", status, problem=problem, done=done, puzzle=puzzle)
