"""The thread that keeps days folded beside ingest."""

import logging
import threading
import time
from collections.abc import Callable

from server import ServerError
from server.days import fold
from server.ledger.store import Ledger, now_ms

log = logging.getLogger("hazri.days")

TICK_S = 2.0
_REST = 4  # times as long as it works: one interpreter folds and takes punches in, and these come first


class DaysWorker:
    """`start`, then `stop` once. What fails is said, and tried again."""

    def __init__(self, ledger: Ledger, then: Callable[[int], None] | None = None, tick_s: float = TICK_S) -> None:
        """`then(now_ms)` is called after each round that left nothing to do: reports that fall due are made there."""
        self._ledger = ledger
        self._then = then
        self._tick_s = tick_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="days", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def _work(self) -> None:
        while not self._stop.is_set():
            begun = time.monotonic()
            try:
                done = fold.round_(self._ledger, now_ms())
                if done.more:
                    self._stop.wait(_REST * (time.monotonic() - begun))
                    continue
                if self._then is not None:
                    self._then(now_ms())
            except ServerError as error:
                log.warning("days state=waiting error=%r", str(error))
            self._stop.wait(max(self._tick_s, _REST * (time.monotonic() - begun)))
