"""How much a terminal may send: a token bucket each, of messages, records and bytes. Pure; the caller brings the time.

One that comes back after thirty days offline has 15,000 records to send at once, in 300 messages, and never has more
than a few without a receipt. So the bucket holds twice that, and what goes beyond it is dropped: the terminal keeps
what it has no receipt for and sends it again. Whoever goes on nevertheless does not wait for receipts, and floods.

What a flooder sends until it is known waits in the broker before the others' messages, so it is known sooner by what it
does not wait for: an agent has at most 16 messages under way, and sends them again after 20 s. Of one terminal few are
let in at a time, and who sends many more within a second, while all of these have no answer, floods. Only while others
are answered: where the database is away nobody is, and who sends again is not to blame.
"""

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Rates:
    """What the bucket holds, and how much flows in a second."""

    hold: tuple[float, float, float]  # messages, records, bytes
    per_s: tuple[float, float, float]


RATES = Rates(hold=(600, 30_000, 16 * 2**20), per_s=(20, 200, 128 * 2**10))
MOST_WAITING = 48  # three times what an agent has under way; the others' messages wait no longer than these take
FLOOD_DROPS = 50  # so many dropped within a while
_WHILE_S, _RUSH_S = 10.0, 1.0  # of what the bucket does not hold; of what comes on top of what waits
_SHUT_S = 10.0  # nothing of a flooder's is let in for so long: what comes is what the broker still had of it
_FILL_S = 0.01
_MAX_BUCKETS = 100_000  # only holders of a certificate of ours have one


class Passage(Enum):
    """What becomes of a message."""

    PASS = "pass"  # noqa: S105 - not a password
    DROP = "drop"
    FLOOD = "flood"  # drop it, and its sender


class _Drops:
    __slots__ = ("n", "since_s", "while_s")

    def __init__(self, while_s: float) -> None:
        self.n, self.since_s, self.while_s = 0, 0.0, while_s

    def one_more(self, now_s: float) -> Passage:
        if now_s - self.since_s > self.while_s:
            self.n, self.since_s = 0, now_s
        self.n += 1
        return Passage.FLOOD if self.n >= FLOOD_DROPS else Passage.DROP


class _Bucket:
    __slots__ = ("at", "left", "shut_until_s", "spilt", "unawaited")

    def __init__(self, left: list[float], now_s: float) -> None:
        self.left = left
        self.at = now_s
        self.shut_until_s = now_s
        self.spilt, self.unawaited = _Drops(_WHILE_S), _Drops(_RUSH_S)


class Throttle:
    """Of all terminals. One thread."""

    def __init__(self, rates: Rates = RATES) -> None:
        self._rates = rates
        self._buckets: dict[str, _Bucket] = {}

    def message(self, terminal: str, size: int, now_s: float, waiting: int = 0, answering: bool = True) -> Passage:
        """Count a message of `size` bytes, before anybody reads it; `waiting` of its sender's are not answered yet.

        `answering`: whether anybody is answered at this time.
        """
        bucket = self._bucket(terminal, now_s)
        if now_s < bucket.shut_until_s:
            return Passage.FLOOD
        passage = self._judged(bucket, size, now_s, waiting, answering)
        if passage is Passage.FLOOD:
            bucket.shut_until_s = now_s + _SHUT_S
        return passage

    @staticmethod
    def _judged(bucket: _Bucket, size: int, now_s: float, waiting: int, answering: bool) -> Passage:
        if waiting >= MOST_WAITING:
            return bucket.unawaited.one_more(now_s) if answering else Passage.DROP
        left = bucket.left
        if left[0] >= 1 and left[1] >= 0 and left[2] >= size:
            left[0] -= 1
            left[2] -= size
            return Passage.PASS
        return bucket.spilt.one_more(now_s)

    def records(self, terminal: str, n: int) -> None:
        """A message that passed held n records. It may overdraw: then the next ones wait."""
        if bucket := self._buckets.get(terminal):
            bucket.left[1] -= n

    def _bucket(self, terminal: str, now_s: float) -> _Bucket:
        bucket = self._buckets.get(terminal)
        if bucket is None:
            if len(self._buckets) >= _MAX_BUCKETS:
                del self._buckets[next(iter(self._buckets))]
            bucket = self._buckets[terminal] = _Bucket(list(self._rates.hold), now_s)
        elapsed_s = now_s - bucket.at
        if elapsed_s > _FILL_S:  # a flooder's is not filled up for each of its messages
            bucket.at = now_s
            rates = zip(bucket.left, self._rates.per_s, self._rates.hold, strict=True)
            bucket.left = [min(hold, left + rate * elapsed_s) for left, rate, hold in rates]
        return bucket
