"""For what nobody may be blamed: machines that were not fit, clocks that nobody knows, ranks, exemptions (S2, S16)."""

import datetime as dt
from dataclasses import replace

import pytest

from server.attendance import PolicyError
from server.attendance.types import (
    Act,
    Adjustment,
    DayFlag,
    Exemption,
    FitnessSpan,
    Punch,
    PunchId,
    RegisterMark,
    Status,
)
from sync.record import SourceClass
from tests.unit.server.attendance.scene import (
    OFFICE,
    SPAN,
    TUESDAY,
    at,
    flags,
    marks,
    office,
    one_day,
    one_month,
    person,
    punch,
    world,
)

DAY = dt.timedelta(days=1)


# ── a machine that was not fit, a clock that nobody knows ──


def fit(*spans: tuple[str, str], terminal: str = "t-1") -> tuple[FitnessSpan, ...]:
    return tuple(FitnessSpan(terminal, OFFICE, at(TUESDAY, low), at(TUESDAY, high)) for low, high in spans)


# Hours 09:00 to 17:30; up to 30 min without a fit terminal are borne.
FITNESS = (
    ((("00:00", "23:59"),),                       Status.ABSENT,       "fit all day"),
    ((("09:00", "17:30"),),                       Status.ABSENT,       "fit in the hours"),
    ((("00:00", "10:00"), ("10:30", "23:59")),    Status.ABSENT,       "30 min without: borne"),
    ((("00:00", "10:00"), ("10:31", "23:59")),    Status.UNDETERMINED, "31 min without"),
    ((("09:30", "23:59"),),                       Status.ABSENT,       "switched on 30 min late"),
    ((("09:31", "23:59"),),                       Status.UNDETERMINED, "switched on 31 min late"),
    ((),                                          Status.UNDETERMINED, "nobody reported anything"),
)  # fmt: skip


@pytest.mark.parametrize(("spans", "status", "why"), FITNESS)
def test_absent_only_if_the_terminal_was_fit(spans: tuple[tuple[str, str], ...], status: Status, why: str) -> None:
    """R2.6, S2: else it is undetermined, and a ticket is wished for."""
    day = one_day(person(), here=world(office(fitness=fit(*spans))))
    assert day.status is status, why
    assert day.has(DayFlag.UNFIT) is (status is Status.UNDETERMINED)


def test_another_terminal_of_the_office_that_was_fit_is_enough() -> None:
    """R2.6"""
    both = fit(("00:00", "10:00")) + fit(("09:50", "23:59"), terminal="t-2")
    assert one_day(person(), here=world(office(fitness=both))).status is Status.ABSENT


# Late at 09:41. Unfit in the 30 min before 09:30, or since, up to the punch: the machine may be to blame.
LATE_FITNESS = (
    (("00:00", "23:59"),                      DayFlag.LATE),
    (("00:00", "08:50"), ("09:00", "23:59"),  DayFlag.LATE),
    (("00:00", "09:20"), ("09:25", "23:59"),  DayFlag.LATE_UNFIT),
    (("00:00", "09:35"), ("09:40", "23:59"),  DayFlag.LATE_UNFIT),
    (("00:00", "09:42"), ("09:50", "23:59"),  DayFlag.LATE),
)  # fmt: skip


@pytest.mark.parametrize("row", LATE_FITNESS)
def test_late_only_if_the_terminal_was_fit(row: tuple[tuple[str, str] | DayFlag, ...]) -> None:
    """R2.6, S2"""
    *spans, flag = row
    here = world(office(fitness=fit(*spans)))  # type: ignore[arg-type]  # all but the last are spans
    day = one_day(person(*marks(TUESDAY, "09:41", "17:40")), here=here)
    assert DayFlag(day.flags) & (DayFlag.LATE | DayFlag.LATE_UNFIT) == flag
    assert (day.late_min > 0) == (flag is DayFlag.LATE)


