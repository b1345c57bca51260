"""One terminal: what is wrong and what to do, how it is, when it could have taken punches, and all that it was told."""

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any, Literal, NamedTuple

from fastapi import APIRouter, Request, Response
from markupsafe import Markup
from sqlalchemy import Connection, select

from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope, visible
from server.fleet import (
    alarms,
    fitness,
    fitness_log,
    health,
    orders,
    overview,
    places,
    sayings,
    standing,
    ticket_book,
    twin,
    units,
)
from server.fleet.fitness import MINUTE_MS, Fit, Fitness, Interval
from server.fleet.overview import Row
from server.intake.timekeeping import IST
from server.ledger.store import now_ms
from server.ledger.tables import incident, office, ticket
from server.people import scope as people_scope
from server.web import charts
from server.web.charts import Span
from server.web.fleet_pages import tree
from server.web.fleet_pages.frame import TerminalId, allowed, at, csrf, names, not_there, read, show, words
from server.web.words_fleet import FleetWords

router = APIRouter(include_in_schema=False)
See = Annotated[Scope, may(Right.FLEET)]

_DAY_MINUTES = 1440
_HOUR_MS = 3_600_000
_GAPS = 20


@router.get("/terminals/{terminal}")
def terminal_page(
    request: Request,
    scope: See,
    terminal: TerminalId,
    days: Literal["1", "7", "31"] = "7",
    given: Literal["", "1"] = "",
) -> Response:
    """What the QR code on the unit leads to."""
    return answer(request, scope, terminal, days=int(days), done=words(request)["order_given"] if given else "")


def answer(
    request: Request,
    scope: Scope,
    terminal: str,
    *,
    days: int = 7,
    done: str = "",
    problem: str = "",
    status: int = 200,
) -> Response:
    """The page, with a word on what was just tried."""
    f = words(request)
    now = now_ms()
    with read(request) as connection:
        row = seen(request, connection, scope, terminal)
        context = {
            **_place(connection, scope, row),
            **_health(connection, f, terminal, now),
            **_fitness(connection, f, terminal, now, days),
            **_told(connection, scope, terminal, f),
            "may_command": _also(connection, request, Right.COMMAND, terminal),
            "may_mend": _also(connection, request, Right.MEND, terminal),
        }
    stream = f"/live/fleet?terminal={terminal}" if request.method == "GET" else ""
    around = {"row": row, "days": days, "done": done, "problem": problem, "csrf": csrf(request)}
    return show(request, "fleet_terminal.html", "terminals", context | around, status=status, stream=stream)


@router.get("/terminals/{terminal}/label")
def label(request: Request, scope: See, terminal: TerminalId) -> Response:
    """The QR code by itself, to be printed."""
    with read(request) as connection:
        row = seen(request, connection, scope, terminal)
    return show(request, "fleet_label.html", "terminals", {"row": row})


def seen(request: Request, connection: Connection, scope: Scope, terminal: str) -> Row:
    """Raises 404 where this scope does not see it."""
    row = overview.one(connection, terminal, scope)
    if row is None:
        raise not_there(request)
    return row


def _also(connection: Connection, request: Request, right: Right, terminal: str) -> bool:
    """May who looks at it do this, and here?"""
    other = allowed(request, right)
    return other is not None and overview.one(connection, terminal, other) is not None


def _place(connection: Connection, scope: Scope, row: Row) -> dict[str, Any]:
    here = tree.one(connection, scope, row.office) if row.office else None
    moves = places.history(connection, row.id)
    asked = select(office.c.id, office.c.name).where(office.c.id.in_([move.office for move in moves if move.office]))
    names = {one.id: one.name for one in connection.execute(visible(asked, office, scope))}
    return {"here": here, "places": moves, "office_names": names}


def _health(connection: Connection, f: FleetWords, terminal: str, now: int) -> dict[str, Any]:
    start = now - 48 * _HOUR_MS
    hours = health.hours(connection, terminal, start, now + 1)
    return {
        "told": health.latest(connection, terminal),
        "charts": [
            _chart(f, hours, start, now, "chart_backlog", "backlog_max", ""),
            _chart(f, hours, start, now, "chart_signal", "signal_min", " %"),
            _chart(f, hours, start, now, "chart_heat", "temperature_max", " °C", 82.0),
        ],
    }


class Chart(NamedTuple):
    """A drawing with its texts; `last` and `span` are empty where there are no figures."""

    title: str
    last: str
    span: str
    picture: Markup


