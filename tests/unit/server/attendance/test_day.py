"""What is said of a day: who came, and when (S14); nights, movement, posting, adjustments."""

import datetime as dt
import itertools
from dataclasses import replace

import pytest

from server.attendance import FactsError
from server.attendance.rules import Shift
from server.attendance.types import (
    Act,
    Adjustment,
    DayFlag,
    Life,
    LifeSpan,
    Movement,
    ServiceSpan,
    Status,
)
from sync.record import Flag, Kind
from tests.unit.server.attendance.scene import (
    OFFICE,
    OTHER,
    SPAN,
    SUNDAY,
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


# ── S14: forgotten, doubled, several terminals ──


def test_a_single_punch_is_present_with_the_departure_missing() -> None:
    """S14"""
    day = one_day(person(punch(TUESDAY, "09:10")))
    assert day.status is Status.PRESENT
    assert flags(day, DayFlag.OUT_MISSING, DayFlag.LEFT_EARLY, DayFlag.LATE) == [True, False, False]
    assert (day.last, day.worked_min) == (None, 0)


def test_a_single_departure_is_present_with_the_arrival_missing() -> None:
    """S14: nobody is late by a punch that was never made."""
    day = one_day(person(punch(TUESDAY, "17:40", Kind.OUT)))
    assert day.status is Status.PRESENT
    assert flags(day, DayFlag.IN_MISSING, DayFlag.OUT_MISSING, DayFlag.LATE) == [True, False, False]
    assert day.first is None


@pytest.mark.parametrize(("second", "departed"), [("09:10:59", False), ("09:11:00", True)])
def test_a_double_tap_is_no_departure(second: str, departed: bool) -> None:
    """S14: 59 s later it is the same tap, 60 s later a departure; at another terminal, too."""
    day = one_day(person(punch(TUESDAY, "09:10:00"), punch(TUESDAY, second, terminal="t-9")))
    assert (day.last is not None) is departed
    assert day.has(DayFlag.OUT_MISSING) is not departed
    assert day.has(DayFlag.DUPLICATE) is not departed
    assert len(day.used) == 2, "both are kept"


def test_what_the_terminal_flagged_a_duplicate_is_never_the_departure() -> None:
    """S14"""
    tapped = punch(TUESDAY, "09:10:40", flags=Flag.DUPLICATE)
    day = one_day(person(punch(TUESDAY, "09:10"), tapped))
    assert flags(day, DayFlag.DUPLICATE, DayFlag.OUT_MISSING) == [True, True]


def test_first_and_last_count_whatever_the_terminals_called_them() -> None:
    """S14: two terminals that do not hear of each other both say IN."""
    day = one_day(
        person(punch(TUESDAY, "13:05"), punch(TUESDAY, "09:05"), punch(TUESDAY, "17:31", terminal="t-2", office=OTHER))
    )
    assert (day.first_low_ms, day.last_low_ms) == (at(TUESDAY, "09:05"), at(TUESDAY, "17:31"))
    assert day.worked_min == 8 * 60 + 26
    assert flags(day, DayFlag.SEVERAL_TERMINALS, DayFlag.ELSEWHERE, DayFlag.LEFT_EARLY) == [True, True, False]


def test_the_order_of_punches_is_of_no_importance() -> None:
    """S9, S14"""
    made = marks(TUESDAY, "09:41", "13:00", "13:31", "17:30")
    found = {one_day(person(*turn, turn[0])) for turn in itertools.permutations(made)}
    assert len(found) == 1
    assert found.pop().late_min == 11


def test_a_punch_with_somebody_elses_digits_is_set_aside_and_stays() -> None:
    """S14, R2.7: an officer's act, with a reason; the punch is as it was."""
    wrong, right = punch(TUESDAY, "08:00"), punch(TUESDAY, "09:45")
    act = Adjustment(TUESDAY, Act.NOT_MINE, "officer", "the other twin", punch=wrong.id, id="adj-1")
    facts = person(wrong, right, *marks(TUESDAY, "17:40"), adjustments=(act,))
    day = one_day(facts)
    assert (day.late_min, day.has(DayFlag.ADJUSTED)) == (15, True)
    assert ("not_mine", "adj-1") in day.because
    assert wrong in facts.punches


# ── night duty ──

NIGHT = Shift("warden", start_min=20 * 60, end_min=30 * 60, every_day=True)  # 20:00 to 06:00
WARDEN = replace(SPAN, shift=NIGHT)


def test_a_wardens_night_is_one_work_date() -> None:
    """S14: in at 19:55, out at 06:05 of the next morning; both are of the evening's date."""
    facts = person(punch(TUESDAY, "19:55"), punch(TUESDAY, "06:05+1"), spans=(WARDEN,))
    tuesday, wednesday = one_day(facts), one_day(facts, TUESDAY + DAY)
    assert (tuesday.status, tuesday.worked_min) == (Status.PRESENT, 10 * 60 + 10)
    assert flags(tuesday, DayFlag.LATE, DayFlag.LEFT_EARLY, DayFlag.OUT_MISSING) == [False, False, False]
    assert wednesday.status is Status.ABSENT


# 20:00 to 06:00 every night: free from 06:00 to 20:00, its middle is 13:00. Late after 20:00 + 30 min.
NIGHTS = (
    ("20:30:59", "06:00:00+1", None, None),
    ("20:31:00", "06:00:00+1", 1,    None),
    ("20:00:00", "05:59:00+1", None, 1),
    ("20:00:00", "12:59:59+1", None, None),
)  # fmt: skip


@pytest.mark.parametrize(("came", "left", "late_min", "early_min"), NIGHTS)
def test_the_limits_of_a_night(came: str, left: str, late_min: int | None, early_min: int | None) -> None:
    """R2.2, S14"""
    day = one_day(person(punch(TUESDAY, came), punch(TUESDAY, left), spans=(WARDEN,)))
    assert (day.late_min, day.early_min) == (late_min or 0, early_min or 0)


def test_a_night_on_sunday_is_duty() -> None:
    """S14: `every_day` shifts run on weekly offs and holidays."""
    assert one_day(person(spans=(WARDEN,)), SUNDAY).status is Status.ABSENT
    assert one_day(person(), SUNDAY).status is Status.WEEKLY_OFF


def test_from_night_duty_to_day_duty() -> None:
    """S14: free from 06:00 to 09:00 on the day of the change, its middle is 07:30."""
    spans = (replace(WARDEN, until=TUESDAY), replace(SPAN, since=TUESDAY + DAY))
    facts = person(
        punch(TUESDAY, "20:00"), punch(TUESDAY, "06:10+1"), punch(TUESDAY, "09:20+1"), punch(TUESDAY, "17:30+1"),
        spans=spans,
    )  # fmt: skip
    night, day = one_day(facts), one_day(facts, TUESDAY + DAY)
    assert (night.first_low_ms, night.last_low_ms) == (at(TUESDAY, "20:00"), at(TUESDAY, "06:10+1"))
    assert (day.first_low_ms, day.last_low_ms) == (at(TUESDAY, "09:20+1"), at(TUESDAY, "17:30+1"))


@pytest.mark.parametrize(("left", "of_tuesday"), [("02:59:59+1", True), ("03:00:00+1", False)])
def test_who_sits_late_past_midnight_leaves_on_the_same_work_date(left: str, of_tuesday: bool) -> None:
    """R3.4, S14: the day begins at 03:00, so that nobody is in time on Wednesday by leaving on Tuesday."""
    facts = person(punch(TUESDAY, "09:00"), punch(TUESDAY, left))
    assert (one_day(facts).last is not None) is of_tuesday


# ── movement ──

#  punches after 09:00 IN; the register at the gate; open at the end of the day?
MOVEMENTS = (
    ((("11:00", Kind.MOVEMENT_OUT), ("12:00", Kind.MOVEMENT_IN), ("17:30", Kind.OUT)), None, False),
    ((("11:00", Kind.MOVEMENT_OUT), ("17:30", Kind.MOVEMENT_IN), ("17:40", Kind.OUT)), None, False),
    ((("11:00", Kind.MOVEMENT_OUT), ("17:31", Kind.MOVEMENT_IN), ("17:40", Kind.OUT)), None, True),
    ((("11:00", Kind.MOVEMENT_OUT),), None, True),
    ((("11:00", Kind.MOVEMENT_OUT), ("17:30", Kind.OUT)), None, False),
    ((("17:30", Kind.OUT),), ("11:00", "12:00"), False),
    ((("17:40", Kind.OUT),), ("11:00", None), True),
    ((("12:30", Kind.OUT), ("17:40", Kind.OUT)), ("11:00", None), False),
    ((("17:40", Kind.OUT),), ("11:00", "17:31"), True),
    ((("17:40", Kind.OUT),), ("11:00", "17:30"), False),
)  # fmt: skip


@pytest.mark.parametrize(("made", "register", "is_open"), MOVEMENTS)
def test_who_left_the_premises_and_was_not_back_by_closing_time(
    made: tuple[tuple[str, Kind], ...], register: tuple[str, str | None] | None, is_open: bool
) -> None:
    """R1.16: by the terminal's word or the gate's, back by 17:30."""
    lines = ()
    if register is not None:
        back = None if register[1] is None else at(TUESDAY, register[1])
        lines = (Movement(at(TUESDAY, register[0]), back, "bank", "m-1"),)
    punches = (punch(TUESDAY, "09:00"), *(punch(TUESDAY, clock, kind) for clock, kind in made))
    assert one_day(person(*punches, movements=lines)).has(DayFlag.MOVEMENT_OPEN) is is_open


@pytest.mark.parametrize(("now", "is_open"), [("17:29", False), ("17:30", True)])
def test_a_movement_is_open_from_closing_time_on(now: str, is_open: bool) -> None:
    """R1.16: not in the course of the day."""
    facts = person(punch(TUESDAY, "09:00"), punch(TUESDAY, "11:00", Kind.MOVEMENT_OUT))
    assert one_day(facts, as_of_ms=at(TUESDAY, now)).has(DayFlag.MOVEMENT_OPEN) is is_open


# ── posting, trial, suspension ──


def test_an_office_on_trial_records_and_says_so() -> None:
    """R5.11: mapped, on trial, live, closed."""
    life = (  # on the 1st it did not yet exist
        LifeSpan(dt.date(2026, 11, 2), dt.date(2026, 11, 2), Life.MAPPED),
        LifeSpan(TUESDAY, TUESDAY, Life.TRIAL),
        LifeSpan(TUESDAY + DAY, TUESDAY + DAY, Life.LIVE),
        LifeSpan(TUESDAY + 2 * DAY, None, Life.CLOSED),
    )
    here = world(office(life=life))
    days = {day.day: day for day in one_month(person(*marks(TUESDAY, "09:45", "17:30")), here)}
    assert days[TUESDAY - 2 * DAY].status is Status.NOT_EXPECTED
    assert [days[TUESDAY + place * DAY].status for place in (-1, 0, 1, 2)] == [
        Status.NOT_EXPECTED, Status.PRESENT, Status.ABSENT, Status.NOT_EXPECTED,
    ]  # fmt: skip
    assert flags(days[TUESDAY], DayFlag.TRIAL, DayFlag.LATE) == [True, True]
    assert not days[TUESDAY + DAY].has(DayFlag.TRIAL)


def test_a_suspended_person_is_recorded_and_not_counted() -> None:
    """R6.7"""
    day = one_day(person(*marks(TUESDAY, "11:00", "17:30"), spans=(replace(SPAN, counted=False),)))
    assert day.status is Status.NOT_EXPECTED
    assert flags(day, DayFlag.NOT_COUNTED, DayFlag.PUNCHED, DayFlag.LATE) == [True, True, False]
    assert len(day.used) == 2


def test_a_transfer_changes_office_and_rules_from_its_day_on() -> None:
    """R6.7: the old office until Tuesday, the new from Wednesday on."""
    spans = (replace(SPAN, until=TUESDAY), ServiceSpan(TUESDAY + DAY, None, OTHER, "state-default"))
    here = world(policies=("cbse-2016", "state-default"))
    late = tuple(one for place in (0, 1) for one in marks(TUESDAY + place * DAY, "09:45", "17:30"))
    days = {day.day: day for day in one_month(person(*late, spans=spans), here)}
    assert (days[TUESDAY].office, days[TUESDAY].late_min) == (OFFICE, 15)
    assert (days[TUESDAY + DAY].office, days[TUESDAY + DAY].late_min) == (OTHER, 0)
    assert days[TUESDAY + DAY].policy == "state-default/2016-01-01"


def test_two_postings_on_one_day_are_refused() -> None:
    """R6.1"""
    with pytest.raises(FactsError, match="two postings on 2026-11-03"):
        one_month(person(spans=(SPAN, replace(SPAN, since=TUESDAY))))


def test_a_punch_of_somebody_posted_nowhere_is_kept() -> None:
    """S6"""
    spans = (replace(SPAN, since=TUESDAY + DAY),)
    days = one_month(person(*marks(TUESDAY, "09:45", "17:30"), spans=spans))
    assert (days[0].day, days[0].status, len(days[0].used)) == (TUESDAY, Status.NOT_EXPECTED, 2)
    assert days[1].day == TUESDAY + DAY


# ── adjustments ──


def test_an_added_departure_and_a_condoned_lateness() -> None:
    """R2.7: with who and why; the lateness stays on record and counts no more."""
    acts = (
        Adjustment(TUESDAY, Act.ADD_OUT, "officer", "forgot", at(TUESDAY, "17:35"), id="a"),
        Adjustment(TUESDAY, Act.CONDONE_LATE, "officer", "flood", id="b"),
    )
    day = one_day(person(punch(TUESDAY, "10:00"), adjustments=acts))
    assert flags(day, DayFlag.ADJUSTED, DayFlag.OUT_MISSING, DayFlag.LATE) == [True, False, False]
    assert day.has(DayFlag.LATE_CONDONED)
    assert day.last is not None
    assert (day.last.id.terminal, day.last.signed) == ("", False)
