"""Every stage becomes a picture, of one finger and of two, good ones and none at all."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from matching import DataError, ImageError, ModelMissing, models, score
from matching.synthetic import bare_glass, finger, impression
from matching.trace_pictures import SCALE, Picture, Trace, save, sheet, trace

STAGES = ["normalised", "foreground", "network", "minutiae"]


@pytest.fixture(scope="module")
def mates() -> Trace:
    return trace(impression(finger(7), 4), 500, impression(finger(7), 3))


def marked(picture: Picture) -> int:
    """How many pixels have a colour: pictures of fingers are grey until something is drawn on them."""
    return int((np.ptp(picture.astype(np.int16), axis=2) > 60).sum())


def test_one_finger_gives_its_stages() -> None:
    image = impression(finger(7), 4)
    seen = trace(image)
    assert list(seen.pictures) == STAGES
    assert seen.score is None
    assert seen.pictures["normalised"].shape == (image.shape[0] * SCALE, image.shape[1] * SCALE, 3)
    assert marked(seen.pictures["normalised"]) == 0
    (view,) = seen.views
    assert view.quality.minutiae is not None
    assert marked(seen.pictures["minutiae"]) > 100 * view.quality.minutiae
    assert marked(seen.pictures["network"]) > 100 * view.quality.minutiae


def test_two_fingers_give_pairs_and_an_overlay(mates: Trace) -> None:
    assert list(mates.pictures) == [*(f"{s}-a" for s in STAGES), *(f"{s}-b" for s in STAGES), "pairs", "overlay"]
    first, second = (view.template for view in mates.views)
    assert mates.score == score(first, second)
    assert mates.score > 0.5


def test_the_overlay_puts_ridges_on_ridges(mates: Trace) -> None:
    """Where both are ridge it is dark: far more of that for one finger laid over itself than for two."""

    def dark(seen: Trace) -> float:
        picture = seen.pictures["overlay"].astype(np.int16)
        return float((picture.max(axis=2) < 120).mean())

    others = trace(impression(finger(7), 4), 500, impression(finger(8), 3))
    same = trace(impression(finger(7), 4), 500, impression(finger(7), 4))
    assert dark(same) > 1.5 * dark(others)


def test_the_heat_lies_where_the_minutiae_are() -> None:
    """The bright spots of the network's picture are the minutiae of the template, as far as they are shown."""
    seen = trace(impression(finger(7), 4))
    heat = seen.pictures["network"].astype(np.int16)
    spots = np.ptp(heat, axis=2) > 60
    minutiae = seen.views[0].template.minutiae
    at = np.rint(np.stack([minutiae.y, minutiae.x], axis=1) * SCALE).astype(int)
    hits = [spots[y - 4 : y + 5, x - 4 : x + 5].any() for y, x in at]
    assert np.mean(hits) > 0.9


def test_where_the_published_network_is_missing_the_picture_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    real = models.path

    def missing(name: str) -> Path:
        if name == "LEADER.onnx":
            raise ModelMissing(name)
        return real(name)

    with_heat = trace(impression(finger(7), 4)).pictures["network"]
    monkeypatch.setattr(models, "path", missing)
    without = trace(impression(finger(7), 4)).pictures["network"]
    assert marked(without) == 0
    assert without.shape[0] > with_heat.shape[0], "a line is written under it"


@pytest.mark.parametrize("other", [bare_glass(1), np.full((40, 700), 255, np.uint8), impression(finger(9), 1)])
def test_fingers_that_have_nothing_in_common_are_drawn_too(other: np.ndarray) -> None:
    seen = trace(other, 500, impression(finger(7), 4))
    assert seen.score is not None
    assert seen.score < 0.5
    assert sheet(seen.pictures).ndim == 3


def test_what_is_no_picture_of_a_finger_is_refused() -> None:
    with pytest.raises(ImageError):
        trace(np.zeros((3, 3), np.uint8))
    with pytest.raises(ImageError):
        trace(impression(finger(7), 1), float("nan"))


def test_pictures_are_written_for_their_owner_only(mates: Trace, tmp_path: Path) -> None:
    files = save(mates.pictures, tmp_path / "out")
    assert [file.name for file in files] == [f"{n}-{name}.png" for n, name in enumerate(mates.pictures, 1)] + [
        "sheet.png"
    ]
    for file in files:
        assert file.stat().st_mode & 0o777 == 0o600
        assert cv2.imread(str(file)) is not None
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot be written"):
        save(mates.pictures, tmp_path / "file" / "out")
