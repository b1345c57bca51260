"""Error rates of a verification test from its scores. Pure.

Higher scores are surer. At a threshold t a trial is accepted when its score is at least t.
"""

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]


def curve(genuine: Scores, impostor: Scores) -> tuple[Scores, Scores, Scores]:
    """Thresholds, FMR and FNMR at each: every score that occurred, and one above them all."""
    thresholds = np.append(np.unique(np.concatenate([genuine, impostor])), np.inf)
    fnmr = np.searchsorted(np.sort(genuine), thresholds, side="left") / len(genuine)
    fmr = 1 - np.searchsorted(np.sort(impostor), thresholds, side="left") / len(impostor)
    return thresholds, fmr, fnmr


def eer(genuine: Scores, impostor: Scores) -> float:
    """The equal error rate, 0 … 1, where the curve through the measured points crosses FMR = FNMR."""
    _, fmr, fnmr = curve(genuine, impostor)
    lead = fnmr - fmr
    after = int(np.argmax(lead >= 0))
    if after == 0 or lead[after] == 0:
        return float((fnmr[after] + fmr[after]) / 2)
    share = -lead[after - 1] / (lead[after] - lead[after - 1])
    return float(fnmr[after - 1] + share * (fnmr[after] - fnmr[after - 1]))


def fnmr_at(genuine: Scores, impostor: Scores, fmr_limit: float) -> float:
    """The lowest FNMR, 0 … 1, of any threshold whose FMR is at most `fmr_limit`."""
    _, fmr, fnmr = curve(genuine, impostor)
    return float(fnmr[np.argmax(fmr <= fmr_limit + 1e-12)])
