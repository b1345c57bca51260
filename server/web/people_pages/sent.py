"""Returns as they were sent: sent from a page, which freezes them, listed, and read with their slips (R2.5); and
whether a code on a slip of paper stands for a punch."""

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection, func, select

from server import ServerError
from server.access import names as account_names
from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope, visible
from server.ledger.store import now_ms
from server.ledger.tables import amendment, office, record, report
from server.returns import ReturnError, catalogue, sent
from server.returns.model import Language, Return, shown
from server.returns.words import TITLES, period
from server.web.pages import language
from server.web.people_pages.corner import known, receipts
from server.web.people_pages.desk import Form, actor, ident, parts, show
from server.web.people_pages.returns import FORMATS, asked_for, check_name, names_of, rendered
from sync import WireError

router = APIRouter(include_in_schema=False)

Reader = Annotated[Scope, may(Right.RETURNS)]
Sender = Annotated[Scope, may(Right.SEND_RETURNS)]
_ROWS = 200
_NONE = "there is no such return"


@router.get("/returns/sent")
def listing(request: Request, scope: Reader, month: str = "") -> Response:
    services, p = parts(request)
    r, code = report.c, _code(request)
    with services.ledger.read() as connection:
        asked = select(r.id, r.name, r.org, r.path, r.month, r.version, r.sent_ms, r.sent_by)
        asked = visible(asked, report, scope).where(r.name.in_(names_of(request)))
        asked = asked.where(r.month.startswith(month[:7], autoescape=True)) if month else asked
        found = connection.execute(asked.order_by(r.sent_ms.desc(), r.id).limit(_ROWS)).all()
        counted = select(amendment.c.report, func.count().label("n")).where(
            amendment.c.report.in_([row.id for row in found])
        )
        slips = {one.report: one.n for one in connection.execute(counted.group_by(amendment.c.report))}
        near = select(office).where(office.c.path.in_({row.path for row in found}))
        places = {(row.org, row.path): p.named(row) for row in connection.execute(near)}
        by = account_names.of_actors(connection, [row.sent_by for row in found])
    rows = [
        (row, TITLES[row.name].of(code), places.get((row.org, row.path), ""), slips.get(row.id, 0)) for row in found
    ]
    return show(request, "people_sent.html", rows=rows, month=month, by=by)


@router.get("/returns/receipt")
def receipt_page(request: Request, _: Reader) -> Response:
    return show(request, "people_receipt.html", code="", found=None, names={})


@router.post("/returns/receipt")
def receipt(request: Request, scope: Reader, typed: Form) -> Response:
    """Does the six-character code stand for a stored punch of one's own offices?"""
    services, p = parts(request)
    code = typed.text("code")[:20]
    try:
        with services.ledger.read() as connection:
            found = receipts(connection, visible(select(record), record, scope), code)
            names = known(connection, [one.person for one in found if one.person])
    except WireError:
        wrong = {"code": p.receipt_form}
        return show(request, "people_receipt.html", 400, code=code, found=None, names={}, problems=wrong)
    return show(request, "people_receipt.html", code=code, found=found, names=names)


@router.post("/returns/{name}/send")
def send(request: Request, scope: Sender, name: str, typed: Form) -> Response:
    """Freeze it. The same again is the version that was sent already. Raises HTTPException 404, 422."""
    services, _ = parts(request)
    check_name(request, name)
    try:
        with services.ledger.write() as connection:
            told = (typed.text(one) for one in ("month", "day", "at", "org"))
            asked = asked_for(connection, scope, name, *told)
            found = catalogue.make(connection, name, asked, request.app.state.keys)
            one = sent.send(connection, found, asked, actor(request))
            r = report.c
            same = r.org == asked.org, r.path == asked.path, r.name == name, r.month == found.period
            id_ = connection.execute(select(r.id).where(*same, r.version == one.version)).scalar_one()
    except ServerError as error:
        raise HTTPException(422, str(error)) from None
    return RedirectResponse(f"/returns/sent/{id_.hex()}", 303)


@router.get("/returns/sent/{id_}")
def look(request: Request, scope: Reader, id_: str) -> Response:
    services, _ = parts(request)
    with services.ledger.read() as connection:
        one, slips = _one(request, connection, scope, id_)
        by = _sender(connection, id_)
    code = _code(request)
    context: dict[str, Any] = {"id": id_, "sent": one, "slips": slips[::-1], "cut": _ROWS, "formats": FORMATS}
    context |= {"when": period(one.period), "by": by}
    context |= {"say": lambda cell: shown(cell, code), "title": one.title.of(code), "may_send": _may_send(request)}
    return show(request, "people_sent_one.html", **context)


@router.get("/returns/sent/{id_}/file")
def file(request: Request, scope: Reader, id_: str, form: str = "csv", slip: str = "") -> Response:
    services, _ = parts(request)
    try:
        with services.ledger.read() as connection:
            one, slips = _one(request, connection, scope, id_)
        found = next((each for each in slips if str(each.version) == slip), None) if slip else one
        if found is None:
            raise HTTPException(404, "there is no such slip")
        body = rendered(found, form, language(request).code)
    except ServerError as error:
        raise HTTPException(422, str(error)) from None
    end = f"-slip-{found.version}" if slip else f"-v{found.version}"
    headers = {"content-disposition": f'attachment; filename="{one.name}-{one.period}{end}.{form}"'}
    return Response(body, media_type=FORMATS[form], headers=headers)


@router.post("/returns/sent/{id_}/amend")
def amend(request: Request, scope: Sender, id_: str) -> Response:
    """Look now whether anything is otherwise than it was sent."""
    services, _ = parts(request)
    try:
        with services.ledger.write() as connection:
            _one(request, connection, scope, id_)
            sent.amend(connection, ident(id_, _NONE), now_ms())
    except ServerError as error:
        raise HTTPException(422, str(error)) from None
    return RedirectResponse(f"/returns/sent/{id_}", 303)


def _one(request: Request, connection: Connection, scope: Scope, id_: str) -> tuple[Return, list[Return]]:
    """A sent return in scope, and its slips. Raises HTTPException 404, and 409 where it is not as it was frozen."""
    which = ident(id_, _NONE)
    name = connection.scalar(visible(select(report.c.name), report, scope).where(report.c.id == which))
    if name not in names_of(request):
        raise HTTPException(404, _NONE)
    try:
        return sent.load(connection, which), sent.slips(connection, which)
    except ReturnError as error:
        raise HTTPException(409, str(error)) from None


def _sender(connection: Connection, id_: str) -> str:
    who = connection.scalar(select(report.c.sent_by).where(report.c.id == ident(id_, _NONE))) or ""
    return account_names.of_actors(connection, [who]).get(who, who)


def _may_send(request: Request) -> bool:
    return request.state.visitor.scope(Right.SEND_RETURNS) is not None


def _code(request: Request) -> Language:
    return "hi" if language(request).code == "hi" else "en"
