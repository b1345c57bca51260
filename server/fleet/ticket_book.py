"""Tickets in the ledger: opened by what is found, closed by evidence, and said to the office day by day (R2.6)."""

import datetime as dt
import os
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, insert, select, update

from server import FleetError
from server.fleet import alarms, health
from server.fleet.conditions import TICKETED, Level
from server.fleet.incidents import PAGE_AFTER
from server.fleet.tickets import DUE_MS, Ticket, notices, passed, repeated
from server.intake.timekeeping import IST
from server.ledger.tables import condition, office, rejection, terminal, terminal_order, ticket
from sync.orders import OrderKind

PERSON = "rejected"
UNFIT = "unfit"


class Window(NamedTuple):
    """Unix milliseconds, the end not included."""

    from_ms: int
    to_ms: int


def open_for_devices(connection: Connection) -> int:
    """A ticket for every fault that keeps people from punching and was seen twice, from its first detection on."""
    c, t = condition.c, ticket.c
    has_one = select(t.id).where(t.terminal == c.terminal, t.kind == c.kind, t.closed_ms.is_(None)).exists()
    seen = c.level == int(Level.FAIL), c.bad >= PAGE_AFTER, c.kind.in_(sorted(TICKETED))
    rows = connection.execute(select(condition).where(*seen, ~has_one)).all()
    for row in rows:
        _open(connection, row.terminal, None, row.kind, row.detail, row.since_ms)
    return len(rows)


def open_for_people(connection: Connection, people: Iterable[bytes]) -> int:
    """A ticket for each of these who was refused again and again since the last one was closed (S1)."""
    opened = 0
    for person in sorted(set(people)):
        t, r = ticket.c, rejection.c
        mine = connection.execute(select(t.closed_ms).where(t.person == person)).all()
        if any(row.closed_ms is None for row in mine):
            continue
        since_ms = max((row.closed_ms for row in mine), default=0)
        lately = r.person == person, r.received_ms > since_ms
        rows = connection.execute(select(rejection).where(*lately).order_by(r.received_ms.desc()).limit(50)).all()
        if rows and repeated([row.wall_ms for row in rows], max(row.wall_ms for row in rows)):
            detail = f"{len(rows)} times nothing matched, or somebody had to vouch"
            _open(connection, rows[0].terminal, person, PERSON, detail, rows[0].received_ms)
            opened += 1
    return opened


def open_for_windows(connection: Connection, one: str, windows: Sequence[Window], now_ms: int) -> int:
    """A ticket for times in which a terminal was not fit and people's days could not be decided; returns how many.

    None is opened for what another ticket of this terminal stands for: one that was open in that time, or one of this
    kind that is open yet or was closed by evidence since. So asking again opens nothing.
    """
    t, opened = ticket.c, 0
    asked = select(t.kind, t.opened_ms, t.closed_ms).where(t.terminal == one, t.person.is_(None))
    lives = [(row.kind, row.opened_ms, row.closed_ms) for row in connection.execute(asked)]
    admitted_ms = connection.scalar(select(terminal.c.admitted_ms).where(terminal.c.id == one))
    for window in windows:
        here = admitted_ms is not None and admitted_ms < window.to_ms
        stood = any(
            (closed_ms is None or closed_ms > window.from_ms) and (kind == UNFIT or opened_ms < window.to_ms)
            for kind, opened_ms, closed_ms in lives
        )
        if here and not stood:
            _open(connection, one, None, UNFIT, _said(window), now_ms)
            lives.append((UNFIT, now_ms, None))
            opened += 1
    return opened


def _said(window: Window) -> str:
    first, last = (dt.datetime.fromtimestamp(ms / 1000, IST) for ms in window)
    return f"{first:%Y-%m-%d %H:%M} to {last:%H:%M}" if first.date() == last.date() else f"{first:%Y-%m-%d %H:%M} on"


def matched(connection: Connection, matches: dict[bytes, tuple[int, str]], now_ms: int) -> int:
    """Close the tickets of people whose finger or face was accepted: by person, when (as shown) and which record."""
    closed = 0
    asked = select(ticket.c.id, ticket.c.person).where(ticket.c.closed_ms.is_(None), ticket.c.kind == PERSON)
    for row in connection.execute(asked).all() if matches else ():
        if row.person not in matches:
            continue
        wall_ms, record = matches[row.person]
        last = select(rejection.c.wall_ms).where(rejection.c.person == row.person).order_by(rejection.c.wall_ms.desc())
        refused_ms = connection.scalar(last.limit(1))
        if refused_ms is None or wall_ms > refused_ms:
            _close(connection, row.id, f"match {record}", now_ms)
            closed += 1
    return closed


def tested(connection: Connection, now_ms: int) -> int:
    """Close the tickets of devices that passed a self-test since, and are well now."""
    asked = select(ticket).where(ticket.c.closed_ms.is_(None), ticket.c.person.is_(None))
    closed = 0
    for row in connection.execute(asked).all():
        if (evidence := _evidence(connection, row)) is not None:
            _close(connection, row.id, evidence, now_ms)
            closed += 1
    return closed


