"""What it costs to compare records and cards instead of our own templates, on fingers."""

import itertools
import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from matching import Template, prepare, score
from matching.fingerprint import Extractor
from matching.iso import card_of, record_of, template_of_card, templates_of
from matching.rates import eer
from matching.synthetic import finger, impression

SET = "FVC2002_DB1_B"


def full_eer(templates: list[list[Template]], form: Callable[[Template], Template]) -> float:
    """The EER of comparing every two views, each carried through `form`."""
    ready = [[prepare(form(template)) for template in views] for views in templates]
    everybody = [(whose, view) for whose, views in enumerate(ready) for view in views if view is not None]
    trials = [(a[0] == b[0], score(a[1], b[1])) for a, b in itertools.combinations(everybody, 2)]
    genuine = np.array([value for same, value in trials if same])
    impostor = np.array([value for same, value in trials if not same])
    return eer(genuine, impostor)


def test_records_and_cards_cost_little(extractor: Extractor, capsys: pytest.CaptureFixture[str]) -> None:
    if data := os.environ.get("HAZRI_DATA"):
        files = sorted((Path(data) / "fingerprints" / SET).glob("*_[1-4].png"))
        pictures = [np.asarray(cv2.imread(str(file), cv2.IMREAD_GRAYSCALE), np.uint8) for file in files]
    else:
        pictures = [impression(master, nth) for master in map(finger, range(300, 310)) for nth in range(1, 5)]
        with capsys.disabled():
            print(f"\nHAZRI_DATA is not set: the cost of ISO records was tried on synthetic fingers, not on {SET}")  # noqa: T201
    taken = [extractor.extract(picture) for picture in pictures]
    fingers = [taken[start : start + 4] for start in range(0, len(taken), 4)]
    assert len(fingers) == 10
    ours = full_eer(fingers, lambda template: template)
    assert full_eer(fingers, lambda template: templates_of(record_of([template]))[0]) <= ours + 0.01
    assert full_eer(fingers, lambda template: template_of_card(card_of(template))) <= ours + 0.02