def test_left_early_only_if_a_terminal_was_fit_afterwards() -> None:
    """R2.6: last seen at 15:00, and the machine died at 15:10."""
    day = one_day(person(*marks(TUESDAY, "09:00", "15:00")), here=world(office(fitness=fit(("00:00", "15:10")))))
    assert flags(day, DayFlag.EARLY_UNFIT, DayFlag.LEFT_EARLY) == [True, False]


def test_an_officer_decides_what_is_undetermined() -> None:
    """R2.7"""
    here = world(office(fitness=()))
    for act, status in ((Act.DECIDE_ABSENT, Status.ABSENT), (Act.DECIDE_PRESENT, Status.PRESENT)):
        decided = Adjustment(TUESDAY, act, "officer", "asked the section", id="adj-1")
        assert one_day(person(adjustments=(decided,)), here=here).status is status


def test_a_punch_of_unknown_date_makes_no_day_absent() -> None:
    """S2: made on Tuesday or Wednesday, no anchor says which: both are undetermined, Thursday is absent."""
    lost = Punch(PunchId("t-1", b"log", 7), at(TUESDAY, "08:00"), at(TUESDAY, "20:00+1"), OFFICE)
    days = {day.day: day for day in one_month(person(lost))}
    assert [days[TUESDAY + place * DAY].status for place in range(3)] == [
        Status.UNDETERMINED, Status.UNDETERMINED, Status.ABSENT,
    ]  # fmt: skip
    assert days[TUESDAY].has(DayFlag.CLOCK_UNKNOWN)
    assert days[TUESDAY].used == (lost.id,)


def test_a_punch_that_may_be_of_the_next_day_by_a_millisecond() -> None:
    """S2: up to 03:00:00.000, when the next day begins."""
    edge = replace(punch(TUESDAY, "02:59:59+1"), high_ms=at(TUESDAY, "03:00:00+1"))
    assert one_day(person(edge)).status is Status.UNDETERMINED
    inside = replace(edge, high_ms=at(TUESDAY, "03:00:00+1") - 1)
    assert one_day(person(inside)).status is Status.PRESENT


def test_a_punch_that_nothing_dates_from_below_reaches_back_and_not_forward() -> None:
    """S2: an open interval, before the 10th."""
    lost = Punch(PunchId("t-1", b"log", 7), None, at(dt.date(2026, 11, 10), "12:00"), OFFICE)
    days = {day.day: day.status for day in one_month(person(lost))}
    assert days[dt.date(2026, 11, 2)] is Status.UNDETERMINED
    assert days[dt.date(2026, 11, 10)] is Status.UNDETERMINED
    assert days[dt.date(2026, 11, 11)] is Status.ABSENT


def test_a_punch_that_may_have_been_in_time_makes_nobody_late() -> None:
    """S2: sure at 10:15, and one more that was made some time on Tuesday or Wednesday."""
    lost = Punch(PunchId("t-1", b"log", 7), at(TUESDAY, "08:00"), at(TUESDAY, "20:00+1"), OFFICE)
    day = one_day(person(lost, *marks(TUESDAY, "10:15", "17:30")))
    assert flags(day, DayFlag.LATE, DayFlag.LATE_UNCERTAIN, DayFlag.CLOCK_UNKNOWN) == [False, True, True]


def test_a_disputed_clock_is_said() -> None:
    """S10"""
    day = one_day(person(punch(TUESDAY, "09:00", disputed=True), *marks(TUESDAY, "17:30")))
    assert day.has(DayFlag.CLOCK_DISPUTED)


def test_a_day_that_is_not_over_is_neither_absent_nor_left_early() -> None:
    """R2.5: no half truths"""
    noon = at(TUESDAY, "12:00")
    assert one_day(person(), as_of_ms=noon).status is Status.PENDING
    here = one_day(person(*marks(TUESDAY, "09:00", "11:50")), as_of_ms=noon)
    assert flags(here, DayFlag.LEFT_EARLY, DayFlag.OUT_MISSING) == [False, False]
    assert one_day(person(), as_of_ms=at(TUESDAY, "17:30")).status is Status.ABSENT


