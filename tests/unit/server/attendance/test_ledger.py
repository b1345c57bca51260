"""What was known when: frozen reports, amendment slips, counter-entries, and any order of arrival (R2.4, R2.5, S17)."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.attendance import FactsError, NotOverError
from server.attendance.deductions import Journal, Move, State
from server.attendance.ledger import (
    AmendmentSlip,
    Fact,
    Holiday,
    OfficeLife,
    OfOffice,
    OfPerson,
    Report,
    amend,
    fold,
    freeze,
    known,
    lates,
)
from server.attendance.types import Act, Adjustment, DayFlag, FitnessSpan, Leave, Life, LifeSpan, OnDuty, Punch, Status
from tests.unit.server.attendance.scene import MONTH, OFFICE, PERSON, SPAN, TUESDAY, at, marks, office, punch, world

SENT = at(dt.date(2026, 12, 3), "11:00")
LATER = at(dt.date(2026, 12, 20), "11:00")
DAYS = [TUESDAY + dt.timedelta(days=place) for place in range(3)]
KEY = (PERSON, MONTH, 1)
BALANCE = {PERSON: {"CL": 16}}
HERE = world()


def fact(
    key: str, value: OfPerson | OfOffice | None, known_ms: int = 0, version: int = 1, person: bytes = PERSON
) -> Fact:
    return Fact(key, version, known_ms, person, value, by="officer", why=f"because of {key}")


def punches(known_ms: int, *made: Punch) -> list[Fact]:
    return [fact(f"punch-{one.id.seq}", one, known_ms) for one in made]


POSTED = fact("posting", SPAN)


def three_late_days() -> list[Fact]:
    """Late by 11 min on three days."""
    return [POSTED, *punches(1, *(one for day in DAYS for one in marks(day, "09:41", "17:30")))]


def frozen(facts: list[Fact]) -> tuple[Report, Journal]:
    """The report as sent, its deductions proposed and confirmed."""
    report, journal = freeze(HERE, facts, MONTH, SENT), Journal()
    month = lates(report.days, PERSON, BALANCE[PERSON], SENT)
    assert month is not None
    for line in journal.settle(month, SENT, "month end"):
        journal.confirm(line.key, "so", SENT)
    return report, journal


def slip(report: Report, facts: list[Fact], journal: Journal, at_ms: int = LATER) -> AmendmentSlip:
    found = amend(report, HERE, facts, at_ms, journal, BALANCE)
    assert found is not None
    return found


def test_a_report_is_what_was_known_when_it_was_sent() -> None:
    """R2.5: the fold as of then stays the same for ever."""
    facts = three_late_days()
    before = freeze(HERE, facts, MONTH, SENT)
    facts += punches(LATER, punch(DAYS[0], "09:10"))
    assert freeze(HERE, facts, MONTH, SENT) == before
    assert freeze(HERE, facts, MONTH, LATER).days != before.days


def test_a_late_punch_amends_reverses_and_says_why() -> None:
    """R2.4, R2.5, S12: a second terminal comes online after a month, and the person was in time there."""
    facts = three_late_days()
    report, journal = frozen(facts)
    assert journal.taken(PERSON) == {"CL": 2}
    facts += punches(LATER, punch(DAYS[0], "09:10", terminal="t-2"))
    found = slip(report, facts, journal)
    (change,) = found.changes
    assert change.before is not None
    assert change.after is not None
    assert (change.before.late_min, change.after.late_min) == (11, 0)
    assert [(one.by, one.why) for one in change.causes] == [
        ("officer", f"because of punch-{at(DAYS[0], '09:10') // 1000}")
    ]
    assert [(line.key, line.move) for line in found.deductions] == [(KEY, Move.REVERSE)]
    assert (journal.state(KEY), journal.taken(PERSON)) == (State.NONE, {})
    assert (found.amends, found.report.version) == (1, 2)


def test_the_same_facts_amend_nothing() -> None:
    """R2.5: the amended report is the next one's ground; what was learnt once is not told twice."""
    facts = three_late_days()
    report, journal = frozen(facts)
    assert amend(report, HERE, facts, LATER, journal, BALANCE) is None
    facts += punches(LATER, punch(DAYS[0], "09:10"))
    second = slip(report, facts, journal).report
    assert amend(second, HERE, facts, LATER + 1, journal, BALANCE) is None


