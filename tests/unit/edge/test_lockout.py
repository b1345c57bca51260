"""Who failed too often waits; the PIN's count survives a restart."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import SetupError
from edge.people.rejections import AGAIN_S, Rejections
from edge.session.lockout import Lockouts
from edge.session.policy import Lock
from edge.trust import pin
from edge.trust.pin import Pins


def test_five_failures_lock_and_each_further_one_for_twice_as_long() -> None:
    locks = Lockouts(Lock())
    assert [locks.fail(b"a", 0.0) for _ in range(7)] == [0, 0, 0, 0, 30, 60, 120]
    assert locks.wait_s(b"a", 100.0) == 20.0
    assert locks.wait_s(b"a", 120.0) == 0.0
    assert locks.wait_s(b"b", 0.0) == 0.0


def test_a_refusal_is_told_once_an_hour_of_each() -> None:
    """R2.6: and nobody is remembered for longer."""
    told = Rejections()
    assert [told.tell(b"a", at_s) for at_s in (0.0, 1.0, AGAIN_S - 1, AGAIN_S, AGAIN_S + 1)] == [
        True, False, False, True, False,
    ]  # fmt: skip
    assert told.tell(b"b", AGAIN_S + 2)
    assert told.tell(b"c", 3 * AGAIN_S)
    assert set(told._told) == {b"c"}


def test_recognition_and_an_hour_forget() -> None:
    locks = Lockouts(Lock())
    for _ in range(4):
        locks.fail(b"a", 0.0)
    locks.forget(b"a")
    assert locks.fail(b"a", 1.0) == 0
    for _ in range(4):
        locks.fail(b"a", 1.0)
    assert locks.fail(b"a", 4000.0) == 0


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=2), st.floats(0, 1e6)), max_size=200))
def test_a_wait_is_bounded_whatever_fails_when(failures: list[tuple[bytes, float]]) -> None:
    locks = Lockouts(Lock())
    now_s = 0.0
    for key, later_s in failures:
        now_s += later_s
        assert 0 <= locks.fail(key, now_s) <= 900
        assert 0 <= locks.wait_s(key, now_s) <= 900


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_the_right_pin_is_right_and_no_other(tmp_path: Path) -> None:
    pin.keep(tmp_path, "4711")
    pins = Pins(tmp_path, Clock())
    assert not pins.right("4712")
    assert pins.right("4711")
    assert not pins.right("")


def test_the_pin_is_kept_as_a_hash_only_its_owner_reads(tmp_path: Path) -> None:
    path = pin.keep(tmp_path, "471147")
    assert path.stat().st_mode & 0o777 == 0o600
    assert "471147" not in path.read_text()


@pytest.mark.parametrize("bad", ["", "123", "1234567890123", "12a4", "१२३४"])
def test_a_pin_is_four_to_twelve_digits(tmp_path: Path, bad: str) -> None:
    with pytest.raises(SetupError):
        pin.keep(tmp_path, bad)


def test_without_a_pin_none_is_right(tmp_path: Path) -> None:
    assert not Pins(tmp_path, Clock()).right("0000")


def test_after_three_failures_even_the_right_pin_waits_restart_or_not(tmp_path: Path) -> None:
    """S8: pulling the plug gains nothing; the wait begins anew."""
    pin.keep(tmp_path, "4711")
    clock = Clock()
    pins = Pins(tmp_path, clock)
    for _ in range(3):
        assert not pins.right("0000")
    assert pins.wait_s() == 60
    assert not pins.right("4711")
    clock.now_s = 59.0
    again = Pins(tmp_path, clock)
    assert again.wait_s() == 60
    assert not again.right("4711")
    clock.now_s = 59.0 + 60.0
    assert again.right("4711")
    assert Pins(tmp_path, clock).wait_s() == 0


@pytest.mark.parametrize("text", ["", "[]", '{"failures": "x"}', "\x00"])
def test_a_count_that_cannot_be_read_is_the_worst(tmp_path: Path, text: str) -> None:
    pin.keep(tmp_path, "4711")
    (tmp_path / "pin-failures").write_text(text)
    pins = Pins(tmp_path, Clock())
    assert pins.wait_s() == 60
    assert not pins.right("4711")


@pytest.mark.parametrize("change", [{"salt": "zz"}, {"n": "x"}, {"hash": ""}, {"n": -1}])
def test_a_damaged_pin_file_lets_nobody_in(tmp_path: Path, change: dict[str, object]) -> None:
    path = pin.keep(tmp_path, "4711")
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    assert not Pins(tmp_path, Clock()).right("4711")


def test_a_try_that_cannot_be_counted_is_none(tmp_path: Path) -> None:
    pin.keep(tmp_path, "4711")
    (tmp_path / "pin-failures.new").mkdir()
    assert not Pins(tmp_path, Clock()).right("4711")


def test_a_pin_is_readable_to_whose_the_keys_are(tmp_path: Path) -> None:
    """Root sets it; the terminal, which has a user of its own, tries it."""
    pin.keep(tmp_path, "4711")
    if os.geteuid() == 0:
        os.chown(tmp_path / "keys", 12345, 54321)
    path = pin.keep(tmp_path, "1147")
    file, folder = path.stat(), (tmp_path / "keys").stat()
    assert (file.st_uid, file.st_gid, file.st_mode & 0o777) == (folder.st_uid, folder.st_gid, 0o600)
    assert Pins(tmp_path).right("1147")
