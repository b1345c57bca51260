"""A policy in plain sentences, with both sides of each limit, so that whoever gave the order can check it.

The sides are not written here: they are what the engine makes of a made-up employee's punches on them.
"""

import datetime as dt
from collections.abc import Iterator, Sequence

from server.attendance import lsa
from server.attendance.clock import days_of, hhmm, midnight_ms, month_of, next_month
from server.attendance.deductions import propose
from server.attendance.limits import limits
from server.attendance.month import fold_days
from server.attendance.phrases import PHRASES, Language
from server.attendance.plan import Planner
from server.attendance.rules import Deduction, Granularity, Lsa, Policy, Row, Terms
from server.attendance.types import (
    AttendanceDay,
    Calendar,
    DayFlag,
    FitnessSpan,
    Office,
    PersonFacts,
    Punch,
    PunchId,
    ServiceSpan,
    WeeklyOff,
    World,
)

_OFFICE = bytes(8)
_FOR_EVER_MS = 1 << 53
_SUNDAY = 7

Entry = tuple[str, str, str]
"""A rule, what it says, and which circular says so; or "", one side of its limit, and what becomes of it."""


def explain(policy: Policy, language: Language = "en") -> str:
    """The policy as a text of one table for each time its rules changed."""
    say = _Sayer(language)
    parts = [policy.title_hi if language == "hi" else policy.title]
    for place, (start, terms) in enumerate(zip(policy.starts, policy.terms, strict=True)):
        ends = policy.starts[place + 1] - dt.timedelta(days=1) if place + 1 < len(policy.starts) else None
        heading = say("from_until", since=f"{start}", until=f"{ends}") if ends else say("from_on", since=f"{start}")
        parts.append(f"{heading}  ({terms.version})\n{_table(list(_entries(policy, start, terms, say)))}")
    return "\n\n".join(parts)


class _Sayer:
    def __init__(self, language: Language) -> None:
        self._place = 0 if language == "en" else 1

    def __call__(self, code: str, **values: object) -> str:
        return PHRASES[code][self._place].format(**values)


def _entries(policy: Policy, start: dt.date, terms: Terms, say: _Sayer) -> Iterator[Entry]:
    trial = _Trial(policy, start, terms)
    yield from _time_rules(terms, trial, say)
    if terms.deduction is not None:
        yield from _deduction(terms.deduction, trial, say)
    else:
        yield say("deduction"), say("deduction_none"), ""
    if terms.lsa is not None:
        yield from _allowance(terms, terms.lsa, trial, say)


def _time_rules(terms: Terms, trial: "_Trial", say: _Sayer) -> Iterator[Entry]:
    h, here = terms.hours, limits(terms, None)
    text = "hours_break" if h.break_end else "hours_only"
    span = {"start": hhmm(h.start), "end": hhmm(h.end), "b1": hhmm(h.break_start), "b2": hhmm(h.break_end)}
    yield say("hours"), say(text, **span), _source(h)
    yield say("late"), say("late_after", limit=hhmm(here.late_after), grace=terms.late.grace_min), _source(terms.late)
    step = 59 if terms.late.granularity is Granularity.MINUTE else 0
    limit_s = here.late_after * 60
    for second in (limit_s, limit_s + step, limit_s + step + 1):
        yield "", say("first_in", time=_hms(second)), _lateness(trial.day(second, h.end * 60), say)
    yield say("early"), say("early_before", limit=hhmm(here.leave_from)), _source(terms.early)
    for second in (here.leave_from * 60 - 1, here.leave_from * 60):
        yield "", say("last_out", time=_hms(second)), _earliness(trial.day(h.start * 60, second), say)
    if terms.ranks is not None:
        r = terms.ranks
        yield say("ranks"), say("ranks_upto", machine=r.machine_upto, register=r.register_upto), _source(r)
    if terms.presence is not None:
        p = terms.presence
        yield say("presence"), say("presence_of", full=p.full_min, half=p.half_min), _source(p)
    if terms.aadhaar is not None:
        text = "aadhaar_asked" if terms.aadhaar.required else "aadhaar_free"
        yield say("aadhaar"), say(text), _source(terms.aadhaar)
    f = terms.fitness
    yield say("fitness"), say("fitness_of", tolerate=f.tolerate_min, lead=f.lead_min), _source(f)


