"""Two times: of what day a fact is, and when it became known. A sent report stays; what is learnt later amends it.

What must stay true here: what is known at a moment depends on the facts known by then, and on nothing else; so in
whatever order facts arrive, in the end the days and the deductions are the same. A correction is a fact with the same
key and a higher version, given by whoever corrects; when it arrived decides nothing.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby

from server.attendance import FactsError, lsa
from server.attendance.clock import DAY_MS, days_of, local_day, month_of
from server.attendance.deductions import Journal, MonthOfLates, propose
from server.attendance.deductions import Line as DeductionLine
from server.attendance.month import fold_days
from server.attendance.plan import Planner
from server.attendance.rules import Terms
from server.attendance.types import (
    Adjustment,
    AttendanceDay,
    Exemption,
    FitnessSpan,
    Leave,
    LifeSpan,
    Movement,
    OnDuty,
    PersonFacts,
    Punch,
    RegisterMark,
    ServiceSpan,
    World,
)


@dataclass(frozen=True, slots=True)
class Holiday:
    """A day off for an office, by order."""

    office: bytes
    day: dt.date
    name: str


@dataclass(frozen=True, slots=True)
class OfficeLife:
    """A part of an office's life, by order."""

    office: bytes
    span: LifeSpan


OfPerson = ServiceSpan | Punch | Leave | OnDuty | Movement | Adjustment | RegisterMark | Exemption
OfOffice = FitnessSpan | Holiday | OfficeLife


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that was learnt at `known_ms`. `key` is its name for ever, `version` counts its corrections; `value`
    None: withdrawn. `person` empty: of an office. `by`, `why`: for the amendment slip."""

    key: str
    version: int
    known_ms: int
    person: bytes
    value: OfPerson | OfOffice | None
    by: str = ""
    why: str = ""


def known(facts: Iterable[Fact], at_ms: int) -> dict[str, Fact]:
    """What was known at a moment: of every key the highest version that had arrived."""
    found: dict[str, Fact] = {}
    for fact in facts:
        if fact.known_ms <= at_ms:
            other = found.get(fact.key)
            if other is None or _rank(fact) > _rank(other):
                found[fact.key] = fact
    return found


def _rank(fact: Fact) -> tuple[int, str]:
    return (fact.version, repr(fact.value))  # two versions of one number should not be; if so, the same one wins always


def world_of(base: World, facts: Mapping[str, Fact]) -> World:
    """The world with what is known of offices added."""
    offices = dict(base.offices)
    for key in sorted(facts):
        value = facts[key].value
        if isinstance(value, Holiday | OfficeLife | FitnessSpan):
            office = offices.get(value.office)
            if office is None:
                raise FactsError(f"{key}: no office {value.office.hex()}")
            if isinstance(value, FitnessSpan):
                office = replace(office, fitness=(*office.fitness, value))
            elif isinstance(value, OfficeLife):
                office = replace(office, life=(*office.life, value.span))
            else:
                holidays = {**office.calendar.holidays, value.day: value.name}
                office = replace(office, calendar=replace(office.calendar, holidays=holidays))
            offices[value.office] = office
    return World(base.policies, offices)


def people_of(facts: Mapping[str, Fact]) -> list[PersonFacts]:
    """Everything known of people, by person."""
    mine = sorted((fact for fact in facts.values() if fact.person), key=lambda fact: (fact.person, fact.key))
    return [_person(person, [fact.value for fact in group]) for person, group in groupby(mine, lambda one: one.person)]


def _person(person: bytes, values: list[OfPerson | OfOffice | None]) -> PersonFacts:
    return PersonFacts(
        person,
        spans=tuple(one for one in values if isinstance(one, ServiceSpan)),
        punches=tuple(one for one in values if isinstance(one, Punch)),
        leaves=tuple(one for one in values if isinstance(one, Leave)),
        duties=tuple(one for one in values if isinstance(one, OnDuty)),
        movements=tuple(one for one in values if isinstance(one, Movement)),
        adjustments=tuple(one for one in values if isinstance(one, Adjustment)),
        register=tuple(one for one in values if isinstance(one, RegisterMark)),
        exemptions=tuple(one for one in values if isinstance(one, Exemption)),
    )


Days = dict[tuple[bytes, dt.date], AttendanceDay]


def fold(base: World, facts: Iterable[Fact], month: str, at_ms: int) -> Days:
    """Every day of a month as it was known at a moment. Raises FactsError, PolicyError."""
    found = known(facts, at_ms)
    planner = Planner(world_of(base, found))
    return {
        (one.person, one.day): one
        for person in people_of(found)
        for one in fold_days(planner, person, days_of(month), at_ms)
    }


# ── reports and their amendments ──


@dataclass(frozen=True, slots=True)
class Report:
    """A month as it was sent: frozen. `version` 1 is as first sent; each amendment slip makes the next (R2.5)."""

    month: str
    version: int
    sent_ms: int
    days: Days


@dataclass(frozen=True, slots=True)
class Change:
    """One day that is other than was reported, and the facts learnt since that bear on it. `before` or `after` None:
    the person was, or is, not in the report."""

    person: bytes
    day: dt.date
    before: AttendanceDay | None
    after: AttendanceDay | None
    causes: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Reopened:
    """A day on which late sitting counts now and did not before: it may be claimed until then in spite of R3.8."""

    person: bytes
    day: dt.date
    until: dt.date


@dataclass(frozen=True, slots=True)
class AmendmentSlip:
    """What the sent report `amends` says otherwise now."""

    month: str
    amends: int
    made_ms: int
    changes: tuple[Change, ...]
    deductions: tuple[DeductionLine, ...]
    reopened: tuple[Reopened, ...]
    report: Report


def freeze(base: World, facts: Iterable[Fact], month: str, sent_ms: int) -> Report:
    """The report of a month as known now. Raises FactsError, PolicyError."""
    return Report(month, 1, sent_ms, fold(base, facts, month, sent_ms))


def amend(
    report: Report,
    base: World,
    facts: Iterable[Fact],
    at_ms: int,
    journal: Journal | None = None,
    balances: Mapping[bytes, Mapping[str, int]] | None = None,
) -> AmendmentSlip | None:
    """What has changed since a report was sent; None: nothing that it says.

    With a `journal`, deductions that have become wrong are reversed and new ones proposed in it; `balances` are half
    days of leave before any deduction of the month. Raises FactsError, PolicyError, NotOverError.
    """
    facts = list(facts)
    days = fold(base, facts, report.month, at_ms)
    news = [fact for fact in facts if report.sent_ms < fact.known_ms <= at_ms]
    versions: dict[str, list[Fact]] = {}
    for fact in facts:
        versions.setdefault(fact.key, []).append(fact)
    changes = tuple(
        Change(person, day, before, after, _causes(news, versions, person, day, after or before))
        for person, day in sorted(report.days.keys() | days.keys())
        if _outcome(before := report.days.get((person, day))) != _outcome(after := days.get((person, day)))
    )
    if not changes:
        return None
    lines: list[DeductionLine] = []
    if journal is not None:
        why = f"amendment {report.version} of {report.month}"
        for person in sorted({change.person for change in changes}):
            month = lates(days, person, (balances or {}).get(person, {}), at_ms)
            lines += journal.settle(month, at_ms, why) if month is not None else []
    return AmendmentSlip(
        report.month, report.version, at_ms, changes, tuple(lines), tuple(_reopened(changes, at_ms)),
        Report(report.month, report.version + 1, at_ms, days),
    )  # fmt: skip


def lates(days: Days, person: bytes, balance: Mapping[str, int], at_ms: int, carried: int = 0) -> MonthOfLates | None:
    """One person's month out of a fold, with the deductions it comes to; None: not in it. Raises NotOverError."""
    mine = [day for (who, _), day in sorted(days.items()) if who == person]
    terms = next((day.limits.terms for day in mine if day.limits), None)
    if terms is None:
        return None
    return propose(mine, balance, local_day(at_ms, terms.offset_min), carried)


