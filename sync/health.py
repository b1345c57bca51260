"""How a terminal is, in about a hundred bytes: link, backlog, clock, roster, certificate, machine and each sensor.

The terminal sends it now and then with QoS 0 (sync.telling); each is whole, so that one that is lost costs nothing but
its hour. No person, no digit and no picture is in it. No I/O.

What must stay true here: `parse_health(health_bytes(h)) == h`; `parse_health` raises WireError, and nothing else, on
any other bytes; `faults` is all that decides whether a change is worth a message of its own.
"""

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Any

from sync import WireError
from sync.cbor import MAX_INT, VERSION, array, encode, enum, integer, message, text
from sync.record import ClockSource

MAX_SENSORS = 32
MAX_NAME = 32  # characters
_COUNTS = 6

# Where a figure becomes a fault; as wide as a technician who is called out would have them.
FREE_STORAGE_MB = 200
USED_STORAGE_PERCENT = 95
WORN_PERCENT = 90
FREE_MEMORY_PERCENT = 5
HOT_C = 80  # from here on a Raspberry Pi slows itself down
CERTIFICATE_DAYS = 14
OLDEST_S = 24 * 3600
DIRTY_SCORE = 50


class LinkKind(IntEnum):
    NONE = 0
    LAN = 1
    WIFI = 2
    GPRS = 3
    OTHER = 4


class Serving(IntEnum):
    """Could somebody punch here just now?"""

    ABSENT = 0  # the terminal process does not run, or hangs
    UNABLE = 1  # it runs; a sensor, the keypad, or the disk is missing
    SERVING = 2


class SensorKind(IntEnum):
    FINGER = 1
    FACE = 2
    KEYPAD = 3
    MACHINE = 4  # an old machine on the local network
    OTHER = 5


class SensorState(IntEnum):
    GONE = 0
    HERE = 1
    LEFT = 2  # hung so often that it is left alone until the process starts anew


class Verdict(IntEnum):
    """What the last self-test found."""

    UNTRIED = 0
    FINE = 1
    DIRTY = 2
    PRINT = 3  # the last finger's print is on the glass
    DEAD_LINES = 4
    GARBLED = 5
    GONE = 6
    SILENT = 7  # no answer in time
    WRONG = 8  # its settings are wrong


class Throttled(IntFlag):
    """A Raspberry Pi's own bits (`vcgencmd get_throttled`): now, and, 16 higher, at some time since it was started."""

    NONE = 0
    UNDER_VOLTAGE = 1
    SLOWED = 2
    THROTTLED = 4
    HOT = 8
    UNDER_VOLTAGE_ONCE = 1 << 16
    SLOWED_ONCE = 2 << 16
    THROTTLED_ONCE = 4 << 16
    HOT_ONCE = 8 << 16


@dataclass(frozen=True, slots=True)
class Counters:
    """What a device did since its process started. `again`: asked of the person; `garbled`: against the protocol."""

    readings: int = 0
    again: int = 0
    garbled: int = 0
    gone: int = 0
    hung: int = 0
    abandoned: int = 0


@dataclass(frozen=True, slots=True)
class Sensor:
    """One device. `score`: of the last self-test; `glass`: how clean its bare glass was seen last; both 0 to 100."""

    name: str
    kind: SensorKind
    state: SensorState
    verdict: Verdict = Verdict.UNTRIED
    score: int | None = None
    glass: int | None = None
    counters: Counters = Counters()

    @property
    def ok(self) -> bool:
        sound = self.verdict in (Verdict.UNTRIED, Verdict.FINE)
        return self.state is SensorState.HERE and sound and (self.glass is None or self.glass >= DIRTY_SCORE)


@dataclass(frozen=True, slots=True)
class Machine:
    """The computer itself. None: it has nothing that would tell.

    `uptime_s` of the machine; `restarts` of the terminal process in this uptime; `storage_*` of the file system that
    holds the punches; `wear_percent`: of the life its flash memory was built for.
    """

    uptime_s: int = 0
    restarts: int = 0
    temperature_c: int | None = None
    throttled: Throttled = Throttled.NONE
    memory_free_percent: int | None = None
    storage_free_mb: int | None = None
    storage_used_percent: int | None = None
    wear_percent: int | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """`oldest_s`: age of the oldest record without a receipt. `clock_offset_ms`: how far the machine's own clock is
    ahead of the server's word. `clock_bound_ms`: how far what is shown may be off. `roster_age_s`: since the server
    last said something of the roster. `certificate_days`: until the transport certificate ends, negative afterwards.
    None: not known.
    """

    software: str
    serving: Serving
    link: LinkKind
    metered: bool = False
    signal_percent: int | None = None
    backlog: int = 0
    oldest_s: int = 0
    clock: ClockSource = ClockSource.UNKNOWN
    clock_offset_ms: int | None = None
    clock_bound_ms: int | None = None
    roster_version: int = 0
    roster_age_s: int | None = None
    certificate_days: int | None = None
    machine: Machine = Machine()
    sensors: tuple[Sensor, ...] = ()

    @property
    def faults(self) -> frozenset[str]:
        """What is not in order, in words for programs: `sensor NAME`, `terminal`, `clock`, `storage` …"""
        m = self.machine
        found = {
            "terminal": self.serving is not Serving.SERVING,
            "clock": self.clock is ClockSource.UNKNOWN,
            "backlog": self.oldest_s >= OLDEST_S,
            "certificate": _below(self.certificate_days, CERTIFICATE_DAYS),
            "heat": not _below(m.temperature_c, HOT_C, unknown=True),
            "power": bool(m.throttled & Throttled.UNDER_VOLTAGE),
            "memory": _below(m.memory_free_percent, FREE_MEMORY_PERCENT),
            "storage": _below(m.storage_free_mb, FREE_STORAGE_MB)
            or not _below(m.storage_used_percent, USED_STORAGE_PERCENT, unknown=True),
            "wear": not _below(m.wear_percent, WORN_PERCENT, unknown=True),
        }
        broken = {f"sensor {sensor.name}" for sensor in self.sensors if not sensor.ok}
        return frozenset({name for name, wrong in found.items() if wrong} | broken)


