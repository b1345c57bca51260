"""Everything known of some people and their offices, read from the ledger as the engine takes it."""

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, or_, select

from server.attendance.clock import DAY_MS, midnight_ms
from server.attendance.month import UNDATED_REACH_MS
from server.attendance.plan import Planner
from server.attendance.rules import Policy
from server.attendance.types import (
    Act,
    Adjustment,
    Exemption,
    Half,
    Leave,
    Life,
    LifeSpan,
    Movement,
    Office,
    OnDuty,
    PersonFacts,
    Punch,
    PunchId,
    RegisterMark,
    ServiceSpan,
    World,
)
from server.days import fit
from server.days.places import Rules, read
from server.days.punches import IST_MIN
from server.ledger.tables import attendance_punch, designation, employee, office, person, request, service_event
from server.people import offices
from server.people.days import day_of
from server.people.office_life import OfficeEvent, fold
from server.people.ranks import BY_CODE, GRADES
from server.people.service import Base, ServiceOrder, spans
from server.people.service import Kind as OrderKind
from sync.record import Flag, Kind, Means, SourceClass

_RANKS = {grade.name: grade.rank for grade in GRADES}
_A_QUERY = 400


@dataclass(frozen=True, slots=True)
class Known:
    """Of some people and a stretch of days: what is theirs, and a planner over their offices and rules."""

    people: tuple[PersonFacts, ...]
    planner: Planner
    world: World
    unasked: frozenset[bytes] = frozenset()  # offices of which the fleet was never asked about some of these days


def known(
    connection: Connection,
    people: Iterable[bytes],
    first: dt.date,
    last: dt.date,
    rules: Rules | None = None,
    now_ms: int | None = None,
) -> Known:
    """Read it. `now_ms`: tell, too, of which offices the fleet was never asked until then (see fit.ensure).

    Raises FactsError, PolicyError.
    """
    refs = sorted(set(people))
    rules = rules or read(connection)
    posted = {ref: span for part in _parts(refs) for ref, span in _service(connection, part, last).items()}
    places = _places(connection, {one.office for spans_ in posted.values() for one in spans_ if one.office})
    unasked = fit.unasked(connection, places, first, last, now_ms) if now_ms is not None else {}
    of_offices = _offices(connection, places, rules, first, last)
    punches = _punches(connection, refs, first, last)
    told = _requests(connection, refs, first, last)
    facts = [
        PersonFacts(
            ref, tuple(_spans(posted.get(ref, []), places, rules)), tuple(punches.get(ref, ())),
            **told.get(ref, {}),
        )
        for ref in refs
    ]  # fmt: skip
    world = World(rules.policies, of_offices)
    return Known(tuple(facts), Planner(world), world, frozenset(unasked))


# ── where people are posted ──


@dataclass(frozen=True, slots=True)
class _Posting:
    """A stretch of service, before rules are chosen for it."""

    since: dt.date
    until: dt.date | None
    office: bytes | None
    grade: str
    expected: bool
    counted: bool
    contractual: bool


def _service(connection: Connection, refs: Sequence[bytes], last: dt.date) -> dict[bytes, list[_Posting]]:
    asked = select(
        person.c.ref, person.c.office, person.c.since_ms, person.c.active, employee.c.base_on, employee.c.base_office,
        employee.c.base_designation, employee.c.kind, employee.c.org,
    ).join_from(person, employee, isouter=True)  # fmt: skip
    rows = connection.execute(asked.where(person.c.ref.in_(refs))).all()
    orders = _orders(connection, refs)
    grades = _grades(connection, {row.org for row in rows if row.org})
    merged: dict[tuple[bytes, dt.date], bytes] = {}

    def at(one: bytes | None, day: dt.date) -> bytes | None:
        if one is not None and (one, day) not in merged:
            merged[one, day] = offices.resolve(connection, one, day)
        return one and merged[one, day]

    found = {}
    for row in rows:
        if row.base_on is None:  # known to terminals, and no employee of anybody: where they are, since they are
            since = day_of(row.since_ms)
            found[row.ref] = [_Posting(since, None, row.office, "", row.active, True, False)] if row.office else []
            continue
        base = Base(dt.date.fromisoformat(row.base_on), row.base_office, row.base_designation)
        found[row.ref] = [
            _Posting(
                one.first, one.last, at(one.office, min(one.last or last, last)),
                grades.get((row.org, one.designation), ""), one.expected, one.counted, row.kind == "contractual",
            )
            for one in spans(base, orders.get(row.ref, []))
        ]  # fmt: skip
    return found


def _orders(connection: Connection, refs: Sequence[bytes]) -> dict[bytes, list[ServiceOrder]]:
    rows = connection.execute(select(service_event).where(service_event.c.person.in_(refs))).all()
    void = {row.cancels for row in rows} | {row.id for row in rows if row.cancels is not None}
    found: dict[bytes, list[ServiceOrder]] = {}
    for row in sorted(rows, key=lambda one: int(one.recorded_ms)):
        if row.id not in void:
            days = dt.date.fromisoformat(row.effective_on), dt.date.fromisoformat(row.ordered_on)
            told = ServiceOrder(
                OrderKind(row.kind), *days, row.order_no, row.from_office, row.to_office, row.designation
            )
            found.setdefault(row.person, []).append(told)
    return found


def _grades(connection: Connection, orgs: Iterable[str]) -> dict[tuple[str, str], str]:
    asked = select(designation.c.org, designation.c.code, designation.c.equivalent).where(
        designation.c.org.in_(list(orgs))
    )
    return {(row.org, row.code): row.equivalent for row in connection.execute(asked)}


