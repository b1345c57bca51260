"""A frame from a camera, checked. Pure."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from matching.errors import ImageError
from matching.face.parameters import MAX_PIXELS, MAX_SIDE_PX, MIN_SIDE_PX

Picture = NDArray[np.uint8]


def checked(image: NDArray[Any]) -> Picture:
    """`image` as uint8 (rows, columns, 3), blue, green, red; a grey one (an infrared camera's) is repeated.

    Raises ImageError for what cannot be a frame.
    """
    if getattr(image, "dtype", None) != np.uint8:
        raise ImageError(f"a frame is uint8, not {getattr(image, 'dtype', type(image).__name__)}")
    if not (image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)):
        raise ImageError(f"a frame is (rows, columns, 3) or (rows, columns), not {image.shape}")
    rows, columns = image.shape[:2]
    if min(rows, columns) < MIN_SIDE_PX or max(rows, columns) > MAX_SIDE_PX or rows * columns > MAX_PIXELS:
        raise ImageError(
            f"a frame of {columns} × {rows} px: sides of {MIN_SIDE_PX} to {MAX_SIDE_PX} px"
            f" and at most {MAX_PIXELS // 1_000_000} million pixels are read"
        )
    if image.ndim == 2:
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), np.uint8)
    return np.ascontiguousarray(image)
