"""Constants are chosen on the other sensors alone, over several takes of each picture."""

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import pytest

from matching import DataError
from matching.fingerprint import Extractor, parameters
from matching.leave_out import FREE, TAKES, Choice, choose, leave_out
from matching.synthetic import finger, impression


def choice(**changed: float) -> Choice:
    return tuple({**{name: values[0] for name, values in FREE.items()}, **changed}.items())


class Told:
    """Sets whose error rates are given: 1 %, but for what `rates` says."""

    def __init__(self, rates: dict[tuple[str, Choice], float]) -> None:
        self.rates = rates
        self.asked: set[str] = set()

    def eer_percent(self, name: str, choice: Choice, others: Sequence[str]) -> list[float]:
        self.asked |= {name, *others}
        return [self.rates.get((name, choice), 1.0)] * TAKES


def test_only_the_sets_that_are_named_have_a_say() -> None:
    better = choice(OVERLAP_PRIOR=8.0)
    sets = Told({("one", better): 0.5, ("two", better): 0.6, ("three", better): 99.0})
    assert choose(sets, ["one", "two"]) == better
    assert sets.asked == {"one", "two"}
    assert choose(sets, ["one", "three"]) == choice()


def test_of_equals_the_first_is_chosen() -> None:
    assert choose(Told({}), ["one"]) == choice()
    _, second, *rest = FREE["ROTATION_MAX"]
    equal = {("one", choice(ROTATION_MAX=value)): 0.5 for value in (second, *rest)}
    assert choose(Told(equal), ["one"]) == choice(ROTATION_MAX=second)


def test_what_is_shipped_is_among_what_may_be() -> None:
    assert all(getattr(parameters, name) in values for name, values in FREE.items())


def test_each_set_is_left_out_once_and_nothing_stays_changed(
    extractor: Extractor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    takes = 3  # of the eight: each has every picture extracted anew
    monkeypatch.setattr("matching.leave_out.TAKES", takes)
    monkeypatch.setattr("matching.leave_out.FREE", {"OVERLAP_PRIOR": [2.0, parameters.OVERLAP_PRIOR], "LOOKS": [1, 8]})
    shipped = {name: value for name, value in vars(parameters).items() if name.isupper()}
    for number, name in enumerate(("ONE", "TWO")):
        (tmp_path / name).mkdir()
        for person in range(2):
            for nth in range(1, 5):
                picture = impression(finger(80 + 2 * number + person), nth)
                cv2.imwrite(str(tmp_path / name / f"{101 + person}_{nth}.png"), picture)
    report = leave_out(tmp_path, extractor=extractor)
    for part in ("left_out", "shipped"):
        assert set(report[part]) == {"ONE", "TWO", "mean_eer_percent", "mean_eer_percent_of_takes"}
        assert report[part]["ONE"]["eer_percent"] == report[part]["ONE"]["eer_percent_of_takes"][0] == 0
        assert len(report[part]["mean_eer_percent_of_takes"]) == takes
    assert report["left_out"]["TWO"]["chosen"] == {"OVERLAP_PRIOR": 2.0, "LOOKS": 1}
    assert json.loads(json.dumps(report)) == report
    assert shipped == {name: value for name, value in vars(parameters).items() if name.isupper()}


def test_one_set_cannot_be_left_out(extractor: Extractor, tmp_path: Path) -> None:
    for person in (1, 2):
        for nth in range(1, 5):
            cv2.imwrite(str(tmp_path / f"{person}_{nth}.png"), impression(finger(80 + person), nth))
    with pytest.raises(DataError, match="left out"):
        leave_out(tmp_path, extractor=extractor)
