"""Where a face's points go: alignment and pose, on points whose answer is known."""

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.face.align import TARGET, align, similarity
from matching.face.detect import Face, read
from matching.face.parameters import ALIGNED_PX, HEAD, LIVE_SIDE_PX
from matching.face.passive import crop
from matching.face.pose import pose


def carried(points: np.ndarray, degrees: float, scale: float, dx: float, dy: float) -> np.ndarray:
    turn = math.radians(degrees)
    matrix = scale * np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    return np.asarray(points @ matrix.T + (dx, dy))


def head(yaw_deg: float, pitch_deg: float = 0, roll_deg: float = 0, size: float = 60) -> np.ndarray:
    """The five points of the average head, turned (to its own left, down, leaning right) and seen from afar."""
    yaw, pitch = math.radians(yaw_deg), math.radians(pitch_deg)
    x, y, z = np.array(HEAD).T
    x, z = x * math.cos(yaw) + z * math.sin(yaw), z * math.cos(yaw) - x * math.sin(yaw)
    y = y * math.cos(pitch) + z * math.sin(pitch)
    return carried(np.column_stack([x, y]), roll_deg, size, 300, 200)


@given(st.floats(-180, 180), st.floats(0.05, 20), st.floats(-500, 500), st.floats(-500, 500))
@settings(deadline=None)
def test_a_turned_scaled_and_shifted_face_is_put_in_its_place(
    degrees: float, scale: float, dx: float, dy: float
) -> None:
    seen = carried(TARGET, degrees, scale, dx, dy)
    matrix = similarity(seen)
    assert matrix is not None
    np.testing.assert_allclose(seen @ matrix[:, :2].T + matrix[:, 2], TARGET, atol=1e-6)


def test_the_least_squares_answer_is_the_best_there_is() -> None:
    rng = np.random.default_rng(5)
    seen = carried(TARGET, 20, 2, 30, 40) + rng.normal(0, 3, TARGET.shape)
    matrix = similarity(seen)
    assert matrix is not None

    def error(m: np.ndarray) -> float:
        return float(((seen @ m[:, :2].T + m[:, 2] - TARGET) ** 2).sum())

    for _ in range(200):
        degrees, scale, dx, dy = rng.normal(0, (1, 0.02, 1, 1))
        turn = math.radians(degrees)
        change = (1 + scale) * np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
        other = np.column_stack([change @ matrix[:, :2], matrix[:, 2] + (dx, dy)])
        assert error(other) >= error(matrix) - 1e-9


@pytest.mark.parametrize(
    "points",
    [
        np.full((5, 2), 7.0),
        np.full((5, 2), np.nan),
        np.where(np.eye(5, 2) > 0, np.inf, TARGET),
        TARGET * 1e-12,
    ],
    ids=["one spot", "no numbers", "infinite", "vanishing"],
)
def test_points_of_no_face_are_aligned_to_nothing(points: np.ndarray) -> None:
    assert similarity(points) is None
    assert align(np.zeros((200, 200, 3), np.uint8), points) is None


@pytest.mark.parametrize("scale", [0.4, 1.0, 1.9, 2.5, 6.0])
def test_an_aligned_face_shows_what_the_frame_shows_there(scale: float) -> None:
    """A smooth picture, so that what should be seen at every place is known, at every size of face."""
    rows, columns = 900, 1000
    y, x = np.mgrid[:rows, :columns]
    frame = np.rint(np.stack([x / 4, y / 4, np.full_like(x, 99)], axis=2)).astype(np.uint8)
    seen = carried(TARGET, 10, scale, 400, 100)
    made = align(frame, seen)
    assert made is not None
    assert made.shape == (ALIGNED_PX, ALIGNED_PX, 3)
    places = np.array([(column, row) for row in range(20, 120, 4) for column in range(20, 120, 4)])
    shown = carried(places.astype(float), 10, scale, 400, 100) / 4
    error = made[places[:, 1], places[:, 0], :2] - shown
    inside = (shown > 6).all(axis=1) & (shown < (columns / 4 - 6, rows / 4 - 6)).all(axis=1)  # two small pixels
    assert inside.sum() > 100
    assert np.abs(error[inside]).max() < 1.5
    assert np.abs(error[inside].mean(axis=0)).max() < 0.15  # half a pixel of the frame


def test_a_large_face_is_not_aliased() -> None:
    """Stripes finer than the aligned picture can show become grey, not coarse stripes."""
    frame = np.zeros((900, 900, 3), np.uint8)
    frame[:, ::2] = 255
    made = align(frame, carried(TARGET, 0, 6.0, 60, 60))
    assert made is not None
    assert made.std() < 3


