"""Sums of the fleet by the tree of offices: how it is at a place, and at each place right below it.

One query by office each, folded along the paths: linear in the offices that have a terminal, whatever the depth.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, case, false, func, or_, select

from server.access.scope import Place, Scope, condition, visible
from server.fleet.conditions import Level
from server.fleet.standing import State
from server.intake.timekeeping import IST
from server.ledger.tables import condition as condition_table
from server.ledger.tables import incident, office, punch_day, terminal, terminal_state, ticket

QUARTERS = 96
_COUNTED = ("terminals", "active", "online", "failing", "warning")


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
    wrong: dict[str, tuple[int, int]] = field(default_factory=dict)  # by kind: how many warn, how many fail
    incidents: int = 0


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
    offices = _by_office(connection, within)
    _fold(view, offices, _COUNTED)
    _locate(view, offices)
    _fold(view, _tickets(connection, within, now_ms), ("tickets", "breached"))
    punched, view.quarters = _punches(connection, within, now_ms)
    _fold(view, punched, ("punches",))
    view.wrong, view.incidents = _wrong(connection, within), _incidents(connection, within)
    return view


def narrowed(scope: Scope, here: Office | None) -> Scope:
    """The part of a scope at and below an office that is in it."""
    return scope if here is None else scope.at(here.place)


def _roots(connection: Connection, scope: Scope) -> list[Office]:
    o = office.c
    if scope.whole:
        top: ColumnElement[bool] = o.parent.is_(None)
    else:
        top = or_(false(), *(and_(o.org == place.org, o.path == place.path) for place in scope.tops))
    return _offices(connection, top)


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
    above = office.c.path.in_(here.place.above)
    return _offices(connection, office.c.org == here.org, above, condition(office, scope))


def _offices(connection: Connection, *conditions: ColumnElement[bool]) -> list[Office]:
    o = office.c
    columns = o.id, o.org, o.path, o.code, o.level, o.name, o.name_hi, o.latitude, o.longitude
    asked = select(*columns).where(*conditions).order_by(o.org, o.path)
    return [Office(*row) for row in connection.execute(asked)]


def _by_office(connection: Connection, scope: Scope) -> Sequence[Any]:
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
    return connection.execute(asked.group_by(o.org, o.path, o.latitude, o.longitude)).all()


def _tickets(connection: Connection, scope: Scope, now_ms: int) -> Iterable[Any]:
    k, o = ticket.c, office.c
    sums = func.count().label("tickets"), _sum(k.due_ms < now_ms).label("breached")
    asked = select(o.org, o.path, *sums).select_from(ticket).join(terminal, k.terminal == terminal.c.id)
    asked = asked.join(office, terminal.c.office == o.id, isouter=True).where(k.closed_ms.is_(None))
    return connection.execute(visible(asked, ticket, scope).group_by(o.org, o.path))


def _wrong(connection: Connection, scope: Scope) -> dict[str, tuple[int, int]]:
    c = condition_table.c
    sums = _sum(c.level == int(Level.WARN)), _sum(c.level == int(Level.FAIL))
    asked = visible(select(c.kind, *sums).where(c.level > int(Level.OK)), condition_table, scope)
    return {kind: (warn, fail) for kind, warn, fail in connection.execute(asked.group_by(c.kind))}


def _incidents(connection: Connection, scope: Scope) -> int:
    asked: Any = select(func.count()).select_from(incident).where(incident.c.closed_ms.is_(None))
    found: int | None = connection.scalar(visible(asked, incident, scope))
    return found or 0


class _Punched(NamedTuple):
    org: str | None
    path: str | None
    punches: int


def _punches(connection: Connection, scope: Scope, now_ms: int) -> tuple[list[_Punched], list[int]]:
    """Of today: by office, and of all by quarter hour."""
    p, o = punch_day.c, office.c
    today = dt.datetime.fromtimestamp(now_ms / 1000, IST).date().isoformat()
    asked = select(o.org, o.path, p.quarters).select_from(punch_day).join(terminal, p.terminal == terminal.c.id)
    asked = asked.join(office, terminal.c.office == o.id, isouter=True).where(p.day == today)
    rows = connection.execute(visible(asked, punch_day, scope)).all()
    counts: Counter[tuple[str | None, str | None]] = Counter()
    for org, path, quarters in rows:
        counts[org, path] += sum(quarters)
    days = (row.quarters.ljust(QUARTERS, b"\0") for row in rows)
    summed = [sum(column) for column in zip(*days, strict=True)]
    return [_Punched(*where, n) for where, n in counts.items()], summed or [0] * QUARTERS


def _fold(view: View, rows: Iterable[Any], names: Sequence[str]) -> None:
    """Add each row to the child whose tree it is in, else to the place itself."""
    of = {(child.org, child.path): sums for child, sums in view.below}
    for row in rows:
        into = _whose(of, row.org, row.path) or view.itself
        for name in names:
            setattr(into, name, getattr(into, name) + getattr(row, name))


def _locate(view: View, rows: Iterable[Any]) -> None:
    of = {(child.org, child.path): sums for child, sums in view.below}
    for row in rows:
        if row.latitude is not None and row.longitude is not None:
            into = _whose(of, row.org, row.path) or view.itself
            latitudes, longitudes, n = into.located
            into.located = latitudes + row.latitude, longitudes + row.longitude, n + 1


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
    names = *_COUNTED, "tickets", "breached", "punches"
    return Sums(**{name: sum(getattr(part, name) for part in parts) for name in names})


def _sum(what: ColumnElement[bool]) -> Any:
    return func.coalesce(func.sum(case((what, 1), else_=0)), 0)
