"""Hand-made fingers, and the network, loaded once for all tests of the room."""

from collections.abc import Callable

import numpy as np
import pytest

from matching.fingerprint import Extractor
from matching.fingerprint.pipeline import ALGORITHM, VERSION
from matching.minutiae import Minutiae, cells, pack
from matching.template import Format, Modality, Template

Make = Callable[..., Minutiae]


@pytest.fixture(scope="session")
def extractor() -> Extractor:
    """The installed network; without it this fails with the command that installs it."""
    return Extractor()


@pytest.fixture
def make() -> Make:
    """Minutiae strewn over a view, at least 9 px apart, as ridges keep them."""

    def strew(seed: int, count: int = 40, width: int = 320, height: int = 360) -> Minutiae:
        rng = np.random.default_rng(seed)
        spots: list[tuple[float, float]] = []
        while len(spots) < count:
            x, y = float(rng.uniform(60, width - 60)), float(rng.uniform(60, height - 60))
            if all((x - a) ** 2 + (y - b) ** 2 > 81 for a, b in spots):
                spots.append((x, y))
        at = np.array(spots, np.float32).reshape(-1, 2)
        return Minutiae(
            x=at[:, 0],
            y=at[:, 1],
            direction=rng.uniform(0, 2 * np.pi, count).astype(np.float32),
            ending=rng.random(count) < 0.5,
            quality=rng.uniform(0.5, 1, count).astype(np.float32),
            contact=np.ones((cells(height), cells(width)), np.bool_),
            width=width,
            height=height,
        )

    return strew


def turned(
    minutiae: Minutiae, degrees: float, dx: float = 0, dy: float = 0, jitter: float = 0, seed: int = 0
) -> Minutiae:
    """The same finger turned anticlockwise about the middle of its view, shifted, and each minutia shaken."""
    rng = np.random.default_rng(seed)
    turn = np.deg2rad(degrees)
    cx, cy = minutiae.width / 2, minutiae.height / 2
    x, y = minutiae.x - cx, minutiae.y - cy
    x2 = cx + x * np.cos(turn) + y * np.sin(turn) + dx + rng.normal(0, jitter, len(minutiae))
    y2 = cy - x * np.sin(turn) + y * np.cos(turn) + dy + rng.normal(0, jitter, len(minutiae))
    inside = (x2 >= 0) & (y2 >= 0) & (np.rint(x2) < minutiae.width) & (np.rint(y2) < minutiae.height)
    direction = (minutiae.direction + turn + rng.normal(0, jitter / 40, len(minutiae))) % (2 * np.pi)
    return Minutiae(
        x=x2[inside].astype(np.float32),
        y=y2[inside].astype(np.float32),
        direction=direction[inside].astype(np.float32),
        ending=minutiae.ending[inside],
        quality=minutiae.quality[inside],
        contact=minutiae.contact,
        width=minutiae.width,
        height=minutiae.height,
    )


@pytest.fixture
def turn() -> Callable[..., Minutiae]:
    return turned


@pytest.fixture
def template() -> Callable[[Minutiae], Template]:
    return lambda minutiae: Template(Format.MINUTIAE, ALGORITHM, VERSION, Modality.FINGER, pack(minutiae))
