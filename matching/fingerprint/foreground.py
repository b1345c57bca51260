"""Second stage: where the finger touched, and the picture cut down to it.

Ridges are where grey levels change steeply; the mean gradient over a few ridges, against the steepest of the
same picture, tells contact from background (the idea of Cappelli's GMFS, 2023). The network's time and memory
grow with the area, so cutting away the empty glass comes first.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from matching.fingerprint.parameters import (
    CROP_MARGIN_PX,
    GRADIENT_FLOOR,
    GRADIENT_SHARE,
    GRADIENT_WINDOW_PX,
    MAX_CROP_PX,
    MIN_SIDE_PX,
)
from matching.minutiae import CELL_PX, cells


@dataclass(frozen=True, eq=False)
class Foreground:
    """The part of the picture that shows a finger.

    image: uint8 (rows, columns), cropped. mask: bool, the same shape, True where the finger touched.
    top, left: px, of the crop in the picture it was cut from.
    picture: rows and columns of that picture. gradient: mean grey step per pixel on the finger.
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    top: int
    left: int
    picture: tuple[int, int]
    gradient: float

    @property
    def contact(self) -> NDArray[np.bool_]:
        """The mask by cells of 32 px: True where at least half of a cell touched."""
        rows, columns = cells(self.mask.shape[0]), cells(self.mask.shape[1])
        whole = np.zeros((rows * CELL_PX, columns * CELL_PX), np.float32)
        whole[: self.mask.shape[0], : self.mask.shape[1]] = self.mask
        share = whole.reshape(rows, CELL_PX, columns, CELL_PX).mean(axis=(1, 3))
        return np.asarray(share >= 0.5, np.bool_)


def find(image: NDArray[np.uint8]) -> Foreground:
    """Cut `image` (uint8, 500 dpi) down to the finger; with no finger on it, the mask is empty."""
    strength = _gradient(image)
    mask = _largest_region(strength)
    if not mask.any():
        side = slice(0, MIN_SIDE_PX)
        return Foreground(image[side, side], mask[side, side], 0, 0, mask.shape, 0.0)
    window = _window(mask)
    top, left = int(window[0].start), int(window[1].start)
    return Foreground(image[window], mask[window], top, left, mask.shape, float(strength[mask].mean()))


def _gradient(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    dx = cv2.Sobel(image, cv2.CV_32F, 1, 0, scale=1 / 8)
    dy = cv2.Sobel(image, cv2.CV_32F, 0, 1, scale=1 / 8)
    window = (GRADIENT_WINDOW_PX, GRADIENT_WINDOW_PX)
    return np.asarray(cv2.blur(np.abs(dx) + np.abs(dy), window), np.float32)


def _largest_region(strength: NDArray[np.float32]) -> NDArray[np.bool_]:
    level = max(GRADIENT_FLOOR, GRADIENT_SHARE * float(np.percentile(strength, 95)))
    raw = (strength > level).astype(np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (GRADIENT_WINDOW_PX, GRADIENT_WINDOW_PX))
    opened = cv2.morphologyEx(cv2.morphologyEx(raw, cv2.MORPH_CLOSE, disc), cv2.MORPH_OPEN, disc)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(opened)
    if count < 2:
        return np.zeros(strength.shape, np.bool_)
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    outlines, _ = cv2.findContours((labels == largest).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros(strength.shape, np.uint8)
    cv2.drawContours(filled, outlines, -1, 1, cv2.FILLED)
    return filled.astype(np.bool_)


def _window(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    """The rows and columns to keep: the mask with a margin, at least the network's block, at most a thumb."""
    spans = []
    for axis, most in enumerate(MAX_CROP_PX):
        hits = np.flatnonzero(mask.any(axis=1 - axis))
        first, last = int(hits[0]) - CROP_MARGIN_PX, int(hits[-1]) + 1 + CROP_MARGIN_PX
        if last - first > most:
            weight = mask.sum(axis=1 - axis)
            first = int(np.average(np.arange(len(weight)), weights=weight)) - most // 2
            last = first + most
        first, last = max(0, first), min(mask.shape[axis], last)
        if last - first < MIN_SIDE_PX:
            first = max(0, min(first, mask.shape[axis] - MIN_SIDE_PX))
            last = first + MIN_SIDE_PX
        spans.append(slice(first, last))
    return spans[0], spans[1]
