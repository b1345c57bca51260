"""Smooth random fields: coarse random grids blown up with a cubic, so that they cost nothing."""

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]


def smooth(rng: np.random.Generator, height: int, width: int, scale_px: float) -> Field:
    """A float32 (height, width) field of about unit deviation that varies over `scale_px` pixels."""
    rows, columns = int(height / scale_px) + 4, int(width / scale_px) + 4
    grid = rng.standard_normal((rows, columns), dtype=np.float32)
    # One spare cell on every side keeps the interpolation's border rule out of the picture.
    fine = cv2.resize(grid, (round(columns * scale_px), round(rows * scale_px)), interpolation=cv2.INTER_CUBIC)
    top, left = round(scale_px), round(scale_px)
    return np.ascontiguousarray(fine[top : top + height, left : left + width], dtype=np.float32) * np.float32(1.3)


def grain(rng: np.random.Generator, height: int, width: int, sigma_px: float) -> Field:
    """A float32 (height, width) field of unit deviation: white noise blurred by `sigma_px`."""
    white = rng.standard_normal((height, width), dtype=np.float32)
    blurred = cv2.GaussianBlur(white, (0, 0), sigma_px)
    return np.asarray(blurred * np.float32(2 * np.sqrt(np.pi) * sigma_px), dtype=np.float32)
