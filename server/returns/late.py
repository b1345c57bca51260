"""Latecomers and what it cost them (R2.3 to R2.5, R2.10), and the same of all employees for headquarters."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from server.attendance.deductions import Journal, Move, State, repeated
from server.attendance.rules import Deduction, Policy
from server.attendance.types import DayFlag, Status
from server.days import places
from server.days.store import as_known
from server.ledger.tables import attendance_day, office
from server.requests import deduct, leave
from server.returns import words
from server.returns.attend import clock, date, natural, over, people_in
from server.returns.model import Asked, Cell, Column, Return, Table, Text, Weight

_d = attendance_day.c
_LATE = int(DayFlag.LATE)
_NUMBERS = (
    words.LATE_DAYS, words.CL_TAKEN, words.EL_TAKEN, words.FOR_DECISION, words.CL_LEFT, words.EL_LEFT,
)  # fmt: skip
NOT_OVER = Text("The month is not over: nothing is proposed yet.", "माह समाप्त नहीं: अभी कुछ प्रस्तावित नहीं।")
KINDEST = Text(
    "Arrivals are told, and minutes counted, as kindly as the clock's bound allows.",
    "आगमन और विलंब के मिनट घड़ी की सीमा में व्यक्ति के पक्ष में माने गए हैं।",
)
DOUBT = Text(
    "A day on which a clock or a terminal left doubt is not counted as late.",
    "जिस दिन घड़ी या टर्मिनल से संदेह रहा, वह विलंब में नहीं गिना गया।",
)


def latecomers(connection: Connection, asked: Asked) -> Return:
    """Who came late, when, how often, and the leave for it, as sent in the first week of the next month (R2.5)."""
    found = dict(_rows(connection, asked))
    late = {
        person: [row for row in rows if row.flags & _LATE and row.status == "present"] for person, rows in found.items()
    }
    late = {person: rows for person, rows in late.items() if rows}
    left, people = leave.balances(connection, late), people_in(connection, late)
    names, policies = _offices(connection), places.policies(connection)
    rows: list[tuple[Cell, ...]] = []
    weights = []
    for serial, (person, days) in enumerate(late.items(), 1):
        journal = deduct.journal_of(connection, person, asked.month)
        when = ", ".join(f"{date(row.day)} {clock(row.first_low_ms)}" for row in days)
        state, cost = _cost(journal, person, asked.month)
        rows.append(
            (serial, names[days[-1].office], *people[person], when, len(days), *cost, *_left(left[person]), state)
        )
        weights.append(Weight.ALERT if _repeats(policies, found[person]) else Weight.PLAIN)
    who = (Column(words.SERIAL, True), Column(words.OFFICE), Column(words.NAME), Column(words.POST))
    columns = (*who, Column(words.DATES), *(Column(one, True) for one in _NUMBERS), Column(words.STATE))
    title = words.TITLES["latecomers"]
    notes = (DOUBT, KINDEST) if over(asked) else (DOUBT, KINDEST, NOT_OVER)
    main = Table(title, columns, tuple(rows), tuple(weights))
    return Return(
        "latecomers", title, asked.place, asked.month, asked.now_ms, (main, _repeat(rows, weights)), notes,
        open_=not over(asked),
    )  # fmt: skip


def employees(connection: Connection, asked: Asked) -> Return:
    """Every employee, as headquarters is sent it."""
    found = _rows(connection, asked)
    refs = [person for person, _ in found]
    left, people, names = leave.balances(connection, refs), people_in(connection, refs), _offices(connection)
    kinds = (Status.PRESENT, Status.ON_LEAVE, Status.ON_DUTY, Status.ABSENT, Status.UNDETERMINED)
    rows: list[tuple[Cell, ...]] = []
    for serial, (person, days) in enumerate(found, 1):
        counts = [sum(row.status == kind.value for row in days) for kind in kinds]
        late = sum(bool(row.flags & _LATE) and row.status == "present" for row in days)
        early = sum(bool(row.flags & int(DayFlag.LEFT_EARLY)) and row.status == "present" for row in days)
        cost = _cost(deduct.journal_of(connection, person, asked.month), person, asked.month)[1] if late else (0, 0, 0)
        rows.append(
            (serial, names[days[-1].office], *people[person], *counts, late, early, *cost, *_left(left[person]))
        )
    who = (Column(words.SERIAL, True), Column(words.OFFICE), Column(words.NAME), Column(words.POST))
    counted = (*words.SEVEN[1:5], words.STATUSES["undetermined"], words.LATE_DAYS, Text("Left early", "शीघ्र प्रस्थान"))
    columns = (*who, *(Column(one, True) for one in (*counted, *_NUMBERS[1:])))
    title = words.TITLES["employees"]
    main = Table(title, columns, tuple(rows))
    notes = (DOUBT, KINDEST) if over(asked) else (DOUBT, KINDEST, NOT_OVER)
    return Return("employees", title, asked.place, asked.month, asked.now_ms, (main,), notes, open_=not over(asked))


def late_people(connection: Connection, org: str, path: str, days: Sequence[str]) -> list[bytes]:
    """Whoever was late, or stands in the journal, between the first and the last of `days`."""
    query = select(_d.person).join_from(attendance_day, office, _d.office == office.c.id)
    query = query.where(office.c.org == org, office.c.path.startswith(path or "/", autoescape=True))
    query = query.where(_d.day >= days[0], _d.day <= days[-1], _d.flags.op("&")(_LATE | int(DayFlag.LEFT_EARLY)) != 0)
    return sorted(connection.scalars(query.distinct()))


def _rows(connection: Connection, asked: Asked) -> list[tuple[bytes, list[Any]]]:
    """Days by person, in the order of offices and names."""
    query = select(attendance_day, office.c.path).join_from(attendance_day, office, _d.office == office.c.id)
    query = query.where(office.c.org == asked.org, office.c.path.startswith(asked.path or "/", autoescape=True))
    query = query.where(_d.day >= asked.days[0].isoformat(), _d.day <= asked.days[-1].isoformat())
    found: dict[bytes, list[Any]] = {}
    for row in connection.execute(as_known(query).order_by(_d.person, _d.day)):
        found.setdefault(row.person, []).append(row)
    names = people_in(connection, found)
    return sorted(found.items(), key=lambda one: (natural(one[1][-1].path), names[one[0]][0], one[0]))


def _offices(connection: Connection) -> dict[bytes, Text]:
    asked = select(office.c.id, office.c.name, office.c.name_hi)
    return {row.id: Text(row.name, row.name_hi) for row in connection.execute(asked)}


def _cost(journal: Journal, person: bytes, month: str) -> tuple[Text, tuple[Cell, Cell, Cell]]:
    """Days of CL, of EL, and for decision; and how far that has come."""
    cl = el = open_ = 0
    states = set()
    for key in journal.keys(person, month):
        state, last = journal.state(key), journal.last(key)
        if last is None or state in (State.NONE, State.REJECTED):
            continue
        states.add(state)
        if last.kind == "CL":
            cl += last.halves
        elif last.kind == "EL":
            el += last.halves
        else:
            open_ += last.halves if last.move is Move.PROPOSE else 0
    if State.PROPOSED in states:
        told = Text("proposed", "प्रस्तावित")
    else:
        told = Text("confirmed", "पुष्ट") if states else Text("", "")
    return told, (cl / 2, el / 2, open_ / 2)


def _left(balance: dict[str, int]) -> tuple[Cell, Cell]:
    return balance.get("CL", 0) / 2, balance.get("EL", 0) / 2


def _repeats(policies: Mapping[str, Policy], days: Iterable[Any]) -> bool:
    """By the figure of the policy of each day; what it forgives does not count (R2.10)."""
    under: dict[Deduction, list[Any]] = {}
    for row in days:
        policy = policies.get(row.policy.partition("/")[0])
        rule = policy.at(dt.date.fromisoformat(row.day)).deduction if policy else None
        if rule is not None:
            under.setdefault(rule, []).append(row)
    return any(repeated(rule, rows) for rule, rows in under.items())


def _repeat(rows: list[tuple[Cell, ...]], weights: list[Weight]) -> Table:
    """For the competent authority."""
    title = Text("Repeatedly late: for the competent authority", "बार-बार विलंब: सक्षम प्राधिकारी हेतु")
    columns = tuple(map(Column, (words.OFFICE, words.NAME, words.POST, words.DATES)))
    found = tuple(row[1:5] for row, weight in zip(rows, weights, strict=True) if weight is Weight.ALERT)
    return Table(title, columns, found)
