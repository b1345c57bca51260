"""One round of folding: take in what is new, look at the terminals, let the clock turn days, fold what is due.

Today goes first (S12): a backlog of weeks waits until everybody's day is as it should be. Each round is a few short
transactions, so ingest never waits for the whole of it. Rounds may run anywhere and as often as one likes: what is
folded twice is the same.
"""

import datetime as dt
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, case, delete, select

from server.attendance import AttendanceError
from server.attendance.clock import local_day, midnight_ms
from server.attendance.month import fold_days
from server.attendance.types import PersonFacts
from server.days import due, fit, punches, store
from server.days.facts import Known, known
from server.days.places import Rules, read
from server.days.punches import IST_MIN, merged
from server.ledger.store import Ledger, upsert
from server.ledger.tables import attendance_day, attendance_due, attendance_punch, counter, fit_day, record
from server.people.days import day_of

log = logging.getLogger("hazri.days")

PEOPLE_A_GROUP = 100
SPAN_DAYS = 35
OPENED = "days opened"
_TURNED_A_ROUND = 2000


@dataclass(frozen=True, slots=True)
class Done:
    """What a round did. `more`: there is more to do at once."""

    records: int
    people: int
    changed: int
    more: bool


def round_(ledger: Ledger, now_ms: int) -> Done:
    """Do what is to be done, within a few seconds. Raises LedgerError."""
    with ledger.write() as connection:
        _open_today(connection, now_ms)
        taken = punches.follow(connection)
        _look(connection, taken, now_ms)
        _turn(connection, now_ms)
    people = changed = 0
    groups = 0
    behind = taken >= punches.GROUP  # while records wait, only today is folded: the rest would be folded over and over
    while groups < 10 and (group := _next(ledger, now_ms, today_alone=behind)):
        folded, news = _fold_group(ledger, group, now_ms)
        people, changed, groups = people + folded, changed + news, groups + 1
    return Done(taken, people, changed, behind or groups == 10)


def all_of_it(ledger: Ledger, now_ms: int) -> Done:
    """Rounds until nothing is left."""
    records = people = changed = 0
    while True:
        done = round_(ledger, now_ms)
        records, people, changed = records + done.records, people + done.people, changed + done.changed
        if not (done.more or done.people):
            return Done(records, people, changed, False)


def fold_people(connection: Connection, people: Iterable[bytes], span: tuple[dt.date, dt.date], now_ms: int) -> int:
    """Fold these people's days now, in the caller's transaction; returns how many rows changed."""
    today = local_day(now_ms, IST_MIN)
    span = (span[0], min(span[1], today))
    if span[1] < span[0]:
        return 0
    found = known(connection, people, *span, learn_ms=now_ms)
    return sum(_fold_person(connection, found, one, span, now_ms) for one in found.people)


# ── what is due ──


def _open_today(connection: Connection, now_ms: int) -> None:
    """A new day begins for everybody; after a stop, the days that were missed do too."""
    today = day_of(now_ms)
    value = connection.scalar(select(counter.c.value).where(counter.c.name == OPENED))
    if value is not None and value >= today.toordinal():
        return
    first = today if value is None else dt.date.fromordinal(value + 1)
    upsert(connection, counter, {"name": due.BEGUN, "value": first.toordinal()})
    due.mark_place(connection, "", "", max(first, today - dt.timedelta(days=SPAN_DAYS)), today)
    upsert(connection, counter, {"name": OPENED, "value": today.toordinal()}, "value")


def _look(connection: Connection, taken: int, now_ms: int) -> None:
    """Ask the fleet about offices whose terminals spoke of past days, and now and then about today and yesterday."""
    today = day_of(now_ms)
    asked = {(one, today) for one in fit.stale(connection, today, now_ms)}
    yesterday = today - dt.timedelta(days=1)
    asked |= {(one, yesterday) for one, _ in sorted(asked)}
    if taken:
        asked |= _spoke_of(connection, taken, today)
    for one, day in sorted(asked):
        fit.learn(connection, one, day, now_ms)


def _spoke_of(connection: Connection, taken: int, today: dt.date) -> set[tuple[bytes, dt.date]]:
    """Office and day of the punches just taken in, before today."""
    last = connection.scalar(select(counter.c.value).where(counter.c.name == punches.CURSOR)) or 0
    p = attendance_punch.c
    asked = select(p.office, p.high_ms).where(p.server_seq > last - taken, p.server_seq <= last)
    asked = asked.where(p.office.is_not(None), p.high_ms.is_not(None))
    found = {(row.office, local_day(row.high_ms, IST_MIN)) for row in connection.execute(asked)}
    f = fit_day.c
    known_ = select(f.office, f.day).where(f.day < today.isoformat(), f.day >= _back(today).isoformat())
    asked_before = {(row.office, dt.date.fromisoformat(row.day)) for row in connection.execute(known_)}
    return found & asked_before  # of the others it is asked when they are folded


