"""Touches of a synthetic finger: what they look like to the extractor and the matcher."""

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from matching import prepare, score
from matching.fingerprint import Advice, Extractor, View
from matching.fingerprint.compare import Prepared
from matching.minutiae import Minutiae, unpack
from matching.synthetic import (
    GREY,
    OPTICAL,
    OPTICAL_SQUARE,
    Condition,
    MasterFinger,
    Sensor,
    SyntheticError,
    bare_glass,
    finger,
    impression,
)
from matching.synthetic.distortion import Distortion, displaced
from matching.synthetic.sheet import sheet

TOUCHES = 3


@pytest.fixture(scope="module")
def masters() -> list[MasterFinger]:
    return [finger(seed) for seed in range(20, 28)]


@pytest.fixture(scope="module")
def views(masters: list[MasterFinger], extractor: Extractor) -> list[list[View]]:
    """Three ordinary touches of each finger."""
    return [[extractor.view(impression(master, touch)) for touch in range(TOUCHES)] for master in masters]


def minutiae(view: View) -> Minutiae:
    return unpack(view.template.payload)


@pytest.mark.parametrize("sensor", [OPTICAL, OPTICAL_SQUARE, GREY, Sensor(480, 640), Sensor(96, 96)])
@pytest.mark.parametrize("condition", list(Condition))
def test_a_picture_has_the_size_of_its_sensor(
    masters: list[MasterFinger], sensor: Sensor, condition: Condition
) -> None:
    picture = impression(masters[0], 1, condition, sensor)
    assert picture.shape == (sensor.height_px, sensor.width_px)
    assert picture.dtype == np.uint8


def test_the_default_sensor_is_256_by_288(masters: list[MasterFinger]) -> None:
    assert impression(masters[0], 1).shape == (288, 256)


def test_ridges_are_dark_on_a_light_uneven_ground(masters: list[MasterFinger]) -> None:
    picture = impression(masters[0], 1, "good")
    assert np.percentile(picture, 5) < 80
    assert np.percentile(picture, 95) > 180
    ground = bare_glass(1)
    assert ground.shape == (288, 256)
    assert 1 < ground.std() < 20


def test_a_touch_is_repeatable_and_no_two_are_alike(masters: list[MasterFinger]) -> None:
    first = impression(masters[0], 1)
    np.testing.assert_array_equal(first, impression(masters[0], 1))
    others = [impression(masters[0], 2), impression(masters[1], 1), impression(masters[0], 1, "dry")]
    assert all(np.mean(first != other) > 0.5 for other in others)


def test_dry_skin_prints_less_than_wet_skin(masters: list[MasterFinger]) -> None:
    for master in masters:
        dark = {name: np.mean(impression(master, 5, name)[84:204, 68:188] < 128) for name in ("dry", "good", "wet")}
        assert dark["dry"] < dark["good"] < dark["wet"]


def test_minutiae_are_as_many_as_on_skin(views: list[list[View]]) -> None:
    """About 0.2 a square millimetre is natural; an ordinary touch of 13 × 15 mm shows 20 to 60."""
    counts = [len(minutiae(view)) for view in itertools.chain(*views)]
    areas = [view.quality.area_mm2 for view in itertools.chain(*views)]
    assert 0.15 < sum(counts) / sum(areas) < 0.27
    assert np.mean([20 <= count <= 60 for count in counts]) > 0.8
    assert max(counts) <= 70
    endings = np.concatenate([minutiae(view).ending for view in itertools.chain(*views)])
    assert 0.4 < endings.mean() < 0.8


def test_two_touches_show_the_same_minutiae(
    masters: list[MasterFinger], views: list[list[View]], extractor: Extractor
) -> None:
    good = [[minutiae(extractor.view(impression(master, touch, "good"))) for touch in (1, 2)] for master in masters]
    assert np.median([shared(one, other) for one, other in good]) > 0.85
    normal = [[minutiae(view) for view in touches] for touches in views]
    assert np.median([shared(a, b) for touches in normal for a, b in itertools.pairwise(touches)]) > 0.65
    assert max(shared(one[0], other[0]) for one, other in itertools.pairwise(good)) < 0.5


