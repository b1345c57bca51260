"""A key matrix: bouncing contacts, keys held together, layouts that do not fit."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import DeviceGone, OptionError, registry
from drivers.base import Keypad
from drivers.gpio_keypad.codec import Matrix, layout, pins
from tests.contract.rigs.gpio_keypad import GpioKeypadRig

KEYS = layout("123 456 789 *0#", 4, 3)
ONE, TWO, FIVE = (0, 0), (0, 1), (1, 1)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[GpioKeypadRig]:
    with closing(GpioKeypadRig(tmp_path)) as rig:
        yield rig


def test_a_key_counts_once_it_is_steady_and_once_only() -> None:
    matrix = Matrix(KEYS, 3)
    assert [matrix.scan({ONE}) for _ in range(6)] == [[], [], ["1"], [], [], []]


def test_a_bouncing_contact_is_one_key() -> None:
    matrix = Matrix(KEYS, 2)
    scans = [{ONE}, set(), {ONE}, {ONE}, set(), {ONE}, set(), set(), {ONE}, {ONE}]
    assert [key for scan in scans for key in matrix.scan(scan)] == ["1", "1"]


def test_two_keys_rolled_over_are_two_keys_and_a_rectangle_is_none() -> None:
    matrix = Matrix(KEYS, 1)
    assert [matrix.scan(s) for s in ({ONE}, {ONE, TWO}, {TWO})] == [["1"], ["2"], []]
    assert Matrix(KEYS, 1).scan({ONE, TWO, FIVE}) == []


@given(st.lists(st.sets(st.sampled_from(sorted(KEYS)), max_size=4), max_size=50))
def test_no_key_without_a_contact(scans: list[set[tuple[int, int]]]) -> None:
    matrix = Matrix(KEYS, 2)
    for scan in scans:
        assert set(matrix.scan(scan)) <= {KEYS[place] for place in scan}


@pytest.mark.parametrize("text", ["", "5 x", "5 5", "28", "-1"])
def test_wrong_pins_are_named(text: str) -> None:
    with pytest.raises(OptionError, match="rows = "):
        pins("rows", text)


def test_a_layout_that_does_not_fit_is_named() -> None:
    with pytest.raises(OptionError, match="4 rows of 3 keys"):
        layout("123 456 789", 4, 3)
    with pytest.raises(OptionError, match="share a pin"):
        registry.make("gpio_keypad", {"rows": "5 6 13 26"})


def test_two_keys_of_one_column_never_short_two_pins(rig: GpioKeypadRig) -> None:
    """While they are held, at most one row is driven at a time, and all are inputs afterwards."""
    keypad = registry.make("gpio_keypad", {})
    with closing(keypad):
        keypad.open()
        assert isinstance(keypad, Keypad)
        rig.hold("1", "4")
        assert {keypad.read_key(5), keypad.read_key(5)} == {"1", "4"}
    for row in rig.rows:
        assert rig.factory.pin(f"GPIO{row}").function == "input"


def test_a_machine_without_pins_is_a_device_that_is_gone(rig: GpioKeypadRig, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_pin(_name: str) -> None:
        raise OSError("no such chip")

    monkeypatch.setattr(rig.factory, "pin", no_pin)
    keypad = registry.make("gpio_keypad", {})
    with pytest.raises(DeviceGone, match="no such chip"):
        keypad.open()


def test_pins_that_fail_later_are_a_device_that_is_gone(rig: GpioKeypadRig) -> None:
    keypad = registry.make("gpio_keypad", {})
    with closing(keypad):
        keypad.open()
        assert isinstance(keypad, Keypad)
        rig.factory.wires = None
        with pytest.raises(DeviceGone, match="pins"):
            keypad.read_key(5)
