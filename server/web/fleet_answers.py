"""What the fleet's part of the API answers with. Times are ISO 8601 in UTC; ids of alarms and tickets 16 hex digits."""

import datetime as dt
from typing import Any

import msgspec

from server.fleet.advice import advice
from server.fleet.fitness import MINUTE_MS, Fit, Interval
from server.fleet.overview import Row, Sums
from server.fleet.tickets import Ticket


class ApiWrong(msgspec.Struct, frozen=True):
    """Something that is not in order: `level` is warn or fail; what it is and what to do, in English and Hindi."""

    kind: str
    level: str
    since: dt.datetime
    detail: str
    what: str
    what_hi: str
    do: str
    do_hi: str


class ApiTerminal(msgspec.Struct, frozen=True):
    """`state`: pending, active, quarantined, revoked or retired. `level`: ok, warn or fail, the worst of `wrong`.
    `backlog`: records it spoke of that are not here; the roster has converged when its two versions are equal."""

    id: str
    name: str
    place: str
    office: str | None
    office_name: str
    state: str
    online: bool
    last_seen: dt.datetime | None
    level: str
    backlog: int
    roster_version: int
    roster_wanted: int
    wrong: list[ApiWrong]


class ApiTerminals(msgspec.Struct, frozen=True):
    """In the order of their ids. Ask again with `after` = `next`; `more` says that there are some."""

    terminals: list[ApiTerminal]
    next: str
    more: bool


class ApiUnit(msgspec.Struct, frozen=True):
    """Hardware that is or was the terminal, by the first 16 hex digits of its record key."""

    key: str
    serial: str
    since: dt.datetime
    until: dt.datetime | None


class ApiNote(msgspec.Struct, frozen=True):
    """A change of standing, hardware or place: who, when, why."""

    at: dt.datetime
    what: str
    was: str
    became: str
    by: str
    why: str


class ApiPlace(msgspec.Struct, frozen=True):
    since: dt.datetime
    office: str | None
    name: str
    place: str


class ApiTwin(msgspec.Struct, frozen=True):
    """Versions of its settings: which it should have, and which it says it has."""

    desired: int
    reported: int
    result: str


class ApiTerminalPage(msgspec.Struct, frozen=True):
    """One terminal, with its history newest first."""

    terminal: ApiTerminal
    units: list[ApiUnit]
    places: list[ApiPlace]
    history: list[ApiNote]
    settings: ApiTwin


class ApiHealth(msgspec.Struct, frozen=True):
    """`said`: the terminal's last word on itself (docs/wire.md, health), `hours`: the extremes of each hour."""

    at: dt.datetime | None
    said: dict[str, Any] | None
    hours: list[dict[str, Any]]


class ApiMinutes(msgspec.Struct, frozen=True):
    """`fitness`: fit, unfit or unknown, `end` not included; why not fit, in words for programs."""

    start: dt.datetime
    end: dt.datetime
    fitness: str
    reasons: list[str]


class ApiFitness(msgspec.Struct, frozen=True):
    """Could it have taken a punch? Whole minutes; the sums are minutes."""

    fit: int
    unfit: int
    unknown: int
    intervals: list[ApiMinutes]


class ApiIncident(msgspec.Struct, frozen=True):
    """An alarm. `ref` names the record that told it, or the moment it began; `times`: how often it came back."""

    id: str
    terminal: str
    kind: str
    ref: str
    detail: str
    opened: dt.datetime
    times: int
    acknowledged: dt.datetime | None
    acknowledged_by: str | None
    closed: dt.datetime | None
    what: str
    what_hi: str
    do: str
    do_hi: str


class ApiIncidents(msgspec.Struct, frozen=True):
    """The newest first."""

    incidents: list[ApiIncident]


