"""What the person sees: a pure function from the terminal's state to a picture in words, and sinks beside it.

A Screen names colour and icon, so that sinks which draw, light LEDs or speak all start from the same value; colour is
never the only sign.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TextIO, assert_never

from drivers.base import Advice
from edge import words
from edge.outcome import (
    Abandoned,
    Accepted,
    Cleared,
    LockedOut,
    NoMatch,
    Noted,
    NotRecorded,
    NotSupervised,
    Outcome,
    PoorImage,
    TooClose,
    WrongDigits,
)
from edge.report import line
from edge.states import (
    ChooseKind,
    Done,
    EnrolDone,
    EnrolFace,
    EnrolPlace,
    IdentifyReady,
    Idle,
    Locked,
    LookAtCamera,
    OutOfService,
    Pin,
    Place,
    State,
    SupervisePlace,
    SuperviseReason,
    SuperviseTyping,
    SuperviseWho,
    Technician,
    Typing,
    Working,
)
from edge.words import Words
from sync.record import Flag, Kind


class Colour(StrEnum):
    WHITE = "white"
    BLUE = "blue"
    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


class Icon(StrEnum):
    KEYPAD = "keypad"
    FINGER = "finger"
    FACE = "face"
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
        case IdentifyReady():
            return Screen(Colour.WHITE, Icon.FINGER, (words.IDENTIFY,))
        case ChooseKind(kinds):
            return Screen(Colour.WHITE, Icon.KEYPAD, _choices(words.KIND[kind] for kind in kinds))
        case Typing(keys, kind):
            typed = words.TYPING.fill(dots="●" * keys)
            return Screen(Colour.WHITE, Icon.KEYPAD, (typed,) if kind is None else (words.KIND[kind], typed))
        case Place(_, advice, other):
            return _finger(words.PLACE_OTHER if other else words.PLACE, advice)
        case LookAtCamera(advice, ask):
            return _face(words.ASK[ask] if ask else words.LOOK, advice)
        case Working():
            return Screen(Colour.BLUE, Icon.WAIT, (words.WAIT,))
        case Done(outcome):
            return _ending(outcome)
        case Locked(seconds):
            return _locked(seconds)
        case EnrolPlace(view, views, advice):
            return _finger(words.ENROL.fill(view=str(view), views=str(views)), advice)
        case EnrolFace(view, views, advice):
            return _face(words.ENROL_FACE.fill(view=str(view), views=str(views)), advice)
        case EnrolDone(enrolled):
            if enrolled:
                return Screen(Colour.GREEN, Icon.TICK, (words.ENROLLED,))
            return Screen(Colour.RED, Icon.CROSS, (words.NOT_ENROLLING,))
        case OutOfService(fault):
            return Screen(Colour.RED, Icon.BOOK, (words.OUT_OF_SERVICE, words.FAULT[fault]))
        case SuperviseTyping() | SupervisePlace() | SuperviseWho() | SuperviseReason():
            return _supervised(state)
        case Pin(keys, wrong):
            typed = words.PIN.fill(dots="●" * keys)
            return Screen(Colour.YELLOW if wrong else Colour.WHITE, Icon.KEYPAD, (words.PIN_WRONG,) * wrong + (typed,))
        case Technician(page, facts):
            if page is None:
                return Screen(Colour.WHITE, Icon.KEYPAD, _choices(words.PAGE.values()))
            lines = (Words(f"{name}: {value}", f"{name}: {value}") for name, value in facts)
            return Screen(Colour.WHITE, Icon.KEYPAD, (words.PAGE[page], *lines))
    assert_never(state)


def _supervised(state: SuperviseTyping | SupervisePlace | SuperviseWho | SuperviseReason) -> Screen:
    match state:
        case SuperviseTyping(keys):
            typed = words.TYPING.fill(dots="●" * keys)
            return Screen(Colour.YELLOW, Icon.KEYPAD, (words.SUPERVISOR, typed) if keys else (words.SUPERVISOR,))
        case SupervisePlace(_, advice):
            return _finger(words.SUPERVISOR_FINGER, advice)
        case SuperviseWho(names):
            people = _choices(Words(name, name) for name in map(_plain, names))
            return Screen(Colour.WHITE, Icon.KEYPAD, (words.FOR_WHOM, *people))
        case SuperviseReason(name, reasons):
            why = words.WHY.fill(name=_plain(name)) if name else words.WHY_UNKNOWN
            return Screen(Colour.WHITE, Icon.KEYPAD, (why, *_choices(words.REASON[reason] for reason in reasons)))
    assert_never(state)


def _choices(of: Iterable[Words]) -> tuple[Words, ...]:
    return tuple(Words(f"{key}  {choice.hi}", f"{key}  {choice.en}") for key, choice in enumerate(of, 1))


def _face(what: Words, advice: Advice | None) -> Screen:
    if advice is None:
        return Screen(Colour.BLUE, Icon.FACE, (what,))
    return Screen(Colour.YELLOW, Icon.FACE, (words.ADVICE[advice], what))


def _locked(seconds: int) -> Screen:
    return Screen(Colour.RED, Icon.WAIT, (words.LOCKED.fill(seconds=str(seconds)),))


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
        case PoorImage(advice):
            return Screen(Colour.YELLOW, Icon.AGAIN, (words.POOR_IMAGE, words.ADVICE[advice]))
        case NoMatch():
            return Screen(Colour.RED, Icon.CROSS, (words.NO_MATCH,))
        case TooClose():
            return Screen(Colour.YELLOW, Icon.AGAIN, (words.TOO_CLOSE,))
        case Noted():
            return Screen(Colour.YELLOW, Icon.BOOK, (words.NOTED,))
        case NotSupervised():
            return Screen(Colour.RED, Icon.CROSS, (words.NOT_SUPERVISED,))
        case LockedOut(seconds):
            return _locked(seconds)
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
