"""Follows the records behind ingest, and notes what they mean for the fleet: never in the way of a punch.

What must stay true here: the cursor moves in the transaction that writes what was read up to it, so nothing is
counted twice or left out, whenever this is killed; and all that is noted is the same in whatever order records come.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, case, select
from sqlalchemy.dialects import postgresql, sqlite

from server.fleet import silence, ticket_book, zones
from server.intake.timekeeping import IST
from server.ledger.store import upsert
from server.ledger.tables import counter, fitness_fact, fitness_run, punch_day, punch_total, record, rejection
from server.ledger.views import FOLLOWED
from sync import WireError
from sync.record import ClockSource, Event, EventCode, Means, RecordType, SourceClass, parse_record

CURSOR = FOLLOWED
SLICE = 2000
_YEARS = range(2000, 2200)

Run = tuple[str, bytes, int]  # terminal, log, boot number


@dataclass
class _Read:
    """What a slice of records says. `zones`: of the terminals they are of."""

    zones: dict[str, dt.tzinfo]
    runs: dict[Run, list[int]] = field(default_factory=dict)  # first, last, received
    facts: list[dict[str, Any]] = field(default_factory=list)
    rejections: list[dict[str, Any]] = field(default_factory=list)
    days: defaultdict[tuple[str, str], Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    came: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))  # by Indian day
    matches: dict[bytes, tuple[int, str]] = field(default_factory=dict)


def follow(connection: Connection, now_ms: int) -> bool:
    """Read the next slice; returns whether there may be more."""
    after = connection.scalar(select(counter.c.value).where(counter.c.name == CURSOR)) or 0
    rows = _slice(connection, after)
    if not rows:
        return False
    read = _Read(zones.of_terminals(connection, sorted({row.terminal for row in rows})))
    for row in rows:
        _take(connection, read, row)
    _put_runs(connection, read.runs)
    for fact in read.facts:
        upsert(connection, fitness_fact, fact)
    for one in read.rejections:
        upsert(connection, rejection, one)
    _put_days(connection, read.days)
    _put_totals(connection, read.came)
    ticket_book.open_for_people(connection, (one["person"] for one in read.rejections))
    ticket_book.matched(connection, read.matches, now_ms)
    upsert(connection, counter, {"name": CURSOR, "value": rows[-1].server_seq}, "value")
    return len(rows) == SLICE


def _slice(connection: Connection, after: int) -> Sequence[Any]:
    r = record.c
    body = case((r.type == int(RecordType.EVENT), r.body)).label("body")
    columns = r.terminal, r.log, r.seq, r.server_seq, r.type, r.person, r.means, r.source_class, r.boot_no
    asked = select(*columns, r.since_boot_ms, r.wall_ms, r.clock_source, r.received_ms, body)
    return connection.execute(asked.where(r.server_seq > after).order_by(r.server_seq).limit(SLICE)).all()


def _take(connection: Connection, read: _Read, row: Row[Any]) -> None:
    key = row.terminal, row.log, row.boot_no
    run = read.runs.get(key)
    if row.type == RecordType.EVENT:
        _take_event(connection, read, row, run)
    else:
        _take_punch(read, row)
    if run is None:
        read.runs[key] = [row.since_boot_ms, row.since_boot_ms, row.received_ms]
    else:
        run[:] = [min(run[0], row.since_boot_ms), max(run[1], row.since_boot_ms), max(run[2], row.received_ms)]


def _take_punch(read: _Read, row: Row[Any]) -> None:
    read.came[row.terminal][dt.datetime.fromtimestamp(row.received_ms / 1000, IST).date().isoformat()] += 1
    if row.source_class == SourceClass.AADHAAR_TERMINAL and row.means in (Means.FINGER, Means.FACE):
        before = read.matches.get(row.person)
        if before is None or row.wall_ms > before[0]:
            read.matches[row.person] = row.wall_ms, f"{row.terminal}/{row.seq}"
    if row.clock_source != ClockSource.UNKNOWN and (shown := _shown(row.wall_ms, read.zones[row.terminal])):
        read.days[row.terminal, shown.date().isoformat()][silence.quarter(shown)] += 1


def _take_event(connection: Connection, read: _Read, row: Row[Any], run: list[int] | None) -> None:
    try:
        event = parse_record(row.body)
    except WireError:
        return  # ingest has read it, so it is of a later program than this one
    if not isinstance(event, Event):
        return
    what = _meaning(event)
    key = {"terminal": row.terminal, "log": row.log, "seq": row.seq}
    if what:
        before_ms = run[1] if run else _last(connection, (row.terminal, row.log, row.boot_no), row.since_boot_ms)
        place = {"boot_no": row.boot_no, "before_ms": before_ms, "at_ms": row.since_boot_ms, "what": what}
        read.facts.append(key | place)
    person = event.detail.get("person")
    if _refused(event) and isinstance(person, bytes):
        read.rejections.append(key | {"person": person, "wall_ms": row.wall_ms, "received_ms": row.received_ms})


def _meaning(event: Event) -> str:
    if event.code is EventCode.STORAGE:
        return "refused" if "refused" in event.detail else "set_aside"
    return "silent" if event.code is EventCode.FITNESS and event.detail.get("what") == "silent" else ""


def _refused(event: Event) -> bool:
    """No finger or face matched, or somebody had to vouch because of it: not because of the machine, and not for
    somebody new (S1)."""
    said = event.detail.get("what"), event.detail.get("reason")
    if event.code is EventCode.REJECTED:
        return True
    return event.code is EventCode.ADMIN and said[0] == "supervised" and said[1] in ("worn", "injured", "unable")


def _last(connection: Connection, run: Run, at_ms: int) -> int:
    """The record before, in an earlier slice; where there is none, the moment itself."""
    c = fitness_run.c
    last = connection.scalar(select(c.last_ms).where(c.terminal == run[0], c.log == run[1], c.boot_no == run[2]))
    return at_ms if last is None else min(last, at_ms)


def _put_runs(connection: Connection, runs: dict[Run, list[int]]) -> None:
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    row, c = insert(fitness_run), fitness_run.c
    new = row.excluded
    wider = {
        "first_ms": case((new.first_ms < c.first_ms, new.first_ms), else_=c.first_ms),
        "last_ms": case((new.last_ms > c.last_ms, new.last_ms), else_=c.last_ms),
        "received_ms": case((new.received_ms > c.received_ms, new.received_ms), else_=c.received_ms),
    }
    names = "terminal", "log", "boot_no", "first_ms", "last_ms", "received_ms"
    statement = row.on_conflict_do_update(index_elements=list(fitness_run.primary_key.columns), set_=wider)
    connection.execute(statement, [dict(zip(names, (*key, *run), strict=True)) for key, run in sorted(runs.items())])


def _put_days(connection: Connection, days: dict[tuple[str, str], Counter[int]]) -> None:
    d = punch_day.c
    for (terminal, day), quarters in sorted(days.items()):
        before = connection.scalar(select(d.quarters).where(d.terminal == terminal, d.day == day))
        values = {"terminal": terminal, "day": day, "quarters": silence.add(before or b"", quarters)}
        upsert(connection, punch_day, values, "quarters")


def _put_totals(connection: Connection, came: dict[str, Counter[str]]) -> None:
    """The newest day of a terminal takes the place of the one before."""
    t = punch_total.c
    for terminal, days in sorted(came.items()):
        before = connection.execute(select(t.day, t.today).where(t.terminal == terminal)).one_or_none()
        newest = max(*days, before.day if before else "")
        today = days[newest] + (before.today if before and before.day == newest else 0)
        new = {"day": newest, "today": today, "punches": days.total()}
        upsert(connection, punch_total, {"terminal": terminal, **new}, "day", "today", add="punches")


def _shown(wall_ms: int, zone: dt.tzinfo) -> dt.datetime | None:
    try:
        shown = dt.datetime.fromtimestamp(wall_ms / 1000, zone)
    except (ValueError, OverflowError, OSError):
        return None
    return shown if shown.year in _YEARS else None
