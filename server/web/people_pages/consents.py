"""One's own consent: what was agreed to, and asking for it back, without a reason and as easily as it was given."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from server import PeopleError
from server.access.scope import Scope
from server.people import consents
from server.web.people_pages.corner import Own, own
from server.web.people_pages.desk import Form, actor, parts, problems, show

router = APIRouter(include_in_schema=False)


@router.get("/me/consent")
def look(request: Request, scope: Own) -> Response:
    return _look(request, scope, {})


@router.post("/me/consent")
def ask(request: Request, scope: Own, typed: Form) -> Response:
    """Ask for it back, or keep it after all."""
    services, p = parts(request)
    try:
        with services.ledger.write() as connection:
            if typed.text("step") == "keep":
                consents.keep(connection, own(scope), actor(request))
            elif typed.text("sure"):
                consents.ask_back(connection, own(scope), actor(request))
            else:
                raise PeopleError("sure: tick the box, so that nobody asks by a slip of the hand")
    except PeopleError as error:
        return _look(request, scope, problems(error, p, ("sure",)))
    return RedirectResponse("/me/consent", 303)


def _look(request: Request, scope: Scope, wrong: dict[str, str]) -> Response:
    services, _ = parts(request)
    with services.ledger.read() as connection:
        given = consents.given(connection, own(scope))
    standing = [one for one in given if not one.withdrawn_ms]
    asked_ms = next((one.asked_ms for one in standing if one.asked_ms), None)
    context = {"given": given, "standing": bool(standing), "asked_ms": asked_ms, "problems": wrong}
    return show(request, "corner_consent.html", 400 if wrong else 200, **context)
