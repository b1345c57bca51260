"""One person, one work date: punches and rules in, what is said of the day out.

What must stay true here: the order of the punches is of no importance; a doubt is never held against the person (a
clock's bound on both sides of a limit, a terminal that was not fit, a punch that may be of another day); nobody is
late or absent on a day off, on leave, on duty elsewhere, above the ranks, or in an office on trial.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from server.attendance.clock import MINUTE_MS
from server.attendance.plan import DayPlan
from server.attendance.types import (
    Act,
    Adjustment,
    AttendanceDay,
    DayFlag,
    Exemption,
    Half,
    Leave,
    Movement,
    OnDuty,
    Punch,
    PunchId,
    RegisterMark,
    Status,
)
from sync.record import Flag, Kind, Means, SourceClass

# Members of an IntFlag cost a microsecond to join, and this runs for millions of days: plain numbers inside.
F = {flag.name: int(flag) for flag in DayFlag}
_LATE, _LATE_UNCERTAIN, _LATE_UNFIT = F["LATE"], F["LATE_UNCERTAIN"], F["LATE_UNFIT"]
_EARLY, _EARLY_UNCERTAIN, _EARLY_UNFIT = F["LEFT_EARLY"], F["EARLY_UNCERTAIN"], F["EARLY_UNFIT"]
_OUT_MISSING, _IN_MISSING, _DUPLICATE = F["OUT_MISSING"], F["IN_MISSING"], F["DUPLICATE"]
_SEVERAL, _ELSEWHERE, _NO_AADHAAR = F["SEVERAL_TERMINALS"], F["ELSEWHERE"], F["NO_AADHAAR_MARK"]
_SUPERVISED, _LEGACY, _DISPUTED = F["SUPERVISED"], F["LEGACY"], F["CLOCK_DISPUTED"]
_MOVEMENT_OPEN, _WENT = F["MOVEMENT_OPEN"], F["WENT_ON_DUTY"]
_NONE = Flag.NONE
_HALVES = {Half.FORENOON, Half.AFTERNOON}
_OUT, _MOVED_OUT, _MOVED_IN, _ON_DUTY = Kind.OUT, Kind.MOVEMENT_OUT, Kind.MOVEMENT_IN, Kind.ON_DUTY
_AADHAAR, _LEGACY_CLASS, _SUPERVISED_CLASS = (
    SourceClass.AADHAAR_TERMINAL, SourceClass.LEGACY_TERMINAL, SourceClass.SUPERVISED,
)  # fmt: skip


@dataclass(slots=True)
class Extra:
    """What else is known of one person's day. Most days have none."""

    leaves: list[Leave]
    duties: list[OnDuty]
    adjustments: list[Adjustment]
    register: list[RegisterMark]
    movements: list[Movement]
    exemption: Exemption | None = None


@dataclass(slots=True)
class _Marks:
    """The punches of a day, read: when the person came and left, and what is odd about it."""

    first: Punch | None
    last: Punch | None
    first_low: int | None
    first_high: int | None
    last_low: int | None
    last_high: int | None
    flags: int


def fold_day(
    person: bytes,
    plan: DayPlan,
    marks: Sequence[Punch] = (),
    maybe: Sequence[Punch] = (),
    extra: Extra | None = None,
    as_of_ms: int | None = None,
) -> AttendanceDay:
    """What is said of the day. `marks` are surely of it, in the order of `high_ms`; `maybe` may be of another day.

    `as_of_ms`: what is known now is of then, and the day may not be over; None: it is.
    """
    if extra is not None:
        return _fold_extra(person, plan, marks, maybe, extra, as_of_ms)
    if plan.free is not None:
        return _unasked(person, plan, plan.free, marks, plan.because, 0)
    if not marks:
        return _nobody_came(person, plan, maybe, None, as_of_ms)
    return _came(person, plan, marks, maybe, plan.because, 0, as_of_ms)


