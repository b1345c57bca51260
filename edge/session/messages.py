"""What the session is told, and what it wants done: the two sides of edge.session.step.step. Values only.

Nothing here holds a picture: the picture last taken stays with whoever carries the actions out.
"""

from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from drivers.base import Advice
from edge.people.facing import Seen
from edge.session.outcome import Accepted, Noted, NotRecorded, Outcome
from edge.session.states import Page, Reason
from sync.record import Kind, Means


@dataclass(frozen=True, slots=True)
class Manner:
    """How somebody is served (S16): all times are multiplied by `patience`; the face comes first; words aloud."""

    patience: float = 1.0
    face_first: bool = False
    spoken: bool = False


USUAL = Manner()


@dataclass(frozen=True, slots=True)
class Able:
    """What the terminal can do just now.

    `vouched`: somebody on the roster may vouch for others. `search`: everybody is ready to be searched without digits,
    and a sensor here gives the pictures for it. `online`: the server can be asked for somebody. `dirty`: the bare glass
    of a sensor was seen to be.
    """

    finger: bool = True
    face: bool = False
    keypad: bool = True
    disk: bool = True
    vouched: bool = False
    search: bool = True
    online: bool = False
    dirty: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody the digits may mean; the name is for the supervisor's eyes."""

    person: bytes
    name: str


# ---- what the session is told


@dataclass(frozen=True, slots=True)
class Key:
    key: str


@dataclass(frozen=True, slots=True)
class TimeUp:
    """The state's time is over."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What the terminal can do has changed."""

    able: Able


@dataclass(frozen=True, slots=True)
class Touched:
    """The sensor took a picture."""


@dataclass(frozen=True, slots=True)
class Advised:
    """The sensor took none worth looking at, and says what the person should do."""

    advice: Advice


@dataclass(frozen=True, slots=True)
class Faced:
    """One frame of the camera, judged."""

    seen: Seen


@dataclass(frozen=True, slots=True)
class Found:
    """Answers Find, and Ask where that is over.

    `wait_s`: so long these digits are locked, 0: not. `dice`: a random number, for the challenge.
    """

    people: tuple[Named, ...]
    manner: Manner
    wait_s: float
    dice: int


@dataclass(frozen=True, slots=True)
class OfAnotherState:
    """Answers Ask: whoever has the digits is at home in another state (R1.12)."""


class Miss(Enum):
    """Why a finger was not recognised."""

    NEAR = auto()  # perhaps badly laid: the same finger may try again
    CLEAR = auto()  # somebody else's
    TOO_CLOSE = auto()  # two people cannot be told apart (S5)


@dataclass(frozen=True, slots=True)
class Hit:
    """It is `person`, with `score` (0 to 1)."""

    person: bytes
    score: float
    supervisor: bool


@dataclass(frozen=True, slots=True)
class Compared:
    """Answers Compare and Identify; advice when the picture was too poor to compare."""

    result: Hit | Miss | Advice


@dataclass(frozen=True, slots=True)
class Recorded:
    """Answers Record and Note."""

    outcome: Accepted | Noted | NotRecorded


@dataclass(frozen=True, slots=True)
class PinTried:
    """Answers TryPin. `wait_s`: so long no PIN is tried at all."""

    right: bool
    wait_s: float


@dataclass(frozen=True, slots=True)
class Opened:
    """Answers Open."""

    facts: tuple[tuple[str, str], ...]


Event = (
    Key
    | TimeUp
    | Changed
    | Touched
    | Advised
    | Faced
    | Found
    | OfAnotherState
    | Compared
    | Recorded
    | PinTried
    | Opened
)


# ---- what the session wants done


class Want(StrEnum):
    """Which device a state listens to, beside the keys."""

    NOTHING = "nothing"
    FINGER = "finger"
    FACE = "face"


@dataclass(frozen=True, slots=True)
class Find:
    """Who has these digits, how are they served, and are they locked? Empty digits: who comes without any."""

    digits: str


@dataclass(frozen=True, slots=True)
class Ask:
    """The server, who has these digits; answered when it is known, or not at all."""

    digits: str


@dataclass(frozen=True, slots=True)
class Compare:
    """The picture last taken with everybody who has these digits."""

    digits: str


@dataclass(frozen=True, slots=True)
class Identify:
    """The picture last taken with everybody."""


@dataclass(frozen=True, slots=True)
class Vouched:
    """Who vouches, and why."""

    supervisor: bytes
    reason: Reason


@dataclass(frozen=True, slots=True)
class Record:
    """Commit a punch that began at `began_s`; `kind` when it was chosen by key."""

    person: bytes
    means: Means
    score: float
    kind: Kind | None
    began_s: float
    digits: str
    vouched: Vouched | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """Commit that somebody vouched for digits nobody here has (S6)."""

    digits: str
    kind: Kind | None
    began_s: float
    vouched: Vouched


@dataclass(frozen=True, slots=True)
class Fail:
    """Count a failure with these digits."""

    digits: str


@dataclass(frozen=True, slots=True)
class TryPin:
    pin: str


@dataclass(frozen=True, slots=True)
class Open:
    """Collect what is on one of the technician's pages."""

    page: Page


@dataclass(frozen=True, slots=True)
class End:
    """The session is over, and this is how."""

    outcome: Outcome


Action = Find | Ask | Compare | Identify | Record | Note | Fail | TryPin | Open | End
