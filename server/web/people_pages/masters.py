"""The closed lists an applicant chooses from (R1.7), kept by whoever looks after the whole organisation."""

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection, select

from server import PeopleError
from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope, visible
from server.ledger.tables import designation, device_location, division, employee, office, org_setting, person
from server.people import office_ledger, orgs
from server.people.ranks import GRADES, Level
from server.people.register import parse_ref
from server.web.people_pages.desk import Form, Typed, by_code, codes, one_of, orgs_of, parts, problems, show

router = APIRouter(include_in_schema=False)

Keeper = Annotated[Scope, may(Right.MASTERS)]
LISTS = ("divisions", "designations", "locations", "settings")
_FIELDS = (
    "code", "name", "name_hi", "equivalent", "grade_pay", "register_by", "office", "head", "officer", "region",
    "cap_post",
)  # fmt: skip


@router.get("/masters")
def look(request: Request, scope: Keeper, org: str = "", which: str = "divisions", edit: str = "") -> Response:
    return _look(request, scope, org, which if which in LISTS else LISTS[0], edit)


@router.post("/masters/{which}")
def put(request: Request, scope: Keeper, which: str, typed: Form) -> Response:
    """Add one, or change the one that has this code."""
    services, p = parts(request)
    if which not in LISTS:
        raise HTTPException(404, "there is no such list")
    org = typed.text("org")
    try:
        with services.ledger.write() as connection:
            org = one_of(orgs_of(connection, scope), org)
            if which == "locations":
                _put_location(connection, scope, org, typed)
            else:
                _whole(connection, scope, org)
                {"divisions": _put_division, "designations": _put_designation, "settings": _configure}[which](
                    connection, org, typed
                )
    except PeopleError as error:
        return _look(request, scope, org, which, "", problems(error, p, _FIELDS), typed)
    return RedirectResponse(f"/masters?org={org}&which={which}", 303)


def _look(
    request: Request,
    scope: Scope,
    org: str,
    which: str,
    edit: str,
    wrong: dict[str, str] | None = None,
    typed: Typed | None = None,
) -> Response:
    services, p = parts(request)
    with services.ledger.read() as connection:
        every = orgs_of(connection, scope)
        org = one_of(every, org)
        mine = org in orgs_of(connection, scope, whole=True)
        rows = _rows(connection, scope, org, which)
        asked = select(org_setting.c.name, org_setting.c.value).where(org_setting.c.org == org)
        told = {row.name: row.value for row in connection.execute(asked)}
        owners = {one for row in rows for one in (getattr(row, "head", None), getattr(row, "officer", None)) if one}
        people = select(person.c.ref, person.c.name).where(person.c.ref.in_(owners))
        names = {row.ref: row.name for row in connection.execute(people)}
        near = codes(connection, org)
    row = next((one for one in rows if one.code == edit), None)
    values = typed.texts if typed else _values(row) if row is not None else told if which == "settings" else {}
    context: dict[str, Any] = {"orgs": every, "org": org, "which": which, "lists": LISTS, "rows": rows, "mine": mine}
    context |= {"values": values, "edit": edit, "names": names, "codes": near, "problems": wrong or {}}
    context |= {"grades": [(one.code, p.named(one)) for one in GRADES], "settings": told}
    context |= {"cap_posts": [(one, p.of("post", one)) for one in orgs.CAP_POSTS[1:]]}
    context |= {"levels": [(one.value, p.of("level", one.value)) for one in Level]}
    return show(request, "people_masters.html", 400 if wrong else 200, **context)


def _rows(connection: Connection, scope: Scope, org: str, which: str) -> list[Any]:
    if which == "settings":
        return []
    if which == "locations":
        asked = select(device_location, office.c.code.label("at")).join_from(device_location, office)
        asked = visible(asked.where(office.c.org == org), office, scope)
        return list(connection.execute(asked.order_by(office.c.path, device_location.c.code).limit(1000)))
    table = division if which == "divisions" else designation
    order = table.c.code if which == "divisions" else table.c.rank.desc()
    return list(connection.execute(select(table).where(table.c.org == org).order_by(order).limit(1000)))


def _values(row: Any) -> dict[str, str]:
    found = {name: "" if value is None else str(value) for name, value in row._mapping.items()}
    for name in ("head", "officer"):
        if getattr(row, name, None):
            found[name] = getattr(row, name).hex()
    return found | {"active": "yes" if row.active else "", "teaching": "yes" if getattr(row, "teaching", 0) else ""}


def _put_division(connection: Connection, org: str, typed: Typed) -> None:
    told: dict[str, Any] = _named(typed) | {"register_by": None, "cap_post": typed.text("cap_post")}
    if typed.text("register_by"):
        told["register_by"] = typed.day("register_by").isoformat()
    for name in ("head", "officer"):
        told[name] = _owner(connection, org, name, typed.text(name))
    orgs.put_division(connection, org, typed.text("code"), told)


def _put_designation(connection: Connection, org: str, typed: Typed) -> None:
    pay = typed.text("grade_pay")
    if pay and not (pay.isascii() and pay.isdigit() and len(pay) <= 6):
        raise PeopleError("grade_pay: expected rupees, as 4600, or nothing")
    told = _named(typed) | {"equivalent": typed.text("equivalent"), "teaching": bool(typed.text("teaching"))}
    told |= {"pay_band": typed.text("pay_band"), "grade_pay": int(pay) if pay else None}
    told |= {"cap_post": typed.text("cap_post")}
    orgs.put_designation(connection, org, typed.text("code"), told)


def _put_location(connection: Connection, scope: Scope, org: str, typed: Typed) -> None:
    at = by_code(connection, org, "office", typed.text("office"))
    asked = visible(select(office.c.id), office, scope).where(office.c.id == at)
    if at is None or connection.scalar(asked) is None:
        raise PeopleError("office: not one of your offices; choose one that you look after")
    orgs.put_device_location(connection, at, typed.text("code"), _named(typed))


def _configure(connection: Connection, org: str, typed: Typed) -> None:
    for name in orgs.SETTINGS:
        if typed.text(name):
            orgs.configure(connection, org, name, typed.text(name))
    if typed.text("region"):
        office_ledger.region_changed(connection, org)


def _named(typed: Typed) -> dict[str, Any]:
    return {"name": typed.text("name"), "name_hi": typed.text("name_hi"), "active": bool(typed.text("active"))}


def _owner(connection: Connection, org: str, name: str, told: str) -> bytes | None:
    """Whoever answers for a branch (R6.6), by the reference on their page."""
    if not told:
        return None
    try:
        ref = parse_ref(told)
    except PeopleError as error:
        raise PeopleError(f"{name}: {error}") from None
    if connection.scalar(select(employee.c.org).where(employee.c.person == ref)) != org:
        raise PeopleError(f"{name}: nobody of this organisation has this reference")
    return ref


def _whole(connection: Connection, scope: Scope, org: str) -> None:
    """A list is the whole organisation's: whoever looks after a part of it does not change it."""
    if org not in orgs_of(connection, scope, whole=True):
        raise PeopleError("the lists are kept by whoever looks after the whole organisation; ask there")
