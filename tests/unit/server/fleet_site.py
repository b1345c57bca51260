"""Helpers of the fleet's tests: terminals that are admitted, beat and say how they are; the time is a number."""

import dataclasses
import os

from sqlalchemy import insert, select

from server.fleet import (
    health,
    registry,
)
from server.fleet.scheduler import GRACE_MS, Scheduler
from server.fleet.standing import State
from server.fleet.tickets import DAY_MS
from server.ledger.store import Ledger
from server.ledger.tables import (
    office,
    org,
    terminal,
)
from sync.health import Health, LinkKind, Sensor, SensorKind, SensorState, Serving, Verdict
from sync.record import ClockSource
from sync.wire import Beat

MINUTE, HOUR = 60_000, 3_600_000
NOW = 1_767_586_500_000  # 2026-01-05, a Monday, 09:45 in India
FINGER = Sensor("finger", SensorKind.FINGER, SensorState.HERE, Verdict.FINE)
WELL = Health("1.2.0", Serving.SERVING, LinkKind.LAN, clock=ClockSource.SERVER, sensors=(FINGER,))
BROKEN = dataclasses.replace(WELL, sensors=(dataclasses.replace(FINGER, state=SensorState.GONE),))


def admitted(ledger: Ledger, name: str = "t-1", *, state: State = State.ACTIVE) -> str:
    with ledger.write() as connection:
        keys = {"record_key": bytes(32), "seal_key": bytes(32), "lookup_key": b""}
        values = {"id": name, "state": str(state), "roster_version": 0, "admitted_ms": NOW - 30 * DAY_MS}
        connection.execute(insert(terminal).values(**keys, **values))
    return name


def beats(ledger: Ledger, name: str, at_ms: int, *, online: bool = True) -> None:
    with ledger.write() as connection:
        registry.take_beat(connection, name, Beat(b"session1", online, bytes(8), 0, 0, 0), at_ms)


def says(ledger: Ledger, name: str, said: Health, at_ms: int) -> None:
    with ledger.write() as connection:
        health.take(connection, name, said, at_ms)


def scheduler(ledger: Ledger, at_ms: int, *, hears: bool = True) -> Scheduler:
    """One that has listened for long enough."""
    one = Scheduler(ledger, lambda: hears)
    if hears:
        one._hearing_since_ms = at_ms - GRACE_MS
    return one


def rows(ledger: Ledger, table: object) -> list[dict[str, object]]:
    with ledger.read() as connection:
        return [dict(row._mapping) for row in connection.execute(select(table))]  # type: ignore[call-overload]


def offices(ledger: Ledger) -> list[bytes]:
    ids = [os.urandom(8) for _ in range(2)]
    with ledger.write() as connection:
        made = {"slug": "edu", "name": "Sample", "name_hi": "नमूना", "state": "active", "made_ms": NOW}
        connection.execute(insert(org).values(**made))
        for n, ref in enumerate(ids):
            row: dict[str, object] = {"id": ref, "org": "edu", "code": f"o{n}", "path": f"/hr/o{n}/", "level": "office"}
            row |= {"name": f"Sample {n}", "name_hi": "नमूना", "urban": True, "block": "", "desk_phone": ""}
            row |= {"timezone": "Asia/Kolkata", "life": "live", "opened_on": "2026-01-01"}
            connection.execute(insert(office).values(**row))
    return ids
