"""The machine's clocks, and what is believed of them."""

import time

import pytest

from edge import clock
from edge.clock import STEP_MS, Step, SystemClock
from sync.record import ClockSource


def test_an_instant_shows_the_wall_and_counts_since_boot() -> None:
    now = SystemClock(7).now()
    assert now.boot_no == 7
    assert abs(now.wall_ms - time.time() * 1000) < 1000
    assert abs(now.since_boot_ms - time.clock_gettime(time.CLOCK_BOOTTIME) * 1000) < 1000


def test_the_offset_holds_still_while_nobody_touches_the_clock() -> None:
    steady = SystemClock(1)
    assert len({steady.now().wall_offset_ms for _ in range(200)}) == 1


def test_the_boot_has_a_name_that_stays() -> None:
    assert len(clock.boot_id()) == 16
    assert clock.boot_id() == clock.boot_id()


def test_the_kernel_is_asked_how_far_to_trust_the_wall() -> None:
    source, bound_ms = clock.trust()
    assert (source is ClockSource.UNKNOWN) is (bound_ms is None)
    assert bound_ms is None or 0 <= bound_ms < 86_400_000


@pytest.mark.parametrize("moved_ms", [-3_600_000, -STEP_MS - 500, STEP_MS + 500, 86_400_000])
def test_a_step_since_the_last_record_is_noticed_once(moved_ms: int) -> None:
    """S10: old and new, and no second time."""
    real = SystemClock(1).now().wall_offset_ms
    stepped = SystemClock(1, held_offset_ms=real - moved_ms)
    step = stepped.step()
    assert isinstance(step, Step)
    assert step.old_offset_ms == real - moved_ms
    assert abs(step.new_offset_ms - real) < 100
    assert stepped.step() is None
    assert abs(stepped.now().wall_offset_ms - real) < 100


def test_a_clock_that_is_steered_is_no_step() -> None:
    real = SystemClock(1).now().wall_offset_ms
    assert SystemClock(1, held_offset_ms=real - STEP_MS // 2).step() is None
