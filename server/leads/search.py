"""Looks through the last month of the ledger, part by part, and says which places each lead is for. Writes nothing.

A part is a district with all below it, what stands above the districts, or what stands at no office. Whoever is posted
in a part is looked for wherever they punched, so a journey across districts is found where the traveller belongs. Small
parts are read together, since each reading goes through the whole month. A look is bounded by days and by rows: what is
left out is the oldest, and the answer says so.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from server.access.scope import Place, Scope, condition
from server.intake.timekeeping import of_boots
from server.leads.rules import Lead, Mark, Position, Probe, Ref, Rule, find
from server.ledger.tables import office, person, record, terminal
from server.public.marks import first_since
from sync import WireError
from sync.record import PERSON_BYTES, Event, EventCode, Kind, RecordType, SourceClass, parse_record

DAYS = 31
MOST_ROWS = 200_000
_DAY_MS = 86_400_000
_ABOVE_DISTRICTS = "state"


@dataclass(frozen=True, slots=True)
class Part:
    """What is looked through by itself: `place` with all below it; with `alone`, that office and nothing below."""

    place: Place
    alone: bytes | None = None

    @property
    def name(self) -> str:
        """Of this part and no other."""
        return f"{self.place.org}{self.place.path}"


NOWHERE = Part(Place("", ""))


@dataclass(frozen=True, slots=True)
class Terrain:
    """Where everything stands, read once: offices by id, their latitude and longitude where they are known, the office
    that each stands under, the office of each terminal, and the part of each office."""

    offices: Mapping[bytes, Any]
    where: Mapping[bytes, Position]
    above: Mapping[bytes, bytes]
    stands: Mapping[str, bytes | None]
    part_of: Mapping[bytes | None, Part]

    @classmethod
    def read(cls, connection: Connection) -> "Terrain":
        o = office.c
        columns = o.id, o.org, o.path, o.level, o.parent, o.latitude, o.longitude
        rows = connection.execute(select(*columns).order_by(o.org, o.path)).all()
        stands = {row.id: row.office for row in connection.execute(select(terminal.c.id, terminal.c.office))}
        where = {row.id: (row.latitude, row.longitude) for row in rows if None not in (row.latitude, row.longitude)}
        above = {row.id: row.parent for row in rows if row.parent is not None}
        return cls({row.id: row for row in rows}, where, above, stands, _cut(rows))

    @property
    def parts(self) -> set[Part]:
        return set(self.part_of.values())


def _cut(offices: Sequence[Any]) -> dict[bytes | None, Part]:
    """The part of each office, and of what stands at none. By path: whatever is above an office comes before it."""
    found: dict[bytes | None, Part] = {None: NOWHERE}
    top = NOWHERE
    for one in offices:
        place = Place(one.org, one.path)
        if one.level == _ABOVE_DISTRICTS:
            found[one.id] = Part(place, alone=one.id)
            continue
        if top is NOWHERE or not top.place.holds(one.org, one.path):
            top = Part(place)
        found[one.id] = top
    return found


@dataclass(frozen=True, slots=True)
class Looked:
    """Leads, each with the places whose admins it is for; `cut`: there was more than one look can hold."""

    leads: list[tuple[Lead, frozenset[Place]]]
    cut: bool


def groups(connection: Connection, terrain: Terrain, now_ms: int, most: int = MOST_ROWS) -> list[list[Part]]:
    """All parts, those together that are read together: of one organisation, with half of `most` punches between
    them."""
    r = record.c
    asked = select(r.terminal, func.count()).where(r.server_seq >= _since(connection, now_ms)).group_by(r.terminal)
    punches: Counter[Part] = Counter()
    for one, n in connection.execute(asked):
        punches[terrain.part_of[terrain.stands.get(one)]] += n
    found: list[list[Part]] = []
    room = 0
    for part in sorted(terrain.parts, key=lambda one: (one.place, one.alone is None)):
        together = found and part.alone is None and part != NOWHERE and found[-1][0].alone is None
        if together and found[-1][0].place.org == part.place.org and punches[part] <= room:
            found[-1].append(part)
        else:
            found.append([part])
            room = most // 2
        room -= punches[part]
    return found


def look(
    connection: Connection, terrain: Terrain, group: Sequence[Part], now_ms: int, most: int = MOST_ROWS
) -> Iterator[tuple[Part, Looked]]:
    """The leads of each of the parts in the last 31 days. About 20 µs a punch."""
    rows = _rows(connection, group, _since(connection, now_ms), most)
    posted = _posted(connection, group)
    parts: dict[Part, list[Any]] = {part: [] for part in group}
    for row in rows:
        for part in {
            terrain.part_of[terrain.stands.get(row.terminal)],
            terrain.part_of.get(posted.get(row.person, b"")),
        }:
            if part in parts:
                parts[part].append(row)
    for part, mine in parts.items():
        yield part, Looked(_leads(connection, terrain, part, mine), len(rows) == most)


def _since(connection: Connection, now_ms: int) -> int:
    return first_since(connection, now_ms - DAYS * _DAY_MS)


def _leads(
    connection: Connection, terrain: Terrain, part: Part, rows: Sequence[Any]
) -> list[tuple[Lead, frozenset[Place]]]:
    boots = of_boots(connection, {(row.terminal, row.log, row.boot_no) for row in rows})
    marks, probes = [], []
    for row in rows:
        here = terrain.stands.get(row.terminal)
        if row.type == RecordType.PUNCH:
            marks.append(_mark(row, here, boots[row.terminal, row.log, row.boot_no]))
        else:
            probes.append(Probe(_ref(row), here, row.wall_ms, _probed(row.body), row.received_ms))
    leads = find(marks, probes, terrain.where, terrain.above)
    homes = _homes(connection, {one.people[0] for one in leads if one.rule is Rule.IMPOSSIBLE_TRAVEL})
    told = [(one, frozenset(_places(one, part, terrain, homes))) for one in leads]
    return [(one, places) for one, places in told if places]


def _places(one: Lead, part: Part, terrain: Terrain, homes: Mapping[bytes, bytes | None]) -> Iterator[Place]:
    """Whose lead it is. None: another part's, which sees all of it."""
    if part == NOWHERE:
        yield part.place
    elif one.rule is Rule.IMPOSSIBLE_TRAVEL:
        home = _place(terrain, homes.get(one.people[0]))
        ends = [_place(terrain, terrain.stands.get(ref.terminal)) for ref in one.refs]
        yield from {home, _above(ends)} - {None}  # type: ignore[misc]
    elif (here := _place(terrain, one.office)) is None or here.org != part.place.org:
        yield part.place  # our own people, on a terminal of somebody else's
    elif part.place.holds(here.org, here.path) and (part.alone is None or here == part.place):
        yield here


