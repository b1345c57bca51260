"""The employee's corner: own days with their derivation, balances, requests, receipts, and everything as a file."""

import calendar
import datetime as dt
import json
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection, Select, func, select

from server import ServerError
from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope
from server.attendance import words as sentences
from server.attendance.clock import MINUTE_MS, midnight_ms
from server.attendance.derivation import Step
from server.attendance.types import Act, DayFlag
from server.days import store
from server.days.punches import IST_MIN
from server.ledger.punch_rows import Selection, fetch, lines
from server.ledger.tables import attendance_day, consent, employee, leave_entry, office, person, record, service_event
from server.ledger.tables import request as requests
from server.people.days import IST
from server.requests import RequestError, leave
from server.requests import desk as room
from server.requests.kinds import LEAVE_KINDS, Ask, Kind
from server.web.pages import language
from server.web.people_pages.desk import Form, Typed, actor, ident, parts, show, today
from sync import WireError
from sync.code import head_prefixes
from sync.record import RecordType

router = APIRouter(include_in_schema=False)

Own = Annotated[Scope, may(Right.OWN_PUNCHES)]
ASKS = (Kind.LEAVE, Kind.ON_DUTY, Kind.TOUR, Kind.MOVEMENT)
ACTS = (Act.ADD_IN, Act.ADD_OUT, Act.CONDONE_LATE, Act.CONDONE_EARLY, Act.NOT_MINE)
_MOST = 100_000


@router.get("/me/month")
def month(request: Request, scope: Own, month: str = "") -> Response:
    """A calendar: each day's word and colour, and what is left of leave."""
    services, _ = parts(request)
    first = _first(month)
    me = own(scope)
    with services.ledger.read() as connection:
        days = {row.day: row for row in store.of_month(connection, [me], f"{first:%Y-%m}")}
        left = leave.balances(connection, [me])[me]
        mine = connection.execute(select(person.c.name).where(person.c.ref == me)).scalar_one()
    weeks = calendar.Calendar().monthdatescalendar(first.year, first.month)
    counts: dict[str, int] = {}
    for row in days.values():
        counts[row.status] = counts.get(row.status, 0) + 1
    late = sum(bool(row.flags & DayFlag.LATE) for row in days.values())
    before, after = first - dt.timedelta(days=1), first + dt.timedelta(days=31)
    context: dict[str, Any] = {
        "weeks": weeks,
        "days": days,
        "first": first,
        "counts": counts,
        "late": late,
        "left": left,
    }
    around: dict[str, Any] = {"before": f"{before:%Y-%m}", "after": f"{after:%Y-%m}" if after <= today() else ""}
    return show(request, "corner_month.html", mine=mine, LATE=DayFlag.LATE, today=today(), **context, **around)


@router.get("/me/day/{day}")
def day(request: Request, scope: Own, day: str) -> Response:
    return _day(request, scope, day, "")


@router.post("/me/day/{day}")
def correct(request: Request, scope: Own, day: str, typed: Form) -> Response:
    """Ask for a correction: the punches stay as they are, the correction stands beside them."""
    services, p = parts(request)
    on = _date(day)
    try:
        act = next((one for one in ACTS if one.value == typed.text("act")), None)
        if act is None:
            raise RequestError("choose what is to be corrected")
        at_ms = clock(on, typed.text("at")) if act in (Act.ADD_IN, Act.ADD_OUT) else None
        punch = typed.text("punch").split("/") if act is Act.NOT_MINE else None
        detail = {"act": act.value, "at_ms": at_ms, "punch": punch}
        one = Ask(own(scope), Kind.ADJUSTMENT, on, on, typed.text("reason"), detail)
        with services.ledger.write() as connection:
            room.ask(connection, one, actor(request))
    except ServerError as error:
        return _day(request, scope, day, p.say(str(error)))
    return RedirectResponse("/me/requests", 303)


@router.get("/me/requests")
def asked(request: Request, scope: Own) -> Response:
    return _asked(request, scope, "", {})


@router.post("/me/requests")
def ask(request: Request, scope: Own, typed: Form) -> Response:
    services, p = parts(request)
    try:
        one = read_ask(own(scope), typed, ASKS)
        with services.ledger.write() as connection:
            room.ask(connection, one, actor(request))
    except ServerError as error:
        return _asked(request, scope, p.say(str(error)), typed.texts)
    return RedirectResponse("/me/requests", 303)


