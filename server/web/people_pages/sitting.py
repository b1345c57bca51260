"""Late Sitting Allowance on pages: sanctioned beforehand by the authority, claimed by whoever sat late (R3)."""

import datetime as dt
import json
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection, select

from server import ServerError
from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope, visible
from server.attendance import AttendanceError
from server.attendance import words as sentences
from server.attendance.clock import days_of
from server.attendance.lsa import Claim, Judgement, told
from server.attendance.lsa import Line as JudgedLine
from server.ledger.store import now_ms
from server.ledger.tables import lsa_approval, lsa_claim, person
from server.requests import RequestError, lsa
from server.web.around import LARGE_BODIES
from server.web.pages import language
from server.web.people_pages.desk import Form, actor, ident, month_of, parts, registry, show, today

router = APIRouter(include_in_schema=False)

Authority = Annotated[Scope, may(Right.SANCTION)]
Own = Annotated[Scope, may(Right.OWN_PUNCHES)]
_BACK_DAYS = 60
_STAFF = 500
LARGE_BODIES["/me/claim/"] = lsa.MAX_CERTIFICATE + 64 * 1024


@router.get("/sanction")
def sanctions(request: Request, scope: Authority) -> Response:
    return _sanctions(request, scope, "", {})


@router.post("/sanction")
def sanction(request: Request, scope: Authority, typed: Form) -> Response:
    services, p = parts(request)
    try:
        day = typed.day("day")
        if day < today():
            raise RequestError("prior approval is given before the day of the work; choose today or later")
        which = ident(typed.text("person"), "there is no such person")
        with services.ledger.write() as connection:
            ref = connection.scalar(visible(select(person.c.ref), person, scope).where(person.c.ref == which))
            if ref is None:
                raise HTTPException(404, "there is no such person")
            lsa.sanction(connection, ref, day, typed.text("work")[:1000], actor(request), now_ms())
    except ServerError as error:
        return _sanctions(request, scope, p.say(str(error)), typed.texts)
    return RedirectResponse("/sanction", 303)


def _sanctions(request: Request, scope: Scope, wrong: str, typed: Any) -> Response:
    services, _ = parts(request)
    since = today() - dt.timedelta(days=_BACK_DAYS)
    with services.ledger.read() as connection:
        asked = select(lsa_approval, person.c.name).join_from(
            lsa_approval, person, lsa_approval.c.person == person.c.ref
        )
        asked = visible(asked, lsa_approval, scope).where(lsa_approval.c.day >= since.isoformat())
        rows = connection.execute(asked.order_by(lsa_approval.c.day.desc(), person.c.name).limit(_STAFF)).all()
        mine = visible(select(person.c.ref, person.c.name), person, scope).where(person.c.active)
        staff = [(row.ref.hex(), row.name) for row in connection.execute(mine.order_by(person.c.name).limit(_STAFF))]
    context: dict[str, Any] = {"rows": rows, "staff": staff, "told": typed, "today": today()}
    return show(
        request, "people_sanction.html", 400 if wrong else 200, problems={"": wrong} if wrong else {}, **context
    )


@router.get("/me/claim")
def claims(request: Request, scope: Own, month: str = "", done: str = "") -> Response:
    return _claims(request, scope, month_of(month), "", done=bool(done))


@router.post("/me/claim/{month}")
def claim(request: Request, scope: Own, month: str, typed: Form) -> Response:
    services, p = parts(request)
    first = month_of(month)
    try:
        days = [day for day in days_of(f"{first:%Y-%m}") if typed.text(f"d-{day}")]
        certificate = typed.file("certificate", lsa.MAX_CERTIFICATE)
        vault = registry(request).vaults.common
        with services.ledger.write() as connection:
            lsa.submit(connection, vault, _me(scope), days, certificate, actor(request), now_ms())
    except ServerError as error:
        return _claims(request, scope, first, p.say(str(error)))
    return RedirectResponse(f"/me/claim?month={first:%Y-%m}&done=1", 303)


def _claims(request: Request, scope: Scope, first: dt.date, wrong: str, *, done: bool = False) -> Response:
    services, p = parts(request)
    me, column = _me(scope), 1 if language(request).code == "hi" else 0
    with services.ledger.read() as connection:
        found, why = _judged(connection, me, first)
        post = lsa.post_of(connection, me)
        made = select(lsa_claim).where(lsa_claim.c.person == me, lsa_claim.c.month == f"{first:%Y-%m}")
        rows = [
            (row, [_reasons(one["reasons"], column) for one in json.loads(row.lines)], json.loads(row.lines))
            for row in connection.execute(made.order_by(lsa_claim.c.submitted_ms))
        ]
    lines = [(line, told(line), _reasons([one.value for one in line.reasons], column)) for line in found]
    context: dict[str, Any] = {
        "lines": lines,
        "made": rows,
        "month": f"{first:%Y-%m}",
        "why": p.say(why) if why else "",
    }
    context |= {"done": p.claim_done if done else "", "post": p.of("post", post)}
    return show(request, "corner_claim.html", 400 if wrong else 200, problems={"": wrong} if wrong else {}, **context)


def _judged(connection: Connection, me: bytes, first: dt.date) -> tuple[tuple[JudgedLine, ...], str]:
    """What the sanctioned days that have begun would come to if they were claimed now; or why nobody can say."""
    a = lsa_approval.c
    month, last = f"{first:%Y-%m}", min(today(), days_of(f"{first:%Y-%m}")[-1])
    asked = select(a.day).where(a.person == me, a.day.startswith(f"{month}-"), a.day <= last.isoformat()).distinct()
    days = tuple(sorted(dt.date.fromisoformat(day) for day in connection.scalars(asked)))
    if not days:
        return (), ""
    try:
        judged: Judgement = lsa.judge(connection, Claim(me, days, now_ms(), True))
    except (AttendanceError, RequestError) as error:
        return (), str(error)
    return judged.lines, ""


def _reasons(codes: list[str], column: int) -> str:
    return "; ".join(sentences.WORDS[f"lsa_{code}"][column] for code in codes)


def _me(scope: Scope) -> bytes:
    """Raises HTTPException 404: the account is nobody's who punches."""
    if scope.person is None:
        raise HTTPException(404, "this account belongs to nobody who punches")
    return scope.person