def _outcome(day: AttendanceDay | None) -> tuple[object, ...] | None:
    return None if day is None else day.outcome


def _causes(
    news: list[Fact], versions: Mapping[str, list[Fact]], person: bytes, day: dt.date, seen: AttendanceDay | None
) -> tuple[Fact, ...]:
    """The facts learnt since that bear on a day in any of their versions: a punch may have been moved away from it."""
    terms = seen.limits.terms if seen is not None and seen.limits else None
    office = seen.office if seen is not None else b""
    found = [fact for fact in news if any(_bears(one, person, office, day, terms) for one in versions[fact.key])]
    return tuple(sorted(found, key=lambda fact: (fact.known_ms, fact.key, fact.version)))


def _bears(fact: Fact, person: bytes, office: bytes, day: dt.date, terms: Terms | None) -> bool:
    value = fact.value
    if isinstance(value, Holiday):
        return value.office == office and value.day == day
    if isinstance(value, OfficeLife):
        return value.office == office
    offset = terms.offset_min if terms else 0
    if isinstance(value, FitnessSpan):
        first, last = local_day(value.low_ms, offset), local_day(value.high_ms, offset)
        return value.office == office and first <= day <= last
    if fact.person != person:
        return False
    match value:
        case Punch(low_ms=low, high_ms=high):
            if low is None or high is None:
                return True
            return local_day(low - DAY_MS, offset) <= day <= local_day(high, offset)
        case Leave() | OnDuty():
            return value.since <= day <= value.until
        case Adjustment() | RegisterMark():
            return value.day == day
        case Movement(out_ms=out):
            return local_day(out, offset) == day
        case ServiceSpan() | Exemption():
            return True  # they may bear on any day
        case None:
            return False


def _reopened(changes: Iterable[Change], at_ms: int) -> Iterable[Reopened]:
    for change in changes:
        before, after = change.before, change.after
        if after is None or after.limits is None or after.limits.terms.lsa is None:
            continue
        if not lsa.sat_late(after)[1] and (before is None or lsa.sat_late(before)[1]):
            rule = after.limits.terms.lsa
            learnt = month_of(local_day(at_ms, after.limits.terms.offset_min))
            yield Reopened(change.person, change.day, lsa.claim_until(learnt, rule))