@pytest.mark.parametrize("dx", [-5000, 5000])
def test_a_face_outside_the_frame_is_nothing_or_black(dx: float) -> None:
    frame = np.full((300, 300, 3), 255, np.uint8)
    for scale in (1.0, 4.0):
        made = align(frame, carried(TARGET, 0, scale, dx, 0))
        assert made is None or not made.any()


@pytest.mark.parametrize("yaw", [-60, -25, 0, 25, 60])
@pytest.mark.parametrize("roll", [-20, 0, 20])
def test_the_turn_of_a_head_is_told_from_its_points(yaw: float, roll: float) -> None:
    told = pose(head(yaw, roll_deg=roll))
    assert told is not None
    assert told.yaw_deg == pytest.approx(yaw, abs=1)
    mirrored = pose(((1000, 0) - head(yaw, roll_deg=roll) * (1, -1))[[1, 0, 2, 4, 3]])
    assert mirrored is not None
    assert mirrored.yaw_deg == pytest.approx(-yaw, abs=1)


def test_a_nod_and_a_lean_are_told_from_its_points() -> None:
    for pitch in (-30, -10, 10, 30):
        told = pose(head(0, pitch))
        assert told is not None
        assert told.pitch_deg == pytest.approx(pitch, abs=6)
    leaning = pose(head(0, roll_deg=15))
    assert leaning is not None
    assert leaning.roll_deg == pytest.approx(15, abs=0.1)


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), min_size=10, max_size=10))
def test_any_ten_numbers_have_a_pose_or_none(values: list[float]) -> None:
    told = pose(np.array(values, np.float64).reshape(5, 2))
    assert told is None or all(math.isfinite(angle) for angle in (told.yaw_deg, told.pitch_deg, told.roll_deg))


def row(x: float = 100, y: float = 50, size: float = 80) -> list[float]:
    points = TARGET / ALIGNED_PX * size + (x, y)
    return [x, y, size, size, *points.ravel(), 0.9]


def test_what_the_detector_says_is_read_largest_first_and_scaled() -> None:
    small, large = read(np.array([row(size=40), row(size=80)], np.float32), (2.0, 3.0))[::-1]
    assert large.box == pytest.approx((200, 150, 160, 240))
    assert small.box == pytest.approx((200, 150, 80, 120))
    np.testing.assert_allclose(large.points, TARGET / ALIGNED_PX * 80 * (2, 3) + (200, 150), rtol=1e-5)
    assert large.middle == pytest.approx((280, 270))


@pytest.mark.parametrize("place", range(15))
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_row_that_is_no_numbers_is_no_face(place: int, value: float) -> None:
    """A detector's landmarks can be anything: such a face is left out, the next one is not."""
    broken = row()
    broken[place] = value
    assert len(read(np.array([broken, row()]), (1.0, 1.0))) == 1


def test_impossible_faces_are_left_out() -> None:
    flat, far, one_eyed = row(), row(), row()
    flat[2] = 0
    far[4] = 100_000
    one_eyed[6:8] = one_eyed[4:6]
    assert read(np.array([flat, far, one_eyed]), (1.0, 1.0)) == []
    assert read(None, (1.0, 1.0)) == []


@given(st.floats(-50, 350), st.floats(-50, 250), st.floats(1, 500), st.floats(1, 500), st.sampled_from([2.7, 4.0]))
@settings(deadline=None)
def test_the_crop_for_passive_liveness_always_fits(
    x: float, y: float, width: float, height: float, scale: float
) -> None:
    frame = np.random.default_rng(1).integers(0, 255, (200, 300, 3), dtype=np.uint8)
    made = crop(frame, Face((x, y, width, height), TARGET, 0.9), scale)
    assert made.shape == (LIVE_SIDE_PX, LIVE_SIDE_PX, 3)


def test_the_crop_for_passive_liveness_is_shifted_inside() -> None:
    frame = np.zeros((200, 300, 3), np.uint8)
    frame[:54, :54] = 255  # 2.7 × 20 px in the corner
    corner = crop(frame, Face((-10, -10, 20, 20), TARGET, 0.9), 2.7)
    assert corner.min() == 255
    whole = crop(frame, Face((100, 50, 150, 150), TARGET, 0.9), 4.0)
    expected = cv2.resize(frame[:, 75:275], (LIVE_SIDE_PX, LIVE_SIDE_PX))
    np.testing.assert_array_equal(whole, expected)
