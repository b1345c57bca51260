"""Reads what the ledger holds of a terminal's fitness, and folds it: `timeline` of one, `fit_between` of an office.

Records are dated by evidence, when this is asked and not when they came (server.intake.dating): a boot that nothing
dates yet covers no minute, and does once an anchor comes. Of an interval only what is certain counts: from the latest
it may have begun to the earliest it may have ended.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, Row, func, select

from server.fleet import fitness
from server.fleet.fitness import MINUTE_MS, Aspect, Doubtful, Fact, Failing, Fit, Interval, Running, Said
from server.intake.dating import Boot
from server.intake.timekeeping import IST, of_boots
from server.ledger.tables import fitness_fact, fitness_run, fitness_session, fitness_word, record, terminal
from sync.record import RecordType

MAX_SPAN_MS = 31 * 24 * 3_600_000
_CHAINED = 2000
_SLACK_MS = 24 * 3_600_000


def fit_between(connection: Connection, terminals: Sequence[str], start_ms: int, end_ms: int) -> Fit:
    """Could anybody have punched at one of these terminals, and for how long could nobody? Unix time; whole minutes,
    the last one included where it has begun. A minute counts as fit when one of them was."""
    start, end = start_ms // MINUTE_MS, -(-end_ms // MINUTE_MS)
    return fitness.summary(fitness.together([timeline(connection, one, start, end) for one in terminals], start, end))


def of_office(connection: Connection, office: bytes, start_ms: int, end_ms: int) -> Fit:
    """The same of all terminals that stand in an office today."""
    return fit_between(connection, terminals_of(connection, office), start_ms, end_ms)


def terminals_of(connection: Connection, office: bytes) -> list[str]:
    standing = terminal.c.office == office, terminal.c.state.in_(["active", "quarantined"])
    return list(connection.scalars(select(terminal.c.id).where(*standing).order_by(terminal.c.id)))


def timeline(connection: Connection, one: str, start: int, end: int) -> tuple[Interval, ...]:
    """Of minutes of Unix time, `end` not included."""
    found = list(facts(connection, one, start * MINUTE_MS, end * MINUTE_MS))
    return fitness.timeline(found, start, end)


def facts(connection: Connection, one: str, start_ms: int, end_ms: int) -> Iterator[Fact]:
    """All that may say something of this span."""
    yield from _sessions(connection, one, start_ms, end_ms)
    yield from _words(connection, one, start_ms, end_ms)
    runs, chained = _runs(connection, one, start_ms), _chained(connection, one)
    keys = {(row.terminal, row.log, row.boot_no) for row in [*runs, *chained]}
    boots = of_boots(connection, keys)
    yield from _ran(runs, boots)
    for row in chained:
        yield from _told(connection, row, boots[row.terminal, row.log, row.boot_no])


def _sessions(connection: Connection, one: str, start_ms: int, end_ms: int) -> Iterator[Fact]:
    s = fitness_session.c
    asked = select(s.from_ms, s.to_ms).where(s.terminal == one, s.to_ms >= start_ms, s.from_ms < end_ms)
    for row in connection.execute(asked):
        yield Running(row.from_ms, row.to_ms)


def _words(connection: Connection, one: str, start_ms: int, end_ms: int) -> Iterator[Fact]:
    """Those in the span, and of each side the last before it."""
    w = fitness_word.c
    before = select(w.aspect, func.max(w.at_ms)).where(w.terminal == one, w.at_ms < start_ms).group_by(w.aspect)
    for aspect, at_ms in connection.execute(before).all():
        asked = select(w.bad).where(w.terminal == one, w.aspect == aspect, w.at_ms == at_ms)
        yield Said(at_ms, Aspect(aspect), connection.execute(asked).scalar_one())
    asked_rows = select(w.aspect, w.at_ms, w.bad).where(w.terminal == one, w.at_ms >= start_ms, w.at_ms < end_ms)
    for row in connection.execute(asked_rows):
        yield Said(row.at_ms, Aspect(row.aspect), row.bad)


def _runs(connection: Connection, one: str, start_ms: int) -> Sequence[Row[Any]]:
    """Boots whose last record came after the span began: an earlier one cannot have run in it."""
    r = fitness_run.c
    asked = select(fitness_run).where(r.terminal == one, r.received_ms >= start_ms - _SLACK_MS)
    return connection.execute(asked.order_by(r.log, r.boot_no)).all()


def _chained(connection: Connection, one: str) -> Sequence[Row[Any]]:
    """The newest, within reason: a disk that refuses every punch says so with each."""
    f = fitness_fact.c
    asked = select(fitness_fact).where(f.terminal == one).order_by(f.log, f.seq.desc()).limit(_CHAINED)
    return connection.execute(asked).all()


def _ran(runs: Sequence[Row[Any]], boots: dict[tuple[str, bytes, int], Boot]) -> Iterator[Fact]:
    for row in runs:
        boot = boots[row.terminal, row.log, row.boot_no]
        first, last = boot.date(row.first_ms).latest_ms, boot.date(row.last_ms).earliest_ms
        if first is not None and last is not None:
            yield Running(min(first, last), max(first, last)) if first <= last else Running(first, first)
        on = boot.date(0).latest_ms
        if on is not None and first is not None and boot.anchored:
            yield Failing(on, max(on, first - 1), "starting")
    for before, after in pairwise(runs):
        if before.log == after.log and after.boot_no == before.boot_no + 1:
            off = boots[before.terminal, before.log, before.boot_no].date(before.last_ms).earliest_ms
            on = boots[after.terminal, after.log, after.boot_no].date(0).latest_ms
            if off is not None and on is not None and off < on:
                yield Doubtful(off + MINUTE_MS, on, "power")


def _told(connection: Connection, row: Row[Any], boot: Boot) -> Iterator[Fact]:
    at, before = boot.date(row.at_ms), boot.date(row.before_ms)
    if at.latest_ms is None or at.earliest_ms is None:
        return
    if row.what == "refused":
        yield Failing(at.earliest_ms if before.latest_ms is None else before.latest_ms, at.latest_ms, "storage")
    elif row.what == "silent":
        yield Doubtful(at.earliest_ms, _until_a_punch(connection, row, boot, at.latest_ms), "silent")


def _until_a_punch(connection: Connection, row: Row[Any], boot: Boot, at_ms: int) -> int:
    """The next punch of this boot ends the doubt, or the day does."""
    shown = dt.datetime.fromtimestamp(at_ms / 1000, IST)
    midnight = dt.datetime.combine(shown.date() + dt.timedelta(days=1), dt.time(), IST)
    day_ends_ms = int(midnight.timestamp() * 1000) - 1
    r = record.c
    after = r.terminal == row.terminal, r.log == row.log, r.seq > row.seq, r.type == int(RecordType.PUNCH)
    asked = select(r.boot_no, r.since_boot_ms).where(*after).order_by(r.seq).limit(1)
    punch = connection.execute(asked).one_or_none()
    if punch is None or punch.boot_no != row.boot_no:
        return day_ends_ms
    came_ms = boot.date(punch.since_boot_ms).earliest_ms
    return day_ends_ms if came_ms is None else min(day_ends_ms, came_ms - 1)
