"""Pictures of any kind give a template or a reason; pictures of a finger give the same finger again."""

import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from matching import ImageError, ModelMissing, ModelRefused, Template, fingerprint, prepare, score
from matching.fingerprint import Advice, Extractor, foreground, quality
from matching.fingerprint.parameters import MAX_CROP_PX
from matching.identify import THRESHOLD
from matching.synthetic import Condition, finger, impression

Picture = NDArray[np.uint8]


def touch(person: int, nth: int, condition: Condition = Condition.NORMAL) -> Picture:
    return impression(finger(person), nth, condition)


def test_touches_of_one_finger_match_and_of_two_do_not(extractor: Extractor) -> None:
    people = [[extractor.extract(touch(person, nth)) for nth in (1, 2)] for person in (60, 61, 62)]
    for one, (first, second) in enumerate(people):
        assert score(first, second) >= THRESHOLD
        assert all(score(first, people[other][1]) < THRESHOLD for other in range(3) if other != one)


def test_a_template_is_small_and_within_its_picture(extractor: Extractor) -> None:
    template = extractor.extract(touch(63, 1))
    assert 20 <= len(template.minutiae) <= 60
    assert len(template.to_bytes()) <= 300
    assert Template.from_bytes(template.to_bytes()) == template


@pytest.mark.parametrize("dpi", [300, 512, 1000])
def test_the_resolution_is_made_good(extractor: Extractor, dpi: float) -> None:
    picture = touch(64, 1)
    scaled = np.asarray(cv2.resize(picture, None, fx=dpi / 500, fy=dpi / 500, interpolation=cv2.INTER_AREA), np.uint8)
    assert score(extractor.extract(scaled, dpi), extractor.extract(touch(64, 2))) >= THRESHOLD


@pytest.mark.parametrize("degrees", [-40, 40])
def test_a_turned_picture_is_the_same_finger(extractor: Extractor, degrees: float) -> None:
    """Also proves the sense of the directions: minutiae that turn the wrong way would not match."""
    picture = touch(65, 1)
    rows, columns = picture.shape
    matrix = cv2.getRotationMatrix2D((columns / 2, rows / 2), degrees, 1)
    turned = np.asarray(cv2.warpAffine(picture, matrix, (columns, rows), borderMode=cv2.BORDER_REPLICATE), np.uint8)
    assert score(extractor.extract(turned), extractor.extract(picture)) >= THRESHOLD


def test_extraction_repeats_to_the_byte(extractor: Extractor) -> None:
    assert extractor.extract(touch(66, 1)).to_bytes() == extractor.extract(touch(66, 1)).to_bytes()


def test_empty_glass_beside_the_finger_changes_nothing_that_matters(extractor: Extractor) -> None:
    picture = touch(67, 1)
    wide = np.pad(picture, ((60, 90), (150, 110)), mode="edge")
    assert score(extractor.extract(wide), extractor.extract(picture)) >= 0.9


@pytest.mark.parametrize(
    ("picture", "advice"),
    [
        (np.zeros((300, 300), np.uint8), Advice.NO_FINGER),
        (np.full((300, 300), 255, np.uint8), Advice.NO_FINGER),
        (np.random.default_rng(1).integers(0, 256, (300, 260), dtype=np.uint8), Advice.UNCLEAR),
        (np.tile(np.array([0, 255], np.uint8), (32, 16)), None),
    ],
    ids=["black", "white", "noise", "smallest"],
)
def test_what_is_no_finger_matches_nobody(extractor: Extractor, picture: Picture, advice: Advice | None) -> None:
    view = extractor.view(picture)
    assert len(view.template.minutiae) < 12
    assert score(view.template, extractor.extract(touch(68, 1))) < THRESHOLD
    if advice is not None:
        assert view.quality.advice is advice


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((1, 1), np.uint8),
        np.zeros((0, 0), np.uint8),
        np.zeros((31, 400), np.uint8),
        np.zeros((300, 300), np.float32),
        np.zeros((300, 300), np.uint16),
        np.zeros((300, 300, 3), np.uint8),
        np.zeros(300, np.uint8),
        np.lib.stride_tricks.as_strided(np.zeros(1, np.uint8), (10_000, 10_000), (0, 0)),
    ],
    ids=lambda image: f"{image.dtype}-{image.shape}",
)
def test_what_cannot_be_a_fingerprint_is_refused_in_words(extractor: Extractor, image: NDArray[np.generic]) -> None:
    with pytest.raises(ImageError, match=r"uint8 \(rows, columns\)|picture of .* px"):
        extractor.extract(image)


