"""A threshold is a rate of strangers; the table behind it is made of impostors, sensor by sensor."""

import itertools
import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from config.model import Edge
from matching import DataError, MatchingError, Modality, threshold
from matching.calibrate import Trials, _same, calibrate, source, table
from matching.fingerprint import Extractor, calibration
from matching.fingerprint.fmr_table import LOOKS_TABLE, TABLE
from matching.identify import THRESHOLD
from matching.synthetic import finger, impression

FINGER = Modality.FINGER


@pytest.mark.parametrize("modality", Modality)
def test_half_is_one_stranger_in_ten_thousand_and_the_settings_are_stricter(modality: Modality) -> None:
    assert threshold(modality, 1e-4) == pytest.approx(THRESHOLD) == pytest.approx(0.5)
    assert threshold(modality, Edge().matching.fmr) == threshold(modality, 1e-5) > THRESHOLD


@pytest.mark.parametrize("modality", Modality)
def test_a_stricter_rate_needs_a_higher_score(modality: Modality) -> None:
    scores = [threshold(modality, fmr) for fmr in np.geomspace(1e-1, 1e-6, 40)]
    assert scores == sorted(set(scores))
    assert 0 < scores[0] < scores[-1] < 1


@pytest.mark.parametrize("modality", Modality)
@pytest.mark.parametrize("fmr", [0, 9e-7, 0.11, 1, -1, math.nan, math.inf])
def test_a_rate_nobody_knows_is_refused(modality: Modality, fmr: float) -> None:
    with pytest.raises(MatchingError, match="is known"):
        threshold(modality, fmr)


def test_the_table_is_met_and_straight_between_its_rows() -> None:
    for fmr, evidence in TABLE:
        assert calibration.evidence_at_fmr(fmr) == pytest.approx(evidence)
    for (easy, low), (strict, high) in itertools.pairwise(TABLE):
        assert calibration.evidence_at_fmr(math.sqrt(easy * strict)) == pytest.approx(math.sqrt(low * high))


def test_several_looks_mean_the_rate_that_one_look_means() -> None:
    def evenly(evidence: float) -> float:
        return calibration.score_of_looks([calibration.score(evidence)] * 8)

    for (fmr, of_looks), (_, of_one) in zip(LOOKS_TABLE, TABLE, strict=True):
        assert evenly(of_looks) == pytest.approx(calibration.score(of_one)) == pytest.approx(threshold(FINGER, fmr))
    scores = [evenly(evidence) for evidence in (0, *np.geomspace(1e-5, 0.5, 60))]
    assert scores == sorted(set(scores))
    assert 0 == scores[0] < scores[-1] < 1


def test_a_look_that_shows_more_counts_for_more() -> None:
    same, mixed = calibration.together([0.004, 0.004]), calibration.together([0.002, 0.006])
    assert same == pytest.approx(0.004)
    assert same < mixed < 0.006


def trials(fingers: int, exponent: float, seed: int) -> Trials:
    """Fingers of two sets whose impostors' evidence falls off as a power, as the model has it."""
    rng = np.random.default_rng(seed)
    pairs = itertools.permutations(range(fingers), 2)
    three = {pair: 0.001 * (1 + rng.pareto(exponent, 64)) for pair in pairs}
    return Trials(["one" if n % 2 else "two" for n in range(fingers)], three, [], frozenset())


def test_the_table_is_the_truth_or_a_little_above_it() -> None:
    exponent = 7.0
    for fmr, evidence in table(trials(30, exponent, 1), range(30)):
        true = 0.001 * fmr ** (-1 / exponent)
        assert true <= evidence <= 1.2 * true


def test_few_fingers_are_given_less_credit() -> None:
    """Some fingers are like everybody's: how many such there are, few fingers cannot tell."""
    many = trials(30, 7.0, 2)
    plain = np.exp(np.random.default_rng(4).normal(0, 0.2, 30))
    for (a, b), found in many.three.items():
        found[:] *= plain[a] * plain[b]

    def care(fingers: range) -> float:
        """How far above what was seen of these fingers the table lies, where both are counted, not fitted."""
        return dict(table(many, fingers))[1e-2] / float(np.quantile(many.impostors(fingers), 0.99))

    assert 1.01 < care(range(30)) < care(range(6))


def test_a_finger_that_is_in_two_sets_is_no_impostor() -> None:
    two = trials(6, 7.0, 3)
    assert _same(two.set_of, two.three) == frozenset()
    for pair in ((0, 3), (3, 0)):
        two.three[pair][:] = 0.1
    assert _same(two.set_of, two.three) == {(0, 3), (3, 0)}
    for pair in ((0, 2), (2, 0)):  # of one set: two fingers, whatever they look like
        two.three[pair][:] = 0.2
    assert _same(two.set_of, two.three) == frozenset()


def test_sets_are_judged_by_a_table_made_without_them(tmp_path: Path, extractor: Extractor) -> None:
    for name, first in (("ONE", 80), ("TWO", 84)):
        (tmp_path / name).mkdir()
        for person, nth in itertools.product(range(4), range(1, 5)):
            picture = impression(finger(first + person), nth)
            cv2.imwrite(str(tmp_path / name / f"{101 + person}_{nth}.png"), picture)
    report = calibrate(tmp_path, extractor=extractor)
    assert [fmr for fmr, _ in report["table"]] == [fmr for fmr, _ in TABLE]
    assert [at for _, at in report["table"]] == sorted(at for _, at in report["table"])
    assert report["fingers"] == 8
    assert report["trials"] == 8 * 7 * 4  # three of four enrolled in four ways, and one left to try
    assert report["same_finger"] == []
    for part in (report["shipped"], report["held_apart"], report["held_apart_first"]):
        assert set(part) == {"ONE", "TWO", "pooled"}
        assert all(set(rates) == {"fmr_percent", "fnmr_percent"} for rates in part.values())
    assert report["shipped"]["pooled"]["fnmr_percent"]["three"] == 0
    made: dict[str, object] = {}
    exec(source(report), made)  # noqa: S102 - what --write writes is a module
    assert made["TABLE"] == tuple(map(tuple, report["table"]))
    assert made["LOOKS_TABLE"] == tuple(map(tuple, report["looks_table"]))


def test_fingers_that_show_nothing_make_no_table(tmp_path: Path, extractor: Extractor) -> None:
    for person, nth in itertools.product((1, 2), range(1, 5)):
        cv2.imwrite(str(tmp_path / f"{person}_{nth}.png"), np.full((64, 64), 255, np.uint8))
    with pytest.raises(DataError, match="too few fingers, or too poor ones"):
        calibrate(tmp_path, extractor=extractor)
