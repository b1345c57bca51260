"""What an update may cost on a line that is paid by the byte: so much a month, and at night alone.

The share is the updates' own, beside what sync counts (sync.budget): punches never wait for it.
"""

import datetime as dt
from collections.abc import Callable

from edge.update import LaterError
from sync.budget import Budget

_SHARE = "update"
_SAVE_BYTES = 32 * 1024  # what a crash may forget


class MeteredPurse:
    """`metered` says whether every byte costs just now; `night` whether it may be spent."""

    def __init__(
        self,
        budget: Budget,
        limit: int,
        metered: Callable[[], bool],
        night: Callable[[], bool],
        now: Callable[[], dt.datetime],
    ) -> None:
        self._budget, self._limit, self._metered, self._night, self._now = budget, limit, metered, night, now
        self._unsaved = 0
        self.fetched = 0

    def ask(self) -> None:
        """Raises LaterError."""
        if not self._metered():
            return
        if not self._night():
            raise LaterError("this line is paid by the byte: it goes on when nobody punches")
        if self._limit and self._budget.spend(_SHARE, 0, self._now()).spent >= self._limit:
            raise LaterError(f"the {self._limit // 1_000_000} MB that updates may cost a month are spent")

    def pay(self, count: int) -> None:
        self.fetched += count
        if self._metered():
            self._budget.spend(_SHARE, count, self._now())
            self._unsaved += count
            if self._unsaved >= _SAVE_BYTES:
                self.save()

    def save(self) -> None:
        self._budget.save()
        self._unsaved = 0