@pytest.mark.parametrize("dpi", [float("nan"), float("inf"), 0, -500, 5, 1e9])
def test_a_senseless_resolution_is_refused(extractor: Extractor, dpi: float) -> None:
    with pytest.raises(ImageError, match="dpi is not within"):
        extractor.extract(touch(68, 1), dpi)


def test_a_picture_that_shrinks_to_nothing_is_refused(extractor: Extractor) -> None:
    with pytest.raises(ImageError, match="at 500 dpi"):
        extractor.extract(np.zeros((60, 60), np.uint8), 2000)


def test_a_huge_foreground_is_cut_to_a_thumb() -> None:
    stripes = np.tile(np.repeat(np.array([0, 255], np.uint8), 5), (2000, 200))
    found = foreground.find(stripes)
    assert found.image.shape == MAX_CROP_PX
    assert found.mask.shape == found.image.shape


def test_a_cut_or_flipped_picture_still_gives_an_answer(extractor: Extractor) -> None:
    picture = touch(69, 1)
    rng = np.random.default_rng(2)
    cut = picture.copy()
    cut[cut.shape[0] // 2 :] = 0
    flipped = picture ^ (rng.random(picture.shape) < 0.02).astype(np.uint8) * np.uint8(128)
    for image in (cut, flipped, np.ascontiguousarray(picture.T), picture[::-1], picture[:, ::-3]):
        assert 0 <= score(extractor.extract(image), extractor.extract(picture)) <= 1


def test_a_weak_touch_is_told_what_to_do(extractor: Extractor) -> None:
    advice = [extractor.view(touch(70 + n, 1, Condition.WORN)).quality.advice for n in range(4)]
    assert None not in advice
    assert Advice.TOO_DRY in advice
    assert all(extractor.view(touch(70 + n, 1)).quality.advice is None for n in range(4))


def test_a_corner_of_a_finger_is_partial_or_off_centre() -> None:
    picture = touch(74, 1)
    rows, columns = picture.shape
    small = np.full_like(picture, 235)
    middle = np.s_[rows // 2 - 45 : rows // 2 + 45, columns // 2 - 45 : columns // 2 + 45]
    small[middle] = picture[middle]
    assert quality(small).advice is Advice.PARTIAL
    aside = np.full_like(picture, 235)
    aside[:90, :90] = picture[middle]
    assert quality(aside).advice is Advice.OFF_CENTRE


def test_quality_of_picture_and_of_template_agree(extractor: Extractor) -> None:
    picture = touch(75, 1)
    view = extractor.view(picture)
    look, kept = quality(picture), quality(view.template)
    assert look.area_mm2 == view.quality.area_mm2
    assert kept.area_mm2 == pytest.approx(look.area_mm2, rel=0.2)
    assert kept.minutiae == view.quality.minutiae == len(view.template.minutiae)
    assert kept.clarity == pytest.approx(view.quality.clarity, abs=0.01)


def test_faint_minutiae_help_to_compare_but_not_to_be_good_enough_s1(extractor: Extractor) -> None:
    view = extractor.view(impression(finger(3110), 1, Condition.WORN))
    assert view.quality.minutiae is not None
    assert view.quality.minutiae < len(view.template.minutiae) < 12
    assert view.quality.advice is not None
    assert quality(view.template).minutiae == view.quality.minutiae


def test_worn_fingers_are_not_taken_for_one_another_s1(extractor: Extractor) -> None:
    """Few minutiae, and faint ones: neither two worn fingers nor a worn and a good one reach the threshold."""
    worn = [prepare(extractor.extract(impression(finger(3200 + n), 1, Condition.WORN))) for n in range(16)]
    good = [prepare(extractor.extract(impression(finger(3300 + n), 1))) for n in range(4)]
    scores = [score(a, b) for a, b in (*itertools.combinations(worn, 2), *itertools.product(worn, good)) if a and b]
    assert len(scores) == 120 + 64
    assert 0 < max(scores) < THRESHOLD


def test_every_stage_is_seen_by_the_trace() -> None:
    seen: list[str] = []
    Extractor(trace=lambda stage, arrays: seen.append(stage)).extract(touch(76, 1))
    assert seen == ["normalise", "foreground", "minutiae"]


def test_without_the_network_the_command_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAZRI_MODEL_DIR", str(tmp_path))
    monkeypatch.setattr(fingerprint.pipeline, "_shared", [])
    with pytest.raises(ModelMissing, match="hazri-edge models install"):
        fingerprint.extract(touch(77, 1))


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "LEADER.onnx"
    wrong.write_bytes(b"no network")
    with pytest.raises(ModelRefused, match="not a network that can be loaded"):
        Extractor(wrong)
