"""Leave for late days, in the ledger: proposed when a month is over, confirmed by the Section Officer, undone by a
counter-entry when what was held against somebody turns out otherwise (R2.3, R2.4, R2.10)."""

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from server.access import trail
from server.attendance import deductions
from server.attendance.clock import days_of, local_day, month_of
from server.attendance.deductions import Journal, Key, Line, MonthOfLates, Move
from server.attendance.month import fold_days
from server.attendance.rules import Window
from server.days.facts import known
from server.days.punches import IST_MIN
from server.ledger.tables import deduction_line
from server.requests import RequestError, leave


@dataclass(frozen=True, slots=True)
class Settled:
    """One person's month: what it comes to, and the lines the journal gained."""

    month: MonthOfLates
    added: tuple[Line, ...]


def settle(connection: Connection, people: Iterable[bytes], month: str, at_ms: int, why: str) -> list[Settled]:
    """Propose what a month comes to for each, and undo what has become wrong. The same again adds nothing.

    Raises FactsError, PolicyError, NotOverError.
    """
    refs = sorted(set(people))
    before = local_day(at_ms, IST_MIN)
    found = months(connection, refs, month, before)
    settled = []
    for one in found:
        journal = journal_of(connection, one.person, month)
        lines = journal.settle(one, at_ms, why)
        for line in lines:
            _put(connection, line)
            if line.move is Move.REVERSE:
                leave.give_back(connection, _ref(line.key, line.turn - 1), "deductions", at_ms)
        settled.append(Settled(one, tuple(lines)))
    return settled


def months(connection: Connection, people: Sequence[bytes], month: str, today: dt.date) -> list[MonthOfLates]:
    """What a month comes to for each of whom it says anything."""
    days = days_of(month)
    facts = known(connection, people, days[0], days[-1])
    left = leave.balances(connection, people)
    found = []
    for one in facts.people:
        mine = list(fold_days(facts.planner, one, days))
        rules = [day.limits.terms.deduction for day in mine if day.limits and day.limits.terms.deduction]
        if rules:
            carried = _carried(connection, one.person, month) if rules[0].window is Window.CARRY else 0
            balance = _before(connection, one.person, month, left[one.person])
            found.append(deductions.propose(mine, balance, today, carried))
    return found


def confirm(connection: Connection, key: Key, by: str, at_ms: int, kind: str | None = None) -> Line:
    """The Section Officer agrees: the leave is taken. Raises AttendanceError, RequestError."""
    journal = journal_of(connection, key[0], key[1])
    line = journal.confirm(key, by, at_ms, kind)
    if line.kind is not None:
        left = leave.balances(connection, [key[0]])[key[0]].get(line.kind, 0)
        if left < line.halves:
            raise RequestError(
                f"{line.halves / 2:g} days of {line.kind} were proposed and {left / 2:g} are left now; reject it with "
                "that reason, and it is proposed anew"
            )
        leave.deduct(connection, key[0], line.kind, line.halves, _ref(key, line.turn), by, at_ms)
    _put(connection, line)
    trail.add(connection, trail.Entry(by, "confirm deduction", _ref(key, line.turn)))
    return line


def reject(connection: Connection, key: Key, by: str, at_ms: int, reason: str) -> Line:
    """The Section Officer does not agree, and says why. Raises AttendanceError."""
    line = journal_of(connection, key[0], key[1]).reject(key, by, at_ms, reason)
    _put(connection, line)
    trail.add(connection, trail.Entry(by, "reject deduction", _ref(key, line.turn), "done", reason))
    return line


def reopen(connection: Connection, key: Key, by: str, at_ms: int, reason: str) -> Line:
    """The Section Officer takes a decision back: what was taken is given back, and it stands proposed again.

    Raises AttendanceError.
    """
    back, again = journal_of(connection, key[0], key[1]).reopen(key, by, at_ms, reason)
    for line in (back, again):
        _put(connection, line)
    leave.give_back(connection, _ref(key, back.turn - 1), by, at_ms)
    trail.add(connection, trail.Entry(by, "reopen deduction", _ref(key, back.turn), "done", reason))
    return again


def journal_of(connection: Connection, person: bytes, month: str) -> Journal:
    """The lines of one person's month."""
    d = deduction_line.c
    asked = select(deduction_line).where(d.person == person, d.month == month)
    lines = []
    for row in connection.execute(asked.order_by(d.ordinal, d.turn)):
        days = tuple(dt.date.fromisoformat(one) for one in json.loads(row.days))
        key = row.person, row.month, row.ordinal
        lines.append(Line(key, row.turn, Move(row.move), row.kind, row.halves, days, row.at_ms, row.by, row.reason))
    return Journal(lines)


def _before(connection: Connection, person: bytes, month: str, left: dict[str, int]) -> dict[str, int]:
    """The balance before any deduction of this month."""
    taken = journal_of(connection, person, month).taken(person)
    return {kind: left.get(kind, 0) + taken.get(kind, 0) for kind in {*left, *taken}}


def _carried(connection: Connection, person: bytes, month: str) -> int:
    """Late days left over from the month before, where the policy carries them over."""
    before = days_of(month_of(days_of(month)[0] - dt.timedelta(days=1)))
    facts = known(connection, [person], before[0], before[-1])
    mine = list(fold_days(facts.planner, facts.people[0], before))
    if not any(day.limits and day.limits.terms.deduction for day in mine):
        return 0
    return deductions.propose(mine, {}, days_of(month)[0]).carry


def _ref(key: Key, turn: int) -> str:
    return f"{key[0].hex()}/{key[1]}/{key[2]}/{turn}"


def _put(connection: Connection, line: Line) -> None:
    person, month, ordinal = line.key
    row = {"person": person, "month": month, "ordinal": ordinal, "turn": line.turn, "move": line.move.value}
    told = {"kind": line.kind, "halves": line.halves, "days": json.dumps([day.isoformat() for day in line.days])}
    connection.execute(insert(deduction_line).values(**row, **told, at_ms=line.at_ms, by=line.by, reason=line.reason))
