"""The old machines' punches, as the terminal records them (R6.2): what the bridge hands over, on disk, once.

A punch from an old machine is dated by that machine: `wall_ms` is what its clock showed, source UNKNOWN, with a bound
that covers how far the clock was off when last compared. `since_boot_ms` says when the terminal took it over, so the
anchor of this boot does not date it. A badge that nobody has named yet becomes an event with everything needed to
make a punch of it later: what a machine once gave away is lost to nobody.
"""

import hashlib
import queue
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from drivers.base import Means as ReadBy
from drivers.base import Recognition, Stamp
from drivers.lines import LineServer, Message, Peer
from edge.devices import handover
from edge.health.report import Report
from edge.record.badges import Badges
from edge.record.journal import Journal
from edge.session import policy
from edge.session.policy import Last
from sync import StorageError
from sync.health import Sensor, SensorState
from sync.record import ClockSource, Event, EventCode, Flag, Instant, Kind, Means, Punch, SourceClass

_GROUP_MAY = 0o660  # the bridge is another user of the same group
_BUDGET_S = 0.05  # of the terminal's time, between two people
_FOLLOW_S = 0.005  # how soon the next batch comes when there is one
_MAX_ORDERS = 16
_STALE_S = 180.0  # of what the bridge says once a minute
_TRUSTED_MS = 60_000
_SHOWN_MS = 1_000  # the machines write down whole seconds
_MEANS = {
    ReadBy.FINGER: Means.FINGER,
    ReadBy.FACE: Means.FACE,
    ReadBy.CARD: Means.CARD,
    ReadBy.PASSWORD: Means.PASSWORD,
}


@dataclass(slots=True)
class Counters:
    """What came over the bridge since the terminal started."""

    punches: int = 0
    unknown: int = 0
    repeated: int = 0


@dataclass(frozen=True, slots=True)
class _Order:
    readings: list[Recognition]
    answer: Callable[[Message], None]


class Legacy:
    """The terminal's end of the bridge. The socket's threads only hand on; `serve` runs on the terminal's own."""

    def __init__(
        self,
        socket: Path,
        badges: Badges,
        journal: Journal,
        knows: Callable[[bytes], bool],
        rules: policy.Rules,
        report: Report,
    ) -> None:
        """`knows`: is this person on the roster? Terminals never create people (R6.5)."""
        self.counters = Counters()
        self._server = LineServer(socket, self._answer, _GROUP_MAY)
        self._badges, self._journal, self._knows = badges, journal, knows
        self._rules, self._report = rules, report
        self._orders: queue.Queue[_Order] = queue.Queue(_MAX_ORDERS)
        self._devices: tuple[Sensor, ...] = ()
        self._heard_s = 0.0

    def open(self) -> None:
        """Raises DeviceGone when the socket cannot be made."""
        self._server.start()

    def close(self) -> None:
        self._server.close()

    def serve(self) -> None:
        """Record what was handed over, for a moment; the answers go out after COMMIT."""
        until = time.monotonic() + _BUDGET_S
        wait_s = 0.0
        while time.monotonic() < until:
            try:
                order = self._orders.get(timeout=wait_s) if wait_s else self._orders.get_nowait()
            except queue.Empty:
                return
            order.answer(self._take(order.readings))
            wait_s = _FOLLOW_S

    def status(self) -> dict[str, Any]:
        """For the control socket."""
        c = self.counters
        return {"bridged": c.punches, "unknown_badges": c.unknown, "repeated": c.repeated}

    def devices(self) -> tuple[Sensor, ...]:
        """The bridge's devices as it told of them last; gone when it tells no more."""
        fresh = time.monotonic() - self._heard_s < _STALE_S
        return self._devices if fresh else tuple(replace(one, state=SensorState.GONE) for one in self._devices)

    def _answer(self, message: Message, peer: Peer) -> Message | None:
        if message.get("do") == "devices":
            self._devices, self._heard_s = handover.sensors(message), time.monotonic()
            return {"ok": True}
        order = _Order(handover.readings(message), peer.send)
        try:
            self._orders.put_nowait(order)
        except queue.Full:
            return {"ok": False, "taken": 0, "error": "the terminal has too much to record just now"}
        return None

    def _take(self, readings: list[Recognition]) -> Message:
        before = Counters(self.counters.punches, self.counters.unknown)
        taken = 0
        answer: Message = {"ok": True}
        try:
            for reading in readings:
                self._one(reading)
                taken += 1
        except StorageError as error:
            answer = {"ok": False, "error": str(error)}
        c = self.counters
        if (c.punches, c.unknown) != (before.punches, before.unknown):
            fields = {"punches": c.punches - before.punches, "unknown": c.unknown - before.unknown}
            self._report.say("bridged", seq=self._journal.seq, **fields)
        return {**answer, "taken": taken}

    def _one(self, reading: Recognition) -> None:
        stamp = reading.stamp
        if stamp is None:
            return
        key = entry_key(stamp)
        if self._journal.took(key):
            self.counters.repeated += 1
            return
        person = self._badges.person(stamp.device, reading.badge)
        if person is None or not self._knows(person):
            self._journal.take_over(Event(EventCode.UNKNOWN_BADGE, _detail(reading, stamp), self._journal.now()), key)
            self.counters.unknown += 1
            return
        instant = dated(stamp, self._journal.now())
        kind, flags = kind_and_flags(self._rules, self._journal.history.elsewhere.get(person), reading.kind, instant)
        means = _MEANS[reading.means]
        punch = Punch(person, kind, means, 0, SourceClass.LEGACY_TERMINAL, flags, instant)
        self._journal.take_over(punch, key)
        self.counters.punches += 1


