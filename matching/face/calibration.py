"""What a cosine between two faces means: how many strangers in a thousand are that alike. Pure.

FMR is counted per person compared with (three enrolled views fused, one view as probe). Provenance of the table:

* 10 to 0.01 %: measured on 126,400 comparisons of 80 public figures (Labeled Faces in the Wild, five pictures a
  person, all choices of three), with this pipeline. Between two halves of these people the rate at one threshold
  differs: at 0.01 % typically by a factor of one and a half, one time in twenty by ten.
* 0.001 %: from 1:500 on the whole of that collection, FPIR 0.3 % at 0.54 without mirror images, which is 0.0006 %.
* 0.0001 %: extrapolated with the slope between these figures, 0.08 a decade. Nobody has measured it.

Relatives in one office are more alike than celebrities; no table of strangers covers them.
"""

import itertools
import math
from typing import Final

from matching.errors import CalibrationError

TABLE: Final = ((1e-1, 0.13), (1e-2, 0.26), (1e-3, 0.38), (1e-4, 0.45), (1e-5, 0.53), (1e-6, 0.61))
"""FMR and the cosine from which it holds, strictest last."""

FEW: Final = 1e-4  # the default where a handful of people share the typed digits
_HALF_AT: Final = dict(TABLE)[FEW]


def score(cosine: float) -> float:
    """A cosine, −1 … 1, as the score of the room, 0 … 1: 0.5 where the FMR is 0.01 %, straight to either side."""
    if cosine <= _HALF_AT:
        return max(0.0, 0.5 * cosine / _HALF_AT)
    return min(1.0, 0.5 + 0.5 * (cosine - _HALF_AT) / (1 - _HALF_AT))


def cosine_at_fmr(fmr: float) -> float:
    """The cosine from which at most that share of strangers passes, interpolated in the logarithm of the rate.

    Raises CalibrationError outside 0.0001 … 10 %.
    """
    if not TABLE[-1][0] <= fmr <= TABLE[0][0]:
        raise CalibrationError(f"an FMR of {fmr} for faces: {TABLE[-1][0]} to {TABLE[0][0]} is known")
    for (easy, low), (strict, high) in itertools.pairwise(TABLE):
        if fmr >= strict:
            share = (math.log(easy) - math.log(fmr)) / (math.log(easy) - math.log(strict))
            return low + share * (high - low)
    return TABLE[-1][1]


def score_at_fmr(fmr: float) -> float:
    """The threshold for `matching.identify` that lets at most that share of strangers pass. Raises as above."""
    return score(cosine_at_fmr(fmr))


def threshold_few(fmr: float = FEW) -> float:
    """The threshold where the digits leave a few candidates: the FMR of each comparison."""
    return score_at_fmr(fmr)


def threshold_many(people: int, fpir: float = 1e-2) -> float:
    """The threshold where all `people` of an office are candidates and `fpir` of strangers may be taken for one.

    Raises CalibrationError when that needs an FMR for which nothing is known: then let people type their digits.
    """
    if people < 1 or not 0 < fpir < 1:
        raise CalibrationError(f"FPIR {fpir} among {people} people: a share between 0 and 1 and at least one person")
    return score_at_fmr(min(TABLE[0][0], -math.expm1(math.log1p(-fpir) / people)))
