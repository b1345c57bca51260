"""Fifth stage: from look-alikes to pairs that agree with one another (LSA-R of the Cylinder-Code paper).

Two pairs agree when distance, direction difference and bearing between their minutiae are the same in both
fingers. A pair's weight flows to the pairs it agrees with, a few rounds long: true pairs hold each other up.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.fingerprint import parameters as p
from matching.minutiae import Minutiae

_TURN = 2 * np.pi


@dataclass(frozen=True, eq=False)
class Pairs:
    """Paired minutiae, most supported first; all (n,).

    a, b: index of the minutia in either finger. after: the weight after relaxation. support: how much of the
    others' weight agrees with the pair.
    """

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    after: NDArray[np.float32]
    support: NDArray[np.float32]


def assign(alike: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The best pairs of rows and columns, each used once, greedily by similarity; those above 0."""
    rest = alike.copy()
    rows, columns = [], []
    for _ in range(min(alike.shape)):
        row, column = divmod(int(rest.argmax()), alike.shape[1])
        if rest[row, column] <= 0:
            break
        rows.append(row)
        columns.append(column)
        rest[row, :] = -1
        rest[:, column] = -1
    return np.array(rows, np.int64), np.array(columns, np.int64)


def relax(a: Minutiae, b: Minutiae, ia: NDArray[np.int64], ib: NDArray[np.int64], weight: NDArray[np.float32]) -> Pairs:
    """The pairs (ia, ib) with similarity `weight`, after relaxation, most supported first."""
    n = len(ia)
    if n < 2:
        return Pairs(ia, ib, np.zeros(n, np.float32), np.zeros(n, np.float32))
    agree = _agreement(a, b, ia, ib)
    # Three or four pairs that agree by chance would hold each other up as well as twelve true ones.
    others = max(n, p.RELAX_LEAST) - 1
    after = weight
    for _ in range(p.RELAX_ROUNDS):
        after = p.RELAX_KEEP * after + (1 - p.RELAX_KEEP) / others * (agree @ after)
    best = np.argsort(-after / np.maximum(weight, 1e-6), kind="stable")
    return Pairs(ia[best], ib[best], after[best], (agree @ after)[best])


def pairs_wanted(a: int, b: int) -> int:
    """How many pairs decide, when the fingers have `a` and `b` cylinders: 4 … 12."""
    share = 1 / (1 + np.exp(-p.PAIRS_STEEPNESS * (min(a, b) - p.PAIRS_CENTRE)))
    return p.PAIRS_LEAST + round(float(share) * (p.PAIRS_MOST - p.PAIRS_LEAST))


def _agreement(a: Minutiae, b: Minutiae, ia: NDArray[np.int64], ib: NDArray[np.int64]) -> NDArray[np.float32]:
    distance_a, turn_a, bearing_a = _geometry(a, ia)
    distance_b, turn_b, bearing_b = _geometry(b, ib)
    agree = (
        _sigmoid(np.abs(distance_a - distance_b), p.RELAX_DISTANCE)
        * _sigmoid(_angle(turn_a - turn_b), p.RELAX_DIRECTION)
        * _sigmoid(_angle(bearing_a - bearing_b), p.RELAX_BEARING)
    )
    np.fill_diagonal(agree, 0)
    return np.asarray(agree, np.float32)


def _geometry(m: Minutiae, index: NDArray[np.int64]) -> tuple[NDArray[np.float32], ...]:
    x, y, direction = m.x[index], m.y[index], m.direction[index]
    dx, dy = x[:, None] - x[None, :], y[:, None] - y[None, :]
    bearing = direction[:, None] - np.arctan2(dy, -dx)
    return np.hypot(dx, dy), direction[:, None] - direction[None, :], bearing


def _angle(difference: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.abs((difference + np.pi) % _TURN - np.pi), np.float32)


def _sigmoid(value: NDArray[np.float32], shape: tuple[float, float]) -> NDArray[np.float32]:
    centre, steepness = shape
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * steepness * (value - centre)), np.float32)