@router.post("/me/requests/{id_}/withdraw")
def withdraw(request: Request, scope: Own, id_: str) -> Response:
    services, p = parts(request)
    which = ident(id_, "there is no such request")
    try:
        with services.ledger.write() as connection:
            mine = select(requests.c.id).where(requests.c.id == which, requests.c.person == own(scope))
            if connection.scalar(mine) is None:
                raise HTTPException(404, "there is no such request")
            room.withdraw(connection, which, actor(request))
    except RequestError as error:
        return _asked(request, scope, p.say(str(error)), {})
    return RedirectResponse("/me/requests", 303)


@router.get("/me/receipt")
def receipt_page(request: Request, _: Own) -> Response:
    return show(request, "corner_receipt.html", code="", found=None)


@router.post("/me/receipt")
def receipt(request: Request, scope: Own, typed: Form) -> Response:
    """Does the six-character code stand for a punch of one's own that is stored here?"""
    services, p = parts(request)
    code = typed.text("code")[:20]
    try:
        with services.ledger.read() as connection:
            found = receipts(connection, select(record).where(record.c.person == own(scope)), code)
    except WireError:
        return show(request, "corner_receipt.html", 400, code=code, found=None, problems={"code": p.receipt_form})
    return show(request, "corner_receipt.html", code=code, found=found)


@router.get("/me/export.json")
def export(request: Request, scope: Own) -> Response:
    """Everything kept of oneself that is not sealed: with signatures, clocks, rules, derivations and all that was ever
    said of a day (S17)."""
    services, _ = parts(request)
    me = own(scope)
    with services.ledger.read() as connection:
        end = connection.scalar(select(func.max(record.c.server_seq))) or 0
        punches = [json.loads(one) for one in lines(connection, fetch(connection, Selection(person=me), 0, end, _MOST))]
        told: dict[str, Any] = {"person": me.hex(), "punches": punches}
        tables = {"days": attendance_day, "requests": requests, "leave": leave_entry, "orders": service_event}
        tables |= {"consents": consent, "employment": employee}
        for name, table in tables.items():
            asked = select(table).where(table.c.person == me).limit(_MOST)
            told[name] = [_plain(row) for row in connection.execute(asked)]
    body = json.dumps(told, ensure_ascii=False, indent=1).encode()
    headers = {"content-disposition": 'attachment; filename="hazri-own-data.json"'}
    return Response(body, media_type="application/json", headers=headers)


def receipts(connection: Connection, mine: Select[Any], code: str) -> Sequence[Any]:
    """The punches among `mine` that a code stands for, the newest first. Raises WireError for what is no code."""
    low, high = head_prefixes(code)
    asked = mine.where(record.c.type == int(RecordType.PUNCH))
    asked = asked.where(record.c.head >= low, record.c.head <= high + b"\xff" * 28)
    return connection.execute(asked.order_by(record.c.server_seq.desc()).limit(10)).all()


def read_ask(ref: bytes, typed: Typed, kinds: tuple[Kind, ...]) -> Ask:
    """A request as the form tells it. Raises RequestError, PeopleError."""
    kind = next((one for one in kinds if one.value == typed.text("kind")), None)
    if kind is None:
        raise RequestError("choose what is asked for")
    since = typed.day("since")
    until = typed.day("until") if typed.text("until") else since
    detail: dict[str, Any] = {"half": typed.text("half") or "full"}
    if kind is Kind.LEAVE:
        detail["kind"] = typed.text("leave")
    elif kind is Kind.MOVEMENT:
        back = typed.text("back")
        detail = {"out_ms": clock(since, typed.text("out")), "in_ms": clock(since, back) if back else None}
    else:
        detail["place"] = typed.text("place")
    return Ask(ref, kind, since, until, typed.text("reason"), detail)


def derivations(connection: Connection, rows: Sequence[Any], code: str) -> list[list[str]]:
    """How each day came to be what it is, a sentence a step, in a language. Offices have a name in either, too."""
    told = [json.loads(row.derivation)["steps"] for row in rows]
    places: dict[str, str] = {}
    if code == "hi":
        names = {values["place"] for steps in told for _, values in steps if "place" in values}
        asked = select(office.c.name, office.c.name_hi).where(office.c.name.in_(names), office.c.name_hi != "")
        places = {row.name: row.name_hi for row in connection.execute(asked)}
    return [[_sentence(step, values, places, code) for step, values in steps] for steps in told]


