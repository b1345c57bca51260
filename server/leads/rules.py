"""What each rule finds. Pure: rows in, leads out, the same for the same rows in any order.

Time is taken as kindly as it can be: between two punches lies the longest time that evidence allows
(server.intake.dating), and where nothing dates a punch no rule that needs its time speaks of it.
"""

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from server.people.days import IST

RUSH_PEOPLE, RUSH_MS = 20, 90_000
TRAVEL_KM, TRAVEL_KMH = 5.0, 120.0  # shorter ways are one compound; faster than any road between two offices
LATE = dt.time(9, 30)
NEVER_LATE_MARKS, NEVER_LATE_DAYS, NEVER_LATE_PEOPLE = 40, 5, 5
CHANCE = 0.001  # that an office like its neighbours would have nobody late
_MOST_REFS = 40
_EARTH_KM = 6371.0


class Rule(StrEnum):
    """In the order in which they are shown."""

    IDENTICAL_PROBE = "identical_probe"
    IMPOSSIBLE_TRAVEL = "impossible_travel"
    RUSH = "rush"
    NEVER_LATE = "never_late"
    CLOCK_DISPUTED = "clock_disputed"


class Ref(NamedTuple):
    """A record: whoever doubts a lead can look it up, or have it proved."""

    terminal: str
    log: bytes
    seq: int

    def __str__(self) -> str:
        return f"{self.terminal}/{self.log.hex()}/{self.seq}"


@dataclass(frozen=True, slots=True)
class Mark:
    """One punch. True time was from `low_ms` to `high_ms` (None: not known); `shown_ms` is what stood on the screen;
    `boot` and `at_ms` count on the clock that nobody can set. `office`: where the terminal stands. `came_ms`: when the
    server had it."""

    ref: Ref
    person: bytes
    office: bytes | None
    coming: bool
    boot: int
    at_ms: int
    shown_ms: int
    low_ms: int | None
    high_ms: int | None
    disputed: bool = False
    came_ms: int = 0


@dataclass(frozen=True, slots=True)
class Probe:
    """An event of a terminal: a finger or face came again, identical to the last bit, as none ever does."""

    ref: Ref
    office: bytes | None
    shown_ms: int
    person: bytes | None
    came_ms: int = 0


@dataclass(frozen=True, slots=True)
class Lead:
    """Something to look at. `people` and `refs` are at most 40 of them; `facts` are figures by name, for words to
    tell: numbers, and texts that are no names. `came_ms`: when the newest of all its records came to the server."""

    rule: Rule
    office: bytes | None
    terminal: str
    at_ms: int
    people: tuple[bytes, ...]
    refs: tuple[Ref, ...]
    facts: Mapping[str, int | float | str] = field(default_factory=dict)
    came_ms: int = 0


Position = tuple[float, float]


def find(
    marks: Iterable[Mark], probes: Iterable[Probe], where: Mapping[bytes, Position], above: Mapping[bytes, bytes]
) -> list[Lead]:
    """Everything. `where`: latitude and longitude of offices; `above`: the office each stands under."""
    known = sorted(marks, key=lambda one: one.ref)
    found = [
        *identical_probes(probes),
        *impossible_travel(known, where),
        *rushes(known),
        *never_late(known, above),
        *clock_disputes(known),
    ]
    order = list(Rule)
    return sorted(found, key=lambda one: (order.index(one.rule), -one.at_ms, one.terminal, one.refs))


def identical_probes(probes: Iterable[Probe]) -> Iterator[Lead]:
    """A finger is never laid down twice alike. One lead for a terminal and a person, however often."""
    groups: dict[tuple[str, bytes | None], list[Probe]] = defaultdict(list)
    for one in probes:
        groups[one.ref.terminal, one.person].append(one)
    for (terminal, person), some in groups.items():
        last = max(some, key=lambda one: one.shown_ms)
        refs, people = _refs(one.ref for one in some), () if person is None else (person,)
        facts = {"times": len(some)}
        yield Lead(Rule.IDENTICAL_PROBE, last.office, terminal, last.shown_ms, people, refs, facts, _came(some))


