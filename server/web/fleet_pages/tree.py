"""Sums of the fleet by the tree of offices: how it is at a place, and at each place right below it.

One query by office each, folded along the paths: linear in the offices that have a terminal, whatever the depth.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, false, func, or_, select

from server.access.scope import Place, Scope, condition, visible
from server.fleet.conditions import Level
from server.fleet.standing import State
from server.ledger.tables import condition as condition_table
from server.ledger.tables import office, punch_day, terminal, terminal_state, ticket
from server.timekeeping import IST

QUARTERS = 96


@dataclass(frozen=True, slots=True)
class Office:
    """One office of the tree."""

    id: bytes
    org: str
    path: str
    code: str
    level: str
    name: str
    name_hi: str
    latitude: float | None
    longitude: float | None

    @property
    def place(self) -> Place:
        return Place(self.org, self.path)

    def called(self, code: str) -> str:
        """In a language: its own name there, where it has one."""
        return (self.name_hi if code == "hi" else "") or self.name or self.code


@dataclass(slots=True)
class Sums:
    """What stands at and below an office. `failing` and `warning` are active terminals by the worst that is found;
    `located`: sums of latitudes and longitudes, and of how many offices."""

    terminals: int = 0
    active: int = 0
    online: int = 0
    failing: int = 0
    warning: int = 0
    tickets: int = 0
    breached: int = 0
    punches: int = 0
    located: tuple[float, float, int] = (0.0, 0.0, 0)

    @property
    def well(self) -> int:
        return self.active - self.failing - self.warning

    @property
    def worst(self) -> str:
        """ok, warn, fail; none where there is no terminal."""
        if not self.terminals:
            return "none"
        return "fail" if self.failing else "warn" if self.warning else "ok"


@dataclass(slots=True)
class View:
    """A place, or all of them: `here` None. `itself`: what stands at `here` alone; `quarters`: punches of today by
    quarter hour, of all of it."""

    here: Office | None
    above: list[Office]
    below: list[tuple[Office, Sums]]
    itself: Sums
    quarters: list[int] = field(default_factory=lambda: [0] * QUARTERS)


def look(connection: Connection, scope: Scope, ref: bytes | None, now_ms: int) -> View | None:
    """None: no such office, or not in this scope. Without one: where the scope begins."""
    here = None if ref is None else one(connection, scope, ref)
    if ref is not None and here is None:
        return None
    below = _children(connection, here) if here else _roots(connection, scope)
    if here is None and len(below) == 1:
        return look(connection, scope, below[0].id, now_ms)
    view = View(here, _above(connection, scope, here), [(child, Sums()) for child in below], Sums())
    within = narrowed(scope, here)
    _fold(view, _by_office(connection, within))
    _fold(view, _tickets(connection, within, now_ms))
    _fold(view, _punches(connection, within, now_ms, view.quarters))
    return view


def narrowed(scope: Scope, here: Office | None) -> Scope:
    """The part of a scope at and below an office that is in it."""
    return scope if here is None else Scope(scope.roles, frozenset({here.place}))


def _roots(connection: Connection, scope: Scope) -> list[Office]:
    o = office.c
    if scope.whole:
        top: ColumnElement[bool] = o.parent.is_(None)
    else:
        top = or_(false(), *(and_(o.org == place.org, o.path == place.path) for place in _topmost(scope)))
    return _offices(connection, top)


def _topmost(scope: Scope) -> list[Place]:
    """The places of a scope that lie within no other of it."""
    return [one for one in scope.places if not any(other.holds(one.org, one.path) for other in scope.places - {one})]


def _children(connection: Connection, here: Office) -> list[Office]:
    return _offices(connection, office.c.parent == here.id, office.c.life != "closed")


def one(connection: Connection, scope: Scope, ref: bytes) -> Office | None:
    """None: no such office, or not in this scope."""
    found = _offices(connection, office.c.id == ref, condition(office, scope))
    return found[0] if found else None


def _above(connection: Connection, scope: Scope, here: Office | None) -> list[Office]:
    """From the top of the scope down."""
    if here is None:
        return []
    parts = here.path.strip("/").split("/")[:-1]
    paths = ["/" + "/".join(parts[: n + 1]) + "/" for n in range(len(parts))]
    return _offices(connection, office.c.org == here.org, office.c.path.in_(paths), condition(office, scope))


def _offices(connection: Connection, *conditions: ColumnElement[bool]) -> list[Office]:
    o = office.c
    columns = o.id, o.org, o.path, o.code, o.level, o.name, o.name_hi, o.latitude, o.longitude
    asked = select(*columns).where(*conditions).order_by(o.org, o.path)
    return [Office(*row) for row in connection.execute(asked)]


def _by_office(connection: Connection, scope: Scope) -> Iterable[Any]:
    t, s, o, c = terminal.c, terminal_state.c, office.c, condition_table.c
    worst = select(c.terminal, func.max(c.level).label("level")).where(c.level > int(Level.OK))
    per = worst.group_by(c.terminal).subquery()
    active = t.state == str(State.ACTIVE)
    sums = (
        func.count().label("terminals"),
        _sum(active).label("active"),
        _sum(s.online.is_(True)).label("online"),
        _sum(and_(active, per.c.level == int(Level.FAIL))).label("failing"),
        _sum(and_(active, per.c.level == int(Level.WARN))).label("warning"),
    )
    asked = select(o.org, o.path, o.latitude, o.longitude, *sums).select_from(terminal)
    asked = asked.join(terminal_state, s.terminal == t.id, isouter=True).join(per, per.c.terminal == t.id, isouter=True)
    asked = visible(asked.join(office, t.office == o.id, isouter=True), terminal, scope)
    return connection.execute(asked.group_by(o.org, o.path, o.latitude, o.longitude))


def _tickets(connection: Connection, scope: Scope, now_ms: int) -> Iterable[Any]:
    k, o = ticket.c, office.c
    sums = func.count().label("tickets"), _sum(k.due_ms < now_ms).label("breached")
    asked = select(o.org, o.path, *sums).select_from(ticket).join(terminal, k.terminal == terminal.c.id)
    asked = asked.join(office, terminal.c.office == o.id, isouter=True).where(k.closed_ms.is_(None))
    return connection.execute(visible(asked, ticket, scope).group_by(o.org, o.path))


@dataclass(frozen=True, slots=True)
class _Punched:
    org: str | None
    path: str | None
    punches: int


def _punches(connection: Connection, scope: Scope, now_ms: int, quarters: list[int]) -> Iterable[_Punched]:
    """Of today, also added to `quarters`."""
    p, o = punch_day.c, office.c
    today = dt.datetime.fromtimestamp(now_ms / 1000, IST).date().isoformat()
    asked = select(o.org, o.path, p.quarters).select_from(punch_day).join(terminal, p.terminal == terminal.c.id)
    asked = asked.join(office, terminal.c.office == o.id, isouter=True).where(p.day == today)
    for row in connection.execute(visible(asked, punch_day, scope)):
        for at, n in enumerate(row.quarters):
            if n:
                quarters[at] += n
        yield _Punched(row.org, row.path, sum(row.quarters))


def _fold(view: View, rows: Iterable[Any]) -> None:
    """Add each row to the child whose tree it is in, else to the place itself."""
    of = {(child.org, child.path): sums for child, sums in view.below}
    for row in rows:
        into = _whose(of, row.org, row.path) or view.itself
        for name in ("terminals", "active", "online", "failing", "warning", "tickets", "breached", "punches"):
            more = getattr(row, name, 0)
            if more:
                setattr(into, name, getattr(into, name) + more)
        latitude, longitude = getattr(row, "latitude", None), getattr(row, "longitude", None)
        if latitude is not None and longitude is not None:
            into.located = into.located[0] + latitude, into.located[1] + longitude, into.located[2] + 1


def _whose(of: dict[tuple[str, str], Sums], org: str | None, path: str | None) -> Sums | None:
    if org is None or path is None:
        return None
    end = len(path)
    while end > 0:
        if found := of.get((org, path[:end])):
            return found
        end = path.rfind("/", 0, end - 1) + 1
    return None


def total(parts: Sequence[Sums]) -> Sums:
    """All of them together."""
    names = ("terminals", "active", "online", "failing", "warning", "tickets", "breached", "punches")
    return Sums(**{name: sum(getattr(part, name) for part in parts) for name in names})


def _sum(what: ColumnElement[bool]) -> Any:
    return func.coalesce(func.sum(case((what, 1), else_=0)), 0)
