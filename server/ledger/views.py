"""What pages and the API read. Every function is one or two indexed queries, whatever the size of the ledger."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, case, false, func, not_, select

from server.access.scope import WHOLE, Scope, condition, visible
from server.intake.dating import Interval
from server.intake.timekeeping import IST, of_boot
from server.ledger.records import PUNCHES
from server.ledger.tables import (
    alarm,
    counter,
    log,
    office,
    person,
    punch_total,
    quarantine,
    record,
    terminal,
    terminal_state,
)
from sync.record import ClockSource, Flag, Kind, Means, RecordType, SourceClass

SILENT_AFTER_MS = 15 * 60 * 1000
MAX_TERMINALS = 500
LIVE_TERMINALS = 20  # on a page that is looked at on a phone, and sent again when it changes
FOLLOWED = "fleet/followed"  # counter: the last server_seq that the fleet's follower has read
_MOST_BEHIND = 1_000_000
_FIRST_MS = -62_135_596_800_000  # 0001-01-01
_LAST_MS = 253_402_300_799_999  # 9999-12-31

_KINDS = {int(k): k.name.lower() for k in Kind}
_MEANS = {int(m): m.name.lower() for m in Means}
_SOURCES = {int(s): s.name.lower() for s in SourceClass}
_CLOCKS = {int(c): c.name.lower() for c in ClockSource}
_FLAGS = {
    bits: [f.name.lower() for f in Flag if f.name and f.value & bits]
    for bits in range(int(Flag.DUPLICATE | Flag.CLOCK_UNTRUSTED) + 1)
}


class ApiPunch(msgspec.Struct, frozen=True):
    """One punch as the API gives it. `server_seq` is its place in this ledger and never changes; `person` is an opaque
    reference; `time` is what the terminal's clock showed (null where that is no date), true within `error_bound_ms`
    where that is known; `boot_no` and `since_boot_ms` count on a clock nobody can set.

    True time was from `earliest` to `latest` (null: open on that side), by what is known now; `dated_by` says from what
    (docs/time.md). `clock_disputed`: what was shown is more than two seconds outside.

    `head` (hexadecimal) is the terminal's hash chain after this record; `signature`, on the last record of each batch,
    is the terminal's over it, and vouches for every record of the log before it, too."""

    server_seq: int
    terminal: str
    log: str
    seq: int
    person: str
    kind: str
    means: str
    score: float
    source_class: str
    flags: list[str]
    time: dt.datetime | None
    boot_no: int
    since_boot_ms: int
    clock_source: str
    error_bound_ms: int | None
    received_at: dt.datetime
    earliest: dt.datetime | None
    latest: dt.datetime | None
    dated_by: str
    clock_disputed: bool
    head: str
    signature: str | None


class ApiDating(msgspec.Struct, frozen=True):
    """How a punch was dated from `known_at` on: true time was from `earliest` to `latest`."""

    known_at: dt.datetime
    earliest: dt.datetime | None
    latest: dt.datetime | None
    dated_by: str


class ApiDatings(msgspec.Struct, frozen=True):
    """Every dating of a punch, oldest first; the last one holds now. None is ever taken back or changed."""

    server_seq: int
    datings: list[ApiDating]


class ApiAlarm(msgspec.Struct, frozen=True):
    """Something the district must look at: record `seq` of a log tells it. `kind`: clock-back, false-anchor or
    anchors-disagree."""

    terminal: str
    log: str
    seq: int
    kind: str
    detail: str
    known_at: dt.datetime


class ApiAlarms(msgspec.Struct, frozen=True):
    alarms: list[ApiAlarm]


class ApiPage(msgspec.Struct, frozen=True):
    """Punches in the order of `server_seq`. Ask again with `after` = `next`; `more` says that there are some now."""

    punches: list[ApiPunch]
    next: int
    more: bool


@dataclass(frozen=True, slots=True)
class LivePunch:
    """One line of the page's list."""

    server_seq: int
    terminal: str
    name: str
    kind: str
    means: str
    time: dt.datetime | None
    clock_source: str
    error_bound_ms: int | None
    flags: list[str]


@dataclass(frozen=True, slots=True)
class LiveTerminal:
    """One line of the page's table of terminals. `state`: new, online, silent, offline or revoked. `seq`: the records
    stored of all its logs; a new unit goes on where the one before it ended (S7)."""

    id: str
    state: str
    last_seen_ms: int | None
    backlog: int
    seq: int
    roster_version: int
    roster_wanted: int
    quarantined: int
    forked: bool
    office: str
    office_hi: str


@dataclass(frozen=True, slots=True)
class Hearing:
    """How many terminals are online, and how many records wait on all of them together."""

    online: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Totals:
    punches: int
    today: int
    people: int
    terminals: int
    quarantined: int


