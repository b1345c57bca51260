"""How far registration is: a level of the tree at a time, down to an office's sections, with who answers for each and
by when (R1.17)."""

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Connection, select

from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope
from server.ledger.tables import office, person
from server.people.coverage import Coverage, Rolled, coverage, rolled, sections_of
from server.web import csv
from server.web.people_pages import tree
from server.web.people_pages.desk import one_of, orgs_of, parts, show, today

router = APIRouter(include_in_schema=False)

Reader = Annotated[Scope, may(Right.COVERAGE)]
Page = Annotated[int, Query(ge=1, le=100_000)]
_ROWS = 200
_COUNTS = ("registered", "verified", "enrolled", "outstanding")
_COLUMNS = ("office", "division", "head", "due", "posts", *_COUNTS)


@router.get("/coverage")
def look(
    request: Request, scope: Reader, org: str = "", at: str = "", only: str = "", q: str = "", page: Page = 1
) -> Response:
    services, _ = parts(request)
    with services.ledger.read() as connection:
        orgs = orgs_of(connection, scope)
        org = one_of(orgs, org)
        here = tree.standing(connection, scope, org, at)
        own = sections_of(connection, here.id, today()) if here else []
        below = _below(connection, scope, org, here)
        context: dict[str, Any] = {"heads": _heads(connection, own), "q": q}
        context |= {"above": tree.above(connection, scope, here) if here else []}
        context |= {"several": len(tree.tops(connection, scope, org)) > 1}
        context |= {"found": tree.search(connection, scope, org, q) if q else []}
    everything = [*own, *(sums for _, sums in below)]
    context |= {"totals": [sum(getattr(one, name) for one in everything) for name in _COUNTS], "counts": _COUNTS}
    context |= {"overdue": sum(one.overdue(today()) for one in own) + sum(sums.overdue for _, sums in below)}
    if only:
        own, below = [one for one in own if one.outstanding], [one for one in below if one[1].outstanding]
    shown = below[(page - 1) * _ROWS : page * _ROWS]
    context |= {"own": own, "below": shown, "page": page, "more": len(below) > page * _ROWS, "only": only}
    context |= {"org": org, "org_names": [(one, one) for one in orgs], "here": here, "today": today()}
    return show(request, "people_coverage.html", **context)


@router.get("/coverage.csv")
def as_csv(request: Request, scope: Reader, org: str = "", at: str = "") -> Response:
    """Every section at or below a place, a line each."""
    services, p = parts(request)
    with services.ledger.read() as connection:
        org = one_of(orgs_of(connection, scope), org)
        tops = [tree.by_code(connection, scope, org, at)] if at else tree.tops(connection, scope, org)
        rows = [one for top in tops for one in coverage(connection, org, today(), top.path)]
        heads = _heads(connection, rows)
    told = [
        (
            x.office_name,
            x.division_name,
            heads.get(x.head or b"", ""),
            x.due_on or "",
            x.posts,
            x.registered,
            x.verified,
            x.enrolled,
            x.outstanding,
        )
        for x in rows
    ]
    return csv.answer("coverage.csv", [p.of("coverage", name) for name in _COLUMNS], told)


def _below(connection: Connection, scope: Scope, org: str, here: Any | None) -> list[tuple[Any, Rolled]]:
    """The offices directly below, each with everything under it; closed ones where there is still somebody."""
    level = tree.below(connection, scope, org, here)
    mine = office.c.parent == here.id if here else office.c.id.in_([row.id for row in level])
    whole = here is None or here.parent is None
    sums = rolled(connection, select(office.c.id).where(mine), today(), whole=whole)
    return [(row, sums.get(row.id, Rolled())) for row in level if row.life != "closed" or row.id in sums]


def _heads(connection: Connection, rows: Iterable[Coverage]) -> dict[bytes, str]:
    heads = {row.head for row in rows if row.head}
    names = connection.execute(select(person.c.ref, person.c.name).where(person.c.ref.in_(heads)))
    return {row.ref: row.name for row in names}
