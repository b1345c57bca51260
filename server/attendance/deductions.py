"""Leave for late days: proposed by rule, confirmed by the Section Officer, undone by a counter-entry (R2.3 to R2.5).

What must stay true here: nothing is ever taken that is not there; the same month proposed again adds no line to the
journal; a line is never changed, only answered by another. Leave is counted in half days.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from server.attendance import AttendanceError, FactsError, NotOverError
from server.attendance.clock import days_of, month_of, next_month
from server.attendance.rules import Deduction, Window
from server.attendance.types import AttendanceDay, DayFlag, Status

_NEVER = int(
    DayFlag.TRIAL | DayFlag.NOT_COUNTED | DayFlag.HALF_LEAVE | DayFlag.HALF_DUTY | DayFlag.ABOVE_RANKS
)  # R2.3: approved leave and duty never count; R5.11, R6.7, R1.15
_LATE, _EARLY = int(DayFlag.LATE), int(DayFlag.LEFT_EARLY)
_DOUBT = int(
    DayFlag.LATE_UNCERTAIN | DayFlag.LATE_UNFIT | DayFlag.EARLY_UNCERTAIN | DayFlag.EARLY_UNFIT | DayFlag.IN_MISSING
)

Key = tuple[bytes, str, int]
"""Person, month, and which deduction of that month, from 1."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """`halves` half days of `kind`; None: no leave is left, so it is for decision. `days` are what it is for."""

    key: Key
    kind: str | None
    halves: int
    days: tuple[dt.date, ...]
    policy: str
    source: str


@dataclass(frozen=True, slots=True)
class MonthOfLates:
    """One person's month. `forgiven`: condoned or drawn from the month's grace. `doubtful`: not held against them.
    `carry`: late days left over for the next month, where the policy carries them. `drawn_min`: of the grace."""

    person: bytes
    month: str
    counted: tuple[dt.date, ...]
    forgiven: tuple[dt.date, ...]
    doubtful: tuple[dt.date, ...]
    proposals: tuple[Proposal, ...]
    carry: int
    drawn_min: int
    repeat: bool


def propose(
    days: Sequence[AttendanceDay], balance: Mapping[str, int], today: dt.date, carried: int = 0
) -> MonthOfLates:
    """What a month's days come to. `balance`: half days left of each kind of leave, before any deduction of this month.

    `carried`: late days left over from the month before. Raises NotOverError, FactsError.
    """
    person, month = _of_one(days, today)
    left = dict(balance)
    counted: list[dt.date] = []
    forgiven: list[dt.date] = []
    proposals: list[Proposal] = []
    drawn_min, repeat, carry = 0, False, 0
    for rule, version, under in _by_rule(days):
        counts, excused, drawn = _counting(rule, under)
        counted += counts
        forgiven += excused
        drawn_min += drawn
        repeat = repeat or len(counts) >= rule.repeat_from  # as `repeated` says
        owed = carried if rule.window is Window.CARRY else 0
        carried = 0
        for place in range((owed + len(counts)) // rule.every):
            done = place * rule.every - owed
            these = tuple(counts[max(0, done) : done + rule.every])
            key = (person, month, len(proposals) + 1)
            proposals.append(Proposal(key, _take(rule, left), rule.take_halves, these, version, rule.source))
        carry = (owed + len(counts)) % rule.every if rule.window is Window.CARRY else 0
    doubtful = tuple(day.day for day in days if day.status is Status.UNDETERMINED or day.flags & _DOUBT)
    return MonthOfLates(
        person, month, tuple(counted), tuple(forgiven), doubtful, tuple(proposals), carry, drawn_min, repeat
    )


def _of_one(days: Sequence[AttendanceDay], today: dt.date) -> tuple[bytes, str]:
    if not days:
        raise FactsError("no days: fold the month first")
    person, month = days[0].person, month_of(days[0].day)
    if any(day.person != person or month_of(day.day) != month for day in days):
        raise FactsError("days of several people or months; propose for one person and one month at a time")
    if today <= days_of(month)[-1]:
        raise NotOverError(f"{month} is not over: propose from {next_month(days[0].day)} on")
    return person, month


def _by_rule(days: Sequence[AttendanceDay]) -> list[tuple[Deduction, str, list[AttendanceDay]]]:
    """The days under each rule: an order that changes the rule in mid-month begins to count anew."""
    found: list[tuple[Deduction, str, list[AttendanceDay]]] = []
    for day in sorted(days, key=lambda one: one.day):
        rule = day.limits.terms.deduction if day.limits else None
        if rule is None:
            continue
        if not found or found[-1][0] is not rule:
            found.append((rule, day.policy, []))
        found[-1][2].append(day)
    return found


def _counting(rule: Deduction, days: Iterable[AttendanceDay]) -> tuple[list[dt.date], list[dt.date], int]:
    """Days that count, days that are forgiven, and the minutes drawn from the month's grace."""
    mask = (_LATE if "late" in rule.counts else 0) | (_EARLY if "early" in rule.counts else 0)
    counts: list[dt.date] = []
    excused: list[dt.date] = []
    drawn = 0
    for day in days:
        if day.status != Status.PRESENT or not day.flags & mask or day.flags & _NEVER:
            continue
        minutes = (day.late_min if mask & _LATE else 0) + (day.early_min if mask & _EARLY else 0)
        if rule.pool_min and minutes <= min(rule.pool_day_min, rule.pool_min - drawn):
            drawn += minutes
            excused.append(day.day)
        elif len(excused) < rule.condone and minutes <= rule.condone_upto_min:
            excused.append(day.day)
        else:
            counts.append(day.day)
    return counts, excused, drawn


