"""What terminals say of their health: the last word of each, the extremes of each hour, and each change of fitness."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, select

from server.fleet.fitness import Aspect
from server.ledger.store import upsert
from server.ledger.tables import fitness_word, health_hour, terminal_health
from sync import WireError
from sync.health import Health, SensorKind, SensorState, Serving, health_bytes, parse_health
from sync.record import ClockSource

HOUR_MS = 3_600_000
KEPT_MS = 366 * 24 * HOUR_MS
STALE_ROSTER_S = 30 * 24 * 3600  # as long as a terminal must manage by itself (R1.14)
FULL_MB = 2  # what a day of punches and the file system's own bookkeeping need

_LARGEST, _SMALLEST = max, min
_KEPT = {
    "backlog_max": _LARGEST,
    "oldest_max_s": _LARGEST,
    "signal_min": _SMALLEST,
    "offset_max_ms": _LARGEST,
    "temperature_max": _LARGEST,
    "free_min_mb": _SMALLEST,
}


@dataclass(frozen=True, slots=True)
class Told:
    """A terminal's last word, and when it came."""

    at_ms: int
    health: Health


def take(connection: Connection, terminal: str, health: Health, now_ms: int) -> None:
    """Keep what a terminal says."""
    before = latest(connection, terminal)
    body = {"at_ms": now_ms, "body": health_bytes(health)}
    upsert(connection, terminal_health, {"terminal": terminal, **body}, *body)
    _keep_hour(connection, terminal, health, now_ms)
    said = words(before.health) if before else {}
    for aspect, bad in words(health).items():
        if said.get(aspect) != bad:
            row = {"terminal": terminal, "aspect": str(aspect), "at_ms": now_ms, "bad": bad}
            upsert(connection, fitness_word, row, "bad")


def latest(connection: Connection, terminal: str) -> Told | None:
    """None: it has said nothing yet, or what an older version of this program cannot read."""
    asked = select(terminal_health.c.at_ms, terminal_health.c.body).where(terminal_health.c.terminal == terminal)
    row = connection.execute(asked).one_or_none()
    return None if row is None else opened(row.at_ms, row.body)


def opened(at_ms: int, body: bytes) -> Told | None:
    """A stored word, read."""
    try:
        return Told(at_ms, parse_health(body))
    except WireError:
        return None


def hours(connection: Connection, terminal: str, start_ms: int, end_ms: int) -> list[dict[str, Any]]:
    """The extremes of each hour that began in this span, oldest first: the columns of `health_hour`."""
    h = health_hour.c
    span = h.terminal == terminal, h.hour_ms >= start_ms, h.hour_ms < end_ms
    return [dict(row._mapping) for row in connection.execute(select(health_hour).where(*span).order_by(h.hour_ms))]


def forget(connection: Connection, now_ms: int) -> None:
    """Let go of the hours that are more than a year old."""
    connection.execute(delete(health_hour).where(health_hour.c.hour_ms < now_ms - KEPT_MS))


def words(health: Health) -> dict[Aspect, str]:
    """What a terminal's word means for its fitness: what is bad on each side; empty: that side is well."""
    takes = [one for one in health.sensors if one.kind in (SensorKind.FINGER, SensorKind.FACE, SensorKind.MACHINE)]
    blind = bool(takes) and not any(one.state is SensorState.HERE for one in takes)
    free_mb, roster_s = health.machine.storage_free_mb, health.roster_age_s
    return {
        Aspect.SERVICE: {Serving.ABSENT: "absent", Serving.UNABLE: "unable", Serving.SERVING: ""}[health.serving],
        Aspect.SENSOR: "sensor" if blind else "",
        Aspect.CLOCK: "clock" if health.clock is ClockSource.UNKNOWN else "",
        Aspect.STORAGE: "storage" if free_mb is not None and free_mb < FULL_MB else "",
        Aspect.ROSTER: "roster" if roster_s is not None and roster_s > STALE_ROSTER_S else "",
    }


def _keep_hour(connection: Connection, terminal: str, health: Health, now_ms: int) -> None:
    hour_ms = now_ms - now_ms % HOUR_MS
    h = health_hour.c
    row = connection.execute(select(health_hour).where(h.terminal == terminal, h.hour_ms == hour_ms)).one_or_none()
    before: dict[str, Any] = dict(row._mapping) if row else {"samples": 0, "failing": ""}
    now = {
        "backlog_max": health.backlog,
        "oldest_max_s": health.oldest_s,
        "signal_min": health.signal_percent,
        "offset_max_ms": None if health.clock_offset_ms is None else abs(health.clock_offset_ms),
        "temperature_max": health.machine.temperature_c,
        "free_min_mb": health.machine.storage_free_mb,
    }
    values: dict[str, Any] = {
        name: pick(known) if (known := [v for v in (before.get(name), now[name]) if v is not None]) else None
        for name, pick in _KEPT.items()
    }
    failing = {one.name for one in health.sensors if not one.ok} | set(before["failing"].split(",")) - {""}
    values |= {"samples": before["samples"] + 1, "failing": ",".join(sorted(failing))}
    upsert(connection, health_hour, {"terminal": terminal, "hour_ms": hour_ms, **values}, *values)
