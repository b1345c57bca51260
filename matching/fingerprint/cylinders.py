"""Fourth stage: what each minutia sees around it, whatever the rotation and the shift.

The Minutia Cylinder-Code of Cappelli, Ferrara and Maltoni (IEEE PAMI 32(12), 2010): around a minutia, in its
own direction, a disc of cells times six sectors of direction difference; every cell holds how likely it is that a
neighbour of that direction lies there. Cells away from the finger say nothing and are masked.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from matching.fingerprint import parameters as p
from matching.minutiae import Minutiae

_TURN = 2 * np.pi


@dataclass(frozen=True, eq=False)
class Cylinders:
    """The descriptors of one template, n of its minutiae having one.

    index: which minutia each belongs to, (n,). direction: of those minutiae, radians, (n,).
    values: float32 (n, cells × sectors), 0 … 1, zero where not valid. energy: float32 (n, cells), their squares summed.
    valid: float32 (n, cells), 0 or 1.
    """

    index: NDArray[np.int64]
    direction: NDArray[np.float32]
    values: NDArray[np.float32]
    energy: NDArray[np.float32]
    valid: NDArray[np.float32]


def _disc() -> NDArray[np.float32]:
    """Centres of the cells inside the disc, px, (cells, 2)."""
    step = 2 * p.CYLINDER_RADIUS_PX / p.CYLINDER_CELLS
    line = (np.arange(p.CYLINDER_CELLS) - (p.CYLINDER_CELLS - 1) / 2) * step
    grid = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    return np.asarray(grid[np.hypot(grid[:, 0], grid[:, 1]) <= p.CYLINDER_RADIUS_PX], np.float32)


_CELLS = _disc()
_SECTORS = ((np.arange(p.CYLINDER_SECTORS) + 0.5) / p.CYLINDER_SECTORS - 0.5) * _TURN


def _direction_table() -> NDArray[np.float32]:
    """Share of a direction Gaussian that falls in each sector, for every stored direction difference."""
    width = _TURN / p.CYLINDER_SECTORS
    fine = (np.arange(64) + 0.5) / 64 * width - width / 2
    difference = np.arange(1024) * (_TURN / 1024)
    angle = _SECTORS[None, :, None] + fine[None, None, :] - difference[:, None, None]
    angle = (angle + np.pi) % _TURN - np.pi
    density = np.exp(-(angle**2) / (2 * p.SIGMA_DIRECTION**2)) / (p.SIGMA_DIRECTION * np.sqrt(_TURN))
    return np.asarray(density.mean(axis=2) * width, np.float32)


_DIRECTION = _direction_table()
_SIZE = len(_CELLS) * p.CYLINDER_SECTORS


def _empty(*shape: int) -> NDArray[np.float32]:
    return np.zeros(shape, np.float32)


_NONE = Cylinders(np.zeros(0, np.int64), _empty(0), _empty(0, _SIZE), _empty(0, len(_CELLS)), _empty(0, len(_CELLS)))


def build(minutiae: Minutiae) -> Cylinders:
    """The cylinders of `minutiae`; those with too little of the finger or too few neighbours have none."""
    n = len(minutiae)
    if n <= p.NEIGHBOURS_MIN:
        return _NONE
    at = np.stack([minutiae.x, minutiae.y], axis=1)
    centres = _centres(at, minutiae.direction)
    valid = _on_finger(at, centres)
    near = _near(at, centres)
    turn = minutiae.direction[:, None] - minutiae.direction[None, :]
    share = _DIRECTION[np.rint(turn * (1024 / _TURN)).astype(np.int64) % 1024]
    likely = near @ share
    values = (1 / (1 + np.exp(-p.SQUASH_STEEPNESS * (likely - p.SQUASH_CENTRE)))).astype(np.float32)
    values *= valid[:, :, None]
    neighbours = ((near * valid[:, :, None]).max(axis=1) > 0).sum(axis=1)
    keep = (valid.mean(axis=1) >= p.VALID_CELLS_MIN) & (neighbours >= p.NEIGHBOURS_MIN)
    index = np.flatnonzero(keep)
    kept = values[index]
    flat, energy = kept.reshape(len(index), _SIZE), np.square(kept).sum(axis=2)
    return Cylinders(index, minutiae.direction[index], flat, energy, valid[index])


def similarity(a: Cylinders, b: Cylinders) -> NDArray[np.float32]:
    """How alike each cylinder of `a` is to each of `b`: float32 (a, b), 0 … 1, 0 where they cannot be compared."""
    both = a.valid @ b.valid.T
    a_size, b_size = a.energy @ b.valid.T, a.valid @ b.energy.T
    gap = np.sqrt(np.maximum(a_size + b_size - 2 * (a.values @ b.values.T), 0))
    whole = np.sqrt(a_size) + np.sqrt(b_size)
    alike = 1 - gap / np.maximum(whole, 1e-6)
    turn = np.abs(a.direction[:, None] - b.direction[None, :])
    turned = np.minimum(turn, _TURN - turn) > p.ROTATION_MAX
    alike[turned | (both < p.COMMON_CELLS_MIN * len(_CELLS)) | (whole < 1e-3)] = 0
    return np.asarray(alike, np.float32)


def _centres(at: NDArray[np.float32], direction: NDArray[np.float32]) -> NDArray[np.float32]:
    """Where the cells of every minutia lie in the picture, (n, cells, 2); y points down, hence the signs."""
    cos, sin = np.cos(direction)[:, None], np.sin(direction)[:, None]
    x = at[:, :1] + cos * _CELLS[:, 0] + sin * _CELLS[:, 1]
    y = at[:, 1:] - sin * _CELLS[:, 0] + cos * _CELLS[:, 1]
    return np.stack([x, y], axis=-1).astype(np.float32)


def _near(at: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.float32]:
    """How near each neighbour is to each cell, (n, cells, n); a minutia is not its own neighbour."""
    gap = np.square(centres[:, :, None, 0] - at[:, 0]) + np.square(centres[:, :, None, 1] - at[:, 1])
    gap[np.arange(len(at)), :, np.arange(len(at))] = np.inf
    # Few are near enough to count, and the exponential is dear.
    close = gap <= (3 * p.SIGMA_DISTANCE_PX) ** 2
    near = np.zeros_like(gap)
    near[close] = np.exp(gap[close] / (-2 * p.SIGMA_DISTANCE_PX**2)) / (p.SIGMA_DISTANCE_PX * math.sqrt(_TURN))
    return np.asarray(near, np.float32)


def _on_finger(at: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.float32]:
    """1 for cells within the convex hull of the minutiae widened by a margin, else 0: (n, cells)."""
    hull = cv2.convexHull(at).reshape(-1, 2)
    edge = np.roll(hull, -1, axis=0) - hull
    points = centres.reshape(-1, 2)
    # Which side of every edge: one product, and settles most cells.
    side = points @ np.stack([-edge[:, 1], edge[:, 0]]) - (hull[:, 1] * edge[:, 0] - hull[:, 0] * edge[:, 1])
    within = (side >= 0).all(axis=1) | (side <= 0).all(axis=1)
    outside = np.flatnonzero(~within)
    away = points[outside, None, :] - hull
    share = np.clip((away * edge).sum(axis=-1) / np.maximum(np.square(edge).sum(axis=-1), 1e-6), 0, 1)
    gap = np.square(away - share[..., None] * edge).sum(axis=-1).min(axis=1)
    within[outside] = gap <= p.HULL_MARGIN_PX**2
    return np.asarray(within, np.float32).reshape(centres.shape[:2])
