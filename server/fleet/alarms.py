"""Incidents in the ledger: opened, acknowledged, closed; and the notices that somebody must be told (once each)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, delete, or_, select, update

from server import FleetError
from server.fleet.conditions import Finding, Level
from server.fleet.incidents import REOPEN_MS, Act, Incident, Standing, act, incident_id, step
from server.ledger.store import upsert
from server.ledger.tables import alarm, condition, incident, notice

Key = tuple[str, str]  # terminal, kind
PAGE = "page"
TERMINAL = "the terminal"
_SLICE = 500


@dataclass(frozen=True, slots=True)
class Board:
    """Everything that stands or stood lately at some terminals."""

    standings: dict[Key, Standing]
    incidents: dict[Key, Incident]


def board(connection: Connection, terminals: Iterable[str], now_ms: int) -> Board:
    """`terminals`: at most a few hundred."""
    ids = list(terminals)
    standings = {
        (row.terminal, row.kind): Standing(Level(row.level), row.bad, row.since_ms, row.looked_ms, row.detail)
        for row in connection.execute(select(condition).where(condition.c.terminal.in_(ids)))
    }
    i = incident.c
    lately = or_(i.closed_ms.is_(None), i.closed_ms > now_ms - REOPEN_MS)
    rows = connection.execute(select(incident).where(i.terminal.in_(ids), lately).order_by(i.opened_ms))
    return Board(standings, {(row.terminal, row.kind): Incident(row.id, row.times, row.closed_ms) for row in rows})


def changes(here: Board, found: Mapping[str, Mapping[str, Finding]], looked_for: Iterable[str], now_ms: int) -> bool:
    """Would `weigh` write anything? Nearly always it would not, and then nobody is kept from writing."""
    kinds = set(looked_for)
    keys = {(one, kind) for one, findings in found.items() for kind in findings} | set(here.standings)
    return any(
        step(before, finding, now_ms) is not before or act(before, here.incidents.get(key), now_ms) is not Act.NOTHING
        for key in keys
        if key[1] in kinds
        for before, finding in [(here.standings.get(key), found.get(key[0], {}).get(key[1]))]
    )


def weigh(
    connection: Connection, found: Mapping[str, Mapping[str, Finding]], looked_for: Iterable[str], now_ms: int
) -> int:
    """Take in one look at some terminals; kinds that were not `looked_for` stay as they are. Returns how many alarms
    it opened anew. Looking again within the minute changes nothing."""
    paged = 0
    here = board(connection, found, now_ms)
    for terminal, findings in found.items():
        for kind in looked_for:
            key = terminal, kind
            if kind in findings or key in here.standings:
                paged += _weigh(connection, key, findings.get(kind), here, now_ms)
    return paged


def raise_recorded(connection: Connection, after_ms: int) -> int:
    """Open an incident for each row of `alarm` since `after_ms` that has none; returns how many."""
    opened = 0
    for row in connection.execute(select(alarm).where(alarm.c.known_ms >= after_ms)).all():
        ref = f"{row.log.hex()}/{row.seq}"
        one = incident_id(row.terminal, row.kind, ref)
        if connection.scalar(select(incident.c.id).where(incident.c.id == one)) is None:
            _open(connection, (row.terminal, row.kind), one, ref, row.detail, row.known_ms, row.known_ms)
            opened += 1
    return opened


def raise_once(connection: Connection, key: Key, ref: str, detail: str, now_ms: int) -> None:
    """Open an incident that no rule watches: a person closes it."""
    one = incident_id(*key, ref)
    if connection.scalar(select(incident.c.id).where(incident.c.id == one)) is None:
        _open(connection, key, one, ref, detail, now_ms, now_ms)


def acknowledge(connection: Connection, one: bytes, by: str, now_ms: int) -> None:
    """Somebody has seen it and goes. The first to say so stands. Raises FleetError."""
    _must_be_open(connection, one)
    seen = update(incident).where(incident.c.id == one, incident.c.acked_ms.is_(None))
    connection.execute(seen.values(acked_ms=now_ms, acked_by=by[:200]))


def close(connection: Connection, one: bytes, by: str, now_ms: int) -> None:
    """A person says it is over. Raises FleetError while the terminal itself says that it is not."""
    row = _must_be_open(connection, one)
    c = condition.c
    still = select(c.level).where(c.terminal == row.terminal, c.kind == row.kind, c.level == int(Level.FAIL))
    if connection.scalar(still) is not None:
        raise FleetError(f"{row.terminal}: {row.kind} is not over; it closes by itself when the terminal is well")
    connection.execute(update(incident).where(incident.c.id == one).values(closed_ms=now_ms, closed_by=by[:200]))


def listed(*, open_only: bool = True, terminal: str | None = None, limit: int = 200) -> Select[Any]:
    """Incidents, the newest first."""
    i = incident.c
    asked = select(incident).order_by(i.opened_ms.desc(), i.id).limit(limit)
    if open_only:
        asked = asked.where(i.closed_ms.is_(None))
    return asked if terminal is None else asked.where(i.terminal == terminal)


def tell(connection: Connection, ref: bytes, kind: str, terminal: str, now_ms: int) -> None:
    """Somebody must be told of this, once."""
    upsert(connection, notice, {"ref": ref, "kind": kind, "terminal": terminal, "at_ms": now_ms, "sent_ms": None})


def _weigh(connection: Connection, key: Key, finding: Finding | None, here: Board, now_ms: int) -> int:
    before, last = here.standings.get(key), here.incidents.get(key)
    now = step(before, finding, now_ms)
    what = act(now, last, now_ms)
    opened = 0
    if what is Act.OPEN and now is not None:
        ref = str(now.since_ms)
        _open(connection, key, incident_id(*key, ref), ref, now.detail, now.since_ms, now_ms)
        opened = 1
    elif what is Act.REOPEN and last is not None and now is not None:
        again = {"times": last.times + 1, "closed_ms": None, "closed_by": None, "detail": now.detail}
        connection.execute(update(incident).where(incident.c.id == last.id).values(**again))
    elif what is Act.CLOSE and last is not None:
        over = {"closed_ms": now_ms, "closed_by": TERMINAL}
        connection.execute(update(incident).where(incident.c.id == last.id).values(**over))
    settling = last is not None and last.closed_ms is None and what is not Act.CLOSE
    if now is None or (now.level is Level.OK and not settling):
        c = condition.c
        connection.execute(delete(condition).where(c.terminal == key[0], c.kind == key[1]))
    elif now is not before:
        values: dict[str, Any] = {"level": int(now.level), "bad": now.bad, "since_ms": now.since_ms}
        values |= {"looked_ms": now.looked_ms, "detail": now.detail}
        upsert(connection, condition, {"terminal": key[0], "kind": key[1], **values}, *values)
    return opened


def _open(connection: Connection, key: Key, one: bytes, ref: str, detail: str, since_ms: int, now_ms: int) -> None:
    values: dict[str, Any] = {
        "id": one,
        "terminal": key[0],
        "kind": key[1],
        "ref": ref,
        "level": int(Level.FAIL),
        "detail": detail,
    }
    values |= {"opened_ms": since_ms, "times": 0}
    upsert(connection, incident, values)
    tell(connection, one, PAGE, key[0], now_ms)


def _must_be_open(connection: Connection, one: bytes) -> Any:
    row = connection.execute(select(incident).where(incident.c.id == one)).one_or_none()
    if row is None:
        raise FleetError("there is no such alarm")
    if row.closed_ms is not None:
        raise FleetError("the alarm is closed already")
    return row