def repeated(rule: Deduction, days: Iterable[AttendanceDay]) -> bool:
    """Is somebody late so often that the competent authority is told (R2.10)? `days` are of one month and under one
    rule; rows of the ledger's days will do."""
    return len(_counting(rule, days)[0]) >= rule.repeat_from


def _take(rule: Deduction, left: dict[str, int]) -> str | None:
    """The first kind of leave that has enough of it left; never split over two, never below nothing (R2.4)."""
    for kind in rule.order:
        if left.get(kind, 0) >= rule.take_halves:
            left[kind] -= rule.take_halves
            return kind
    return None


# ── the journal ──


class Move(StrEnum):
    """A line of the journal."""

    PROPOSE = "propose"
    CONFIRM = "confirm"
    REJECT = "reject"
    REVERSE = "reverse"


@dataclass(frozen=True, slots=True)
class Line:
    """Who did what about a deduction, and when. `turn` counts the lines of a key: two lines cannot both be one turn."""

    key: Key
    turn: int
    move: Move
    kind: str | None
    halves: int
    days: tuple[dt.date, ...]
    at_ms: int
    by: str
    reason: str = ""


class State(StrEnum):
    NONE = "none"
    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


_AFTER = {
    Move.PROPOSE: State.PROPOSED,
    Move.CONFIRM: State.CONFIRMED,
    Move.REJECT: State.REJECTED,
    Move.REVERSE: State.NONE,
}


def _turn(line: Line) -> int:
    return line.turn


