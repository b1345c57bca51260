"""Send rosters: whoever is online and not at the newest version gets what is missing, and not again while it is
still on its way."""

import logging
import threading
import time
from dataclasses import dataclass

from sqlalchemy import select

from server import LedgerError
from server.fleet import roster
from server.ledger.store import Ledger
from server.ledger.tables import terminal, terminal_state
from sync import LinkError, SyncError
from sync.link import Link
from sync.topics import down

log = logging.getLogger("hazri.fleet")

_POLL_S = 1.0
_PATIENCE_S = 10.0
_SLOWEST_BYTES_PER_S = 1000  # a poor 2G link (S3)
_BELIEVABLE_VERSION = 2**52


@dataclass(frozen=True, slots=True)
class _Pushed:
    """What was sent to a terminal, and until when it is reasonable to wait for its effect."""

    base: int
    version: int
    until: float


class RosterPusher:
    """Looks once a second, and at once after `wake`: people are also registered by other processes."""

    def __init__(self, ledger: Ledger, keys: roster.RosterKeys, link: Link) -> None:
        self._ledger = ledger
        self._keys = keys
        self._link = link
        self._pushed: dict[str, _Pushed] = {}
        self._failed: set[str] = set()
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="roster", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()
        self._thread.join()

    @property
    def alive(self) -> bool:
        """Does its thread run?"""
        return self._thread.is_alive()

    def wake(self) -> None:
        self._wake.set()

    def push_due(self) -> int:
        """Send what is missing to everyone who is online; returns how many terminals were sent something."""
        sent = 0
        behind = self._behind()
        self._failed &= {one for one, _, _ in behind}
        for one, has, wanted in behind:
            before = self._pushed.get(one)
            if before and before.base <= has < before.version == wanted and time.monotonic() < before.until:
                continue
            sent += self._try(one, has, wanted)
        return sent

    def _try(self, one: str, has: int, wanted: int) -> bool:
        """One terminal whose roster cannot be made costs only itself, and one line. Raises LinkError."""
        try:
            sent = self._push(one, has, wanted)
        except LinkError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the others must get their rosters
            if one not in self._failed:
                log.warning("terminal=%s roster=failed reason=%s: %s", one, type(error).__name__, error)
            self._failed.add(one)
            return False
        self._failed.discard(one)
        return sent

    def _run(self) -> None:
        failing = False
        while not self._stopping:
            try:
                self.push_due()
                failing = False
            except LinkError:
                pass  # the beat at the next connection brings us here again
            except (LedgerError, SyncError) as error:
                if not failing:
                    log.warning("roster state=failed reason=%s", error)
                failing = True
            self._wake.wait(_POLL_S)
            self._wake.clear()

    def _behind(self) -> list[tuple[str, int, int]]:
        has, wanted = terminal_state.c.roster_version, terminal.c.roster_version
        statement = select(terminal.c.id, has.label("has"), wanted.label("wanted"))
        statement = statement.join_from(terminal, terminal_state)
        statement = statement.where(terminal.c.state == "active", terminal_state.c.online, has != wanted)
        with self._ledger.read() as connection:
            return [(row.id, row.has, row.wanted) for row in connection.execute(statement)]

    def _push(self, one: str, has: int, wanted: int) -> bool:
        if has > wanted:
            with self._ledger.write() as connection:
                roster.overtake(connection, one, min(has, _BELIEVABLE_VERSION))
        base = has if has < wanted else 0
        with self._ledger.read() as connection:
            messages = list(roster.deltas(connection, self._keys, one, base))
            order = roster.order(connection, one)
        if not messages:
            return False
        with self._ledger.write() as connection:
            roster.remember(connection, one, messages[-1][0].version, order)
        for _, data in messages:
            self._link.publish(down(one, "roster"), data, qos=1)
        size = sum(len(data) for _, data in messages)
        last = messages[-1][0].version
        self._pushed[one] = _Pushed(has, last, time.monotonic() + _PATIENCE_S + size / _SLOWEST_BYTES_PER_S)
        log.info("terminal=%s roster_from=%d roster_to=%d messages=%d bytes=%d", one, has, last, len(messages), size)
        return True
