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
from matching.rates import Scores

Compared = Callable[[Prepared, Prepared], float]
Looks = Callable[[int], Sequence[Prepared]]
"""The further looks at the view of that place."""


@dataclass(frozen=True)
class Near:
    """What is a near miss: from `clear_miss` on, and below `settled`, beyond which no threshold lies."""

    clear_miss: float
    settled: float = math.inf

    def __contains__(self, score: float) -> bool:
        return self.clear_miss <= score < self.settled


@dataclass(frozen=True, eq=False)
class Seen:
    """Comparisons among n views. first: (n, n), the same both ways. again[i, j]: the best of the further looks at
    view i with view j enrolled, where either can be needed, else 0.
    """

    first: Scores
    again: Scores
    near: Near

    def score(self, probe: int, enrolled: Sequence[int]) -> float:
        """The best of one view against those enrolled of one finger, looked at again if that is a near miss."""
        best = float(self.first[probe, enrolled].max())
        return max(best, float(self.again[probe, enrolled].max())) if best in self.near else best

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
    told: Callable[[int, int], None] = lambda _done, _of: None,
) -> Seen:
    """Compare the further looks at each view with the fingers (`groups` of places) it may have missed nearly.

    `looks` is asked once for each view that needs them, and what it gives is not kept.
    """
    again = np.zeros_like(first)
    for probe in range(len(ready)):
        maybe = [group for group in groups if maybe_near(first[probe, group], near)]
        further = looks(probe) if maybe else ()
        for place in (place for group in maybe for place in group if place != probe):
            again[probe, place] = max((compared(look, ready[place]) for look in further), default=0.0)
        told(probe + 1, len(ready))
    return Seen(first, again, near)


def maybe_near(scores: NDArray[np.float64], near: Near) -> bool:
    """Whether a trial with some of these enrolled can be a near miss."""
    return any(float(score) in near for score in scores)
