"""When a terminal says how it is (sync.health): after connecting, when something breaks or is mended, and hourly.

On a metered line a new link is no reason by itself: lines that come and go twenty times a day would pay for it. What is
said by the hour takes the place of a beat there, or shares the packet of one.
"""

import time
from collections.abc import Callable

from sync import StorageError
from sync.asker import since_boot_ms
from sync.budget import Thrift
from sync.health import Health, health_bytes
from sync.outbox import OutboxReader
from sync.record import Instant

EVERY_S = 3600.0
_LOOK_S = 10.0
_NEWS_S = 300.0  # a device that comes and goes is not told of more often
_MAYBE_LOST_S = 60.0  # what was said so shortly before the link went may not have arrived

Look = Callable[[int, int], Health]
"""How the terminal is, given the records without a receipt and the age of the first of them in seconds."""


class Teller:
    """Used by the agent's one thread. `now_s`: a steady clock."""

    def __init__(self, look: Look, now_s: Callable[[], float] = time.monotonic) -> None:
        self._look, self._now_s = look, now_s
        self._new_link = True
        self._starting = False
        self._looked_s = self._told_s = self._news_s = float("-inf")
        self._faults: frozenset[str] = frozenset()

    def new_link(self) -> None:
        self._new_link, self._looked_s = True, float("-inf")
        if self._now_s() - self._told_s < _MAYBE_LOST_S:
            self._told_s = float("-inf")

    def due(
        self, reader: OutboxReader | None, receipted: int, thrift: Thrift, *, in_passing: bool = False
    ) -> bytes | None:
        """What is to be sent now, if anything is. `in_passing`: a beat would be sent now, or just was."""
        now_s = self._now_s()
        if now_s - self._looked_s < _LOOK_S and not in_passing:
            return None
        self._looked_s = now_s
        health = self._look(*waiting(reader, receipted))
        # At a start the terminal comes, then its clock is set: each is told at once, else the server takes it for ill.
        fewer = self._starting and health.faults < self._faults
        news = health.faults != self._faults and (fewer or now_s - self._news_s >= _NEWS_S)
        first = self._told_s == float("-inf")
        hello = self._new_link and not thrift.metered
        hourly = now_s - self._told_s >= EVERY_S and not thrift.essential_only and (in_passing or not thrift.metered)
        if not (news or hello or hourly):
            return None
        self._new_link, self._told_s, self._faults = False, now_s, health.faults
        self._starting = bool(health.faults) and (first or fewer)
        if news and not first:
            self._news_s = now_s
        return health_bytes(health)


def waiting(reader: OutboxReader | None, receipted: int) -> tuple[int, int]:
    """How many records have no receipt, and the age of the first of them in seconds."""
    if reader is None:
        return 0, 0
    try:
        last_seq = reader.last_seq()
        first, newest = reader.batch(receipted + 1, 1), reader.batch(last_seq, 1)
    except StorageError:
        return 0, 0
    if first is None or newest is None:
        return 0, 0
    age_s = age_ms(first.records[0].instant, newest.records[0].instant, since_boot_ms(), time.time_ns() // 1_000_000)
    return last_seq - receipted, age_s // 1000


def age_ms(first: Instant, newest: Instant, since_boot: int, wall: int) -> int:
    """How old `first` is: by the clock that nobody sets where it is of this boot, as `newest` tells; else as shown."""
    if first.boot_no == newest.boot_no and newest.since_boot_ms <= since_boot:
        return since_boot - first.since_boot_ms
    return max(0, wall - first.wall_ms)