def _back(today: dt.date) -> dt.date:
    return today - dt.timedelta(days=SPAN_DAYS)


def _turn(connection: Connection, now_ms: int) -> None:
    """Days that the clock changes: pending ones when the office closes, open ones when the day is over."""
    d = attendance_day.c
    asked = select(d.person, d.day).where(d.known_to_ms.is_(None), d.turns_ms <= now_ms).limit(_TURNED_A_ROUND)
    for row in connection.execute(asked).all():
        day = dt.date.fromisoformat(row.day)
        due.mark(connection, [row.person], day, day)


def _next(ledger: Ledger, now_ms: int, *, today_alone: bool) -> Sequence[Any]:
    """The next marks to work off: those that touch today first, then person by person."""
    w = attendance_due.c
    today = day_of(now_ms).isoformat()
    of_today = and_(w.last_day >= today, w.first_day <= today)
    asked = select(attendance_due).order_by(case((of_today, 0), else_=1), w.person, w.first_day)
    if today_alone:
        asked = asked.where(of_today)
    with ledger.read() as connection:
        return connection.execute(asked.limit(PEOPLE_A_GROUP)).all()


# ── folding ──


def _fold_group(ledger: Ledger, group: Sequence[Any], now_ms: int) -> tuple[int, int]:
    """Fold the marked days of a group; what is marked again meanwhile stays marked."""
    spans: dict[bytes, list[tuple[dt.date, dt.date]]] = {}
    today = day_of(now_ms)
    for row in group:
        span = dt.date.fromisoformat(row.first_day), min(dt.date.fromisoformat(row.last_day), today)
        if span[0] <= span[1]:
            spans.setdefault(row.person, []).append(span)
    changed = 0
    with ledger.write() as connection:
        rules = read(connection)
        for span, people in _alike(spans).items():
            changed += _fold_alike(connection, people, span, rules, now_ms)
        w = attendance_due.c
        for row in group:
            key = w.person == row.person, w.first_day == row.first_day, w.last_day == row.last_day
            connection.execute(delete(attendance_due).where(*key, w.stamp == row.stamp))
    return len(group), changed


def _alike(spans: dict[bytes, list[tuple[dt.date, dt.date]]]) -> dict[tuple[dt.date, dt.date], list[bytes]]:
    """People by the stretches that are theirs, cut to what is worth reading at once."""
    found: dict[tuple[dt.date, dt.date], list[bytes]] = {}
    for person, mine in spans.items():
        for first, last in merged(mine):
            for place in range(0, (last - first).days + 1, SPAN_DAYS):
                begin = first + dt.timedelta(days=place)
                end = min(last, begin + dt.timedelta(days=SPAN_DAYS - 1))
                found.setdefault((begin, end), []).append(person)
    return found


def _fold_alike(
    connection: Connection, people: Sequence[bytes], span: tuple[dt.date, dt.date], rules: Rules, now_ms: int
) -> int:
    try:
        found = known(connection, people, *span, rules, now_ms)
        return sum(_fold_person(connection, found, one, span, now_ms) for one in found.people)
    except AttendanceError as error:
        if len(people) == 1:
            # Facts that cannot all be true are for an officer to put right; nobody else's days wait for it.
            log.warning("days person=%s first=%s state=contradiction reason=%s", people[0].hex(), span[0], error)
            return 0
        return sum(_fold_alike(connection, [one], span, rules, now_ms) for one in people)


def _fold_person(
    connection: Connection, found: Known, one: PersonFacts, span: tuple[dt.date, dt.date], now_ms: int
) -> int:
    days = [span[0] + dt.timedelta(days=n) for n in range((span[1] - span[0]).days + 1)]
    folded = list(fold_days(found.planner, one, days, now_ms))
    names = {key: place.name for key, place in found.world.offices.items()}
    turns = {day.day: ms for day in folded if (ms := _turns(day.day, day.limits, now_ms)) is not None}
    known_offices = found.world.offices
    kept = [day for day in folded if day.office in known_offices]
    return store.put(connection, one.person, span, kept, turns, names, now_ms)


def _turns(day: dt.date, limits: Any, now_ms: int) -> int | None:
    """When the clock alone will change what is said of a day: at closing time, and when it is over."""
    midnight = midnight_ms(day, IST_MIN)
    close = midnight + (limits.end if limits else 1440) * 60_000
    begins = limits.terms.hours.day_begins if limits and limits.end <= 1440 else 12 * 60  # night duty: by noon
    over = midnight + (1440 + begins) * 60_000
    return next((at for at in (close, over) if at > now_ms), None)


def late_by(connection: Connection) -> int:
    """How many records wait to be taken in: a figure for the operator."""
    newest = connection.scalar(select(record.c.server_seq).order_by(record.c.server_seq.desc()).limit(1)) or 0
    taken = connection.scalar(select(counter.c.value).where(counter.c.name == punches.CURSOR)) or 0
    return int(newest) - int(taken)
