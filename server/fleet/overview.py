"""What pages, the API and commands read of the fleet: a page of terminals, one terminal, sums. Indexed queries all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from server.access.scope import WHOLE, Scope, visible
from server.fleet.conditions import Level
from server.ledger.tables import condition, incident, office, terminal, terminal_state, ticket

PAGE = 200
_OFFICE = (office.c.name.label("office_name"), office.c.name_hi.label("office_name_hi"), office.c.path)


@dataclass(frozen=True, slots=True)
class Wrong:
    """One rule that does not find a terminal well."""

    kind: str
    level: Level
    since_ms: int
    detail: str


@dataclass(frozen=True, slots=True)
class Row:
    """A line in the list of terminals. `level`: the worst of `wrong`."""

    id: str
    name: str
    place: str
    office: bytes | None
    office_name: str
    office_name_hi: str
    path: str
    state: str
    online: bool
    last_seen_ms: int | None
    backlog: int
    roster_version: int
    roster_wanted: int
    wrong: tuple[Wrong, ...]

    @property
    def level(self) -> Level:
        return max((one.level for one in self.wrong), default=Level.OK)


@dataclass(frozen=True, slots=True)
class Sums:
    """`states`: terminals by standing; `levels`: active ones by the worst that is found (those that are well are not
    counted here); `wrong`: by kind and level."""

    states: dict[str, int]
    online: int
    levels: dict[str, int]
    wrong: dict[tuple[str, str], int]
    incidents: int
    tickets: int
    breached: int


def page(
    connection: Connection,
    scope: Scope = WHOLE,
    *,
    after: str = "",
    limit: int = PAGE,
    state: str = "",
    level: Level = Level.OK,
    kind: str = "",
    path: str = "",
) -> list[Row]:
    """Terminals behind the id `after`, in the order of their ids. `level`: only those that are so bad or worse, `kind`:
    in this respect; `path`: only those of this office and below it."""
    t, c = terminal.c, condition.c
    asked = _rows(scope).where(t.id > after)
    if state:
        asked = asked.where(t.state == state)
    if path:
        asked = asked.where(func.substr(office.c.path, 1, len(path)) == path)
    if level > Level.OK or kind:
        bad = select(c.terminal).where(c.level >= max(int(level), int(Level.WARN)))
        asked = asked.where(t.id.in_(bad.where(c.kind == kind) if kind else bad))
    return _with_wrong(connection, connection.execute(asked.order_by(t.id).limit(limit)).all())


def one(connection: Connection, terminal_id: str, scope: Scope = WHOLE) -> Row | None:
    """None: there is no such terminal, or this scope does not see it."""
    rows = connection.execute(_rows(scope).where(terminal.c.id == terminal_id)).all()
    found = _with_wrong(connection, rows)
    return found[0] if found else None


def some(connection: Connection, ids: Sequence[str], scope: Scope = WHOLE) -> list[Row]:
    """These terminals (a few thousand at most), in this order; without those that this scope does not see."""
    rows = _with_wrong(connection, connection.execute(_rows(scope).where(terminal.c.id.in_(ids))).all())
    place = {one: n for n, one in enumerate(ids)}
    return sorted(rows, key=lambda row: place[row.id])


def sums(connection: Connection, now_ms: int, scope: Scope = WHOLE) -> Sums:
    t, s, c, i, k = terminal.c, terminal_state.c, condition.c, incident.c, ticket.c
    states = visible(select(t.state, func.count()).select_from(terminal).group_by(t.state), terminal, scope)
    online = visible(select(func.count()).select_from(terminal_state).where(s.online.is_(True)), terminal_state, scope)
    worst = select(c.terminal, func.max(c.level).label("level")).where(c.level > int(Level.OK))
    per = visible(worst, condition, scope).group_by(c.terminal).subquery()
    levels = select(per.c.level, func.count()).group_by(per.c.level)
    kinds = select(c.kind, c.level, func.count()).where(c.level > int(Level.OK))
    alarms = visible(select(func.count()).select_from(incident).where(i.closed_ms.is_(None)), incident, scope)
    open_tickets = visible(select(func.count()).select_from(ticket).where(k.closed_ms.is_(None)), ticket, scope)
    return Sums(
        states={row[0]: row[1] for row in connection.execute(states)},
        online=connection.scalars(online).one(),
        levels={_word(level): n for level, n in connection.execute(levels)},
        wrong={
            (kind, _word(level)): n
            for kind, level, n in connection.execute(visible(kinds, condition, scope).group_by(c.kind, c.level))
        },
        incidents=connection.scalars(alarms).one(),
        tickets=connection.scalars(open_tickets).one(),
        breached=connection.scalars(open_tickets.where(k.due_ms < now_ms)).one(),
    )


def _rows(scope: Scope) -> Any:
    t, s = terminal.c, terminal_state.c
    columns = t.id, t.name, t.place, t.office, t.state, t.roster_version.label("wanted")
    said = s.online, s.last_seen_ms, s.backlog, s.roster_version
    asked = select(*columns, *said, *_OFFICE)
    asked = asked.join_from(terminal, terminal_state, s.terminal == t.id, isouter=True)
    return visible(asked.join(office, t.office == office.c.id, isouter=True), terminal, scope)


def _with_wrong(connection: Connection, rows: Sequence[Any]) -> list[Row]:
    c = condition.c
    asked = select(condition).where(c.terminal.in_([row.id for row in rows]), c.level > int(Level.OK))
    wrong: dict[str, list[Wrong]] = {}
    for row in connection.execute(asked.order_by(c.level.desc(), c.kind)):
        wrong.setdefault(row.terminal, []).append(Wrong(row.kind, Level(row.level), row.since_ms, row.detail))
    return [
        Row(
            id=row.id,
            name=row.name,
            place=row.place,
            office=row.office,
            office_name=row.office_name or "",
            office_name_hi=row.office_name_hi or "",
            path=row.path or "",
            state=row.state,
            online=bool(row.online),
            last_seen_ms=row.last_seen_ms,
            backlog=row.backlog or 0,
            roster_version=row.roster_version or 0,
            roster_wanted=row.wanted,
            wrong=tuple(wrong.get(row.id, ())),
        )
        for row in rows
    ]


def _word(level: int) -> str:
    return Level(level).name.lower()
