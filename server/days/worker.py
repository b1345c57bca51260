"""The thread that keeps days folded beside ingest."""

import time
from collections.abc import Callable

from sqlalchemy import select

from server.days import fold
from server.ledger.records import RECORDS
from server.ledger.store import Ledger, now_ms
from server.ledger.tables import counter
from server.threads import Rounds

TICK_S = 2.0
_REST = 1  # times as long as it works: others have the ledger, and a core, in between
# So many records a second, and their days are not folded over and over while they come, but every so often.
_MANY_A_SECOND, _PATIENCE_S = 200, 30.0


class DaysWorker(Rounds):
    """`then(now_ms)` is called after each round that left nothing to do: reports that fall due are made there."""

    def __init__(
        self,
        ledger: Ledger,
        then: Callable[[int], None] | None = None,
        tick_s: float = TICK_S,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__("days", tick_s)
        self._ledger, self._then, self._tick_s, self._now_s = ledger, then, tick_s, now_s
        self._seen: tuple[float, int] | None = None  # when the ledger was looked at last, and how many records it held
        self._folded_s = float("-inf")

    def round(self) -> float | None:
        begun = self._now_s()
        if self._pouring(begun) and begun - self._folded_s < _PATIENCE_S:
            return self._tick_s
        done = fold.round_(self._ledger, now_ms())
        if not done.more:
            self._folded_s = self._now_s()
            if self._then is not None:
                self._then(now_ms())
        rest_s = _REST * (self._now_s() - begun)
        return rest_s if done.more else max(self._tick_s, rest_s)

    def _pouring(self, now_s: float) -> bool:
        """Have many records come since the last look?"""
        with self._ledger.read() as connection:
            held = connection.scalar(select(counter.c.value).where(counter.c.name == RECORDS)) or 0
        before, self._seen = self._seen, (now_s, held)
        return before is not None and held - before[1] > _MANY_A_SECOND * (now_s - before[0])
