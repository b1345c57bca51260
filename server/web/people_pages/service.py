"""The service ledger: an order entered by the login of who issues it, before it is issued or flagged (R6.1-R6.4)."""

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection, select

from server import PeopleError
from server.access import names as account_names
from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope, visible
from server.ledger.store import now_ms
from server.ledger.tables import designation, division, employee, office, person, service_event
from server.people import service_ledger
from server.people.days import IST, ist
from server.people.service import EFFECTS, Kind, Needs, ServiceOrder
from server.people.service_ledger import Entry
from server.web import csv
from server.web.people_pages.desk import (
    Form,
    Typed,
    actor,
    by_code,
    codes,
    ident,
    one_of,
    orgs_of,
    parts,
    problems,
    registry,
    show,
    today,
    with_names,
)

router = APIRouter(include_in_schema=False)

Reader = Annotated[Scope, may(Right.SERVICE)]
Issuer = Annotated[Scope, may(Right.ORDERS)]
_FIELDS = (
    "kind", "order_no", "ordered_on", "issued_at", "effective_on", "from_office", "to_office", "designation", "branch",
)  # fmt: skip
_ROWS = 100
_MINUTE_MS = 60_000
_LATE = ("name", "kind", "order_no", "ordered_on", "issued", "recorded", "branch", "by", "why")


@router.get("/service")
def listed(request: Request, scope: Reader) -> Response:
    """Those in scope, by name; and the orders entered last."""
    return _found(request, scope, "")


@router.post("/service")
def find(request: Request, scope: Reader, typed: Form) -> Response:
    """By a part of the name, which must stand in no address, no log and no history."""
    return _found(request, scope, typed.text("q")[:100])


@router.get("/service/late")
def late(request: Request, scope: Reader, org: str = "", month: str = "") -> Response:
    """The orders of a month that were entered after they had been issued (R6.4), or at the console (R6.3)."""
    services, _ = parts(request)
    with services.ledger.read() as connection:
        orgs = orgs_of(connection, scope)
        rows = _late(connection, scope, one_of(orgs, org), _month(month))
    return show(request, "people_late.html", rows=rows, month=_month(month).isoformat()[:7], orgs=orgs, org=org)


@router.get("/service/late.csv")
def late_csv(request: Request, scope: Reader, org: str = "", month: str = "") -> Response:
    services, p = parts(request)
    with services.ledger.read() as connection:
        rows = _late(connection, scope, one_of(orgs_of(connection, scope), org), _month(month))
    told = [
        (
            r["name"],
            p.of("order", r["kind"]),
            r["order_no"],
            r["ordered_on"],
            ist(r["issued_ms"]),
            ist(r["recorded_ms"]),
            r["branch"],
            r["by"],
            "; ".join(p.of("irregular", one) for one in r["why"]),
        )
        for r in rows
    ]
    return csv.answer("back-entered.csv", [p.of("late", name) for name in _LATE], told)


@router.get("/service/{ref}")
def look(request: Request, scope: Reader, ref: str, kind: str = "") -> Response:
    return _look(request, scope, ref, kind)


@router.post("/service/{ref}/orders")
def enter(request: Request, scope: Issuer, ref: str, typed: Form) -> Response:
    services, p = parts(request)
    try:
        with services.ledger.write() as connection:
            row = _employee(connection, scope, ref)
            entry = _entry(connection, request, row, typed)
            done = service_ledger.record(connection, entry, today(), registry(request).vaults.common)
    except PeopleError as error:
        return _look(request, scope, ref, typed.text("kind"), problems(error, p, _FIELDS), typed)
    return RedirectResponse(f"/service/{ref}?{'late' if done.back_entered else 'done'}=yes", 303)


