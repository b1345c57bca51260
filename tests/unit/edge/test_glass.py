"""The glass with nobody on it (S11): what is clean, dirty, defective, or still holds the last finger's print."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from drivers.base import Modality, Scan
from edge.devices.checkup import look_over
from edge.people.glass import WORDS, Glass, judge
from matching.synthetic import generate

RNG = np.random.default_rng(5)
Image = np.ndarray


def bare(noise: float = 2.0, level: float = 225.0) -> Image:
    """Glass under light that falls off to the corners, as an optical sensor sees it. float32 (288, 256)."""
    y, x = np.mgrid[-1:1:288j, -1:1:256j]
    return np.asarray(level - 30 * (x * x + y * y) + RNG.normal(0, noise, x.shape), np.float32)


def ghost(finger: Path, strength: float) -> Image:
    """What a finger leaves behind: its print, faint."""
    picture = cv2.imread(str(finger), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    return bare() - strength * (255 - picture.astype(np.float32))


def judged(image: Image) -> Glass:
    return judge(Scan(np.clip(image, 0, 255).astype(np.uint8), 500, Modality.FINGER)).glass


@pytest.fixture(scope="module")
def fingers(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    out = tmp_path_factory.mktemp("synthetic") / "fingers"
    return sorted(generate(6, 1, 3, out))


def test_a_bare_glass_is_clean_whatever_its_light_and_its_noise() -> None:
    for noise in (0.0, 1.0, 2.0, 4.0):
        for level in (60.0, 140.0, 225.0):
            assert judged(bare(noise, level)) is Glass.CLEAN
    assert judged(np.full((120, 160), 255, np.float32)) is Glass.CLEAN


def test_the_print_that_a_finger_left_is_seen_before_somebody_could_be_taken_for_it(fingers: list[Path]) -> None:
    """A tenth of a finger's contrast is enough to be seen."""
    for finger in fingers:
        assert judged(ghost(finger, 0.12)) is Glass.PRINT
        assert judged(ghost(finger, 0.0)) is Glass.CLEAN


def test_dust_and_a_lizard_are_dirt_and_no_print() -> None:
    image = bare()
    for _ in range(120):
        row, column, size = RNG.integers(0, 288), RNG.integers(0, 256), int(RNG.integers(1, 5))
        cv2.circle(image, (int(column), int(row)), size, 90, -1)
    assert judged(image) is Glass.DIRTY


def test_a_line_that_stands_out_is_dead() -> None:
    for axis in (0, 1):
        image = bare()
        np.moveaxis(image, axis, 0)[77] = 0
        assert judged(image) is Glass.DEAD_LINES
        assert judge(Scan(image.clip(0, 255).astype(np.uint8), 500, Modality.FINGER)).dead_lines == 1


def test_the_score_falls_as_the_glass_gets_worse(fingers: list[Path]) -> None:
    scores = [
        judge(Scan(ghost(fingers[0], s).clip(0, 255).astype(np.uint8), 500, Modality.FINGER)).score
        for s in (0.0, 0.12, 0.5)
    ]
    assert scores[0] >= 95
    assert scores[0] > scores[1] >= scores[2]


def test_every_word_is_in_both_languages() -> None:
    assert set(WORDS) == set(Glass)
    assert all(any("\u0900" <= c <= "\u097f" for c in words.hi) for words in WORDS.values())


def test_the_daily_test_has_the_glass_in_it(tmp_path: Path, fingers: list[Path]) -> None:
    from drivers.lines import LineClient
    from drivers.virtual.driver import VirtualDriver

    path = tmp_path / "soiled.png"
    cv2.imwrite(str(path), ghost(fingers[0], 0.3).clip(0, 255).astype(np.uint8))
    driver = VirtualDriver(tmp_path / "v.sock")
    driver.open()
    with LineClient(tmp_path / "v.sock") as hands:
        assert look_over(driver)["glass"] == "clean"
        hands.ask({"do": "soil", "picture": str(path)})
        found = look_over(driver)
        assert (found["verdict"], found["glass"]) == ("here", "print")
        hands.ask({"do": "place", "picture": str(fingers[0])})
        assert "glass" not in look_over(driver), "a finger is on it: nothing can be said of the glass"
    driver.close()
