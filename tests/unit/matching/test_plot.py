"""The curve drawn is the curve measured."""

import itertools
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.plot import MOST_POINTS, det_points, det_svg
from matching.rates import curve

SCORES = st.lists(st.floats(0, 1), min_size=1, max_size=60).map(np.array)


def test_points_of_a_small_test_are_all_of_them() -> None:
    """One impostor of four above one genuine of two: 0, 25 and 100 % against 0 and 50 %."""
    points = det_points(np.array([0.6, 0.9]), np.array([0.1, 0.2, 0.3, 0.7]))
    assert points == [[100, 0], [75, 0], [50, 0], [25, 0], [25, 50], [0, 50], [0, 100]]


@given(SCORES, SCORES)
def test_points_lie_on_the_curve_and_never_turn_back(genuine: np.ndarray, impostor: np.ndarray) -> None:
    _, fmr, fnmr = curve(genuine, impostor)
    measured = {(round(100 * a, 4), round(100 * b, 4)) for a, b in zip(fmr, fnmr, strict=True)}
    points = det_points(genuine, impostor)
    assert set(map(tuple, points)) <= measured
    assert points[0] == [100, 0]
    assert points[-1] == [0, 100]
    assert all(a[0] >= b[0] and a[1] <= b[1] for a, b in itertools.pairwise(points))


def test_many_trials_give_few_points_where_it_matters() -> None:
    rng = np.random.default_rng(1)
    genuine, impostor = rng.normal(3, 1, 3000), rng.normal(0, 1, 60000)
    points = np.array(det_points(genuine, impostor))
    assert 60 <= len(points) <= MOST_POINTS + 1
    assert (points[:, 0] < 0.1).sum() > 10
    for limit in (10, 1, 0.1):
        _, fmr, fnmr = curve(genuine, impostor)
        true = 100 * fnmr[np.argmax(100 * fmr <= limit)]
        drawn = points[np.argmax(points[:, 0] <= limit), 1]
        assert drawn == pytest.approx(true, rel=0.2)


def test_the_picture_is_xml_with_a_line_a_name() -> None:
    curves = {f"set <{n}>": [(100.0, 0.0), (1.0, 0.5 * n), (0.0, 100.0)] for n in range(9)}
    root = ElementTree.fromstring(det_svg(curves, "DET & more"))  # noqa: S314 - our own
    texts = ["".join(node.itertext()) for node in root.iter() if node.tag.endswith("text")]
    assert texts[0] == "DET & more"
    assert [text for text in texts if text.startswith("set ")] == list(curves)
    lines = [node for node in root.iter() if node.get("stroke-width") == "2"]
    assert len(lines) == 2 * len(curves)
    styles = {(node.get("stroke"), node.get("stroke-dasharray")) for node in lines}
    assert len(styles) == len(curves), "no two look alike"


def test_a_point_lies_where_its_rates_are() -> None:
    """1 % is half way from 0.01 to 100 %, on both axes."""
    svg = det_svg({"a": [(100.0, 0.01), (1.0, 1.0), (0.01, 100.0)]}, "t")
    (way,) = re.findall(r'd="M(484\.0 444\.0L[^"]*)"', svg)
    assert way == "484.0 444.0L274.0 234.0L64.0 24.0"


def test_nothing_to_draw_is_said() -> None:
    with pytest.raises(ValueError, match="no rate above 0"):
        det_svg({"a": [(0.0, 0.0)]}, "t")
