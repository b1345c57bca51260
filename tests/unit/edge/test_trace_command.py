"""`hazri-edge trace` draws, and says in one line what it cannot."""

from pathlib import Path

import cv2
import numpy as np

from matching.synthetic import finger, impression
from tests.flow.terminal_site import run


def test_two_pictures_are_drawn_and_compared(tmp_path: Path) -> None:
    for nth in (3, 4):
        cv2.imwrite(str(tmp_path / f"{nth}.png"), impression(finger(7), nth))
    done = run("trace", tmp_path / "3.png", "--against", tmp_path / "4.png", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "finger a: " in done.stdout
    assert "finger b: " in done.stdout
    assert "score 0." in done.stdout
    assert len(list((tmp_path / "out").glob("*.png"))) == 11


def test_what_cannot_be_drawn_is_said(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("not a picture")
    (tmp_path / "empty.png").touch()
    cv2.imwrite(str(tmp_path / "tiny.png"), np.zeros((2, 2), np.uint8))
    for name, words in (
        ("none.png", "No such file"),
        ("text.png", "not a picture"),
        ("empty.png", "not a picture"),
        ("tiny.png", "2 × 2 px"),
    ):
        done = run("trace", tmp_path / name, "--out", tmp_path / "out")
        assert done.returncode == 1
        assert words in done.stderr
        assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_the_benchmark_draws_its_curves_and_no_others(tmp_path: Path) -> None:
    for person in (7, 8):
        for nth in range(1, 5):
            cv2.imwrite(str(tmp_path / f"{person}_{nth}.png"), impression(finger(person), nth))
    done = run("bench", "fingerprint", "--data", tmp_path, "--plot", tmp_path / "det.svg", "--json")
    assert done.returncode == 0, done.stderr
    assert '"det"' in done.stdout
    assert (tmp_path / "det.svg").read_text().startswith("<svg")
    done = run("bench", "identify", "--data", tmp_path, "--plot", tmp_path / "none.svg")
    assert done.returncode == 1
    assert "bench fingerprint and bench face only" in done.stderr
