"""A network's opinion whether this is a living face: advice beside the challenge, never a verdict.

Two MiniFASNets look at the face with little and with much of its surroundings. On printed photographs they had
never seen their equal error rate was 18 %, so nobody is refused or admitted for it.
"""

import cv2
import numpy as np

from matching.face.detect import Face
from matching.face.network import Network
from matching.face.parameters import LIVE_SCALES, LIVE_SIDE_PX
from matching.face.picture import Picture

NAMES = ("minifasnet_v2_2.7_80x80.onnx", "minifasnet_v1se_4.0_80x80.onnx")
_LIVE = 1


class Passive:
    """Both networks. Raises ModelRefused when one cannot be loaded."""

    def __init__(self, near: bytes, far: bytes) -> None:
        self._nets = [Network(weights, name) for weights, name in zip((near, far), NAMES, strict=True)]

    def score(self, image: Picture, face: Face) -> float:
        """How alive the face in a checked frame looks, 0 … 1: the mean of both networks."""
        views = zip(self._nets, LIVE_SCALES, strict=True)
        return float(np.mean([_softmax(net.run(_tensor(crop(image, face, scale))))[_LIVE] for net, scale in views]))


def crop(image: Picture, face: Face, scale: float) -> Picture:
    """The face's box times `scale`, shrunk to fit and shifted inside the frame, at 80 × 80 px."""
    rows, columns = image.shape[:2]
    _, _, width, height = face.box
    fitting = min(scale, columns / width, rows / height)
    size = np.array([width, height]) * fitting
    low = np.clip(np.array(face.middle) - size / 2, 0, np.array([columns, rows]) - size)
    start = np.floor(low).astype(int)
    end = np.maximum(start + 1, np.minimum(np.ceil(low + size).astype(int), (columns, rows)))
    part = image[start[1] : end[1], start[0] : end[0]]
    return np.asarray(cv2.resize(part, (LIVE_SIDE_PX, LIVE_SIDE_PX)), np.uint8)


def _tensor(picture: Picture) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.ascontiguousarray(picture.astype(np.float32).transpose(2, 0, 1)[None])


def _softmax(logits: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> list[float]:
    power = np.exp(logits[0] - logits[0].max())
    return [float(share) for share in power / power.sum()]
