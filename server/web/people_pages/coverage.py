"""How far registration is, a section of an office a line, with who answers for it and by when (R1.17)."""

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import select

from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope
from server.ledger.tables import office, person
from server.people.coverage import Coverage, coverage
from server.web import csv
from server.web.people_pages.desk import one_of, orgs_of, parts, show, today

router = APIRouter(include_in_schema=False)

Reader = Annotated[Scope, may(Right.COVERAGE)]
_ROWS = 300
_COLUMNS = ("office", "division", "head", "due", "posts", "registered", "verified", "enrolled", "outstanding")


@router.get("/coverage")
def look(request: Request, scope: Reader, org: str = "", only: str = "") -> Response:
    orgs, one, rows, heads = _rows(request, scope, org)
    left = [row for row in rows if row.outstanding] if only else rows
    totals = [sum(getattr(row, name) for row in rows) for name in ("registered", "verified", "enrolled", "outstanding")]
    overdue = sum(row.overdue(today()) for row in rows)
    context: dict[str, Any] = {
        "orgs": orgs,
        "org_names": [(one, one) for one in orgs],
        "org": one,
        "rows": left[:_ROWS],
        "cut": len(left) > _ROWS,
        "heads": heads,
        "only": only,
    }
    return show(request, "people_coverage.html", totals=totals, overdue=overdue, today=today(), **context)


@router.get("/coverage.csv")
def as_csv(request: Request, scope: Reader, org: str = "") -> Response:
    _, _, rows, heads = _rows(request, scope, org)
    p = parts(request)[1]
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


def _rows(request: Request, scope: Scope, org: str) -> tuple[list[str], str, list[Coverage], dict[bytes, str]]:
    """The organisations in reach, the one that is meant, its lines in scope, and what their heads are called."""
    services, _ = parts(request)
    with services.ledger.read() as connection:
        orgs = orgs_of(connection, scope)
        one = one_of(orgs, org)
        paths = {
            row.id: row.path
            for row in connection.execute(select(office.c.id, office.c.path).where(office.c.org == one))
        }
        rows = [row for row in coverage(connection, one, today()) if scope.holds(one, paths[row.office])]
        heads = {row.head for row in rows if row.head}
        names = connection.execute(select(person.c.ref, person.c.name).where(person.c.ref.in_(heads)))
        return orgs, one, rows, {row.ref: row.name for row in names}