def rushes(marks: Iterable[Mark]) -> Iterator[Lead]:
    """Twenty people in ninety seconds at one terminal, by the clock that nobody sets. Rushes that touch are one."""
    boots: dict[tuple[str, bytes, int], list[Mark]] = defaultdict(list)
    for one in marks:
        boots[one.ref.terminal, one.ref.log, one.boot].append(one)
    for (terminal, _, _), some in boots.items():
        some.sort(key=lambda one: (one.at_ms, one.ref))
        for first, last in _rush_spans(some):
            crowd = some[first : last + 1]
            people = _people(crowd)
            facts = {"people": len({one.person for one in crowd}), "seconds": (crowd[-1].at_ms - crowd[0].at_ms) / 1000}
            refs = _refs(one.ref for one in crowd)
            yield Lead(Rule.RUSH, crowd[0].office, terminal, crowd[0].shown_ms, people, refs, facts, _came(crowd))


def impossible_travel(marks: Iterable[Mark], where: Mapping[bytes, Position]) -> Iterator[Lead]:
    """One person at two places, further apart than the longest time that evidence allows."""
    trips: dict[bytes, list[Mark]] = defaultdict(list)
    for one in marks:
        if one.office in where and one.low_ms is not None and one.high_ms is not None:
            trips[one.person].append(one)
    for person, some in trips.items():
        some.sort(key=lambda one: ((one.low_ms or 0) + (one.high_ms or 0), one.ref))
        for before, after in pairwise(some):
            facts = _trip(before, after, where)
            if facts is not None:
                refs, came = (before.ref, after.ref), _came((before, after))
                terminal, at_ms = after.ref.terminal, after.shown_ms
                yield Lead(Rule.IMPOSSIBLE_TRAVEL, after.office, terminal, at_ms, (person,), refs, facts, came)


def never_late(marks: Iterable[Mark], above: Mapping[bytes, bytes]) -> Iterator[Lead]:
    """An office where nobody is ever later than 09:30 by its own screen, while the server's time says otherwise, or
    while offices beside it have so many late that chance does not explain it (S10)."""
    offices = {one: _Mornings(firsts) for one, firsts in _firsts(marks).items()}
    for one, mine in offices.items():
        if mine.late or not mine.enough:
            continue
        beside = [other for key, other in offices.items() if key != one and above.get(key) == above.get(one, b"")]
        share = _late_share(beside)
        improbable = share > 0 and (1 - share) ** mine.marks < CHANCE
        if not (mine.truly_late or improbable):
            continue
        some = mine.truly_late or mine.latest
        facts: dict[str, int | float | str] = {"marks": mine.marks, "days": mine.days, "people": len(mine.people)}
        facts |= {"truly_late": len(mine.truly_late), "neighbours": len(beside)}
        facts |= {"neighbours_late_percent": round(100 * share, 1), "latest_shown": _clock(mine.latest[0].shown_ms)}
        if mine.truly_late:
            worst = max(mine.truly_late, key=lambda m: (m.low_ms or 0) - m.shown_ms)
            facts |= {"shown": _clock(worst.shown_ms), "true_at_least": _clock(worst.low_ms or 0)}
        terminal, at_ms = some[0].ref.terminal, max(m.shown_ms for m in some)
        refs, came = _refs(m.ref for m in some), _came(mine.firsts)
        yield Lead(Rule.NEVER_LATE, one, terminal, at_ms, _people(some), refs, facts, came)


def clock_disputes(marks: Iterable[Mark]) -> Iterator[Lead]:
    """Punches whose shown time cannot be true: one lead for a terminal and a day."""
    groups: dict[tuple[str, dt.date], list[Mark]] = defaultdict(list)
    for one in marks:
        day = _day(one.shown_ms)
        if one.disputed and day is not None:
            groups[one.ref.terminal, day].append(one)
    for (terminal, day), some in groups.items():
        off_s = max(_off_ms(one) for one in some) / 1000
        facts: dict[str, int | float | str] = {"punches": len(some), "seconds": off_s, "day": day.isoformat()}
        at_ms, refs = max(one.shown_ms for one in some), _refs(one.ref for one in some)
        yield Lead(Rule.CLOCK_DISPUTED, some[0].office, terminal, at_ms, _people(some), refs, facts, _came(some))


def distance_km(one: Position, other: Position) -> float:
    """Along the ground: the haversine formula on a sphere of 6371 km."""
    lat, lon, lat2, lon2 = (math.radians(value) for value in (*one, *other))
    h = math.sin((lat2 - lat) / 2) ** 2 + math.cos(lat) * math.cos(lat2) * math.sin((lon2 - lon) / 2) ** 2
    return 2 * _EARTH_KM * math.asin(min(1.0, math.sqrt(h)))


