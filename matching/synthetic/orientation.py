"""Which way the ridges run.

The zero-pole model of Sherlock and Monro, "A model for interpreting fingerprint topology", Pattern Recognition
26(7), 1993: a core turns the field by half the angle at which it is seen, a delta turns it back. By itself it is
too straight; Vizcaya and Gerhardt, "A nonlinear orientation model for global description of fingerprints", Pattern
Recognition 29(7), 1996, bend each angle by a function of itself. Theirs is piecewise linear, ours the first terms
of its Fourier series, which has no corners. The plain arch is the sine of Cappelli, "Synthetic fingerprint
generation", in Maltoni, Maio, Jain, Prabhakar, Handbook of Fingerprint Recognition, 2nd ed. 2009, chapter 6; a
weaker one lies under the other patterns and rounds the tip.

Coordinates are pixels from the middle of the master, x to the right, y up; orientations are radians anticlockwise.
"""

from dataclasses import dataclass
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from matching.synthetic import noise
from matching.synthetic.parameters import MASTER_HEIGHT_PX, MASTER_WIDTH_PX, PROPORTIONS, Pattern

Field = NDArray[np.float32]
Point = tuple[float, float]

WANDER = ((120.0, 0.12), (60.0, 0.06))  # pixels, radians


@dataclass(frozen=True)
class Flow:
    """The skeleton of one pattern: its singular points, how sharply each bends, and the arch beneath."""

    cores: tuple[tuple[Point, float], ...]  # where, and the bend
    deltas: tuple[tuple[Point, float], ...]
    arch: float  # slope of the arch beneath, at its steepest
    arch_top_px: float  # below this height the arch fades


def draw_pattern(rng: np.random.Generator) -> Pattern:
    """One of the patterns, as often as it occurs among people."""
    patterns = list(PROPORTIONS)
    return patterns[int(rng.choice(len(patterns), p=list(PROPORTIONS.values())))]


def draw_flow(rng: np.random.Generator, pattern: Pattern) -> Flow:
    """A finger of this pattern: singular points where nature puts them, within its spread."""
    x, y = float(rng.normal(0, 8)), float(rng.normal(28, 12))
    drop = float(rng.uniform(65, 130))
    cores: tuple[tuple[Point, float], ...]
    match pattern:
        case Pattern.ARCH:
            return Flow((), (), float(rng.uniform(0.8, 1.3)), float(rng.uniform(-40, 20)))
        case Pattern.TENTED_ARCH:
            tent = float(rng.uniform(45, 85))
            core, delta = (x, y - 10), (x + float(rng.normal(0, 5)), y - 10 - tent)
            return Flow(((core, 0.15),), ((delta, 0.1),), float(rng.uniform(0.45, 0.7)), 10.0)
        case Pattern.LEFT_LOOP | Pattern.RIGHT_LOOP:
            side = 1 if pattern is Pattern.LEFT_LOOP else -1
            delta = (x + side * float(rng.uniform(75, 130)), y - drop)
            return Flow((((x, y), float(rng.uniform(0.6, 0.9))),), ((delta, 0.1),), float(rng.uniform(0.3, 0.5)), y)
        case Pattern.WHORL:
            half, lean = float(rng.uniform(6, 34)), float(rng.normal(0, 9))
            bend = float(rng.uniform(0.2, 0.8))
            cores = (((x + lean, y + half), bend), ((x - lean, y - half), -bend))
        case Pattern.TWIN_LOOP:
            half, lean = float(rng.uniform(26, 38)), float(rng.choice([-1, 1])) * float(rng.uniform(16, 30))
            cores = (((x + lean, y + half), 0.6), ((x - lean, y - half), -0.6))
        case _:
            assert_never(pattern)
    left = (x - float(rng.uniform(75, 140)), y - drop)
    right = (x + float(rng.uniform(75, 140)), y - drop + float(rng.normal(0, 22)))
    return Flow(cores, ((left, 0.15), (right, 0.15)), float(rng.uniform(0.35, 0.55)), y)


def field(rng: np.random.Generator, flow: Flow) -> Field:
    """The orientation at every pixel of the master: float32 (H, W), radians in [0, π)."""
    x, y = grid()
    angle = _arch(flow, x, y)
    for (core_x, core_y), bend in flow.cores:
        angle += _bent(np.arctan2(y - core_y, x - core_x), bend) / 2
    for (delta_x, delta_y), bend in flow.deltas:
        angle -= _bent(np.arctan2(y - delta_y, x - delta_x), bend) / 2
    # What no model says: every finger flows a little differently, over centimetres and over millimetres.
    for scale_px, swing in WANDER:
        angle += swing * noise.smooth(rng, MASTER_HEIGHT_PX, MASTER_WIDTH_PX, scale_px)
    return np.asarray(np.mod(angle, np.pi), dtype=np.float32)


def grid() -> tuple[Field, Field]:
    """x and y of every pixel of the master, each float32 and broadcastable to (H, W)."""
    x = np.arange(MASTER_WIDTH_PX)[None, :] - (MASTER_WIDTH_PX - 1) / 2
    y = (MASTER_HEIGHT_PX - 1) / 2 - np.arange(MASTER_HEIGHT_PX)[:, None]
    return x.astype(np.float32), y.astype(np.float32)


def _bent(angle: Field, bend: float) -> Field:
    # g(φ) = φ - b cos φ: faster above the point (towards circles), slower below it (towards straight lines).
    return np.asarray(angle - np.float32(bend) * np.cos(angle), dtype=np.float32)


def _arch(flow: Flow, x: Field, y: Field) -> Field:
    rise = 1 / (1 + np.exp(-(y - flow.arch_top_px) / 35))
    slope = -flow.arch * rise * np.sin(np.clip(x / 190, -1, 1) * (np.pi / 2))
    return np.asarray(np.arctan(slope), dtype=np.float32)
