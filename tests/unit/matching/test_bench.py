"""The benchmark reports what it says, and names the file it cannot use."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from matching import DataError
from matching.bench import bench_fingerprint
from matching.fingerprint import Extractor
from matching.synthetic import finger, impression


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sets of two synthetic fingers, four touches each."""
    root = tmp_path_factory.mktemp("sets")
    for number, name in enumerate(("ONE", "TWO")):
        (root / name).mkdir()
        for person in range(2):
            for nth in range(1, 5):
                picture = impression(finger(80 + 2 * number + person), nth)
                cv2.imwrite(str(root / name / f"{101 + person}_{nth}.png"), picture)
    (root / "ONE" / "notes.txt").write_text("not a picture, and not named as one")
    return root


def test_a_folder_of_sets_gives_every_figure(folder: Path, extractor: Extractor) -> None:
    told: list[tuple[str, int, int]] = []
    figures = bench_fingerprint(folder, dpi={"TWO": 512}, progress=lambda *step: told.append(step), extractor=extractor)
    assert set(figures) == {
        *("sets", "mean_eer_percent", "pooled", "three", "det"),
        *("extract_cpu_ms_median", "compare_cpu_ms_mean", "peak_rss_mb"),
        *("second_look_percent", "near_miss_cpu_ms_median"),
    }
    assert set(figures["second_look_percent"]) == {"genuine", "impostor", "three_genuine", "three_impostor"}
    assert all(0 <= share <= 100 for share in figures["second_look_percent"].values())
    assert set(figures["sets"]) == {"ONE", "TWO"}
    for rates in (*figures["sets"].values(), figures["pooled"]):
        assert set(rates) == {"eer_percent", "fnmr_at_fmr_0_1_percent"}
    assert set(figures["three"]) == {"fnmr_at_fmr_0_1_percent", "fnmr_at_fmr_0_percent"}
    assert figures["mean_eer_percent"] == 0
    assert figures["three"]["fnmr_at_fmr_0_percent"] == 0
    assert min(figures[key] for key in ("extract_cpu_ms_median", "compare_cpu_ms_mean", "peak_rss_mb")) > 0
    assert set(figures["det"]) == {"ONE", "TWO", "pooled", "three"}
    assert all(points[0] == [100, 0] and points[-1] == [0, 100] for points in figures["det"].values())
    assert json.loads(json.dumps(figures)) == figures
    assert told[-1] == ("TWO: look again", 8, 8)


def test_one_set_is_named_by_its_folder(folder: Path, extractor: Extractor) -> None:
    figures = bench_fingerprint(folder / "ONE", protocol="std", extractor=extractor)
    assert set(figures["sets"]) == {"ONE"}
    assert figures["pooled"] == figures["sets"]["ONE"]


def test_an_unreadable_picture_is_named(folder: Path, extractor: Extractor, tmp_path: Path) -> None:
    for person in (1, 2):
        for nth in range(1, 5):
            cv2.imwrite(str(tmp_path / f"{person}_{nth}.png"), np.full((64, 64), 255, np.uint8))
    (tmp_path / "2_3.png").write_bytes((folder / "ONE" / "101_1.png").read_bytes()[:40])
    with pytest.raises(DataError, match=r"2_3\.png is not a picture"):
        bench_fingerprint(tmp_path, extractor=extractor)
    cv2.imwrite(str(tmp_path / "2_3.png"), np.zeros((3, 3), np.uint8))
    with pytest.raises(DataError, match=r"2_3\.png: a picture of 3 × 3 px"):
        bench_fingerprint(tmp_path, extractor=extractor)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], "has no pictures named <finger>_<impression>"),
        (["a.png", "b-1.png"], "has no pictures named"),
        (["1_1.png", "1_2.png", "1_3.png", "1_4.png"], "one finger only"),
        (["1_1.png", "2_1.png"], "no finger with more than 3"),
    ],
)
def test_a_folder_that_is_no_set_is_refused(tmp_path: Path, extractor: Extractor, names: list[str], words: str) -> None:
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(DataError, match=words):
        bench_fingerprint(tmp_path, extractor=extractor)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path, extractor: Extractor) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        bench_fingerprint(tmp_path / "nowhere", extractor=extractor)


def test_a_resolution_for_an_unknown_set_is_refused(folder: Path, extractor: Extractor) -> None:
    with pytest.raises(DataError, match="no set is called THREE; there are ONE, TWO"):
        bench_fingerprint(folder, dpi={"THREE": 512}, extractor=extractor)
