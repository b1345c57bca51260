"""What the person sees: a pure function from the terminal's state to a picture in words. Drawing is for the sinks.

A Screen names colour and icon, so that sinks which draw, light LEDs or speak all start from the same value; colour is
never the only sign.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import assert_never

from drivers.base import Advice
from edge.screen import values, words
from edge.screen.words import Words
from edge.session.outcome import (
    Abandoned,
    Accepted,
    Cleared,
    Elsewhere,
    LockedOut,
    NoMatch,
    Noted,
    NotRecorded,
    NotSupervised,
    Outcome,
    PoorImage,
    SensorGone,
    TooClose,
    WrongDigits,
)
from edge.session.states import (
    Ask,
    Asking,
    ChooseKind,
    Done,
    EnrolDone,
    EnrolFace,
    EnrolPlace,
    Fact,
    Fault,
    IdentifyReady,
    Idle,
    Located,
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
from sync.record import Flag, Kind

_DIGITS = 6
_JOINERS = "\u200c\u200d"


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
    LOCK = "lock"
    PEOPLE = "people"
    TOOLS = "tools"


class Arrow(StrEnum):
    """What a face is to do, as a sign; left and right are the person's own, and so the panel's, which they face."""

    LEFT = "left"
    RIGHT = "right"
    EYES = "eyes"


class Link(StrEnum):
    """What carries punches to the aggregator now."""

    NONE = "none"
    LAN = "lan"
    WIFI = "wifi"
    MOBILE = "mobile"


@dataclass(frozen=True, slots=True)
class Screen:
    """One picture. `lines` are messages, the first one large; everything else is drawn once, in no language.

    `dots` of `places` keys were typed (places 0: nobody says how many there are). `big`: figures to be seen from afar.
    `choices` are keyed from 1. `facts` are a technician's, name and value. `name` and `photo` (JPEG, else None) are of
    whoever was accepted, `code` is their receipt (sync.code). `progress` is (done, of). `guide`: show where a face
    belongs; `arrow`: what it is to do.
    """

    colour: Colour
    icon: Icon
    lines: tuple[Words, ...]
    dots: int = 0
    places: int = 0
    big: str = ""
    choices: tuple[Words, ...] = ()
    facts: tuple[tuple[Words, Words], ...] = ()
    name: str = ""
    photo: bytes | None = field(default=None, repr=False)
    code: str = ""
    progress: tuple[int, int] | None = None
    guide: bool = False
    arrow: Arrow | None = None


@dataclass(frozen=True, slots=True)
class Corner:
    """How the terminal is, beside what it says. `link` None: nobody knows. `bars`: its strength, 0 to 4, else None.

    `unreceipted`: records the aggregator has not receipted yet. `clock`: the local time as shown, empty for none.
    """

    link: Link | None = None
    bars: int | None = None
    unreceipted: int = 0
    clock: str = ""
    clock_trusted: bool = True


_ARROW = {Ask.TURN_LEFT: Arrow.LEFT, Ask.TURN_RIGHT: Arrow.RIGHT, Ask.CLOSE_EYES: Arrow.EYES}

_NOTES = {Flag.DUPLICATE: words.DUPLICATE, Flag.CLOCK_UNTRUSTED: words.CLOCK}


def screen(state: State) -> Screen:
    """What to show in this state."""
    match state:
        case Idle(wipe):
            return _waiting(Screen(Colour.WHITE, Icon.KEYPAD, (words.IDLE,)), wipe)
        case IdentifyReady(face, wipe):
            if face:
                return _waiting(Screen(Colour.WHITE, Icon.FACE, (words.IDENTIFY_FACE,), guide=True), wipe)
            return _waiting(Screen(Colour.WHITE, Icon.FINGER, (words.IDENTIFY,)), wipe)
        case ChooseKind(kinds):
            return Screen(Colour.WHITE, Icon.KEYPAD, (), choices=tuple(words.KIND[kind] for kind in kinds))
        case Typing(keys, kind):
            lines = (words.TYPING,) if kind is None else (words.KIND[kind], words.TYPING)
            return Screen(Colour.WHITE, Icon.KEYPAD, lines, dots=keys, places=_DIGITS)
        case Place(_, advice, other):
            return _finger(words.PLACE_OTHER if other else words.PLACE, advice)
        case LookAtCamera(advice, ask):
            return _face(words.ASK[ask] if ask else words.LOOK, advice, arrow=_ARROW[ask] if ask else None)
        case Working():
            return Screen(Colour.BLUE, Icon.WAIT, (words.WAIT,))
        case Asking():
            return Screen(Colour.BLUE, Icon.WAIT, (words.ASKING,))
        case Located():
            return Screen(Colour.YELLOW, Icon.TOOLS, (words.LOCATED,))
        case Done(outcome):
            return _ending(outcome)
        case Locked(seconds):
            return _locked(seconds)
        case EnrolPlace(view, views, advice, finger):
            return _finger(words.enrol(finger, view, views), advice, progress=(view, views))
        case EnrolFace(view, views, advice):
            return _face(words.ENROL_FACE.fill(view=str(view), views=str(views)), advice, progress=(view, views))
        case EnrolDone(enrolled):
            if enrolled:
                return Screen(Colour.GREEN, Icon.TICK, (words.ENROLLED,))
            return Screen(Colour.RED, Icon.CROSS, (words.NOT_ENROLLING,))
        case OutOfService(fault):
            return _out_of_service(fault)
        case SuperviseTyping() | SupervisePlace() | SuperviseWho() | SuperviseReason():
            return _supervised(state)
        case Pin(keys, wrong):
            lines = (words.PIN_WRONG, words.PIN) if wrong else (words.PIN,)
            return Screen(Colour.YELLOW if wrong else Colour.WHITE, Icon.LOCK, lines, dots=keys)
        case Technician(page, facts):
            if page is None:
                return Screen(Colour.WHITE, Icon.TOOLS, (), choices=tuple(words.PAGE.values()))
            plain = tuple((_label(name), _value(value)) for name, value in facts)
            return Screen(Colour.WHITE, Icon.TOOLS, (words.PAGE[page],), facts=plain)
    assert_never(state)


def _waiting(usual: Screen, wipe: bool) -> Screen:
    return replace(usual, colour=Colour.YELLOW, lines=(words.WIPE_FIRST, *usual.lines)) if wipe else usual


def _label(name: str) -> Words:
    return words.FACT[Fact(name)] if name in set(Fact) else _as_it_is(name)


def _value(text: str) -> Words:
    return values.value(text) or _as_it_is(text)


def _as_it_is(text: str) -> Words:
    plain = _plain(text)
    return Words(plain, plain, plain, plain)


def _supervised(state: SuperviseTyping | SupervisePlace | SuperviseWho | SuperviseReason) -> Screen:
    match state:
        case SuperviseTyping(keys):
            return Screen(Colour.YELLOW, Icon.PEOPLE, (words.SUPERVISOR,), dots=keys, places=_DIGITS if keys else 0)
        case SupervisePlace(_, advice):
            return _finger(words.SUPERVISOR_FINGER, advice)
        case SuperviseWho(names):
            people = tuple(Words(name, name) for name in map(_plain, names))
            return Screen(Colour.WHITE, Icon.PEOPLE, (words.FOR_WHOM,), choices=people)
        case SuperviseReason(name, reasons):
            why = words.WHY.fill(name=_plain(name)) if name else words.WHY_UNKNOWN
            return Screen(Colour.WHITE, Icon.PEOPLE, (why,), choices=tuple(words.REASON[reason] for reason in reasons))
    assert_never(state)


def _face(
    what: Words, advice: Advice | None, *, arrow: Arrow | None = None, progress: tuple[int, int] | None = None
) -> Screen:
    colour, lines = (Colour.BLUE, (what,)) if advice is None else (Colour.YELLOW, (words.ADVICE[advice], what))
    return Screen(colour, Icon.FACE, lines, progress=progress, guide=True, arrow=arrow)


def _finger(what: Words, advice: Advice | None, *, progress: tuple[int, int] | None = None) -> Screen:
    if advice is None:
        return Screen(Colour.BLUE, Icon.FINGER, (what,), progress=progress)
    return Screen(Colour.YELLOW, Icon.AGAIN, (words.ADVICE[advice], what), progress=progress)


def _locked(seconds: int) -> Screen:
    return Screen(Colour.RED, Icon.LOCK, (words.LOCKED.fill(seconds=str(seconds)),), big=str(seconds))


def _out_of_service(fault: Fault) -> Screen:
    return Screen(Colour.RED, Icon.BOOK, (words.OUT_OF_SERVICE, words.FAULT[fault]))


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
        case Elsewhere():
            return Screen(Colour.RED, Icon.CROSS, (words.ELSEWHERE,))
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
        case SensorGone():
            return _out_of_service(Fault.SENSOR)
    assert_never(outcome)


def _accepted(outcome: Accepted) -> Screen:
    """What is out of the ordinary takes the greeting's place."""
    kind, flags = outcome.punch.kind, outcome.punch.flags
    notes = [note for flag, note in _NOTES.items() if flag in flags] or [_greeting(kind)]
    lines = (words.ACCEPTED[kind], *notes)
    name, photo, code = _plain(outcome.name), outcome.photo, outcome.code
    return Screen(Colour.GREEN, Icon.TICK, lines, name=name, photo=photo, code=code)


def _greeting(kind: Kind) -> Words:
    return words.FAREWELL if kind in (Kind.OUT, Kind.MOVEMENT_OUT) else words.GREETING


def _plain(name: str) -> str:
    """A name is shown, not obeyed: no control characters reach a terminal. Joiners shape letters, so they stay."""
    return "".join(c if c.isprintable() or c in _JOINERS else " " for c in name)
