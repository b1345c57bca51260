"""Returns that count days: the monthly return of seven columns (R4.1), and one day with its exceptions first (R4.7)."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, case, func, select

from server.attendance.clock import shown as clock_of
from server.attendance.types import DayFlag, Status
from server.days.punches import IST_MIN
from server.days.store import as_known
from server.ledger.tables import attendance_day, designation, employee, office, person
from server.people.days import day_of
from server.returns import words
from server.returns.model import Asked, Cell, Column, Return, Table, Text, Weight

_d = attendance_day.c
_DECIDED = (Status.PRESENT, Status.ON_LEAVE, Status.ON_DUTY, Status.ABSENT)
_LEVELS = {"office": Weight.PLAIN, "zone": Weight.GROUP, "district": Weight.TOTAL, "state": Weight.TOTAL}


@dataclass(frozen=True, slots=True)
class Seven:
    """The seven cells of R4.1, in employee-days; total = present + leave + duty + absent, always."""

    total: int = 0
    present: int = 0
    leave: int = 0
    duty: int = 0
    absent: int = 0
    late: int = 0
    early: int = 0
    face: int = 0

    def __add__(self, other: "Seven") -> "Seven":
        return Seven(*(getattr(self, name) + getattr(other, name) for name in Seven.__slots__))

    @property
    def cells(self) -> tuple[int, ...]:
        return (self.total, self.present, self.leave, self.duty, self.absent, self.late, self.early)


def monthly(connection: Connection, asked: Asked) -> Return:
    """By school, zone and district; then each day of it."""
    counted, out = count(connection, asked)
    places = offices_of(connection, asked)
    by_office: dict[bytes, Seven] = {}
    by_day: dict[str, Seven] = {}
    for (one, day), seven in counted.items():
        by_office[one] = by_office.get(one, Seven()) + seven
        by_day[day] = by_day.get(day, Seven()) + seven
    rows, weights = _tree(places, by_office)
    columns = (Column(words.SERIAL, True), Column(words.SCHOOL), *(Column(one, True) for one in words.SEVEN))
    main = Table(words.TITLES["monthly"], columns, tuple(rows), tuple(weights))
    return Return(
        "monthly", words.TITLES["monthly"], asked.place, asked.month, asked.now_ms,
        (main, _annex(by_day), _modality(places, by_office)), (words.left_out(*out),), open_=not over(asked),
    )  # fmt: skip


def count(connection: Connection, asked: Asked) -> tuple[dict[tuple[bytes, str], Seven], tuple[int, int]]:
    """Seven cells by office and day; and how many days are undetermined, and of people of whom no machine is asked."""
    late, early = (_having(flag) for flag in (DayFlag.LATE, DayFlag.LEFT_EARLY))
    present = case((_d.status == Status.PRESENT.value, 1), else_=0)
    face = case((and_(_d.status == Status.PRESENT.value, _d.face), 1), else_=0)
    query = select(
        _d.office, _d.day, _d.status, func.count(), func.sum(present * late), func.sum(present * early), func.sum(face)
    ).join_from(attendance_day, office, _d.office == office.c.id)
    query = as_known(_within(query, asked)).group_by(_d.office, _d.day, _d.status)
    found: dict[tuple[bytes, str], Seven] = {}
    out: Counter[str] = Counter()
    for one, day, status, n, lates, earlies, faces in connection.execute(query):
        if status not in _DECIDED:
            out[status] += n
            continue
        one_of = {which.value: n if status == which.value else 0 for which in _DECIDED}
        own = Seven(n, *one_of.values(), int(lates), int(earlies), int(faces))  # type: ignore[call-arg]
        key = one, day
        found[key] = found.get(key, Seven()) + own
    return found, (out[Status.UNDETERMINED.value], out[Status.EXEMPT.value])


def offices_of(connection: Connection, asked: Asked) -> list[Any]:
    """The offices in question, in the order of the tree."""
    c = office.c
    query = select(c.id, c.code, c.path, c.level, c.name, c.name_hi, c.life).where(c.org == asked.org)
    query = query.where(c.path.startswith(asked.path or "/", autoescape=True))
    return sorted(connection.execute(query), key=lambda row: natural(row.path))


def daily(connection: Connection, asked: Asked) -> Return:
    """One day: first whoever is absent, undetermined or late, office by office; then the counts."""
    day = asked.day or asked.days[0]
    one_day = Asked(asked.org, asked.path, asked.month, asked.now_ms, day, asked.place)
    counted, out = count(connection, one_day)
    places = offices_of(connection, asked)
    by_office = {one: seven for (one, _), seven in counted.items()}
    odd = _exceptions(connection, one_day, {row.id: Text(row.name, row.name_hi) for row in places})
    rows, weights = _tree(places, by_office)
    columns = (Column(words.SERIAL, True), Column(words.SCHOOL), *(Column(one, True) for one in words.SEVEN))
    counts = Table(Text("Counts", "संख्या"), columns, tuple(rows), tuple(weights))
    title = words.TITLES["daily"]
    notes = (words.left_out(*out),)
    return Return("daily", title, asked.place, day.isoformat(), asked.now_ms, (odd, counts), notes)


def people_in(connection: Connection, refs: Iterable[bytes]) -> dict[bytes, tuple[str, Text]]:
    """Name and designation of people."""
    found: dict[bytes, tuple[str, Text]] = {}
    wanted = sorted(set(refs))
    same = and_(designation.c.org == employee.c.org, designation.c.code == employee.c.designation)
    asked = select(person.c.ref, person.c.name, designation.c.name.label("post"), designation.c.name_hi)
    asked = asked.select_from(person).join(employee, employee.c.person == person.c.ref, isouter=True)
    asked = asked.join(designation, same, isouter=True)
    for at in range(0, len(wanted), 400):
        for row in connection.execute(asked.where(person.c.ref.in_(wanted[at : at + 400]))):
            found[row.ref] = (row.name, Text(row.post or "", row.name_hi or ""))
    return found


def worked_out(connection: Connection, asked: Asked) -> bool:
    """Is there any day of anybody in what is asked for? Else a table of noughts says nothing about attendance."""
    query = select(_d.day).join_from(attendance_day, office, _d.office == office.c.id)
    return connection.execute(_within(query, asked).limit(1)).first() is not None


def over(asked: Asked) -> bool:
    """Is the month over, the last night too?"""
    return day_of(asked.now_ms) > asked.days[-1]


def natural(path: str) -> list[tuple[int, str]]:
    """So that school 2 comes before school 10."""
    parts = []
    for part in path.strip("/").split("/"):
        digits = part.lstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_")
        parts.append((int(digits) if digits.isdigit() and digits.isascii() else 0, part))
    return parts


def clock(ms: int | None) -> str:
    return "" if ms is None else clock_of(ms, IST_MIN)


def date(day: str) -> str:
    """As offices write it."""
    return f"{dt.date.fromisoformat(day):%d-%m-%Y}"


def _within(query: Any, asked: Asked) -> Any:
    query = query.where(office.c.org == asked.org, office.c.path.startswith(asked.path or "/", autoescape=True))
    if asked.day is not None:
        return query.where(_d.day == asked.day.isoformat())
    return query.where(_d.day >= asked.days[0].isoformat(), _d.day <= asked.days[-1].isoformat())


def _having(flag: DayFlag) -> Any:
    return case((_d.flags.op("&")(int(flag)) != 0, 1), else_=0)


def _tree(places: list[Any], by_office: Mapping[bytes, Seven]) -> tuple[list[tuple[Cell, ...]], list[Weight]]:
    """Each office, and after all below a zone or district their sum, the zone's own people among them."""
    rows: list[tuple[Cell, ...]] = []
    weights: list[Weight] = []
    open_: list[tuple[Any, Seven]] = []
    serial = 0

    def close(path: str) -> None:
        while open_ and not path.startswith(open_[-1][0].path):
            place, seven = open_.pop()
            title = Text(f"{words.TOTAL.en}: {place.name}", f"{words.TOTAL.hi}: {place.name_hi or place.name}")
            rows.append((None, title, *seven.cells))
            weights.append(_LEVELS[place.level])
            if open_:
                open_[-1] = (open_[-1][0], open_[-1][1] + seven)

    for place in places:
        close(place.path)
        own = by_office.get(place.id, Seven())
        if place.level != "office":
            open_.append((place, own))
        elif open_:
            open_[-1] = (open_[-1][0], open_[-1][1] + own)
        if own.total or place.level == "office":
            serial += 1
            rows.append((serial, Text(place.name, place.name_hi), *own.cells))
            weights.append(Weight.PLAIN)
    close("")
    return rows, weights


