"""From everything known of people to their days: which punch is of which work date, then one fold a day.

`fold_month` streams: it holds one person at a time, and the plans of the days, which thousands share.
"""

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from operator import attrgetter

from server.attendance import FactsError
from server.attendance.clock import DAY_MS, ZONES, days_of, local_day, midnight_ms
from server.attendance.day import Extra, fold_day
from server.attendance.plan import DayPlan, Planner
from server.attendance.types import (
    AttendanceDay,
    DayFlag,
    Half,
    Leave,
    OnDuty,
    PersonFacts,
    Punch,
    ServiceSpan,
    Status,
    World,
)

UNDATED_REACH_MS = 35 * DAY_MS
"""How far back a punch may lie that nothing says "not before" of (S2): every day in it is given the benefit."""

_INDIA_MIN = ZONES["Asia/Kolkata"]


def fold_month(
    world: World, people: Iterable[PersonFacts], month: str, as_of_ms: int | None = None
) -> Iterator[AttendanceDay]:
    """Every day of every person in "2026-10", person by person, day by day.

    `as_of_ms`: the facts are those of then, and days after it are pending. Raises FactsError, PolicyError.
    """
    planner, days = Planner(world), days_of(month)
    for facts in people:
        yield from fold_days(planner, facts, days, as_of_ms)


def fold_days(
    planner: Planner, facts: PersonFacts, days: Sequence[dt.date], as_of_ms: int | None = None
) -> Iterator[AttendanceDay]:
    """One person's consecutive `days`. Raises FactsError, PolicyError."""
    if not days:
        return
    plans = _plans(planner, facts, days)
    begins = [
        midnight_ms(day, _INDIA_MIN) if plan is None else plan.begins_ms for day, plan in zip(days, plans, strict=True)
    ]
    last = plans[-1]
    begins.append(midnight_ms(days[-1], _INDIA_MIN) + DAY_MS if last is None else last.over_ms)
    sure, maybe = _sorted_out(begins, facts.punches)
    extras = _extras(facts, days[0], days[-1])
    person = facts.person
    for place, plan in enumerate(plans):
        marks = sure[place]
        if plan is None:
            if marks:
                yield _stranger(person, days[place], marks)
            continue
        yield fold_day(
            person, plan, marks, maybe[place] if maybe else (), extras.get(days[place]) if extras else None, as_of_ms
        )


