"""Leave for late days: how much, of which kind, who agrees, and how it is undone (R2.3 to R2.5, R2.10)."""

import datetime as dt
import itertools
from collections.abc import Iterable
from dataclasses import replace

import pytest

from server.attendance import AttendanceError, FactsError, NotOverError
from server.attendance.clock import days_of, hhmm
from server.attendance.deductions import Journal, MonthOfLates, Move, State, confirm_by, overdue, propose
from server.attendance.policy import parse
from server.attendance.types import AttendanceDay, Half, Leave, Life, LifeSpan, World
from tests.unit.server.attendance import golden_cbse, golden_variants
from tests.unit.server.attendance.scene import (
    MONTH,
    PERSON,
    POLICIES,
    SPAN,
    TUESDAY,
    at,
    marks,
    office,
    one_month,
    person,
    policy,
    world,
)

DECEMBER = dt.date(2026, 12, 1)
WORKDAYS = [day for day in days_of(MONTH) if day.isoweekday() != 7]  # 25 days: 30 less five Sundays
PLENTY = {"CL": 16, "EL": 60}
KEY = (PERSON, MONTH, 1)


def lates(count: int, here: World | None = None, name: str = "cbse-2016") -> list[AttendanceDay]:
    """A November with so many days late by 10 min, in time on all others."""
    punches = (one for i, day in enumerate(WORKDAYS) for one in marks(day, "09:40" if i < count else "09:00", "17:30"))
    return one_month(person(*punches, spans=(replace(SPAN, policy=name),)), here)


def halves(balance: dict[str, float]) -> dict[str, int]:
    return {kind: int(2 * days) for kind, days in balance.items()}


def taken(month: MonthOfLates) -> tuple[str | None, ...]:
    return tuple(one.kind for one in month.proposals)


@pytest.mark.parametrize(("late_days", "leave"), golden_cbse.DEDUCTION)
def test_a_day_of_leave_for_every_three_late_days(late_days: int, leave: int) -> None:
    """R2.3"""
    month = propose(lates(late_days), PLENTY, DECEMBER)
    assert len(month.counted) == late_days
    assert sum(one.halves for one in month.proposals) == 2 * leave
    assert [one.days for one in month.proposals] == [tuple(WORKDAYS[3 * i : 3 * i + 3]) for i in range(leave)]


@pytest.mark.parametrize(("late_days", "balance", "kinds", "why"), golden_cbse.ORDER)
def test_casual_leave_then_earned_leave_never_below_nothing(
    late_days: int, balance: dict[str, float], kinds: tuple[str | None, ...], why: str
) -> None:
    """R2.4"""
    assert taken(propose(lates(late_days), halves(balance), DECEMBER)) == kinds, why


def test_days_are_counted_and_not_punches() -> None:
    """R2.3: three late punches on one day are one late day."""
    assert propose(one_month(person(*marks(TUESDAY, "09:41", "10:15", "10:40"))), PLENTY, DECEMBER).counted == (
        TUESDAY,
    )


def test_leave_holidays_and_offices_on_trial_never_count() -> None:
    """R2.3, R5.11: late on the afternoon of half a day's leave, on a Sunday, and in an office on trial."""
    three = WORKDAYS[:3]
    late = [one for day in three for one in marks(day, "14:30", "17:30")]
    half = tuple(Leave(day, day, "CL", Half.FORENOON) for day in three)
    assert propose(one_month(person(*late, leaves=half)), PLENTY, DECEMBER).counted == ()
    sundays = [one for day in days_of(MONTH) if day.isoweekday() == 7 for one in marks(day, "11:00", "17:30")]
    assert propose(one_month(person(*sundays)), PLENTY, DECEMBER).counted == ()
    on_trial = world(office(life=(LifeSpan(dt.date(2026, 11, 1), None, Life.TRIAL),)))
    assert propose(lates(6, on_trial), PLENTY, DECEMBER).proposals == ()


def test_the_remainder_is_carried_where_the_policy_says_so() -> None:
    """R2.3: two of October and one of November are three; by the month they are none."""
    text = (POLICIES / "cbse-2016.toml").read_text().replace('window = "month"', 'window = "carry"')
    here = replace(world(), policies={"cbse-2016": parse(text, "carry.toml")})
    month = propose(lates(1, here), PLENTY, DECEMBER, carried=2)
    assert (len(month.proposals), month.carry) == (1, 0)
    assert propose(lates(5, here), PLENTY, DECEMBER, carried=2).carry == 1  # 2 + 5 = 7 = 2 x 3 + 1
    assert propose(lates(1), PLENTY, DECEMBER, carried=2).proposals == ()


