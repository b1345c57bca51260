"""Who is late, who left early: golden tables of the orders, both sides of every limit (R2.1, R2.2, R4.1)."""

from dataclasses import replace

import pytest

from server.attendance.policy import parse
from server.attendance.types import DayFlag, Status
from tests.unit.server.attendance import golden_cbse
from tests.unit.server.attendance.scene import POLICIES, TUESDAY, marks, one_day, person, punch, world


@pytest.mark.parametrize(("came", "late_min", "why"), golden_cbse.LATE)
def test_late_is_after_half_past_nine(came: str, late_min: int | None, why: str) -> None:
    """R2.2"""
    day = one_day(person(*marks(TUESDAY, came, "17:45")))
    assert (day.has(DayFlag.LATE), day.late_min) == (late_min is not None, late_min or 0), why
    assert day.status is Status.PRESENT


@pytest.mark.parametrize(("came", "late_min", "why"), golden_cbse.LATE_BY_SECOND)
def test_late_by_the_second_where_an_office_wants_it(came: str, late_min: int | None, why: str) -> None:
    """R2.2: `granularity` is data."""
    text = (POLICIES / "cbse-2016.toml").read_text().replace('granularity = "minute"', 'granularity = "second"')
    strict = replace(world(), policies={"cbse-2016": parse(text, "strict.toml")})
    day = one_day(person(*marks(TUESDAY, came, "17:45")), here=strict)
    assert (day.has(DayFlag.LATE), day.late_min) == (late_min is not None, late_min or 0), why


@pytest.mark.parametrize(("left", "early_min", "why"), golden_cbse.EARLY)
def test_left_early_is_before_closing_time(left: str, early_min: int | None, why: str) -> None:
    """R2.1, R4.1"""
    day = one_day(person(*marks(TUESDAY, "08:59", left)))
    assert (day.has(DayFlag.LEFT_EARLY), day.early_min) == (early_min is not None, early_min or 0), why


# S2, S10: what a clock's bound does at the limit. Late starts at 09:31:00.
#  time, ± s            flags
BOUNDS = (
    ("09:30:50", 5,     DayFlag(0),                "09:30:45 to 09:30:55: surely in time"),
    ("09:30:58", 5,     DayFlag.LATE_UNCERTAIN,    "09:30:53 to 09:31:03: nobody can tell"),
    ("09:31:04", 5,     DayFlag.LATE_UNCERTAIN,    "09:30:59 to 09:31:09: nobody can tell"),
    ("09:31:05", 5,     DayFlag.LATE,              "09:31:00 to 09:31:10: surely late"),
    ("10:00:00", 1800,  DayFlag.LATE_UNCERTAIN,    "09:30:00 to 10:30:00: nobody can tell"),
)  # fmt: skip


@pytest.mark.parametrize(("came", "bound_s", "flag", "why"), BOUNDS)
def test_a_doubtful_clock_is_never_held_against_the_person(came: str, bound_s: int, flag: DayFlag, why: str) -> None:
    """S2, S10, R2.2"""
    day = one_day(person(punch(TUESDAY, came, bound_s=bound_s), *marks(TUESDAY, "17:40")))
    asked = DayFlag.LATE | DayFlag.LATE_UNCERTAIN
    assert DayFlag(day.flags) & asked == flag, why
    assert (day.late_min > 0) == (flag is DayFlag.LATE)


def test_the_sure_minutes_are_the_fewest_possible() -> None:
    """S2: 09:41 ± 2 min is at least 09:39, nine minutes after the limit."""
    day = one_day(person(punch(TUESDAY, "09:41", bound_s=120), *marks(TUESDAY, "17:40")))
    assert day.late_min == 9


@pytest.mark.parametrize(
    ("left", "bound_s", "uncertain"),
    [("17:29:30", 60, True), ("17:29:59", 1, True), ("17:29:58", 1, False), ("17:30:01", 1, False)],
)
def test_leaving_at_a_doubtful_time_is_not_leaving_early(left: str, bound_s: int, uncertain: bool) -> None:
    """S2: 17:29:58 to 17:30:00 may be closing time; 17:29:57 to 17:29:59 is not."""
    day = one_day(person(punch(TUESDAY, "09:00"), punch(TUESDAY, left, bound_s=bound_s)))
    assert day.has(DayFlag.EARLY_UNCERTAIN) is uncertain
    assert day.early_min == (1 if left == "17:29:58" else 0)
