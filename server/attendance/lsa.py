"""Late Sitting Allowance: which claimed day is paid, by which two punches, and why another is not (R3.1 to R3.9).

The engine pays nothing by itself: PAY means that every condition of the circulars is met, VERIFY that they are by what
the person says or a doubtful clock, DECIDE that no circular answers.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from server.attendance import ClaimError
from server.attendance.clock import MINUTE_MS, days_of, financial_year, hhmm, local_day, midnight_ms, month_of
from server.attendance.rules import LateFrom, Lsa, LsaGroup, LsaRate, Policy, Terms
from server.attendance.types import AttendanceDay, DayFlag, Punch, Status
from sync.record import SourceClass


@dataclass(frozen=True, slots=True)
class Claimant:
    """`post`: as the caps name it, "head_office", "staff_car_driver" or "". `group` only where no pay band decides
    (group D). `sanctioned`: days a year, where no circular gives a cap and an authority did."""

    person: bytes
    pay_band: str
    grade_pay: int
    post: str = ""
    contractual: bool = False
    group: str = ""
    sanctioned: int | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """The sanctioning authority agreed beforehand, for this day and this work (R3.6)."""

    day: dt.date
    approved_ms: int
    by: str
    work: str


@dataclass(frozen=True, slots=True)
class Claim:
    """Days of one month. `certificate`: that the work was completed is enclosed (R3.7)."""

    person: bytes
    days: tuple[dt.date, ...]
    submitted_ms: int
    certificate: bool


class Outcome(StrEnum):
    PAY = "pay"
    VERIFY = "verify"
    DECIDE = "decide"
    REFUSE = "refuse"


class Reason(StrEnum):
    """Why a line is not simply paid."""

    WINDOW = "window"  # claimed after the succeeding month
    NO_RULE = "no_rule"  # no allowance was in force that day
    TWICE = "twice"  # claimed and paid before
    NO_DAY = "no_day"
    NOT_PRESENT = "not_present"
    NOT_COUNTED = "not_counted"
    CONTRACTUAL = "contractual"
    NO_AADHAAR = "no_aadhaar"
    PUNCH_MISSING = "punch_missing"
    LEFT_BEFORE = "left_before"
    TOO_SHORT = "too_short"
    NO_APPROVAL = "no_approval"
    APPROVED_LATE = "approved_late"
    NO_WORK = "no_work"
    CAP = "cap"
    NO_CAP = "no_cap"
    NO_RATE = "no_rate"
    MANUAL = "manual"
    SUPERVISED = "supervised"
    UNSIGNED = "unsigned"
    CLOCK = "clock"
    HALF_DAY = "half_day"
    TRIAL = "trial"


_DECIDE = {Reason.NO_CAP, Reason.NO_RATE}
_VERIFY = {Reason.MANUAL, Reason.SUPERVISED, Reason.UNSIGNED, Reason.CLOCK, Reason.HALF_DAY, Reason.TRIAL}


@dataclass(frozen=True, slots=True)
class Line:
    """One claimed day. `needed_min`: until when one had to stay (minute of the day), or on a holiday for how many
    minutes. `first`, `last`: the two punches it rests on (R3.9). `number`: which paid day of the year it is."""

    day: dt.date
    outcome: Outcome
    rupees: int
    holiday: bool
    group: str
    needed_min: int | None
    first: Punch | None
    last: Punch | None
    number: int | None
    reasons: tuple[Reason, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """`rupees` is what can be paid at once. `left` days remain of the year's cap after it; None: no cap is known."""

    person: bytes
    month: str
    lines: tuple[Line, ...]
    rupees: int
    left: int | None


def group_of(claimant: Claimant, terms: Terms) -> str:
    """By pay band and grade pay together: 5400 is A in PB-3 and B in PB-2 (R3.2). Raises ClaimError."""
    if claimant.group:
        return claimant.group
    row = terms.groups.get((claimant.pay_band, claimant.grade_pay))
    if row is None:
        known = ", ".join(sorted({band for band, _ in terms.groups}))
        raise ClaimError(
            f"no group for pay band {claimant.pay_band!r} with grade pay {claimant.grade_pay}; "
            f"correct the service record, or add an [[lsa_group]] row (pay bands known: {known or 'none'})"
        )
    return row.group


def cap_of(group: str, claimant: Claimant, terms: Terms) -> int | None:
    """Days in a financial year; None: no circular says, so a sanction is asked for (R3.3)."""
    for key in (("", claimant.post), (group, claimant.post), (group, "")):
        if key in terms.caps and key != ("", ""):
            return terms.caps[key].days
    return claimant.sanctioned


def claim_until(month: str, rule: Lsa) -> dt.date:
    """The last day on which days of a month can be claimed (R3.8)."""
    last = days_of(month)[-1]
    for _ in range(rule.claim_months):
        last = days_of(month_of(last + dt.timedelta(days=1)))[-1]
    return last


