"""What the days bring by themselves: orders that take effect, offices that open or close, old offices that let go."""

import datetime as dt
import logging
from dataclasses import dataclass

from sqlalchemy import Connection, select

from server.ledger.store import Ledger, upsert
from server.ledger.tables import counter
from server.people import office_ledger, offices, otp, service_ledger
from server.people.days import day_of

log = logging.getLogger("hazri.people")

MARK = "people day"


@dataclass(frozen=True, slots=True)
class Done:
    """How many of each something changed for."""

    offices: int
    people: int
    released: int


def tick(ledger: Ledger, now_ms: int) -> Done:
    """Catch up to today. To be called every few minutes; after days off it does what they would have."""
    today = day_of(now_ms)
    with ledger.write() as connection:
        after = _mark(connection)
        changed: list[bytes] = []
        people: list[bytes] = []
        if after < today:
            changed = office_ledger.take_effect(connection, offices.due(connection, after, today), today)
            people = service_ledger.due(connection, after, today)
            for ref in people:
                service_ledger.apply(connection, ref, today)
            upsert(connection, counter, {"name": MARK, "value": today.toordinal()}, "value")
        released = service_ledger.thaw(connection, today)
        otp.forget(connection, now_ms)
    done = Done(len(changed), len(people), len(released))
    if done != Done(0, 0, 0):
        log.info("people day=%s offices=%d people=%d released=%d", today, done.offices, done.people, done.released)
    return done


def _mark(connection: Connection) -> dt.date:
    value: int | None = connection.scalar(select(counter.c.value).where(counter.c.name == MARK))
    return dt.date.fromordinal(value) if value else dt.date.min
