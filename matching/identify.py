"""Who of a few candidates is it? Pure.

All who share the typed digits are candidates. The best of them is accepted only when the score reaches the
threshold *and* leads the next person by the margin; else nobody is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matching.scoring import Prepared, prepare, score
from matching.template import Template

THRESHOLD = 0.5  # an FMR of 0.01 % per person; `matching.threshold` has other rates
MARGIN = 0.1


@dataclass(frozen=True)
class Candidate:
    """A person (an opaque reference) and the templates enrolled, of any fingers, ready or not."""

    person: bytes
    templates: Sequence[Template | Prepared]


@dataclass(frozen=True)
class Match:
    """It is `person`: their best score, and the best score of anybody else (0 when there is nobody else)."""

    person: bytes
    score: float
    runner_up: float


@dataclass(frozen=True)
class NoMatch:
    """Nobody reached the threshold; `score` is the best there was."""

    score: float


@dataclass(frozen=True)
class TooClose:
    """The best two persons cannot be told apart with certainty; their scores."""

    score: float
    runner_up: float


Decision = Match | NoMatch | TooClose


def decide(
    probe: Template | Prepared,
    candidates: Sequence[Candidate],
    *,
    threshold: float = THRESHOLD,
    margin: float = MARGIN,
) -> Decision:
    """Compare `probe` with every template of every candidate and say who it is, or why it is nobody.

    Threshold and margin are in the unit of `matching.score`. A person listed twice is one person.
    Raises TemplateError when a payload is damaged.
    """
    return judge(_best_by_person(probe, candidates), threshold=threshold, margin=margin)


def judge(best: Mapping[bytes, float], *, threshold: float = THRESHOLD, margin: float = MARGIN) -> Decision:
    """Who it is, or why it is nobody, when `best` has the best score of each person."""
    ranked = sorted(best.items(), key=lambda entry: -entry[1])
    if not ranked or ranked[0][1] < threshold:
        return NoMatch(ranked[0][1] if ranked else 0.0)
    person, top = ranked[0]
    runner_up = ranked[1][1] if len(ranked) > 1 else 0.0
    if len(ranked) > 1 and top - runner_up < margin:
        return TooClose(top, runner_up)
    return Match(person, top, runner_up)


def identify(
    probe: Template | Prepared,
    candidates: Sequence[Candidate],
    *,
    threshold: float = THRESHOLD,
    margin: float = MARGIN,
) -> Match | None:
    """As `decide`, for those who need not know why it is nobody."""
    decision = decide(probe, candidates, threshold=threshold, margin=margin)
    return decision if isinstance(decision, Match) else None


def _best_by_person(probe: Template | Prepared, candidates: Sequence[Candidate]) -> dict[bytes, float]:
    ready = prepare(probe)
    best: dict[bytes, float] = {}
    for candidate in candidates:
        scores = [score(ready, reference) for reference in candidate.templates] if ready else []
        best[candidate.person] = max([best.get(candidate.person, 0.0), *scores])
    return best
