"""When was it really? Pure: what is known of a boot's place in time comes in, an interval of true time goes out.

A terminal counts milliseconds since its boot on a clock nobody can set. What ties that count to true time is Evidence:
"when the count stood at a, it was not before x; when it stood at b, it was not after y". There are three kinds:

ANCHOR    the server's signed answer (sync.anchor): after the question left, before the answer came
EARLIER   a boot begins after the last record of the boot before it
LATER     a boot ends before the next one begins

and one more for every record by itself: it was made before it arrived here. From each of them the count leads to any
other moment of the boot, both ways, and is believed within what a crystal and an NTP client can do to it
(sync.anchor.drift_ms). What all of it allows is the interval. Shown times, even a kernel's word that NTP keeps them,
are no evidence: nobody signed them (S10). Where nothing says "not before", there is no earliest (S2): never a guess.

Evidence is only ever added. What it said of a punch before the newest came is `history`.
"""

from bisect import bisect
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import NamedTuple

from sync.anchor import Anchor, drift_ms

RESOLUTION_MS = 3  # the clocks of both sides are read in whole milliseconds, rounded down
TOLERANCE_MS = 2000  # a shown time further from its interval than this is disputed (S10)
_NEAR = 8  # anchors looked at on either side of a moment; further ones say less
_OPEN_MS = 2 * 86_400_000  # as far as a gap without an anchor on its other side is looked at closely


class Kind(IntEnum):
    """What a piece of evidence is."""

    ANCHOR = 1
    EARLIER = 2
    LATER = 3


class Reason(StrEnum):
    """Why a punch is dated as it is."""

    ANCHORED = "anchored"  # by the server's answer in the same boot
    BETWEEN = "between"  # after what came before this boot; before what came after it, or its arrival
    BEFORE = "before"  # before what came after it, or its arrival; nothing says after what
    ELSEWHERE = "elsewhere"  # by another machine's clock; what is known is when it was taken over from there
    CONTRADICTED = "contradicted"  # the evidence cannot all be true: as wide as any of it allows
    NOTHING = "nothing"  # nothing is known


class Evidence(NamedTuple):
    """Of one boot: true time was not before `low_ms` when CLOCK_BOOTTIME stood at `low_at_ms`, and not after `high_ms`
    at `high_at_ms`; None: nothing is said of that side. `known_ms` is when the aggregator learnt it. Unix time."""

    kind: Kind
    known_ms: int
    low_at_ms: int = 0
    low_ms: int | None = None
    high_at_ms: int = 0
    high_ms: int | None = None

    def earliest_ms(self, at_ms: int) -> int | None:
        """What it says of another moment of the boot."""
        if self.low_ms is None:
            return None
        elapsed_ms = at_ms - self.low_at_ms
        return self.low_ms + elapsed_ms - drift_ms(elapsed_ms) - RESOLUTION_MS

    def latest_ms(self, at_ms: int) -> int | None:
        """What it says of another moment of the boot."""
        if self.high_ms is None:
            return None
        elapsed_ms = at_ms - self.high_at_ms
        return self.high_ms + elapsed_ms + drift_ms(elapsed_ms) + RESOLUTION_MS


@dataclass(frozen=True, slots=True)
class Interval:
    """True time was in here, ends included, in milliseconds of Unix time; None: open on that side."""

    earliest_ms: int | None
    latest_ms: int | None
    reason: Reason

    @property
    def bound_ms(self) -> int | None:
        """How far the middle may be off; None where a side is open."""
        if self.earliest_ms is None or self.latest_ms is None:
            return None
        return (self.latest_ms - self.earliest_ms + 1) // 2

    def elsewhere(self) -> "Interval":
        """Of a punch that another machine dated, where this is when the record of it was made: it was before that."""
        return Interval(None, self.latest_ms, Reason.ELSEWHERE)

    def disputes(self, shown_ms: int) -> bool:
        """Is a shown time further from here than TOLERANCE_MS?"""
        early = self.earliest_ms is not None and shown_ms < self.earliest_ms - TOLERANCE_MS
        return early or (self.latest_ms is not None and shown_ms > self.latest_ms + TOLERANCE_MS)