def _annex(by_day: Mapping[str, Seven]) -> Table:
    columns = (Column(words.DATE), *(Column(one, True) for one in words.SEVEN))
    rows: list[tuple[Cell, ...]] = [(date(day), *by_day[day].cells) for day in sorted(by_day)]
    rows.append((words.TOTAL, *sum(by_day.values(), Seven()).cells))
    weights = (*(Weight.PLAIN for _ in by_day), Weight.TOTAL)
    return Table(Text("Annex: day by day", "परिशिष्ट: दिनवार"), columns, tuple(rows), weights)


def _modality(places: list[Any], by_office: Mapping[bytes, Seven]) -> Table:
    """Finger and face are equals in one log (R4.5); the return can say how much of each."""
    all_ = sum((by_office.get(place.id, Seven()) for place in places), Seven())
    columns = (Column(words.SEVEN[1], True), Column(words.BY_FINGER, True), Column(words.BY_FACE, True))
    title = Text("Present, by modality", "उपस्थित, माध्यम के अनुसार")
    return Table(title, columns, ((all_.present, all_.present - all_.face, all_.face),))


_FIRST = {"absent": 0, "undetermined": 1, "pending": 2, "present": 3}


def _exceptions(connection: Connection, asked: Asked, names: Mapping[bytes, Text]) -> Table:
    query = as_known(_within(select(attendance_day).join(office, _d.office == office.c.id), asked))
    found = [row for row in connection.execute(query) if _odd(row)]
    people = people_in(connection, (row.person for row in found))
    order = {one: place for place, one in enumerate(names)}
    found.sort(key=lambda row: (_FIRST.get(row.status, 9), order[row.office], people[row.person][0]))
    columns = tuple(map(Column, (words.STATUS, words.OFFICE, words.NAME, words.POST, words.ARRIVED)))
    rows = tuple(
        (words.STATUSES[row.status], names[row.office], *people[row.person], clock(row.first_low_ms), row.late_min)
        for row in found
    )
    weights = tuple(Weight.ALERT if row.status == "absent" else Weight.PLAIN for row in found)
    title = Text("Exceptions", "अपवाद")
    return Table(title, (*columns, Column(words.LATE_MIN, True)), rows, weights)


def _odd(row: Any) -> bool:
    return row.status in ("absent", "undetermined", "pending") or bool(row.flags & int(DayFlag.LATE))