def judge(
    claim: Claim,
    claimant: Claimant,
    days: Mapping[dt.date, AttendanceDay],
    approvals: Sequence[Approval],
    policy: Policy,
    paid: Collection[dt.date] = (),
    reopened: Mapping[dt.date, dt.date] | None = None,
) -> Judgement:
    """Judge every day of a claim. `paid`: days paid before, of any year. `reopened`: days that an amendment
    made eligible, and until when they may be claimed in spite of R3.8. Raises ClaimError where nothing can be judged.
    """
    month = _month(claim, policy)
    used = {day for day in paid if financial_year(day) == financial_year(claim.days[0])}
    number = len(used)
    lines: list[Line] = []
    cap: int | None = None
    for day in sorted(claim.days):
        terms = policy.at(day)
        rule = terms.lsa
        if rule is None:
            lines.append(Line(day, Outcome.REFUSE, 0, False, "", None, None, None, None, (Reason.NO_RULE,), ""))
            continue
        group = group_of(claimant, terms)
        cap = cap_of(group, claimant, terms)
        until = max(claim_until(month, rule), (reopened or {}).get(day, day))
        early = [Reason.TWICE] if day in used else []
        if local_day(claim.submitted_ms, terms.offset_min) > until:
            early.append(Reason.WINDOW)
        mine = [one for one in approvals if one.day == day]
        line = _line(claimant, group, terms, rule, day, days.get(day), mine, early)
        if line.outcome is not Outcome.REFUSE:
            line = _capped(line, cap, number + 1)
            number += line.outcome is not Outcome.REFUSE
        lines.append(line)
    rupees = sum(line.rupees for line in lines if line.outcome is Outcome.PAY)
    return Judgement(claim.person, month, tuple(lines), rupees, None if cap is None else max(0, cap - number))


def _month(claim: Claim, policy: Policy) -> str:
    """What makes a claim one that can be taken at all."""
    if not claim.days or len(set(claim.days)) < len(claim.days):
        raise ClaimError("a claim names each of its days once, and at least one")
    months = sorted({month_of(day) for day in claim.days})
    if len(months) > 1:
        raise ClaimError(f"a claim is of one month, this one of {' and '.join(months)}; make one for each")
    rule = policy.at(max(claim.days)).lsa
    if rule is not None and rule.certificate and not claim.certificate:
        raise ClaimError("enclose the certificate that the work of the late sitting was completed")
    return months[0]


def _line(
    claimant: Claimant,
    group: str,
    terms: Terms,
    rule: Lsa,
    day: dt.date,
    found: AttendanceDay | None,
    approvals: Sequence[Approval],
    reasons: list[Reason],
) -> Line:
    needed: int | None = None
    holiday = found is not None and found.status in (Status.HOLIDAY, Status.WEEKLY_OFF)
    if found is None:
        reasons.append(Reason.NO_DAY)
    else:
        reasons += _person_and_marks(claimant, rule, found)
        needed, more = sat_late(found)
        reasons += more
        reasons += _approved(approvals, found, holiday, terms) if rule.approval else []
    rate = terms.rates.get(group)
    if rate is None:
        reasons.append(Reason.NO_RATE)
    rupees = 0 if rate is None else _amount(rate, holiday)
    return Line(
        day, _outcome(reasons), rupees, holiday, group, needed, found.first if found else None,
        found.last if found else None, None, tuple(dict.fromkeys(reasons)), _sources(terms, claimant, rate),
    )  # fmt: skip


def _person_and_marks(claimant: Claimant, rule: Lsa, day: AttendanceDay) -> list[Reason]:
    """R2.8, R3.9, R6.2, R6.7: who may be paid, and what vouches for it."""
    reasons = []
    if claimant.contractual:
        reasons.append(Reason.CONTRACTUAL)
    if day.has(DayFlag.NOT_COUNTED):
        reasons.append(Reason.NOT_COUNTED)
    if day.has(DayFlag.TRIAL):
        reasons.append(Reason.TRIAL)
    if day.has(DayFlag.HALF_LEAVE) or day.has(DayFlag.HALF_DUTY):
        reasons.append(Reason.HALF_DAY)
    if rule.aadhaar_only and day.has(DayFlag.NO_AADHAAR_MARK):
        reasons.append(Reason.NO_AADHAAR)
    for punch in (day.first, day.last):
        if punch is not None:
            reasons += _vouched(punch, rule)
    return reasons


def _vouched(punch: Punch, rule: Lsa) -> list[Reason]:
    if not punch.id.terminal:
        return [Reason.MANUAL]
    reasons = []
    if punch.source_class is SourceClass.SUPERVISED:
        reasons.append(Reason.SUPERVISED)
    elif rule.aadhaar_only and punch.source_class is not SourceClass.AADHAAR_TERMINAL:
        reasons.append(Reason.NO_AADHAAR)
    if not punch.signed:
        reasons.append(Reason.UNSIGNED)
    known = punch.low_ms is not None and punch.high_ms is not None
    wide = punch.low_ms is None or punch.high_ms is None or punch.high_ms - punch.low_ms > 2000 * rule.clock_bound_s
    if not known or wide or punch.disputed:
        reasons.append(Reason.CLOCK)
    return reasons


