"""The one scope filter: every query of what belongs to offices or people goes through `visible`.

A scope is made of places: an organisation and a path in its tree of offices, which means that office and everything
below it. What belongs to no office (a small site that has none) is seen by a scope of the whole ledger alone. A punch
is seen where it was taken and where the person is posted, and never by another organisation than theirs (R1.11).
"""

from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, Table, and_, false, func, or_, select, true

from server.access.roles import Role
from server.ledger.tables import office, person, record, template, terminal

S = TypeVar("S", bound=Select[Any])


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """An office and everything below it; `path` as in the table `office`. Two empty texts: the whole ledger."""

    org: str
    path: str

    @property
    def whole(self) -> bool:
        return not self.org

    def holds(self, org: str, path: str) -> bool:
        return self.whole or (org == self.org and path.startswith(self.path))

    @property
    def above(self) -> list[str]:
        """The paths of the offices it is below, the topmost first."""
        steps = self.path.strip("/").split("/")[:-1]
        return ["/" + "/".join(steps[: n + 1]) + "/" for n in range(len(steps))]


EVERYWHERE = Place("", "")


@dataclass(frozen=True, slots=True)
class Scope:
    """What one request may see: places, by the roles that give the right it asked for; or one person alone."""

    roles: frozenset[Role]
    places: frozenset[Place]
    person: bytes | None = None

    @property
    def whole(self) -> bool:
        return any(place.whole for place in self.places)

    def holds(self, org: str, path: str) -> bool:
        """Is this office in it?"""
        return any(place.holds(org, path) for place in self.places)

    def at(self, place: Place) -> "Scope":
        """What of it lies at a place of its own and below."""
        return Scope(self.roles, frozenset({place}))

    @property
    def tops(self) -> frozenset[Place]:
        """Its places that lie within no other of it."""
        places = self.places
        return frozenset(one for one in places if not any(two.holds(one.org, one.path) for two in places - {one}))


WHOLE = Scope(frozenset(), frozenset({EVERYWHERE}))
NOTHING = Scope(frozenset(), frozenset())


def visible(statement: S, table: Table, scope: Scope) -> S:
    """`statement`, narrowed to the rows of `table` (which it must select from) that `scope` may see.

    Raises TypeError for a table that belongs to nobody: it needs a rule here before anything may read it by scope.
    """
    return statement if scope.whole else statement.where(condition(table, scope))


def condition(table: Table, scope: Scope) -> ColumnElement[bool]:
    """True of the rows that `scope` may see; for joins and subqueries."""
    c = table.c
    if scope.whole:
        return true()
    if table is record:
        return _of_records(scope)
    if table is person:
        return or_(c.ref == scope.person, c.office.in_(_offices(scope)))
    if table is office:
        return _within(c.org, c.path, scope)
    if "path" in c and "org" in c:
        return _within(c.org, c.path, scope)
    if "office" in c:
        return c.office.in_(_offices(scope))
    if "terminal" in c and table is not template:  # a template is its person's, wherever it was taken
        return c.terminal.in_(_terminals(scope))
    if "person" in c:
        return c.person.in_(_people(scope))
    if "org" in c:
        return c.org.in_({place.org for place in scope.places})
    raise TypeError(f"{table.name}: no rule says whose its rows are; add one to server/access/scope.py")


def _within(org: Any, path: Any, scope: Scope) -> ColumnElement[bool]:
    """Compared as it is written: LIKE would take no notice of capitals, and some marks for wildcards."""
    parts = [and_(org == p.org, func.substr(path, 1, len(p.path)) == p.path) for p in sorted(scope.places)]
    return or_(false(), *parts)


def _offices(scope: Scope) -> Select[tuple[bytes]]:
    return select(office.c.id).where(_within(office.c.org, office.c.path, scope))


def _terminals(scope: Scope) -> Select[tuple[str]]:
    return select(terminal.c.id).where(terminal.c.office.in_(_offices(scope)))


def _people(scope: Scope) -> Select[tuple[bytes]]:
    return select(person.c.ref).where(or_(person.c.ref == scope.person, person.c.office.in_(_offices(scope))))


def _of_records(scope: Scope) -> ColumnElement[bool]:
    theirs = record.c.person.in_(_people(scope))
    if not scope.places:
        return theirs
    orgs = {place.org for place in scope.places}
    strangers = select(person.c.ref).join(office, person.c.office == office.c.id).where(office.c.org.not_in(orgs))
    here = record.c.terminal.in_(_terminals(scope))
    return or_(theirs, and_(here, or_(record.c.person.is_(None), record.c.person.not_in(strangers))))
