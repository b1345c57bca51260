"""What a clerk is told of an enrolment as it goes: each of its events as a line, in Hindi and English."""

from collections.abc import Iterable, Mapping
from typing import Any

from drivers.base import Advice
from edge.people.fingers import FACE, Finger
from edge.screen import words
from edge.screen.words import Words
from edge.session.states import Ask

_FACE = Words("चेहरा", "Face")
_TAKEN = Words("तस्वीर {view} ली गई", "Picture {view} taken")
_DIFFERS = Words("यह पिछली तस्वीर से मेल नहीं खाती", "This does not match the picture before")
_BEST = Words("सबसे अच्छी पहले: {fingers}", "Best first: {fingers}")
_WORTH = Words("{finger}: {worth}/100", "{finger}: {worth}/100")


def line(event: Mapping[str, Any]) -> Words:
    """One event of the control socket's enrolment (edge.control)."""
    match event:
        case {"event": "waiting", "hi": hi, "en": en}:
            return Words(hi, en)
        case {"event": "place", "view": view, "views": views, "finger": finger}:
            return words.enrol(finger, view, views)
        case {"event": "look", "advice": advice} if advice:
            return words.ADVICE[Advice(advice)]
        case {"event": "look", "view": view, "views": views}:
            return words.ENROL_FACE.fill(view=str(view), views=str(views))
        case {"event": "ask", "ask": ask}:
            return words.ASK[Ask(ask)] if ask else words.LOOK
        case {"event": "advice", "advice": advice}:
            return words.ADVICE[Advice(advice)]
        case {"event": "differs"}:
            return _DIFFERS
        case {"event": "finger", "finger": finger, "worth": worth}:
            return _WORTH.fill(finger=name(finger), worth=f"{100 * worth:.0f}")
        case {"event": "best", "fingers": [*fingers]}:
            return _BEST.fill(fingers=names(fingers))
    return _TAKEN.fill(view=str(event.get("view")))


def name(finger: int) -> Words:
    """A finger's name, or the face's."""
    return _FACE if finger == FACE else words.FINGER[Finger(finger)]


def names(fingers: Iterable[int]) -> Words:
    return words.joined(", ", [name(finger) for finger in fingers])


def why(answer: Mapping[str, Any]) -> Words:
    """Why nothing was enrolled, by the answer: what the socket itself refuses has no Hindi."""
    said = str(answer.get("error"))
    return Words(str(answer.get("hi", said)), str(answer.get("en", said)))
