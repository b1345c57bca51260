"""Trials as a terminal decides them: a near miss is looked at again before it counts (`matching.decide`).

For the benchmarks and the calibration, which need every score and not only the decisions. Which of two views is the
probe makes a difference here, so every pair is tried both ways.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.fingerprint.compare import Prepared
from matching.fingerprint.parameters import LOOKS
from matching.rates import Scores

Compared = Callable[[Prepared, Prepared], float]
Looks = Callable[[int], Sequence[Prepared]]
"""All further looks at the view of that place."""
Together = Callable[[Sequence[float]], float]


@dataclass(frozen=True)
class Near:
    """What is a near miss of a first look: from `clear_miss` on, and below `settled`."""

    clear_miss: float
    settled: float = math.inf

    def __contains__(self, score: float) -> bool:
        return self.clear_miss <= score < self.settled


@dataclass(frozen=True, eq=False)
class Seen:
    """Comparisons among n views. first: (n, n), the same both ways. again[look, i, j]: each further look at view i
    with view j enrolled, where it can be needed, else 0. together: what several looks are worth.
    """

    first: Scores
    again: Scores
    near: Near
    together: Together

    def score(self, probe: int, enrolled: Sequence[int]) -> float:
        """The best of one view against those enrolled of one finger, looked at again if that is a near miss."""
        best = float(self.first[probe, enrolled].max())
        if best not in self.near or not len(self.again):
            return best
        return self.together([best, *self.again[:, probe, enrolled].max(axis=1).tolist()])

    def needed(self, probe: int, enrolled: Sequence[int]) -> bool:
        """Whether that trial took a second look."""
        return float(self.first[probe, enrolled].max()) in self.near


def look_again(
    first: Scores,
    ready: Sequence[Prepared],
    groups: Sequence[Sequence[int]],
    near: Near,
    looks: Looks,
    compared: Compared,
    together: Together,
    told: Callable[[int, int], None] = lambda _done, _of: None,
) -> Seen:
    """Compare the further looks at each view with the fingers (`groups` of places) it may have missed nearly.

    `looks` is asked once for each view that needs them, and what it gives is not kept.
    """
    again = np.zeros((LOOKS - 1, *first.shape))
    for probe in range(len(ready)):
        maybe = [group for group in groups if maybe_near(first[probe, group], near)]
        further = looks(probe) if maybe else ()
        for place in (place for group in maybe for place in group if place != probe):
            again[:, probe, place] = [compared(look, ready[place]) for look in further]
        told(probe + 1, len(ready))
    return Seen(first, again, near, together)


def maybe_near(scores: NDArray[np.float64], near: Near) -> bool:
    """Whether a trial with some of these enrolled can be a near miss."""
    return any(float(score) in near for score in scores)
