"""A synthetic fleet for tests, demos and benchmarks: terminals that do not exist, ailing as real ones do.

The same for the same seed. Keys are noise that nobody holds the other half of, so none of these can ever connect.
"""

import datetime as dt
import random
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import insert, select

from server.fleet import silence
from server.fleet.health import HOUR_MS, words
from server.intake.timekeeping import IST
from server.ledger.store import Ledger
from server.ledger.tables import (
    fitness_session,
    fitness_word,
    health_hour,
    office,
    punch_day,
    terminal,
    terminal_health,
    terminal_state,
    unit,
)
from sync.health import (
    Health,
    LinkKind,
    Machine,
    Sensor,
    SensorKind,
    SensorState,
    Serving,
    Throttled,
    Verdict,
    health_bytes,
)
from sync.record import ClockSource

_CHUNK = 500
_DAY_MS = 24 * HOUR_MS
_WEEKS = 5
PLACES = ("Main gate", "Office", "Staff room", "Ground floor", "1st floor", "2nd floor")


def write(ledger: Ledger, terminals: int, seed: int, now_ms: int, *, days: int = 1) -> list[str]:
    """Store so many terminals (1 to 1,000,000), spread over the offices there are; each with its last health, `days`
    of hourly figures and sessions, and five weeks of punches by quarter hour. Returns their ids."""
    rng = random.Random(seed)  # noqa: S311 - nobody's secrets
    with ledger.read() as connection:
        offices = list(
            connection.scalars(select(office.c.id).where(office.c.level == "office").order_by(office.c.path))
        )
    ids = [f"sample-{seed}-{n:06}" for n in range(terminals)]
    for start in range(0, terminals, _CHUNK):
        some = [_Made(rng, one, start + n, offices, now_ms) for n, one in enumerate(ids[start : start + _CHUNK])]
        with ledger.write() as connection:
            for table, rows in _rows(some, now_ms, days):
                if rows:
                    connection.execute(insert(table), rows)
    return ids