def _chart(
    f: FleetWords, hours: list[dict[str, Any]], start: int, end: int, title: str, column: str, unit: str,
    mark: float | None = None,
) -> Chart:  # fmt: skip
    points = _with_gaps([(hour["hour_ms"], hour[column]) for hour in hours])
    known = [value for _, value in points if value is not None]
    if not known:
        return Chart(f[title], "", "", Markup(""))
    span = f["chart_range"].format(low=f"{min(known):g}", high=f"{max(known):g}{unit}")
    return Chart(f[title], f"{known[-1]:g}{unit}", span, charts.line(points, start, end, f"{f[title]}: {span}", mark))


def _with_gaps(points: list[tuple[int, float | None]]) -> list[tuple[int, float | None]]:
    """An hour of which nothing is known breaks the line."""
    found: list[tuple[int, float | None]] = []
    for at_ms, value in points:
        if found and at_ms - found[-1][0] > 2 * _HOUR_MS:
            found.append((found[-1][0] + _HOUR_MS, None))
        found.append((at_ms, value))
    return found


class Day(NamedTuple):
    """One day of the timeline."""

    name: str
    fit_percent: int
    picture: Markup


def _fitness(connection: Connection, f: FleetWords, terminal: str, now: int, days: int) -> dict[str, Any]:
    end = now // MINUTE_MS + 1
    today = dt.datetime.fromtimestamp(now / 1000, IST).date()
    begins = [_minute(today - dt.timedelta(days=back)) for back in range(days)]
    found = fitness_log.timeline(connection, terminal, begins[-1], end)
    lines = []
    for begin in begins:
        cut = [_cut(one, begin, min(begin + _DAY_MINUTES, end)) for one in found if _meets(one, begin)]
        lines.append(_day(f, begin, [one for one in cut if one.minutes > 0]))
    gaps = [one for one in reversed(found) if one.fitness is not Fitness.FIT and one.end > begins[-1]]
    return {"timeline": lines, "gaps": gaps[:_GAPS], "fit": fitness.summary(found), "minute_ms": MINUTE_MS}


def _minute(day: dt.date) -> int:
    return int(dt.datetime.combine(day, dt.time(), IST).timestamp()) // 60


def _meets(one: Interval, begin: int) -> bool:
    return one.start < begin + _DAY_MINUTES and one.end > begin


def _cut(one: Interval, start: int, end: int) -> Interval:
    return Interval(max(one.start, start), min(one.end, end), one.fitness, one.reasons)


def _day(f: FleetWords, begin: int, intervals: Sequence[Interval]) -> Day:
    name = at(begin * MINUTE_MS, "%d.%m.")
    sums = fitness.summary(intervals)
    spans = [Span(one.start - begin, one.end - begin, one.fitness, _said(f, one)) for one in intervals]
    fit, unfit, unknown = (_percent(n, sums) for n in (sums.fit, sums.unfit, sums.unknown))
    says = f["fitness_said"].format(day=name, fit=fit, unfit=unfit, unknown=unknown)
    return Day(name, fit, charts.band(spans, _DAY_MINUTES, says))


def _percent(minutes: int, sums: Fit) -> int:
    return round(100 * minutes / max(1, sums.fit + sums.unfit + sums.unknown))


def _said(f: FleetWords, one: Interval) -> str:
    times = f"{at(one.start * MINUTE_MS, '%H:%M')}–{at(one.end * MINUTE_MS, '%H:%M')}"
    why = ", ".join(f.said("why", reason) for reason in one.reasons)
    return f"{times} {f[one.fitness]}" + (f": {why}" if why else "")


def _told(connection: Connection, scope: Scope, terminal: str, f: FleetWords) -> dict[str, Any]:
    open_alarms = connection.execute(visible(alarms.listed(terminal=terminal), incident, scope)).all()
    open_tickets = connection.execute(visible(ticket_book.listed(terminal_id=terminal), ticket, scope)).all()
    given = orders.listing(connection, terminal, 20)
    history = standing.history(connection, terminal, 20)
    actors = {one.actor for one in given} | {one.by for one in history} | {row.acked_by or "" for row in open_alarms}
    return {
        "alarms": open_alarms,
        "tickets": [ticket_book.of_row(row) for row in open_tickets],
        "orders": given,
        "history": history,
        "actor": names(connection, actors, f),
        "twin": twin.state(connection, terminal),
        "roster": people_scope.convergence(connection, terminal),
        "logs": sayings.logs(connection, terminal),
        "units": units.history(connection, terminal),
    }
