"""Leave, duty elsewhere, holidays and weekly offs."""

import datetime as dt
from dataclasses import replace

import pytest

from server.attendance import FactsError
from server.attendance.rules import Shift
from server.attendance.types import (
    Calendar,
    DayFlag,
    Half,
    Leave,
    OfficeHours,
    OnDuty,
    Status,
    WeeklyOff,
)
from sync.record import Kind
from tests.unit.server.attendance.scene import (
    SPAN,
    SUNDAY,
    SUNDAYS,
    TUESDAY,
    flags,
    marks,
    office,
    one_day,
    one_month,
    person,
    punch,
    world,
)


def test_holidays_and_weekly_offs_expect_nobody() -> None:
    """R2.3: a punch is kept, and is neither late nor early."""
    here = world(office(calendar=Calendar({TUESDAY: "a holiday"}, (SUNDAYS,))))
    free = one_day(person(), here=here)
    assert (free.status, free.because) == (Status.HOLIDAY, (("holiday", "a holiday"),))
    worked = one_day(person(*marks(TUESDAY, "11:00", "16:00")), here=here)
    assert worked.status is Status.HOLIDAY
    assert flags(worked, DayFlag.PUNCHED, DayFlag.LATE, DayFlag.LEFT_EARLY) == [True, False, False]
    assert worked.worked_min == 300


def test_weekly_offs_change_with_their_dates() -> None:
    """R2.1: the second Saturday is off until the end of 2026, and then every Saturday."""
    week = (
        WeeklyOff(dt.date(2026, 1, 1), dt.date(2026, 12, 31), frozenset({6}), frozenset({2})),
        WeeklyOff(dt.date(2027, 1, 1), None, frozenset({6})),
    )
    here = world(office(calendar=Calendar(weekly=week)))
    days = [dt.date(2026, 11, 7), dt.date(2026, 11, 14), dt.date(2026, 11, 21), dt.date(2027, 1, 2)]
    assert [one_day(person(), day, here).status is Status.WEEKLY_OFF for day in days] == [False, True, False, True]


def test_an_office_has_other_hours_from_a_date_on() -> None:
    """R2.1: 10:00 to 16:00 from Wednesday on, so late is after 10:30; a posting's own shift goes before."""
    wednesday = TUESDAY + dt.timedelta(days=1)
    school = Shift("school", 10 * 60, 16 * 60)
    here = world(office(hours=(OfficeHours(wednesday, None, school),)))
    facts = person(*(one for day in (TUESDAY, wednesday) for one in marks(day, "10:30", "16:00")))
    tuesday, after = one_day(facts, TUESDAY, here), one_day(facts, wednesday, here)
    assert flags(tuesday, DayFlag.LATE, DayFlag.LEFT_EARLY) == [True, True]
    assert flags(after, DayFlag.LATE, DayFlag.LEFT_EARLY) == [False, False]
    assert one_day(person(*marks(wednesday, "10:31", "16:00")), wednesday, here).late_min == 1
    own = (replace(SPAN, shift=Shift("early", 8 * 60, 14 * 60)),)
    assert one_day(person(*marks(wednesday, "08:31", "14:00"), spans=own), wednesday, here).late_min == 1


def test_leave_is_not_spent_on_a_holiday_and_duty_may_be_done_on_one() -> None:
    """R2.3, R4.6"""
    leave = Leave(TUESDAY, SUNDAY, "CL", id="l-1")
    assert one_day(person(leaves=(leave,))).status is Status.ON_LEAVE
    assert one_day(person(leaves=(leave,)), SUNDAY).status is Status.WEEKLY_OFF
    tour = OnDuty(TUESDAY, SUNDAY, "inspection", "Jammu", id="d-1")
    assert one_day(person(duties=(tour,)), SUNDAY).status is Status.ON_DUTY


def test_on_duty_is_not_leave_and_never_late() -> None:
    """R4.6: declared on the terminal as the first thing of the day."""
    day = one_day(person(punch(TUESDAY, "10:30", Kind.ON_DUTY)))
    assert day.status is Status.ON_DUTY
    assert flags(day, DayFlag.LATE, DayFlag.OUT_MISSING) == [False, False]


def test_who_goes_on_duty_in_the_course_of_the_day_has_not_left_early() -> None:
    """R4.6"""
    day = one_day(person(punch(TUESDAY, "09:00"), punch(TUESDAY, "14:00", Kind.ON_DUTY)))
    assert day.status is Status.PRESENT
    assert flags(day, DayFlag.WENT_ON_DUTY, DayFlag.LEFT_EARLY, DayFlag.OUT_MISSING) == [True, False, False]


# The break is 13:00 to 13:30: a forenoon off makes late what is after 13:30 + 30 min, an afternoon off ends at 13:00.
HALVES = (
    (Half.FORENOON,  "14:00:59", "17:30", False, False),
    (Half.FORENOON,  "14:01:00", "17:30", True,  False),
    (Half.AFTERNOON, "09:00",    "13:00", False, False),
    (Half.AFTERNOON, "09:00",    "12:59", False, True),
    (Half.AFTERNOON, "09:31",    "13:00", True,  False),
)  # fmt: skip


@pytest.mark.parametrize(("half", "came", "left", "late", "early"), HALVES)
@pytest.mark.parametrize("what", ["leave", "duty"])
def test_half_a_day_off_moves_the_limit_to_the_break(
    what: str, half: Half, came: str, left: str, late: bool, early: bool
) -> None:
    """R2.1, R2.3, R4.6"""
    off = {"leaves": (Leave(TUESDAY, TUESDAY, "CL", half),)} if what == "leave" else {"duties": (
        OnDuty(TUESDAY, TUESDAY, half=half),)}  # fmt: skip
    day = one_day(person(*marks(TUESDAY, came, left), **off))
    assert day.status is Status.PRESENT
    assert flags(day, DayFlag.LATE, DayFlag.LEFT_EARLY) == [late, early]
    assert day.has(DayFlag.HALF_LEAVE if what == "leave" else DayFlag.HALF_DUTY)


def test_two_leaves_on_one_day_are_refused() -> None:
    """R2.4: nothing is computed of facts that cannot all be true."""
    two = (Leave(TUESDAY, SUNDAY, "CL", id="l-1"), Leave(SUNDAY, SUNDAY + dt.timedelta(days=1), "EL", id="l-2"))
    with pytest.raises(FactsError, match="leave l-2 overlaps l-1 on 2026-11-08; shorten or withdraw one of them"):
        one_month(person(leaves=two))
    halves = (Leave(TUESDAY, TUESDAY, "CL", Half.FORENOON, "a"), Leave(TUESDAY, TUESDAY, "EL", Half.AFTERNOON, "b"))
    assert one_day(person(leaves=halves)).status is Status.ON_LEAVE, "two halves are a day"
    mixed = person(leaves=halves[:1], duties=(OnDuty(TUESDAY, TUESDAY, half=Half.AFTERNOON),))
    assert one_day(mixed).status is Status.ON_DUTY


def test_leave_and_duty_of_somebody_suspended_count_for_nothing() -> None:
    """R6.7"""
    spans = (replace(SPAN, counted=False),)
    off = {"leaves": (Leave(TUESDAY, TUESDAY, "CL"),), "duties": (OnDuty(SUNDAY, SUNDAY),)}
    assert one_day(person(spans=spans, **off)).status is Status.NOT_EXPECTED
    assert one_day(person(spans=spans, **off), SUNDAY).status is Status.NOT_EXPECTED
