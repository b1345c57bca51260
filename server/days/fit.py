"""When an office's terminals could take punches, a day at a time, as the folding was last told.

A terminal's word on a past day may come late (S2, S12): whoever was folded by the old word is folded again by the new.
"""

import datetime as dt
import json
from collections.abc import Iterable

from sqlalchemy import Connection, insert, select

from server.attendance.clock import DAY_MS, local_day, midnight_ms
from server.attendance.types import FitnessSpan
from server.days import due
from server.days.punches import IST_MIN
from server.fleet import fitness_log
from server.fleet.fitness import MINUTE_MS, Fitness
from server.ledger.store import upsert
from server.ledger.tables import fit_day, office, terminal

AGAIN_MS = 10 * 60_000
"""How often the day under way is looked at again."""


def learn(connection: Connection, office_id: bytes, day: dt.date, now_ms: int) -> bool:
    """Ask the fleet about an office's day; marks its people where the answer for a day that is over is
    another than before. True: it is."""
    names = fitness_log.terminals_of(connection, office_id)
    row = _row(office_id, day, _timelines(connection, names, day, day, now_ms), now_ms)
    told = row["spans"]
    key = fit_day.c.office == office_id, fit_day.c.day == day.isoformat()
    before = connection.execute(select(fit_day.c.spans).where(*key)).one_or_none()
    upsert(connection, fit_day, row, "spans", "known_ms")
    if before is None or before.spans == told or day >= local_day(now_ms, IST_MIN):
        return False  # nobody was folded by it; and the day under way is folded when the clock turns it
    place = connection.execute(select(office.c.org, office.c.path).where(office.c.id == office_id)).one()
    due.mark_place(connection, place.org, place.path, day, day)
    return True


def unasked(
    connection: Connection, offices: Iterable[bytes], first: dt.date, last: dt.date, now_ms: int
) -> dict[bytes, list[dt.date]]:
    """By office with terminals: the days, from the day before `first` to the day after `last`, that were never asked
    about."""
    end = min(last + dt.timedelta(days=1), local_day(now_ms, IST_MIN))
    begin = first - dt.timedelta(days=1)
    wanted = [begin + dt.timedelta(days=n) for n in range((end - begin).days + 1)]
    f = fit_day.c
    found = {}
    for one in offices:
        asked = select(f.day).where(f.office == one, f.day >= begin.isoformat(), f.day <= end.isoformat())
        known = set(connection.scalars(asked))
        missing = [day for day in wanted if day.isoformat() not in known]
        if missing and fitness_log.terminals_of(connection, one):
            found[one] = missing
    return found


def ensure(connection: Connection, offices: Iterable[bytes], first: dt.date, last: dt.date, now_ms: int) -> None:
    """Ask about all days that were never asked about."""
    for one, missing in unasked(connection, offices, first, last, now_ms).items():
        names = fitness_log.terminals_of(connection, one)
        found = _timelines(connection, names, missing[0], missing[-1], now_ms)
        connection.execute(insert(fit_day), [_row(one, day, _cut(found, day), now_ms) for day in missing])


def spans(
    connection: Connection, offices: Iterable[bytes], first: dt.date, last: dt.date
) -> dict[bytes, list[FitnessSpan]]:
    """What is known of each office from the day before `first` to the day after `last`."""
    found: dict[bytes, list[FitnessSpan]] = {one: [] for one in offices}
    low, high = (first - dt.timedelta(days=1)).isoformat(), (last + dt.timedelta(days=1)).isoformat()
    f = fit_day.c
    asked = select(f.office, f.spans).where(f.office.in_(list(found)), f.day >= low, f.day <= high)
    for row in connection.execute(asked):
        found[row.office] += [FitnessSpan(name, row.office, *when) for name, *when in json.loads(row.spans)]
    return found


def stale(connection: Connection, day: dt.date, now_ms: int) -> list[bytes]:
    """The offices with terminals whose day was not looked at lately."""
    fresh = select(fit_day.c.office).where(fit_day.c.day == day.isoformat(), fit_day.c.known_ms > now_ms - AGAIN_MS)
    asked = select(terminal.c.office).where(terminal.c.office.is_not(None), terminal.c.office.not_in(fresh))
    return sorted(connection.scalars(asked.distinct()))


_Spans = list[tuple[str, int, int]]


def _timelines(connection: Connection, names: Iterable[str], first: dt.date, last: dt.date, now_ms: int) -> _Spans:
    """When each terminal was fit, in Unix milliseconds, from the first day to the end of the last."""
    start = midnight_ms(first, IST_MIN) // MINUTE_MS
    end = min(midnight_ms(last, IST_MIN) + DAY_MS, now_ms) // MINUTE_MS
    if end <= start:
        return []
    return [
        (name, one.start * MINUTE_MS, one.end * MINUTE_MS)
        for name in names
        for one in fitness_log.timeline(connection, name, start, end)
        if one.fitness is Fitness.FIT
    ]


def _cut(found: _Spans, day: dt.date) -> _Spans:
    """What of it lies in one day."""
    begin = midnight_ms(day, IST_MIN)
    end = begin + DAY_MS
    return [(name, max(low, begin), min(high, end)) for name, low, high in found if low < end and high > begin]


def _row(office_id: bytes, day: dt.date, told: _Spans, now_ms: int) -> dict[str, object]:
    return {"office": office_id, "day": day.isoformat(), "spans": json.dumps(told), "known_ms": now_ms}
