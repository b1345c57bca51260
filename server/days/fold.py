"""One round of folding: take in what is new, look at the terminals, let the clock turn days, fold what is due.

Today goes first (S12): a backlog of weeks waits until everybody's day is as it should be, and nothing is folded while
records wait to be taken in, which would be folded over and over. What is read and reckoned is so in a transaction that
only reads; those that write are short, since ingest waits for them. Rounds may run anywhere and as often as one likes:
what is folded twice is the same.
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
from server.attendance.types import AttendanceDay, PersonFacts
from server.days import due, fit, punches, store, unfit
from server.days.facts import Known, known
from server.days.places import Rules, read
from server.days.punches import IST_MIN, merged
from server.ledger.store import Ledger, upsert
from server.ledger.tables import attendance_day, attendance_due, attendance_punch, counter, fit_day, record
from server.people.days import day_of

log = logging.getLogger("hazri.days")

PEOPLE_A_GROUP = 50
SPAN_DAYS = 35
OPENED = "days opened"
_TURNED_A_ROUND = 2000
_TAKEN_A_ROUND = 50_000
_GROUPS_A_ROUND = 20
_OFFICES_A_LOOK = 20


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
        _turn(connection, now_ms)
    taken, some = 0, 1
    while some and taken < _TAKEN_A_ROUND:
        some = _follow(ledger, now_ms)
        taken += some
    _look(ledger, now_ms)
    people = changed = groups = 0
    while not some and groups < _GROUPS_A_ROUND and (group := _next(ledger, now_ms)):
        folded, news = _fold_group(ledger, group, now_ms)
        people, changed, groups = people + folded, changed + news, groups + 1
    return Done(taken, people, changed, bool(some) or groups == _GROUPS_A_ROUND)


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
    found = known(connection, people, *span, now_ms=now_ms)
    if found.unasked:
        fit.ensure(connection, found.unasked, *span, now_ms)
        found = known(connection, people, *span)
    return _put(connection, [_fold_person(found, one, span, now_ms) for one in found.people], now_ms)


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


def _follow(ledger: Ledger, now_ms: int) -> int:
    """Take in a few records, and ask the fleet about the offices whose terminals spoke of past days; 0: all are in."""
    with ledger.write() as connection:
        taken = punches.follow(connection)
        for one, day in sorted(_spoke_of(connection, taken, day_of(now_ms)) if taken else ()):
            fit.learn(connection, one, day, now_ms)
    return taken


def _look(ledger: Ledger, now_ms: int) -> None:
    """Ask the fleet, now and then, about every office's today and yesterday."""
    today = day_of(now_ms)
    with ledger.read() as connection:
        stale = fit.stale(connection, today, now_ms)
    for at in range(0, len(stale), _OFFICES_A_LOOK):
        with ledger.write() as connection:
            for one in stale[at : at + _OFFICES_A_LOOK]:
                fit.learn(connection, one, today - dt.timedelta(days=1), now_ms)
                fit.learn(connection, one, today, now_ms)


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


def _next(ledger: Ledger, now_ms: int) -> Sequence[Any]:
    """The next marks to work off: those that touch today first, then person by person."""
    w = attendance_due.c
    today = day_of(now_ms).isoformat()
    of_today = and_(w.last_day >= today, w.first_day <= today)
    asked = select(attendance_due).order_by(case((of_today, 0), else_=1), w.person, w.first_day)
    with ledger.read() as connection:
        return connection.execute(asked.limit(PEOPLE_A_GROUP)).all()


# ── folding ──


@dataclass(frozen=True, slots=True)
class _Folded:
    """One person's stretch of days, as `store.put` takes it."""

    person: bytes
    span: tuple[dt.date, dt.date]
    days: list[AttendanceDay]
    turns: dict[dt.date, int]
    names: dict[bytes, str]
    undecided: frozenset[unfit.Undecided]


def _fold_group(ledger: Ledger, group: Sequence[Any], now_ms: int) -> tuple[int, int]:
    """Fold the marked days of a group; what is marked again meanwhile stays marked."""
    spans: dict[bytes, list[tuple[dt.date, dt.date]]] = {}
    today = day_of(now_ms)
    for row in group:
        span = dt.date.fromisoformat(row.first_day), min(dt.date.fromisoformat(row.last_day), today)
        if span[0] <= span[1]:
            spans.setdefault(row.person, []).append(span)
    with ledger.read() as connection:
        rules = read(connection)
    folded = [one for span, people in _alike(spans).items() for one in _fold_alike(ledger, people, span, rules, now_ms)]
    with ledger.write() as connection:
        changed = _put(connection, folded, now_ms)
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
    ledger: Ledger, people: Sequence[bytes], span: tuple[dt.date, dt.date], rules: Rules, now_ms: int
) -> list[_Folded]:
    try:
        found = _known(ledger, people, span, rules, now_ms)
        return [_fold_person(found, one, span, now_ms) for one in found.people]
    except AttendanceError as error:
        if len(people) == 1:
            # Facts that cannot all be true are for an officer to put right; nobody else's days wait for it.
            log.warning("days person=%s first=%s state=contradiction reason=%s", people[0].hex(), span[0], error)
            return []
        return [folded for one in people for folded in _fold_alike(ledger, [one], span, rules, now_ms)]


def _known(ledger: Ledger, people: Sequence[bytes], span: tuple[dt.date, dt.date], rules: Rules, now_ms: int) -> Known:
    with ledger.read() as connection:
        found = known(connection, people, *span, rules, now_ms)
    if not found.unasked:
        return found
    with ledger.write() as connection:
        fit.ensure(connection, found.unasked, *span, now_ms)
    with ledger.read() as connection:
        return known(connection, people, *span, rules)


def _fold_person(found: Known, one: PersonFacts, span: tuple[dt.date, dt.date], now_ms: int) -> _Folded:
    days = [span[0] + dt.timedelta(days=n) for n in range((span[1] - span[0]).days + 1)]
    folded = list(fold_days(found.planner, one, days, now_ms))
    offices = found.world.offices
    turns = {day.day: ms for day in folded if (ms := _turns(day.day, day.limits, now_ms)) is not None}
    kept = [day for day in folded if day.office in offices]
    return _Folded(
        one.person, span, kept, turns, {key: place.name for key, place in offices.items()}, unfit.undecided(kept)
    )


def _put(connection: Connection, folded: Sequence[_Folded], now_ms: int) -> int:
    """Returns how many rows changed."""
    unfit.open_tickets(connection, {day for one in folded for day in one.undecided}, now_ms)
    return sum(store.put(connection, one.person, one.span, one.days, one.turns, one.names, now_ms) for one in folded)


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
