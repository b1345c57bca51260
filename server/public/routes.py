"""The public pages (R5.1–R5.10). Each is a page of HTML that needs no script, no cookie and no login.

front.py stands before them: it caches what they answer, and tells them the language by `lang` alone.
"""

import io
from typing import Annotated, Any

import segno
from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy import Connection

from server.access.gate import everybody
from server.ledger.store import Ledger
from server.public import listing, texts, views, words
from server.public.states import Action, Fresh
from server.web.pages import environment

router = APIRouter(
    include_in_schema=False, dependencies=[everybody("the public page: a projected table, by the RTI Act, section 4")]
)
PREFIX = "/public"
_SVG = "image/svg+xml"

Org = Annotated[str, Path(max_length=32)]
Code = Annotated[str, Path(max_length=32)]

environment.globals.update(public_actions=list(Action), pager=listing.pager, shows=listing.SHOW)
environment.filters["event_time"] = texts.event_time


@router.get(PREFIX)
def departments(request: Request) -> Response:
    """Every department; of an only one, its own page."""
    with _ledger(request).read() as connection:
        found = views.orgs(connection)
        if len(found) == 1:
            return RedirectResponse(f"{PREFIX}/{found[0].slug}?lang={_lang(request)}", 302)
        sums = {one.slug: views.summary(connection, one.slug) for one in found}
        return _page(request, connection, "public_departments.html", org=None, orgs=found, sums=sums)


@router.get(PREFIX + "/{org}")
def home(request: Request, org: Org) -> Response:
    with _ledger(request).read() as connection:
        if (one := views.org(connection, org)) is None:
            return _missing(request, connection)
        return _page(
            request, connection, "public_home.html", org=one, here="home", summary=views.summary(connection, org)
        )


@router.get(PREFIX + "/{org}/districts")
def districts(request: Request, org: Org) -> Response:
    with _ledger(request).read() as connection:
        if (one := views.org(connection, org)) is None:
            return _missing(request, connection)
        found, total = views.districts(connection, org), views.summary(connection, org)
        return _page(
            request, connection, "public_districts.html", org=one, here="districts", districts=found, summary=total
        )


@router.get(PREFIX + "/{org}/ranks")
def ranks(request: Request, org: Org) -> Response:
    with _ledger(request).read() as connection:
        if (one := views.org(connection, org)) is None:
            return _missing(request, connection)
        found = views.ranked(views.districts(connection, org))
        return _page(request, connection, "public_ranks.html", org=one, here="ranks", ranks=found)


@router.get(PREFIX + "/{org}/report")
def report(request: Request, org: Org) -> Response:
    with _ledger(request).read() as connection:
        if (one := views.org(connection, org)) is None:
            return _missing(request, connection)
        days, lines = views.report(connection, org)
        return _page(request, connection, "public_report.html", org=one, here="report", days=days, lines=lines)


@router.get(PREFIX + "/{org}/offices")
def offices(request: Request, org: Org) -> Response:
    asked = listing.asked(request.query_params, list(views.OFFICE_SORTS))
    with _ledger(request).read() as connection:
        if (one := views.org(connection, org)) is None:
            return _missing(request, connection)
        found = views.office_list(connection, org, asked)
        return _page(request, connection, "public_offices.html", org=one, here="offices", asked=asked, list=found)


@router.get(PREFIX + "/{org}/attendance")
def attendance(request: Request, org: Org) -> Response:
    asked = listing.asked(request.query_params, list(views.ROW_SORTS))
    with _ledger(request).read() as connection:
        if (one := views.org(connection, org)) is None:
            return _missing(request, connection)
        found = views.attendance_list(connection, org, asked)
        more: dict[str, Any] = {"asked": asked, "list": found, "summary": views.summary(connection, org)}
        return _page(request, connection, "public_attendance.html", org=one, here="attendance", **more)


