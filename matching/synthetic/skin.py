"""What makes ridges skin: irregular edges, sweat pores along the crests, a few creases."""

import cv2
import numpy as np
from numpy.typing import NDArray

from matching.synthetic import noise

Field = NDArray[np.float32]

PORE_CELL_PX = 7
MAX_CREASES = 5
ROUGHNESS_PX = np.float32(0.5)


def roughened(rng: np.random.Generator, ridges: Field) -> Field:
    """The same ridges with the small irregularities of skin: their edges wander by a fraction of a ridge."""
    height, width = ridges.shape
    x = np.arange(width, dtype=np.float32)[None, :] + ROUGHNESS_PX * noise.grain(rng, height, width, 3.0)
    y = np.arange(height, dtype=np.float32)[:, None] + ROUGHNESS_PX * noise.grain(rng, height, width, 3.0)
    moved = cv2.remap(ridges, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    breadth = np.float32(0.12) * noise.grain(rng, height, width, 4.0)
    return np.asarray(np.clip(moved + breadth, -1, 1), dtype=np.float32)


def relief(rng: np.random.Generator, ridges: Field) -> Field:
    """float32 like `ridges`, 0 where the print is untouched … 1 where nothing prints."""
    return np.maximum(_pores(rng, ridges), _creases(rng, ridges.shape))


def _pores(rng: np.random.Generator, ridges: Field) -> Field:
    """At most one pore in a cell of 0.35 mm, on its highest crest: about 3 to the millimetre of ridge."""
    height, width = ridges.shape
    jittered = ridges + 0.3 * rng.random(ridges.shape, dtype=np.float32)
    spots = np.zeros_like(ridges)
    rows, columns = height // PORE_CELL_PX, width // PORE_CELL_PX
    cells = jittered[: rows * PORE_CELL_PX, : columns * PORE_CELL_PX]
    cells = cells.reshape(rows, PORE_CELL_PX, columns, PORE_CELL_PX).transpose(0, 2, 1, 3).reshape(rows, columns, -1)
    best = cells.argmax(axis=2)
    open_ = (cells.max(axis=2) > 1.0) & (rng.random((rows, columns)) < 0.75)
    row, column = np.nonzero(open_)
    inside = best[row, column]
    depth = rng.uniform(0.4, 1.0, len(row)).astype(np.float32)
    spots[row * PORE_CELL_PX + inside // PORE_CELL_PX, column * PORE_CELL_PX + inside % PORE_CELL_PX] = depth
    return np.asarray(np.minimum(cv2.GaussianBlur(spots, (5, 5), 0.8) * 3.2, 1), dtype=np.float32)


def _creases(rng: np.random.Generator, shape: tuple[int, ...]) -> Field:
    lines = np.zeros(shape, np.float32)
    for _ in range(int(rng.integers(0, MAX_CREASES + 1))):
        scratch(rng, lines, length_px=(35, 130), width_px=(1, 3))
    return np.asarray(cv2.GaussianBlur(lines, (5, 5), 0.8), dtype=np.float32)


def scratch(rng: np.random.Generator, canvas: Field, length_px: tuple[float, float], width_px: tuple[int, int]) -> None:
    """Draw one slightly bent line of ones into `canvas`."""
    height, width = canvas.shape
    middle = rng.uniform((0.15 * width, 0.15 * height), (0.85 * width, 0.85 * height))
    angle, length = rng.uniform(0, np.pi), rng.uniform(*length_px)
    along = np.linspace(-0.5, 0.5, 12)[:, None] * length
    across = rng.normal(0, 0.06) * length * (4 * (along / length) ** 2 - 1)
    heading = np.array([np.cos(angle), np.sin(angle)])
    points = middle + along * heading + across * heading[::-1] * (-1, 1)
    cv2.polylines(
        canvas,
        [np.rint(points * 8).astype(np.int32)],
        False,
        1.0,
        int(rng.integers(width_px[0], width_px[1] + 1)),
        cv2.LINE_8,
        3,
    )
