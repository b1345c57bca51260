"""Who of a few candidates is it? Pure.

All who share the typed digits are candidates. The best of them is accepted only when the score reaches the
threshold *and* leads the next person by the margin; else nobody is.

A finger that nearly matches, or only just, is looked at again in other ways before anybody is asked for another touch.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from matching.fingerprint.calibration import near_miss, score_of_looks
from matching.fingerprint.parameters import LOOKS
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
    looks: Iterable[Template | Prepared] = (),
) -> Decision:
    """Compare `probe` with every template of every candidate and say who it is, or why it is nobody.

    Threshold and margin are in the unit of `matching.score`. A person listed twice is one person. `looks` are the
    probe's finger seen in other ways, `Extractor.looks` of the same picture: with whom the probe neither clearly missed
    nor clearly matched (`fingerprint.calibration.near_miss`), all of them are compared, and together they decide. None
    is asked for otherwise, nor when the first look settles it: somebody matched, and nobody else comes near. (So a
    stranger has two chances, the first look and all together: at most twice the rate of the threshold.) When there are
    fewer looks than there should be, the first stands. Raises TemplateError when a payload is damaged.
    """
    best = _best_by_person(probe, candidates)
    near = [one for one in candidates if near_miss(best[one.person])]
    if _settled(best, threshold, margin):
        near = []
    again = [_best_by_person(look, near) for look in looks] if near else []
    if len(again) == LOOKS - 1:
        best |= {one.person: score_of_looks([seen[one.person] for seen in (best, *again)]) for one in near}
    return judge(best, threshold=threshold, margin=margin)


def _settled(best: Mapping[bytes, float], threshold: float, margin: float) -> bool:
    """Somebody matched and nobody else comes near: looking on would only keep the person waiting."""
    top, *others = sorted(best.values(), reverse=True) or [0.0]
    return top >= threshold and all(one < threshold and top - one >= margin for one in others)


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
    looks: Iterable[Template | Prepared] = (),
) -> Match | None:
    """As `decide`, for those who need not know why it is nobody."""
    decision = decide(probe, candidates, threshold=threshold, margin=margin, looks=looks)
    return decision if isinstance(decision, Match) else None


def _best_by_person(probe: Template | Prepared, candidates: Sequence[Candidate]) -> dict[bytes, float]:
    ready = prepare(probe)
    best: dict[bytes, float] = {}
    for candidate in candidates:
        scores = [score(ready, reference) for reference in candidate.templates] if ready else []
        best[candidate.person] = max([best.get(candidate.person, 0.0), *scores])
    return best