@dataclass(frozen=True, slots=True)
class Dating:
    """An interval, and since when it was known."""

    known_ms: int
    interval: Interval


def of_anchor(anchor: Anchor, known_ms: int) -> Evidence:
    """What an anchor says of its boot."""
    server_ms = anchor.answer.server_ms
    return Evidence(Kind.ANCHOR, known_ms, anchor.came_ms, server_ms, anchor.question.asked_ms, server_ms)


def of_end_before(end: Interval, known_ms: int) -> Evidence | None:
    """What the last record before a boot says of the boot's beginning."""
    return None if end.earliest_ms is None else Evidence(Kind.EARLIER, known_ms, low_ms=end.earliest_ms)


def of_begin_after(begin: Interval, last_at_ms: int, known_ms: int) -> Evidence | None:
    """What the beginning of the next boot says of a boot whose last record is at `last_at_ms`."""
    if begin.latest_ms is None:
        return None
    return Evidence(Kind.LATER, known_ms, high_at_ms=last_at_ms, high_ms=begin.latest_ms)


class Boot:
    """All the evidence of one boot, in any order."""

    def __init__(self, evidence: Iterable[Evidence]) -> None:
        found = list(evidence)
        self._order = sorted((one for one in found if one.kind is not Kind.ANCHOR), key=_known_ms)
        self._anchors = sorted((one for one in found if one.kind is Kind.ANCHOR), key=_at_ms)
        self._at = [one.low_at_ms for one in self._anchors]
        self._known = sorted(one.known_ms for one in found)
        self._gaps: dict[tuple[int, int], _Gap] = {}

    @property
    def anchored(self) -> bool:
        return bool(self._anchors)

    @property
    def bare(self) -> bool:
        """Is there none?"""
        return not (self._order or self._anchors)

    def date(self, at_ms: int, received_ms: int | None = None) -> Interval:
        """When CLOCK_BOOTTIME stood at `at_ms`, by all that is known; `received_ms`: when its record came here."""
        return self._gap(at_ms, len(self._known)).date(at_ms, received_ms)

    def date_then(self, at_ms: int, received_ms: int, known_ms: int | None = None) -> Interval:
        """By what was known at `known_ms`; None: when its record came."""
        known = bisect(self._known, received_ms if known_ms is None else known_ms)
        return self._gap(at_ms, known).date(at_ms, received_ms)

    def _gap(self, at_ms: int, known: int) -> "_Gap":
        """What the first `known` things learnt say between the anchors that `at_ms` lies between."""
        middle = bisect(self._at, at_ms)
        gap = self._gaps.get((middle, known))
        if gap is None:
            until_ms = self._known[known - 1] if known else -1
            near = [one for one in self._near(at_ms) if known and one.known_ms <= until_ms]
            begin = self._at[middle - 1] if middle else None
            end = self._at[middle] if middle < len(self._at) else None
            gap = self._gaps[middle, known] = _Gap(near, begin, end)
        return gap

    def history(self, at_ms: int, received_ms: int) -> list[Dating]:
        """How a record has been dated, oldest first: as it came, and after each piece of evidence that changed it."""
        near = self._near(at_ms)
        turns = sorted({received_ms} | {one.known_ms for one in near if one.known_ms > received_ms})
        datings: list[Dating] = []
        for known_ms in turns:
            interval = _date(at_ms, received_ms, [one for one in near if one.known_ms <= known_ms])
            if not datings or datings[-1].interval != interval:
                datings.append(Dating(known_ms, interval))
        return datings

    def _near(self, at_ms: int) -> list[Evidence]:
        middle = bisect(self._at, at_ms)
        return self._order + self._anchors[max(0, middle - _NEAR) : middle + _NEAR]


