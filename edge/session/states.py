"""What the terminal can be doing, as the person in front of it sees it. Values only: no words, no pictures.

`edge.session.step` moves from one to the next, `edge.screen.scene` draws them. None holds a digit; a name is in
Done(Accepted) and in SuperviseWho alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from drivers.base import Advice
from edge.session.outcome import Outcome
from sync.record import Kind


class Fault(StrEnum):
    """Why the terminal cannot take a punch now."""

    SENSOR = "sensor"  # neither finger sensor nor camera
    KEYPAD = "keypad"  # nothing to type on
    STORAGE = "storage"  # the disk refuses (S13)


class Ask(StrEnum):
    """What a living face is asked to do; left and right are the person's own. Names as in matching.face.Action."""

    TURN_LEFT = "turn_left"
    TURN_RIGHT = "turn_right"
    CLOSE_EYES = "close_eyes"


class Reason(StrEnum):
    """Why a supervisor vouches for somebody (S1, S6, S16)."""

    WORN = "worn"  # fingers the sensor cannot read
    INJURED = "injured"  # a bandage, a cut
    UNABLE = "unable"  # no finger or face that can be used
    MACHINE = "machine"  # the sensor or the camera fails
    NEW = "new"  # joined or transferred, not enrolled here yet


class Page(StrEnum):
    """What the technician looks at; the key that leads there is its place in this list, from 1."""

    STATUS = "status"
    SELFTEST = "selftest"
    NETWORK = "network"


class Fact(StrEnum):
    """What a technician's page says by a label; other names, those of devices, are shown as they are."""

    SEQ = "seq"
    RECEIPTED = "receipted"
    PEOPLE = "people"
    TEMPLATES = "templates"
    DAMAGED = "damaged"
    BAD_READINGS = "bad_readings"
    FACES = "faces"
    UNRECEIPTED = "unreceipted"
    CLOCK = "clock"
    TRUSTED = "trusted"
    LINK = "link"
    UP = "up"
    REASON = "reason"
    METERED = "metered"
    SIGNAL_PERCENT = "signal_percent"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Idle:
    """Nobody is here. `wipe`: whoever comes should wipe the glass first (S11)."""

    wipe: bool = False


@dataclass(frozen=True, slots=True)
class IdentifyReady:
    """Nobody is here; a finger, or with `face` a face, is known without digits, and digits may be typed as well.

    `wipe` as in Idle.
    """

    face: bool = False
    wipe: bool = False


@dataclass(frozen=True, slots=True)
class ChooseKind:
    """Keys 1, 2, … choose one of `kinds`; 0 is the technician's."""

    kinds: tuple[Kind, ...]


@dataclass(frozen=True, slots=True)
class Typing:
    """So many keys were pressed; which ones is nobody's business. `kind` when one was chosen by key."""

    keys: int
    kind: Kind | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """The sensor is lit and waits for a finger; after a bad picture with advice. `other`: another finger than before.

    `attempt` counts from 1 through the whole session.
    """

    attempt: int
    advice: Advice | None
    other: bool = False


@dataclass(frozen=True, slots=True)
class LookAtCamera:
    """The camera looks for a face; `ask` is what the person is to do now, None: look straight ahead."""

    advice: Advice | None = None
    ask: Ask | None = None


@dataclass(frozen=True, slots=True)
class Working:
    """The finger is being looked at."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Nobody here has the digits: the server is being asked who has them (S6)."""


@dataclass(frozen=True, slots=True)
class Located:
    """Nobody is here, and somebody elsewhere looks for this terminal: it shows itself for so many seconds."""

    seconds: int


@dataclass(frozen=True, slots=True)
class SuperviseTyping:
    """Nothing recognised the person: a supervisor may type their own digits, or CLEAR ends it."""

    keys: int


@dataclass(frozen=True, slots=True)
class SupervisePlace:
    """The supervisor's own finger is wanted."""

    attempt: int
    advice: Advice | None


@dataclass(frozen=True, slots=True)
class SuperviseWho:
    """Several people have the digits first typed: keys 1, 2, … say whom of `names` the supervisor means (S5)."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SuperviseReason:
    """The supervisor is known: keys 1, 2, … say why they vouch. `name`: for whom, empty when nobody has the digits."""

    name: str
    reasons: tuple[Reason, ...] = tuple(Reason)


@dataclass(frozen=True, slots=True)
class Locked:
    """Too many failures: wait so many seconds. Said alike of digits that exist and of those that do not."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Pin:
    """The technician's PIN is being typed; `wrong`: the last one was."""

    keys: int
    wrong: bool = False


@dataclass(frozen=True, slots=True)
class Technician:
    """The technician's pages; `page` None is the menu. `facts`: names as `hazri-edge status` has them, and values."""

    page: Page | None = None
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """A session has ended."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class EnrolPlace:
    """Enrolling: view number `view` of `views` of a finger is due; `finger`: as in edge.people.fingers, 0: not said."""

    view: int
    views: int
    advice: Advice | None
    finger: int = 0


@dataclass(frozen=True, slots=True)
class EnrolFace:
    """Enrolling a face: view number `view` of `views` is due."""

    view: int
    views: int
    advice: Advice | None


@dataclass(frozen=True, slots=True)
class EnrolDone:
    """Enrolling has ended."""

    enrolled: bool


@dataclass(frozen=True, slots=True)
class OutOfService:
    """The terminal cannot take a punch now: use the register."""

    fault: Fault = Fault.SENSOR


State = (
    Idle
    | IdentifyReady
    | ChooseKind
    | Typing
    | Place
    | LookAtCamera
    | Working
    | Asking
    | Located
    | SuperviseTyping
    | SupervisePlace
    | SuperviseWho
    | SuperviseReason
    | Locked
    | Pin
    | Technician
    | Done
    | EnrolPlace
    | EnrolFace
    | EnrolDone
    | OutOfService
)
Show = Callable[[State], None]
