"""Where a terminal stands, from when on: moves are written down ahead or afterwards, and `terminal` follows (S7)."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from server import FleetError
from server.fleet import roster, standing
from server.ledger.store import upsert
from server.ledger.tables import office, terminal, terminal_place

MAX_TEXT = 120
_LATEST_MS = 4_102_444_800_000  # 2100


@dataclass(frozen=True, slots=True)
class Place:
    """`office` None: it serves everybody. `name` is for people ("East gate"), `place` is in the building."""

    from_ms: int
    office: bytes | None
    name: str
    place: str


def moment_ms(moment: dt.datetime) -> int:
    """Of an aware datetime. Raises FleetError for one that no calendar of ours holds."""
    try:
        found = int(moment.timestamp() * 1000)
    except (OverflowError, ValueError):
        found = -1
    if not 0 < found < _LATEST_MS:
        raise FleetError("since: no such time")
    return found


def move(connection: Connection, one: str, place: Place, by: str, why: str, now_ms: int) -> None:
    """Write a move down; what is due by now is done at once, the rest when its time comes. Raises FleetError."""
    if connection.scalar(select(terminal.c.id).where(terminal.c.id == one)) is None:
        raise FleetError(f"{one}: no such terminal; `hazri-server terminals` lists them")
    if place.office is not None and connection.scalar(select(office.c.id).where(office.c.id == place.office)) is None:
        raise FleetError(f"{one}: there is no such office to move it to")
    if max(len(place.name), len(place.place)) > MAX_TEXT or not (place.name + place.place).isprintable():
        raise FleetError(f"{one}: name and place are plain text of at most {MAX_TEXT} characters")
    values = {"office": place.office, "name": place.name, "place": place.place, "known_ms": now_ms, "by": by}
    values |= {"why": why, "done": False}
    upsert(connection, terminal_place, {"terminal": one, "from_ms": place.from_ms, **values}, *values)
    settle(connection, now_ms)


def settle(connection: Connection, now_ms: int) -> list[str]:
    """Bring every terminal to where it stands now; returns those that moved. Asked again it does nothing."""
    p = terminal_place.c
    due = connection.execute(select(terminal_place).where(p.done.is_(False), p.from_ms <= now_ms)).all()
    for one in sorted({row.terminal for row in due}):
        _bring(connection, one, now_ms)
    connection.execute(update(terminal_place).where(p.done.is_(False), p.from_ms <= now_ms).values(done=True))
    return sorted({row.terminal for row in due})


def at(connection: Connection, one: str, moment_ms: int) -> Place | None:
    """Where it stood at a moment; None before the first that was written down."""
    p = terminal_place.c
    asked = select(terminal_place).where(p.terminal == one, p.from_ms <= moment_ms).order_by(p.from_ms.desc())
    row = connection.execute(asked.limit(1)).one_or_none()
    return None if row is None else Place(row.from_ms, row.office, row.name, row.place)


def history(connection: Connection, one: str) -> list[Place]:
    """Every place it stood at, or is to stand at, newest first."""
    p = terminal_place.c
    rows = connection.execute(select(terminal_place).where(p.terminal == one).order_by(p.from_ms.desc()))
    return [Place(row.from_ms, row.office, row.name, row.place) for row in rows]


def _bring(connection: Connection, one: str, now_ms: int) -> None:
    now = at(connection, one, now_ms)
    if now is None:
        return
    t = terminal.c
    before = connection.execute(select(t.office, t.name, t.place).where(t.id == one)).one()
    if tuple(before) == (now.office, now.name, now.place):
        return
    values = {"office": now.office, "name": now.name, "place": now.place}
    connection.execute(update(terminal).where(t.id == one).values(**values))
    row = connection.execute(
        select(terminal_place.c.by, terminal_place.c.why).where(
            terminal_place.c.terminal == one, terminal_place.c.from_ms == now.from_ms
        )
    ).one()
    standing.note(connection, one, "place", _told(before.office), _told(now.office), row.by, row.why, now_ms)
    if before.office != now.office:
        roster.moved(connection, [one])  # other people belong on it from now on, and those who did no more (R1.13)


def _told(office_id: bytes | None) -> str:
    return "" if office_id is None else office_id.hex()
