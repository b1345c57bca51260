"""Third stage: the LEADER network, picture in, minutiae out.

Cappelli and Ferrara, arXiv 2602.15493 (2026): 0.9 M parameters, fully convolutional, trained for 500 dpi.
What data its authors trained it on is not known to this project.

Two files hold it. As rewritten at installation (matching.models.rewrite), it takes the picture and where the finger
touched, both sides multiples of 32, and gives the best minutiae. As published, it takes float32 (1, rows, columns,
1), grey 0 … 255, and gives float32 (1, rows, columns, 4): position, direction (radians, vector (cos θ, -sin θ) with
y downwards), type (≥ 0.5 is an ending), and quality, which after the network's own non-maximum suppression is not
zero at minutiae only. Both give the same minutiae.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from matching.errors import ModelRefused
from matching.fingerprint.parameters import (
    FAINT_QUALITY_MIN,
    FAINT_UP_TO,
    MAX_MINUTIAE,
    QUALITY_MIN,
    SIZE_MULTIPLE_PX,
)

REGION_BYTES = 96 << 20  # enough for a crop of 480 × 352 px


@dataclass(frozen=True, eq=False)
class Detections:
    """Minutiae as found, best quality first: x, y in px (int), direction in radians, ending, quality 0 … 1."""

    x: NDArray[np.int64]
    y: NDArray[np.int64]
    direction: NDArray[np.float32]
    ending: NDArray[np.bool_]
    quality: NDArray[np.float32]


class Leader:
    """The network, loaded once. One `detect` at a time; `threads` is what one inference may use."""

    def __init__(self, weights: Path, *, threads: int = 1) -> None:
        # Half of a second and 60 MB to import: only those who extract pay for it.
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Plans kept for every size of picture cost a quarter of the memory and gain nothing: sizes hardly repeat.
        options.enable_mem_pattern = False
        options.log_severity_level = 3
        options.add_session_config_entry("session.use_env_allocators", "1")
        _one_region()
        try:
            self._session: Any = onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])
        except Exception as cause:
            raise ModelRefused(f"{weights} is not a network that can be loaded: {cause}") from cause

        self._rewritten = [port.name for port in self._session.get_inputs()] == ["picture", "mask"]

    def detect(self, image: NDArray[np.uint8], mask: NDArray[np.bool_]) -> Detections:
        """The minutiae in `image` (uint8, 500 dpi) where `mask` is True."""
        rows, columns = image.shape
        down, right = -rows % SIZE_MULTIPLE_PX, -columns % SIZE_MULTIPLE_PX
        picture = np.asarray(cv2.copyMakeBorder(image, 0, down, 0, right, cv2.BORDER_REPLICATE), np.uint8)
        touched = np.pad(mask, ((0, down), (0, right)))
        return self._points(picture, touched) if self._rewritten else self._maps(picture, touched)

    def _points(self, picture: NDArray[np.uint8], mask: NDArray[np.bool_]) -> Detections:
        y, x, quality, towards, ending = self._session.run(_OUTPUTS, {"picture": picture, "mask": mask})
        found = np.s_[: _kept(quality)]
        direction = np.arctan2(towards[found, 1], towards[found, 0])
        return Detections(x[found], y[found], direction, ending[found] >= 0.5, quality[found])

    def _maps(self, picture: NDArray[np.uint8], mask: NDArray[np.bool_]) -> Detections:
        maps = self._session.run(None, {"input": picture.astype(np.float32)[None, :, :, None]})[0][0]
        quality = np.where(mask, maps[..., 3], 0)
        y, x = np.nonzero(quality >= FAINT_QUALITY_MIN)
        best = np.argsort(-quality[y, x], kind="stable")[: _kept(quality[y, x])]
        y, x = y[best], x[best]
        return Detections(x, y, maps[y, x, 1], maps[y, x, 2] >= 0.5, quality[y, x])


def _kept(quality: NDArray[np.float32]) -> int:
    """How many of the best are kept: all the clear ones, and of a poor finger some fainter ones too."""
    clear, faint = (int(np.count_nonzero(quality >= least)) for least in (QUALITY_MIN, FAINT_QUALITY_MIN))
    return min(max(clear, min(faint, FAINT_UP_TO)), MAX_MINUTIAE)


@cache
def _one_region() -> None:
    """Let all networks of the process compute in one stretch of memory, of which only what is used counts.

    Stretches that double, as is usual, leave gaps: with pictures of all sizes they cost another 18 MB.
    """
    import onnxruntime

    kind, use = onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, onnxruntime.OrtMemType.DEFAULT
    where = onnxruntime.OrtMemoryInfo("Cpu", kind, 0, use)
    how = onnxruntime.OrtArenaCfg({"initial_chunk_size_bytes": REGION_BYTES})
    onnxruntime.create_and_register_allocator(where, how)


_OUTPUTS = ("row", "column", "quality", "direction", "ending")