@dataclass(slots=True)
class Journal:
    """The lines of one person, or of a section. What is in force of a deduction is what its last line says."""

    lines: list[Line] = field(default_factory=list)

    def last(self, key: Key) -> Line | None:
        found = [line for line in self.lines if line.key == key]
        return max(found, key=_turn) if found else None

    def state(self, key: Key) -> State:
        last = self.last(key)
        return _AFTER[last.move] if last else State.NONE

    def keys(self, person: bytes, month: str) -> list[Key]:
        return sorted({line.key for line in self.lines if line.key[:2] == (person, month)})

    def taken(self, person: bytes) -> dict[str, int]:
        """Half days of each kind that confirmed deductions hold now."""
        total: dict[str, int] = {}
        for key in {line.key for line in self.lines if line.key[0] == person}:
            last = self.last(key)
            if last is not None and last.move is Move.CONFIRM and last.kind is not None:
                total[last.kind] = total.get(last.kind, 0) + last.halves
        return total

    def confirm(self, key: Key, by: str, at_ms: int, kind: str | None = None) -> Line:
        """The Section Officer agrees (R2.10). Where it was for decision, `kind` is the decision: the leave to take, or
        None: none. Raises AttendanceError unless it stands proposed."""
        last = self._open(key)
        return self._add(last, Move.CONFIRM, by, at_ms, "", last.kind or kind)

    def reject(self, key: Key, by: str, at_ms: int, reason: str) -> Line:
        """The Section Officer does not agree, and says why. Raises AttendanceError."""
        if not reason.strip():
            raise AttendanceError("a deduction is rejected for a reason; write it down")
        last = self._open(key)
        return self._add(last, Move.REJECT, by, at_ms, reason, last.kind)

    def reopen(self, key: Key, by: str, at_ms: int, reason: str) -> tuple[Line, Line]:
        """The Section Officer takes a decision back, and says why: a counter-entry, and it stands proposed again, as it
        was. Raises AttendanceError unless it is decided."""
        if not reason.strip():
            raise AttendanceError("a decision is taken back for a reason; write it down")
        last = self.last(key)
        if last is None or last.move not in (Move.CONFIRM, Move.REJECT):
            raise AttendanceError(f"deduction {key[2]} of {key[1]} is not decided: it is {self.state(key)}")
        asked = self._asked(key)
        back = self._add(last, Move.REVERSE, by, at_ms, reason, last.kind)
        return back, self._add(back, Move.PROPOSE, "", at_ms, asked.reason, asked.kind)

    def settle(self, month: MonthOfLates, at_ms: int, reason: str) -> list[Line]:
        """Bring the journal to what the month now comes to; returns the lines it added. The same again adds none.

        What has become wrong is reversed, confirmed or not; what was rejected stays so while it is about the same days.
        """
        wanted = {proposal.key: proposal for proposal in month.proposals}
        added: list[Line] = []
        for key in sorted(set(wanted) | set(self.keys(month.person, month.month))):
            last, proposal = self.last(key), wanted.get(key)
            if last is not None and proposal is not None and self._stands(last, proposal):
                continue
            if last is not None and last.move in (Move.PROPOSE, Move.CONFIRM):
                last = self._add(last, Move.REVERSE, "", at_ms, reason, last.kind)
                added.append(last)
            if proposal is not None:
                turn = last.turn + 1 if last else 1
                line = Line(
                    key, turn, Move.PROPOSE, proposal.kind, proposal.halves, proposal.days, at_ms, "", proposal.source
                )
                self.lines.append(line)
                added.append(line)
        return added

    def _stands(self, last: Line, proposal: Proposal) -> bool:
        """Does the journal say already what is proposed, or has the officer rejected just that?"""
        if last.move is Move.REVERSE or (last.halves, last.days) != (proposal.halves, proposal.days):
            return False
        return last.move is Move.REJECT or self._asked(last.key).kind == proposal.kind

    def _asked(self, key: Key) -> Line:
        """Its last proposal."""
        return max((line for line in self.lines if line.key == key and line.move is Move.PROPOSE), key=_turn)

    def _open(self, key: Key) -> Line:
        last = self.last(key)
        if last is None or last.move is not Move.PROPOSE:
            raise AttendanceError(f"deduction {key[2]} of {key[1]} does not stand proposed: it is {self.state(key)}")
        return last

    def _add(self, last: Line, move: Move, by: str, at_ms: int, reason: str, kind: str | None) -> Line:
        line = Line(last.key, last.turn + 1, move, kind, last.halves, last.days, at_ms, by, reason)
        self.lines.append(line)
        return line


def confirm_by(month: str, rule: Deduction) -> dt.date:
    """Until when the Section Officer has time; after that it goes to the next higher officer (R2.10)."""
    return next_month(days_of(month)[0]).replace(day=rule.confirm_by_day)


def overdue(journal: Journal, month: str, rule: Deduction, today: dt.date) -> list[Key]:
    """What still waits for the Section Officer after the deadline."""
    if today <= confirm_by(month, rule):
        return []
    keys = sorted({line.key for line in journal.lines if line.key[1] == month})
    return [key for key in keys if journal.state(key) is State.PROPOSED]