def _deduction(rule: Deduction, trial: "_Trial", say: _Sayer) -> Iterator[Entry]:
    counted = say("and_").join(say(f"counts_{one}") for one in rule.counts)
    order = " → ".join(rule.order)
    text = say("deduct", take=f"{rule.take_days:g}", every=rule.every, counts=counted, order=order)
    yield say("deduction"), f"{text}; {say(f'window_{rule.window}')}", _source(rule)
    if rule.condone:
        yield "", say("condone", times=rule.condone, upto=rule.condone_upto_min), ""
    if rule.pool_min:
        yield "", say("pool", total=rule.pool_min, day=rule.pool_day_min), ""
    first = rule.every + rule.condone + (rule.pool_min // rule.pool_day_min if rule.pool_day_min else 0)
    for days in sorted({first - 1, first, first + rule.every - 1, first + rule.every}):
        minutes = rule.pool_day_min or 10
        yield "", say("late_days", days=days, min=minutes), say("taken", leave=f"{trial.taken(days, minutes):g}")
    yield "", say("repeat", days=rule.repeat_from), ""
    yield "", say("confirm", day=rule.confirm_by_day), ""


def _allowance(terms: Terms, rule: Lsa, trial: "_Trial", say: _Sayer) -> Iterator[Entry]:
    start = terms.hours.start
    yield say("lsa"), say(f"lsa_from_{rule.late_from}", until=hhmm(rule.work_until)), _source(rule)
    for came in (start, start + 40):
        needed = lsa.sat_late(trial.day(came * 60, 86_399))[0] or 0
        for left in (needed - 1, needed):
            missing = lsa.sat_late(trial.day(came * 60, left * 60))[1]
            yield "", say("in_out", came=hhmm(came), left=hhmm(left)), say("lsa_no" if missing else "lsa_yes")
    for stayed in (rule.holiday_min - 1, rule.holiday_min):
        missing = lsa.sat_late(trial.day(start * 60, (start + stayed) * 60, off=True))[1]
        told = f"{stayed // 60}:{stayed % 60:02}"
        yield "", say("holiday_for", time=told), say("lsa_no" if missing else "lsa_yes")
    month = month_of(trial.month[0])
    yield "", say("claim", month=month), say("claim_until", day=lsa.claim_until(month, rule))
    for asked in ("approval", "certificate", "aadhaar_only"):
        if getattr(rule, asked):
            yield "", say(f"lsa_{asked}"), ""
    for group, rate in sorted(terms.rates.items()):
        yield say("rate", group=group), say("rate_of", working=rate.working, holiday=rate.holiday), _source(rate)
        pairs = [f"{band} {pay}" for (band, pay), row in terms.groups.items() if row.group == group]
        yield "", ", ".join(pairs), ""
    for (group, post), cap in sorted(terms.caps.items()):
        yield say("cap", group=f"{group} {post}".strip()), say("cap_of", days=cap.days, more=cap.days + 1), _source(cap)


class _Trial:
    """A made-up employee in a made-up office whose terminals are always fit, in the first whole month of the rules."""

    def __init__(self, policy: Policy, start: dt.date, terms: Terms) -> None:
        self._terms = terms
        week = Calendar(weekly=(WeeklyOff(dt.date.min, None, frozenset({_SUNDAY})),))
        fit = (FitnessSpan("", _OFFICE, 0, _FOR_EVER_MS),)
        # The rules of one time are laid out for ever, so that even those of two weeks can be tried on a whole month.
        alone = Policy(policy.name, "", "", dt.date.min, (), (dt.date.min,), (terms,))
        self._planner = Planner(World({policy.name: alone}, {_OFFICE: Office(_OFFICE, "", week, (), fit)}))
        self._span = ServiceSpan(dt.date.min, None, _OFFICE, policy.name)
        first = start if start.day == 1 else next_month(start)
        self.month = days_of(month_of(first))
        self._works = [day for day in self.month if day.isoweekday() != _SUNDAY]

    def day(self, in_s: int, out_s: int, off: bool = False) -> AttendanceDay:
        """One day with an arrival and a departure, in seconds after midnight; `off`: a Sunday."""
        on = next(day for day in self.month if (day.isoweekday() == _SUNDAY) is off)
        return self._fold([(on, in_s, out_s)], [on])[0]

    def taken(self, late_days: int, minutes: int) -> float:
        """Days of leave proposed for a month with so many late days of so many minutes, with leave to spare."""
        rule = self._terms.deduction
        if rule is None:
            return 0
        came = limits(self._terms, None).late_after * 60 + minutes * 60
        left = self._terms.hours.end * 60
        marks = [(day, came, left) for day in self._works[:late_days]]
        balance = dict.fromkeys(rule.order, 1000)
        found = propose(self._fold(marks, self.month), balance, next_month(self.month[0]))
        return sum(one.halves for one in found.proposals) / 2

    def _fold(self, marks: Sequence[tuple[dt.date, int, int]], days: Sequence[dt.date]) -> list[AttendanceDay]:
        punches: list[Punch] = []
        for place, (day, *seconds) in enumerate(marks):
            midnight = midnight_ms(day, self._terms.offset_min)
            for turn, second in enumerate(seconds):
                at = midnight + second * 1000
                punches.append(Punch(PunchId("trial", b"", 2 * place + turn), at, at, _OFFICE))
        facts = PersonFacts(bytes(8), (self._span,), tuple(punches))
        return list(fold_days(self._planner, facts, days))


def _lateness(day: AttendanceDay, say: _Sayer) -> str:
    return say("is_late", min=day.late_min) if day.has(DayFlag.LATE) else say("is_in_time")


def _earliness(day: AttendanceDay, say: _Sayer) -> str:
    return say("is_early", min=day.early_min) if day.has(DayFlag.LEFT_EARLY) else say("is_stayed")


def _source(row: Row) -> str:
    return f"{row.source} (line {row.line})" if row.line else row.source


def _hms(second: int) -> str:
    return f"{hhmm(second // 60)}:{second % 60:02}"


def _table(entries: list[Entry]) -> str:
    """A rule and under it its source; a side of a limit under its rule, and after an arrow what becomes of it."""
    wide = max(len(rule) for rule, _, _ in entries)
    sides = max((len(text) for rule, text, rest in entries if not rule and rest), default=0)
    lines = []
    for rule, text, rest in entries:
        margin = f"  {rule:<{wide}}  "
        lines.append(f"{margin}{text:<{sides}} → {rest}" if not rule and rest else margin + text)
        if rule and rest:
            lines.append(" " * len(margin) + f"[{rest}]")
    return "\n".join(lines)