def _sentence(step: str, values: dict[str, Any], places: dict[str, str], code: str) -> str:
    if "place" in values:
        values = {**values, "place": places.get(values["place"], values["place"])}
    return sentences.say(Step(step, values), "hi" if code == "hi" else "en")


def _day(request: Request, scope: Scope, told: str, wrong: str) -> Response:
    services, p = parts(request)
    on, me = _date(told), own(scope)
    code = language(request).code
    with services.ledger.read() as connection:
        sayings = store.history(connection, me, on)
        mine = requests.c.person == me, requests.c.since <= on.isoformat(), requests.c.until >= on.isoformat()
        about = connection.execute(select(requests).where(*mine).order_by(requests.c.asked_ms)).all()
        said = list(zip(sayings, derivations(connection, sayings, code), strict=True))
        where = select(office.c.name, office.c.name_hi).where(office.c.id == sayings[-1].office) if sayings else None
        at = p.named(connection.execute(where).first()) if where is not None else ""
    row = next((one for one in reversed(sayings) if one.known_to_ms is None), None)
    punches = json.loads(row.derivation)["punches"] if row else []
    context: dict[str, Any] = {"on": on, "row": row, "said": said, "punches": punches, "about": about, "at": at}
    problems = {"": wrong} if wrong else {}
    context["act_names"] = [(one.value, p.of("act", one.value)) for one in ACTS]
    context["punch_names"] = [("/".join(map(str, one[:3])), _named(one)) for one in punches]
    return show(request, "corner_day.html", 400 if wrong else 200, problems=problems, **context)


def _named(punch: list[Any]) -> str:
    """A punch, for a list to choose from: when, and where."""
    at_ms = punch[4] or punch[3]
    when = dt.datetime.fromtimestamp(at_ms / 1000, IST).strftime("%H:%M") if at_ms else "?"
    return f"{when} · {punch[0]} · {punch[2]}"


def _asked(request: Request, scope: Scope, wrong: str, told: Any) -> Response:
    services, p = parts(request)
    me = own(scope)
    with services.ledger.read() as connection:
        mine = select(requests).where(requests.c.person == me).order_by(requests.c.asked_ms.desc()).limit(100)
        rows = connection.execute(mine).all()
        left = leave.balances(connection, [me])[me]
    names = {"kinds": [(one.value, p.of("ask", one.value)) for one in ASKS]}
    names["leaves"] = [(one, p.of("leave", one)) for one in LEAVE_KINDS]
    problems = {"": wrong} if wrong else {}
    context: dict[str, Any] = {"rows": rows, "left": left, "told": told, "problems": problems, **names}
    return show(request, "corner_requests.html", 400 if wrong else 200, **context)


def own(scope: Scope) -> bytes:
    """Raises HTTPException 404: the account is nobody's who punches."""
    if scope.person is None:
        raise HTTPException(404, "this account belongs to nobody who punches")
    return scope.person


def _first(month: str) -> dt.date:
    try:
        return dt.date.fromisoformat(f"{month}-01")
    except ValueError:
        return today().replace(day=1)


def _date(told: str) -> dt.date:
    try:
        return dt.date.fromisoformat(told)
    except ValueError:
        raise HTTPException(404, "there is no such day") from None


def clock(day: dt.date, told: str) -> int:
    """A time of a day in India, Unix time in ms. Raises RequestError."""
    try:
        at = dt.time.fromisoformat(told)
    except ValueError:
        raise RequestError("expected a time of the day, HH:MM") from None
    return midnight_ms(day, IST_MIN) + (at.hour * 60 + at.minute) * MINUTE_MS


def _plain(row: Any) -> dict[str, Any]:
    """A row as JSON takes it; what is sealed or refers to the vault is left out."""
    values = {name: value for name, value in row._mapping.items() if name != "number"}
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in values.items()}


def known(connection: Connection, refs: list[bytes]) -> dict[bytes, str]:
    """The names of people."""
    asked = select(person.c.ref, person.c.name).where(person.c.ref.in_(refs))
    return {row.ref: row.name for row in connection.execute(asked)}
