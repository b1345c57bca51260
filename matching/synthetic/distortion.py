"""How skin stretches against glass.

Cappelli, Maio and Maltoni, "Modelling plastic distortion in fingerprint images", ICAPR 2001: the middle of the
contact sticks to the glass, the rim follows the bone, which turns and slides a little, and the skin in between
gives way smoothly.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]


@dataclass(frozen=True)
class Distortion:
    """One touch's deformation. Pixels and degrees, in the frame of the picture, y down."""

    centre: tuple[float, float]  # of the region that sticks
    half_axes_px: tuple[float, float]
    elasticity: float  # width of the giving region, in half axes
    turn_deg: float  # of the bone, about the centre
    pull_px: tuple[float, float]  # of the bone


def displaced(distortion: Distortion, x: Field, y: Field) -> tuple[Field, Field]:
    """Where the points (x, y), float32 of one shape, come to lie: v + Δ(v) · brake(distance from the stuck region)."""
    from_x, from_y = x - np.float32(distortion.centre[0]), y - np.float32(distortion.centre[1])
    across, along = map(np.float32, distortion.half_axes_px)
    distance = np.hypot(from_x / across, from_y / along) - 1
    brake = _brake(np.maximum(distance, 0) / np.float32(distortion.elasticity))
    turn = math.radians(distortion.turn_deg)
    cos, sin = np.float32(math.cos(turn)), np.float32(math.sin(turn))
    shift_x = cos * from_x - sin * from_y + np.float32(distortion.pull_px[0]) - from_x
    shift_y = sin * from_x + cos * from_y + np.float32(distortion.pull_px[1]) - from_y
    return np.asarray(x + shift_x * brake, np.float32), np.asarray(y + shift_y * brake, np.float32)


def _brake(share: Field) -> Field:
    return np.asarray((1 - np.cos(np.pi * np.minimum(share, 1))) / 2, dtype=np.float32)