def remind(connection: Connection, now_ms: int) -> None:
    """Put down every reminder and breach that is due: each once, however often this is asked."""
    rows = connection.execute(select(ticket).where(ticket.c.closed_ms.is_(None))).all()
    for one in map(of_row, rows):
        for what in notices(one, now_ms):
            alarms.tell(connection, one.id, what, one.terminal, now_ms)


def acknowledge(connection: Connection, one: bytes, by: str, now_ms: int) -> None:
    """A technician takes it; the first to do so stands. Raises FleetError."""
    _must_be_open(connection, one)
    taken = update(ticket).where(ticket.c.id == one, ticket.c.acked_ms.is_(None))
    connection.execute(taken.values(acked_ms=now_ms, acked_by=by[:200]))


def close(connection: Connection, one: bytes, now_ms: int) -> str:
    """Look for the evidence now; returns it. Raises FleetError where there is none: nobody's word closes a ticket."""
    row = _must_be_open(connection, one)
    if row.person is not None:
        raise FleetError("it closes when a finger or the face of this person is accepted; try it at the terminal")
    evidence = _evidence(connection, row)
    if evidence is None:
        raise FleetError(f"{row.terminal} has passed no self-test since, or is not well; run it there, then try again")
    _close(connection, one, evidence, now_ms)
    return evidence


def listed(
    *, open_only: bool = True, terminal_id: str | None = None, breached_at_ms: int | None = None, limit: int = 200
) -> Select[Any]:
    """Tickets, the one due first at the top. `breached_at_ms`: only those on their day 8 or later, then."""
    t = ticket.c
    asked = select(ticket).order_by(t.due_ms, t.id).limit(limit)
    if open_only or breached_at_ms is not None:
        asked = asked.where(t.closed_ms.is_(None))
    if breached_at_ms is not None:
        asked = asked.where(t.due_ms < breached_at_ms)
    return asked if terminal_id is None else asked.where(t.terminal == terminal_id)


def work_list(path: str = "", limit: int = 200) -> Select[Any]:
    """A technician's day: open tickets of terminals whose office lies below `path`, with where they stand."""
    t = ticket.c
    asked = select(ticket, terminal.c.name, terminal.c.place, office.c.name.label("office_name"))
    asked = asked.join_from(ticket, terminal, t.terminal == terminal.c.id)
    asked = asked.join(office, terminal.c.office == office.c.id, isouter=True).where(t.closed_ms.is_(None))
    if path:
        asked = asked.where(office.c.path.startswith(path, autoescape=True))
    return asked.order_by(t.due_ms, t.id).limit(limit)


def of_row(row: Row[Any]) -> Ticket:
    return Ticket(
        id=row.id,
        terminal=row.terminal,
        person=row.person,
        kind=row.kind,
        detail=row.detail,
        opened_ms=row.opened_ms,
        acked_ms=row.acked_ms,
        acked_by=row.acked_by,
        closed_ms=row.closed_ms,
        evidence=row.evidence,
    )


def _evidence(connection: Connection, row: Row[Any]) -> str | None:
    """A self-test that was asked for and passed, by the terminal's own record; else one it tells of in its health."""
    c = condition.c
    still = select(c.level).where(c.terminal == row.terminal, c.kind == row.kind, c.level == int(Level.FAIL))
    if connection.scalar(still) is not None:
        return None
    o = terminal_order.c
    tests = select(o.log, o.seq).where(o.terminal == row.terminal, o.kind == int(OrderKind.SELFTEST))
    since = tests.where(o.asked_ms > row.opened_ms, o.done_ms.is_not(None), o.result == "passed")
    order = connection.execute(since.order_by(o.number.desc()).limit(1)).one_or_none()
    if order is not None:
        return f"self-test, record {order.log.hex()}/{order.seq}"
    told = health.latest(connection, row.terminal)
    if told is None or told.at_ms <= row.opened_ms or not passed(told.health):
        return None
    return f"self-test told at {told.at_ms}"


def _open(
    connection: Connection, terminal_id: str, person: bytes | None, kind: str, detail: str, opened_ms: int
) -> None:
    values: dict[str, Any] = {
        "id": os.urandom(8),
        "terminal": terminal_id,
        "person": person,
        "kind": kind,
        "detail": detail,
    }
    values |= {"opened_ms": opened_ms, "due_ms": opened_ms + DUE_MS, "evidence": ""}
    connection.execute(insert(ticket).values(**values))


def _close(connection: Connection, one: bytes, evidence: str, now_ms: int) -> None:
    connection.execute(update(ticket).where(ticket.c.id == one).values(closed_ms=now_ms, evidence=evidence))


def _must_be_open(connection: Connection, one: bytes) -> Row[Any]:
    row = connection.execute(select(ticket).where(ticket.c.id == one)).one_or_none()
    if row is None:
        raise FleetError("there is no such ticket")
    if row.closed_ms is not None:
        raise FleetError("the ticket is closed already")
    return row
