"""What evidence between two fingers means: how many strangers in a thousand are that alike. Pure.

A score means the same rate whichever way it came about: from one look at a picture, or, for a near miss, from all the
looks of `fingerprint.looks` together. These are worth the root of their mean square: chance that helps one look does
not help all of them, and a look that shows more counts for more.

FMR is counted per person compared with: the best of three enrolled views against one view as probe. A single view
enrolled is tried once instead of three times, so its rate is lower at the same score. The rates and where they come
from are in `matching.fingerprint.fmr_table`, which `python -m matching.calibrate` makes.
"""

import itertools
import math
from collections.abc import Sequence
from typing import Final

from matching.errors import CalibrationError
from matching.fingerprint.fmr_table import LOOKS_TABLE, TABLE
from matching.fingerprint.parameters import CLEAR_MISS_FMR

FEW: Final = 1e-4  # the default where a handful of people share the typed digits
_HALF_AT: Final = dict(TABLE)[FEW]


def score(evidence: float) -> float:
    """Evidence, 0 … ∞, as the score of the room, 0 … 1: 0.5 where the FMR is 0.01 %."""
    return evidence / (evidence + _HALF_AT)


def near_miss(first: float) -> bool:
    """Whether the score of a first look leaves it open whose finger it is: one stranger in ten reaches it, and it is
    no match at the strictest rate that is known.
    """
    return score_at_fmr(CLEAR_MISS_FMR) <= first < score_at_fmr(TABLE[-1][0])


def score_of_looks(scores: Sequence[float]) -> float:
    """The score of all looks at one picture, from the scores of each with the same person enrolled."""
    return score(_as_of_one(together([_HALF_AT * one / (1 - one) for one in scores])))


def together(evidence: Sequence[float]) -> float:
    """The evidence of several looks as one."""
    return math.sqrt(math.fsum(one * one for one in evidence) / len(evidence))


def _as_of_one(looks: float) -> float:
    """The evidence of one look that as many strangers reach as reach that of all `looks`."""
    if looks <= LOOKS_TABLE[0][1]:
        return looks * TABLE[0][1] / LOOKS_TABLE[0][1]
    steps = list(itertools.pairwise(zip((at for _, at in LOOKS_TABLE), (at for _, at in TABLE), strict=True)))
    # Beyond the last row as between the last two.
    (low, one_low), (high, one_high) = next((step for step in steps if looks < step[1][0]), steps[-1])
    share = math.log(looks / low) / math.log(high / low)
    return math.exp((1 - share) * math.log(one_low) + share * math.log(one_high))


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
