"""Batches that came before their predecessors, held for a while so that a lost one costs only itself (S9).

What is held is believed no more than when it came: it is judged when its turn comes. It is in memory only, and none
of it is receipted, so a batch that is pushed out, or lost with the process, is simply sent again: the receipt given at
the gap says from where.
"""

from dataclasses import dataclass, field

from sync.columns import Columns

MAX_RECORDS_A_LOG = 1000
MAX_RECORDS = 50_000  # about 25 MB
MAX_AGE_MS = 15 * 60 * 1000

Log = tuple[str, bytes]


@dataclass(slots=True)
class _Held:
    """What waits for one log, by first seq."""

    since_ms: int
    batches: dict[int, Columns] = field(default_factory=dict)

    @property
    def records(self) -> int:
        return sum(map(len, self.batches.values()))


class Gaps:
    """The held batches of all logs; those whose gap is oldest go first when there is no room."""

    def __init__(self) -> None:
        self._logs: dict[Log, _Held] = {}
        self._records = 0

    @property
    def records(self) -> int:
        return self._records

    def hold(self, log: Log, batch: Columns, now_ms: int) -> None:
        """Keep a batch whose predecessors are missing; without room it is let go."""
        self._expire(now_ms)
        held = self._logs.get(log)
        known = held.batches.get(batch.first_seq) if held else None
        more = len(batch) - (len(known) if known else 0)
        if more <= 0 or (held.records if held else 0) + more > MAX_RECORDS_A_LOG:
            return
        while self._records + more > MAX_RECORDS:
            oldest = next(iter(self._logs))
            if oldest == log:
                return
            self._drop(oldest)
        self._logs.setdefault(log, _Held(now_ms)).batches[batch.first_seq] = batch
        self._records += more

    def following(self, log: Log, seq: int) -> Columns | None:
        """A held batch that goes on behind record `seq`; what `seq` has overtaken is let go.

        Should the transaction that asks this fail, what was let go is sent again.
        """
        held = self._logs.get(log)
        if held is None:
            return None
        for first in [first for first, one in held.batches.items() if one.last_seq <= seq]:
            self._records -= len(held.batches.pop(first))
        if not held.batches:
            del self._logs[log]
        return next((one for first, one in held.batches.items() if first <= seq + 1), None)

    def forget(self, log: Log, first_seq: int) -> None:
        """This one was not to be believed."""
        held = self._logs.get(log)
        if held and first_seq in held.batches:
            self._records -= len(held.batches.pop(first_seq))

    def _expire(self, now_ms: int) -> None:
        while self._logs:
            oldest = next(iter(self._logs))
            if now_ms - self._logs[oldest].since_ms <= MAX_AGE_MS:
                return
            self._drop(oldest)

    def _drop(self, log: Log) -> None:
        self._records -= self._logs.pop(log).records
