"""The benchmarks' trials come out as a terminal decides them, looks and all."""

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from matching import Candidate, Template, decide
from matching.bench import trials_of
from matching.fingerprint.calibration import score_at_fmr, score_of_looks
from matching.fingerprint.compare import Prepared, compare, prepare
from matching.fingerprint.fmr_table import TABLE
from matching.fingerprint.parameters import CLEAR_MISS_FMR, LOOKS
from matching.minutiae import Minutiae
from matching.second_look import Near, look_again

Turn = Callable[..., Minutiae]
GROUPS = [[0, 1, 2, 3], [4, 5, 6, 7]]
NEAR = Near(score_at_fmr(CLEAR_MISS_FMR), score_at_fmr(TABLE[-1][0]))


@pytest.fixture
def fingers(
    make: Callable[..., Minutiae], turn: Turn, template: Callable[[Minutiae], Template]
) -> list[list[Prepared]]:
    """Two fingers, four touches each so badly shaken that many are near misses; each seen in all ways."""
    return [
        [prepare(template(turn(make(finger), 8 * touch, jitter=6, seed=10 * touch + way))) for way in range(LOOKS)]
        for finger, touch in itertools.product(range(2), range(4))
    ]


def test_every_trial_scores_as_it_is_decided(fingers: list[list[Prepared]]) -> None:
    ready = [ways[0] for ways in fingers]
    asked: list[int] = []

    def looks(place: int) -> Sequence[Prepared]:
        asked.append(place)
        return fingers[place][1:]

    first = np.array([[compare(a, b) if a is not b else 0.0 for b in ready] for a in ready])
    seen = look_again(first, ready, GROUPS, NEAR, looks, compare, score_of_looks)
    needed = changed = 0
    for probe, enrolled in itertools.chain.from_iterable(trials_of(GROUPS, "full").values()):
        own = Candidate(b"", [ready[place] for place in enrolled])
        decision = decide(ready[probe], [own], threshold=2, looks=fingers[probe][1:])  # nothing is settled early
        assert seen.score(probe, enrolled) == pytest.approx(decision.score)
        again = seen.needed(probe, enrolled)
        needed += again
        changed += decision.score != first[probe, enrolled].max()
        assert again or decision.score == first[probe, enrolled].max()
    assert 0 < changed <= needed
    assert len(asked) == len(set(asked))


def test_nothing_is_looked_at_without_a_near_miss(fingers: list[list[Prepared]]) -> None:
    ready = [ways[0] for ways in fingers]
    first = np.full((8, 8), 0.9)

    def never(_place: int) -> Sequence[Prepared]:
        raise AssertionError("nobody asked for that")

    seen = look_again(first, ready, GROUPS, Near(0.3, 0.6), never, compare, max)
    assert seen.score(0, [1, 2, 3]) == 0.9
