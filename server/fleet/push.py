"""Send down what terminals are missing: whoever is online and not at the newest version gets what comes next of their
roster, and not again while it is still on its way; and the orders that were not done yet, once on each connection.

A group of terminals at a time: one transaction that reads, one that notes, then the messages go out.
"""

import itertools
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from server import LedgerError
from server.fleet import fetch, orders, roster
from server.ledger.store import Ledger, now_ms
from server.ledger.tables import terminal, terminal_state
from sync import LinkError, SyncError
from sync.link import Link
from sync.topics import down
from sync.wire import ROOM, RosterDelta

log = logging.getLogger("hazri.fleet")

_POLL_S = 1.0
_PATIENCE_S = 10.0
_NO_ROOM_S = 60.0
_SLOWEST_BYTES_PER_S = 1000  # a poor 2G link (S3)
_BELIEVABLE_VERSION = 2**52
_GROUP = 20  # terminals; of each there may be a whole roster in memory
_UNDER_WAY = 2  # messages to a terminal whose line has little room
_EXPIRE_S = 3600.0


@dataclass(frozen=True, slots=True)
class _Behind:
    """A terminal that is online: what it has of its roster, what it should have, and the room on its line."""

    id: str
    has: int
    wanted: int
    room: int

    @property
    def base(self) -> int:
        return self.has if self.has < self.wanted else 0


@dataclass(frozen=True, slots=True)
class _Pushed:
    """What was sent to a terminal, and until when it is reasonable to wait for its effect. `goal`: where it led to."""

    room: int
    base: int
    version: int
    goal: int
    part: bool
    until: float

    def covers(self, one: _Behind) -> bool:
        waited_for = self.base <= one.has < self.version and self.room == one.room and time.monotonic() < self.until
        return waited_for and (self.part or self.goal == one.wanted)


@dataclass(frozen=True, slots=True)
class _Parcel:
    """The messages for one terminal, and the order of its people once it has them all."""

    to: _Behind
    messages: list[tuple[RosterDelta, bytes]]
    people: bytes

    @property
    def last(self) -> RosterDelta:
        return self.messages[-1][0]


class RosterPusher:
    """Looks once a second, and at once after `wake`: people are also registered by other processes."""

    def __init__(self, ledger: Ledger, keys: roster.RosterKeys, link: Link) -> None:
        self._ledger = ledger
        self._keys = keys
        self._link = link
        self._pushed: dict[str, _Pushed] = {}
        self._failed: set[str] = set()
        self._expired_at = float("-inf")
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
        behind = self._behind()
        ids = {one.id for one in behind}
        self._failed &= ids
        self._pushed = {one: pushed for one, pushed in self._pushed.items() if one in ids}  # the others have arrived
        due = [one for one in behind if not ((before := self._pushed.get(one.id)) and before.covers(one))]
        sent = sum(self._push(due[at : at + _GROUP]) for at in range(0, len(due), _GROUP))
        self._order()
        return sent

    def _run(self) -> None:
        failing = False
        while not self._stopping:
            try:
                self.push_due()
                self._expire()
                failing = False
            except LinkError:
                pass  # the beat at the next connection brings us here again
            except (LedgerError, SyncError) as error:
                if not failing:
                    log.warning("roster state=failed reason=%s", error)
                failing = True
            self._wake.wait(_POLL_S)
            self._wake.clear()

    def _behind(self) -> list[_Behind]:
        state = terminal_state.c
        statement = select(terminal.c.id, state.roster_version.label("has"), terminal.c.roster_version, state.room)
        statement = statement.join_from(terminal, terminal_state)
        statement = statement.where(
            terminal.c.state == "active", state.online, state.roster_version != terminal.c.roster_version
        )
        with self._ledger.read() as connection:
            rows = connection.execute(statement).all()
            wiped = orders.wiping(connection) if rows else set()
        return [
            _Behind(row.id, row.has, row.roster_version, ROOM if row.room is None else row.room)
            for row in rows
            if row.id not in wiped
        ]

    def _push(self, group: Sequence[_Behind]) -> int:
        self._prepare(group)
        with self._ledger.read() as connection:
            parcels = [parcel for one in group if (parcel := self._pack(connection, one))]
        if not parcels:
            return 0
        with self._ledger.write() as connection:
            for parcel in parcels:
                if parcel.last.version == parcel.last.goal:
                    roster.remember(connection, parcel.to.id, parcel.last.version, parcel.people)
        for parcel in parcels:
            self._send(parcel)
        return len(parcels)

    def _prepare(self, group: Sequence[_Behind]) -> None:
        """Before anything is read for good: versions above those that terminals claim, and the right order."""
        ahead = [one for one in group if one.has > one.wanted]
        with self._ledger.read() as connection:
            now = now_ms()
            mixed = [one for one in group if not roster.in_order(connection, one.id, one.base, now)]
        if not (ahead or mixed):
            return
        with self._ledger.write() as connection:
            for one in ahead:
                roster.overtake(connection, one.id, min(one.has, _BELIEVABLE_VERSION))
            for one in mixed:
                roster.arrange(connection, one.id, one.base, now)

    def _pack(self, connection: Connection, one: _Behind) -> _Parcel | None:
        """A terminal whose roster cannot be made costs only itself, and one line."""
        try:
            messages = list(self._messages(connection, one))
            people = roster.order(connection, one.id)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others must get their rosters
            if one.id not in self._failed:
                log.warning("terminal=%s roster=failed reason=%s: %s", one.id, type(error).__name__, error)
            self._failed.add(one.id)
            return None
        self._failed.discard(one.id)
        if not messages:
            until = time.monotonic() + _NO_ROOM_S
            self._pushed[one.id] = _Pushed(one.room, one.has, one.wanted, one.wanted, part=False, until=until)
            return None
        return _Parcel(one, messages, people)

    def _messages(self, connection: Connection, one: _Behind) -> Iterator[tuple[RosterDelta, bytes]]:
        messages = roster.deltas(connection, self._keys, one.id, one.base, one.room)
        return messages if one.room >= ROOM else itertools.islice(messages, _UNDER_WAY)

    def _send(self, parcel: _Parcel) -> None:
        """Raises LinkError."""
        to, last = parcel.to, parcel.last
        for _, data in parcel.messages:
            self._link.publish(down(to.id, "roster"), data, qos=1)
        size = sum(len(data) for _, data in parcel.messages)
        until = time.monotonic() + _PATIENCE_S + size / _SLOWEST_BYTES_PER_S
        # One that is ahead is at no version of ours until it has the first message.
        base = min(to.has, parcel.messages[0][0].base) if to.has < to.wanted else 0
        self._pushed[to.id] = _Pushed(to.room, base, last.version, last.goal, last.version < last.goal, until)
        log.info(
            "terminal=%s roster_from=%d roster_to=%d of=%d messages=%d bytes=%d",
            to.id, to.has, last.version, last.goal, len(parcel.messages), size,
        )  # fmt: skip

    def _order(self) -> None:
        """Raises LinkError."""
        with self._ledger.read() as connection:
            due = list(orders.due(connection, self._keys.server))
        if not due:
            return
        with self._ledger.write() as connection:
            orders.sent(connection, due, now_ms())
        for one in due:
            self._link.publish(down(one.terminal, "order"), one.data, qos=1)
            log.info("terminal=%s order=%d state=sent", one.terminal, one.number)

    def _expire(self) -> None:
        if time.monotonic() - self._expired_at < _EXPIRE_S:
            return
        self._expired_at = time.monotonic()
        with self._ledger.write() as connection:
            fetch.expire(connection, now_ms())
