"""The wheel is the same to the byte, whoever builds it: what was audited is what is installed."""

import os
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def built(folder: Path, commit: str) -> bytes:
    """From what git holds, in a folder of its own."""
    folder.mkdir()
    archive = folder / "tree.tar"
    subprocess.run(["git", "archive", "-o", archive, commit], cwd=ROOT, check=True)
    with tarfile.open(archive) as tar:
        tar.extractall(folder / "tree", filter="data")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder / "out", "."]
    epoch = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    subprocess.run(command, cwd=folder / "tree", env=epoch, check=True)
    (wheel,) = (folder / "out").glob("*.whl")
    return wheel.read_bytes()


def test_two_wheels_of_one_source_are_identical(tmp_path: Path) -> None:
    asked = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True)
    commit = asked.stdout.strip()
    assert built(tmp_path / "one", commit) == built(tmp_path / "another", commit)
