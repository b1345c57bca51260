"""The list of terminals as somebody asks for it: filtered, in an order, a page at a time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, or_, select

from server.access.scope import Scope, visible
from server.fleet import overview
from server.fleet.conditions import Level
from server.fleet.overview import Row
from server.fleet.standing import State
from server.ledger.tables import condition, office, terminal, terminal_state
from server.web.ordering import Column, Order, natural

PAGE = 50
_CHUNK = 1000
_BEHIND = terminal.c.roster_version - func.coalesce(terminal_state.c.roster_version, 0)

_worst = (
    select(condition.c.terminal, func.max(condition.c.level).label("level"))
    .where(condition.c.level > int(Level.OK))
    .group_by(condition.c.terminal)
    .subquery()
)
OFFICE = Column((func.coalesce(office.c.org, ""), func.coalesce(office.c.path, "")))  # as they stand in the tree
COLUMNS: Mapping[str, Column] = {
    "id": Column(terminal.c.id),
    "office": OFFICE,
    "level": Column(func.coalesce(_worst.c.level, 0), falling=True),
    "link": Column(func.coalesce(terminal_state.c.online, False)),
    "seen": Column(func.coalesce(terminal_state.c.last_seen_ms, 0)),
    "backlog": Column(func.coalesce(terminal_state.c.backlog, 0), falling=True),
    "roster": Column(_BEHIND, falling=True),
    "has": Column(func.coalesce(terminal_state.c.roster_version, 0)),
    "wanted": Column(terminal.c.roster_version, falling=True),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Empty texts and OK: not filtered by it. `words`: a part of the id or the name; `level`: so bad or worse;
    `lagging`: only those that lack a part of their roster; `page` from 1."""

    words: str = ""
    state: State | None = None
    level: Level = Level.OK
    kind: str = ""
    link: str = ""
    lagging: bool = False
    order: Order = natural(COLUMNS, "id")  # noqa: RUF009 - it never changes
    page: int = 1


def found(connection: Connection, scope: Scope, asked: Asked) -> tuple[list[Row], int]:
    """One page of terminals, and how many there are in all."""
    total = count(connection, scope, asked)
    ids = connection.scalars(_ids(scope, asked).limit(PAGE).offset((asked.page - 1) * PAGE)).all()
    return overview.some(connection, ids, scope), total


def count(connection: Connection, scope: Scope, asked: Asked) -> int:
    found: int | None = connection.scalar(_filtered(select(func.count()), scope, asked))
    return found or 0


def every(connection: Connection, scope: Scope, asked: Asked, limit: int) -> Iterator[Row]:
    """All of them up to `limit`, for a file."""
    ids = connection.scalars(_ids(scope, asked).limit(limit)).all()
    for first in range(0, len(ids), _CHUNK):
        yield from overview.some(connection, ids[first : first + _CHUNK], scope)


def _ids(scope: Scope, asked: Asked) -> Any:
    return _filtered(select(terminal.c.id), scope, asked).order_by(*asked.order.clauses(), terminal.c.id)


def _filtered(statement: Any, scope: Scope, asked: Asked) -> Any:
    t, s, o = terminal.c, terminal_state.c, office.c
    joined = statement.select_from(terminal).join(terminal_state, s.terminal == t.id, isouter=True)
    joined = joined.join(office, t.office == o.id, isouter=True).join(_worst, _worst.c.terminal == t.id, isouter=True)
    asked_for = visible(joined, terminal, scope)
    if asked.words:
        part = asked.words.lower()
        named = (func.lower(column).contains(part, autoescape=True) for column in (t.id, t.name, o.name))
        asked_for = asked_for.where(or_(*named))
    if asked.state:
        asked_for = asked_for.where(t.state == str(asked.state))
    if asked.level > Level.OK:
        asked_for = asked_for.where(_worst.c.level >= int(asked.level))
    if asked.kind:
        bad = select(condition.c.terminal).where(condition.c.kind == asked.kind, condition.c.level > int(Level.OK))
        asked_for = asked_for.where(t.id.in_(bad))
    if asked.link:
        here = func.coalesce(s.online, False).is_(asked.link == "online")
        asked_for = asked_for.where(here)
    if asked.lagging:
        asked_for = asked_for.where(_BEHIND > 0)
    return asked_for