def test_a_redated_punch_moves_both_days() -> None:
    """S2: an anchor came: the punch was of Wednesday, not of Tuesday; both changes name it."""
    first = punch(DAYS[0], "09:20", seq=7)
    facts = [POSTED, *punches(1, first)]
    report, journal = frozen(facts)
    facts.append(fact("punch-7", replace(punch(DAYS[1], "09:20"), id=first.id), LATER, version=2))
    found = slip(report, facts, journal)
    told = {one.day: (one.before and one.before.status, one.after and one.after.status) for one in found.changes}
    assert told == {DAYS[0]: (Status.PRESENT, Status.ABSENT), DAYS[1]: (Status.ABSENT, Status.PRESENT)}
    assert all([one.key for one in change.causes] == ["punch-7"] for change in found.changes)


def test_an_order_entered_later_amends_and_a_withdrawn_one_amends_back() -> None:
    """R4.6, R6.4: duty elsewhere, back-entered in December, withdrawn in January."""
    facts = [POSTED]
    report, journal = frozen(facts)
    facts.append(fact("duty", OnDuty(DAYS[0], DAYS[1], "election"), LATER))
    found = slip(report, facts, journal)
    assert [(one.day, one.after and one.after.status) for one in found.changes] == [
        (DAYS[0], Status.ON_DUTY), (DAYS[1], Status.ON_DUTY),
    ]  # fmt: skip
    facts.append(fact("duty", None, LATER + 1, version=2))
    back = slip(found.report, facts, journal, LATER + 1)
    assert [one.after and one.after.status for one in back.changes] == [Status.ABSENT, Status.ABSENT]
    assert back.report.days == replace(report, days=fold(HERE, facts, MONTH, LATER + 1)).days
    assert all([one.version for one in change.causes] == [2] for change in back.changes)


def test_a_terminal_that_reports_its_fitness_late_settles_what_was_undetermined() -> None:
    """R2.6: until its log came nobody was absent; then it says that it was fit."""
    here = world(office(fitness=()))
    report = freeze(here, [POSTED], MONTH, SENT)
    assert report.days[PERSON, TUESDAY].status is Status.UNDETERMINED
    span = FitnessSpan("t-1", OFFICE, at(TUESDAY, "00:00"), at(TUESDAY, "23:59"))
    facts = [POSTED, fact("fit", span, LATER, person=b"")]
    found = amend(report, here, facts, LATER)
    assert found is not None
    assert [(one.day, one.causes) for one in found.changes] == [(TUESDAY, (facts[1],))]
    assert found.report.days[PERSON, TUESDAY].status is Status.ABSENT


def test_a_holiday_declared_later_and_a_trial_ordered_later() -> None:
    """R2.3, R5.11: no deduction stands on them."""
    facts = three_late_days()
    report, journal = frozen(facts)
    facts.append(fact("holiday", Holiday(OFFICE, DAYS[2], "by order"), LATER, person=b""))
    found = slip(report, facts, journal)
    assert [(one.day, one.after and one.after.status) for one in found.changes] == [(DAYS[2], Status.HOLIDAY)]
    assert journal.taken(PERSON) == {}

    report, journal = frozen(three_late_days())
    trial = OfficeLife(OFFICE, LifeSpan(dt.date(2026, 11, 1), None, Life.TRIAL))
    slip(report, [*three_late_days(), fact("life", trial, LATER, person=b"")], journal)
    assert journal.taken(PERSON) == {}


def test_what_makes_a_late_sitting_eligible_reopens_its_claim() -> None:
    """R3.8: the departure of November came in December: claimable until the end of January."""
    facts = [POSTED, *punches(1, punch(TUESDAY, "09:00"))]
    report, journal = frozen(facts)
    facts += punches(LATER, punch(TUESDAY, "19:30"))
    found = slip(report, facts, journal)
    assert [(one.day, one.until) for one in found.reopened] == [(TUESDAY, dt.date(2027, 1, 31))]
    facts += punches(LATER + 1, punch(DAYS[1], "09:41"))
    assert slip(found.report, facts, journal, LATER + 1).reopened == ()


def test_an_amendment_of_a_month_that_is_not_over_proposes_nothing() -> None:
    """R2.5"""
    early = at(dt.date(2026, 11, 20), "12:00")
    report = freeze(HERE, three_late_days(), MONTH, early)
    facts = [*three_late_days(), *punches(early + 1, punch(DAYS[0], "09:00"))]
    with pytest.raises(NotOverError):
        amend(report, HERE, facts, early + 1, Journal(), BALANCE)


