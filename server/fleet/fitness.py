"""Could this terminal have taken a punch, minute by minute? Pure: facts come in, intervals go out.

What must stay true here: the facts are a set. Neither the order in which they came nor how often changes anything,
and what is not covered by any fact is unknown, never fit and never unfit.

Running   it certainly ran from one moment to another: two records of one boot, a session that lived
Failing   it certainly could not take a punch: the disk refused, the machine was starting
Doubtful  something speaks against it: it was off for a part of this time, or nobody punched where many should have
Said      its own word on one of its sides from then on, until its next word on the same side

A minute in which a side was bad, or that touches Failing, is unfit. Else one that touches Doubtful is unknown; else
one that touches Running is fit; else it is unknown, for want of a word.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

MINUTE_MS = 60_000
NO_WORD = "no_word"


class Fitness(StrEnum):
    FIT = "fit"
    UNFIT = "unfit"
    UNKNOWN = "unknown"


class Aspect(StrEnum):
    """A side that a terminal gives its word on (R1.14, S13, S15)."""

    SERVICE = "service"  # the terminal process, and all that it needs to serve
    SENSOR = "sensor"
    CLOCK = "clock"
    STORAGE = "storage"
    ROSTER = "roster"


@dataclass(frozen=True, slots=True)
class Running:
    from_ms: int
    to_ms: int


@dataclass(frozen=True, slots=True)
class Failing:
    from_ms: int
    to_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class Doubtful:
    from_ms: int
    to_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class Said:
    """`bad` names what is wrong; empty: that side is well."""

    at_ms: int
    aspect: Aspect
    bad: str


Fact = Running | Failing | Doubtful | Said


@dataclass(frozen=True, slots=True)
class Interval:
    """Minutes of Unix time from `start` on, `end` not included. `reasons` in order; none where it was fit."""

    start: int
    end: int
    fitness: Fitness
    reasons: tuple[str, ...] = ()

    @property
    def minutes(self) -> int:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Fit:
    """How many minutes of a span were which, and every reason that was given."""

    fit: int
    unfit: int
    unknown: int
    reasons: tuple[str, ...]

    @property
    def wholly(self) -> bool:
        """Was it fit every minute?"""
        return self.unfit == self.unknown == 0


def timeline(facts: Iterable[Fact], start: int, end: int) -> tuple[Interval, ...]:
    """What is known of the minutes from `start` to `end`, without a hole and with no two neighbours alike."""
    known = set(facts)
    changes: defaultdict[int, list[tuple[_Mark, int]]] = defaultdict(list)
    for mark, first, last in [*_spans(known), *_words(known, end)]:
        if first < end and last >= start:
            changes[max(first, start)].append((mark, 1))
            changes[min(last + 1, end)].append((mark, -1))
    return tuple(_merged(_sweep(changes, start, end)))


def together(timelines: Sequence[Sequence[Interval]], start: int, end: int) -> tuple[Interval, ...]:
    """Of an office with several terminals: fit while any was, unfit only while all were.

    `timelines` must all cover `start` to `end`, as `timeline` gives them. Without any terminal all is unknown.
    """
    cuts = sorted({start, end, *(one.start for line in timelines for one in line)})
    return tuple(_merged(_joint(timelines, first, last) for first, last in pairwise(cuts) if first >= start))


def summary(intervals: Iterable[Interval]) -> Fit:
    minutes: Counter[Fitness] = Counter()
    reasons: set[str] = set()
    for one in intervals:
        minutes[one.fitness] += one.minutes
        reasons.update(one.reasons)
    return Fit(minutes[Fitness.FIT], minutes[Fitness.UNFIT], minutes[Fitness.UNKNOWN], tuple(sorted(reasons)))


# A fact as it counts for minutes: how heavy, and why.
_Mark = tuple[Fitness, str]


def _spans(facts: Iterable[Fact]) -> Iterator[tuple[_Mark, int, int]]:
    for one in facts:
        match one:
            case Running(first, last) if last >= first:
                yield (Fitness.FIT, ""), first // MINUTE_MS, last // MINUTE_MS
            case Failing(first, last, reason) if last >= first:
                yield (Fitness.UNFIT, reason), first // MINUTE_MS, last // MINUTE_MS
            case Doubtful(first, last, reason) if last >= first:
                yield (Fitness.UNKNOWN, reason), first // MINUTE_MS, last // MINUTE_MS


def _words(facts: Iterable[Fact], end: int) -> Iterator[tuple[_Mark, int, int]]:
    """Each bad word holds up to the next on the same side; of two at one moment the bad one counts."""
    said: defaultdict[Aspect, dict[int, set[str]]] = defaultdict(dict)
    for one in facts:
        if isinstance(one, Said):
            said[one.aspect].setdefault(one.at_ms, set()).add(one.bad)
    for aspect in said.values():
        moments = sorted(aspect)
        for at_ms, until_ms in zip(moments, [*moments[1:], end * MINUTE_MS], strict=True):
            for bad in aspect[at_ms] - {""}:
                yield (Fitness.UNFIT, bad), at_ms // MINUTE_MS, max(at_ms, until_ms - 1) // MINUTE_MS


def _sweep(changes: dict[int, list[tuple[_Mark, int]]], start: int, end: int) -> Iterator[Interval]:
    standing: Counter[_Mark] = Counter()
    cuts = sorted({start, end, *changes})
    for first, last in pairwise(cuts):
        for mark, by in changes.get(first, ()):
            standing[mark] += by
        yield _verdict(first, last, {mark for mark, count in standing.items() if count > 0})


def _verdict(first: int, last: int, marks: set[_Mark]) -> Interval:
    for fitness in (Fitness.UNFIT, Fitness.UNKNOWN):
        if reasons := tuple(sorted(reason for kind, reason in marks if kind is fitness)):
            return Interval(first, last, fitness, reasons)
    if (Fitness.FIT, "") in marks:
        return Interval(first, last, Fitness.FIT)
    return Interval(first, last, Fitness.UNKNOWN, (NO_WORD,))


def _joint(timelines: Sequence[Sequence[Interval]], first: int, last: int) -> Interval:
    here = [one for line in timelines for one in line if one.start <= first < one.end]
    if any(one.fitness is Fitness.FIT for one in here):
        return Interval(first, last, Fitness.FIT)
    reasons = tuple(sorted({reason for one in here for reason in one.reasons})) or (NO_WORD,)
    unfit = bool(here) and all(one.fitness is Fitness.UNFIT for one in here)
    return Interval(first, last, Fitness.UNFIT if unfit else Fitness.UNKNOWN, reasons)


def _merged(intervals: Iterable[Interval]) -> Iterator[Interval]:
    last: Interval | None = None
    for one in intervals:
        if last and (last.fitness, last.reasons) == (one.fitness, one.reasons):
            last = Interval(last.start, one.end, one.fitness, one.reasons)
            continue
        if last:
            yield last
        last = one
    if last:
        yield last
