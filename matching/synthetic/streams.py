"""Where all chance comes from: PCG64 streams of numpy, which give the same numbers on every machine."""

from enum import IntEnum

import numpy as np

from matching.synthetic.errors import SyntheticError

MAX_SEED = 2**63 - 1


class Purpose(IntEnum):
    """What the numbers are for; the same seed for two purposes gives unrelated streams."""

    FINGER = 1
    TOUCH = 2
    GLASS = 3
    FOLDER = 4


def stream(purpose: Purpose, *seeds: int) -> np.random.Generator:
    """The numbers of these seeds, each 0 … 2^63 - 1. Raises SyntheticError for another."""
    for seed in seeds:
        if type(seed) is not int or not 0 <= seed <= MAX_SEED:
            raise SyntheticError(f"a seed is a whole number from 0 to 2^63 - 1, not {seed!r}")
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([purpose.value, *seeds])))
