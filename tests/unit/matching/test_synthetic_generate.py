"""A folder of synthetic fingers appears whole, laid out as the competitions' sets, or not at all."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from matching import MatchingError
from matching.synthetic import Condition, SyntheticError, finger, generate, impression
from matching.synthetic.generate import FIRST_FINGER, finger_seeds


def read(path: Path) -> np.ndarray:
    return np.asarray(cv2.imread(str(path), cv2.IMREAD_UNCHANGED))


def test_the_layout_is_that_of_the_competitions(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    out = tmp_path / "deep" / "set"
    paths = generate(12, 2, 1, out, lambda done, total: told.append((done, total)))
    names = [f"{number}_{touch}.png" for number in range(101, 113) for touch in (1, 2)]
    assert [path.name for path in paths] == names
    assert sorted(path.name for path in out.iterdir()) == sorted(names)
    assert told == [(done, 24) for done in range(1, 25)]
    picture = read(out / "101_1.png")
    assert picture.shape == (288, 256)
    assert picture.dtype == np.uint8
    assert [path.name for path in out.parent.iterdir()] == ["set"]


def test_a_finger_is_the_same_however_many_are_asked_for(tmp_path: Path) -> None:
    generate(1, 1, 5, tmp_path / "one")
    generate(2, 2, 5, tmp_path / "two")
    generate(1, 1, 6, tmp_path / "other")
    one, two, other = (read(tmp_path / name / "101_1.png") for name in ("one", "two", "other"))
    np.testing.assert_array_equal(one, two)
    assert np.mean(one != other) > 0.5
    assert np.mean(one != read(tmp_path / "two" / "102_1.png")) > 0.5


def test_an_empty_folder_is_filled_and_the_condition_is_heeded(tmp_path: Path) -> None:
    out = tmp_path / "set"
    out.mkdir()
    generate(1, 1, 5, out, condition="wet")
    generate(1, 1, 5, tmp_path / "dry", condition=Condition.DRY)
    assert read(out / "101_1.png").mean() < read(tmp_path / "dry" / "101_1.png").mean()


@pytest.mark.parametrize("people", [0, -1, 10_001, 1.5, True, "3"])
def test_a_number_of_people_that_is_none_is_refused(tmp_path: Path, people: object) -> None:
    with pytest.raises(SyntheticError, match="people"):
        generate(people, 1, 1, tmp_path / "set")  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("impressions", [0, 1_001])
def test_a_number_of_impressions_out_of_range_is_refused(tmp_path: Path, impressions: int) -> None:
    with pytest.raises(SyntheticError, match="impressions"):
        generate(1, impressions, 1, tmp_path / "set")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_condition_or_seed_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(SyntheticError, match="frozen"):
        generate(1, 1, 1, tmp_path / "set", condition="frozen")
    with pytest.raises(SyntheticError, match="seed"):
        generate(1, 1, -1, tmp_path / "set")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(SyntheticError, match="not empty"):
        generate(1, 1, 1, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_file_in_the_way_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "set").write_text("mine")
    with pytest.raises(SyntheticError, match="not a folder"):
        generate(1, 1, 1, tmp_path / "set")
    with pytest.raises(MatchingError, match="cannot be written"):
        generate(1, 1, 1, tmp_path / "set" / "below")
    assert (tmp_path / "set").read_text() == "mine"


def test_nothing_half_written_stays_when_it_is_cut_short(tmp_path: Path) -> None:
    def cut(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(1, 3, 1, tmp_path / "set", cut)
    assert list(tmp_path.iterdir()) == []


def test_the_folder_that_appeared_meanwhile_is_left_alone(tmp_path: Path) -> None:
    def meddle(done: int, total: int) -> None:
        (tmp_path / "set").mkdir()
        (tmp_path / "set" / "theirs").touch()

    with pytest.raises(SyntheticError, match="cannot be written"):
        generate(1, 1, 1, tmp_path / "set", meddle)
    assert [path.name for path in (tmp_path / "set").iterdir()] == ["theirs"]
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_the_pictures_are_impressions_of_fingers(tmp_path: Path) -> None:
    """What is written can be had without the folder, so the virtual sensor and the tests see the same fingers."""
    generate(1, 2, 9, tmp_path / "set")
    master = finger(finger_seeds(9, 1)[0])
    np.testing.assert_array_equal(read(tmp_path / "set" / f"{FIRST_FINGER}_2.png"), impression(master, 2))
