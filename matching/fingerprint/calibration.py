"""What evidence between two fingers means: how many strangers in a thousand are that alike. Pure.

FMR is counted per person compared with: the best of three enrolled views against one view as probe. A single view
enrolled is tried once instead of three times, so its rate is lower at the same score. The rates and where they come
from are in `matching.fingerprint.fmr_table`, which `python -m matching.calibrate` makes.
"""

import itertools
import math
from typing import Final

from matching.errors import CalibrationError
from matching.fingerprint.fmr_table import TABLE

FEW: Final = 1e-4  # the default where a handful of people share the typed digits
_HALF_AT: Final = dict(TABLE)[FEW]


def score(evidence: float) -> float:
    """Evidence, 0 … ∞, as the score of the room, 0 … 1: 0.5 where the FMR is 0.01 %."""
    return evidence / (evidence + _HALF_AT)


def evidence_at_fmr(fmr: float) -> float:
    """The evidence from which at most that share of strangers passes, interpolated on logarithmic scales.

    Raises CalibrationError outside 0.0001 … 10 %.
    """
    if not TABLE[-1][0] <= fmr <= TABLE[0][0]:
        raise CalibrationError(f"an FMR of {fmr} for fingers: {TABLE[-1][0]} to {TABLE[0][0]} is known")
    for (easy, low), (strict, high) in itertools.pairwise(TABLE):
        if fmr >= strict:
            share = math.log(easy / fmr) / math.log(easy / strict)
            return math.exp((1 - share) * math.log(low) + share * math.log(high))
    return TABLE[-1][1]


def score_at_fmr(fmr: float) -> float:
    """The threshold for `matching.identify` that lets at most that share of strangers pass. Raises as above."""
    return score(evidence_at_fmr(fmr))
