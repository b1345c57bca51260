"""A sensor's own noise, for pretended ones: no living finger gives the same picture twice, to the last bit."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_GRAIN = 1 / 64  # of the pixels


def grained(image: "NDArray[np.uint8]", shade: int = 1) -> "NDArray[np.uint8]":
    """The picture, uint8 of any shape, with a pixel here and there a shade off. `shade`: of 256, a power of two; 16 for
    a sensor of 16 greys."""
    return image ^ np.uint8(shade) * (np.random.default_rng().random(image.shape) < _GRAIN)
