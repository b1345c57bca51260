"""What a sensor's glass looks like with nobody on it (S11): dead lines, dirt, and the print that a finger left behind.

    bare picture ──▶ lines that stand out · what is left beside smooth light · blocks that hold ridges ──▶ score, word

Pure. Ridges of fingers are 0.3 to 0.7 mm apart: a block that holds such waves, and hardly anything else, is part of a
print. The limits are of this module alone: bare pictures of real sensors, with
which to check them, were not to be had.
"""

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.base import Scan
from edge.screen.words import Words

_MM = 25.4
_BLOCK_MM = 2.4
_RIDGES_MM = (0.3, 0.7)
_SMOOTH_MM = 1.5  # light changes slower than this
_NEIGHBOURS = 9  # lines with which a line is compared
_DEAD_STEP = 20.0  # grey levels
_FAINT = 3.0  # grey levels: below that a block holds nothing, whatever its waves
_PURE = 0.5  # share of a block's energy in one wave and what lies beside it
_DIRTY = 10.0  # grey levels
_PRINT = 0.08  # share of the blocks


class Glass(StrEnum):
    CLEAN = "clean"
    DIRTY = "dirty"
    PRINT = "print"
    DEAD_LINES = "dead_lines"


WORDS = {
    Glass.CLEAN: Words("काँच साफ़ है", "the glass is clean"),
    Glass.DIRTY: Words("काँच गंदा है: साफ़ करें", "the glass is dirty: clean it"),
    Glass.PRINT: Words("काँच पर पिछली उँगली की छाप है: साफ़ करें", "the last finger's print is on the glass: clean it"),
    Glass.DEAD_LINES: Words("सेंसर की कुछ पंक्तियाँ काम नहीं कर रहीं", "some lines of the sensor are dead"),
}


@dataclass(frozen=True, slots=True)
class Baseline:
    """`noise`: grey levels beside smooth light. `ghost`: share of the glass that holds ridges. `score`: 0 to 100."""

    glass: Glass
    score: int
    noise: float
    dead_lines: int
    ghost: float

    def figures(self) -> dict[str, str | int | float]:
        return {
            "glass": self.glass.value,
            "score": self.score,
            "noise": self.noise,
            "dead_lines": self.dead_lines,
            "ghost": self.ghost,
        }


def judge(scan: Scan) -> Baseline:
    """Of a picture of the bare glass, (rows, columns), with its resolution."""
    image = scan.image.astype(np.float32)
    dead = _dead(image.mean(axis=1)) + _dead(image.mean(axis=0))
    px_mm = (scan.dpi or 500.0) / _MM
    flat = image - cv2.GaussianBlur(image, (0, 0), _SMOOTH_MM * px_mm)
    noise, ghost = float(flat.std()), _ghost(flat, px_mm)
    score = 100 - 20 * dead - 200 * ghost - 3 * max(0.0, noise - _FAINT)
    return Baseline(
        _word(dead, noise, ghost), round(min(100.0, max(0.0, score))), round(noise, 1), dead, round(ghost, 3)
    )


def _word(dead: int, noise: float, ghost: float) -> Glass:
    if dead:
        return Glass.DEAD_LINES
    if ghost >= _PRINT:
        return Glass.PRINT
    return Glass.DIRTY if noise >= _DIRTY else Glass.CLEAN


def _dead(means: NDArray[np.float32]) -> int:
    """How many lines are far from the lines beside them."""
    half = _NEIGHBOURS // 2
    beside = np.lib.stride_tricks.sliding_window_view(np.pad(means, half, mode="reflect"), _NEIGHBOURS)
    return int((np.abs(means - np.median(beside, axis=1)) > _DEAD_STEP).sum())


def _ghost(flat: NDArray[np.float32], px_mm: float) -> float:
    """The share of blocks that hold one wave as long as ridges are wide, and little else."""
    side = round(_BLOCK_MM * px_mm)
    window = np.outer(np.hanning(side), np.hanning(side)).astype(np.float32)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
    ridges = (frequency >= 1 / (_RIDGES_MM[1] * px_mm)) & (frequency <= 1 / (_RIDGES_MM[0] * px_mm))
    found = [
        _holds_ridges(flat[row : row + side, column : column + side], window, ridges)
        for row in range(0, flat.shape[0] - side + 1, side)
        for column in range(0, flat.shape[1] - side + 1, side)
    ]
    return sum(found) / len(found) if found else 0.0


def _holds_ridges(block: NDArray[np.float32], window: NDArray[np.float32], ridges: NDArray[np.bool_]) -> bool:
    if float(block.std()) < _FAINT:
        return False
    energy = np.abs(np.fft.fft2((block - block.mean()) * window)) ** 2
    energy[0, 0] = 0.0
    total = float(energy.sum())
    row, column = np.unravel_index(int(np.where(ridges, energy, 0.0).argmax()), energy.shape)
    beside = (
        [(int(row) + y) % energy.shape[0] for y in (-1, 0, 1)],
        [(int(column) + x) % energy.shape[1] for x in (-1, 0, 1)],
    )
    wave = 2 * float(energy[np.ix_(*beside)].sum())  # the spectrum of a real picture is the same on both sides
    return total > 0 and wave / total >= _PURE
