"""The punches of today, followed as they come in.

Held in memory and nowhere else: what was read is read again after a start, each hour (an anchor may have dated a punch
better since), and each midnight, from the first record that arrived on the day.
"""

import datetime as dt
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from server.intake.dating import Interval
from server.intake.timekeeping import of_boots
from server.ledger.tables import record
from server.people.days import start_ms
from sync.record import Flag, Kind, RecordType, SourceClass

SLICE = 5000
AGAIN_MS = 3_600_000
_DAY_MS = 86_400_000
_SLACK = 1000  # records that were stored out of the order in which they arrived


class Seen(NamedTuple):
    """A punch of today: when, what, and at which terminal."""

    at_ms: int
    kind: Kind
    terminal: str


class Today:
    """Whose marks, by person. One thread."""

    def __init__(self) -> None:
        self.day: dt.date | None = None
        self.marks: dict[bytes, list[Seen]] = {}
        self._after = 0
        self._began_ms = 0

    def follow(self, connection: Connection, day: dt.date, now_ms: int) -> set[bytes]:
        """Read what is new; returns the people whose marks changed."""
        changed: set[bytes] = set()
        if day != self.day or now_ms - self._began_ms > AGAIN_MS:
            changed |= set(self.marks)
            self.day, self.marks, self._began_ms = day, {}, now_ms
            self._after = max(0, first_since(connection, start_ms(day)) - 1 - _SLACK)
        while rows := self._rows(connection):
            self._after = rows[-1].server_seq
            changed |= self._take(connection, rows, start_ms(day))
        return changed

    def _rows(self, connection: Connection) -> Any:
        r = record.c
        asked = select(
            r.server_seq, r.terminal, r.log, r.type, r.person, r.kind, r.flags, r.source_class, r.wall_ms, r.boot_no,
            r.since_boot_ms, r.received_ms,
        )  # fmt: skip
        return connection.execute(asked.where(r.server_seq > self._after).order_by(r.server_seq).limit(SLICE)).all()

    def _take(self, connection: Connection, rows: Any, midnight_ms: int) -> set[bytes]:
        punches = [row for row in rows if row.type == RecordType.PUNCH and not row.flags & Flag.DUPLICATE]
        boots = of_boots(connection, {(row.terminal, row.log, row.boot_no) for row in punches})
        changed = set()
        for row in punches:
            interval = boots[row.terminal, row.log, row.boot_no].date(row.since_boot_ms, row.received_ms)
            if row.source_class == SourceClass.LEGACY_TERMINAL:
                interval = interval.elsewhere()
            at_ms = moment(row.wall_ms, interval)
            if midnight_ms <= at_ms < midnight_ms + _DAY_MS:
                self.marks.setdefault(row.person, []).append(Seen(at_ms, Kind(row.kind), row.terminal))
                changed.add(row.person)
        return changed


def moment(shown_ms: int, interval: Interval) -> int:
    """When a punch was, to the minute a page shows: what the terminal showed where nothing disputes it, else the
    nearest time that can be true (S10)."""
    low, high = interval.earliest_ms, interval.latest_ms
    if not interval.disputes(shown_ms):
        return shown_ms
    if low is not None and shown_ms < low:
        return low
    return shown_ms if high is None else high


def first_since(connection: Connection, since_ms: int) -> int:
    """The first server_seq that arrived at or after a time; one behind the last where none did. The numbers have no
    gaps and grow with time, so halving finds it in a few indexed questions whatever the size of the ledger."""
    r = record.c
    low, high = 1, (connection.scalar(select(func.max(r.server_seq))) or 0) + 1
    while low < high:
        middle = (low + high) // 2
        asked = select(r.server_seq, r.received_ms).where(r.server_seq >= middle).order_by(r.server_seq).limit(1)
        row = connection.execute(asked).one_or_none()
        if row is None or row.received_ms >= since_ms:
            high = middle
        else:
            low = row.server_seq + 1
    return low
