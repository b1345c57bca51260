"""How far apart the ridges are.

As in Cappelli 2009 (see orientation.py): a period of its own for every finger, wider above the uppermost core and
below the lowest delta, and wandering smoothly in between.
"""

import numpy as np
from numpy.typing import NDArray

from matching.synthetic import noise
from matching.synthetic.orientation import Flow, grid
from matching.synthetic.parameters import MASTER_HEIGHT_PX, MASTER_WIDTH_PX

Field = NDArray[np.float32]


def period_map(rng: np.random.Generator, flow: Flow) -> Field:
    """The distance from ridge to ridge at every pixel of the master: float32 (H, W), pixels, about 7.5 to 11.5."""
    _, y = grid()
    heights = [point[1] for point, _ in (*flow.cores, *flow.deltas)]
    top, bottom = (max(heights), min(heights)) if heights else (40.0, -60.0)
    base = np.clip(rng.normal(9.1, 0.45), 8.1, 10.2)
    tip = rng.uniform(0.00, 0.08) * _step((y - top - 50) / 25)
    foot = rng.uniform(0.04, 0.14) * _step((bottom - 10 - y) / 25)
    wander = 0.06 * noise.smooth(rng, MASTER_HEIGHT_PX, MASTER_WIDTH_PX, 80.0)
    return np.asarray(base * (1 + tip + foot + wander), dtype=np.float32)


def _step(height: NDArray[np.floating]) -> Field:
    return np.asarray(1 / (1 + np.exp(-height)), dtype=np.float32)