@router.get(PREFIX + "/{org}/office/{code}")
def office(request: Request, org: Org, code: Code) -> Response:
    """One office: its counts, how fresh they are, its people, its desk and the way there."""
    asked = listing.asked(request.query_params, list(views.ROW_SORTS))
    with _ledger(request).read() as connection:
        one, row = views.org(connection, org), views.office(connection, org, code)
        if one is None or row is None:
            return _missing(request, connection)
        found = views.attendance_list(connection, org, asked, row.office)
        banner = _banner(request, row, views.state(connection).as_of_ms)
        more: dict[str, Any] = {
            "office": row,
            "counts": views.office_counts(row),
            "banner": banner,
            "asked": asked,
            "list": found,
        }
        return _page(request, connection, "public_office.html", org=one, here="", **more)


@router.get(PREFIX + "/{org}/office/{code}/qr")
def qr(request: Request, org: Org, code: Code) -> Response:
    """A sheet to print and hang at the door (R5.7)."""
    with _ledger(request).read() as connection:
        one, row = views.org(connection, org), views.office(connection, org, code)
        if one is None or row is None:
            return _missing(request, connection)
        return _page(
            request, connection, "public_qr.html", org=one, here="", office=row, link=_link(request, org, code)
        )


@router.get(PREFIX + "/{org}/office/{code}/qr.svg")
def qr_image(request: Request, org: Org, code: Code) -> Response:
    with _ledger(request).read() as connection:
        if views.office(connection, org, code) is None:
            return _missing(request, connection)
    out = io.BytesIO()
    segno.make(_link(request, org, code), error="m").save(out, kind="svg", scale=8, border=4, nl=False)
    return Response(out.getvalue(), media_type=_SVG)


@router.get(PREFIX + "/{rest:path}")
def missing(request: Request, rest: str) -> Response:
    """Everything else; a page of this kind, with no way into anything that asks for a login."""
    with _ledger(request).read() as connection:
        return _missing(request, connection)


def _page(request: Request, connection: Connection, template: str, status: int = 200, **context: Any) -> Response:
    """Of one moment: everything is read in one transaction, and `as of` with it."""
    state, w = views.state(connection), words.LANGUAGES[_lang(request)]
    around = {
        "w": w,
        "path": request.url.path,
        "base": PREFIX,
        "as_of": texts.event_time(state.as_of_ms) if state.as_of_ms else "",
        "hindi": w.code == "hi",
    }
    return HTMLResponse(environment.get_template(template).render(**around, **context), status)


def busy() -> dict[str, bytes]:
    """By language, the page for whoever asks too much. Its links go to the page that was asked for."""
    template = environment.get_template("public_error.html")
    around: dict[str, Any] = {"path": "", "base": PREFIX, "as_of": None, "org": None, "again": True}
    return {code: template.render(w=w, text=w.busy, **around).encode() for code, w in words.LANGUAGES.items()}


def _missing(request: Request, connection: Connection) -> Response:
    text = words.LANGUAGES[_lang(request)].no_such
    return _page(request, connection, "public_error.html", 404, org=None, text=text, again=False)


def _banner(request: Request, row: Any, as_of_ms: int) -> list[str]:
    """What keeps an office's figures from being whole (R5.9)."""
    w = words.LANGUAGES[_lang(request)]
    fresh, since_ms, pending = Fresh(row.fresh), row.stale_ms, row.pending
    at = "" if since_ms is None else texts.since(since_ms, as_of_ms)
    found = []
    if fresh is Fresh.OFFLINE:
        found.append(w.offline_since.format(time=at) if at else w.offline)
    elif fresh is Fresh.PARTLY:
        found.append(w.partly_since.format(time=at) if at else w.partly)
    elif fresh is Fresh.NONE and row.life != "mapped":
        found.append(w.no_terminal)
    if pending:
        found.append(w.pending.format(n=pending))
    return found


def _link(request: Request, org: str, code: str) -> str:
    """Where the code leads: the address by which this page was reached."""
    return f"{request.url.scheme}://{request.url.netloc}{PREFIX}/{org}/office/{code}"


def _lang(request: Request) -> str:
    said = request.query_params.get("lang", "")
    return said if said in words.LANGUAGES else words.EN.code


def _ledger(request: Request) -> Ledger:
    found: Ledger = request.app.state.services.ledger
    return found
