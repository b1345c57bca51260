"""First stage: where are the faces, and their five points?"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from matching.face.network import quiet, refusing
from matching.face.parameters import DETECT_MOST, DETECT_OVERLAP, DETECT_SCORE, DETECT_SIDE_PX
from matching.face.picture import Picture

Points = NDArray[np.float64]
NAME = "face_detection_yunet_2023mar.onnx"


@dataclass(frozen=True, eq=False)
class Face:
    """A face in a frame, in its pixels: box (x, y, width, height), points (5, 2) as x, y, score 0 … 1.

    The points: right eye, left eye (the person's), nose, right and left corner of the mouth.
    """

    box: tuple[float, float, float, float]
    points: Points
    score: float

    @property
    def middle(self) -> tuple[float, float]:
        x, y, width, height = self.box
        return x + width / 2, y + height / 2

    @property
    def eyes_px(self) -> float:
        """The distance between the eyes."""
        return float(np.linalg.norm(self.points[1] - self.points[0]))


class Detector:
    """YuNet through OpenCV. Raises ModelRefused when it cannot be loaded."""

    def __init__(self, weights: bytes) -> None:
        start = (DETECT_SIDE_PX, DETECT_SIDE_PX)
        buffers = (np.frombuffer(weights, np.uint8), np.empty(0, np.uint8))
        with quiet(), refusing(NAME):
            self._net = cv2.FaceDetectorYN.create("onnx", *buffers, start, DETECT_SCORE, DETECT_OVERLAP, DETECT_MOST)

    def detect(self, image: Picture) -> list[Face]:
        """The faces in a checked frame, the largest first."""
        rows, columns = image.shape[:2]
        shrink = min(1.0, DETECT_SIDE_PX / max(rows, columns))
        size = (max(1, round(columns * shrink)), max(1, round(rows * shrink)))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if shrink < 1 else image
        self._net.setInputSize(size)
        _, found = self._net.detect(small)
        return read(found, (columns / size[0], rows / size[1]))


def read(found: NDArray[Any] | None, scale: tuple[float, float]) -> list[Face]:
    """Rows of 15 numbers (box, five points, score) as faces; rows that are no numbers or no face are left out.

    `scale` is what x and y are multiplied with.
    """
    if found is None:
        return []
    table = np.asarray(found, np.float64).reshape(-1, 15)
    table = table[np.isfinite(table).all(axis=1)]
    table[:, :14] *= np.tile(scale, 7)
    faces = [_face(row) for row in table]
    return sorted((face for face in faces if _possible(face)), key=lambda face: -face.box[2] * face.box[3])


def _face(row: NDArray[np.float64]) -> Face:
    x, y, width, height = (float(value) for value in row[:4])
    return Face((x, y, width, height), row[4:14].reshape(5, 2), float(row[14]))


def _possible(face: Face) -> bool:
    """A box with an inside, eyes apart, and the points near the box."""
    x, y, width, height = face.box
    if width < 1 or height < 1 or face.eyes_px < 1:
        return False
    places = (face.points - (x, y)) / (width, height)
    return bool(((places > -1) & (places < 2)).all())
