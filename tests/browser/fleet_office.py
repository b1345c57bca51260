"""A synthetic state with its terminals, ailing as real ones do, served over HTTP: for the pages about terminals.

Nobody and no place in it exists. Everything is made by the generators of the project, looked at by the fleet's own
scheduler, and worked on by accounts that hold one role each.
"""

import contextlib
import datetime as dt
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import insert, select, update

from server.access import sessions
from server.access.roles import Role
from server.access.scope import Place
from server.access.sessions import Strength, View
from server.feed import Feed
from server.fleet import orders, places, standing, twin
from server.fleet import synthetic as terminals
from server.fleet.scheduler import GRACE_MS, Scheduler
from server.fleet.tickets import DAY_MS
from server.intake.timekeeping import IST
from server.ledger.store import Ledger, now_ms
from server.ledger.tables import (
    account,
    account_grant,
    condition,
    punch_day,
    terminal,
    terminal_order,
    ticket,
)
from server.people import synthetic as people
from server.run import start_web
from server.trust.vault import Vault
from server.web.services import Services
from sync.orders import OrderKind

SEED = 7
MINUTE_MS = 60_000


@dataclass
class FleetOffice:
    """A ledger, the server over it, and who works there."""

    ledger: Ledger
    url: str
    org: str
    ids: list[str]
    places: dict[str, Place] = field(default_factory=dict)

    def cookie(self, role: Role, place: Place, name: str) -> str:
        """The session of somebody with just this role there."""
        id_, now = os.urandom(8), now_ms()
        row = {"id": id_, "login": f"a{id_.hex()}", "name": name, "org": place.org, "made_ms": now, "path": place.path}
        none = {"person": None, "designation": "", "mobile": None, "password": None, "totp": None, "totp_step": 0}
        given = {"id": os.urandom(8), "account": id_, "role": role, "org": place.org, "path": place.path, "to_ms": None}
        why = {"given_by": "test", "reason": "test", "exception": "", "ended_by": "", "ended_reason": ""}
        with self.ledger.write() as connection:
            connection.execute(insert(account).values(**row, **none, state="active"))
            connection.execute(insert(account_grant).values(**given, **why, from_ms=now - 1))
            cookie = sessions.open_(connection, id_, Strength.FULL, bytes(8), "test", now)
            own = sessions.account_session.c.hash == sessions.digest(cookie)
            connection.execute(update(sessions.account_session).where(own).values(view=View.MANAGEMENT))
        return cookie


@contextlib.contextmanager
def fleet_office(folder: Path, schools: int = 60, count: int = 150) -> Iterator[FleetOffice]:
    ledger = Ledger(f"sqlite:///{folder / 'ledger.db'}")
    made = people.generate(schools, SEED)
    people.write(ledger, Vault(bytes(32)), made)
    ids = terminals.write(ledger, count, SEED, now_ms(), days=7)
    fall_ill(ledger, ids)
    with contextlib.ExitStack() as stack:
        stack.callback(ledger.close)
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        start_web(stack, Services(ledger, Feed(), list), listening)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        one = FleetOffice(ledger, url, made.slug, ids)
        for level in ("state", "district"):
            first = next(place for place in made.places if place.level.value == level)
            one.places[level] = Place(made.slug, first.path)
        yield one


def fall_ill(ledger: Ledger, ids: list[str]) -> None:
    """A few days of a fleet: faults seen twice, tickets of all ages, commands, settings, a replaced unit."""
    now = now_ms()
    looks = Scheduler(ledger, lambda: True)
    looks._hearing_since_ms = now - GRACE_MS - 10 * MINUTE_MS
    for back in (3, 1):
        looks.tick(now - back * MINUTE_MS)
    _grow_old(ledger, now)
    _told(ledger, ids, now)
    _punched(ledger, now)


def _grow_old(ledger: Ledger, now: int) -> None:
    """Tickets were not all found this minute."""
    with ledger.write() as connection:
        for n, one in enumerate(connection.scalars(select(ticket.c.id).order_by(ticket.c.terminal)).all()):
            opened = now - (n % 10) * DAY_MS - 3_600_000
            values = {"opened_ms": opened, "due_ms": opened + 7 * DAY_MS}
            connection.execute(update(ticket).where(ticket.c.id == one).values(**values))
        connection.execute(update(condition).values(since_ms=condition.c.since_ms - 3_600_000))


def _told(ledger: Ledger, ids: list[str], now: int) -> None:
    with ledger.write() as connection:
        for n, one in enumerate(ids[:12]):
            kind = (OrderKind.SELFTEST, OrderKind.RESTART, OrderKind.RESYNC)[n % 3]
            number = orders.ask(connection, one, kind, actor="command line")
            values = {"asked_ms": now - n * 7_000_000 - 60_000}
            if n % 3 != 2:
                values |= {"sent_ms": now - n * 7_000_000, "done_ms": now - n * 7_000_000 + 40_000}
                connection.execute(
                    update(terminal_order)
                    .where(terminal_order.c.terminal == one, terminal_order.c.number == number)
                    .values(result="passed" if n % 3 == 0 else "done", log=bytes(8), seq=n + 1)
                )
            mine = terminal_order.c.terminal == one, terminal_order.c.number == number
            connection.execute(update(terminal_order).where(*mine).values(**values))
        twin.desire(connection, ids[0], b"\x01", "command line", now)
        for one in ids[::9]:
            connection.execute(update(terminal).where(terminal.c.id == one).values(roster_version=4))
        standing.change(connection, ids[5], standing.State.QUARANTINED, "command line", "seems to stand elsewhere", now)
        where = connection.scalar(select(terminal.c.office).where(terminal.c.id == ids[0]))
        gate = places.Place(now - 30 * DAY_MS, where, "Sample gate", "Main gate")
        places.move(connection, ids[0], gate, "command line", "first place", now)


def _punched(ledger: Ledger, now: int) -> None:
    """Today is as some day of last week was."""
    today = _day(now)
    with ledger.write() as connection:
        last = connection.scalar(select(punch_day.c.day).order_by(punch_day.c.day.desc()).limit(1))
        rows = connection.execute(select(punch_day).where(punch_day.c.day == last)).all()
        same = [{"terminal": row.terminal, "day": today, "quarters": row.quarters} for row in rows]
        if last != today:
            connection.execute(insert(punch_day), same)


def _day(now: int) -> str:
    return dt.datetime.fromtimestamp(now / 1000, IST).date().isoformat()
