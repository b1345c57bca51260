"""A folder of synthetic fingers, laid out as the sets of the Fingerprint Verification Competitions are."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from matching.synthetic.errors import SyntheticError
from matching.synthetic.finger import finger
from matching.synthetic.impression import as_condition, impression
from matching.synthetic.parameters import OPTICAL, Condition, Sensor
from matching.synthetic.streams import MAX_SEED, Purpose, stream

FIRST_FINGER = 101
MAX_PEOPLE, MAX_IMPRESSIONS = 10_000, 1_000

Progress = Callable[[int, int], None]  # pictures written so far, pictures in all


def generate(
    people: int,
    impressions: int,
    seed: int,
    out_dir: Path,
    progress: Progress | None = None,
    condition: Condition | str = Condition.NORMAL,
    sensor: Sensor = OPTICAL,
) -> list[Path]:
    """Write `<finger>_<impression>.png` for fingers 101, 102, … and impressions 1, 2, …; return the paths.

    Finger n of one `seed` is the same however many are asked for. Either the whole folder appears or none of it.
    Raises SyntheticError for a count out of range, an unknown condition, or an `out_dir` that is not empty or
    cannot be written.
    """
    _check_count("people", people, MAX_PEOPLE)
    _check_count("impressions", impressions, MAX_IMPRESSIONS)
    condition = as_condition(condition)
    seeds = finger_seeds(seed, people)
    try:
        out_dir = out_dir.resolve()
        _check_empty(out_dir)
        out_dir.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{out_dir.name}-", dir=out_dir.parent))
    except OSError as error:
        raise SyntheticError(f"{out_dir} cannot be written: {error.strerror or error}") from error
    try:
        names = []
        for person, finger_seed in enumerate(seeds):
            master = finger(finger_seed)
            for touch in range(1, impressions + 1):
                name = f"{FIRST_FINGER + person}_{touch}.png"
                _write(work / name, impression(master, touch, condition, sensor))
                names.append(name)
                if progress is not None:
                    progress(len(names), people * impressions)
        work.chmod(0o755)  # mkdtemp keeps it to its owner; nothing here is anybody's finger
        work.replace(out_dir)
    except OSError as error:
        raise SyntheticError(f"{out_dir} cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return [out_dir / name for name in names]


def finger_seeds(seed: int, people: int) -> list[int]:
    """The seeds of the fingers of a folder: that of finger 101 first."""
    return [int(value) for value in stream(Purpose.FOLDER, seed).integers(0, MAX_SEED, people)]


def _check_count(what: str, count: int, most: int) -> None:
    if type(count) is not int or not 1 <= count <= most:
        raise SyntheticError(f"{what} is a whole number from 1 to {most}, not {count!r}")


def _check_empty(out_dir: Path) -> None:
    if out_dir.exists() and not out_dir.is_dir():
        raise SyntheticError(f"{out_dir} is not a folder")
    if out_dir.exists() and any(out_dir.iterdir()):
        raise SyntheticError(f"{out_dir} is not empty; synthetic fingers go into a folder of their own")


def _write(path: Path, image: NDArray[np.uint8]) -> None:
    written, png = cv2.imencode(".png", image)
    if not written:
        raise SyntheticError(f"{path.name} could not be encoded")
    path.write_bytes(png.tobytes())
