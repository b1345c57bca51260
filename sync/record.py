"""The entries of a terminal's log, and the canonical bytes of each that the hash chain covers. No I/O.

What must stay true here: `parse_record(record_body(r)) == r` for every valid record; parse_record raises WireError,
and nothing else, on any other bytes; a change of any byte of the output is a change of sync.cbor.VERSION.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, IntFlag

from sync import WireError
from sync.cbor import MAX_INT, array, decode, encode, enum, integer, octets

LOG_BYTES = 8
PERSON_BYTES = 8
HEAD_BYTES = 32
SIGNATURE_BYTES = 64
MAX_SCORE = 1000


class RecordType(IntEnum):
    PUNCH = 1
    EVENT = 2


class Kind(IntEnum):
    """What the person was doing (CBSE movement register, R1.16; on duty, R4.6)."""

    IN = 1
    OUT = 2
    MOVEMENT_OUT = 3
    MOVEMENT_IN = 4
    ON_DUTY = 5


class Means(IntEnum):
    """How the person was recognised (R4.5: finger and face are peers in one log)."""

    FINGER = 1
    FACE = 2
    SUPERVISED = 3
    CARD = 4
    PASSWORD = 5


class SourceClass(IntEnum):
    """Which kind of machine vouches for the punch (R2.8, R6.2)."""

    AADHAAR_TERMINAL = 1
    LEGACY_TERMINAL = 2
    SUPERVISED = 3
    IMPORTED = 4


class Flag(IntFlag):
    """Remarks the terminal makes on a punch that it keeps all the same."""

    NONE = 0
    DUPLICATE = 1  # the same person within the debounce time (S14)
    CLOCK_UNTRUSTED = 2  # shown time was not trusted when the light turned green (S2)


class ClockSource(IntEnum):
    """Who last told this clock the time."""

    UNKNOWN = 0
    RTC = 1
    NTP = 2
    SERVER = 3


class EventCode(IntEnum):
    """What else a log records, in the same chain as the punches."""

    BOOT = 1
    CLOCK_STEP = 2
    ENROLMENT = 3
    ADMIN = 4
    STORAGE = 5
    TAMPER = 6
    FITNESS = 7
    IDENTICAL_PROBE = 8
    UNKNOWN_BADGE = 9  # an old machine knew somebody whom nobody has named here yet (R6.2)
    TIME_ANCHOR = 10  # the server's signed word on the time (sync.anchor)
    ORDER_DONE = 11  # what became of an order of the server's (sync.orders)
    REJECTED = 12  # the one person who has the digits that were typed did not match (R2.6)


@dataclass(frozen=True, slots=True)
class Instant:
    """When, as honestly as the terminal can say it.

    `boot_no` counts the boots of this log (the boot's own id is in its BOOT event); `since_boot_ms` is
    CLOCK_BOOTTIME, which no clock setting moves; `wall_offset_ms` is shown Unix time minus since_boot, so it stays the
    same until somebody touches the clock; `error_bound_ms` is None where nothing is known about the shown time.
    """

    boot_no: int
    since_boot_ms: int
    wall_offset_ms: int
    source: ClockSource
    error_bound_ms: int | None

    @property
    def wall_ms(self) -> int:
        """Unix time in milliseconds as the terminal showed it."""
        return self.since_boot_ms + self.wall_offset_ms


@dataclass(frozen=True, slots=True)
class Punch:
    """One accepted marking event. `person` is an opaque reference, never digits; `score` is in thousandths (0–1000)."""

    person: bytes
    kind: Kind
    means: Means
    score: int
    source_class: SourceClass
    flags: Flag
    instant: Instant


@dataclass(frozen=True, slots=True)
class Event:
    """Anything else the log remembers. `detail` maps short names to ints, text or bytes."""

    code: EventCode
    detail: Mapping[str, int | str | bytes]
    instant: Instant


Record = Punch | Event


def record_body(record: Record) -> bytes:
    """The canonical bytes of a record: what the chain hashes and the server rebuilds."""
    i = record.instant
    time = [i.boot_no, i.since_boot_ms, i.wall_offset_ms, int(i.source), i.error_bound_ms]
    if isinstance(record, Punch):
        p = record
        return encode(
            [
                int(RecordType.PUNCH),
                time,
                p.person,
                int(p.kind),
                int(p.means),
                p.score,
                int(p.source_class),
                int(p.flags),
            ]
        )
    return encode([int(RecordType.EVENT), time, int(record.code), dict(record.detail)])


def parse_record(body: bytes) -> Record:
    """Read one canonical record body. Raises WireError."""
    fields = array(decode(body, what="record"), "record", range(4, 9))
    boot_no, since, offset, source, bound = array(fields[1], "record time", range(5, 6))
    instant = make_instant(boot_no, since, offset, source, bound)
    kind = enum(RecordType, fields[0], "record type")
    if kind is RecordType.PUNCH and len(fields) == 8:
        return make_punch(fields[2], *fields[3:], instant=instant)
    if kind is RecordType.EVENT and len(fields) == 4:
        return Event(enum(EventCode, fields[2], "event code"), event_detail(fields[3]), instant)
    raise WireError(f"record: {kind.name.lower()} with {len(fields)} fields")


def make_punch(
    person: object, kind: object, means: object, score: object, source: object, flags: object, *, instant: Instant
) -> Punch:
    return Punch(
        person=octets(person, "person", PERSON_BYTES),
        kind=enum(Kind, kind, "kind"),
        means=enum(Means, means, "means"),
        score=integer(score, "score", 0, MAX_SCORE),
        source_class=enum(SourceClass, source, "source class"),
        flags=Flag(integer(flags, "flags", 0, int(Flag.DUPLICATE | Flag.CLOCK_UNTRUSTED))),
        instant=instant,
    )


def make_instant(boot_no: object, since: object, offset: object, source: object, bound: object) -> Instant:
    return Instant(
        boot_no=integer(boot_no, "boot number", 0),
        since_boot_ms=integer(since, "time since boot", 0),
        wall_offset_ms=integer(offset, "wall offset", -MAX_INT),
        source=enum(ClockSource, source, "clock source"),
        error_bound_ms=None if bound is None else integer(bound, "error bound", 0),
    )


def event_detail(value: object) -> dict[str, int | str | bytes]:
    if not isinstance(value, dict) or len(value) > 16:
        raise WireError("event detail: not a map of at most 16 entries")
    for key, item in value.items():
        if not isinstance(key, str) or len(key) > 32:
            raise WireError("event detail: a name that is not a text of at most 32 characters")
        if isinstance(item, bool) or not isinstance(item, int | str | bytes):
            raise WireError(f"event detail: {key!r} is neither a number, a text nor bytes")
        if isinstance(item, str | bytes) and len(item) > 512:
            raise WireError(f"event detail: {key!r} is longer than 512")
    return value
