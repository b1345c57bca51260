"""What is wrong with a terminal? Pure: each rule looks at the facts and says warn or fail, with a short detail.

The words of each rule, and what to do about it, are in server.fleet.advice. What follows from a finding (who is
paged, when it is over) is in server.fleet.incidents.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from server.fleet.silence import Silence
from sync.health import Health, LinkKind, Sensor, SensorKind, SensorState, Serving, Throttled, Verdict
from sync.record import ClockSource

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
LAGGING_S = 6 * HOUR_S


class Level(IntEnum):
    OK = 0
    WARN = 1
    FAIL = 2


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known of one active terminal at `now_ms`. `health` None: it never said.

    `lacking`: it does not have all of its roster, since `lacking_since_ms` (None: just found out). `newest`: the newest
    software in the fleet, as numbers. `silence`: what is expected of this morning.
    """

    now_ms: int
    admitted_ms: int
    online: bool
    last_seen_ms: int | None
    health: Health | None = None
    health_ms: int = 0
    lacking: bool = False
    lacking_since_ms: int | None = None
    newest: tuple[int, ...] = ()
    silence: Silence | None = None

    @property
    def quiet_s(self) -> int:
        """Since it was last heard of; since it was admitted where it never was."""
        return (self.now_ms - (self.admitted_ms if self.last_seen_ms is None else self.last_seen_ms)) // 1000


@dataclass(frozen=True, slots=True)
class Finding:
    level: Level
    detail: str


def look(facts: Facts) -> dict[str, Finding]:
    """What is not in order, by kind."""
    found = {kind: rule(facts) for kind, rule in RULES.items()}
    if facts.health is not None:
        found |= {kind: rule(facts.health, facts) for kind, rule in HEALTH_RULES.items()}
    return {kind: one for kind, one in found.items() if one is not None}


def version(software: str) -> tuple[int, ...]:
    """A version as numbers, "0.1.0" as (0, 1, 0); what is no number ends it."""
    numbers = []
    for part in software.split("."):
        if not part.isdecimal() or len(part) > 9:
            break
        numbers.append(int(part))
    return tuple(numbers)


def _offline(f: Facts) -> Finding | None:
    if f.online and f.quiet_s < 15 * MINUTE_S:
        return None
    return _above(f.quiet_s, 15 * MINUTE_S if f.online else HOUR_S, DAY_S, _age(f.quiet_s))


def _lagging(f: Facts) -> Finding | None:
    """R1.13: people who joined or were enrolled elsewhere are not there yet."""
    if not f.lacking:
        return None
    age_s = 0 if f.lacking_since_ms is None else (f.now_ms - f.lacking_since_ms) // 1000
    return _above(age_s, 0, LAGGING_S, _age(age_s))


def _silent(f: Facts) -> Finding | None:
    if f.silence is None or not f.silence.silent or not f.online:
        return None
    return Finding(Level.FAIL, f"{f.silence.expected} punches expected by now, none came")


def _service(h: Health, _: Facts) -> Finding | None:
    if h.serving is Serving.SERVING:
        return None
    return Finding(Level.FAIL, "absent" if h.serving is Serving.ABSENT else "unable")


def _sensor(h: Health, _: Facts) -> Finding | None:
    """Whatever takes punches and cannot fails; glass to be cleaned, a keypad, a camera beside a finger warn (S11)."""
    ailing = [one for one in h.sensors if not one.ok]
    if not ailing:
        return None
    dead = any(_takes(one) and (one.state is not SensorState.HERE or one.verdict in _DEAD) for one in ailing)
    told = ", ".join(f"{one.name} {_word(one)}" for one in ailing)
    return Finding(Level.FAIL if dead else Level.WARN, told)


def _backlog(h: Health, f: Facts) -> Finding | None:
    age_s = h.oldest_s + (f.now_ms - f.health_ms) // 1000 if h.backlog else 0
    return _above(age_s, 2 * HOUR_S, DAY_S, f"{h.backlog}, {_age(age_s)}")


def _signal(h: Health, _: Facts) -> Finding | None:
    if h.link not in (LinkKind.WIFI, LinkKind.GPRS) or h.signal_percent is None:
        return None
    return Finding(Level.WARN, f"{h.signal_percent} %") if h.signal_percent < 15 else None


