"""Which terminals a person belongs on (R1.13), and which of them know it.

Two offices are in one region or in two. A person belongs on the terminals of every region in which they have an
office: the one they are posted at, one that awaits them, one that relieved them and lets go only when their new
terminals have them (S6). How large a region is, the organisation says (`org_setting` "region": office, zone, district
or state; office unless said). A person who was never employed, or a terminal without an office, is everybody's, as on
a small site; the terminals of a closed office expect nobody.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, Row, and_, false, func, or_, select

from server.ledger.tables import (
    employee,
    office,
    org_setting,
    person,
    placement,
    roster_change,
    terminal,
    terminal_state,
)
from server.people.ranks import Level

REGION = "region"
HERE = ("awaited", "frozen")  # placements under which a person is still on the terminals there
_CHUNK = 500
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Region:
    """The offices of an organisation that share their people: one, or all at and below a path."""

    org: str
    path: str
    alone: bool

    def holds(self) -> ColumnElement[bool]:
        """As a condition on `office`."""
        inside = office.c.path == self.path if self.alone else office.c.path.startswith(self.path, autoescape=True)
        return and_(office.c.org == self.org, office.c.life != "closed", inside)


@dataclass(frozen=True, slots=True)
class Convergence:
    """How far one terminal's roster is: who should be there, and what it has."""

    terminal: str
    people: int
    wanted: int  # the version it should have
    has: int | None  # the version it says it has; None: it never spoke
    waiting: int  # people whose newest change it has not

    @property
    def done(self) -> bool:
        return self.waiting == 0


def regions(connection: Connection, offices: Iterable[bytes]) -> dict[bytes, Region]:
    """The region of each of these offices."""
    rows: list[Row[tuple[bytes, str, str, str]]] = []
    for some in _chunks(sorted(set(offices))):
        columns = office.c.id, office.c.org, office.c.path, office.c.level
        rows += connection.execute(select(*columns).where(office.c.id.in_(some)))
    asked = select(org_setting.c.org, org_setting.c.value).where(org_setting.c.name == REGION)
    sizes = {row.org: Level(row.value) for row in connection.execute(asked)}
    levels = _levels(connection, {(row.org, above) for row in rows for above in _ancestors(row.path)})
    return {row.id: _region(row.org, row.path, sizes.get(row.org, Level.OFFICE), levels) for row in rows}


def targets(connection: Connection, people: Sequence[bytes]) -> dict[str, list[bytes]]:
    """For each active terminal those of `people` it must hear of: who belongs there, and whom it was told of before."""
    hears: dict[str, dict[bytes, None]] = {}
    everywhere = _terminals_where(connection, terminal.c.office.is_(None))
    for some in _chunks(people):
        _hear_by_office(connection, some, everywhere, hears)
        told = select(roster_change.c.terminal, roster_change.c.person).join_from(roster_change, terminal)
        told = told.where(roster_change.c.person.in_(some), terminal.c.state == "active")
        for row in connection.execute(told):
            hears.setdefault(row.terminal, {})[row.person] = None
    place = {ref: i for i, ref in enumerate(people)}
    return {one: sorted(hears[one], key=place.__getitem__) for one in sorted(hears)}


def here(connection: Connection, one: str) -> ColumnElement[bool]:
    """Does a row of `person` stand on the roster of terminal `one`? As a condition on `person`."""
    where = connection.scalar(select(terminal.c.office).where(terminal.c.id == one))
    if where is None:
        return person.c.active
    region = regions(connection, [where])[where]
    if connection.scalar(select(office.c.life).where(office.c.id == where)) == "closed":
        return false()
    inside = select(office.c.id).where(region.holds())
    placed = select(placement.c.person).where(placement.c.standing.in_(HERE), placement.c.office.in_(inside))
    everybodys = and_(person.c.office.is_(None), ~_employed())
    return and_(person.c.active, or_(everybodys, person.c.office.in_(inside), person.c.ref.in_(placed)))


def moved(connection: Connection, terminals: Sequence[str]) -> dict[str, list[bytes]]:
    """Whom each of these terminals must hear of after its office or its region changed: who belongs, and who did."""
    found = {}
    for one in terminals:
        belong = connection.scalars(select(person.c.ref).where(here(connection, one)))
        told = connection.scalars(select(roster_change.c.person).where(roster_change.c.terminal == one))
        found[one] = list(dict.fromkeys([*belong, *told]))
    return found


