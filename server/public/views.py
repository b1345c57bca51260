"""What public routes read: the projected tables and two counters, and nothing else in the ledger (R5.1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, Table, case, func, select

from server.ledger.tables import counter, public_day, public_office, public_org, public_row
from server.public.listing import Asked, Span, span
from server.public.projector import AS_OF, VERSION
from server.public.states import Action, Counts, Fresh

DAYS = 14

# What a list can be sorted by, each by these columns; the first is how it comes (R5.4, R5.5).
_O, _R = public_office.c, public_row.c
OFFICE_SORTS: Mapping[str, Sequence[Any]] = {
    "serial": (_O.name,),
    "office": (_O.name,),
    "district": (_O.district,),
    "urban": (_O.urban,),
    "block": (_O.block,),
}
ROW_SORTS: Mapping[str, Sequence[Any]] = {
    "serial": (_R.office_name,),
    "office": (_R.office_name,),
    "district": (_R.district,),
    "urban": (_R.urban,),
    "block": (_R.block,),
    "name": (_R.name,),
    "designation": (_R.designation,),
    "action": (_R.action,),
    "time": (func.coalesce(_R.at_ms, 0),),  # the databases do not agree where NULL comes
}


@dataclass(frozen=True, slots=True)
class State:
    """`version` grows whenever anything was projected; `as_of_ms` 0: never yet."""

    version: int
    as_of_ms: int


@dataclass(frozen=True, slots=True)
class Org:
    slug: str
    name: str
    name_hi: str
    portal: str


@dataclass(frozen=True, slots=True)
class District:
    """The counts of one district; `name` empty: of offices that stand in none."""

    name: str
    name_hi: str
    counts: Counts


@dataclass(frozen=True, slots=True)
class Summary:
    """An organisation's figures, and how many of its offices cannot be heard completely."""

    counts: Counts
    stale: int
    holiday: bool


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: rows of public_office or public_row."""

    rows: Sequence[Any]
    span: Span


def state(connection: Connection) -> State:
    asked = select(counter.c.name, counter.c.value).where(counter.c.name.in_([VERSION, AS_OF]))
    values = {row.name: row.value for row in connection.execute(asked)}
    return State(values.get(VERSION, 0), values.get(AS_OF, 0))


def orgs(connection: Connection) -> list[Org]:
    rows = connection.execute(select(public_org).order_by(public_org.c.name))
    return [Org(row.org, row.name, row.name_hi, row.portal) for row in rows]


def org(connection: Connection, slug: str) -> Org | None:
    return next((one for one in orgs(connection) if one.slug == slug), None)


def summary(connection: Connection, slug: str) -> Summary:
    """The six counts (R5.3)."""
    c = public_office.c
    stale = func.sum(_flag((c.pending > 0) | c.fresh.in_([Fresh.PARTLY.value, Fresh.OFFLINE.value])))
    asked = select(*_sums(), stale, func.min(_flag(c.holiday))).where(c.org == slug)
    *sums, stale_n, holiday = connection.execute(asked).one()
    return Summary(_counts(sums), int(stale_n or 0), bool(holiday))


def districts(connection: Connection, slug: str) -> list[District]:
    """By name; the offices that stand in no district come last."""
    c = public_office.c
    asked = select(c.district, c.district_hi, *_sums()).where(c.org == slug).group_by(c.district, c.district_hi)
    found = [District(name, hindi, _counts(sums)) for name, hindi, *sums in connection.execute(asked)]
    return sorted(found, key=lambda one: (not one.name, one.name))


def ranked(some: Sequence[District]) -> list[tuple[int, District]]:
    """Districts with anybody registered, the best first; equals share a rank (R5.10)."""
    order = sorted((one for one in some if one.name and one.counts.registered), key=lambda one: -one.counts.percent)
    found: list[tuple[int, District]] = []
    for n, one in enumerate(order, 1):
        same = found and found[-1][1].counts.percent == one.counts.percent
        found.append((found[-1][0] if same else n, one))
    return found


def report(connection: Connection, slug: str) -> tuple[list[str], list[tuple[str, str, dict[str, float | None]]]]:
    """The last days there are, oldest first; and of each district its share of marked, None on a holiday."""
    c = public_day.c
    last = select(c.day).where(c.org == slug).distinct().order_by(c.day.desc()).limit(DAYS)
    days = sorted(connection.scalars(last))
    found: dict[str, tuple[str, str, dict[str, float | None]]] = {}
    asked = select(public_day).where(c.org == slug, c.day.in_(days), c.district != "").order_by(c.district)
    for row in connection.execute(asked):
        counts = Counts(0, row.registered, row.present, row.out, row.leave, row.absent)
        line = found.setdefault(row.district, (row.district, row.district_hi, {}))
        line[2][row.day] = None if row.holiday else counts.percent
    return days, list(found.values())


def office(connection: Connection, slug: str, code: str) -> Any:
    """A row of public_office, or None."""
    if not code.isprintable():
        return None  # no code is like that, and PostgreSQL takes no NUL
    c = public_office.c
    return connection.execute(select(public_office).where(c.org == slug, c.code == code)).one_or_none()


def office_counts(row: Any) -> Counts:
    return Counts(1, row.registered, row.present, row.out, row.leave, row.absent)


def office_list(connection: Connection, slug: str, asked: Asked) -> Page:
    c = public_office.c
    chosen = select(public_office).where(c.org == slug)
    last = c.code
    return _page(connection, public_office, chosen, asked, OFFICE_SORTS, last)


def attendance_list(connection: Connection, slug: str, asked: Asked, at: bytes | None = None) -> Page:
    """Of an organisation, or of one of its offices."""
    c = public_row.c
    chosen = select(public_row).where(c.org == slug)
    if at is not None:
        chosen = chosen.where(c.office == at)
    return _page(connection, public_row, chosen, asked, ROW_SORTS, c.office, c.place)


def action_of(row: Any) -> Action:
    return Action(row.action)


def _page(
    connection: Connection,
    table: Table,
    chosen: Select[Any],
    asked: Asked,
    sorts: Mapping[str, Sequence[Any]],
    *last: Any,
) -> Page:
    for word in asked.query.casefold().split():
        chosen = chosen.where(table.c.search.contains(word, autoescape=True))
    total = connection.scalar(select(func.count()).select_from(chosen.order_by(None).subquery())) or 0
    where = span(asked, total)
    keys = [*sorts[asked.sort], *next(iter(sorts.values())), *last]
    unique = list(dict.fromkeys(keys))
    order = [one.desc() if asked.descending else one.asc() for one in unique]
    chosen = chosen.order_by(*order).limit(asked.show).offset(max(0, where.first - 1))
    return Page(connection.execute(chosen).all(), where)


def _sums() -> list[Any]:
    c = public_office.c
    sums = (func.coalesce(func.sum(one), 0) for one in (c.registered, c.present, c.out, c.leave, c.absent))
    return [func.count(), *sums]


def _flag(condition: Any) -> Any:
    return case((condition, 1), else_=0)


def _counts(sums: Sequence[Any]) -> Counts:
    return Counts(*(int(one) for one in sums))
