"""A synthetic finger is the same everywhere, and its ridges run as its pattern says."""

import hashlib
import itertools
import subprocess
import sys
from collections import Counter

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from matching.synthetic import MasterFinger, Pattern, SyntheticError, finger, impression
from matching.synthetic import orientation as flow_of
from matching.synthetic.parameters import MASTER_HEIGHT_PX, MASTER_WIDTH_PX, PROPORTIONS
from matching.synthetic.streams import Purpose, stream

SINGULAR = {  # cores, deltas
    Pattern.ARCH: (0, 0),
    Pattern.TENTED_ARCH: (1, 1),
    Pattern.LEFT_LOOP: (1, 1),
    Pattern.RIGHT_LOOP: (1, 1),
    Pattern.WHORL: (2, 2),
    Pattern.TWIN_LOOP: (2, 2),
}

SEVEN = [
    [209, 177, 174, 147, 115, 121],
    [180, 159, 139, 143, 138, 130],
    [164, 133, 123, 155, 159, 151],
    [165, 123, 133, 153, 153, 145],
    [204, 137, 137, 145, 146, 140],
    [230, 164, 149, 150, 155, 176],
]


def digest(seed: int) -> str:
    master = finger(seed)
    return hashlib.sha256(master.ridges.tobytes() + impression(master, 3).tobytes()).hexdigest()


@pytest.fixture(scope="module")
def masters() -> list[MasterFinger]:
    return [finger(seed) for seed in range(6)]


def test_a_seed_gives_the_same_bytes_in_another_process() -> None:
    script = (
        "import hashlib\n"
        "from matching.synthetic import finger, impression\n"
        "master = finger(11)\n"
        "print(hashlib.sha256(master.ridges.tobytes() + impression(master, 3).tobytes()).hexdigest())"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == digest(11)


def test_a_seed_does_not_depend_on_the_number_of_threads() -> None:
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(1)
        alone = digest(12)
        cv2.setNumThreads(4)
        assert digest(12) == alone
    finally:
        cv2.setNumThreads(before)


def test_seed_seven_has_stayed_the_finger_it_was() -> None:
    """Grey means of six by six fields, so that only a change of the generator shows, not of a processor."""
    master = finger(7)
    assert master.pattern is Pattern.LEFT_LOOP
    picture = cv2.resize(impression(master, 1, "good"), (6, 6), interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(picture.astype(int), SEVEN, atol=4)


def test_fields_have_the_promised_shapes_and_ranges(masters: list[MasterFinger]) -> None:
    for master in masters:
        for field in (master.ridges, master.orientation, master.period_px, master.relief):
            assert field.shape == (MASTER_HEIGHT_PX, MASTER_WIDTH_PX)
            assert field.dtype == np.float32
        assert master.ridges.min() >= -1
        assert master.ridges.max() <= 1
        assert master.orientation.min() >= 0
        assert master.orientation.max() < np.pi + 1e-6
        assert master.relief.min() >= 0
        assert master.relief.max() <= 1
        assert 6 < master.period_px.min() < master.period_px.max() < 14


def test_patterns_come_as_often_as_among_people() -> None:
    rng = stream(Purpose.FINGER, 0)
    seen = Counter(flow_of.draw_pattern(rng) for _ in range(20_000))
    assert sum(PROPORTIONS.values()) == pytest.approx(1)
    for pattern, share in PROPORTIONS.items():
        assert seen[pattern] / 20_000 == pytest.approx(share, abs=0.012)


@pytest.mark.parametrize("pattern", list(Pattern))
def test_each_pattern_has_its_cores_and_deltas(pattern: Pattern) -> None:
    """The Poincaré index: round a core the field turns by +π, round a delta by -π, round a whole whorl by 2π."""
    for seed in range(5):
        rng = stream(Purpose.FINGER, 1000 + seed)
        flow = flow_of.draw_flow(rng, pattern)
        field = flow_of.field(rng, flow)
        assert (len(flow.cores), len(flow.deltas)) == SINGULAR[pattern]
        for (x, y), _ in flow.cores:
            assert turning(field, x, y) == pytest.approx(np.pi, abs=0.01)
        for (x, y), _ in flow.deltas:
            assert turning(field, x, y) == pytest.approx(-np.pi, abs=0.01)


def turning(field: NDArray[np.float32], x: float, y: float, radius_px: float = 5) -> float:
    """By how much the field turns on an anticlockwise walk round (x, y)."""
    walk = np.linspace(0, 2 * np.pi, 64)
    columns = np.rint(x + radius_px * np.cos(walk) + (MASTER_WIDTH_PX - 1) / 2).astype(int)
    rows = np.rint((MASTER_HEIGHT_PX - 1) / 2 - y - radius_px * np.sin(walk)).astype(int)
    steps = np.diff(field[rows, columns])
    return float(((steps + np.pi / 2) % np.pi - np.pi / 2).sum())


def test_a_left_loop_has_its_delta_on_the_right() -> None:
    for pattern, side in ((Pattern.LEFT_LOOP, 1), (Pattern.RIGHT_LOOP, -1)):
        flow = flow_of.draw_flow(stream(Purpose.FINGER, 5), pattern)
        assert (flow.deltas[0][0][0] - flow.cores[0][0][0]) * side > 0


def test_ridges_follow_their_field_at_their_distance(masters: list[MasterFinger]) -> None:
    for master in masters:
        gx = cv2.Sobel(master.ridges, cv2.CV_32F, 1, 0)
        gy = -cv2.Sobel(master.ridges, cv2.CV_32F, 0, 1)
        xx, yy, xy = (cv2.GaussianBlur(field, (0, 0), 6) for field in (gx * gx, gy * gy, gx * gy))
        along = np.arctan2(2 * xy, xx - yy) / 2 + np.pi / 2
        off = np.abs((along - master.orientation + np.pi / 2) % np.pi - np.pi / 2)[20:-20, 20:-20]
        assert np.median(off) < np.deg2rad(4)
        assert np.mean(off > np.deg2rad(20)) < 0.06
        # A sine of period p has gradient power (2π/p)² times its own.
        power = cv2.GaussianBlur(master.ridges, (0, 0), 1.0)
        gx, gy = np.gradient(power)
        period = 2 * np.pi / np.sqrt((gx**2 + gy**2).sum() / (power**2).sum())
        assert period == pytest.approx(float(master.period_px.mean()), rel=0.15)


def test_two_seeds_are_two_fingers(masters: list[MasterFinger]) -> None:
    for one, other in itertools.pairwise(masters):
        middle = np.corrcoef(one.ridges[160:320, 112:272].ravel(), other.ridges[160:320, 112:272].ravel())[0, 1]
        assert abs(middle) < 0.25


@pytest.mark.parametrize("seed", [-1, 2**63, 1.5, True, "1", None])
def test_a_seed_that_is_none_is_refused_in_words(seed: object) -> None:
    with pytest.raises(SyntheticError, match="whole number"):
        finger(seed)  # type: ignore[arg-type]
