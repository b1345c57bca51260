"""The lists of terminals: filtered, sorted, a page at a time, as a file; and how far their rosters are."""

from dataclasses import asdict, dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import Connection

from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope
from server.fleet.advice import advice
from server.fleet.conditions import HEALTH_RULES, RULES, Level
from server.fleet.overview import Row
from server.fleet.standing import State
from server.web import csv, ordering
from server.web.fleet_pages import listing, tree
from server.web.fleet_pages.frame import OfficeId, PageNo, iso, not_there, office_id, paged, read, show
from server.web.fleet_pages.listing import COLUMNS, PAGE, Asked
from server.web.fleet_pages.tree import Office
from server.web.ordering import Order

router = APIRouter(include_in_schema=False)
See = Annotated[Scope, may(Right.FLEET)]

STATES = tuple(map(str, State))
_HEADINGS = ("terminal", "name", "place", "office", "standing", "online", "last heard", "condition", "waiting")
_MORE = ("roster", "roster wanted", "what is wrong")


@dataclass(frozen=True, slots=True)
class Filter:
    """What the form asks for; each a plain word of an address, empty where it does not filter."""

    q: str
    state: str
    level: str
    kind: str
    link: str
    office: str

    def asked(self, order: Order, page: int = 1) -> Asked:
        return Asked(
            words=self.q.strip(),
            state=State(self.state) if self.state else None,
            level=Level[self.level.upper()] if self.level else Level.OK,
            kind=self.kind,
            link=self.link,
            order=order,
            page=page,
        )


def _filter(
    q: Annotated[str, Query(max_length=60)] = "",
    state: Literal["", "pending", "active", "quarantined", "revoked", "retired"] = "",
    level: Literal["", "warn", "fail"] = "",
    kind: Annotated[str, Query(max_length=24, pattern="^[a-z-]*$")] = "",
    link: Literal["", "online", "offline"] = "",
    office: OfficeId = "",
) -> Filter:
    return Filter(q, state, level, kind, link, office)


Given = Annotated[Filter, Depends(_filter)]


@router.get("/terminals")
def terminals(request: Request, scope: See, given: Given, page: PageNo = 1) -> Response:
    """Fifty at a time."""
    order = _order(request)
    with read(request) as connection:
        within, here = _within(request, connection, scope, given.office)
        rows, total = listing.found(connection, within, given.asked(order, page))
    where = paged(request, page, PAGE, len(rows), total)
    choices = {"query": request.url.query, "kinds": (*RULES, *HEALTH_RULES), "order": order, "states": STATES}
    context: dict[str, object] = {
        "rows": rows,
        "where": where,
        "given": asdict(given),
        "here": here,
        "query": request.url.query,
    }
    return show(request, "fleet_terminals.html", "terminals", context | choices, stream="/live/fleet")


@router.get("/terminals.csv")
def terminals_csv(request: Request, scope: See, given: Given) -> Response:
    """All that the same filter finds, up to a hundred thousand."""
    with read(request) as connection:
        within, _ = _within(request, connection, scope, given.office)
        rows = [_line(row) for row in listing.every(connection, within, given.asked(_order(request)), csv.MAX_ROWS)]
    return csv.answer("terminals.csv", (*_HEADINGS, *_MORE), rows)


@router.get("/rosters")
def rosters(request: Request, scope: See, lag: Literal["", "1"] = "", page: PageNo = 1) -> Response:
    """R1.13: who has joined, left or been enrolled elsewhere, and which terminals know."""
    order = _order(request, "roster")
    with read(request) as connection:
        rows, total = listing.found(connection, scope, _rosters(lag, order, page))
        counts = [listing.count(connection, scope, _rosters(one, order)) for one in ("", "1")]
    where = paged(request, page, PAGE, len(rows), total)
    context: dict[str, object] = {"rows": rows, "where": where, "active": counts[0], "behind": counts[1], "lag": lag}
    context |= {"order": order, "query": request.url.query}
    return show(request, "fleet_rosters.html", "rosters", context, stream="/live/fleet")


@router.get("/rosters.csv")
def rosters_csv(request: Request, scope: See, lag: Literal["", "1"] = "") -> Response:
    with read(request) as connection:
        asked = _rosters(lag, _order(request, "roster"))
        rows = [_line(row) for row in listing.every(connection, scope, asked, csv.MAX_ROWS)]
    return csv.answer("rosters.csv", (*_HEADINGS, *_MORE), rows)


def _order(request: Request, first: str = "id") -> Order:
    return ordering.asked(request, COLUMNS, first)


def _rosters(lag: str, order: Order, page: int = 1) -> Asked:
    return Asked(state=State.ACTIVE, order=order, page=page, lagging=bool(lag))


def _within(request: Request, connection: Connection, scope: Scope, office: str) -> tuple[Scope, Office | None]:
    """The scope at and below an office, and the office."""
    if not office:
        return scope, None
    here = tree.one(connection, scope, office_id(office) or b"")
    if here is None:
        raise not_there(request)
    return tree.narrowed(scope, here), here


def _line(row: Row) -> tuple[object, ...]:
    wrong = "; ".join(f"{advice(one.kind).what} ({one.detail})" for one in row.wrong)
    seen = "" if row.last_seen_ms is None else iso(row.last_seen_ms)
    known = row.id, row.name, row.place, row.office_name, row.state, "yes" if row.online else "no", seen
    return (*known, row.level.name.lower(), row.backlog, row.roster_version, row.roster_wanted, wrong)