def _fold_extra(
    person: bytes, plan: DayPlan, marks: Sequence[Punch], maybe: Sequence[Punch], extra: Extra, as_of_ms: int | None
) -> AttendanceDay:
    """The same, where there is leave, duty, an adjustment, a register or an exemption."""
    marks, maybe, given, flags, acts = _adjusted(plan, marks, maybe, extra.adjustments)
    because = plan.because + given
    if plan.free is Status.NOT_EXPECTED:
        return _unasked(person, plan, plan.free, marks, because, flags)
    away: list[tuple[Status, Half, str]] = [(Status.ON_DUTY, one.half, one.id) for one in extra.duties]
    away += [(Status.ON_LEAVE, one.half, f"{one.kind} {one.id}".strip()) for one in extra.leaves]
    whole = {half for _, half, _ in away} >= _HALVES  # two halves, perhaps of two kinds, are a day
    for status, half, name in away:
        if half is Half.FULL or whole:
            # Duty may be done on a holiday; leave is not spent on one.
            free = plan.free if status is Status.ON_LEAVE else None
            return _unasked(person, plan, free or status, marks, (*because, (status.value, name)), flags)
        plan = plan.with_half(half)
        because = (*because, (f"{status.value}_{half.value}", name))
        flags |= F["HALF_DUTY"] if status is Status.ON_DUTY else F["HALF_LEAVE"]
    if plan.free is not None:
        return _unasked(person, plan, plan.free, marks, because, flags)
    if extra.exemption is not None:
        because = (*because, ("exempt", extra.exemption.id))
        plan = replace(plan, held=False)
        flags |= F["REVIEW_DUE"] if plan.day > extra.exemption.review_on else 0
    if _moved_open(plan, marks, extra.movements):
        flags |= _MOVEMENT_OPEN
    if not marks:
        return _nobody_came(person, plan, maybe, extra, as_of_ms, because, flags, acts)
    return _condoned(_came(person, plan, marks, maybe, because, flags, as_of_ms), acts)


