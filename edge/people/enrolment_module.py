"""Enrolling a finger on a module that compares by itself: its own templates, tried against the finger once more.

The module says itself whether two touches are the same finger, and whether somebody with the same digits has it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from drivers.base import Advice, DeviceTemplate, Matched
from edge import EnrolmentRefused
from edge.people import refusals
from edge.people.guide import FingerRefused, Guide
from edge.people.impressions import KEPT
from edge.people.onmodule import Job

TOUCHES = 20  # some readers want five or more for one template


@dataclass(frozen=True, slots=True)
class OnModule:
    """The templates to keep, and by how much this finger is to be preferred (0 to 1): few touches were wasted."""

    templates: tuple[DeviceTemplate, ...]
    worth: float


def collect(guide: Guide, finger: int, rivals: Sequence[DeviceTemplate]) -> OnModule:
    """A template, and further touches that the module finds to be the same finger. Raises EnrolmentRefused."""
    kept: list[DeviceTemplate] = []
    tried = agreed = 0
    advice: Advice | None = None
    for _ in range(TOUCHES):
        tried += 1
        job = Job((*kept, *rivals)) if kept else Job(take=True)
        reading = guide.finger(finger, min(KEPT, agreed + 1), KEPT, advice, job)
        if isinstance(reading, DeviceTemplate) and not kept:
            kept, agreed, advice = [reading], 1, None
        elif isinstance(reading, Matched) and kept:
            own, others = reading.scores[: len(kept)], reading.scores[len(kept) :]
            if any(_yes(guide, one) for one in others):
                raise EnrolmentRefused(refusals.OTHERS_FINGER)
            if not any(_yes(guide, one) for one in own):
                guide.tell({"event": "differs"})
                advice = Advice.PLACE_AGAIN
                continue
            agreed, advice = agreed + 1, None
            if reading.template and reading.template not in kept:
                kept.append(reading.template)
        else:
            advice = getattr(reading, "advice", Advice.PLACE_AGAIN)
            continue
        guide.tell({"event": "view", "view": agreed})
        if agreed == KEPT:
            return OnModule(tuple(kept), KEPT / tried)
    raise FingerRefused(refusals.NONE_AGREE_ON_MODULE.fill(tries=str(TOUCHES)))


def _yes(guide: Guide, score: int | None) -> bool:
    threshold = guide.terminal.module_threshold
    return score is not None and threshold is not None and score >= threshold