def _spans(postings: Iterable[_Posting], places: dict[bytes, Any], rules: Rules) -> Iterable[ServiceSpan]:
    """Postings cut where another policy begins to hold."""
    for one in postings:
        if one.office is None or one.office not in places:
            continue
        where = places[one.office]
        far = dt.date.max
        turns = [day for day in rules.turns(where.org, where.path) if one.since < day <= (one.until or far)]
        for since, then in pairwise([one.since, *turns, far]):
            name = rules.policy(where.org, where.path, since)
            policy = rules.policies[name]
            until = one.until if then == far else then - dt.timedelta(days=1)
            begins = max(since, policy.since)
            if until is not None and until < begins:
                continue
            yield ServiceSpan(
                begins, until, one.office, name, _rank(one.grade, policy, begins), one.expected, one.counted,
                one.contractual,
            )  # fmt: skip


def _rank(grade: str, policy: Policy, day: dt.date) -> str:
    """The highest of the policy's ranks that the grade reaches; a policy names its own."""
    ranks = policy.at(day).ranks
    if ranks is None or grade not in BY_CODE:
        return ""
    mine = BY_CODE[grade].rank
    reached = [name for name in ranks.order if _RANKS.get(name, 1000) <= mine]
    return max(reached, key=lambda name: _RANKS[name]) if reached else ""


# ── offices ──


def _places(connection: Connection, ids: set[bytes]) -> dict[bytes, Any]:
    asked = select(office.c.id, office.c.org, office.c.path, office.c.name)
    return {
        row.id: row for part in _parts(sorted(ids)) for row in connection.execute(asked.where(office.c.id.in_(part)))
    }


def _offices(
    connection: Connection, places: dict[bytes, Any], rules: Rules, first: dt.date, last: dt.date
) -> dict[bytes, Office]:
    lives = offices.events(connection, list(places))
    fitness = fit.spans(connection, places, first, last)
    return {
        one: Office(
            one, row.name, rules.calendar(row.org, row.path), _life(lives[one]), tuple(fitness[one]),
            rules.hours(row.org, row.path),
        )
        for one, row in places.items()
    }  # fmt: skip


def _life(events: list[OfficeEvent]) -> tuple[LifeSpan, ...]:
    """An office without events is live for ever: a small site that keeps no ledger of offices."""
    days = sorted({one.effective_on for one in events})
    found = []
    for day, then in pairwise([*days, None]):
        state = fold(events, day) if day else None
        if day and state is not None:
            found.append(LifeSpan(day, then - dt.timedelta(days=1) if then else None, Life(state.life)))
    return tuple(found)


# ── punches and requests ──


def _punches(connection: Connection, refs: Sequence[bytes], first: dt.date, last: dt.date) -> dict[bytes, list[Punch]]:
    low, high = midnight_ms(first, IST_MIN) - DAY_MS, midnight_ms(last, IST_MIN) + 2 * DAY_MS
    p = attendance_punch.c
    near = or_(p.low_ms.is_(None) & (p.high_ms < high + UNDATED_REACH_MS), p.low_ms <= high)
    found: dict[bytes, list[Punch]] = {}
    for part in _parts(refs):
        asked = select(attendance_punch).where(p.person.in_(part), or_(p.high_ms.is_(None), p.high_ms >= low), near)
        for row in connection.execute(asked):
            found.setdefault(row.person, []).append(_punch(row))
    return found


def _punch(row: Any) -> Punch:
    return Punch(
        PunchId(row.terminal, row.log, row.seq), row.low_ms, row.high_ms, row.office or b"", Kind(row.kind),
        Means(row.means), SourceClass(row.source_class), Flag(row.flags), True, row.disputed,
    )  # fmt: skip


def _requests(
    connection: Connection, refs: Sequence[bytes], first: dt.date, last: dt.date
) -> dict[bytes, dict[str, Any]]:
    """Approved ones that touch these days, by person, under the names of PersonFacts."""
    r = request.c
    found: dict[bytes, dict[str, Any]] = {}
    for part in _parts(refs):
        asked = select(request).where(
            r.person.in_(part), r.state == "approved", r.since <= last.isoformat(),
            or_(r.until >= first.isoformat(), r.kind == "exemption"),
        )  # fmt: skip
        for row in connection.execute(asked.order_by(r.decided_ms, r.id)):
            name, value = fact(row)
            mine = found.setdefault(row.person, {})
            mine[name] = (*mine.get(name, ()), value)
    return found


def fact(row: Any) -> tuple[str, Any]:
    """A row of `request` as the engine's fact, and where in PersonFacts it belongs."""
    since, until, more = dt.date.fromisoformat(row.since), dt.date.fromisoformat(row.until), json.loads(row.detail)
    name = row.id.hex()
    match row.kind:
        case "leave":
            return "leaves", Leave(since, until, more["kind"], Half(more["half"]), name)
        case "on_duty" | "tour":
            return "duties", OnDuty(since, until, row.reason, more.get("place", ""), Half(more["half"]), name)
        case "movement":
            return "movements", Movement(more["out_ms"], more.get("in_ms"), row.reason, name)
        case "register":
            return "register", RegisterMark(since, row.decided_by, name)
        case "exemption":
            return "exemptions", Exemption(since, until, row.decided_by, name)
        case _:
            terminal, log, seq = more.get("punch") or ("", "", 0)
            punch = PunchId(terminal, bytes.fromhex(log), seq) if terminal else None
            act = Act(more["act"])
            return "adjustments", Adjustment(since, act, row.decided_by, row.reason, more.get("at_ms"), punch, name)


def _parts(refs: Sequence[bytes]) -> Iterable[Sequence[bytes]]:
    for at in range(0, len(refs), _A_QUERY):
        yield refs[at : at + _A_QUERY]