def test_a_fact_of_an_unknown_office_is_refused() -> None:
    """R6.8"""
    with pytest.raises(FactsError, match="holiday: no office"):
        freeze(HERE, [POSTED, fact("holiday", Holiday(b"nowhere!", TUESDAY, "x"), person=b"")], MONTH, SENT)


def test_the_highest_version_holds_whenever_it_came() -> None:
    """S9: a correction that overtakes what it corrects."""
    old, new = fact("a", None, 2, version=1), fact("a", SPAN, 1, version=2)
    assert known([old, new], 5) == known([new, old], 5) == {"a": new}
    assert known([old, new], 0) == {}


# ── any order of arrival ──

MORE = [dt.date(2026, 11, 17), dt.date(2026, 11, 18)]
LOST = punch(DAYS[2], "10:30", seq=99)
NEWS: tuple[Fact, ...] = (
    *punches(0, *(one for day in DAYS + MORE for one in marks(day, "09:41", "17:30"))),
    *punches(0, punch(DAYS[0], "09:05", terminal="t-2"), punch(DAYS[1], "19:55")),
    fact("lost", replace(LOST, low_ms=at(DAYS[0], "06:00"), high_ms=at(DAYS[2], "20:00"))),
    fact("lost", LOST, version=2),
    fact("leave", Leave(DAYS[1], DAYS[1], "CL")),
    fact("leave", Leave(DAYS[2], DAYS[2], "CL"), version=2),
    fact("leave", None, version=3),
    fact("adjusted", Adjustment(DAYS[2], Act.CONDONE_LATE, "officer", "flood", id="a")),
    fact("holiday", Holiday(OFFICE, dt.date(2026, 11, 6), "by order"), person=b""),
    fact("duty", OnDuty(dt.date(2026, 11, 10), dt.date(2026, 11, 12), "training")),
)


@settings(max_examples=30, deadline=None)
@given(order=st.permutations(range(len(NEWS))), sent_after=st.integers(0, len(NEWS)), every=st.integers(1, 5))
def test_any_order_of_arrival_gives_the_same_ledger(order: list[int], sent_after: int, every: int) -> None:
    """R2.4, S9, S12: days, and what is taken in the end; whenever the report was sent and however often amended."""
    arrived = [POSTED] + [replace(NEWS[one], known_ms=SENT + place) for place, one in enumerate(order)]
    end = SENT + len(NEWS)
    straight = [POSTED, *(replace(one, known_ms=1) for one in NEWS)]
    wanted, at_once = frozen(straight)

    report, journal = freeze(HERE, arrived, MONTH, SENT + sent_after - 1), Journal()
    month = lates(report.days, PERSON, BALANCE[PERSON], SENT + sent_after)
    assert month is not None
    for line in journal.settle(month, SENT, "month end"):
        journal.confirm(line.key, "so", SENT)
    for at_ms in [*range(SENT + sent_after, end, every), end]:
        found = amend(report, HERE, arrived, at_ms, journal, BALANCE)
        if found is None:
            continue
        report = found.report
        assert all(change.causes for change in found.changes), "every change has a cause"
        for line in found.deductions:
            if line.move is Move.PROPOSE:
                journal.confirm(line.key, "so", at_ms)
    assert fold(HERE, arrived, MONTH, end) == wanted.days
    assert {key: day.outcome for key, day in report.days.items()} == {
        key: day.outcome for key, day in wanted.days.items()
    }, "what was last sent says it, too"
    assert journal.taken(PERSON) == at_once.taken(PERSON)
    assert {key: journal.state(key) for key in at_once.keys(PERSON, MONTH)} == {
        key: at_once.state(key) for key in at_once.keys(PERSON, MONTH)
    }


def test_the_end_that_every_order_comes_to() -> None:
    """By hand: Tuesday in time by the second terminal, Wednesday late, Thursday condoned; two more late: 3/3 = 1 CL."""
    days = fold(HERE, [POSTED, *NEWS], MONTH, SENT)
    said = [(days[PERSON, day].late_min, days[PERSON, day].has(DayFlag.LATE_CONDONED)) for day in DAYS]
    assert said == [(0, False), (11, False), (0, True)]
    assert [days[PERSON, day].late_min for day in MORE] == [11, 11]
    assert frozen([POSTED, *NEWS])[1].taken(PERSON) == {"CL": 2}
    assert days[PERSON, dt.date(2026, 11, 6)].status is Status.HOLIDAY
    assert days[PERSON, dt.date(2026, 11, 11)].status is Status.ON_DUTY
