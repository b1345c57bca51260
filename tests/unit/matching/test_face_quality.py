"""What is wrong with a frame, in advice a person or a technician can follow (S11, S16)."""

import numpy as np
import pytest

from matching import ImageError
from matching.face import Advice, Face, Quality
from matching.face.align import TARGET, align
from matching.face.parameters import ALIGNED_PX
from matching.face.picture import checked
from matching.face.quality import look

ROWS, COLUMNS = 480, 640


def standing(size: float = 200, x: float = 320, y: float = 240, roll: float = 0.0) -> Face:
    """A face of that size whose middle is there; points as the recogniser likes them."""
    points = TARGET / ALIGNED_PX * size - size / 2
    turn = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    return Face((x - size / 2, y - size / 2, size, size), points @ turn.T + (x, y), 0.9)


def frame(face: Face, light: float = 130, surroundings: float = 120, sharp: bool = True) -> np.ndarray:
    """A frame of that light with a textured face in it."""
    image = np.full((ROWS, COLUMNS), surroundings)
    x, y, width, height = (round(side) for side in face.box)
    part = image[max(0, y) : max(0, y + height), max(0, x) : max(0, x + width)]
    grain = np.random.default_rng(1).normal(0, 12, part.shape) if sharp else 0
    part[:] = light + grain
    return np.clip(np.repeat(image[:, :, None], 3, axis=2), 0, 255).astype(np.uint8)


def seen(image: np.ndarray, *faces: Face) -> Quality:
    aligned = align(image, faces[0].points)
    assert aligned is not None
    return look(image, faces, aligned)


def test_nothing_is_wrong_with_a_good_frame() -> None:
    good = seen(frame(standing()), standing())
    assert good.advice is None
    assert good.eyes_px == pytest.approx(0.367 * 200, rel=0.01)
    assert good.light == pytest.approx(130, abs=3)
    assert good.surroundings == pytest.approx(120, abs=3)
    assert good.pose is not None
    assert abs(good.pose.yaw_deg) < 3


@pytest.mark.parametrize(
    ("face", "light", "surroundings", "advice"),
    [
        (standing(70), 130, 120, Advice.COME_CLOSER),
        (standing(450), 130, 120, Advice.STEP_BACK),
        (standing(x=30), 130, 120, Advice.WHOLE_FACE),
        (standing(y=470), 130, 120, Advice.WHOLE_FACE),
        (standing(), 30, 40, Advice.MORE_LIGHT),
        (standing(), 230, 120, Advice.LESS_LIGHT),
        (standing(), 60, 220, Advice.BACKLIGHT),
        (standing(), 40, 200, Advice.BACKLIGHT),
        (standing(roll=0.7), 130, 120, Advice.LOOK_HERE),
    ],
)
def test_each_trouble_has_its_advice(face: Face, light: float, surroundings: float, advice: Advice) -> None:
    """S11: a camera that faces the door, a dark corridor, the sun; people too near and too far."""
    assert seen(frame(face, light, surroundings), face).advice is advice


def test_a_head_that_looks_away_is_asked_to_look_here() -> None:
    points = standing().points
    points[2, 0] += 40  # the nose far to the side of the eyes' middle
    assert seen(frame(standing()), Face(standing().box, points, 0.9)).advice is Advice.LOOK_HERE


def test_a_blurred_face_is_asked_to_hold_still() -> None:
    assert seen(frame(standing(), sharp=False), standing()).advice is Advice.HOLD_STILL


def test_dark_skin_in_ordinary_light_is_not_called_dark() -> None:
    """Advice must not depend on who somebody is: a dim face in a dim room is enough to recognise."""
    for light in (60, 75, 90):
        assert seen(frame(standing(), light, 110), standing()).advice is None


def test_two_people_before_the_camera_are_asked_to_come_one_by_one() -> None:
    image = frame(standing())
    assert seen(image, standing(), standing(180, x=100)).advice is Advice.ONE_AT_A_TIME
    assert seen(image, standing(), standing(100, x=100)).advice is None


@pytest.mark.parametrize("x", [-400, 900])
def test_a_face_wholly_outside_does_not_crash(x: float) -> None:
    face = standing(x=x)
    image = frame(standing())
    assert look(image, [face], np.zeros((ALIGNED_PX, ALIGNED_PX, 3), np.uint8)).advice is Advice.WHOLE_FACE


# ── frames that are none ──


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.zeros((1, 1, 3), np.uint8), "1 × 1 px"),
        (np.zeros((63, 640, 3), np.uint8), "640 × 63 px"),
        (np.zeros((64, 16_001), np.uint8), "16001 × 64 px"),
        (np.zeros((480, 640, 3), np.float32), "uint8, not float32"),
        (np.full((480, 640, 3), np.nan), "uint8, not float64"),
        (np.zeros((480, 640, 3), np.int8), "uint8, not int8"),
        (np.zeros((480, 640, 4), np.uint8), r"not \(480, 640, 4\)"),
        (np.zeros((2, 480, 640, 3), np.uint8), r"not \(2, 480, 640, 3\)"),
        (np.zeros(480, np.uint8), r"not \(480,\)"),
        (np.zeros((0, 0, 3), np.uint8), "0 × 0 px"),
        (np.broadcast_to(np.uint8(0), (10_000, 10_000, 3)), "10000 × 10000 px"),
        (None, "uint8, not NoneType"),
        ([[1, 2], [3, 4]], "uint8, not list"),
    ],
)
def test_what_cannot_be_a_frame_is_refused_in_words(image: np.ndarray, words: str) -> None:
    with pytest.raises(ImageError, match=words):
        checked(image)


def test_a_grey_frame_is_taken_as_one_of_three_equal_colours() -> None:
    grey = np.random.default_rng(1).integers(0, 255, (100, 120), dtype=np.uint8)
    assert (checked(grey) == grey[:, :, None]).all()
    turned = np.zeros((100, 120, 3), np.uint8)[::-1, ::-1]
    assert checked(turned).flags.c_contiguous