def test_every_late_day_counts_once_when_carried() -> None:
    """R2.3: 2 carried and 4 late are two deductions: the first of one day of this month, the second of three."""
    text = (POLICIES / "cbse-2016.toml").read_text().replace('window = "month"', 'window = "carry"')
    here = replace(world(), policies={"cbse-2016": parse(text, "carry.toml")})
    month = propose(lates(4, here), PLENTY, DECEMBER, carried=2)
    assert [one.days for one in month.proposals] == [tuple(WORKDAYS[:1]), tuple(WORKDAYS[1:4])]


def test_a_month_that_is_not_over_is_not_proposed() -> None:
    """R2.5"""
    with pytest.raises(NotOverError, match="2026-11 is not over: propose from 2026-12-01 on"):
        propose(lates(3), PLENTY, dt.date(2026, 11, 30))
    with pytest.raises(FactsError, match="several people or months"):
        propose([*lates(3), *one_month(person(), month="2026-12")], PLENTY, dt.date(2027, 1, 1))


@pytest.mark.parametrize(("late_days", "listed"), [(5, False), (6, True)])
def test_repeat_latecomers_are_listed_from_a_threshold_on(late_days: int, listed: bool) -> None:
    """R2.10"""
    assert propose(lates(late_days), PLENTY, DECEMBER).repeat is listed


# ── the other two ways ──


def minutes_month(name: str, minutes: Iterable[tuple[int, int]], came: int, left: int) -> MonthOfLates:
    """So many minutes late and early on the first workdays; `came` and `left` are the limits."""
    punches = []
    for day, (late, early) in itertools.zip_longest(WORKDAYS, minutes, fillvalue=(0, 0)):
        assert isinstance(day, dt.date)
        punches += marks(day, hhmm(came + late), hhmm(left - early))
    facts = person(*punches, spans=(replace(SPAN, policy=name),))
    return propose(one_month(facts, world(policies=(name,))), PLENTY, DECEMBER)


@pytest.mark.parametrize(("late", "leave_halves", "forgiven", "why"), golden_variants.CENTRAL)
def test_half_a_day_each_with_two_forgiven(late: tuple[int, ...], leave_halves: int, forgiven: int, why: str) -> None:
    """R2.3: another order is another file. Limit 09:15."""
    month = minutes_month("central-half-day-2024", [(one, 0) for one in late], 9 * 60 + 15, 17 * 60 + 30)
    assert (sum(one.halves for one in month.proposals), len(month.forgiven)) == (leave_halves, forgiven), why


@pytest.mark.parametrize(("minutes", "leave_halves", "drawn", "why"), golden_variants.KERALA)
def test_three_hundred_minutes_of_grace(
    minutes: tuple[tuple[int, int], ...], leave_halves: int, drawn: int, why: str
) -> None:
    """R2.3: another order is another file. Hours 10:15 to 17:15."""
    month = minutes_month("kerala-grace-2023", minutes, 10 * 60 + 15, 17 * 60 + 15)
    assert (sum(one.halves for one in month.proposals), month.drawn_min) == (leave_halves, drawn), why


def test_without_an_order_nothing_is_deducted() -> None:
    """R2.3"""
    here = world(policies=("state-default",))
    late = lates(25, here, "state-default")
    assert propose(late, PLENTY, DECEMBER).proposals == ()


# ── the journal ──


def settled(late_days: int = 3, balance: dict[str, int] | None = None) -> Journal:
    journal = Journal()
    journal.settle(propose(lates(late_days), balance or PLENTY, DECEMBER), 1, "proposed")
    return journal


def test_the_same_month_again_adds_nothing() -> None:
    """R2.4: idempotent, proposed or confirmed."""
    journal = settled(6)
    assert [line.move for line in journal.lines] == [Move.PROPOSE, Move.PROPOSE]
    assert journal.settle(propose(lates(6), PLENTY, DECEMBER), 2, "again") == []
    journal.confirm(KEY, "so", 3)
    assert journal.settle(propose(lates(6), PLENTY, DECEMBER), 4, "again") == []
    assert journal.taken(PERSON) == {"CL": 2}


def test_nothing_is_taken_before_the_section_officer_confirms() -> None:
    """R2.10"""
    journal = settled()
    assert (journal.state(KEY), journal.taken(PERSON)) == (State.PROPOSED, {})
    line = journal.confirm(KEY, "so", 2)
    assert (line.by, journal.state(KEY), journal.taken(PERSON)) == ("so", State.CONFIRMED, {"CL": 2})
    with pytest.raises(AttendanceError, match="does not stand proposed: it is confirmed"):
        journal.confirm(KEY, "so", 3)