@router.post("/service/{ref}/orders/{event}/cancel")
def cancel(request: Request, scope: Issuer, ref: str, event: str, typed: Form) -> Response:
    services, p = parts(request)
    try:
        with services.ledger.write() as connection:
            row = _employee(connection, scope, ref)
            which = ident(event, "there is no such order")
            if which not in {one for one, _ in service_ledger.orders(connection, row.ref)}:
                raise HTTPException(404, "there is no such order")
            if not 1 <= len(typed.text("order_no")) <= service_ledger.MAX_ORDER_NO:
                raise PeopleError("say the number of the order that cancels it")
            service_ledger.cancel(connection, actor(request), which, typed.text("order_no"), today())
    except PeopleError as error:
        return _look(request, scope, ref, "", {"": p.say(str(error))})
    return RedirectResponse(f"/service/{ref}?done=yes", 303)


def _look(
    request: Request,
    scope: Scope,
    ref: str,
    kind: str,
    wrong: dict[str, str] | None = None,
    typed: Typed | None = None,
) -> Response:
    services, p = parts(request)
    chosen = next((one for one in Kind if one.value == kind), None)
    with services.ledger.read() as connection:
        row = _employee(connection, scope, ref)
        asked = select(service_event).where(service_event.c.person == row.ref)
        told = connection.execute(asked.order_by(service_event.c.recorded_ms.desc())).all()
        standing = {one for one, _ in service_ledger.orders(connection, row.ref)}
        history = service_ledger.history(connection, row.ref)
        places = {one.id: one for one in connection.execute(select(office).where(office.c.org == row.org))}
        lists = {
            name: [
                (one.code, p.named(one)) for one in connection.execute(select(t).where(t.c.org == row.org, t.c.active))
            ]
            for name, t in (("designations", designation), ("divisions", division))
        }
        by = account_names.of_actors(connection, [one.actor for one in told])
        near = codes(connection, row.org)
        issues = request.state.visitor.scope(Right.ORDERS)
        may_enter = issues is not None and _held(connection, issues, row)
    done = "late" if request.query_params.get("late") else "done" if request.query_params.get("done") else ""
    context: dict[str, Any] = {"row": row, "events": told, "standing": standing, "history": history, "places": places}
    context |= {"order_names": [(one.value, p.of("order", one.value)) for one in Kind], "codes": near, "by": by}
    context |= {"kind": kind if chosen else "", "may_enter": may_enter, "by_login": service_ledger.by_login}
    context |= {"needs": _needs(chosen) if chosen else (), "effect": EFFECTS[chosen] if chosen else None}
    context |= {"day": today().isoformat(), **lists}
    context |= {"typed": typed.texts if typed else {}, "problems": wrong or {}, "entered": done}
    return show(request, "people_orders.html", 400 if wrong else 200, **context)


def _needs(kind: Kind) -> tuple[str, ...]:
    """Which of the offices and the designation an order of this kind names."""
    needs = EFFECTS[kind].needs
    return () if needs is Needs.NOTHING else tuple(needs.value.split(" and "))


def _entry(connection: Connection, request: Request, row: Any, typed: Typed) -> Entry:
    """Raises PeopleError naming the field."""
    kind = next((one for one in Kind if one.value == typed.text("kind")), None)
    if kind is None:
        raise PeopleError("kind: choose what the order says")
    needs = _needs(kind)
    places = {name: by_code(connection, row.org, name, typed.text(name)) for name in ("from_office", "to_office")}
    for name in needs:
        if name == "designation" and not typed.text(name):
            raise PeopleError("designation: this order needs one; choose it from the list")
        if name in places and places[name] is None:
            raise PeopleError(f"{name}: this order needs an office; type its code")
    order = ServiceOrder(
        kind,
        typed.day("effective_on"),
        typed.day("ordered_on"),
        typed.text("order_no"),
        places["from_office"] if "from_office" in needs else None,
        places["to_office"] if "to_office" in needs else None,
        typed.text("designation") if "designation" in needs else "",
    )
    branch = typed.text("branch")
    listed = select(division.c.code).where(division.c.org == row.org, division.c.code == branch)
    if branch and connection.scalar(listed) is None:
        raise PeopleError("branch: not in this organisation's list")
    return Entry(actor(request), row.ref, order, _moment(typed), branch)


