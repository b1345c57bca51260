"""What every driver has in common: the Readings it hands over, the features it declares, the contract it keeps.

A driver tells apart what the *person* must do (Retry, a value), what the *machine* lost (DeviceGone, reopen) and what
it garbled (ProtocolError, try the next reading).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Flag, StrEnum, auto
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Modality(StrEnum):
    """What part of a person was read."""

    FINGER = "finger"
    FACE = "face"


class Means(StrEnum):
    """How a device that recognises people by itself did so."""

    FINGER = "finger"
    FACE = "face"
    CARD = "card"
    PASSWORD = "password"  # noqa: S105 - a means, not a secret


class Advice(StrEnum):
    """What the person should do for a better picture (S1). The words for it are the screen's."""

    PLACE_AGAIN = "place_again"
    PLACE_FLAT = "place_flat"
    MOVE_TO_MIDDLE = "move_to_middle"
    PRESS_HARDER = "press_harder"
    PRESS_SOFTER = "press_softer"
    WIPE = "wipe"
    LIFT = "lift"
    OTHER_FINGER = "other_finger"
    NO_FACE = "no_face"
    ONE_AT_A_TIME = "one_at_a_time"
    COME_CLOSER = "come_closer"
    STEP_BACK = "step_back"
    WHOLE_FACE = "whole_face"
    LOOK_HERE = "look_here"
    MORE_LIGHT = "more_light"
    LESS_LIGHT = "less_light"
    BACKLIGHT = "backlight"
    HOLD_STILL = "hold_still"


class Feature(Flag):
    """What a device can do."""

    IMAGE = auto()  # read() hands over Scans
    RECOGNITION = auto()  # read() hands over Recognitions: the device matched by itself
    KEYPAD = auto()  # also a Keypad
    STREAM = auto()  # a camera: each read() hands over the newest picture, without a touch in between
    MATCH = auto()  # also a Matcher: it compares the device's own templates, one touch against a few
    SEALED = auto()  # read() hands over nothing: what it takes is sealed for somebody else, and has a method of its own


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """A picture, uint8. A finger: (rows, columns), ridges dark, `dpi` pixels an inch (0: not known).

    A face: (rows, columns, 3) in the order blue, green, red; its dpi is 0.
    """

    image: "NDArray[np.uint8]"
    dpi: float
    modality: Modality


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a device that keeps its own log says of when it was.

    `wall_ms`: the device's clock, already turned into milliseconds since 1970 UTC by its configured zone.
    `offset_ms`: how far that clock was ahead of ours when last compared, None when it never was.
    `device` and `cursor` name the entry of the device's log, so that it is taken once: same pair, same entry.
    """

    wall_ms: int
    offset_ms: int | None
    device: str
    cursor: str


@dataclass(frozen=True, slots=True)
class Recognition:
    """The device's own word for who it was: the badge number enrolled on it, and how it knew.

    `kind` is the device's own word for what the person did ("in", "out", …), empty when it does not say. `stamp` is
    None when it happened just now.
    """

    badge: str
    means: Means
    kind: str = ""
    stamp: Stamp | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """Nothing usable; the person can mend it."""

    advice: Advice


Reading = Scan | Recognition | Retry


class Driver(Protocol):
    """One device. open → read … read → close; open again after close is allowed, close twice does nothing.

    Used by one thread at a time, except close, which any thread may call to end a read.
    """

    @property
    def features(self) -> Feature:
        """What this device can do; the same before and after open."""
        ...

    def open(self) -> None:
        """Find the device and make it ready. Raises DeviceGone when it is not there."""
        ...

    def close(self) -> None:
        """Let it go, light out. Never raises."""
        ...

    def read(self, timeout_s: float) -> Reading | None:
        """Light the sensor and wait for one reading; None when nothing came in time.

        One touch gives one reading: a finger that stays on the glass is not read twice (S11).
        Raises DeviceGone or ProtocolError.
        """
        ...


@dataclass(frozen=True, slots=True)
class Info:
    """What a device says of itself, for the technician: no serial number of a person, no picture.

    `details` are figures and words worth showing, under the names its README row explains.
    """

    model: str
    firmware: str = ""
    serial: str = ""
    details: Mapping[str, str | int | float] = field(default_factory=dict)


@runtime_checkable
class Informed(Protocol):
    """A device that can say what it is. Every driver but the simplest is one."""

    def info(self) -> Info:
        """Asked of the open device. Raises DeviceGone or ProtocolError."""
        ...


@runtime_checkable
class Acknowledged(Protocol):
    """A driver whose device keeps a log: an entry is handed over again and again until it was taken.

    Nothing is taken off the device, and its cursor does not move, before `taken` says that the reading is on disk.
    """

    def taken(self, reading: Recognition) -> None:
        """This reading is committed. Raises DeviceGone, ProtocolError."""
        ...


@runtime_checkable
class Watchful(Protocol):
    """A device whose going can be seen without reading it."""

    def check(self) -> None:
        """Asked now and then while nobody wants a reading; takes no time. Raises DeviceGone."""
        ...


@runtime_checkable
class Bare(Protocol):
    """A finger sensor that can take a picture of its glass with nobody on it: for the daily self-test (S11)."""

    def bare(self) -> Scan | None:
        """The glass as it is now, in at most some seconds; None while a finger lies on it.

        It is no reading: nobody is recognised by it, nor does it end a touch. Raises DeviceGone, ProtocolError.
        """
        ...


@runtime_checkable
class Settling(Protocol):
    """A device that does not say when a finger leaves, and takes long to look.

    Who has time between two readings has it look, so that the next touch counts at once.
    """

    def settle(self) -> bool:
        """Whether the glass is known to be empty, after one more look if need be. Raises DeviceGone, ProtocolError."""
        ...


@dataclass(frozen=True, slots=True)
class DeviceTemplate:
    """A template in the device's own secret format; of use to devices of the same `family` alone."""

    family: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Matched:
    """What the device found: scores in its own unit, one a candidate, in their order; None where it refused one.

    `template` is the touch itself, None when the device does not hand it over.
    """

    scores: tuple[int | None, ...]
    template: DeviceTemplate | None


@runtime_checkable
class Matcher(Protocol):
    """A device that compares by itself (Feature.MATCH), for links too slow for pictures."""

    @property
    def family(self) -> str:
        """Whose templates it understands: module family and version of its algorithm. Known once it is open."""
        ...

    @property
    def threshold(self) -> int:
        """The least score of its own unit that the maker calls a match."""
        ...

    def take(self, timeout_s: float) -> DeviceTemplate | Retry | None:
        """One touch as a template, for enrolment; None when nobody came. Raises DeviceGone or ProtocolError."""
        ...

    def match(self, candidates: Sequence[DeviceTemplate], timeout_s: float) -> Matched | Retry | None:
        """One touch against a few; None when nobody came. Raises DeviceGone or ProtocolError."""
        ...


@runtime_checkable
class Keypad(Protocol):
    """Where people type. Keys are "0" to "9", ENTER, CLEAR, or whatever else is printed on them."""

    def read_key(self, timeout_s: float) -> str | None:
        """The next key pressed, or None when none came in time. Raises DeviceGone."""
        ...


ENTER = "enter"
CLEAR = "clear"
