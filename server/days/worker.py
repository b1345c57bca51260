"""The thread that keeps days folded beside ingest."""

import logging
import time
from collections.abc import Callable

from server.days import fold
from server.ledger.store import Ledger, now_ms
from server.threads import Rounds

log = logging.getLogger("hazri.days")

TICK_S = 2.0
_REST = 4  # times as long as it works: one interpreter folds and takes punches in, and these come first


class DaysWorker(Rounds):
    """`then(now_ms)` is called after each round that left nothing to do: reports that fall due are made there."""

    def __init__(self, ledger: Ledger, then: Callable[[int], None] | None = None, tick_s: float = TICK_S) -> None:
        super().__init__("days", tick_s)
        self._ledger, self._then, self._tick_s = ledger, then, tick_s

    def round(self) -> float | None:
        begun = time.monotonic()
        done = fold.round_(self._ledger, now_ms())
        if not done.more and self._then is not None:
            self._then(now_ms())
        rest_s = _REST * (time.monotonic() - begun)
        return rest_s if done.more else max(self._tick_s, rest_s)
