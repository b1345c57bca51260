"""The fleet at a glance: sums by the tree of offices, from the state down to one office, and the same as a map."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope
from server.intake.timekeeping import IST
from server.ledger.store import now_ms
from server.sharing import completeness
from server.web import charts, charts_map, ordering
from server.web.charts_map import Spot
from server.web.fleet_pages import listing, tree
from server.web.fleet_pages.frame import OfficeId, PageNo, not_there, office_id, paged, read, show, words
from server.web.fleet_pages.tree import QUARTERS, Office, Sums
from server.web.ordering import Column, natural
from server.web.pages import language
from server.web.services import Services
from server.web.words_fleet import FleetWords

router = APIRouter(include_in_schema=False)
PAGE = 50
_MARKED = 1000  # terminals up to which a page says how many have reported; more are asked by the API
# A place below, with its sums.
_COLUMNS: Mapping[str, Column] = {
    "name": Column(lambda one: (one[0].org, one[0].path)),
    "total": Column(lambda one: one[1].terminals, falling=True),
    "level": Column(lambda one: (one[1].failing, one[1].warning), falling=True),
    "online": Column(lambda one: one[1].online, falling=True),
    "tickets": Column(lambda one: (one[1].tickets, one[1].breached), falling=True),
    "punches": Column(lambda one: one[1].punches, falling=True),
}
See = Annotated[Scope, may(Right.FLEET)]


@router.get("/fleet")
def fleet(request: Request, scope: See, office: OfficeId = "", page: PageNo = 1) -> Response:
    """What is below an office, and what ails it."""
    f, order = words(request), ordering.asked(request, _COLUMNS, "name")
    with read(request) as connection:
        view = tree.look(connection, scope, office_id(office), now_ms())
        if view is None:
            raise not_there(request)
        within = tree.narrowed(scope, view.here)
        due = _close_of_day(dt.datetime.now(IST))
        few = sum(part.terminals for _, part in view.below) + view.itself.terminals <= _MARKED
        marked = completeness.reported(connection, within, int(due.timestamp() * 1000)) if few else None
        worst_first = listing.Asked(order=natural(listing.COLUMNS, "level"))
        rows, total = ([], 0) if view.below else listing.found(connection, within, worst_first)
    shown = order.applied(view.below)[(page - 1) * PAGE : page * PAGE]
    context: dict[str, object] = {
        "view": view,
        "order": order,
        "whole": tree.total([view.itself, *(part for _, part in view.below)]),
        "wrong": sorted(view.wrong.items(), key=lambda one: (-one[1][1], -one[1][0], one[0])),
        "shown": [(child, part, _share(f, part)) for child, part in shown],
        "itself": _share(f, view.itself),
        "where": paged(request, page, PAGE, len(shown), len(view.below)),
        "day": _day(f, view.quarters),
        "rows": rows,
        "total": total,
        "marked": marked,
        "due": due,
        "crumbs": "/fleet",
    }
    return show(request, "fleet_overview.html", "overview", context, stream="/live/fleet")


@router.get("/fleet/map")
def fleet_map(
    request: Request, scope: See, office: OfficeId = "", tiles: Annotated[int, Query(ge=0, le=1)] = 0
) -> Response:
    """Places right below an office, where they are. A place without one of its own stands amid those below it. With
    `tiles` a drawn map lies behind them, where the server knows of one."""
    f = words(request)
    services: Services = request.app.state.services
    behind = services.tiles if tiles else None
    with read(request) as connection:
        view = tree.look(connection, scope, office_id(office), now_ms())
    if view is None:
        raise not_there(request)
    code = language(request).code
    places = view.below or ([(view.here, view.itself)] if view.here else [])
    spots = []
    for number, (child, part) in enumerate(places, 1):
        if (at := _where(child, part)) is not None:
            says = f"{number} {child.called(code)}: {_told(f, part)}"
            deeper = "/fleet/map" if child.level != "office" else "/fleet"
            href = f"{deeper}?office={child.id.hex()}" + ("&tiles=1" if behind and deeper == "/fleet/map" else "")
            spots.append(Spot(number, *at, _shares(part), href, says))
    picture = charts_map.draw(spots, f["map"], behind)
    context = {"view": view, "places": places, "picture": picture, "crumbs": "/fleet/map"}
    context |= {"credit": behind.credit if behind else "", "tiles": services.tiles is not None, "behind": bool(behind)}
    return show(request, "fleet_map.html", "map", context, stream="/live/fleet")


def _close_of_day(now: dt.datetime) -> dt.datetime:
    """18:00 of today, or before it of yesterday: by then everybody has left."""
    today = now.replace(hour=18, minute=0, second=0, microsecond=0)
    return today if now >= today else today - dt.timedelta(days=1)


def _where(child: Office, part: Sums) -> tuple[float, float] | None:
    if child.latitude is not None and child.longitude is not None:
        return child.latitude, child.longitude
    latitudes, longitudes, n = part.located
    return (latitudes / n, longitudes / n) if n else None


def _told(f: FleetWords, part: Sums) -> str:
    counted = f["of_terminals"].format(n=part.terminals)
    return f"{counted}, {f['well']} {part.well}, {f['warning']} {part.warning}, {f['failing']} {part.failing}"


def _share(f: FleetWords, part: Sums) -> object:
    return charts.share(_shares(part), _told(f, part)) if part.terminals else ""


def _shares(part: Sums) -> tuple[tuple[str, int], ...]:
    return ("ok", part.well), ("warn", part.warning), ("fail", part.failing), ("none", part.terminals - part.active)


def _day(f: FleetWords, quarters: list[int]) -> object:
    """The day's punches, from five in the morning to ten at night unless somebody came earlier or later."""
    first = min([20, *(at for at, n in enumerate(quarters) if n)])
    last = max([88, *(at + 1 for at, n in enumerate(quarters) if n)])
    first, last = first - first % 4, min(QUARTERS, last + -last % 4)
    shown = quarters[first:last]
    titles = [f"{at // 4:02}:{at % 4 * 15:02}: {n}" for at, n in enumerate(shown, first)]
    hours = [f"{hour:02}:00" for hour in range(first // 4, last // 4 + 1, 1 if last - first < 24 else 4)]
    return {"picture": charts.bars(shown, f"{f['today_by_quarter']}: {sum(shown)}", titles), "hours": hours}