@dataclass(frozen=True, slots=True)
class _Mornings:
    """The first mark of each person and day at one office."""

    firsts: list[Mark]

    @property
    def marks(self) -> int:
        return len(self.firsts)

    @property
    def days(self) -> int:
        return len({_day(one.shown_ms) for one in self.firsts})

    @property
    def people(self) -> set[bytes]:
        return {one.person for one in self.firsts}

    @property
    def enough(self) -> bool:
        return self.marks >= NEVER_LATE_MARKS and self.days >= NEVER_LATE_DAYS and len(self.people) >= NEVER_LATE_PEOPLE

    @property
    def late(self) -> int:
        return sum(_after_limit(one.shown_ms) for one in self.firsts)

    @property
    def truly_late(self) -> list[Mark]:
        """Shown in time, and by evidence late on the same morning."""
        return [
            one
            for one in self.firsts
            if one.low_ms is not None
            and not _after_limit(one.shown_ms)
            and _after_limit(one.low_ms)
            and _day(one.low_ms) == _day(one.shown_ms)
        ]

    @property
    def latest(self) -> list[Mark]:
        return sorted(self.firsts, key=lambda one: (_time(one.shown_ms), one.ref), reverse=True)[:_MOST_REFS]


def _firsts(marks: Iterable[Mark]) -> dict[bytes, list[Mark]]:
    firsts: dict[tuple[bytes, bytes, dt.date], Mark] = {}
    for one in marks:
        day = _day(one.shown_ms)
        if one.office is None or not one.coming or day is None:
            continue
        key = one.office, one.person, day
        if key not in firsts or (one.shown_ms, one.ref) < (firsts[key].shown_ms, firsts[key].ref):
            firsts[key] = one
    found: dict[bytes, list[Mark]] = defaultdict(list)
    for (office, _, _), one in firsts.items():
        found[office].append(one)
    return found


def _late_share(beside: list[_Mornings]) -> float:
    total = sum(one.marks for one in beside)
    return sum(one.late for one in beside) / total if total >= NEVER_LATE_MARKS else 0.0


def _trip(before: Mark, after: Mark, where: Mapping[bytes, Position]) -> dict[str, int | float | str] | None:
    if before.office is None or after.office is None or before.office == after.office:
        return None
    far_km = distance_km(where[before.office], where[after.office])
    longest_ms = max(0, (after.high_ms or 0) - (before.low_ms or 0))
    if far_km < TRAVEL_KM or far_km <= TRAVEL_KMH * longest_ms / 3_600_000:
        return None
    return {"km": round(far_km, 1), "minutes": round(longest_ms / 60_000, 1), "from_terminal": before.ref.terminal}


def _rush_spans(some: list[Mark]) -> Iterator[tuple[int, int]]:
    """First and last place of each stretch in which every window of ninety seconds holds enough people."""
    inside: dict[bytes, int] = defaultdict(int)
    first, span = 0, None
    for last, one in enumerate(some):
        inside[one.person] += 1
        while one.at_ms - some[first].at_ms > RUSH_MS:
            inside[some[first].person] -= 1
            if not inside[some[first].person]:
                del inside[some[first].person]
            first += 1
        if len(inside) >= RUSH_PEOPLE:
            if span is not None and first > span[1]:
                yield span
                span = None
            span = (first if span is None else span[0], last)
    if span is not None:
        yield span


def _people(some: Iterable[Mark]) -> tuple[bytes, ...]:
    return tuple(sorted({one.person for one in some}))[:_MOST_REFS]


def _refs(some: Iterable[Ref]) -> tuple[Ref, ...]:
    return tuple(sorted(some))[:_MOST_REFS]


def _came(some: Iterable[Mark | Probe]) -> int:
    return max(one.came_ms for one in some)


def _off_ms(one: Mark) -> int:
    early = one.low_ms - one.shown_ms if one.low_ms is not None else 0
    return max(early, one.shown_ms - one.high_ms if one.high_ms is not None else 0, 0)


def _at(ms: int) -> dt.datetime | None:
    try:
        return dt.datetime.fromtimestamp(ms / 1000, IST)
    except (ValueError, OverflowError, OSError):
        return None  # no calendar has it


def _day(ms: int) -> dt.date | None:
    at = _at(ms)
    return None if at is None else at.date()


def _time(ms: int) -> dt.time:
    at = _at(ms)
    return dt.time() if at is None else at.time()


def _after_limit(ms: int) -> bool:
    """Later than 09:30: from 09:31:00 on, as the circular counts minutes."""
    return _time(ms).replace(second=0, microsecond=0) > LATE


def _clock(ms: int) -> str:
    return f"{_time(ms):%H:%M}"
