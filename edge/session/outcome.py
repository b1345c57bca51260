"""How a session at the terminal can end. Each has its own name, colour and words."""

from dataclasses import dataclass, field
from typing import assert_never

from drivers.base import Advice
from sync.record import Flag, Punch


@dataclass(frozen=True, slots=True)
class Accepted:
    """Green: recorded as `seq`, `touch_to_green_ms` after the finger's picture was taken.

    `code`: its receipt code (sync.code). `photo`: the person's, as JPEG, for the screen alone.
    """

    punch: Punch
    seq: int
    name: str
    touch_to_green_ms: float
    code: str = ""
    photo: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class WrongDigits:
    """Not six digits; the sensor was never lit (R1.1)."""


@dataclass(frozen=True, slots=True)
class PoorImage:
    """No picture good enough to compare; what to do about it."""

    advice: Advice


@dataclass(frozen=True, slots=True)
class NoMatch:
    """Not recognised. The same for digits that nobody has, for people not enrolled, and for somebody else's finger."""


@dataclass(frozen=True, slots=True)
class TooClose:
    """Two people with these digits look too much alike in it (S5)."""


@dataclass(frozen=True, slots=True)
class NotRecorded:
    """Recognised, but the disk refused: nothing was recorded (S13)."""


@dataclass(frozen=True, slots=True)
class Noted:
    """A supervisor vouched for digits that nobody here has: an event `seq`, no punch; the office decides (S6)."""

    seq: int


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Somebody of another state: this terminal is not for them (R1.12)."""


@dataclass(frozen=True, slots=True)
class NotSupervised:
    """Whoever was to vouch was not recognised, or is no supervisor."""


@dataclass(frozen=True, slots=True)
class LockedOut:
    """Too many failures with these digits, whether anybody has them or not: wait so many seconds."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Cleared:
    """The person took back what was typed."""


@dataclass(frozen=True, slots=True)
class Abandoned:
    """The person left before it was done."""


@dataclass(frozen=True, slots=True)
class SensorGone:
    """What the person was to be recognised with was pulled out or fails, and no other way is left."""


Outcome = (
    Accepted
    | WrongDigits
    | PoorImage
    | NoMatch
    | TooClose
    | NotRecorded
    | Noted
    | Elsewhere
    | NotSupervised
    | LockedOut
    | Cleared
    | Abandoned
    | SensorGone
)


def name(outcome: Outcome) -> str:
    """The outcome's name in events and logs."""
    match outcome:
        case Accepted():
            return "accepted"
        case WrongDigits():
            return "wrong_digits"
        case PoorImage():
            return "poor_image"
        case NoMatch():
            return "no_match"
        case TooClose():
            return "too_close"
        case NotRecorded():
            return "not_recorded"
        case Noted():
            return "noted"
        case Elsewhere():
            return "elsewhere"
        case NotSupervised():
            return "not_supervised"
        case LockedOut():
            return "locked_out"
        case Cleared():
            return "cleared"
        case Abandoned():
            return "abandoned"
        case SensorGone():
            return "sensor_gone"
    assert_never(outcome)


def event(outcome: Outcome) -> dict[str, object]:
    """The outcome for programs that watch: people by their opaque reference only, no digits, no names."""
    fields: dict[str, object] = {"event": "outcome", "outcome": name(outcome)}
    if isinstance(outcome, Accepted):
        punch = outcome.punch
        fields |= {
            "seq": outcome.seq,
            "person": punch.person.hex(),
            "kind": punch.kind.name.lower(),
            "means": punch.means.name.lower(),
            "duplicate": Flag.DUPLICATE in punch.flags,
            "clock_trusted": Flag.CLOCK_UNTRUSTED not in punch.flags,
            "wall_ms": punch.instant.wall_ms,
            "touch_to_green_ms": round(outcome.touch_to_green_ms, 1),
        }
    elif isinstance(outcome, Noted):
        fields["seq"] = outcome.seq
    elif isinstance(outcome, LockedOut):
        fields["wait_s"] = outcome.seconds
    elif isinstance(outcome, PoorImage):
        fields["advice"] = str(outcome.advice)
    return fields
