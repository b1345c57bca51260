"""One finger that nobody has: drawn from a seed, the same on every machine."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.synthetic import frequency, orientation, ridges, skin
from matching.synthetic.parameters import Pattern
from matching.synthetic.streams import Purpose, stream

Field = NDArray[np.float32]


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
    rng = stream(Purpose.FINGER, seed)
    pattern = orientation.draw_pattern(rng)
    flow = orientation.draw_flow(rng, pattern)
    directions = orientation.field(rng, flow)
    period_px = frequency.period_map(rng, flow)
    crests = skin.roughened(rng, ridges.grow(rng, directions, period_px))
    return MasterFinger(seed, pattern, crests, directions, period_px, skin.relief(rng, crests))
