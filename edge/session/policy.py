"""How the terminal behaves towards a person. Pure: values in, decisions out.

The kind of a punch, when the person names none: the first of a work date is IN, every later one OUT. The day is read
as first IN and last OUT (S14), so coming back from lunch does no harm as another OUT, while taking turns between IN
and OUT would turn everything round after one forgotten punch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from drivers.base import Advice
from sync.record import ClockSource, Flag, Instant, Kind

DIGITS = 6
MAX_KEYS = 16
NEAR_FMR = 1e-2
QUEUE_CAP_S = 60.0
_DAY_MS = 86_400_000
INDIA_OFFSET_MS = 19_800_000  # UTC+05:30, one zone, no summer time


@dataclass(frozen=True, slots=True)
class Lock:
    """After so many failures with the same digits each further one locks them for twice as long."""

    failures: int = 5
    first_s: float = 30
    most_s: float = 900
    forget_s: float = 3600


@dataclass(frozen=True, slots=True)
class Silence:
    """With `people` or more expected, no punch by `by_min` (minutes after local midnight) is news (S1); None: never.

    `days`: the weekdays on which people are expected, 1 Monday to 7 Sunday.
    """

    by_min: int | None = None
    people: int = 10
    days: frozenset[int] = frozenset(range(1, 7))


KIND_KEYS: Mapping[str, Kind] = {kind.name.lower(): kind for kind in Kind}
"""Keys that say what the person is doing, by the names the keypads' drivers give them."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Times in seconds.

    `captures` is how often one finger may be placed before another way is tried (S1). `done_s` is how long the end of
    a session stays on the screen, unless somebody presses a key before. `more_time` is by how much everything is
    longer for who needs it (S16). `refuse_step_s`: a refusal shows at a multiple of it after the touch, so that how
    long it took says nothing about whose digits they are.
    `identify`: fingers are known without digits; `identify_face`: faces are. `turns` of the head that prove a face
    alive; 0: none is asked for.
    `out_from_min`: minutes after local midnight from which the first punch of a day is OUT; None: it is always IN.
    """

    debounce_s: int = 60
    captures: int = 3
    digits_timeout_s: float = 15
    finger_timeout_s: float = 15
    face_timeout_s: float = 15
    supervise_timeout_s: float = 20
    technician_timeout_s: float = 60
    done_s: float = 2.0
    more_time: float = 3.0
    refuse_step_s: float = 0.5
    zone_offset_ms: int = INDIA_OFFSET_MS
    out_from_min: int | None = None
    identify: bool = False
    identify_face: bool = False
    turns: int = 2
    lock: Lock = Lock()
    silence: Silence = Silence()
    kind_keys: Mapping[str, Kind] = field(default_factory=lambda: KIND_KEYS)
    menu_keys: frozenset[str] = frozenset({"*", "menu"})  # and ENTER, as the first key


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


def digits(keys: Sequence[str]) -> str | None:
    """The six digits typed, or None for anything else: five, seven, letters (R1.1). Leading zeros are digits."""
    typed = "".join(keys)
    if len(keys) == DIGITS and len(typed) == DIGITS and typed.isascii() and typed.isdigit():
        return typed
    return None


def kind_and_flags(rules: Rules, last: Last | None, now: Instant, chosen: Kind | None = None) -> tuple[Kind, Flag]:
    """What a punch at `now` is, given the last one that counted and the kind the person chose, if any.

    Within the debounce time it is kept, flagged, and of the same kind again: a double tap is no departure (S14).
    Another kind chosen by key within that time is meant, and counts. Back from a movement out is a movement in (R1.16).
    """
    flags = Flag.CLOCK_UNTRUSTED if now.source is ClockSource.UNKNOWN else Flag.NONE
    if last and chosen in (None, last.kind) and 0 <= elapsed_ms(last.instant, now) < rules.debounce_s * 1000:
        return last.kind, flags | Flag.DUPLICATE
    return chosen or _usual_kind(rules, last, now), flags


def _usual_kind(rules: Rules, last: Last | None, now: Instant) -> Kind:
    if last and work_day(rules, last.instant) == work_day(rules, now):
        return Kind.MOVEMENT_IN if last.kind is Kind.MOVEMENT_OUT else Kind.OUT
    known = now.source is not ClockSource.UNKNOWN
    late = known and rules.out_from_min is not None and minute_of_day(rules, now) >= rules.out_from_min
    return Kind.OUT if late else Kind.IN


def since_first_key(now: Instant, waited_s: float) -> Instant:
    """The instant of a punch: when its first key was pressed, `waited_s` ago, but at most a minute (a queue)."""
    back_ms = min(round(1000 * max(0.0, min(waited_s, QUEUE_CAP_S))), now.since_boot_ms)
    return replace(now, since_boot_ms=now.since_boot_ms - back_ms)


def lock_s(lock: Lock, failures: int) -> float:
    """For how long digits are locked after that many failures in a row; 0: not at all."""
    beyond = failures - lock.failures
    return 0.0 if beyond < 0 else min(lock.most_s, lock.first_s * 2.0 ** min(beyond, 32))


def silent(rules: Rules, now: Instant, last: Instant | None, people: int) -> bool:
    """Whether people should have punched today by now and nobody did: the machine may be online and of no use (S1).

    Never of a clock that nobody vouches for.
    """
    quiet = rules.silence
    if quiet.by_min is None or people < quiet.people or now.source is ClockSource.UNKNOWN:
        return False
    expected = weekday(rules, now) in quiet.days and minute_of_day(rules, now) >= quiet.by_min
    return expected and (last is None or work_day(rules, last) != work_day(rules, now))


def elapsed_ms(earlier: Instant, later: Instant) -> int:
    """Time between two instants: by the clock nobody can set while the boot lasts, else by the wall (S10)."""
    if earlier.boot_no == later.boot_no:
        return later.since_boot_ms - earlier.since_boot_ms
    return later.wall_ms - earlier.wall_ms


def work_day(rules: Rules, instant: Instant) -> int:
    """The local date of an instant as a count of days since 1970-01-01."""
    return (instant.wall_ms + rules.zone_offset_ms) // _DAY_MS


def minute_of_day(rules: Rules, instant: Instant) -> int:
    """Minutes since local midnight."""
    return (instant.wall_ms + rules.zone_offset_ms) % _DAY_MS // 60_000


def weekday(rules: Rules, instant: Instant) -> int:
    """1 Monday to 7 Sunday; day 0 was a Thursday."""
    return (work_day(rules, instant) + 3) % 7 + 1


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


def near_miss(score: float, near: float) -> bool:
    """A near miss may be the right finger badly laid; a clear miss is somebody else, and trying on helps only them.

    `near` is the score that one stranger in a hundred reaches (matching.threshold at NEAR_FMR).
    """
    return score >= near