def datings(connection: Connection, server_seq: int, scope: Scope = WHOLE) -> ApiDatings | None:
    """How one punch was dated, from its arrival on; None where this number is no punch's, or of one out of scope."""
    asked = visible(select(record), record, scope).where(
        record.c.server_seq == server_seq, record.c.type == int(RecordType.PUNCH)
    )
    row = connection.execute(asked).one_or_none()
    if row is None:
        return None
    history = of_boot(connection, (row.terminal, row.log), row.boot_no).history(row.since_boot_ms, row.received_ms)
    found = [
        ApiDating(_moment(one.known_ms), *_span(interval), interval.reason)
        for one in history
        for interval in [_own(row, one.interval)]
    ]
    return ApiDatings(server_seq, found)


def alarms(connection: Connection, limit: int, scope: Scope = WHOLE) -> ApiAlarms:
    """The newest alarms, newest first."""
    asked = (
        visible(select(alarm), alarm, scope)
        .order_by(alarm.c.known_ms.desc(), alarm.c.terminal, alarm.c.seq)
        .limit(limit)
    )
    return ApiAlarms(
        [
            ApiAlarm(row.terminal, row.log.hex(), row.seq, row.kind, row.detail, _moment(row.known_ms))
            for row in connection.execute(asked)
        ]
    )


def live_punches(connection: Connection, after: int, limit: int, scope: Scope = WHOLE) -> list[LivePunch]:
    """The newest punches behind `after`, newest first."""
    statement = select(record, person.c.name).join_from(record, person, record.c.person == person.c.ref, isouter=True)
    statement = visible(statement, record, scope)
    statement = statement.where(record.c.server_seq > after, record.c.type == int(RecordType.PUNCH))
    rows = connection.execute(statement.order_by(record.c.server_seq.desc()).limit(limit))
    return [
        LivePunch(
            server_seq=row.server_seq,
            terminal=row.terminal,
            name=row.name or row.person.hex(),
            kind=_KINDS[row.kind],
            means=_MEANS[row.means],
            time=_instant(row.wall_ms),
            clock_source=_CLOCKS[row.clock_source],
            error_bound_ms=row.error_bound_ms,
            flags=_FLAGS[row.flags],
        )
        for row in rows
    ]


def live_terminals(
    connection: Connection, now_ms: int, scope: Scope = WHOLE, *, worst: int | None = None
) -> list[LiveTerminal]:
    """The first 500 terminals by id; or so many of them, those first from which nothing is heard."""
    state = terminal_state.c
    columns = terminal.c.id, terminal.c.state, terminal.c.roster_version.label("wanted"), *state
    where = terminal.join(terminal_state, state.terminal == terminal.c.id, isouter=True)
    where = where.join(office, office.c.id == terminal.c.office, isouter=True)
    statement = select(*columns, office.c.name, office.c.name_hi).select_from(where).order_by(terminal.c.id)
    statement = visible(statement, terminal, scope)
    if worst is not None:
        silent = and_(terminal.c.state == "active", not_(_heard(now_ms)))
        statement = statement.order_by(None).order_by(case((silent, 0), else_=1), terminal.c.id)
    rows = connection.execute(statement.limit(MAX_TERMINALS if worst is None else worst)).all()
    logs: dict[str, dict[bytes, Any]] = {}
    shown = [row.id for row in rows]
    asked = select(log.c.terminal, log.c.log, log.c.seq, log.c.forked_ms).where(log.c.terminal.in_(shown))
    for one in connection.execute(asked):
        logs.setdefault(one.terminal, {})[one.log] = one
    per_terminal = select(quarantine.c.terminal, func.sum(quarantine.c.times)).where(quarantine.c.terminal.in_(shown))
    refused = {row[0]: row[1] for row in connection.execute(per_terminal.group_by(quarantine.c.terminal))}
    return [_live_terminal(row, logs.get(row.id, {}), int(refused.get(row.id, 0)), now_ms) for row in rows]


def hearing(connection: Connection, now_ms: int, scope: Scope = WHOLE) -> Hearing:
    """Of all terminals of a scope."""
    s, held = terminal_state.c, func.coalesce(log.c.seq, 0)
    both = terminal.join(terminal_state, s.terminal == terminal.c.id)
    both = both.join(log, and_(log.c.terminal == s.terminal, log.c.log == s.log), isouter=True)
    online = case((_heard(now_ms), 1), else_=0)
    waits = case((s.seq > held, s.seq - held), else_=0)
    sums = select(func.coalesce(func.sum(online), 0), func.coalesce(func.sum(waits), 0)).select_from(both)
    sums = sums.where(terminal.c.state.not_in(("revoked", "retired")))
    return Hearing(*(int(one) for one in connection.execute(visible(sums, terminal, scope)).one()))


