"""What every driver has in common: the Readings it hands over, the features it declares, the contract it keeps.

A driver tells apart what the *person* must do (Retry, a value), what the *machine* lost (DeviceGone, reopen) and what
it garbled (ProtocolError, try the next reading).
"""

from dataclasses import dataclass
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


class Feature(Flag):
    """What a device can do."""

    IMAGE = auto()  # read() hands over Scans
    RECOGNITION = auto()  # read() hands over Recognitions: the device matched by itself
    KEYPAD = auto()  # also a Keypad


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """A picture: uint8 (rows, columns), ridges of a finger dark; `dpi` pixels an inch (0: not known, as for a face)."""

    image: "NDArray[np.uint8]"
    dpi: float
    modality: Modality


@dataclass(frozen=True, slots=True)
class Recognition:
    """The device's own word for who it was: the badge number enrolled on it, and how it knew."""

    badge: str
    means: Means


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


@runtime_checkable
class Keypad(Protocol):
    """Where people type. Keys are "0" to "9", ENTER, CLEAR, or whatever else is printed on them."""

    def read_key(self, timeout_s: float) -> str | None:
        """The next key pressed, or None when none came in time. Raises DeviceGone."""
        ...


ENTER = "enter"
CLEAR = "clear"