def _moment(typed: Typed) -> int:
    """When the order is issued, in India, ms of Unix time: the end of the minute. Raises PeopleError."""
    try:
        told = dt.datetime.fromisoformat(typed.text("issued_at")).replace(tzinfo=IST)
        return int(told.timestamp() * 1000) + _MINUTE_MS - 1
    except (ValueError, OverflowError):
        raise PeopleError("issued_at: expected day and time of issue, YYYY-MM-DDTHH:MM") from None


def _employee(connection: Connection, scope: Scope, ref: str) -> Any:
    """Somebody in scope, by where they are or last were. Raises HTTPException 404."""
    which = ident(ref, "there is no such person")
    asked = select(person, employee, office.c.name.label("at"), office.c.name_hi.label("at_hi"))
    asked = asked.join_from(person, employee, employee.c.person == person.c.ref)
    asked = asked.join(office, office.c.id == person.c.office, isouter=True).where(person.c.ref == which)
    row = connection.execute(asked).one_or_none()
    if row is None or not _held(connection, scope, row):
        raise HTTPException(404, "there is no such person")
    return row


def _held(connection: Connection, scope: Scope, row: Any) -> bool:
    """Posted here, or awaited or gone and here before: somebody in transit must not fall out of every list."""
    last = service_ledger.last_office(connection, row.ref)
    mine = visible(select(office.c.id), office, scope).where(office.c.id == last)
    return connection.scalar(mine) is not None


def _found(request: Request, scope: Scope, q: str) -> Response:
    services, _ = parts(request)
    with services.ledger.read() as connection:
        people = _people(connection, scope, q)
        newest = _events(connection, scope)
    by_login = service_ledger.by_login
    return show(request, "people_service.html", people=people, newest=newest, q=q, by_login=by_login, cut=_ROWS)


def _people(connection: Connection, scope: Scope, q: str) -> list[Any]:
    asked = select(person.c.ref, person.c.name, employee.c.service)
    asked = asked.join_from(person, employee, employee.c.person == person.c.ref)
    asked = with_names(asked.join(office, office.c.id == service_ledger.stood_at()))
    if q:
        asked = asked.where(person.c.name.icontains(q, autoescape=True))
    return list(connection.execute(visible(asked, office, scope).order_by(person.c.name).limit(_ROWS)))


def _events(connection: Connection, scope: Scope) -> list[Any]:
    asked = service_ledger.stood_within(select(service_event, person.c.name), scope)
    asked = asked.join(service_event, service_event.c.person == person.c.ref)
    return list(connection.execute(asked.order_by(service_event.c.recorded_ms.desc()).limit(20)))


def _late(connection: Connection, scope: Scope, org: str, month: dt.date) -> list[dict[str, Any]]:
    rows = service_ledger.irregular(connection, org, month)
    mine = service_ledger.stood_within(select(person.c.ref, person.c.name), scope)
    mine = mine.where(person.c.ref.in_(sorted({row["person"] for row in rows})))
    names = {row.ref: row.name for row in connection.execute(mine)}
    by = account_names.of_actors(connection, [row["actor"] for row in rows])
    return [
        row | {"name": names[row["person"]], "by": by.get(row["actor"], row["actor"]), "why": _why(row)}
        for row in rows
        if row["person"] in names
    ]


def _why(row: dict[str, Any]) -> list[str]:
    """What is out of rule with an order: words of the group `irregular`."""
    found = {"late": row["back_entered"], "console": not service_ledger.by_login(row["actor"])}
    return [name for name, yes in found.items() if yes]


def _month(told: str) -> dt.date:
    try:
        return dt.date.fromisoformat(f"{told}-01")
    except ValueError:
        return dt.datetime.fromtimestamp(now_ms() / 1000, IST).date().replace(day=1)
