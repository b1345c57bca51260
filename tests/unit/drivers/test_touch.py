"""S11, whatever the sensor: one touch is one reading, a finger that stays is none, and one that slips is advice."""

import threading
from collections.abc import Iterable

import pytest

from drivers.base import Advice, Retry
from drivers.touch import Touch

WIPE = Retry(Advice.WIPE)


def wait(touch: Touch, seen: Iterable[bool | Retry], timeout_s: float = 0.0) -> bool | Retry:
    """What a wait ends with when the sensor sees this, look by look."""
    looks = iter(seen)
    return touch.wait(lambda _held: next(looks), timeout_s, threading.Event())


def test_a_finger_is_read_once_and_again_after_it_left() -> None:
    touch = Touch()
    assert wait(touch, [True]) is True
    assert wait(touch, [True]) is False
    assert wait(touch, [WIPE]) is False
    assert wait(touch, [False]) is False
    assert wait(touch, [False, True], 1) is True


def test_a_finger_that_was_there_before_must_leave_first() -> None:
    touch = Touch()
    touch.held = True
    assert wait(touch, [True, True, False, True], 1) is True


def test_a_finger_that_is_being_laid_down_is_given_time() -> None:
    assert wait(Touch(), [WIPE, WIPE, True], 1) is True
    assert wait(Touch(), [WIPE, WIPE, WIPE], 1) == WIPE


def test_a_finger_that_left_before_there_was_a_picture_is_asked_for_again() -> None:
    touch = Touch()
    assert wait(touch, [WIPE, False], 1) == Retry(Advice.PLACE_AGAIN)
    assert wait(touch, [True]) is True


def test_a_finger_that_stays_is_asked_to_lift() -> None:
    touch = Touch()
    touch.held = True
    assert wait(touch, iter(lambda: True, None), 10) == Retry(Advice.LIFT)


def test_a_finger_that_stays_through_many_short_waits_is_asked_to_lift_too() -> None:
    """As a terminal waits: never long at a time, so that it notices who left."""
    touch = Touch()
    touch.held = True
    ends = [wait(touch, iter(lambda: True, None), 0.1) for _ in range(40)]
    asked = ends.index(Retry(Advice.LIFT))
    assert 0 < asked < 40
    assert set(ends) == {False, Retry(Advice.LIFT)}
    assert wait(touch, [False]) is False
    assert wait(touch, [True]) is True
    assert wait(touch, [True]) is False, "it has only just been laid down"


def test_the_sensor_is_told_whether_its_picture_is_wanted() -> None:
    touch, told = Touch(), []

    def look(held: bool) -> bool:
        told.append(held)
        return True

    assert touch.wait(look, 0, threading.Event()) is True
    assert touch.wait(look, 0, threading.Event()) is False
    assert told == [False, True]


@pytest.mark.parametrize("timeout_s", [0.0, 0.05])
def test_nobody_came(timeout_s: float) -> None:
    assert wait(Touch(), iter(lambda: False, None), timeout_s) is False
