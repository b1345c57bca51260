"""Error rates, by hand."""

import numpy as np
import pytest

from matching.rates import curve, eer, fnmr_at


def test_separated_scores_have_no_error() -> None:
    genuine, impostor = np.array([0.7, 0.8, 0.9]), np.array([0.1, 0.2, 0.3])
    assert eer(genuine, impostor) == 0
    assert fnmr_at(genuine, impostor, 0) == 0


def test_one_of_four_on_either_side_is_a_quarter() -> None:
    genuine, impostor = np.array([0.2, 0.7, 0.8, 0.9]), np.array([0.1, 0.15, 0.18, 0.75])
    assert eer(genuine, impostor) == pytest.approx(0.25)
    assert fnmr_at(genuine, impostor, 0.25) == 0
    assert fnmr_at(genuine, impostor, 0.249) == 0.5
    assert fnmr_at(genuine, impostor, 0) == 0.5


def test_swapped_scores_are_all_wrong() -> None:
    assert eer(np.array([0.1, 0.2]), np.array([0.8, 0.9])) == pytest.approx(1)


def test_equal_scores_are_a_coin() -> None:
    assert eer(np.full(9, 0.5), np.full(7, 0.5)) == pytest.approx(0.5)


def test_the_crossing_is_interpolated() -> None:
    """FMR falls from 0.5 to 0 while FNMR climbs from 0 to 0.25: they meet at 1/6."""
    genuine, impostor = np.array([0.4, 0.6, 0.7, 0.8]), np.array([0.1, 0.4])
    _, fmr, fnmr = curve(genuine, impostor)
    assert list(zip(fmr, fnmr, strict=True))[1:3] == [(0.5, 0), (0, 0.25)]
    assert eer(genuine, impostor) == pytest.approx(1 / 6)


def test_rates_do_not_depend_on_the_scale_of_the_scores() -> None:
    rng = np.random.default_rng(3)
    genuine, impostor = rng.normal(2, 1, 300), rng.normal(0, 1, 900)
    assert eer(np.exp(genuine), np.exp(impostor)) == eer(genuine, impostor)
    assert eer(genuine, impostor) == pytest.approx(0.159, abs=0.03)  # Φ(-1)


def test_ties_at_the_limit_count_as_accepted() -> None:
    genuine, impostor = np.array([0.5, 0.9]), np.array([0.5, 0.1])
    assert fnmr_at(genuine, impostor, 0.5) == 0
    assert fnmr_at(genuine, impostor, 0.0) == 0.5