def _place(terrain: Terrain, one: bytes | None) -> Place | None:
    at = None if one is None else terrain.offices.get(one)
    return None if at is None else Place(at.org, at.path)


def _above(places: Iterable[Place | None]) -> Place | None:
    """The lowest place that holds all of them; None where none does."""
    orgs = {None if one is None else one.org for one in places}
    paths = [one.path for one in places if one is not None]
    org = orgs.pop() if len(orgs) == 1 else None
    common = os.path.commonpath(paths)
    return Place(org, f"{common}/") if org and common != "/" else None


def _rows(connection: Connection, group: Sequence[Part], since: int, most: int) -> list[Any]:
    """The newest first."""
    r = record.c
    columns = (
        r.terminal, r.log, r.seq, r.type, r.person, r.kind, r.source_class, r.boot_no, r.since_boot_ms, r.wall_ms,
        r.received_ms, r.body,
    )  # fmt: skip
    wanted = or_(r.type == int(RecordType.PUNCH), r.event == int(EventCode.IDENTICAL_PROBE))
    asked = select(*columns).where(r.server_seq >= since, wanted, _within(group))
    return list(connection.execute(asked.order_by(r.server_seq.desc()).limit(most)))


def _within(group: Sequence[Part]) -> ColumnElement[bool]:
    """Taken on their terminals or by their people, as the scope filter has it (R1.11)."""
    one = group[0]
    if one == NOWHERE:
        return _at(None)
    whole = condition(record, _scope(group))
    return whole if one.alone is None else and_(whole, _at(one.alone))


def _at(one: bytes | None) -> ColumnElement[bool]:
    here = select(terminal.c.id).where(terminal.c.office.is_(None) if one is None else terminal.c.office == one)
    theirs = select(person.c.ref).where(person.c.office.is_(None) if one is None else person.c.office == one)
    return or_(record.c.terminal.in_(here), record.c.person.in_(theirs))


def _scope(group: Sequence[Part]) -> Scope:
    return Scope(frozenset(), frozenset(part.place for part in group))


def _posted(connection: Connection, group: Sequence[Part]) -> dict[bytes, bytes | None]:
    """The office of everybody of these parts."""
    asked = select(person.c.ref, person.c.office)
    one = group[0]
    if one == NOWHERE:
        asked = asked.where(person.c.office.is_(None))
    elif one.alone is not None:
        asked = asked.where(person.c.office == one.alone)
    else:
        asked = asked.where(condition(person, _scope(group)))
    return {row.ref: row.office for row in connection.execute(asked)}


def _homes(connection: Connection, people: set[bytes]) -> dict[bytes, bytes | None]:
    rows = connection.execute(select(person.c.ref, person.c.office).where(person.c.ref.in_(people)))
    return {row.ref: row.office for row in rows}


def _mark(row: Any, here: bytes | None, boot: Any) -> Mark:
    interval = boot.date(row.since_boot_ms, row.received_ms)
    if row.source_class == SourceClass.LEGACY_TERMINAL:
        interval = interval.elsewhere()
    return Mark(
        ref=_ref(row),
        person=row.person,
        office=here,
        coming=row.kind == Kind.IN,
        boot=row.boot_no,
        at_ms=row.since_boot_ms,
        shown_ms=row.wall_ms,
        low_ms=interval.earliest_ms,
        high_ms=interval.latest_ms,
        disputed=interval.disputes(row.wall_ms),
        came_ms=row.received_ms,
    )


def _ref(row: Any) -> Ref:
    return Ref(row.terminal, row.log, row.seq)


def _probed(body: bytes) -> bytes | None:
    """Whom the terminal took the repeated finger for, where it says so."""
    try:
        event = parse_record(body)
    except WireError:
        return None
    said = event.detail.get("person") if isinstance(event, Event) else None
    return said if isinstance(said, bytes) and len(said) == PERSON_BYTES else None
