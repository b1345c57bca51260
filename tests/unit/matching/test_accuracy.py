"""The floor no change may fall through, on real fingers where there are any, else on synthetic ones."""

import os
from pathlib import Path

import pytest

from matching.bench import bench_fingerprint
from matching.fingerprint import Extractor
from matching.synthetic import generate

SET = "FVC2002_DB1_B"


def test_the_error_rate_stays_below_its_floor(
    extractor: Extractor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if data := os.environ.get("HAZRI_DATA"):
        folder, floor_percent = Path(data) / "fingerprints" / SET, 0.25
    else:
        folder, floor_percent = tmp_path / "synthetic", 1.0
        generate(10, 5, seed=1, out_dir=folder)
        with capsys.disabled():
            print(f"\nHAZRI_DATA is not set: accuracy was tried on synthetic fingers, not on {SET}")  # noqa: T201
    figures = bench_fingerprint(folder, extractor=extractor)
    assert figures["mean_eer_percent"] <= floor_percent
    assert figures["three"]["fnmr_at_fmr_0_1_percent"] <= 0.1
    assert len(figures["sets"]) == 1