def test_a_confirmed_deduction_is_undone_by_a_counter_entry() -> None:
    """R2.4: nothing is erased; the balance is as before."""
    journal = settled()
    journal.confirm(KEY, "so", 2)
    added = journal.settle(propose(lates(2), PLENTY, DECEMBER), 3, "a late punch came")
    assert [(line.move, line.reason) for line in added] == [(Move.REVERSE, "a late punch came")]
    assert [line.move for line in journal.lines] == [Move.PROPOSE, Move.CONFIRM, Move.REVERSE]
    assert (journal.state(KEY), journal.taken(PERSON)) == (State.NONE, {})
    journal.settle(propose(lates(3), PLENTY, DECEMBER), 4, "back again")
    assert [line.turn for line in journal.lines] == [1, 2, 3, 4]
    assert journal.state(KEY) is State.PROPOSED


def test_what_was_rejected_stays_so_while_it_is_about_the_same_days() -> None:
    """R2.7, R2.10"""
    journal = settled()
    with pytest.raises(AttendanceError, match="for a reason"):
        journal.reject(KEY, "so", 2, " ")
    journal.reject(KEY, "so", 2, "the road was closed")
    assert journal.settle(propose(lates(3), PLENTY, DECEMBER), 3, "again") == []
    assert journal.settle(propose(lates(3), {"EL": 2}, DECEMBER), 3, "another balance") == []
    others = [day for day in lates(4) if day.day != WORKDAYS[0]]
    assert [line.move for line in journal.settle(propose(others, PLENTY, DECEMBER), 4, "other days")] == [Move.PROPOSE]


@pytest.mark.parametrize("decided", [Move.CONFIRM, Move.REJECT])
def test_a_decision_is_taken_back_for_a_reason_and_made_again(decided: Move) -> None:
    """R2.10: a counter-entry, never a line less; then it stands proposed as it was, and the same month adds nothing."""
    journal = settled(3)
    with pytest.raises(AttendanceError, match="is not decided: it is proposed"):
        journal.reopen(KEY, "so", at(TUESDAY, "10:00"), "a slip of the hand")
    if decided is Move.CONFIRM:
        journal.confirm(KEY, "so", at(TUESDAY, "10:00"))
    else:
        journal.reject(KEY, "so", at(TUESDAY, "10:00"), "flood")
    with pytest.raises(AttendanceError, match="for a reason"):
        journal.reopen(KEY, "so", at(TUESDAY, "10:00"), " ")
    before = list(journal.lines)
    back, again = journal.reopen(KEY, "so", at(TUESDAY, "10:00"), "a slip of the hand")
    assert journal.lines == [*before, back, again]
    assert (back.move, back.by, back.reason) == (Move.REVERSE, "so", "a slip of the hand")
    assert (again.move, again.kind, again.halves, again.days) == (Move.PROPOSE, "CL", 2, before[0].days)
    assert journal.state(KEY) is State.PROPOSED
    assert journal.taken(PERSON) == {}
    assert journal.settle(propose(lates(3), PLENTY, DECEMBER), at(TUESDAY, "10:00"), "again") == []
    journal.confirm(KEY, "so", at(TUESDAY, "10:00"))
    assert journal.taken(PERSON) == {"CL": 2}


def test_a_change_of_balance_changes_the_kind_of_leave() -> None:
    """R2.4: leave granted afterwards for October used up the CL."""
    journal = settled()
    added = journal.settle(propose(lates(3), {"EL": 2}, DECEMBER), 2, "balance")
    assert [(line.move, line.kind) for line in added] == [(Move.REVERSE, "CL"), (Move.PROPOSE, "EL")]


def test_what_is_for_decision_takes_what_the_officer_decides() -> None:
    """R2.4"""
    for kind, held in (("HPL", {"HPL": 2}), (None, {})):
        journal = Journal()
        month = propose(lates(3), {}, DECEMBER)
        journal.settle(month, 1, "proposed")
        journal.confirm(KEY, "so", 2, kind)
        assert journal.taken(PERSON) == held
        assert journal.settle(month, 3, "again") == []


def test_what_the_officer_leaves_lying_goes_up() -> None:
    """R2.10: until the 5th of December; on the 6th it is overdue."""
    rule = policy().at(TUESDAY).deduction
    assert rule is not None
    assert confirm_by(MONTH, rule) == dt.date(2026, 12, 5)
    journal = settled(6)
    journal.confirm(KEY, "so", at(TUESDAY, "10:00"))
    assert overdue(journal, MONTH, rule, dt.date(2026, 12, 5)) == []
    assert overdue(journal, MONTH, rule, dt.date(2026, 12, 6)) == [(PERSON, MONTH, 2)]
