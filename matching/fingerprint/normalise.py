"""First stage: a picture that can be trusted, at 500 dpi."""

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from matching.errors import ImageError
from matching.fingerprint.parameters import DPI, MAX_DPI, MAX_PIXELS, MIN_DPI, MIN_SIDE_PX


def normalise(image: NDArray[Any], dpi: float) -> NDArray[np.uint8]:
    """The picture at 500 dpi, uint8 (rows, columns), ridges dark. Raises ImageError, saying why."""
    _check(image, dpi)
    scale = DPI / dpi
    rows, columns = (max(1, round(side * scale)) for side in image.shape)
    if min(rows, columns) < MIN_SIDE_PX or rows * columns > MAX_PIXELS:
        raise ImageError(f"{columns} × {rows} px at 500 dpi is not the size of a finger")
    if (rows, columns) == image.shape:
        return np.ascontiguousarray(image)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (columns, rows), interpolation=method), np.uint8)


def _check(image: NDArray[Any], dpi: float) -> None:
    if image.dtype != np.uint8 or image.ndim != 2:
        raise ImageError(f"a fingerprint picture is uint8 (rows, columns), not {image.dtype} {image.shape}")
    if not (math.isfinite(dpi) and MIN_DPI <= dpi <= MAX_DPI):
        raise ImageError(f"{dpi} dpi is not within {MIN_DPI:.0f} … {MAX_DPI:.0f}")
    if min(image.shape) < MIN_SIDE_PX or image.size > MAX_PIXELS:
        raise ImageError(
            f"a picture of {image.shape[1]} × {image.shape[0]} px: sides of at least {MIN_SIDE_PX} px"
            f" and at most {MAX_PIXELS // 1_000_000} million pixels are read"
        )
