"""Enrolling a finger from its pictures: good impressions that agree, and are nobody else's."""

from collections.abc import Sequence
from dataclasses import dataclass

from drivers.base import Advice, Scan
from edge import EnrolmentRefused
from edge.people import refusals, telling
from edge.people.guide import FingerRefused, Guide
from edge.people.impressions import KEPT, LEAST, Chosen, Impression, Impressions, impression
from edge.session import policy
from matching import MatchingError, Prepared, prepare, score

CAPTURES = 12
MISTAKES = 3  # so often another finger of the same person may be laid down
STRICT_CAPTURES = 6  # then what is good enough to punch will do: a worn finger is enrolled as well as it can be (S1)


@dataclass(frozen=True)
class Others:
    """What this finger must not be: `rivals`, of people with the same digits (S5), and this person's other fingers."""

    rivals: Sequence[Prepared]
    own: Sequence[tuple[int, Prepared]]


def collect(guide: Guide, finger: int, impressions: int, others: Others) -> Chosen:
    """At least `impressions` good pictures, the best that agree; two when more cannot be had.

    Raises EnrolmentRefused; FingerRefused when another finger may do.
    """
    taken = Impressions(guide.terminal.comparer.limits.threshold)
    agreed = taken.agreed()
    advice: Advice | None = None
    mistakes = 0
    for capture in range(CAPTURES):
        strict = capture < STRICT_CAPTURES
        view = _due(agreed, taken, impressions)
        seen = _look(guide, guide.finger(finger, view, impressions, advice), strict=strict)
        if isinstance(seen, Advice):
            advice = seen
            continue
        other = _own(seen, others, guide.terminal.comparer.limits.threshold)
        if other is not None:
            mistakes += 1
            if mistakes == MISTAKES:
                raise EnrolmentRefused(refusals.OWN_FINGER.fill(finger=telling.name(other)))
            advice = Advice.OTHER_FINGER
            continue
        if not taken.add(seen):
            advice = Advice.PLACE_AGAIN
            continue
        before, agreed = len(agreed.impressions), taken.agreed()
        enough = len(agreed.impressions) == KEPT
        if enough or len(agreed.impressions) > before:
            guide.tell({"event": "view", "view": view, "minutiae": len(seen.template.minutiae)})
            advice = None
        else:
            guide.tell({"event": "differs"})
            advice = Advice.PLACE_AGAIN
        if enough and len(taken) >= impressions:
            return agreed
    if len(agreed.impressions) < LEAST:
        raise FingerRefused(refusals.NONE_AGREE.fill(tries=str(CAPTURES)))
    return agreed


def _due(agreed: Chosen, taken: Impressions, impressions: int) -> int:
    """Which impression is asked for now: those that agree count, and once they are enough, those beyond."""
    kept = len(agreed.impressions)
    return 1 + kept if kept < KEPT else min(impressions, 1 + len(taken))


def _look(guide: Guide, reading: object, *, strict: bool) -> Impression | Advice:
    if not isinstance(reading, Scan):
        return getattr(reading, "advice", Advice.PLACE_AGAIN)
    try:
        template, view = guide.terminal.look(reading)
        ready = prepare(template)
    except MatchingError:
        return Advice.PLACE_AGAIN
    advice = policy.advice(view, enrolling=strict)
    if advice or ready is None:
        return advice or Advice.PLACE_AGAIN
    return impression(template, ready, view)


def _own(seen: Impression, others: Others, threshold: float) -> int | None:
    """Which other finger of this person it is. Raises EnrolmentRefused for a rival's."""
    if any(score(seen.ready, rival) >= threshold for rival in others.rivals):
        raise EnrolmentRefused(refusals.OTHERS_FINGER)
    return next((number for number, own in others.own if score(seen.ready, own) >= threshold), None)