def _below(figure: int | None, limit: int, *, unknown: bool = False) -> bool:
    return unknown if figure is None else figure < limit


def health_bytes(health: Health) -> bytes:
    h, m = health, health.machine
    return encode(
        [
            VERSION,
            h.software,
            h.serving,
            [h.link, int(h.metered), h.signal_percent],
            [h.backlog, h.oldest_s],
            [h.clock, h.clock_offset_ms, h.clock_bound_ms],
            [h.roster_version, h.roster_age_s],
            h.certificate_days,
            [
                m.uptime_s,
                m.restarts,
                m.temperature_c,
                int(m.throttled),
                m.memory_free_percent,
                m.storage_free_mb,
                m.storage_used_percent,
                m.wear_percent,
            ],
            [_sensor_fields(sensor) for sensor in h.sensors],
        ]
    )


def _sensor_fields(s: Sensor) -> list[Any]:
    c = s.counters
    counts = [c.readings, c.again, c.garbled, c.gone, c.hung, c.abandoned]
    while counts and counts[-1] == 0:
        counts.pop()
    return [s.name, s.kind, s.state, s.verdict, s.score, s.glass, counts]


def parse_health(data: bytes) -> Health:
    """Read what a terminal says of itself. Raises WireError."""
    fields = message(data, "health", 10)
    link, backlog = array(fields[3], "link", range(3, 4)), array(fields[4], "backlog", range(2, 3))
    clock, roster = array(fields[5], "clock", range(3, 4)), array(fields[6], "roster", range(2, 3))
    return Health(
        software=text(fields[1], "software", MAX_NAME),
        serving=enum(Serving, fields[2], "serving"),
        link=enum(LinkKind, link[0], "link kind"),
        metered=bool(integer(link[1], "metered", 0, 1)),
        signal_percent=_percent(link[2], "signal"),
        backlog=integer(backlog[0], "backlog", 0),
        oldest_s=integer(backlog[1], "oldest age", 0),
        clock=enum(ClockSource, clock[0], "clock source"),
        clock_offset_ms=_maybe(clock[1], "clock offset", -MAX_INT, MAX_INT),
        clock_bound_ms=_maybe(clock[2], "clock bound", 0, MAX_INT),
        roster_version=integer(roster[0], "roster version", 0),
        roster_age_s=_maybe(roster[1], "roster age", 0, MAX_INT),
        certificate_days=_maybe(fields[7], "certificate days", -100_000, 100_000),
        machine=_machine(fields[8]),
        sensors=tuple(_sensor(row) for row in array(fields[9], "sensors", range(MAX_SENSORS + 1))),
    )


def _machine(value: object) -> Machine:
    fields = array(value, "machine", range(8, 9))
    return Machine(
        uptime_s=integer(fields[0], "uptime", 0),
        restarts=integer(fields[1], "restarts", 0),
        temperature_c=_maybe(fields[2], "temperature", -100, 200),
        throttled=Throttled(integer(fields[3], "throttled", 0, 0xFFFFFFFF)),
        memory_free_percent=_percent(fields[4], "free memory"),
        storage_free_mb=_maybe(fields[5], "free storage", 0, MAX_INT),
        storage_used_percent=_percent(fields[6], "used storage"),
        wear_percent=_maybe(fields[7], "wear", 0, 1000),
    )


def _sensor(value: object) -> Sensor:
    fields = array(value, "sensor", range(7, 8))
    counts = [integer(count, "counter", 0) for count in array(fields[6], "counters", range(_COUNTS + 1))]
    if counts and counts[-1] == 0:
        raise WireError("counters: those that are 0 at the end are left out")
    return Sensor(
        name=text(fields[0], "sensor name", MAX_NAME),
        kind=enum(SensorKind, fields[1], "sensor kind"),
        state=enum(SensorState, fields[2], "sensor state"),
        verdict=enum(Verdict, fields[3], "verdict"),
        score=_percent(fields[4], "score"),
        glass=_percent(fields[5], "glass"),
        counters=Counters(*counts),
    )


def _percent(value: object, what: str) -> int | None:
    return _maybe(value, what, 0, 100)


def _maybe(value: object, what: str, low: int, high: int) -> int | None:
    return None if value is None else integer(value, what, low, high)
