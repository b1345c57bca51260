"""The network in use: what it may tell, where, and how much memory that takes."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from matching import models
from matching.fingerprint.leader import Leader
from matching.fingerprint.parameters import FAINT_QUALITY_MIN, FAINT_UP_TO, MAX_CROP_PX, MAX_MINUTIAE, QUALITY_MIN
from matching.models.rewrite import POINTS
from matching.synthetic import Condition, finger, impression

OWN_MOST_MB = 100

_EXTRACT = """
import re, sys
from pathlib import Path
import numpy as np
from matching.fingerprint import Extractor
rows, columns = map(int, sys.argv[1:])
stripes = np.tile(np.repeat(np.array([40, 210], np.uint8), 5), (rows, columns // 10 + 1))[:, :columns]
extractor = Extractor()
for _ in range(3):
    extractor.extract(np.ascontiguousarray(stripes))
told = Path("/proc/self/status").read_text()
most, of_files = (int(re.search(name + r":\\s*(\\d+)", told)[1]) for name in ("VmHWM", "RssFile"))
print((most - of_files) // 1024)
"""


@pytest.fixture(scope="module", params=["LEADER.onnx", "LEADER.rewritten.onnx"])
def leader(request: pytest.FixtureRequest) -> Leader:
    """As published, and as rewritten: what follows holds for both."""
    return Leader(models.path(request.param))


@pytest.fixture(scope="module")
def picture() -> NDArray[np.uint8]:
    return impression(finger(3100), 1)


def test_the_best_come_first_and_none_is_below_the_least(leader: Leader, picture: NDArray[np.uint8]) -> None:
    found = leader.detect(picture, np.ones(picture.shape, np.bool_))
    assert len(found.x) > 10
    assert len(found.x) <= FAINT_UP_TO or found.quality.min() >= QUALITY_MIN
    assert (np.diff(found.quality) <= 0).all()
    assert found.x.dtype == found.y.dtype == np.int64
    assert found.direction.dtype == found.quality.dtype == np.float32
    assert (np.abs(found.direction) <= np.pi).all()
    assert len({array.shape for array in vars(found).values()}) == 1


def test_of_a_poor_finger_fainter_minutiae_are_kept_too_but_not_many_s1(leader: Leader) -> None:
    poor = [impression(finger(3110 + n), 1, Condition.WORN) for n in range(4)]
    found = [leader.detect(picture, np.ones(picture.shape, np.bool_)) for picture in poor]
    assert any(each.quality.min() < QUALITY_MIN for each in found)
    for each in found:
        assert each.quality.min() >= FAINT_QUALITY_MIN
        assert len(each.x) <= FAINT_UP_TO or each.quality.min() >= QUALITY_MIN


def test_nothing_is_found_where_no_finger_touched(leader: Leader, picture: NDArray[np.uint8]) -> None:
    mask = np.zeros(picture.shape, np.bool_)
    assert len(leader.detect(picture, mask).x) == 0
    everywhere = leader.detect(picture, ~mask)
    mask[: picture.shape[0] // 2] = True
    upper = leader.detect(picture, mask)
    assert 0 < len(upper.x) < len(everywhere.x)
    assert upper.y.tolist() == everywhere.y[everywhere.y < picture.shape[0] // 2].tolist()


def test_sides_of_any_length_are_made_good(leader: Leader, picture: NDArray[np.uint8]) -> None:
    """What is added to fill the network's blocks is no place for a minutia."""
    part = np.ascontiguousarray(picture[40:197, 50:183])
    found = leader.detect(part, np.ones(part.shape, np.bool_))
    assert len(found.x) > 0
    assert found.x.max() < part.shape[1]
    assert found.y.max() < part.shape[0]


def test_never_more_than_a_template_holds(leader: Leader) -> None:
    many = np.tile(impression(finger(3101), 1), (2, 2))[: MAX_CROP_PX[0], : MAX_CROP_PX[1]]
    assert POINTS >= MAX_MINUTIAE
    assert len(leader.detect(np.ascontiguousarray(many), np.ones(many.shape, np.bool_)).x) <= MAX_MINUTIAE


def test_extraction_leaves_memory_for_the_rest_of_a_terminal() -> None:
    """The least of three runs: the kernel's huge pages come and go, and only ever add. The pages of libraries are left
    out: how many are mapped (55 to 95 MB of the same files) is the kernel's choice, and it takes them back at need."""
    command = [sys.executable, "-c", _EXTRACT, "320", "320"]
    root = Path(__file__).parents[3]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True, cwd=root) for _ in range(3)]
    assert min(int(done.stdout) for done in runs) <= OWN_MOST_MB
