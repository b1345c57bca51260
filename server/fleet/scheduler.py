"""The fleet's minute: one thread that follows the records, looks at every terminal and keeps tickets to their days.

What must stay true here: every step does only what is due and was not done, so a tick may be repeated, come late, or
be killed in the middle; after a day without this server one tick says all that should have been said.
"""

import datetime as dt
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, select

from server import LedgerError
from server.fleet import alarms, health, moving, orders, places, pulse, ticket_book, twin, zones
from server.fleet.follow import follow
from server.fleet.watch import SLICE, Watch
from server.ledger.store import Ledger, now_ms, upsert
from server.ledger.tables import counter
from server.threads import Rounds
from sync.orders import OrderKind

log = logging.getLogger("hazri.fleet")

TICK_S = 60.0
GRACE_MS = 15 * 60_000  # terminals come back one after the other (S12): before that nobody is called missing
_RAISED = "fleet/raised"
_AFTERNOON = dt.timedelta(hours=14, minutes=30)  # everybody has come, and nobody has gone
_OVERLAP_MS = 3_600_000  # an alarm may be committed after one that came later


class Scheduler(Rounds):
    """`hears()`: is there a link to the broker just now?"""

    def __init__(self, ledger: Ledger, hears: Callable[[], bool], tick_s: float = TICK_S) -> None:
        super().__init__("fleet", tick_s)
        self._ledger, self._hears = ledger, hears
        self._watch = Watch(ledger)
        self._hearing_since_ms: int | None = None
        self._swept: dict[dt.tzinfo, dt.date] = {}
        self.pulse = pulse.Pulse()

    def tick(self, at_ms: int) -> None:
        """Everything that is due at `at_ms`. Raises LedgerError; what was done until then stays done."""
        hearing = self._listening(at_ms)
        with self._timed("follow"):
            while self._follow(at_ms) and not self.stopping.is_set():
                pass
        with self._timed("places"), self._ledger.write() as connection:
            places.settle(connection, at_ms)
        with self._timed("look"):
            opened = self._watch.look(at_ms, hearing=hearing)
        with self._timed("alarms"):
            opened += self._raise_recorded(at_ms)
        with self._timed("tickets"), self._ledger.write() as connection:
            ticket_book.tested(connection, at_ms)
            tickets = ticket_book.open_for_devices(connection)
            ticket_book.remind(connection, at_ms)
        with self._timed("settings"), self._ledger.write() as connection:
            twin.carry(connection, _carry)
            twin.settle(connection)
        self._sweep(at_ms)
        if opened or tickets:
            log.info("fleet alarms=%d tickets=%d", opened, tickets)
        self.pulse.ticks += 1
        self.pulse.last_ms = at_ms

    def round(self) -> None:
        try:
            self.tick(now_ms())
        except LedgerError:
            self.pulse.failures += 1
            raise
        with self._ledger.write() as connection:
            pulse.save(connection, self.pulse)

    def _listening(self, at_ms: int) -> bool:
        """Have we listened without a break for long enough to know who is missing?"""
        if not self._hears():
            self._hearing_since_ms = None
            return False
        if self._hearing_since_ms is None:
            self._hearing_since_ms = at_ms
        return at_ms - self._hearing_since_ms >= GRACE_MS

    def _follow(self, at_ms: int) -> bool:
        with self._ledger.write() as connection:
            return follow(connection, at_ms)

    def _raise_recorded(self, at_ms: int) -> int:
        """Incidents for the alarms that records told since."""
        with self._ledger.write() as connection:
            after = connection.scalar(select(counter.c.value).where(counter.c.name == _RAISED)) or 0
            opened = alarms.raise_recorded(connection, after - _OVERLAP_MS)
            upsert(connection, counter, {"name": _RAISED, "value": at_ms}, "value")
        return opened

    def _sweep(self, at_ms: int) -> None:
        """Once a day, in the afternoon of each office: forget what is a year old, and see who seems to have moved."""
        with self._ledger.read() as connection:
            everyone = zones.of_terminals(connection)
        due: dict[dt.tzinfo, dt.date] = {}
        for zone in set(everyone.values()) or {zones.zone("")}:
            day = (dt.datetime.fromtimestamp(at_ms / 1000, zone) - _AFTERNOON).date()
            if self._swept.get(zone) != day:
                due[zone] = day
        if not due:
            return
        with self._timed("daily"):
            with self._ledger.write() as connection:
                health.forget(connection, at_ms)
            some = [one for one, zone in everyone.items() if zone in due]
            for start in range(0, len(some), SLICE):
                with self._ledger.read() as connection:
                    leads = moving.leads(connection, some[start : start + SLICE])
                if leads:
                    with self._ledger.write() as connection:
                        moving.say(connection, leads, at_ms)
        self._swept |= due

    @contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.pulse.seconds[step] = time.perf_counter() - began


def _carry(connection: Connection, terminal: str, _version: int, body: bytes) -> int:
    return orders.ask(connection, terminal, OrderKind.CONFIG, {"blob": body}, actor="settings")