class ApiTicket(msgspec.Struct, frozen=True):
    """A fault to be mended by `due` (R2.6). `person` is an opaque reference, null where the device is at fault.
    `day`: of its life, from 1; on day 8 it is `breached`."""

    id: str
    terminal: str
    person: str | None
    kind: str
    detail: str
    opened: dt.datetime
    due: dt.datetime
    day: int
    breached: bool
    acknowledged: dt.datetime | None
    acknowledged_by: str | None
    closed: dt.datetime | None
    evidence: str
    what: str
    what_hi: str
    do: str
    do_hi: str


class ApiTickets(msgspec.Struct, frozen=True):
    """The one due first at the top."""

    tickets: list[ApiTicket]


class ApiFleet(msgspec.Struct, frozen=True):
    """Sums: terminals by standing, active ones by the worst that is found, terminals by what is found."""

    states: dict[str, int]
    online: int
    levels: dict[str, int]
    wrong: dict[str, dict[str, int]]
    incidents: int
    tickets: int
    breached: int


SCHEMAS: list[type[msgspec.Struct]] = [
    ApiFleet,
    ApiTerminals,
    ApiTerminalPage,
    ApiHealth,
    ApiFitness,
    ApiIncidents,
    ApiIncident,
    ApiTickets,
    ApiTicket,
]


def moment(ms: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(ms / 1000, dt.UTC)


def moment_or_none(ms: int | None) -> dt.datetime | None:
    return None if ms is None else moment(ms)


def terminal(row: Row) -> ApiTerminal:
    wrong = [
        ApiWrong(one.kind, one.level.name.lower(), moment(one.since_ms), one.detail, *advice(one.kind))
        for one in row.wrong
    ]
    return ApiTerminal(
        id=row.id,
        name=row.name,
        place=row.place,
        office=row.office.hex() if row.office else None,
        office_name=row.office_name,
        state=row.state,
        online=row.online,
        last_seen=moment_or_none(row.last_seen_ms),
        level=row.level.name.lower(),
        backlog=row.backlog,
        roster_version=row.roster_version,
        roster_wanted=row.roster_wanted,
        wrong=wrong,
    )


def fleet(sums: Sums) -> ApiFleet:
    wrong: dict[str, dict[str, int]] = {}
    for (kind, level), n in sums.wrong.items():
        wrong.setdefault(kind, {})[level] = n
    counted = sums.incidents, sums.tickets, sums.breached
    return ApiFleet(sums.states, sums.online, sums.levels, wrong, *counted)


def fitness(intervals: tuple[Interval, ...], total: Fit) -> ApiFitness:
    lines = [
        ApiMinutes(moment(one.start * MINUTE_MS), moment(one.end * MINUTE_MS), one.fitness, list(one.reasons))
        for one in intervals
    ]
    return ApiFitness(total.fit, total.unfit, total.unknown, lines)


def incident(row: Any) -> ApiIncident:
    said = advice(row.kind)
    return ApiIncident(
        id=row.id.hex(),
        terminal=row.terminal,
        kind=row.kind,
        ref=row.ref,
        detail=row.detail,
        opened=moment(row.opened_ms),
        times=row.times,
        acknowledged=moment_or_none(row.acked_ms),
        acknowledged_by=row.acked_by,
        closed=moment_or_none(row.closed_ms),
        what=said.what,
        what_hi=said.what_hi,
        do=said.do,
        do_hi=said.do_hi,
    )


def ticket(one: Ticket, now_ms: int) -> ApiTicket:
    said = advice(one.kind)
    return ApiTicket(
        id=one.id.hex(),
        terminal=one.terminal,
        person=one.person.hex() if one.person else None,
        kind=one.kind,
        detail=one.detail,
        opened=moment(one.opened_ms),
        due=moment(one.due_ms),
        day=one.day(now_ms if one.closed_ms is None else one.closed_ms),
        breached=one.breached(now_ms),
        acknowledged=moment_or_none(one.acked_ms),
        acknowledged_by=one.acked_by,
        closed=moment_or_none(one.closed_ms),
        evidence=one.evidence,
        what=said.what,
        what_hi=said.what_hi,
        do=said.do,
        do_hi=said.do_hi,
    )