# ── ranks, registers, exemptions, old machines ──


@pytest.mark.parametrize(("rank", "held"), [("Multi-Tasking Staff", True), ("Joint Secretary", True),
                                            ("Director", False), ("Chairman", False)])  # fmt: skip
def test_above_joint_secretary_nothing_is_held_against_anybody_by_machine(rank: str, held: bool) -> None:
    """R1.15"""
    spans = (replace(SPAN, rank=rank),)
    late = one_day(person(*marks(TUESDAY, "11:00", "16:00"), spans=spans))
    assert flags(late, DayFlag.LATE, DayFlag.LEFT_EARLY) == [held, held]
    assert late.status is Status.PRESENT
    assert one_day(person(spans=spans)).status is (Status.ABSENT if held else Status.EXEMPT)


def test_an_unknown_rank_is_refused_with_those_that_are_known() -> None:
    """R1.15"""
    with pytest.raises(PolicyError, match=r"rank 'Peon' is not in the policy; known: Multi-Tasking Staff, "):
        one_day(person(spans=(replace(SPAN, rank="Peon"),)))


def test_a_regular_employee_on_an_old_machine_has_no_aadhaar_mark() -> None:
    """R2.8, R6.2: present all the same; a contractual employee marks there as ordered."""
    old = tuple(replace(one, source_class=SourceClass.LEGACY_TERMINAL) for one in marks(TUESDAY, "09:00", "17:30"))
    wanted = (DayFlag.LEGACY, DayFlag.NO_AADHAAR_MARK)
    assert flags(one_day(person(*old)), *wanted) == [True, True]
    contractual = one_day(person(*old, spans=(replace(SPAN, contractual=True),)))
    assert flags(contractual, *wanted) == [True, False]
    assert contractual.status is Status.PRESENT
    mixed = (old[0], *marks(TUESDAY, "17:31"))
    assert flags(one_day(person(*mixed)), *wanted) == [True, False]


def test_a_supervised_punch_is_an_aadhaar_mark_and_is_said() -> None:
    """S1, R2.8"""
    day = one_day(person(*(punch(TUESDAY, one, source=SourceClass.SUPERVISED) for one in ("09:00", "17:30"))))
    assert flags(day, DayFlag.SUPERVISED, DayFlag.NO_AADHAAR_MARK) == [True, False]


@pytest.mark.parametrize(("was_fit", "no_mark"), [(True, True), (False, False)])
def test_present_by_the_register_alone(was_fit: bool, no_mark: bool) -> None:
    """R2.8, R2.9: no Aadhaar mark, unless there was no machine to mark on."""
    here = world(office(fitness=fit(("00:00", "23:59")) if was_fit else ()))
    day = one_day(person(register=(RegisterMark(TUESDAY, "officer", "r-1"),)), here=here)
    assert day.status is Status.PRESENT
    assert flags(day, DayFlag.REGISTER_ONLY, DayFlag.NO_AADHAAR_MARK) == [True, no_mark]


def test_who_is_exempted_is_neither_absent_nor_late_by_machine() -> None:
    """S16: with the officer's order and a review date."""
    spared = Exemption(dt.date(2026, 1, 1), dt.date(2026, 11, 3), "officer", "ex-1")
    day = one_day(person(exemptions=(spared,)))
    assert (day.status, day.has(DayFlag.REVIEW_DUE)) == (Status.EXEMPT, False)
    assert ("exempt", "ex-1") in day.because
    assert one_day(person(exemptions=(spared,)), TUESDAY + DAY).has(DayFlag.REVIEW_DUE)
    assert not one_day(person(*marks(TUESDAY, "11:00", "17:30"), exemptions=(spared,))).has(DayFlag.LATE)
    signed = one_day(person(exemptions=(spared,), register=(RegisterMark(TUESDAY, "officer"),)))
    assert (signed.status, signed.has(DayFlag.NO_AADHAAR_MARK)) == (Status.PRESENT, False)
