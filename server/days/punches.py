"""The ledger's punches by person, dated: `follow` brings `attendance_punch` up to the newest record and re-dating.

`server_seq` has no gaps and runs in the order of commits, so a cursor on it misses nothing that ingest ever committed,
and ingest writes nothing for it. What must stay true here: the rows and the cursor move in one transaction.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, and_, delete, insert, select

from server.attendance.clock import DAY_MS, local_day
from server.attendance.month import UNDATED_REACH_MS
from server.days import due
from server.intake.timekeeping import of_boots
from server.ledger.records import RECORDS
from server.ledger.store import upsert
from server.ledger.tables import attendance_punch, change, counter, record, terminal
from sync.record import RecordType, SourceClass

CURSOR, CHANGES = "days record", "days change"
GROUP = 250  # records, and so about 15 ms of the ledger for ourselves
IST_MIN = 330


def follow(connection: Connection, limit: int = GROUP) -> int:
    """Take in the next records and re-datings, and mark the days they may be of; returns how many. 0: all are in."""
    after = _cursor(connection, CURSOR)
    end = _cursor(connection, RECORDS)
    last = min(end, after + limit)
    r = record.c
    asked = select(record).where(r.server_seq > after, r.server_seq <= last, r.type == int(RecordType.PUNCH))
    _take(connection, connection.execute(asked.order_by(r.server_seq)).all())
    if last > after:
        _move(connection, CURSOR, last)
    return (last - after) + _redated(connection, last)


def _redated(connection: Connection, known: int) -> int:
    """Boots that were dated anew: their punches stand at other times now."""
    after = _cursor(connection, CHANGES)
    c = change.c
    rows = connection.execute(
        select(c.number, c.what, c.terminal, c.log, c.boot_no).where(c.number > after).order_by(c.number).limit(GROUP)
    ).all()
    boots = {(row.terminal, row.log, row.boot_no) for row in rows if row.what == "dating" and row.boot_no is not None}
    for terminal_id, log, boot_no in sorted(boots):
        r = record.c
        asked = select(record).where(
            r.terminal == terminal_id, r.log == log, r.boot_no == boot_no, r.server_seq <= known,
            r.type == int(RecordType.PUNCH),
        )  # fmt: skip
        _take(connection, connection.execute(asked).all(), again=True)
    if rows:
        _move(connection, CHANGES, rows[-1].number)
    return len(rows)


def _take(connection: Connection, rows: Sequence[Any], *, again: bool = False) -> None:
    if not rows:
        return
    boots = of_boots(connection, {(row.terminal, row.log, row.boot_no) for row in rows})
    where = _offices(connection, {row.terminal for row in rows})
    found = []
    for row in rows:
        interval = boots[row.terminal, row.log, row.boot_no].date(row.since_boot_ms, row.received_ms)
        disputed = interval.disputes(row.wall_ms)
        if row.source_class == SourceClass.LEGACY_TERMINAL:
            interval = interval.elsewhere()
        low, high = interval.earliest_ms, interval.latest_ms
        if row.source_class == SourceClass.LEGACY_TERMINAL and low is None:
            low, high = row.wall_ms, row.wall_ms  # an old machine's own clock is all there is of it (R6.2)
        found.append(
            {
                "person": row.person, "server_seq": row.server_seq, "terminal": row.terminal, "log": row.log,
                "seq": row.seq, "boot_no": row.boot_no, "office": where.get(row.terminal), "low_ms": low,
                "high_ms": high, "kind": row.kind, "means": row.means, "source_class": row.source_class,
                "flags": row.flags, "disputed": disputed,
            }
        )  # fmt: skip
    if again:
        found = _changed(connection, found)
    if found:
        connection.execute(insert(attendance_punch), found)
    _mark(connection, found)


def _changed(connection: Connection, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that stand elsewhere in time than before; the old rows go, and their days are marked."""
    p = attendance_punch.c
    changed = []
    for one in found:
        mine = and_(p.person == one["person"], p.server_seq == one["server_seq"])
        old = connection.execute(select(attendance_punch).where(mine)).one_or_none()
        if old is not None and (old.low_ms, old.high_ms, old.disputed) == (
            one["low_ms"], one["high_ms"], one["disputed"],
        ):  # fmt: skip
            continue
        if old is not None:
            _mark(connection, [dict(old._mapping)])
            connection.execute(delete(attendance_punch).where(mine))
        changed.append(one)
    return changed


def _mark(connection: Connection, rows: Iterable[dict[str, Any]]) -> None:
    """One mark a person and stretch of days, not one a punch."""
    spans: dict[bytes, set[tuple[dt.date, dt.date]]] = {}
    for row in rows:
        spans.setdefault(row["person"], set()).add(days_of_punch(row["low_ms"], row["high_ms"]))
    for person, found in spans.items():
        for first, last in merged(found):
            due.mark(connection, [person], first, last)


def days_of_punch(low_ms: int | None, high_ms: int | None) -> tuple[dt.date, dt.date]:
    """The work dates a punch may be of: its own, and the day before for those who sit past midnight."""
    if low_ms is None:
        low_ms = (high_ms or 0) - UNDATED_REACH_MS
    if high_ms is None:
        high_ms = low_ms + UNDATED_REACH_MS
    return local_day(low_ms - DAY_MS // 2, IST_MIN), local_day(high_ms, IST_MIN)


def merged(spans: Iterable[tuple[dt.date, dt.date]]) -> list[tuple[dt.date, dt.date]]:
    """Spans of days that touch, as one."""
    found: list[tuple[dt.date, dt.date]] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + dt.timedelta(days=1):
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found


def _offices(connection: Connection, terminals: set[str]) -> dict[str, bytes | None]:
    asked = select(terminal.c.id, terminal.c.office).where(terminal.c.id.in_(terminals))
    return {row.id: row.office for row in connection.execute(asked)}


def _cursor(connection: Connection, name: str) -> int:
    return connection.scalar(select(counter.c.value).where(counter.c.name == name)) or 0


def _move(connection: Connection, name: str, value: int) -> None:
    upsert(connection, counter, {"name": name, "value": value}, "value")
