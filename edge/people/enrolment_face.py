"""Enrolling a face: three good frames that agree, fused into one template; alive, if that is asked for (S11, S16)."""

import itertools
import secrets
import time
from collections.abc import Sequence

from drivers.base import Advice, Scan
from edge import EnrolmentRefused
from edge.people import refusals
from edge.people.guide import Guide
from edge.people.look import FaceView
from edge.session.states import Ask
from matching import MatchingError, Prepared, Template, prepare, score
from matching.face import Observation, Verdict, fuse
from matching.face.liveness import draw

VIEWS = 3
_FRAMES = 40  # of which three must agree
_APART_S = 0.4  # so that three frames are three looks, not one
_LEAST_TURNS = 1


def collect(guide: Guide, rivals: Sequence[Prepared], *, alive: bool) -> Template:
    """The template of the face before the camera. Raises EnrolmentRefused."""
    views = _views(guide, rivals)
    template = fuse([view.template for view in views])
    if alive:
        _challenge(guide, template)
    return template


def _views(guide: Guide, rivals: Sequence[Prepared]) -> Sequence[Prepared]:
    threshold = guide.terminal.comparer.limits.face
    taken: list[Prepared] = []
    agreed: Sequence[Prepared] = ()
    advice: Advice | None = None
    last_s, until_s = 0.0, _patience(guide)
    while len(taken) < _FRAMES:
        reading = guide.frame(len(agreed) + 1, VIEWS, advice, until_s)
        now_s = time.monotonic()
        if not isinstance(reading, Scan):
            advice = reading.advice
            continue
        if now_s - last_s < _APART_S:
            continue
        seen = _look(guide, reading)
        advice = seen.advice
        view = prepare(seen.template) if seen.template else None
        if view is None or any(view.template == other.template for other in taken):
            continue
        if any(score(view, rival) >= threshold for rival in rivals):
            raise EnrolmentRefused(refusals.OTHERS_FACE)
        taken.append(view)
        last_s, found = now_s, _agreeing(taken, threshold)
        if len(found) > len(agreed):
            agreed, until_s = found, _patience(guide)
            guide.tell({"event": "view", "view": len(agreed)})
        if len(agreed) == VIEWS:
            return agreed
    raise EnrolmentRefused(refusals.NO_FACES_AGREE.fill(frames=str(_FRAMES)))


def _agreeing(views: Sequence[Prepared], threshold: float) -> Sequence[Prepared]:
    """As many as there are, up to three, with the newest among them: the others were looked at before."""
    for size in range(min(VIEWS, len(views)), 1, -1):
        for others in itertools.combinations(views[:-1], size - 1):
            chosen = (*others, views[-1])
            if all(score(a, b) >= threshold for a, b in itertools.combinations(chosen, 2)):
                return chosen
    return views[-1:]


def _challenge(guide: Guide, template: Template) -> None:
    """The head turned as asked, and the same face before and after. Raises EnrolmentRefused."""
    threshold = guide.terminal.comparer.limits.face
    challenge = draw(secrets.randbelow, time.monotonic(), max(_LEAST_TURNS, guide.terminal.rules.turns))
    until_s = _patience(guide)
    while challenge.verdict is Verdict.WAITING:
        reading = guide.moving(Ask(challenge.asked.value) if challenge.asked else None, until_s)
        seen = _look(guide, reading) if isinstance(reading, Scan) else FaceView(None, None, 0.0, None)
        same = score(seen.template, template) >= threshold if seen.template else None
        before = challenge.done
        challenge = challenge.after(Observation(time.monotonic(), seen.box, seen.yaw_deg, same=same or None))
        until_s = _patience(guide) if challenge.done > before else until_s
    if challenge.verdict is not Verdict.PASSED:
        raise EnrolmentRefused(refusals.DID_NOT_TURN.fill(why=challenge.verdict.value))


def _look(guide: Guide, scan: Scan) -> FaceView:
    try:
        return guide.terminal.comparer.face_view(scan)
    except MatchingError:
        return FaceView(None, None, 0.0, Advice.HOLD_STILL)


def _patience(guide: Guide) -> float:
    return time.monotonic() + 2 * guide.terminal.rules.face_timeout_s
