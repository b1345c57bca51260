"""One look at the whole fleet: gathers the facts of a few hundred terminals at a time, and weighs what is found."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, func, select

from server.fleet import alarms, conditions, health, zones
from server.fleet.conditions import HEALTH_RULES, RULES, Facts, Level
from server.fleet.health import Told
from server.fleet.silence import Silence, expectation, holiday, quarter, weekdays
from server.ledger.store import Ledger
from server.ledger.tables import condition, punch_day, terminal, terminal_health, terminal_state

SLICE = 400
_MORNING, _EVENING = dt.time(9, 0), dt.time(18, 0)  # nobody is called out for a quiet office at night

_opened = lru_cache(maxsize=20_000)(health.opened)


class Watch:
    """Looks at every active terminal, again and again; holds nothing but what is dear to read."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._history: dict[dt.date, dict[str, list[bytes]]] = {}  # of the same weekday before, by the day of now

    def look(self, now_ms: int, *, hearing: bool) -> int:
        """Returns how many alarms were opened. `hearing` False: this server has not listened long enough to say who
        is not to be heard; those rules stay as they are. Raises LedgerError."""
        kinds = [kind for kind in (*RULES, *HEALTH_RULES) if hearing or kind not in RULES]
        with self._ledger.read() as connection:
            ids = select(terminal.c.id).where(terminal.c.state == "active").order_by(terminal.c.id)
            everyone = list(connection.scalars(ids))
            silences = self._silences(connection, now_ms) if hearing else {}
            newest = _newest(connection)
        opened = 0
        for start in range(0, len(everyone), SLICE):
            some = everyone[start : start + SLICE]
            with self._ledger.read() as connection:
                facts = gather(connection, some, now_ms, silences, newest)
                found = {one: conditions.look(known) for one, known in facts}
                before = alarms.board(connection, some, now_ms)
            if alarms.changes(before, found, kinds, now_ms):
                with self._ledger.write() as connection:
                    opened += alarms.weigh(connection, found, kinds, now_ms)
        return opened

    def _silences(self, connection: Connection, now_ms: int) -> dict[str, Silence]:
        """What was expected of each terminal by now, and what came; nothing on a holiday, and nothing at night or
        before work, by the clock of its office."""
        days: dict[dt.date, list[tuple[str, int]]] = {}
        for one, zone in zones.of_terminals(connection).items():
            now = dt.datetime.fromtimestamp(now_ms / 1000, zone)
            if _MORNING <= now.time() <= _EVENING:
                days.setdefault(now.date(), []).append((one, quarter(now)))
        self._history = {day: self._history.get(day) or _history(connection, day) for day in days}
        expected = {}
        for day, terminals in days.items():
            today = {row.terminal: row.quarters for row in connection.execute(_days(day))}
            for one, by_now in terminals:
                if before := self._history[day].get(one):
                    expected[one] = expectation(before, today.get(one, b""), by_now)
        return {} if holiday(expected.values()) else expected


def _history(connection: Connection, today: dt.date) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    for row in connection.execute(_days(*weekdays(today))):
        found.setdefault(row.terminal, []).append(row.quarters)
    return found


def _days(*days: dt.date) -> Select[Any]:
    return select(punch_day).where(punch_day.c.day.in_([day.isoformat() for day in days]))


def gather(
    connection: Connection,
    some: Sequence[str],
    now_ms: int,
    silences: Mapping[str, Silence],
    newest: tuple[int, ...],
) -> Iterator[tuple[str, Facts]]:
    """The facts of some terminals, a few hundred at most."""
    t, s, h = terminal.c, terminal_state.c, terminal_health.c
    columns = t.id, t.admitted_ms, t.roster_version.label("wanted"), s.online, s.last_seen_ms, s.roster_version
    asked = select(*columns, h.at_ms, h.body).join_from(terminal, terminal_state, isouter=True)
    asked = asked.join(terminal_health, h.terminal == t.id, isouter=True).where(t.id.in_(some))
    c = condition.c
    lagging = select(c.terminal, c.since_ms, c.level).where(c.terminal.in_(some), c.kind == "lagging")
    grown_ms = {int(Level.FAIL): conditions.LAGGING_S * 1000}  # it warned for so long before it failed
    since = {row.terminal: row.since_ms - grown_ms.get(row.level, 0) for row in connection.execute(lagging)}
    for row in connection.execute(asked):
        yield row.id, _facts(row, now_ms, since.get(row.id), silences.get(row.id), newest)


def _facts(row: Any, now_ms: int, lag_since_ms: int | None, silence: Silence | None, newest: tuple[int, ...]) -> Facts:
    told: Told | None = None if row.body is None else _opened(row.at_ms, row.body)
    return Facts(
        now_ms=now_ms,
        admitted_ms=row.admitted_ms,
        online=bool(row.online),
        last_seen_ms=row.last_seen_ms,
        health=told.health if told else None,
        health_ms=told.at_ms if told else 0,
        lacking=row.last_seen_ms is not None and row.roster_version < row.wanted,
        lacking_since_ms=lag_since_ms,
        newest=newest,
        silence=silence,
    )


def _newest(connection: Connection) -> tuple[int, ...]:
    """The newest software that more than one terminal runs: one on trial makes nobody old."""
    versions: dict[tuple[int, ...], int] = {}
    for row in connection.execute(select(terminal_health.c.at_ms, terminal_health.c.body)):
        if told := _opened(row.at_ms, row.body):
            one = conditions.version(told.health.software)
            versions[one] = versions.get(one, 0) + 1
    return max((one for one, count in versions.items() if count > 1), default=())


def counts(connection: Connection) -> dict[tuple[str, str], int]:
    """How many terminals each rule finds warning or failing: (kind, level) → terminals."""
    c = condition.c
    asked = select(c.kind, c.level, func.count()).where(c.level > int(Level.OK)).group_by(c.kind, c.level)
    return {(kind, Level(level).name.lower()): n for kind, level, n in connection.execute(asked)}
