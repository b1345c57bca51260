"""Many touches in one picture, to be looked at."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from matching.synthetic.finger import MasterFinger
from matching.synthetic.impression import impression
from matching.synthetic.parameters import OPTICAL, Condition, Sensor


def sheet(
    masters: Sequence[MasterFinger],
    conditions: Sequence[Condition | str],
    scale: float = 0.5,
    sensor: Sensor = OPTICAL,
) -> NDArray[np.uint8]:
    """One column a finger, one row a condition, 16 grey levels: uint8, each touch `scale` of the sensor's size.

    Raises SyntheticError for an unknown condition.
    """
    size = (round(sensor.width_px * scale), round(sensor.height_px * scale))
    rows = [
        np.hstack([cv2.resize(impression(m, 1, name, sensor), size, interpolation=cv2.INTER_AREA) for m in masters])
        for name in conditions
    ]
    return (np.vstack(rows).astype(np.uint8) // 16 * 17).astype(np.uint8)
