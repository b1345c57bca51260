"""Networks on cv2.dnn: loaded from bytes whose hash was looked at, errors in this room's words."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from matching.errors import ModelRefused

_ERRORS_ONLY = 2  # cv::utils::logging::LOG_LEVEL_ERROR


class Network:
    """One ONNX network. Not for several threads at once. Raises ModelRefused when it cannot be loaded."""

    def __init__(self, weights: bytes, name: str) -> None:
        with quiet(), refusing(name):
            self._net = cv2.dnn.readNetFromONNX(np.frombuffer(weights, np.uint8))

    def run(self, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        """Float32 (n, 3, rows, columns) to float32 (n, values)."""
        self._net.setInput(tensor)
        return np.array(self._net.forward(), np.float32).reshape(len(tensor), -1)


@contextmanager
def refusing(name: str) -> Iterator[None]:
    """Turn what OpenCV says of a network it cannot use into ModelRefused."""
    try:
        yield
    except (cv2.error, ValueError) as cause:
        first = str(cause).strip().splitlines()[0][:200]
        raise ModelRefused(f"the model {name} cannot be used by this OpenCV ({cv2.__version__}): {first}") from cause


@contextmanager
def quiet() -> Iterator[None]:
    """OpenCV writes a harmless warning about targets straight to stderr whenever a network is made."""
    logging: Any = getattr(cv2.utils, "logging", cv2)  # OpenCV 4 has the two functions at the top
    before = logging.getLogLevel()
    logging.setLogLevel(_ERRORS_ONLY)
    try:
        yield
    finally:
        logging.setLogLevel(before)