def _heard(now_ms: int) -> Any:
    """As `_state` says "online"."""
    s = terminal_state.c
    return and_(func.coalesce(s.online, false()), func.coalesce(s.last_seen_ms, 0) >= now_ms - SILENT_AFTER_MS)


def totals(connection: Connection, today: dt.date, scope: Scope = WHOLE) -> Totals:
    if not scope.whole:
        return _totals_within(connection, today, scope)
    names = PUNCHES, f"{PUNCHES}/{today.isoformat()}"
    asked = select(counter.c.name, counter.c.value).where(counter.c.name.in_(names))
    counts = {row.name: row.value for row in connection.execute(asked)}
    return Totals(
        punches=counts.get(names[0], 0),
        today=counts.get(names[1], 0),
        people=connection.scalars(select(func.count()).select_from(person).where(person.c.active)).one(),
        terminals=connection.scalars(select(func.count()).select_from(terminal)).one(),
        quarantined=connection.scalars(select(func.coalesce(func.sum(quarantine.c.times), 0))).one(),
    )


def _totals_within(connection: Connection, today: dt.date, scope: Scope) -> Totals:
    """Of the terminals in scope: what the fleet's follower has added up, and the few records behind its cursor."""
    t, r = punch_total.c, record.c
    newer = func.coalesce(func.sum(case((t.day == today.isoformat(), t.today), else_=0)), 0)
    summed = select(func.coalesce(func.sum(t.punches), 0), newer).where(condition(punch_total, scope))
    punches, new = (int(one) for one in connection.execute(summed).one())
    cursor = connection.scalar(select(counter.c.value).where(counter.c.name == FOLLOWED)) or 0
    ours = visible(select(terminal.c.id), terminal, scope)
    midnight_ms = int(dt.datetime.combine(today, dt.time(), IST).timestamp() * 1000)
    # A limit keeps the database from looking them up by terminal, which would read all there ever were.
    behind = select(r.terminal, r.received_ms).where(r.server_seq > cursor, r.type == int(RecordType.PUNCH))
    few = behind.limit(_MOST_BEHIND).subquery()
    since = func.coalesce(func.sum(case((few.c.received_ms >= midnight_ms, 1), else_=0)), 0)
    more, more_new = connection.execute(select(func.count(), since).where(few.c.terminal.in_(ours))).one()
    refused = select(func.coalesce(func.sum(quarantine.c.times), 0)).where(condition(quarantine, scope))
    return Totals(
        punches=punches + more,
        today=new + more_new,
        people=connection.scalars(
            visible(select(func.count()).select_from(person), person, scope).where(person.c.active)
        ).one(),
        terminals=connection.scalars(visible(select(func.count()).select_from(terminal), terminal, scope)).one(),
        quarantined=int(connection.scalars(refused).one()),
    )


def _own(row: Any, interval: Interval) -> Interval:
    """What is known of the record is known of the punch, unless another machine took it."""
    return interval.elsewhere() if row.source_class == SourceClass.LEGACY_TERMINAL else interval


def _span(interval: Interval) -> tuple[dt.datetime | None, dt.datetime | None]:
    early, late = interval.earliest_ms, interval.latest_ms
    return None if early is None else _instant(early), None if late is None else _instant(late)


def _moment(ms: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(ms / 1000, dt.UTC)


def _live_terminal(row: Any, logs: dict[bytes, Any], quarantined: int, now_ms: int) -> LiveTerminal:
    stored = logs[row.log].seq if row.log in logs else 0
    return LiveTerminal(
        id=row.id,
        state=_state(row, now_ms),
        last_seen_ms=row.last_seen_ms,
        backlog=max(0, (row.seq or 0) - stored),
        seq=sum(one.seq for one in logs.values()),
        roster_version=row.roster_version or 0,
        roster_wanted=row.wanted,
        quarantined=quarantined,
        forked=any(one.forked_ms is not None for one in logs.values()),
        office=row.name or "",
        office_hi=row.name_hi or row.name or "",
    )


def _state(row: Any, now_ms: int) -> str:
    if row.state == "revoked":
        return "revoked"
    if row.last_seen_ms is None:
        return "new"
    if not row.online:
        return "offline"
    return "silent" if now_ms - row.last_seen_ms > SILENT_AFTER_MS else "online"


def _instant(wall_ms: int) -> dt.datetime | None:
    """A terminal may claim any time, even one no calendar has."""
    if not _FIRST_MS <= wall_ms <= _LAST_MS:
        return None
    return dt.datetime.fromtimestamp(wall_ms / 1000, dt.UTC)