def days_touched(planner: Planner, facts: PersonFacts, punch: Punch) -> list[dt.date]:
    """The work dates that a punch of theirs may be of: those, and no others, are to be folded again."""
    low, high = _reach(punch)
    days = [local_day(low, _INDIA_MIN) + dt.timedelta(days=i) for i in range(-1, (high - low) // DAY_MS + 3)]
    touched = []
    for day, plan in zip(days, _plans(planner, facts, days), strict=True):
        begins = midnight_ms(day, _INDIA_MIN) if plan is None else plan.begins_ms
        over = begins + DAY_MS if plan is None else plan.over_ms
        if low < over and high >= begins:
            touched.append(day)
    return touched


def _plans(planner: Planner, facts: PersonFacts, days: Sequence[dt.date]) -> list[DayPlan | None]:
    spans = facts.spans
    if len(spans) == 1 and spans[0].covers(days[0]) and spans[0].covers(days[-1]):
        span = spans[0]
        known = planner.plans(span)
        return [known.get(day) or planner.plan(span, day, None, None) for day in days]
    ordered = _ordered(spans)
    step = dt.timedelta(days=1)
    around = [_posted(ordered, day) for day in (days[0] - step, *days, days[-1] + step)]
    plans: list[DayPlan | None] = []
    for place, day in enumerate(days, 1):
        here, before, after = around[place], around[place - 1], around[place + 1]
        if here is None:
            plans.append(None)
            continue
        alone = before in (here, None) and after in (here, None)
        plans.append(planner.plan(here, day, None if alone else before, None if alone else after))
    return plans


def _ordered(spans: Sequence[ServiceSpan]) -> list[ServiceSpan]:
    """Postings in the order of time. Raises FactsError where two hold on one day."""
    ordered = sorted(spans, key=attrgetter("since"))
    for one, then in pairwise(ordered):
        if one.until is None or one.until >= then.since:
            raise FactsError(
                f"two postings on {then.since} ({one.id or one.since} and {then.id or then.since}); "
                f"the first must end on {then.since - dt.timedelta(days=1)}"
            )
    return ordered


def _posted(ordered: Sequence[ServiceSpan], day: dt.date) -> ServiceSpan | None:
    place = bisect_right(ordered, day, key=attrgetter("since")) - 1
    return ordered[place] if place >= 0 and ordered[place].covers(day) else None


def _sorted_out(begins: Sequence[int], punches: Iterable[Punch]) -> tuple[list[list[Punch]], list[list[Punch]]]:
    """Which punches are surely of which day, and which may be. The same entry of a log twice is one (S9)."""
    count = len(begins) - 1
    sure: list[list[Punch]] = [[] for _ in range(count)]
    maybe: list[list[Punch]] = []
    seen = set()
    for punch in punches:
        if punch.id in seen:
            continue
        seen.add(punch.id)
        low, high = punch.low_ms, punch.high_ms
        if low is not None and high is not None:
            place = bisect_right(begins, low) - 1
            if 0 <= place < count and high < begins[place + 1]:
                sure[place].append(punch)
                continue
        low, high = _reach(punch)
        if high < begins[0] or low >= begins[-1]:
            continue
        if not maybe:
            maybe = [[] for _ in range(count)]
        for place in range(max(0, bisect_right(begins, low) - 1), min(count, bisect_right(begins, high))):
            maybe[place].append(punch)
    for group in sure:
        if len(group) > 1:
            group.sort(key=_order)
    for group in maybe:
        group.sort(key=_order)
    return sure, maybe


def _order(punch: Punch) -> tuple[int, int, object]:
    return (punch.high_ms or 0, punch.low_ms or 0, punch.id)


def _reach(punch: Punch) -> tuple[int, int]:
    low, high = punch.low_ms, punch.high_ms
    if low is None:
        low = (high or 0) - UNDATED_REACH_MS
    if high is None:
        high = low + UNDATED_REACH_MS
    return low, high


def _extras(facts: PersonFacts, first: dt.date, last: dt.date) -> dict[dt.date, Extra]:
    """What is known of days besides punches. Raises FactsError for two full leaves, or leave and duty, on one day."""
    found: dict[dt.date, Extra] = {}

    def of(day: dt.date) -> Extra:
        return found.setdefault(day, Extra([], [], [], [], []))

    for leave in sorted(facts.leaves, key=lambda one: (one.since, one.id)):
        for day in _span(leave, first, last):
            of(day).leaves.append(leave)
    for duty in sorted(facts.duties, key=lambda one: (one.since, one.id)):
        for day in _span(duty, first, last):
            of(day).duties.append(duty)
    for day, extra in found.items():
        _check(day, extra)
    for adjustment in facts.adjustments:
        if first <= adjustment.day <= last:
            of(adjustment.day).adjustments.append(adjustment)
    for mark in facts.register:
        if first <= mark.day <= last:
            of(mark.day).register.append(mark)
    for movement in facts.movements:
        day = local_day(movement.out_ms, _INDIA_MIN)
        if first <= day <= last:
            of(day).movements.append(movement)
    for exemption in facts.exemptions:
        for place in range((last - max(first, exemption.since)).days + 1):
            of(max(first, exemption.since) + dt.timedelta(days=place)).exemption = exemption
    return found


def _span(fact: Leave | OnDuty, first: dt.date, last: dt.date) -> Iterator[dt.date]:
    if fact.until < fact.since:
        raise FactsError(f"{fact.id or 'a leave'} ends on {fact.until}, before it begins on {fact.since}; correct it")
    begin, end = max(first, fact.since), min(last, fact.until)
    for place in range((end - begin).days + 1):
        yield begin + dt.timedelta(days=place)


def _check(day: dt.date, extra: Extra) -> None:
    taken: dict[Half, str] = {}
    for leave in extra.leaves:
        name = leave.id or leave.kind
        clash = taken.get(leave.half) or taken.get(Half.FULL) or (taken and leave.half is Half.FULL and "another")
        if clash:
            raise FactsError(f"leave {name} overlaps {clash} on {day}; shorten or withdraw one of them")
        taken[leave.half] = name


def _stranger(person: bytes, day: dt.date, marks: list[Punch]) -> AttendanceDay:
    """Punches of somebody posted nowhere that day: kept, and nothing follows from them."""
    first, last = marks[0], marks[-1] if len(marks) > 1 else None
    return AttendanceDay(
        person, day, first.office, Status.NOT_EXPECTED, int(DayFlag.PUNCHED), first, last, first.low_ms, first.high_ms,
        last.low_ms if last else None, last.high_ms if last else None, 0, 0, 0, None, tuple(marks),
        (("posting", ""),),
    )  # fmt: skip
