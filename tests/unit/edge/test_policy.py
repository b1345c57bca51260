"""How the terminal behaves: pure decisions."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.base import Advice
from edge.session import policy
from edge.session.policy import Last, Lock, Rules, Silence, View
from matching import Modality, threshold
from sync.record import ClockSource, Flag, Instant, Kind

RULES = Rules()
NOON_UTC_MS = 1_700_049_600_000  # 2023-11-15 12:00 UTC


def at(s: float, boot_no: int = 1, wall_ms: int | None = None, source: ClockSource = ClockSource.NTP) -> Instant:
    since_ms = round(s * 1000)
    wall = NOON_UTC_MS + since_ms if wall_ms is None else wall_ms
    return Instant(boot_no, since_ms, wall - since_ms, source, 5)


@given(st.text("0123456789", min_size=6, max_size=6))
def test_six_digits_are_taken_as_typed(typed: str) -> None:
    """R1.1, R1.2: leading zeros are digits."""
    assert policy.digits(list(typed)) == typed


@given(st.lists(st.sampled_from([*"0123456789", "a", "enter", "१", "²", "", "12", " "]), max_size=10))
def test_nothing_else_is(keys: list[str]) -> None:
    """R1.1"""
    six = len(keys) == 6 and all(key in "0123456789" and len(key) == 1 for key in keys)
    assert (policy.digits(keys) is not None) is six


def test_the_first_of_a_day_is_in_and_every_later_one_out() -> None:
    """S14: coming back from lunch is one more OUT; the day is first IN and last OUT."""
    kind, flags = policy.kind_and_flags(RULES, None, at(0))
    assert (kind, flags) == (Kind.IN, Flag.NONE)
    assert policy.kind_and_flags(RULES, Last(at(0), Kind.IN), at(3600))[0] is Kind.OUT
    assert policy.kind_and_flags(RULES, Last(at(0), Kind.OUT), at(7200))[0] is Kind.OUT
    assert policy.kind_and_flags(RULES, Last(at(0), Kind.OUT), at(86_400))[0] is Kind.IN


def test_the_day_changes_at_midnight_in_india() -> None:
    evening = at(0, wall_ms=NOON_UTC_MS + 6 * 3_600_000)  # 23:30 IST
    night = at(3600, wall_ms=NOON_UTC_MS + 7 * 3_600_000)  # 00:30 IST
    assert policy.kind_and_flags(RULES, Last(evening, Kind.OUT), night)[0] is Kind.IN


@pytest.mark.parametrize(("after_s", "duplicate"), [(0, True), (59.999, True), (60, False), (61, False)])
def test_within_a_minute_it_is_the_same_punch_again(after_s: float, duplicate: bool) -> None:
    """S14: kept, flagged, and of the same kind."""
    kind, flags = policy.kind_and_flags(RULES, Last(at(0), Kind.IN), at(after_s))
    assert (Flag.DUPLICATE in flags) is duplicate
    assert kind is (Kind.IN if duplicate else Kind.OUT)


def test_a_moved_wall_clock_neither_makes_nor_hides_a_double_tap() -> None:
    """S10: within a boot, time is what nobody can set."""
    last = Last(at(0), Kind.IN)
    hidden = at(30, wall_ms=NOON_UTC_MS + 3_600_000)
    made = at(3600, wall_ms=NOON_UTC_MS + 1_000)
    assert Flag.DUPLICATE in policy.kind_and_flags(RULES, last, hidden)[1]
    assert Flag.DUPLICATE not in policy.kind_and_flags(RULES, last, made)[1]


def test_across_boots_the_wall_decides_and_time_that_ran_back_is_no_double_tap() -> None:
    last = Last(at(500), Kind.IN)
    soon = at(1, boot_no=2, wall_ms=last.instant.wall_ms + 30_000)
    back = at(1, boot_no=2, wall_ms=last.instant.wall_ms - 30_000)
    assert Flag.DUPLICATE in policy.kind_and_flags(RULES, last, soon)[1]
    assert Flag.DUPLICATE not in policy.kind_and_flags(RULES, last, back)[1]


def test_a_clock_nobody_vouches_for_is_flagged() -> None:
    """S2: the punch is taken all the same."""
    assert Flag.CLOCK_UNTRUSTED in policy.kind_and_flags(RULES, None, at(0, source=ClockSource.UNKNOWN))[1]


def test_a_poor_picture_gets_its_advice_and_enrolling_asks_for_more_than_punching() -> None:
    """S1"""
    assert policy.advice(View(Advice.WIPE, 40, 150)) is Advice.WIPE
    small, few = View(None, 40, 60.0), View(None, 15, 150.0)
    assert policy.advice(small) is policy.advice(few) is None
    assert policy.advice(small, enrolling=True) is Advice.PLACE_FLAT
    assert policy.advice(few, enrolling=True) is Advice.PLACE_AGAIN
    assert policy.advice(View(None, 40, 150.0), enrolling=True) is None


def test_a_near_miss_may_try_again_and_a_clear_one_may_not() -> None:
    """S1: near is what one stranger in a hundred reaches, not half of anything."""
    near = threshold(Modality.FINGER, policy.NEAR_FMR)
    assert policy.near_miss(near, near)
    assert not policy.near_miss(near - 0.01, near)
    assert near < threshold(Modality.FINGER, 1e-5)


def test_a_kind_chosen_by_key_counts_and_a_movement_out_is_come_back_from() -> None:
    """R1.16, R4.6: also within the minute, when it is another kind than before."""
    last = Last(at(0), Kind.IN)
    assert policy.kind_and_flags(RULES, last, at(5), Kind.MOVEMENT_OUT) == (Kind.MOVEMENT_OUT, Flag.NONE)
    assert policy.kind_and_flags(RULES, last, at(5), Kind.IN) == (Kind.IN, Flag.DUPLICATE)
    assert policy.kind_and_flags(RULES, None, at(0), Kind.ON_DUTY) == (Kind.ON_DUTY, Flag.NONE)
    assert policy.kind_and_flags(RULES, Last(at(0), Kind.MOVEMENT_OUT), at(900))[0] is Kind.MOVEMENT_IN


def test_by_time_of_day_a_late_first_punch_is_out_but_not_by_a_clock_nobody_vouches_for() -> None:
    rules = replace(RULES, out_from_min=17 * 60)  # noon UTC is 17:30 in India
    assert policy.kind_and_flags(rules, None, at(0))[0] is Kind.OUT
    assert policy.kind_and_flags(rules, None, at(-3600))[0] is Kind.IN
    assert policy.kind_and_flags(rules, None, at(0, source=ClockSource.UNKNOWN))[0] is Kind.IN


@pytest.mark.parametrize(("waited_s", "back_s"), [(0.0, 0.0), (12.5, 12.5), (60.0, 60.0), (300.0, 60.0), (-1.0, 0.0)])
def test_a_punch_is_dated_by_its_first_key_but_a_minute_back_at_most(waited_s: float, back_s: float) -> None:
    """Queue fairness."""
    then = policy.since_first_key(at(1000), waited_s)
    assert then.since_boot_ms == 1_000_000 - round(1000 * back_s)
    assert then.wall_offset_ms == at(1000).wall_offset_ms
    assert policy.since_first_key(at(10), 60.0).since_boot_ms == 0


def test_the_lock_grows_and_is_bounded() -> None:
    waits = [policy.lock_s(Lock(), failures) for failures in range(12)]
    assert waits == [0, 0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900]
    assert policy.lock_s(Lock(), 10**9) == 900


def test_silence_is_news_from_a_set_time_on_working_days_of_a_peopled_office() -> None:
    """S1: 40 people and no punch by 09:45. 2023-11-15 was a Wednesday."""
    rules = replace(RULES, silence=Silence(9 * 60 + 45, 10))
    late, early = at(0), at(0, wall_ms=NOON_UTC_MS - 8 * 3_600_000)
    assert policy.weekday(rules, late) == 3
    assert policy.silent(rules, late, None, 40)
    assert policy.silent(rules, late, at(0, wall_ms=NOON_UTC_MS - 86_400_000), 40)
    assert not policy.silent(rules, late, at(0, wall_ms=NOON_UTC_MS - 3_600_000), 40)
    assert not policy.silent(rules, early, None, 40)
    assert not policy.silent(rules, late, None, 9)
    assert not policy.silent(rules, at(0, source=ClockSource.UNKNOWN), None, 40)
    assert not policy.silent(rules, at(0, wall_ms=NOON_UTC_MS + 4 * 86_400_000), None, 40)  # a Sunday
    assert not policy.silent(RULES, late, None, 40)
