"""Everybody's first page: what their roles let them do, and how much of it waits."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Request, Response
from sqlalchemy import ColumnElement, Connection, Table, func, select

from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope, visible
from server.access.visitor import Visitor
from server.ledger.tables import provisional, registration
from server.ledger.tables import request as asked_for
from server.people import consents
from server.people.provisional import UNSETTLED
from server.web.people_pages.desk import parts, show

router = APIRouter(include_in_schema=False)

# Right, path, the word it goes by.
WORK: tuple[tuple[Right, str, str], ...] = (
    (Right.VERIFY, "/registrations", "queue"),
    (Right.VERIFY, "/people/import", "import_title"),
    (Right.VERIFY, "/people", "people"),
    (Right.VERIFY, "/provisional", "provisional"),
    (Right.SERVICE, "/service", "service"),
    (Right.SERVICE, "/service/late", "late_title"),
    (Right.DECIDE, "/requests", "requests"),
    (Right.LATE_REGISTER, "/late", "late_book"),
    (Right.LATE_REGISTER, "/deductions", "deductions"),
    (Right.BRANCH_REGISTER, "/register-book", "branch_book"),
    (Right.MOVEMENTS, "/movements", "movements"),
    (Right.LEAVE, "/leave-accounts", "leave_accounts"),
    (Right.SANCTION, "/sanction", "sanction"),
    (Right.CLAIMS, "/claims/late-sitting", "claims"),
    (Right.MONITOR, "/returns/daily", "daily"),
    (Right.RETURNS, "/returns", "returns"),
    (Right.RETURNS, "/exchange", "exchange"),
    (Right.OFFICES, "/offices", "offices"),
    (Right.MASTERS, "/masters", "masters"),
    (Right.COVERAGE, "/coverage", "coverage_title"),
    (Right.CUSTODY, "/custody", "custody"),
    (Right.ORGS, "/organisations", "orgs_title"),
    (Right.OWN_PUNCHES, "/me/month", "corner"),
)


def _rows(table: Table, waits: ColumnElement[bool]) -> Callable[[Connection, Scope], int]:
    """Counts the rows in scope of which that is true."""

    def count(connection: Connection, scope: Scope) -> int:
        asked = visible(select(func.count()).select_from(table), table, scope).where(waits)
        return connection.scalar(asked) or 0

    return count


_WAITING: dict[str, Callable[[Connection, Scope], int]] = {
    "/requests": _rows(asked_for, asked_for.c.state == "asked"),
    "/registrations": _rows(registration, registration.c.state == "submitted"),
    "/people": consents.count,
    "/provisional": _rows(provisional, provisional.c.state.in_([str(one) for one in UNSETTLED])),
}


@router.get("/desk")
def desk(request: Request, _: Annotated[Scope, may(Right.OWN_ACCOUNT)]) -> Response:
    services, p = parts(request)
    who: Visitor = request.state.visitor
    work = []
    with services.ledger.read() as connection:
        for right, path, word in WORK:
            scope = who.scope(right)
            if scope is None or (right is Right.ORGS and not scope.whole):
                continue
            n = _WAITING[path](connection, scope) if path in _WAITING else None
            work.append({"path": path, "name": getattr(p, word), "hint": p.of("hint", word), "n": n})
    return show(request, "people_desk.html", work=work, held=who.grants)