def shared(one: Minutiae, other: Minutiae) -> float:
    """The share of the smaller set that finds a partner under the best rigid motion, within 12 px and 25°."""
    best = 0
    for i, j in itertools.product(range(len(one)), range(len(other))):
        turn = wrapped(one.direction[i] - other.direction[j])
        if abs(turn) > np.pi / 3:
            continue
        x, y = other.x - other.x[j], other.y - other.y[j]
        moved_x = np.cos(turn) * x + np.sin(turn) * y + one.x[i]
        moved_y = np.cos(turn) * y - np.sin(turn) * x + one.y[i]
        near = np.hypot(moved_x[:, None] - one.x, moved_y[:, None] - one.y) < 12
        near &= np.abs(wrapped(other.direction[:, None] + turn - one.direction)) < np.deg2rad(25)
        best = max(best, min(int(near.any(0).sum()), int(near.any(1).sum())))
    return best / max(1, min(len(one), len(other)))


def wrapped(angle: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray((angle + np.pi) % (2 * np.pi) - np.pi)


def test_the_matcher_tells_fingers_apart(views: list[list[View]]) -> None:
    ready = [[sure(prepare(view.template)) for view in touches] for touches in views]
    same = [score(a, b) for touches in ready for a, b in itertools.combinations(touches, 2)]
    strange = [score(a, b) for one, other in itertools.combinations(ready, 2) for a, b in itertools.product(one, other)]
    assert np.mean(np.asarray(same) > max(strange)) > 0.9
    assert np.median(same) > np.median(strange) + 0.3


def sure(ready: Prepared | None) -> Prepared:
    assert ready is not None
    return ready


def test_worn_and_soaked_skin_gets_advice_and_good_skin_none(masters: list[MasterFinger], extractor: Extractor) -> None:
    """S1: quality is known before matching, and says what the person can do."""

    def advice(condition: Condition) -> list[Advice | None]:
        return [extractor.view(impression(master, 1, condition)).quality.advice for master in masters]

    assert advice(Condition.GOOD) == [None] * len(masters)
    worn, soaked = advice(Condition.WORN), advice(Condition.SOAKED)
    assert worn.count(None) <= 1
    assert worn.count(Advice.TOO_DRY) >= len(masters) / 2
    assert soaked.count(None) <= 2
    assert soaked.count(Advice.TOO_WET) >= len(masters) / 2
    assert extractor.view(bare_glass(1)).quality.advice is Advice.NO_FINGER


def test_skin_sticks_in_the_middle_and_follows_the_bone_at_the_rim() -> None:
    distortion = Distortion((0, 0), (40, 60), elasticity=1.0, turn_deg=0, pull_px=(8, -5))
    x, y = np.meshgrid(np.arange(-150, 151, dtype=np.float32), np.arange(-150, 151, dtype=np.float32))
    to_x, to_y = displaced(distortion, x, y)
    reach = np.hypot(x / 40, y / 60)
    np.testing.assert_allclose(to_x[reach <= 1], x[reach <= 1], atol=1e-4)
    np.testing.assert_allclose((to_x - x)[reach >= 2], 8, atol=1e-3)
    np.testing.assert_allclose((to_y - y)[reach >= 2], -5, atol=1e-3)
    assert np.diff(to_x, axis=1).min() > 0  # the skin does not fold


def test_a_condition_nobody_knows_is_refused_with_the_list(masters: list[MasterFinger]) -> None:
    with pytest.raises(SyntheticError, match=r"'frozen'.*good, normal, dry"):
        impression(masters[0], 1, "frozen")


@pytest.mark.parametrize("sensor", [Sensor(95, 256), Sensor(288, 1025), Sensor(0, 0)])
def test_a_sensor_of_no_use_is_refused(masters: list[MasterFinger], sensor: Sensor) -> None:
    with pytest.raises(SyntheticError, match="sensor"):
        impression(masters[0], 1, sensor=sensor)
    with pytest.raises(SyntheticError, match="sensor"):
        bare_glass(1, sensor)


def test_a_touch_seed_out_of_range_is_refused(masters: list[MasterFinger]) -> None:
    with pytest.raises(SyntheticError, match="whole number"):
        impression(masters[0], -1)


def test_a_sheet_shows_every_finger_in_every_condition(masters: list[MasterFinger]) -> None:
    picture = sheet(masters[:3], ["good", "worn"])
    assert picture.shape == (288, 384)
    assert picture.dtype == np.uint8
    good, worn = picture[:144], picture[144:]
    assert good.mean() < worn.mean()
    assert len(np.unique(picture)) <= 16
