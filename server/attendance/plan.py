"""What a day asks of everybody who is posted in the same way: computed once, then each fold only compares numbers."""

import datetime as dt
from dataclasses import dataclass

from server.attendance import FactsError
from server.attendance.clock import MINUTE_MS, midnight_ms
from server.attendance.fitness import OfficeFitness
from server.attendance.limits import Limits, boundary, limits
from server.attendance.rules import Shift
from server.attendance.types import (
    DayFlag,
    Half,
    Life,
    LifeSpan,
    Office,
    ServiceSpan,
    Status,
    World,
)

_Posting = tuple[bytes, str, str, bool, bool, bool, Shift | None]


@dataclass(frozen=True, slots=True, eq=False)
class DayPlan:
    """One work date of one kind of posting, in Unix milliseconds.

    Punches from `begins_ms` up to `over_ms` are of it. Late is who comes at `late_ms` or after, early who leaves before
    `leave_ms`. `free`: what the day is for those who are not needed; None: everybody is expected. `held`: lateness and
    absence may be held against them. `unfit`: too much of the day without a fit terminal to call anybody absent.
    """

    day: dt.date
    office: bytes
    limits: Limits
    fitness: OfficeFitness
    begins_ms: int
    over_ms: int
    midnight_ms: int
    start_ms: int
    close_ms: int
    limit_ms: int
    late_ms: int
    leave_ms: int
    free: Status | None
    because: tuple[tuple[str, str], ...]
    flags: int
    held: bool
    contractual: bool
    aadhaar: bool
    unfit: bool

    def with_half(self, half: Half) -> "DayPlan":
        """The same day with half of it off."""
        return self._on(limits(self.limits.terms, self.limits.shift, half is Half.FORENOON, half is Half.AFTERNOON))

    def _on(self, new: Limits) -> "DayPlan":
        start, close = self.midnight_ms + new.start * MINUTE_MS, self.midnight_ms + new.end * MINUTE_MS
        limit = self.midnight_ms + new.late_after * MINUTE_MS
        return DayPlan(
            self.day, self.office, new, self.fitness, self.begins_ms, self.over_ms, self.midnight_ms, start, close,
            limit, limit + new.late_step_ms, self.midnight_ms + new.leave_from * MINUTE_MS, self.free, self.because,
            self.flags, self.held, self.contractual, self.aadhaar, _unfit(self.fitness, new, start, close),
        )  # fmt: skip


class Planner:
    """Day plans of a world, remembered. Of another world, or when it changes, another planner."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._fitness: dict[bytes, OfficeFitness] = {}
        self._plans: dict[_Posting, dict[dt.date, DayPlan]] = {}

    def plans(self, span: ServiceSpan) -> dict[dt.date, DayPlan]:
        """The plans made so far for everybody posted like this; `plan` adds to them."""
        posting = (span.office, span.policy, span.rank, span.expected, span.counted, span.contractual, span.shift)
        return self._plans.setdefault(posting, {})

    def plan(self, span: ServiceSpan, day: dt.date, before: ServiceSpan | None, after: ServiceSpan | None) -> DayPlan:
        """What `day` asks of `span`; `before` and `after`: the postings of the days beside it, where others."""
        if before is None and after is None:
            known = self.plans(span)
            if day not in known:
                known[day] = self._make(span, day, span, span)
            return known[day]
        return self._make(span, day, before or span, after or span)

    def fitness(self, office: bytes) -> OfficeFitness:
        if office not in self._fitness:
            self._fitness[office] = OfficeFitness(self._office(office).fitness)
        return self._fitness[office]

    def _limits(self, span: ServiceSpan, day: dt.date, neighbour: bool = False) -> Limits:
        policy = self._world.policies.get(span.policy)
        if policy is None:
            raise FactsError(f"no policy {span.policy!r}; known: {', '.join(sorted(self._world.policies))}")
        return limits(policy.at(max(day, policy.since) if neighbour else day), self._shift(span, day))

    def _shift(self, span: ServiceSpan, day: dt.date) -> Shift | None:
        if span.shift is not None:
            return span.shift
        hours = self._office(span.office).hours
        return next((one.shift for one in hours if _in(one.since, one.until, day)), None)

    def _office(self, office: bytes) -> Office:
        try:
            return self._world.offices[office]
        except KeyError:
            raise FactsError(f"no office {office.hex()}; a posting must name one that exists") from None

    def _make(self, span: ServiceSpan, day: dt.date, before: ServiceSpan, after: ServiceSpan) -> DayPlan:
        office = self._office(span.office)
        here = self._limits(span, day)
        terms = here.terms
        midnight = midnight_ms(day, terms.offset_min)
        next_midnight = midnight_ms(day + dt.timedelta(days=1), terms.offset_min)
        begins = midnight + MINUTE_MS * boundary(self._limits(before, day - dt.timedelta(days=1), neighbour=True), here)
        over = next_midnight + MINUTE_MS * boundary(
            here, self._limits(after, day + dt.timedelta(days=1), neighbour=True)
        )
        start, close = midnight + here.start * MINUTE_MS, midnight + here.end * MINUTE_MS
        limit = midnight + here.late_after * MINUTE_MS
        life = _life(office.life, day)
        free, because = _free(office, span, day, life, here.shift)
        flags = 0
        if life is Life.TRIAL:
            flags |= int(DayFlag.TRIAL)
        if not span.counted:
            flags |= int(DayFlag.NOT_COUNTED)
        held = terms.ranks is None or terms.ranks.machine(span.rank)
        if not held:
            flags |= int(DayFlag.ABOVE_RANKS)
        fitness = self.fitness(span.office)
        return DayPlan(
            day, span.office, here, fitness, begins, over, midnight, start, close, limit, limit + here.late_step_ms,
            midnight + here.leave_from * MINUTE_MS, free, because, flags, held, span.contractual,
            terms.aadhaar is not None and terms.aadhaar.required, _unfit(fitness, here, start, close),
        )  # fmt: skip


def _unfit(fitness: OfficeFitness, here: Limits, start_ms: int, close_ms: int) -> bool:
    return fitness.unfit_ms(start_ms, close_ms) > here.terms.fitness.tolerate_min * MINUTE_MS


def _life(spans: tuple[LifeSpan, ...], day: dt.date) -> Life:
    for one in spans:
        if _in(one.since, one.until, day):
            return one.life
    return Life.MAPPED if spans else Life.LIVE


def _in(since: dt.date, until: dt.date | None, day: dt.date) -> bool:
    return since <= day and (until is None or day <= until)


def _free(
    office: Office, span: ServiceSpan, day: dt.date, life: Life, shift: Shift | None
) -> tuple[Status | None, tuple[tuple[str, str], ...]]:
    """Why nobody needs to come, if so: the posting, the office's life, its holidays, its week."""
    if not (span.expected and span.counted):
        return Status.NOT_EXPECTED, (("service", span.id),)
    if life in (Life.MAPPED, Life.CLOSED):
        return Status.NOT_EXPECTED, (("life", life.value),)
    if shift is not None and shift.every_day:
        return None, ()
    if day in office.calendar.holidays:
        return Status.HOLIDAY, (("holiday", office.calendar.holidays[day]),)
    if any(off.covers(day) for off in office.calendar.weekly):
        return Status.WEEKLY_OFF, (("weekly_off", str(day.isoweekday())),)
    return None, ()
