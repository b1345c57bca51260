"""Pictures that come again to the last bit (S8): known after a restart, forgotten in their order, told in measure."""

from pathlib import Path

import numpy as np
import pytest

from edge.people.probes import TELL_S, Probes, Telling

KEY = b"k" * 32


def picture(n: int) -> "np.ndarray[tuple[int, int], np.dtype[np.uint8]]":
    return np.random.default_rng(n).integers(0, 256, (40, 30), np.uint8)


def test_the_very_same_picture_is_known_again_and_one_bit_makes_it_another(tmp_path: Path) -> None:
    probes = Probes(tmp_path / "probes", KEY)
    one, other = picture(1), picture(1)
    other[7, 7] ^= 1
    assert [probes.repeated(p, float(n)) for n, p in enumerate((one, other, one, other))] == [False, False, True, True]


def test_it_is_no_repeat_of_itself() -> None:
    probes = Probes(None, KEY)
    assert [probes.repeated(b"touch", 5.0) for _ in range(3)] == [False] * 3


def test_a_frame_that_a_camera_hands_over_twice_at_once_is_none() -> None:
    probes = Probes(None, KEY)
    assert [probes.repeated(b"frame", at_s, 30.0) for at_s in (0.0, 0.2, 29.0, 31.0)] == [False, False, False, True]


def test_they_are_known_after_a_restart_but_not_under_another_key(tmp_path: Path) -> None:
    file = tmp_path / "probes"
    assert not Probes(file, KEY).repeated(b"touch", 1.0)
    assert Probes(file, KEY).repeated(b"touch", 0.0)
    assert not Probes(file, b"o" * 32).repeated(b"touch", 0.0)
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_oldest_are_forgotten_and_the_file_stays_small(tmp_path: Path) -> None:
    file = tmp_path / "probes"
    probes = Probes(file, KEY, most=10)
    for n in range(100):
        assert not probes.repeated(bytes([n]), float(n))
        assert file.stat().st_size <= 2 * 10 * 8
    again = Probes(file, KEY, most=10)
    assert [n for n in range(100) if again.repeated(bytes([n]), 200.0)] == []  # each new one pushes an old one out
    last = Probes(file, KEY, most=10)
    assert all(last.repeated(bytes([n]), 0.0) for n in range(99, 89, -1))


@pytest.mark.parametrize("harm", [b"", b"x", bytes(11), bytes(100_000)])
def test_a_file_of_anything_is_taken_as_it_is(tmp_path: Path, harm: bytes) -> None:
    file = tmp_path / "probes"
    file.write_bytes(harm)
    probes = Probes(file, KEY, most=10)
    assert not probes.repeated(b"touch", 1.0)
    assert probes.repeated(b"touch", 2.0)
    assert file.stat().st_size % 8 == 0


def test_where_nothing_can_be_written_it_is_remembered_all_the_same(tmp_path: Path) -> None:
    probes = Probes(tmp_path / "not" / "there", KEY)
    assert [probes.repeated(b"touch", at_s) for at_s in (1.0, 2.0)] == [False, True]


def test_a_stuck_sensor_is_told_once_a_minute_with_how_often() -> None:
    told: list[tuple[str, bytes | None, int]] = []
    telling = Telling(lambda kind, person, times: told.append((kind, person, times)))
    for at_s in range(0, 130, 10):
        telling.happened("finger", None, float(at_s))
    telling.happened("finger", b"someone!", 130.0)
    assert told == [("finger", None, 1), ("finger", None, 6), ("finger", None, 6), ("finger", b"someone!", 1)]
    assert TELL_S == 60.0