def terminals_near(connection: Connection, offices: Iterable[bytes]) -> list[str]:
    """The active terminals of every region that one of these offices is in."""
    found: set[str] = set()
    for region in set(regions(connection, offices).values()):
        found.update(_terminals_where(connection, region.holds()))
    return sorted(found)


def convergence(connection: Connection, one: str) -> Convergence:
    """How far the roster of one terminal is (R1.13)."""
    columns = terminal.c.roster_version, terminal_state.c.roster_version.label("has")
    asked = select(*columns).join_from(terminal, terminal_state, isouter=True).where(terminal.c.id == one)
    row = connection.execute(asked).one()
    people = connection.scalar(select(func.count()).select_from(person).where(here(connection, one)))
    changes = select(func.count()).where(roster_change.c.terminal == one, roster_change.c.version > (row.has or 0))
    return Convergence(one, people or 0, row.roster_version, row.has, connection.scalar(changes) or 0)


def known_at(connection: Connection, ref: bytes, terminals: Sequence[str]) -> bool:
    """Has every one of these terminals the newest of this person? False where there is none: nobody can say so."""
    columns = roster_change.c.version, terminal_state.c.roster_version.label("has")
    same = roster_change.c.terminal == terminal_state.c.terminal
    asked = select(*columns).join_from(roster_change, terminal_state, same)
    asked = asked.where(roster_change.c.person == ref, roster_change.c.terminal.in_(list(terminals)))
    rows = connection.execute(asked).all()
    return len(rows) == len(terminals) > 0 and all(row.has >= row.version for row in rows)


def _hear_by_office(
    connection: Connection, people: Sequence[bytes], everywhere: Sequence[str], hears: dict[str, dict[bytes, None]]
) -> None:
    at: dict[bytes, set[bytes | None]] = {}
    asked = select(person.c.ref, person.c.office, _employed().label("employed")).where(person.c.ref.in_(people))
    for row in connection.execute(asked):
        at[row.ref] = set() if row.office is None and row.employed else {row.office}
    placed = select(placement.c.person, placement.c.office).where(placement.c.person.in_(people))
    for row in connection.execute(placed):
        at[row.person].add(row.office)
    by_region: dict[Region, list[str]] = {}
    known = regions(connection, {one for offices in at.values() for one in offices if one is not None})
    every: list[str] | None = None
    for ref, offices in at.items():
        terminals: list[str] = list(everywhere)
        for one in offices:
            if one is None:
                every = _terminals_where(connection) if every is None else every
                terminals += every
                continue
            region = known[one]
            if region not in by_region:
                by_region[region] = _terminals_where(connection, region.holds())
            terminals += by_region[region]
        for name in terminals:
            hears.setdefault(name, {})[ref] = None


def _employed() -> ColumnElement[bool]:
    """Of `person`: have they a service? Then no office means in transit, or gone, and not everybody's."""
    return select(employee.c.person).where(employee.c.person == person.c.ref).exists()


def _terminals_where(connection: Connection, *conditions: ColumnElement[bool]) -> list[str]:
    asked = select(terminal.c.id).join_from(terminal, office, terminal.c.office == office.c.id, isouter=True)
    return list(connection.scalars(asked.where(terminal.c.state == "active", *conditions).order_by(terminal.c.id)))


def _region(org: str, path: str, size: Level, levels: dict[tuple[str, str], Level]) -> Region:
    """The topmost office at or above this one that is not above the size; where this one is, it stands alone."""
    for above in _ancestors(path):
        if size is not Level.OFFICE and levels[org, above].depth >= size.depth:
            return Region(org, above, alone=False)
    return Region(org, path, alone=True)


def _ancestors(path: str) -> list[str]:
    """An office's path and those above it, from the top."""
    parts = path.strip("/").split("/")
    return ["/" + "/".join(parts[: i + 1]) + "/" for i in range(len(parts))]


def _levels(connection: Connection, wanted: set[tuple[str, str]]) -> dict[tuple[str, str], Level]:
    found = {}
    for some in _chunks(sorted({path for _, path in wanted})):
        asked = select(office.c.org, office.c.path, office.c.level).where(office.c.path.in_(some))
        found.update({(row.org, row.path): Level(row.level) for row in connection.execute(asked)})
    return found


def _chunks(items: Sequence[T]) -> Iterator[list[T]]:
    for first in range(0, len(items), _CHUNK):
        yield list(items[first : first + _CHUNK])
