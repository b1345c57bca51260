"""Second stage: the face as the recogniser wants it, upright and in its place. Pure."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from matching.face.detect import Points
from matching.face.parameters import ALIGNED_PX, LANDMARKS
from matching.face.picture import Picture

Matrix = NDArray[np.float64]
TARGET = np.array(LANDMARKS) * ALIGNED_PX


def similarity(source: Points, target: Points = TARGET) -> Matrix | None:
    """Turn, scale and shift, (2, 3), that carry `source` (n, 2) to `target` with the least squared error.

    None when the source is a single point or holds something that is no number. No reflection: that of a face is
    another face. The closed form for the plane: Umeyama, IEEE PAMI 13(4), 1991.
    """
    if not np.isfinite(source).all():
        return None
    centre, goal = source.mean(axis=0), target.mean(axis=0)
    a, b = source - centre, target - goal
    spread = float((a**2).sum())
    if spread < 1e-9:
        return None
    along = float((a * b).sum()) / spread
    across = float((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()) / spread
    if math.hypot(along, across) < 1e-9:
        return None
    turn = np.array([[along, -across], [across, along]])
    return np.column_stack([turn, goal - turn @ centre])


def align(image: Picture, points: Points) -> Picture | None:
    """The face with these points, uint8 (128, 128, 3), or None when there is no such transformation.

    Cubic, because a face at arm's length has about as many pixels as the recogniser wants, and linear resampling
    blurs there; a larger one is first made smaller by areas, so that nothing aliases. Outside the frame is black.
    """
    matrix = similarity(points)
    if matrix is None:
        return None
    shrink = math.floor(1 / math.hypot(matrix[0, 0], matrix[1, 0]) + 1e-6)
    if shrink >= 2:
        part = _around(image, matrix, shrink)
        if part is None:
            return None
        image, matrix = part
    size = (ALIGNED_PX, ALIGNED_PX)
    return np.asarray(cv2.warpAffine(image, matrix, size, flags=cv2.INTER_CUBIC), np.uint8)


def _around(image: Picture, matrix: Matrix, shrink: int) -> tuple[Picture, Matrix] | None:
    """The part of the frame that the aligned face shows, `shrink` times smaller, and the matrix for it."""
    corners = np.array([(0, 0), (ALIGNED_PX, 0), (0, ALIGNED_PX), (ALIGNED_PX, ALIGNED_PX)], np.float64)
    inverse = cv2.invertAffineTransform(matrix)
    seen = corners @ inverse[:, :2].T + inverse[:, 2]
    limit = np.array(image.shape[1::-1])
    low = np.clip(np.floor(seen.min(axis=0)) - shrink, 0, limit).astype(int)
    high = np.clip(np.ceil(seen.max(axis=0)) + shrink, 0, limit).astype(int)
    low -= low % shrink
    if (high - low < shrink).any():
        return None
    columns, rows = (high - low) // shrink
    part = image[low[1] : low[1] + rows * shrink, low[0] : low[0] + columns * shrink]
    small = cv2.resize(part, (int(columns), int(rows)), interpolation=cv2.INTER_AREA)
    # A pixel's middle is at whole numbers: small (x) lies at low + shrink · x + (shrink − 1) / 2 of the frame.
    back = np.array([[shrink, 0, low[0] + (shrink - 1) / 2], [0, shrink, low[1] + (shrink - 1) / 2], [0, 0, 1]])
    return np.asarray(small, np.uint8), matrix @ back
