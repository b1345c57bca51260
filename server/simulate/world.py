"""Simulated time: what happens next, in order, and what time it is then."""

import heapq
import itertools
from collections.abc import Callable

SECOND_MS, MINUTE_MS, HOUR_MS, DAY_MS = 1000, 60_000, 3_600_000, 86_400_000
EPOCH_MS = 1_798_741_800_000  # 2027-01-01T00:00:00+05:30


class World:
    """The one clock that is true, and the agenda. Unix time in milliseconds."""

    def __init__(self) -> None:
        self.now_ms = EPOCH_MS
        self._agenda: list[tuple[int, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def at(self, when_ms: int, do: Callable[[], None]) -> None:
        """What is due in the past happens next."""
        heapq.heappush(self._agenda, (max(when_ms, self.now_ms), next(self._order), do))

    def later(self, in_ms: int, do: Callable[[], None]) -> None:
        self.at(self.now_ms + in_ms, do)

    def run(self, until_ms: int) -> None:
        """Let happen what is due before `until_ms`."""
        while self._agenda and self._agenda[0][0] < until_ms:
            self.now_ms, _, do = heapq.heappop(self._agenda)
            do()
        self.now_ms = until_ms
