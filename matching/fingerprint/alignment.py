"""Sixth stage: lay one finger over the other, and see what falls together.

The relaxed pairs say how to turn, shift and gently stretch finger a onto finger b; skin is soft, so what is left
over is bent away, the nearer a pair the more. Then every minutia, paired before or not, looks for its counterpart.

A point is a complex number x - iy, so that turning is multiplying and angles are as one sees them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.fingerprint import parameters as p
from matching.fingerprint.relaxation import Pairs
from matching.minutiae import CELL_PX, Minutiae

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Points:
    """Minutiae as complex numbers: at, heading (unit length), both (n,), and where the finger touched."""

    at: Complex
    heading: Complex
    contact: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Overlay:
    """What fell together: index in a, index in b, closeness 0 … 1 of place and direction, all (m,).

    shared_a, shared_b: how many minutiae of each lie where both fingers touched.
    """

    a: Indices
    b: Indices
    closeness: Floats
    shared_a: int
    shared_b: int


def points(minutiae: Minutiae) -> Points:
    """`minutiae` as complex numbers."""
    at = minutiae.x.astype(np.float64) - 1j * minutiae.y
    return Points(at, np.exp(1j * minutiae.direction.astype(np.float64)), minutiae.contact)


def overlay(a: Points, b: Points, pairs: Pairs, alike: NDArray[np.float32]) -> Overlay | None:
    """Lay `a` over `b` by `pairs`; `alike` (a, b) prefers look-alikes among the near. None when nothing holds."""
    stretch = _robust_stretch(a, b, pairs)
    if stretch is None:
        return None
    laid, heading = stretch.move(a.at), a.heading * stretch.turn
    gap = np.abs(laid[pairs.a] - b.at[pairs.b])
    anchors = (gap < p.ANCHOR_GAP_PX) & (_angle(heading[pairs.a], b.heading[pairs.b]) < p.ANCHOR_ANGLE)
    ia, ib, weight = pairs.a[anchors], pairs.b[anchors], pairs.support[anchors] / max(pairs.support.max(), 1e-9)
    turned = np.maximum(0, 1 - _angle(heading[:, None], b.heading[None, :]) / p.NEAR_ANGLE) * (p.LOOK_SHARE + alike)
    bent = laid
    for reach in p.NEAR_PX:
        if len(ia) < 2:
            return None
        bent = laid + _bend(laid, laid[ia], b.at[ib] - laid[ia], weight)
        ia, ib, weight = _mutual(bent, b.at, turned, reach, alike)
    if len(ia) < 2:
        return None
    shared_a, shared_b = _touched(b.contact, bent), _touched(a.contact, stretch.back(b.at))
    shared_a[ia] = shared_b[ib] = True
    return Overlay(ia, ib, weight, int(shared_a.sum()), int(shared_b.sum()))


@dataclass(frozen=True)
class _Stretch:
    """z -> alpha (z - from) + beta conj(z - from) + to: an affine map, rigid when beta is 0 and |alpha| is 1."""

    alpha: complex
    beta: complex
    source: complex
    target: complex

    @property
    def turn(self) -> complex:
        return self.alpha / max(abs(self.alpha), 1e-9)

    def move(self, z: Complex) -> Complex:
        away = z - self.source
        return self.alpha * away + self.beta * np.conj(away) + self.target

    def back(self, z: Complex) -> Complex:
        """Roughly back again: the rigid part only."""
        return np.asarray(np.conj(self.turn) * (z - self.target) + self.source, np.complex128)


def _robust_stretch(a: Points, b: Points, pairs: Pairs) -> _Stretch | None:
    """The map the pairs agree on, those that disagree losing their say round by round; stiff at first."""
    za, zb, ea, eb = a.at[pairs.a], b.at[pairs.b], a.heading[pairs.a], b.heading[pairs.b]
    trust = pairs.support * pairs.after
    weight = trust
    stretch = None
    for stiffness in p.STIFFNESS:
        if weight.sum() < 1e-9:
            return None
        stretch = _stretch(za, zb, ea, eb, weight / weight.sum(), stiffness)
        gap = np.abs(stretch.move(za) - zb) / p.OUTLIER_PX
        turned = np.maximum(0, 1 - _angle(ea * stretch.turn, eb) / p.OUTLIER_ANGLE)
        weight = trust * turned / (1 + gap**2) ** 2
    return stretch


def _stretch(za: Complex, zb: Complex, ea: Complex, eb: Complex, weight: Floats, stiffness: float) -> _Stretch:
    """Weighted least squares for alpha and beta, drawn towards a pure rotation. `weight` sums to 1."""
    source, target = complex(weight @ za), complex(weight @ zb)
    x, y = za - source, zb - target
    reach = p.STIFF_REACH_PX**2
    turn = complex(weight @ (np.conj(x) * y) + reach * (weight @ (np.conj(ea) * eb)))
    turn /= max(abs(turn), 1e-9)
    spread, cross = float(weight @ np.abs(x) ** 2), complex(weight @ np.conj(x) ** 2)
    left = np.array([[spread + p.STIFF_SCALE * reach, cross], [np.conj(cross), spread + stiffness * reach]])
    right = np.array([weight @ (np.conj(x) * y) + p.STIFF_SCALE * reach * turn, weight @ (x * y)])
    alpha, beta = np.linalg.solve(left, right)
    return _Stretch(complex(alpha), complex(beta), source, target)


def _bend(at: Complex, anchors: Complex, pull: Complex, weight: Floats) -> Complex:
    """How far each point is drawn by the anchors near it."""
    near = np.exp(-(np.abs(at[:, None] - anchors[None, :]) ** 2) / (2 * p.BEND_PX**2)) * weight
    return np.asarray((near @ pull) / (near.sum(axis=1) + p.BEND_STIFFNESS), np.complex128)


def _mutual(
    at: Complex, other: Complex, turned: Floats, reach_px: float, alike: NDArray[np.float32]
) -> tuple[Indices, Indices, Floats]:
    """Pairs that are each other's best within reach, and their closeness."""
    value = np.maximum(0, 1 - np.abs(at[:, None] - other[None, :]) / reach_px) * turned
    best_b, best_a = value.argmax(axis=1), value.argmax(axis=0)
    ia = np.flatnonzero((value.max(axis=1) > 0) & (best_a[best_b] == np.arange(len(at))))
    ib = best_b[ia]
    return ia, ib, value[ia, ib] / (p.LOOK_SHARE + alike[ia, ib])


def _touched(contact: NDArray[np.bool_], at: Complex) -> NDArray[np.bool_]:
    """Whether each point lies on a cell where the finger touched."""
    row, column = np.floor(-at.imag / CELL_PX).astype(np.int64), np.floor(at.real / CELL_PX).astype(np.int64)
    rows, columns = contact.shape
    inside = (row >= 0) & (column >= 0) & (row < rows) & (column < columns)
    return np.asarray(inside & contact[row.clip(0, rows - 1), column.clip(0, columns - 1)], np.bool_)


def _angle(a: Complex, b: Complex) -> Floats:
    """The angle between unit vectors, 0 … π."""
    return np.asarray(np.abs(np.angle(a * np.conj(b))), np.float64)
