"""How the terminal behaves towards a person. Pure: values in, decisions out.

The kind of a punch, when the person names none: the first of a work date is IN, every later one OUT. The day is read
as first IN and last OUT (S14), so coming back from lunch does no harm as another OUT, while taking turns between IN
and OUT would turn everything round after one forgotten punch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from drivers.base import Advice
from sync.record import ClockSource, Flag, Instant, Kind

DIGITS = 6
MAX_KEYS = 16
_DAY_MS = 86_400_000
INDIA_OFFSET_MS = 19_800_000  # UTC+05:30, one zone, no summer time


@dataclass(frozen=True, slots=True)
class Rules:
    """Times in seconds. `captures` is how often a finger may be placed in one session (S1).

    `done_s` is how long the end of a session stays on the screen, unless somebody presses a key before.
    """

    debounce_s: int = 60
    captures: int = 3
    digits_timeout_s: int = 15
    finger_timeout_s: int = 15
    zone_offset_ms: int = INDIA_OFFSET_MS
    done_s: float = 2.0


@dataclass(frozen=True, slots=True)
class Last:
    """The last punch of a person that counted: when, and of which kind."""

    instant: Instant
    kind: Kind


@dataclass(frozen=True, slots=True)
class View:
    """What is worth knowing of a picture before it is compared.

    `advice` when it is too poor to compare; how many `minutiae` it shows, on how much of the finger (mm²).
    """

    advice: Advice | None
    minutiae: int
    area_mm2: float


class Next(StrEnum):
    """What follows a comparison that was not a match."""

    TRY_AGAIN = "try_again"
    END = "end"


def digits(keys: Sequence[str]) -> str | None:
    """The six digits typed, or None for anything else: five, seven, letters (R1.1). Leading zeros are digits."""
    typed = "".join(keys)
    if len(keys) == DIGITS and len(typed) == DIGITS and typed.isascii() and typed.isdigit():
        return typed
    return None


def kind_and_flags(rules: Rules, last: Last | None, now: Instant) -> tuple[Kind, Flag]:
    """What a punch at `now` is, given the last one that counted.

    Within the debounce time it is kept, flagged, and of the same kind again: a double tap is no departure (S14).
    """
    flags = Flag.CLOCK_UNTRUSTED if now.source is ClockSource.UNKNOWN else Flag.NONE
    if last is None:
        return Kind.IN, flags
    if 0 <= elapsed_ms(last.instant, now) < rules.debounce_s * 1000:
        return last.kind, flags | Flag.DUPLICATE
    same_day = work_day(rules, last.instant) == work_day(rules, now)
    return (Kind.OUT if same_day else Kind.IN), flags


def elapsed_ms(earlier: Instant, later: Instant) -> int:
    """Time between two instants: by the clock nobody can set while the boot lasts, else by the wall (S10)."""
    if earlier.boot_no == later.boot_no:
        return later.since_boot_ms - earlier.since_boot_ms
    return later.wall_ms - earlier.wall_ms


def work_day(rules: Rules, instant: Instant) -> int:
    """The local date of an instant as a count of days since 1970-01-01."""
    return (instant.wall_ms + rules.zone_offset_ms) // _DAY_MS


MINUTIAE_TO_ENROL = 20
AREA_TO_ENROL_MM2 = 90.0


def advice(view: View, *, enrolling: bool = False) -> Advice | None:
    """What the person should do before this finger is compared; None when the picture will do (S1).

    To enrol, a picture must be better than to punch: it is compared against for years.
    """
    if view.advice or not enrolling:
        return view.advice
    if view.area_mm2 < AREA_TO_ENROL_MM2:
        return Advice.PLACE_FLAT
    return Advice.PLACE_AGAIN if view.minutiae < MINUTIAE_TO_ENROL else None


def after_no_match(score: float, threshold: float) -> Next:
    """A near miss may be the right finger badly laid; a clear miss is somebody else, and trying on helps only them."""
    return Next.TRY_AGAIN if score >= threshold / 2 else Next.END