def entry_key(stamp: Stamp) -> bytes:
    """The short name under which an entry is recorded once."""
    return hashlib.sha256(f"{stamp.device}\0{stamp.cursor}".encode()).digest()[:16]


def dated(stamp: Stamp, now: Instant) -> Instant:
    """When the machine says it was. The bound is None where its clock, or ours, was never compared with a better."""
    bound_ms = None
    if stamp.offset_ms is not None and now.error_bound_ms is not None:
        bound_ms = abs(stamp.offset_ms) + now.error_bound_ms + _SHOWN_MS
    offset_ms = stamp.wall_ms - now.since_boot_ms
    return Instant(now.boot_no, now.since_boot_ms, offset_ms, ClockSource.UNKNOWN, bound_ms)


def kind_and_flags(rules: policy.Rules, last: Last | None, word: str, when: Instant) -> tuple[Kind, Flag]:
    """What it was by the machine's word; without one as edge.session.policy has it: first of a day IN, later OUT.

    Compared by what the machines' clocks show, since nothing else is known of it.
    """
    untrusted = when.error_bound_ms is None or when.error_bound_ms > _TRUSTED_MS
    flags = Flag.CLOCK_UNTRUSTED if untrusted else Flag.NONE
    said = Kind[word.upper()] if word.upper() in Kind.__members__ else None
    later_ms = None if last is None else when.wall_ms - last.instant.wall_ms
    if last is not None and later_ms is not None and abs(later_ms) < rules.debounce_s * 1000:
        return said or last.kind, flags | Flag.DUPLICATE
    same_day = last is not None and policy.work_day(rules, last.instant) == policy.work_day(rules, when)
    later = same_day and later_ms is not None and later_ms > 0
    return said or (Kind.OUT if later else Kind.IN), flags


def _detail(reading: Recognition, stamp: Stamp) -> dict[str, int | str | bytes]:
    detail: dict[str, int | str | bytes] = {
        "device": stamp.device,
        "cursor": stamp.cursor,
        "badge": reading.badge,
        "means": str(reading.means),
        "kind": reading.kind,
        "wall_ms": stamp.wall_ms,
    }
    return detail if stamp.offset_ms is None else detail | {"offset_ms": stamp.offset_ms}
