"""Punches as lines of JSON, for the API: `views.ApiPunch`, written by hand, since a central server takes fifty
thousand of them a second and the terminals' own words need no escaping (ids are a–z, 0–9 and '-').

What must stay true here: a line decodes as an ApiPunch (tests try it).
"""

import calendar
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, and_, select

from server.access.scope import WHOLE, Scope, condition
from server.intake.dating import RESOLUTION_MS, TOLERANCE_MS, Boot, Interval, Reason
from server.intake.timekeeping import of_boots
from server.ledger.tables import record, signed
from sync.record import MAX_SCORE, ClockSource, Flag, Kind, Means, RecordType, SourceClass

_KINDS = {int(k): k.name.lower() for k in Kind}
_MEANS = {int(m): m.name.lower() for m in Means}
_SOURCES = {int(s): s.name.lower() for s in SourceClass}
_CLOCKS = {int(c): c.name.lower() for c in ClockSource}
_FLAGS = {
    bits: "[" + ",".join(f'"{f.name.lower()}"' for f in Flag if f.name and f.value & bits) + "]"
    for bits in range(int(Flag.DUPLICATE | Flag.CLOCK_UNTRUSTED) + 1)
}
_SCORES = [repr(score / 1000) for score in range(MAX_SCORE + 1)]
_FIRST_MS = calendar.timegm((1, 1, 1, 0, 0, 0)) * 1000
_LAST_MS = calendar.timegm((9999, 12, 31, 23, 59, 59)) * 1000 + 999
_SECONDS = [f"{n:02}." for n in range(60)]
_THOUSANDTHS = [f'{n:03}Z"' for n in range(1000)]

_LINE = (
    '"server_seq":%d,"terminal":"%s","log":"%s","seq":%d,"person":"%s","kind":"%s","means":"%s","score":%s,'
    '"source_class":"%s","flags":%s,"time":%s,"boot_no":%d,"since_boot_ms":%d,"clock_source":"%s",'
    '"error_bound_ms":%s,"received_at":%s,"earliest":%s,"latest":%s,"dated_by":"%s","clock_disputed":%s,'
    '"head":"%s","signature":%s}'
)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which punches: those of `scope` that have everything named. Times are those the terminals showed, Unix time in
    ms, from `from_ms` to before `to_ms`."""

    scope: Scope = WHOLE
    within: Scope = WHOLE
    terminal: str = ""
    person: bytes = b""
    kind: int = 0
    from_ms: int | None = None
    to_ms: int | None = None

    def narrow(self, statement: Select[Any]) -> Select[Any]:
        c = record.c
        for scope in (self.scope, self.within):
            if not scope.whole:
                statement = statement.where(condition(record, scope))
        for column, value in ((c.terminal, self.terminal), (c.person, self.person), (c.kind, self.kind)):
            if value:
                statement = statement.where(column == value)
        if self.from_ms is not None:
            statement = statement.where(c.wall_ms >= self.from_ms)
        if self.to_ms is not None:
            statement = statement.where(c.wall_ms < self.to_ms)
        return statement

    @property
    def all(self) -> bool:
        plain = replace(self, scope=WHOLE, within=WHOLE) == Selection()
        return plain and self.scope.whole and self.within.whole


EVERYTHING = Selection()


def fetch(connection: Connection, chosen: Selection, after: int, until: int, limit: int) -> Sequence[Any]:
    """Rows behind server_seq `after` up to `until`, for `lines`."""
    r, s = record.c, signed.c
    same = and_(s.terminal == r.terminal, s.log == r.log, s.seq == r.seq)
    statement = select(
        r.server_seq, r.terminal, r.log, r.seq, r.person, r.kind, r.means, r.score, r.source_class, r.flags,
        r.wall_ms, r.boot_no, r.since_boot_ms, r.clock_source, r.error_bound_ms, r.received_ms, r.head, s.signature,
    ).select_from(record.outerjoin(signed, same))  # fmt: skip
    statement = statement.where(r.server_seq > after, r.server_seq <= until, r.type == int(RecordType.PUNCH))
    return connection.execute(chosen.narrow(statement).order_by(r.server_seq).limit(limit)).all()


def lines(connection: Connection, rows: Sequence[Any], before: str = "{", *, then: bool = False) -> list[str]:
    """A JSON object each, that begins with `before`. `then`: dated by what was known when it came, else by what is
    known now."""
    boots = of_boots(connection, {(row[1], row[2], row[11]) for row in rows})
    hexes = {log: log.hex() for log in {row[2] for row in rows}}
    line = before + _LINE
    found = []
    for (
        server_seq, terminal, log, seq, person, kind, means, score, source_class, flags,
        wall_ms, boot_no, since_boot_ms, clock_source, bound_ms, received_ms, head, signature,
    ) in rows:  # fmt: skip
        boot = boots[terminal, log, boot_no]
        interval = _interval(boot, since_boot_ms, received_ms, source_class, then=then)
        found.append(
            line
            % (
                server_seq, terminal, hexes[log], seq, person.hex(), _KINDS[kind], _MEANS[means], _SCORES[score],
                _SOURCES[source_class], _FLAGS[flags], moment(wall_ms), boot_no, since_boot_ms, _CLOCKS[clock_source],
                "null" if bound_ms is None else bound_ms, moment(received_ms), *dated(interval, wall_ms), head.hex(),
                "null" if signature is None else f'"{signature.hex()}"',
            )
        )  # fmt: skip
    return found


def dated(interval: Interval, wall_ms: int) -> tuple[str, str, str, str]:
    """The last four columns but two: earliest, latest, dated_by, clock_disputed."""
    early, late = interval.earliest_ms, interval.latest_ms
    disputed = (early is not None and wall_ms < early - TOLERANCE_MS) or (
        late is not None and wall_ms > late + TOLERANCE_MS
    )
    return moment(early), moment(late), interval.reason.value, "true" if disputed else "false"


def moment(ms: int | None) -> str:
    """Unix time as RFC 3339 in quotes; null where that is no date: a terminal may claim any time."""
    if ms is None or not _FIRST_MS <= ms <= _LAST_MS:
        return "null"
    minute, rest = divmod(ms, 60_000)
    return f'"{_minute(minute)}{_SECONDS[rest // 1000]}{_THOUSANDTHS[rest % 1000]}'


def _interval(boot: Boot, at_ms: int, received_ms: int, source_class: int, *, then: bool) -> Interval:
    if boot.bare:
        interval = Interval(None, received_ms + RESOLUTION_MS, Reason.BEFORE)
    elif then:
        interval = boot.date_then(at_ms, received_ms)
    else:
        interval = boot.date(at_ms, received_ms)
    return interval.elsewhere() if source_class == SourceClass.LEGACY_TERMINAL else interval


@lru_cache(1 << 16)
def _minute(minute: int) -> str:
    t = time.gmtime(minute * 60)
    return f"{t.tm_year:04}-{t.tm_mon:02}-{t.tm_mday:02}T{t.tm_hour:02}:{t.tm_min:02}:"