class _Made:
    """One terminal, as chance made it."""

    def __init__(self, rng: random.Random, one: str, n: int, offices: Sequence[bytes], now_ms: int) -> None:
        self.id, self.rng = one, rng
        self.key = rng.randbytes(32)
        self.office = offices[n % len(offices)] if offices else None
        self.online = rng.random() < 0.94
        away_ms = rng.randrange(5 * 60_000) if self.online else rng.randrange(HOUR_MS // 2, 4 * _DAY_MS)
        self.seen_ms = now_ms - away_ms
        self.admitted_ms = now_ms - rng.randrange(30, 900) * _DAY_MS
        self.people = rng.randrange(8, 60)
        self.health = _health(rng, online=self.online)


def _health(rng: random.Random, *, online: bool) -> Health:
    """Nine of ten are well; the others have one thing or another."""

    def rarely(share: float) -> bool:
        return rng.random() < share

    gone, dirty = rarely(0.01), rarely(0.02)
    finger = Sensor(
        "finger",
        SensorKind.FINGER,
        SensorState.GONE if gone else SensorState.HERE,
        Verdict.DIRTY if dirty else Verdict.FINE,
        rng.randrange(60, 100),
        30 if dirty else rng.randrange(60, 100),
    )
    link = rng.choice((LinkKind.LAN, LinkKind.WIFI, LinkKind.GPRS))
    used = rng.randrange(90, 100) if rarely(0.01) else rng.randrange(20, 80)
    machine = Machine(
        uptime_s=rng.randrange(3600, 90 * 86_400),
        restarts=rng.randrange(3, 12) if rarely(0.01) else 0,
        temperature_c=rng.randrange(76, 86) if rarely(0.01) else rng.randrange(38, 70),
        throttled=Throttled.UNDER_VOLTAGE if rarely(0.005) else Throttled.NONE,
        memory_free_percent=rng.randrange(20, 70),
        storage_free_mb=(100 - used) * 80,
        storage_used_percent=used,
        wear_percent=rng.randrange(1, 95),
    )
    return Health(
        software="0.1.0",
        serving=Serving.UNABLE if gone else Serving.SERVING,
        link=link,
        metered=link is LinkKind.GPRS,
        signal_percent=None if link is LinkKind.LAN else rng.randrange(10, 100),
        backlog=0 if online else rng.randrange(400),
        oldest_s=0 if online else rng.randrange(100_000),
        clock=ClockSource.UNKNOWN if rarely(0.005) else ClockSource.SERVER,
        clock_offset_ms=rng.randrange(-800, 800),
        clock_bound_ms=rng.randrange(50, 900),
        roster_version=1,
        roster_age_s=rng.randrange(86_000),
        certificate_days=rng.randrange(2, 90),
        machine=machine,
        sensors=(finger,),
    )


def _rows(some: list[_Made], now_ms: int, days: int) -> Iterator[tuple[Any, list[dict[str, Any]]]]:
    yield terminal, [_terminal(one) for one in some]
    since = {"serial": "", "until_ms": None}
    yield unit, [{"terminal": o.id, "record_key": o.key, "since_ms": o.admitted_ms, **since} for o in some]
    yield terminal_state, [_state(one) for one in some]
    yield terminal_health, [{"terminal": o.id, "at_ms": o.seen_ms, "body": health_bytes(o.health)} for o in some]
    yield (
        fitness_word,
        [
            {"terminal": one.id, "aspect": str(aspect), "at_ms": one.seen_ms - _DAY_MS, "bad": bad}
            for one in some
            for aspect, bad in words(one.health).items()
        ],
    )
    yield fitness_session, [row for one in some for row in _sessions(one, days)]
    yield health_hour, [row for one in some for row in _hours(one, now_ms, days)]
    yield punch_day, [row for one in some for row in _punch_days(one, now_ms)]


def _terminal(one: _Made) -> dict[str, Any]:
    keys = {"record_key": one.key, "seal_key": bytes(32), "lookup_key": b""}
    told = {"name": f"Sample {one.id[-6:]}", "place": one.rng.choice(PLACES), "office": one.office}
    return {"id": one.id, "state": "active", "roster_version": 1, "admitted_ms": one.admitted_ms, **keys, **told}


def _state(one: _Made) -> dict[str, Any]:
    said = {"session": one.key[:8], "log": one.key[8:16], "seq": 100, "backlog": one.health.backlog}
    return {"terminal": one.id, "online": one.online, "last_seen_ms": one.seen_ms, "roster_version": 1, **said}


def _sessions(one: _Made, days: int) -> Iterator[dict[str, Any]]:
    for day in range(days):
        to_ms = one.seen_ms - day * _DAY_MS
        yield {"terminal": one.id, "session": one.rng.randbytes(8), "from_ms": to_ms - 20 * HOUR_MS, "to_ms": to_ms}


def _hours(one: _Made, now_ms: int, days: int) -> Iterator[dict[str, Any]]:
    for hour in range(days * 24):
        hot, backlog = one.rng.randrange(35, 70), one.rng.randrange(4)
        figures = {"backlog_max": backlog, "oldest_max_s": 60 * backlog, "signal_min": one.health.signal_percent}
        figures |= {"offset_max_ms": 500, "temperature_max": hot, "free_min_mb": one.health.machine.storage_free_mb}
        hour_ms = now_ms - now_ms % HOUR_MS - hour * HOUR_MS
        yield {"terminal": one.id, "hour_ms": hour_ms, "samples": 1, "failing": "", **figures}


def _punch_days(one: _Made, now_ms: int) -> Iterator[dict[str, Any]]:
    """People come between nine and ten and leave between five and six, on Mondays to Saturdays."""
    today = dt.datetime.fromtimestamp(now_ms / 1000, IST).date()
    for back in range(1, 7 * _WEEKS + 1):
        day = today - dt.timedelta(days=back)
        if day.weekday() < 6:
            came = {at: one.rng.randrange(one.people // 2 + 1) for at in (36, 37, 38, 68, 69, 70)}
            yield {"terminal": one.id, "day": day.isoformat(), "quarters": silence.add(b"", came)}