def _clock(h: Health, _: Facts) -> Finding | None:
    if h.clock is ClockSource.UNKNOWN:
        return Finding(Level.FAIL, "unknown")
    if h.clock_offset_ms is not None and abs(h.clock_offset_ms) > 2000:
        return Finding(Level.WARN, f"{h.clock_offset_ms / 1000:+.0f} s")
    if h.clock_bound_ms is not None and h.clock_bound_ms > MINUTE_S * 1000:
        return Finding(Level.WARN, f"± {h.clock_bound_ms // 1000} s")
    return None


def _storage(h: Health, _: Facts) -> Finding | None:
    """S13: warn while there is time, fail when rows alone still fit."""
    free, used = h.machine.storage_free_mb, h.machine.storage_used_percent
    told = f"{'?' if free is None else free} MB, {'?' if used is None else used} %"
    if (free is not None and free < 50) or (used is not None and used >= 98):
        return Finding(Level.FAIL, told)
    return Finding(Level.WARN, told) if (free is not None and free < 200) or (used or 0) >= 90 else None


def _wear(h: Health, _: Facts) -> Finding | None:
    worn = h.machine.wear_percent
    return None if worn is None else _above(worn, 80, 90, f"{worn} %")


def _heat(h: Health, _: Facts) -> Finding | None:
    hot = h.machine.temperature_c
    return None if hot is None else _above(hot, 75, 82, f"{hot} °C")


def _power(h: Health, _: Facts) -> Finding | None:
    if h.machine.throttled & Throttled.UNDER_VOLTAGE:
        return Finding(Level.FAIL, "now")
    return Finding(Level.WARN, "since it was started") if h.machine.throttled & Throttled.UNDER_VOLTAGE_ONCE else None


def _memory(h: Health, _: Facts) -> Finding | None:
    free = h.machine.memory_free_percent
    return Finding(Level.WARN, f"{free} %") if free is not None and free < 5 else None


def _roster(h: Health, _: Facts) -> Finding | None:
    age_s = h.roster_age_s
    return None if age_s is None else _above(age_s, DAY_S, 7 * DAY_S, _age(age_s))


def _certificate(h: Health, f: Facts) -> Finding | None:
    if h.certificate_days is None:
        return None
    days = h.certificate_days - (f.now_ms - f.health_ms) // (DAY_S * 1000)
    if days >= 14:
        return None
    return Finding(Level.FAIL if days < 3 else Level.WARN, f"{days} d")


def _restarts(h: Health, _: Facts) -> Finding | None:
    return _above(h.machine.restarts, 3, 10, str(h.machine.restarts))


def _software(h: Health, f: Facts) -> Finding | None:
    return Finding(Level.WARN, h.software) if version(h.software) < f.newest else None


RULES: Mapping[str, Callable[[Facts], Finding | None]] = {
    "offline": _offline,
    "lagging": _lagging,
    "silent": _silent,
}
HEALTH_RULES: Mapping[str, Callable[[Health, Facts], Finding | None]] = {
    "service": _service,
    "sensor": _sensor,
    "backlog": _backlog,
    "signal": _signal,
    "clock": _clock,
    "storage": _storage,
    "wear": _wear,
    "heat": _heat,
    "power": _power,
    "memory": _memory,
    "roster": _roster,
    "certificate": _certificate,
    "restarts": _restarts,
    "software": _software,
}

# A fault of these is one "for not accepting the thumb impression": a ticket that must be closed in a week (R2.6).
TICKETED = frozenset({"service", "sensor", "storage", "offline", "silent"})

_DEAD = (Verdict.GONE, Verdict.SILENT, Verdict.GARBLED, Verdict.DEAD_LINES, Verdict.WRONG)


def _takes(sensor: Sensor) -> bool:
    return sensor.kind in (SensorKind.FINGER, SensorKind.FACE, SensorKind.MACHINE)


def _word(sensor: Sensor) -> str:
    if sensor.state is not SensorState.HERE:
        return sensor.state.name.lower()
    return "dirty" if sensor.verdict in (Verdict.UNTRIED, Verdict.FINE) else sensor.verdict.name.lower()


def _above(figure: int, warn: int, fail: int, detail: str) -> Finding | None:
    """From `warn` on a warning, from `fail` on a failure."""
    if figure < warn:
        return None
    return Finding(Level.FAIL if figure >= fail else Level.WARN, detail)


def _age(seconds: int) -> str:
    if seconds < HOUR_S:
        return f"{seconds // MINUTE_S} min"
    return f"{seconds // HOUR_S} h" if seconds < 2 * DAY_S else f"{seconds // DAY_S} d"
