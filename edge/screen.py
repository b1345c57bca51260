"""What the person sees: a pure function from the terminal's state to a picture in words, and sinks beside it.

A Screen names colour and icon, so that sinks which draw, light LEDs or speak all start from the same value; colour is
never the only sign.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TextIO, assert_never

from drivers.base import Advice
from edge import words
from edge.outcome import (
    Abandoned,
    Accepted,
    Cleared,
    Nobody,
    NoMatch,
    NotEnrolled,
    NotRecorded,
    Outcome,
    PoorImage,
    TooClose,
    WrongDigits,
)
from edge.report import line
from edge.words import Words
from sync.record import Flag, Kind


@dataclass(frozen=True, slots=True)
class Idle:
    """Nobody is here."""


@dataclass(frozen=True, slots=True)
class Typing:
    """So many keys were pressed; which ones is nobody's business."""

    keys: int


@dataclass(frozen=True, slots=True)
class Place:
    """The sensor is lit and waits for a finger; after a bad picture with advice."""

    attempt: int
    advice: Advice | None


@dataclass(frozen=True, slots=True)
class Working:
    """The finger is being looked at."""


@dataclass(frozen=True, slots=True)
class Done:
    """A session has ended."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class EnrolPlace:
    """Enrolling: view number `view` of `views` is due."""

    view: int
    views: int
    advice: Advice | None


@dataclass(frozen=True, slots=True)
class EnrolDone:
    """Enrolling has ended."""

    enrolled: bool


@dataclass(frozen=True, slots=True)
class OutOfService:
    """The terminal cannot take a punch now."""


State = Idle | Typing | Place | Working | Done | EnrolPlace | EnrolDone | OutOfService
Show = Callable[[State], None]


class Colour(StrEnum):
    WHITE = "white"
    BLUE = "blue"
    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


class Icon(StrEnum):
    KEYPAD = "keypad"
    FINGER = "finger"
    WAIT = "wait"
    TICK = "tick"
    AGAIN = "again"
    CROSS = "cross"
    BOOK = "book"


@dataclass(frozen=True, slots=True)
class Screen:
    """One picture: its colour, its icon, its lines (large first), each in both languages."""

    colour: Colour
    icon: Icon
    lines: tuple[Words, ...]


def screen(state: State) -> Screen:
    """What to show in this state."""
    match state:
        case Idle():
            return Screen(Colour.WHITE, Icon.KEYPAD, (words.IDLE,))
        case Typing(keys):
            return Screen(Colour.WHITE, Icon.KEYPAD, (words.TYPING.fill(dots="●" * keys),))
        case Place(_, advice):
            return _finger(words.PLACE, advice)
        case Working():
            return Screen(Colour.BLUE, Icon.WAIT, (words.WAIT,))
        case Done(outcome):
            return _ending(outcome)
        case EnrolPlace(view, views, advice):
            return _finger(words.ENROL.fill(view=str(view), views=str(views)), advice)
        case EnrolDone(enrolled):
            if enrolled:
                return Screen(Colour.GREEN, Icon.TICK, (words.ENROLLED,))
            return Screen(Colour.RED, Icon.CROSS, (words.NOT_ENROLLING,))
        case OutOfService():
            return Screen(Colour.RED, Icon.BOOK, (words.OUT_OF_SERVICE,))
    assert_never(state)


def _finger(what: Words, advice: Advice | None) -> Screen:
    if advice is None:
        return Screen(Colour.BLUE, Icon.FINGER, (what,))
    return Screen(Colour.YELLOW, Icon.AGAIN, (words.ADVICE[advice], what))


def _ending(outcome: Outcome) -> Screen:
    match outcome:
        case Accepted():
            return _accepted(outcome)
        case WrongDigits():
            return Screen(Colour.YELLOW, Icon.KEYPAD, (words.WRONG_DIGITS,))
        case Nobody():
            return Screen(Colour.RED, Icon.CROSS, (words.NOBODY,))
        case NotEnrolled():
            return Screen(Colour.RED, Icon.CROSS, (words.NOT_ENROLLED,))
        case PoorImage(advice):
            return Screen(Colour.YELLOW, Icon.AGAIN, (words.POOR_IMAGE, words.ADVICE[advice]))
        case NoMatch():
            return Screen(Colour.RED, Icon.CROSS, (words.NO_MATCH,))
        case TooClose():
            return Screen(Colour.YELLOW, Icon.AGAIN, (words.TOO_CLOSE,))
        case NotRecorded():
            return Screen(Colour.RED, Icon.BOOK, (words.NOT_RECORDED,))
        case Cleared():
            return Screen(Colour.WHITE, Icon.KEYPAD, (words.CLEARED,))
        case Abandoned():
            return Screen(Colour.WHITE, Icon.AGAIN, (words.ABANDONED,))
    assert_never(outcome)


def _accepted(outcome: Accepted) -> Screen:
    lines = [words.ACCEPTED[outcome.punch.kind], _greeting(outcome.punch.kind).fill(name=_plain(outcome.name))]
    if Flag.DUPLICATE in outcome.punch.flags:
        lines.append(words.DUPLICATE)
    if Flag.CLOCK_UNTRUSTED in outcome.punch.flags:
        lines.append(words.CLOCK)
    return Screen(Colour.GREEN, Icon.TICK, tuple(lines))


def _greeting(kind: Kind) -> Words:
    return words.FAREWELL if kind in (Kind.OUT, Kind.MOVEMENT_OUT) else words.GREETING


def _plain(name: str) -> str:
    """A name is shown, not obeyed: no control characters reach a terminal."""
    return "".join(c if c.isprintable() else " " for c in name)


class TextSink:
    """Shows screens as lines of text: for a bench without a display."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def __call__(self, state: State) -> None:
        picture = screen(state)
        text = " | ".join(f"{words.hi} / {words.en}" for words in picture.lines)
        line(f"[{picture.colour} {picture.icon}] {text}", self._out)
