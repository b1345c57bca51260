"""Which impressions of a finger are kept, and which finger serves best. Pure.

Impressions are kept when each matches each other: one odd one, even the first, does not spoil the rest. Of all sets
that agree the best is kept: clear, large impressions that are sure of each other.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from edge.session.policy import View
from matching import Prepared, Template, score

KEPT, LEAST = 3, 2
_FULL_MINUTIAE, _FULL_AREA_MM2 = 40, 150.0  # an impression with so much is as good as can be


@dataclass(frozen=True, eq=False)
class Impression:
    """One picture of a finger, ready to be compared, and how good it is (0 to 1)."""

    template: Template
    ready: Prepared
    quality: float


@dataclass(frozen=True, eq=False)
class Chosen:
    """The impressions to keep, the best first. `consistency`: the lowest score between two; 0 for one alone."""

    impressions: tuple[Impression, ...]
    consistency: float

    @property
    def quality(self) -> float:
        """The mean of those kept, 0 to 1."""
        return sum(one.quality for one in self.impressions) / max(1, len(self.impressions))

    @property
    def worth(self) -> float:
        """By how much this finger is to be preferred: sure of itself and clear, 0 to 1."""
        return self.consistency * self.quality


def impression(template: Template, ready: Prepared, view: View) -> Impression:
    """How clear the ridges are, and how much of the finger is there to be compared."""
    found = template.minutiae
    clarity = float(found.quality.mean()) if len(found) else 0.0
    enough = min(1.0, view.minutiae / _FULL_MINUTIAE) * min(1.0, view.area_mm2 / _FULL_AREA_MM2)
    return Impression(template, ready, clarity * enough)


class Impressions:
    """Those taken so far of one finger; each pair is compared once."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._taken: list[Impression] = []
        self._scores: dict[tuple[int, int], float] = {}

    def __len__(self) -> int:
        return len(self._taken)

    def add(self, new: Impression) -> bool:
        """Take it in; False for the very same picture as one before, which tells nothing new."""
        if any(new.template == other.template for other in self._taken):
            return False
        scores = [score(new.ready, other.ready) for other in self._taken]
        for place, one in enumerate(scores):
            self._scores[place, len(self._taken)] = one
        self._taken.append(new)
        return True

    def agreed(self) -> Chosen:
        """The best set that agrees, as large as there is one; the clearest impression alone when no two agree."""
        for size in range(min(KEPT, len(self._taken)), 1, -1):
            sets = [self._chosen(places) for places in itertools.combinations(range(len(self._taken)), size)]
            agreeing = [one for one in sets if one.consistency >= self._threshold]
            if agreeing:
                return max(agreeing, key=lambda one: one.worth)
        clearest = sorted(self._taken, key=lambda one: -one.quality)[:1]
        return Chosen(tuple(clearest), 0.0)

    def _chosen(self, places: Sequence[int]) -> Chosen:
        consistency = min(self._scores[pair] for pair in itertools.combinations(places, 2))
        by_quality = sorted((self._taken[place] for place in places), key=lambda one: -one.quality)
        return Chosen(tuple(by_quality), consistency)
