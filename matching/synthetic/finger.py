"""One finger that nobody has: drawn from a seed, the same on every machine."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.synthetic import frequency, orientation, ridges, skin
from matching.synthetic.errors import SyntheticError
from matching.synthetic.parameters import Pattern

Field = NDArray[np.float32]

_MAX_SEED = 2**63 - 1
_FINGER, _TOUCH = 0x46494E47, 0x544F5543  # "FING", "TOUC": a finger and its touches never share a stream


@dataclass(frozen=True, eq=False)
class MasterFinger:
    """The skin of a finger, before anybody lays it down. All fields float32 (480, 384), 500 dpi.

    ridges: -1 the bed of a valley … 1 the crest of a ridge. orientation: radians in [0, π), anticlockwise.
    period_px: ridge distance. relief: what the skin takes away from the print, 0 nothing … 1 all (pores, creases).
    """

    seed: int
    pattern: Pattern
    ridges: Field
    orientation: Field
    period_px: Field
    relief: Field


def finger(seed: int) -> MasterFinger:
    """The finger of this seed, 0 … 2^63 - 1. About a third of a second. Raises SyntheticError for another seed."""
    rng = stream(seed)
    pattern = orientation.draw_pattern(rng)
    flow = orientation.draw_flow(rng, pattern)
    directions = orientation.field(rng, flow)
    period_px = frequency.period_map(rng, flow)
    crests = ridges.grow(rng, directions, period_px)
    return MasterFinger(seed, pattern, crests, directions, period_px, skin.relief(rng, crests))


def stream(seed: int, touch: int | None = None) -> np.random.Generator:
    """The random numbers of a finger, or of one touch of it. Raises SyntheticError for a seed out of range."""
    for value in (seed, 0 if touch is None else touch):
        if type(value) is not int or not 0 <= value <= _MAX_SEED:
            raise SyntheticError(f"a seed is a whole number from 0 to 2^63 - 1, not {value!r}")
    entropy = [_FINGER, seed] if touch is None else [_TOUCH, seed, touch]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy)))
