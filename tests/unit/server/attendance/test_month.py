"""Where the fold saves work: which days a late punch touches, times without a fit terminal, and the bench itself."""

import datetime as dt

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from server.attendance import FactsError
from server.attendance.clock import days_of, hhmm
from server.attendance.fitness import OfficeFitness
from server.attendance.month import days_touched, fold_days
from server.attendance.plan import Planner
from server.attendance.types import FitnessSpan, Punch, PunchId
from server.bench import attendance
from tests.unit.server.attendance.scene import MONTH, OFFICE, TUESDAY, at, one_month, person, punch, world

DAY = dt.timedelta(days=1)
TOUCHED = (
    (punch(TUESDAY, "12:00"), [TUESDAY]),
    (punch(TUESDAY, "02:00"), [TUESDAY - DAY]),
    (punch(TUESDAY, "03:00", bound_s=1), [TUESDAY - DAY, TUESDAY]),
    (punch(TUESDAY, "12:00+1", bound_s=86_400), [TUESDAY, TUESDAY + DAY, TUESDAY + 2 * DAY]),
)  # fmt: skip


@pytest.mark.parametrize(("late", "days"), TOUCHED)
def test_a_late_punch_touches_only_its_days(late: Punch, days: list[dt.date]) -> None:
    """S12"""
    assert days_touched(Planner(world()), person(), late) == days


@given(
    minutes=st.lists(st.tuples(st.integers(0, 30 * 1440 - 1), st.integers(0, 4000)), max_size=8),
    late=st.tuples(st.integers(2 * 1440, 28 * 1440), st.integers(0, 4000)),
)
def test_folding_the_touched_days_again_is_folding_the_month_again(
    minutes: list[tuple[int, int]], late: tuple[int, int]
) -> None:
    """S12: punches anywhere in the month, known to anything from the second to days."""
    start = at(days_of(MONTH)[0], "00:00")

    def made(seq: int, minute: int, wide: int) -> Punch:
        low = start + minute * 60_000
        return Punch(PunchId("t-1", b"log", seq), low, low + wide * 60_000, OFFICE)

    before = [made(seq, *one) for seq, one in enumerate(minutes)]
    more = person(*before, new := made(99, *late))
    planner = Planner(world())
    days = {day.day: day for day in one_month(person(*before))}
    touched = [day for day in days_touched(planner, more, new) if day in days]
    days |= {day.day: day for day in fold_days(planner, more, touched)}
    assert list(days.values()) == one_month(more)


@given(
    spans=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=6),
    low=st.integers(-5, 65),
    wide=st.integers(0, 70),
)
@example(spans=[(0, 10), (9, 20)], low=0, wide=30)
def test_time_without_a_fit_terminal(spans: list[tuple[int, int]], low: int, wide: int) -> None:
    """R2.6: against counting each millisecond."""
    fitness = OfficeFitness(FitnessSpan(str(place), OFFICE, *span) for place, span in enumerate(spans))
    fit = {ms for begin, end in spans for ms in range(begin, end)}
    assert fitness.unfit_ms(low, low + wide) == sum(ms not in fit for ms in range(low, low + wide))


def test_the_bench_folds_what_it_says() -> None:
    """Half of eighty people, each with 22 worked days of October and four punches a day."""
    found = attendance._fold(0, 40)
    assert (found["days"], found["punches"]) == (40 * 31, 40 * 22 * 4)
    assert found["late"] > 0


def test_months_and_clocks() -> None:
    with pytest.raises(FactsError, match="'2026-13' is no month; expected YYYY-MM"):
        days_of("2026-13")
    assert [hhmm(minute) for minute in (0, 570, 1439, 1830, -10)] == ["00:00", "09:30", "23:59", "06:30+1", "23:50-1"]
