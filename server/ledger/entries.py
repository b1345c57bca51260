"""One feed of everything: punches as they were dated when they came, and behind them, each as an entry of its own, what
was said of them later. Nothing in it is ever changed: the same cursor gives the same bytes for ever, so a copy can be
compared with the original.

punch     views.ApiPunch, dated by what was known when it came
dating    later evidence dates punches anew: which, and how they are dated from then on
alarm     something the district must look at: views.ApiAlarm (a fork of a log, a clock turned back, a flood)

Every entry has its `type` and, first, the `cursor` behind it. One piece of evidence may date a month of punches, so an
entry may be longer than there is memory for: it is written while it is read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, func, select

from server.access.scope import condition
from server.intake.dating import Boot
from server.intake.timekeeping import of_boot
from server.ledger import punch_rows
from server.ledger.punch_rows import Selection
from server.ledger.store import Ledger
from server.ledger.tables import alarm, boot, change, record
from server.ledger.tables import dating as dating_table
from server.sharing.changes import Cursor
from sync.record import RecordType, SourceClass

_ANCHORS_BACK = 9  # punches before the ninth anchor back are dated by nearer ones (server.intake.dating looks at eight)


_REDATED_AT_ONCE = 1000  # punches of one dating that are read in one transaction


@dataclass(frozen=True, slots=True)
class Page:
    """Each entry as the cursor behind it and its JSON object, which comes in pieces and is to be read before the next
    entry is. `next`: the cursor behind all of them; it may be further than the last, past what was left out."""

    entries: Iterator[tuple[Cursor, Iterator[str]]]
    next: Cursor
    more: bool


def page(ledger: Ledger, chosen: Selection, after: Cursor, end: Cursor, limit: int) -> Page:
    """The next entries behind `after` up to `end`, at most `limit`."""
    with ledger.read() as connection:
        rows = punch_rows.fetch(connection, chosen, after.record, end.record, limit + 1)
        later = _changes(connection, chosen, after, end, limit + 1)
        found = [(row[0], 0, row) for row in rows] + [(one.behind, one.number, one) for one in later]
        order = sorted(found, key=_place)[:limit]
        punches = punch_rows.lines(connection, [row for _, number, row in order if number == 0], "", then=True)
    cursors, at = [], after
    for behind, number, _ in order:
        at = Cursor(behind, at.change) if number == 0 else Cursor(max(at.record, behind), number)
        cursors.append(at)
    told = _written(ledger, chosen, cursors, [one if number else None for _, number, one in order], iter(punches))
    more = len(found) > limit
    return Page(told, at if more else end, more)


def joined(entries: Iterator[tuple[Cursor, Iterator[str]]], between: str) -> Iterator[str]:
    """All of it in pieces."""
    for n, (_, pieces) in enumerate(entries):
        if n:
            yield between
        yield from pieces


def _written(
    ledger: Ledger, chosen: Selection, cursors: list[Cursor], changes: list[Any], punches: Iterator[str]
) -> Iterator[tuple[Cursor, Iterator[str]]]:
    for cursor, one in zip(cursors, changes, strict=True):
        pieces = iter([f'"type":"punch",{next(punches)}']) if one is None else _entry(ledger, chosen, one)
        if first := next(pieces, ""):
            yield cursor, chain([f'{{"cursor":"{cursor}",{first}'], pieces)


def _place(one: tuple[int, int, Any]) -> tuple[int, int]:
    return one[0], one[1]


def _changes(connection: Connection, chosen: Selection, after: Cursor, end: Cursor, limit: int) -> Sequence[Any]:
    """Filters on what only punches have leave alarms out; datings are narrowed punch by punch."""
    c = change.c
    statement = select(change).where(c.number > after.change, c.number <= end.change)
    if chosen.terminal:
        statement = statement.where(c.terminal == chosen.terminal)
    for scope in (chosen.scope, chosen.within):
        if not scope.whole:
            statement = statement.where(condition(change, scope))
    return connection.execute(statement.order_by(c.number).limit(limit)).all()


def _entry(ledger: Ledger, chosen: Selection, one: Any) -> Iterator[str]:
    """Without its beginning; nothing where there is nothing to tell."""
    where = f'"terminal":"{one.terminal}","log":"{one.log.hex()}","seq":{one.seq},"kind":"{one.kind}"'
    known = f'"known_at":{punch_rows.moment(one.known_ms)}'
    if one.what == "alarm":
        a = alarm.c
        mine = a.terminal == one.terminal, a.log == one.log, a.seq == one.seq, a.kind == one.kind
        with ledger.read() as connection:
            detail = msgspec.json.encode(connection.scalar(select(a.detail).where(*mine)) or "").decode()
        yield f'"type":"alarm",{where},{known},"detail":{detail}}}'
        return
    before = f'"type":"dating",{where},"boot_no":{one.boot_no},{known},"punches":['
    for punches in _redated(ledger, chosen, one):
        yield before + ",".join(punches)
        before = ","
    if before == ",":
        yield "]}"


def _redated(ledger: Ledger, chosen: Selection, one: Any) -> Iterator[list[str]]:
    """The punches that this piece of evidence dates otherwise than was known before it, some at a time."""
    r = record.c
    statement = select(r.server_seq, r.seq, r.since_boot_ms, r.received_ms, r.wall_ms, r.source_class).where(
        r.terminal == one.terminal, r.log == one.log, r.boot_no == one.boot_no, r.type == int(RecordType.PUNCH),
        r.seq < one.seq, r.received_ms < one.known_ms,
    )  # fmt: skip
    statement = chosen.narrow(statement).order_by(r.seq).limit(_REDATED_AT_ONCE)
    with ledger.read() as connection:
        evidence: Boot = of_boot(connection, (one.terminal, one.log), one.boot_no)
        from_seq = _from_seq(connection, one)
        rows = connection.execute(statement.where(r.seq >= from_seq)).all()
    while rows:
        if told := [text for row in rows if (text := _told(evidence, one.known_ms, row))]:
            yield told
        if len(rows) < _REDATED_AT_ONCE:
            return
        with ledger.read() as connection:
            rows = connection.execute(statement.where(r.seq > rows[-1].seq)).all()


def _told(evidence: Boot, known_ms: int, row: Any) -> str:
    """How a punch is dated from this moment on; empty: as before."""
    before = evidence.date_then(row.since_boot_ms, row.received_ms, known_ms - 1)
    now = evidence.date_then(row.since_boot_ms, row.received_ms, known_ms)
    if row.source_class == SourceClass.LEGACY_TERMINAL:
        before, now = before.elsewhere(), now.elsewhere()
    if now == before:
        return ""
    early, late, reason, disputed = punch_rows.dated(now, row.wall_ms)
    return (
        f'{{"server_seq":{row.server_seq},"seq":{row.seq},"earliest":{early},"latest":{late},'
        f'"dated_by":"{reason}","clock_disputed":{disputed}}}'
    )


def _from_seq(connection: Connection, one: Any) -> int:
    """The first record that this evidence can say anything new of."""
    b, d = boot.c, dating_table.c
    mine = b.terminal == one.terminal, b.log == one.log, b.boot_no == one.boot_no
    begun = connection.scalar(select(func.min(b.seq)).where(*mine)) or 1
    same = and_(d.terminal == one.terminal, d.log == one.log, d.boot_no == one.boot_no, d.seq < one.seq)
    anchors = select(d.seq).where(same, d.kind == 1).order_by(d.seq.desc()).offset(_ANCHORS_BACK - 1).limit(1)
    return max(begun, connection.scalar(anchors) or 1)