def _came(
    person: bytes,
    plan: DayPlan,
    marks: Sequence[Punch],
    maybe: Sequence[Punch],
    because: tuple[tuple[str, str], ...],
    flags: int,
    as_of_ms: int | None,
) -> AttendanceDay:
    """At least one punch is surely of this day."""
    read = _read(plan, marks)
    flags |= plan.flags | read.flags
    if marks[0].kind is _ON_DUTY:
        return _made(person, plan, Status.ON_DUTY, flags & ~_OUT_MISSING, read, marks, (*because, ("on_duty", "")))
    over = as_of_ms is None or as_of_ms >= plan.over_ms
    if not over:
        flags &= ~_OUT_MISSING
        flags &= -1 if as_of_ms is not None and as_of_ms >= plan.close_ms else ~_MOVEMENT_OPEN
    late_min = early_min = worked_min = 0
    first_low, first_high, last_low, last_high = read.first_low, read.first_high, read.last_low, read.last_high
    if maybe:
        first_low, last_high = _widened(plan, maybe, first_low, last_high)
        flags |= F["CLOCK_UNKNOWN"]
    if plan.held and first_low is not None and first_high is not None and first_high >= plan.late_ms:
        found, late_min = _late(plan, flags, first_low)
        flags |= found
    if plan.held and over and last_low is not None and last_high is not None and last_low < plan.leave_ms:
        found, early_min = _left_early(plan, flags, last_high)
        flags |= found
    if read.first_low is not None and read.last_high is not None:
        worked_min = max(0, (read.last_high - read.first_low) // MINUTE_MS)
        presence = plan.limits.terms.presence
        if presence is not None and over and plan.held and worked_min < presence.full_min:
            flags |= F["SHORT_DAY"] if worked_min < presence.half_min else F["HALF_DAY"]
    return AttendanceDay(
        person, plan.day, plan.office, Status.PRESENT, flags, read.first, read.last, read.first_low, read.first_high,
        read.last_low, read.last_high, late_min, early_min, worked_min, plan.limits, tuple(marks), because,
    )  # fmt: skip


def _late(plan: DayPlan, flags: int, first_low: int) -> tuple[int, int]:
    """Of somebody who may have come after the limit: the flag, and the minutes that are sure."""
    if flags & _IN_MISSING:
        return 0, 0
    if first_low < plan.late_ms:
        return _LATE_UNCERTAIN, 0
    if plan.fitness.unfit_ms(plan.limit_ms - plan.limits.terms.fitness.lead_min * MINUTE_MS, first_low):
        return _LATE_UNFIT, 0
    return _LATE, max(1, (first_low - plan.limit_ms) // MINUTE_MS)


def _left_early(plan: DayPlan, flags: int, last_high: int) -> tuple[int, int]:
    """Of somebody who may have left before closing time: the flag, and the minutes that are sure."""
    if flags & _WENT:
        return 0, 0
    if last_high >= plan.leave_ms:
        return _EARLY_UNCERTAIN, 0
    if plan.fitness.unfit_ms(last_high, plan.close_ms + plan.limits.terms.fitness.trail_min * MINUTE_MS):
        return _EARLY_UNFIT, 0
    return _EARLY, (plan.leave_ms - last_high + MINUTE_MS - 1) // MINUTE_MS


def _read(plan: DayPlan, marks: Sequence[Punch]) -> _Marks:
    """First in, last out, and what is odd. The kinds IN and OUT are hints: several terminals each say IN (S14)."""
    first = marks[0]
    last: Punch | None = None
    latest = first
    first_low, first_high = first.low_ms, first.high_ms
    terminal, office = first.id.terminal, plan.office
    flags = 0
    aadhaar = False
    away = False
    for mark in marks:
        if mark.flags is not _NONE and mark.flags & Flag.DUPLICATE and mark is not first:
            flags |= _DUPLICATE
            continue
        if mark.low_ms < first_low:  # type: ignore[operator]  # marks that are surely of a day have both ends
            first_low = mark.low_ms
        if mark.low_ms > latest.low_ms:  # type: ignore[operator]
            latest = mark
        if mark.id.terminal != terminal:
            flags |= _SEVERAL
        if mark.office != office:
            flags |= _ELSEWHERE
        if mark.disputed:
            flags |= _DISPUTED
        kind = mark.kind
        if away and mark.high_ms <= plan.close_ms:  # type: ignore[operator]
            away = False
        if kind is _MOVED_OUT:
            away = True
        source = mark.source_class
        if source is _AADHAAR:
            aadhaar = True
        elif source is _SUPERVISED_CLASS:
            aadhaar = True
            flags |= _SUPERVISED
        elif source is _LEGACY_CLASS:
            flags |= _LEGACY
    if away:
        flags |= _MOVEMENT_OPEN
    if not aadhaar and plan.aadhaar and not plan.contractual and not plan.unfit:
        flags |= _NO_AADHAAR
    if latest is not first and latest.high_ms - first_low >= plan.limits.terms.hours.double_tap_s * 1000:  # type: ignore[operator]
        kind = latest.kind
        if kind is _ON_DUTY:
            flags |= _WENT
        if kind is not _MOVED_OUT and kind is not _MOVED_IN:
            last = latest
    elif latest is not first:
        flags |= _DUPLICATE
    if first.kind is _OUT:
        flags |= _IN_MISSING
        if last is None:  # a single punch, and it says that somebody left
            return _Marks(None, first, None, None, first.low_ms, first.high_ms, flags)
    if last is None:
        return _Marks(first, None, first_low, first_high, None, None, flags | _OUT_MISSING)
    return _Marks(first, last, first_low, first_high, last.low_ms, last.high_ms, flags)


def _widened(
    plan: DayPlan, maybe: Sequence[Punch], first_low: int | None, last_high: int | None
) -> tuple[int | None, int | None]:
    """With punches that may be of this day the person may have come earlier and left later."""
    for mark in maybe:
        low = max(plan.begins_ms, plan.begins_ms if mark.low_ms is None else mark.low_ms)
        high = min(plan.over_ms, plan.over_ms if mark.high_ms is None else mark.high_ms)
        first_low = None if first_low is None else min(first_low, low)
        last_high = None if last_high is None else max(last_high, high)
    return first_low, last_high


def _nobody_came(
    person: bytes,
    plan: DayPlan,
    maybe: Sequence[Punch],
    extra: Extra | None,
    as_of_ms: int | None,
    because: tuple[tuple[str, str], ...] | None = None,
    flags: int = 0,
    acts: frozenset[Act] = frozenset(),
) -> AttendanceDay:
    """No punch is surely of this day, and the person was expected."""
    because = plan.because if because is None else because
    flags |= plan.flags
    if extra is not None and extra.register:
        status = Status.PRESENT
        flags |= F["REGISTER_ONLY"]
        asked = plan.aadhaar and not plan.contractual and not plan.unfit and extra.exemption is None
        flags |= _NO_AADHAAR if asked else 0
        because = (*because, *(("register", mark.id) for mark in extra.register))
    elif Act.DECIDE_PRESENT in acts:
        status = Status.PRESENT
    elif not plan.held:
        status = Status.EXEMPT
    elif as_of_ms is not None and as_of_ms < plan.close_ms:
        status = Status.PENDING
    elif Act.DECIDE_ABSENT in acts:
        status = Status.ABSENT
    elif maybe or plan.unfit:
        status = Status.UNDETERMINED
        flags |= (F["CLOCK_UNKNOWN"] if maybe else 0) | (F["UNFIT"] if plan.unfit else 0)
    else:
        status = Status.ABSENT
    return AttendanceDay(
        person, plan.day, plan.office, status, flags, None, None, None, None, None, None, 0, 0, 0, plan.limits,
        tuple(maybe), because,
    )  # fmt: skip


def _unasked(
    person: bytes,
    plan: DayPlan,
    status: Status,
    marks: Sequence[Punch],
    because: tuple[tuple[str, str], ...],
    flags: int,
) -> AttendanceDay:
    """A day on which nothing is held against anybody; punches are kept all the same."""
    if not marks:
        return _made(person, plan, status, flags | plan.flags, _NOTHING, (), because)
    read = _read(plan, marks)
    flags |= plan.flags | (read.flags & ~_OUT_MISSING) | F["PUNCHED"]
    return _made(person, plan, status, flags, read, marks, because)


_NOTHING = _Marks(None, None, None, None, None, None, 0)


def _made(
    person: bytes,
    plan: DayPlan,
    status: Status,
    flags: int,
    read: _Marks,
    marks: Sequence[Punch],
    because: tuple[tuple[str, str], ...],
) -> AttendanceDay:
    worked_min = 0
    if read.first_low is not None and read.last_high is not None:
        worked_min = max(0, (read.last_high - read.first_low) // MINUTE_MS)
    return AttendanceDay(
        person, plan.day, plan.office, status, flags, read.first, read.last, read.first_low, read.first_high,
        read.last_low, read.last_high, 0, 0, worked_min, plan.limits, tuple(marks), because,
    )  # fmt: skip


def _adjusted(
    plan: DayPlan, marks: Sequence[Punch], maybe: Sequence[Punch], adjustments: Iterable[Adjustment]
) -> tuple[Sequence[Punch], Sequence[Punch], tuple[tuple[str, str], ...], int, frozenset[Act]]:
    """The punches with those left out that are not theirs, and with those that an officer added."""
    acts = list(adjustments)
    if not acts:
        return marks, maybe, (), 0, frozenset()
    strange = {one.punch for one in acts if one.act is Act.NOT_MINE}
    kept = [mark for mark in marks if mark.id not in strange]
    for place, one in enumerate(sorted(acts, key=lambda one: (one.act, one.at_ms or 0, one.id))):
        if one.act in (Act.ADD_IN, Act.ADD_OUT) and one.at_ms is not None:
            kept.append(added(one, place, plan.office))
    kept.sort(key=lambda mark: (mark.high_ms or 0, mark.low_ms or 0, mark.id))
    because = tuple(sorted((one.act.value, one.id) for one in acts))
    still = [mark for mark in maybe if mark.id not in strange]
    return kept, still, because, F["ADJUSTED"], frozenset(one.act for one in acts)


def added(one: Adjustment, place: int, office: bytes) -> Punch:
    """A mark that an officer added: of no terminal, signed by none."""
    kind = Kind.IN if one.act is Act.ADD_IN else Kind.OUT
    return Punch(
        PunchId("", one.id.encode(), place), one.at_ms, one.at_ms, office, kind, Means.SUPERVISED,
        SourceClass.IMPORTED, signed=False,
    )  # fmt: skip


def _condoned(day: AttendanceDay, acts: frozenset[Act]) -> AttendanceDay:
    """Lateness an officer forgave stays on record, and counts no more."""
    flags, late_min, early_min = day.flags, day.late_min, day.early_min
    if Act.CONDONE_LATE in acts and flags & _LATE:
        flags, late_min = flags & ~_LATE | F["LATE_CONDONED"], 0
    if Act.CONDONE_EARLY in acts and flags & _EARLY:
        flags, early_min = flags & ~_EARLY | F["EARLY_CONDONED"], 0
    if flags == day.flags:
        return day
    return replace(day, flags=flags, late_min=late_min, early_min=early_min)


def _moved_open(plan: DayPlan, marks: Sequence[Punch], movements: Sequence[Movement]) -> bool:
    """Did somebody sign out at the gate, and neither the gate nor a terminal saw them back by closing time?"""
    for one in movements:
        if one.in_ms is not None and one.in_ms <= plan.close_ms:
            continue
        if not any(one.out_ms < (mark.low_ms or 0) and (mark.high_ms or 0) <= plan.close_ms for mark in marks):
            return True
    return False
