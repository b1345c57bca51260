"""What a session is, how long each of its states lasts, and the three moves everything else is made of. Pure."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeVar, assert_never

from edge.people.facing import Facing
from edge.session.messages import USUAL, Able, Action, End, Fail, Hit, Manner, Named, Want
from edge.session.outcome import Accepted, LockedOut, NoMatch, Noted, NotRecorded, Outcome, PoorImage, SensorGone
from edge.session.policy import Rules
from edge.session.states import (
    Asking,
    ChooseKind,
    Done,
    EnrolDone,
    EnrolFace,
    EnrolPlace,
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
from sync.record import Kind

T = TypeVar("T")
REST_S = 60.0  # then the resting picture is drawn again
WORK_S = 10.0
ASK_S = 10.0


class Rung(StrEnum):
    """The ladder of ways to recognise somebody (S1)."""

    TOUCH = "touch"  # a finger without digits
    FINGER = "finger"
    OTHER = "other"
    FACE = "face"
    SUPERVISOR = "supervisor"


@dataclass(frozen=True, slots=True)
class Visit:
    """One person before the terminal. `missed` is how it ends when nothing better comes."""

    began_s: float = 0.0
    kind: Kind | None = None
    typed: tuple[str, ...] = ()
    digits: str = ""
    people: tuple[Named, ...] = ()
    manner: Manner = USUAL
    dice: int = 0
    tried: tuple[Rung, ...] = ()
    attempts: int = 0  # on this rung
    pictures: int = 0
    missed: PoorImage | NoMatch | None = None
    facing: Facing | None = None
    supervisor_digits: str = ""
    supervisor: Hit | None = None
    subject: Named | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """Where the terminal stands; its state's time is over at `until_s`.

    `served`: whose face was last recognised without digits, and when it was last seen: it must leave the picture first.
    """

    rules: Rules = field(hash=False)
    able: Able
    state: State
    until_s: float
    visit: Visit
    served: tuple[bytes, float] = (b"", 0.0)


Step = tuple[Session, tuple[Action, ...]]


def wants(state: State) -> Want:
    """Which device this state listens to, beside the keys."""
    match state:
        case Place() | SupervisePlace() | IdentifyReady(face=False) | EnrolPlace():
            return Want.FINGER
        case LookAtCamera() | EnrolFace() | IdentifyReady(face=True):
            return Want.FACE
    return Want.NOTHING


def resting(state: State) -> bool:
    """Nobody is being served."""
    return isinstance(state, Idle | IdentifyReady | OutOfService | Done | Located | Locked | EnrolDone)


def seconds(state: State, rules: Rules, manner: Manner = USUAL) -> float:
    """How long a state lasts when nothing happens."""
    match state:
        case Idle() | IdentifyReady() | OutOfService():
            return REST_S
        case Working():
            return WORK_S
        case Asking():
            return ASK_S
        case Located(shown_s):
            return shown_s
        case Technician():
            return rules.technician_timeout_s
        case EnrolPlace() | EnrolFace():
            return 2 * rules.finger_timeout_s
        case ChooseKind() | Typing() | Pin():
            usual = rules.digits_timeout_s
        case Place():
            usual = rules.finger_timeout_s
        case LookAtCamera():
            usual = rules.face_timeout_s
        case SuperviseTyping() | SupervisePlace() | SuperviseWho() | SuperviseReason():
            usual = rules.supervise_timeout_s
        case Done() | Locked() | EnrolDone():
            usual = rules.done_s
        case _:
            assert_never(state)
    return usual * manner.patience


def go(session: Session, state: State, at_s: float, *actions: Action, visit: Visit | None = None) -> Step:
    """Into a state, for as long as it lasts."""
    visit = visit or session.visit
    until_s = at_s + seconds(state, session.rules, visit.manner)
    return replace(session, state=state, until_s=until_s, visit=visit), actions


def rest(session: Session, at_s: float) -> Step:
    """Back to what is shown when nobody is here; the visit is forgotten."""
    able, rules = session.able, session.rules
    finger, face = rules.identify and able.finger and able.search, rules.identify_face and able.face and able.search
    ready = finger or face
    state: State
    if not (able.finger or able.face):
        state = OutOfService(Fault.SENSOR)
    elif not (able.keypad or ready):
        state = OutOfService(Fault.KEYPAD)
    elif not able.disk:
        state = OutOfService(Fault.STORAGE)
    else:
        state = IdentifyReady(face and not finger, able.dirty) if ready else Idle(able.dirty)
    return go(session, state, at_s, visit=Visit())


def end(session: Session, outcome: Outcome, at_s: float) -> Step:
    """The visit is over and forgotten; one failure is counted when somebody was compared and not recognised."""
    visit = session.visit
    failed = isinstance(visit.missed, NoMatch) and not isinstance(outcome, Accepted | Noted | NotRecorded)
    counted = (Fail(visit.digits),) if failed else ()
    ended, actions = go(session, _ending(outcome), at_s, *counted, End(outcome))
    until_s = at_s + seconds(Done(outcome), session.rules, visit.manner)  # what rests has another limit
    return replace(ended, visit=Visit(), until_s=until_s), actions


def _ending(outcome: Outcome) -> State:
    match outcome:
        case LockedOut(wait_s):
            return Locked(wait_s)
        case SensorGone():
            return OutOfService(Fault.SENSOR)
    return Done(outcome)


def choice(of: tuple[T, ...], key: str) -> T | None:
    """What the keys 1, 2, … choose."""
    return of[int(key) - 1] if len(key) == 1 and key in "123456789"[: len(of)] else None