def sat_late(day: AttendanceDay) -> tuple[int | None, list[Reason]]:
    """What a day asked for, and what of it is missing by the clock (R3.4, R3.5). Minutes as the slip shows them.

    On a working day the minute until which one had to stay; on a holiday, how many minutes.
    """
    if day.status not in (Status.PRESENT, Status.HOLIDAY, Status.WEEKLY_OFF):
        return None, [Reason.NOT_PRESENT]
    rule = day.limits.terms.lsa if day.limits else None
    if day.limits is None or rule is None:
        return None, [Reason.NO_RULE]
    if day.first_low_ms is None or day.first_high_ms is None or day.last_low_ms is None or day.last_high_ms is None:
        return None, [Reason.PUNCH_MISSING]
    midnight = midnight_ms(day.day, day.limits.terms.offset_min)
    came = [(ms - midnight) // MINUTE_MS for ms in (day.first_low_ms, day.first_high_ms)]
    left = [(ms - midnight) // MINUTE_MS for ms in (day.last_high_ms, day.last_low_ms)]
    if day.status is not Status.PRESENT:
        stayed = [out - into - _rest(day, rule, into, out) for into, out in zip(came, left, strict=True)]
        return rule.holiday_min, _short(stayed[0], stayed[1], rule.holiday_min, Reason.TOO_SHORT)
    base = day.limits.start if rule.late_from is LateFrom.START else day.limits.late_after
    needed = [rule.work_until + max(0, into - base - rule.late_grace_min) for into in came]
    return needed[0], _short(left[0] - needed[0], left[1] - needed[1], 0, Reason.LEFT_BEFORE)


def _short(best: int, worst: int, needed: int, reason: Reason) -> list[Reason]:
    """Surely not, surely, or a clock that cannot say."""
    if best < needed:
        return [reason]
    return [Reason.CLOCK] if worst < needed else []


def _rest(day: AttendanceDay, rule: Lsa, came: int, left: int) -> int:
    if not rule.holiday_less_break or day.limits is None:
        return 0
    hours = day.limits.terms.hours
    return max(0, min(left, hours.break_end) - max(came, hours.break_start))


def _approved(approvals: Sequence[Approval], day: AttendanceDay, holiday: bool, terms: Terms) -> list[Reason]:
    """Before the late sitting began: closing time, or on a holiday the first punch (R3.6)."""
    if not approvals:
        return [Reason.NO_APPROVAL]
    end = day.limits.end if day.limits else terms.hours.end
    begins = midnight_ms(day.day, terms.offset_min) + end * MINUTE_MS
    if holiday and day.first_high_ms is not None:
        begins = day.first_high_ms
    in_time = [one for one in approvals if one.approved_ms < begins]
    if not in_time:
        return [Reason.APPROVED_LATE]
    return [] if any(one.work.strip() for one in in_time) else [Reason.NO_WORK]


def _capped(line: Line, cap: int | None, number: int) -> Line:
    """The 150th day is paid, the 151st is not (R3.3)."""
    reasons = line.reasons
    if cap is None:
        reasons = (*reasons, Reason.NO_CAP)
    elif number > cap:
        reasons = (*reasons, Reason.CAP)
    outcome = _outcome(reasons)
    counted = None if outcome is Outcome.REFUSE else number
    return Line(
        line.day, outcome, line.rupees, line.holiday, line.group, line.needed_min, line.first, line.last, counted,
        reasons, line.source,
    )  # fmt: skip


def _outcome(reasons: Collection[Reason]) -> Outcome:
    if any(reason not in _DECIDE and reason not in _VERIFY for reason in reasons):
        return Outcome.REFUSE
    if any(reason in _DECIDE for reason in reasons):
        return Outcome.DECIDE
    return Outcome.VERIFY if reasons else Outcome.PAY


def _amount(rate: LsaRate, holiday: bool) -> int:
    return rate.holiday if holiday else rate.working


def _sources(terms: Terms, claimant: Claimant, rate: LsaRate | None) -> str:
    row: LsaGroup | None = terms.groups.get((claimant.pay_band, claimant.grade_pay))
    named = [one.source for one in (terms.lsa, rate, row) if one is not None]
    return "; ".join(dict.fromkeys(named))


def told(line: Line) -> str:
    """The time that was needed, as "20:10" or "4:00 h"; empty where none was."""
    if line.needed_min is None:
        return ""
    return f"{line.needed_min // 60}:{line.needed_min % 60:02} h" if line.holiday else hhmm(line.needed_min)