_Bound = tuple[int, int]  # what is to be added to a count, and the count it was said at


class _Gap:
    """Evidence as it bears on the time between two anchors. Of sixteen anchors two or three can ever say the most
    there; the others are left out, unless what is known is contradictory: then all of it counts."""

    def __init__(self, near: list[Evidence], begin_ms: int | None, end_ms: int | None) -> None:
        self._near = near
        self._begin_ms = (end_ms or 0) - _OPEN_MS if begin_ms is None else begin_ms
        self._end_ms = self._begin_ms + _OPEN_MS if end_ms is None else end_ms
        self._anchored = any(one.kind is Kind.ANCHOR for one in near)
        lows = [(one.low_ms - one.low_at_ms, one.low_at_ms) for one in near if one.low_ms is not None]
        highs = [(-(one.high_ms - one.high_at_ms), one.high_at_ms) for one in near if one.high_ms is not None]
        self._lows, self._highs = self._telling(lows), self._telling(highs)

    def date(self, at_ms: int, received_ms: int | None) -> Interval:
        """See Boot.date."""
        if not self._begin_ms <= at_ms <= self._end_ms:
            return _date(at_ms, received_ms, self._near)
        low, high = _most(self._lows, at_ms, at_ms), _most(self._highs, at_ms, -at_ms)
        latest_ms = None if high is None else -high
        if received_ms is not None:
            came_ms = received_ms + RESOLUTION_MS
            latest_ms = came_ms if latest_ms is None else min(came_ms, latest_ms)
        if low is not None and latest_ms is not None and low > latest_ms:
            return _date(at_ms, received_ms, self._near)
        return Interval(low, latest_ms, _reason(self._anchored, low is not None, latest_ms is not None))

    def _telling(self, bounds: list[_Bound]) -> list[_Bound]:
        """Without those which another outdoes all over the gap: what drifts least there is still behind it."""
        if len(bounds) < 2:
            return bounds
        spans = [sorted((abs(self._begin_ms - at), abs(self._end_ms - at))) for _, at in bounds]
        within = [self._begin_ms <= at <= self._end_ms for _, at in bounds]
        sure = max(add - drift_ms(far) for (add, _), (_, far) in zip(bounds, spans, strict=True))
        best = [
            add - (0 if inside else drift_ms(near))
            for (add, _), (near, _), inside in zip(bounds, spans, within, strict=True)
        ]
        return [one for one, most in zip(bounds, best, strict=True) if most >= sure]


def _most(bounds: list[_Bound], at_ms: int, signed_ms: int) -> int | None:
    """The greatest of what they say of a moment; of upper bounds everything is told with its sign changed."""
    if not bounds:
        return None
    return max([add - drift_ms(at_ms - at) for add, at in bounds]) + signed_ms - RESOLUTION_MS


def _date(at_ms: int, received_ms: int | None, evidence: list[Evidence]) -> Interval:
    lows = [low for one in evidence if (low := one.earliest_ms(at_ms)) is not None]
    highs = [high for one in evidence if (high := one.latest_ms(at_ms)) is not None]
    if received_ms is not None:
        highs.append(received_ms + RESOLUTION_MS)
    if lows and highs and max(lows) > min(highs):
        return Interval(min(lows), max(highs), Reason.CONTRADICTED)
    anchored = any(one.kind is Kind.ANCHOR for one in evidence)
    return Interval(max(lows, default=None), min(highs, default=None), _reason(anchored, bool(lows), bool(highs)))


def _reason(anchored: bool, low: bool, high: bool) -> Reason:
    if anchored:
        return Reason.ANCHORED
    if low:
        return Reason.BETWEEN
    return Reason.BEFORE if high else Reason.NOTHING


def _at_ms(evidence: Evidence) -> int:
    return evidence.low_at_ms


def _known_ms(evidence: Evidence) -> int:
    return evidence.known_ms
