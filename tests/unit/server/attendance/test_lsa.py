"""Late Sitting Allowance: golden tables of the orders, both sides of every limit, and each refusal (R3.1 to R3.9)."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

import pytest

from server.attendance import ClaimError
from server.attendance.clock import days_of
from server.attendance.lsa import (
    Approval,
    Claim,
    Claimant,
    Judgement,
    Line,
    Outcome,
    Reason,
    group_of,
    judge,
    told,
)
from server.attendance.types import Act, Adjustment, Leave, Life, LifeSpan, PersonFacts, Punch, RegisterMark, World
from sync.record import SourceClass
from tests.unit.server.attendance import golden_cbse
from tests.unit.server.attendance.scene import (
    PERSON,
    SPAN,
    SUNDAY,
    TUESDAY,
    at,
    marks,
    office,
    one_month,
    person,
    policy,
    punch,
    world,
)

OFFICER = Claimant(PERSON, "PB-3", 6600)
SUBMITTED = at(dt.date(2026, 12, 10), "12:00")
LATE_EVENING = marks(TUESDAY, "09:00", "19:30")


def claim(*days: dt.date, submitted_ms: int = SUBMITTED, certificate: bool = True) -> Claim:
    return Claim(PERSON, days or (TUESDAY,), submitted_ms, certificate)


def approved(day: dt.date = TUESDAY, clock: str = "11:00", work: str = "result of class X") -> Approval:
    return Approval(day, at(day, clock), "authority", work)


def judged(
    facts: PersonFacts,
    claimant: Claimant = OFFICER,
    asked: Claim | None = None,
    approvals: Sequence[Approval] = (approved(), approved(SUNDAY, "08:00")),
    here: World | None = None,
    paid: Sequence[dt.date] = (),
    reopened: dict[dt.date, dt.date] | None = None,
) -> Judgement:
    days = {day.day: day for day in one_month(facts, here)}
    return judge(asked or claim(), claimant, days, approvals, policy(), paid, reopened)


def line(found: Judgement) -> Line:
    (only,) = found.lines
    return only


@pytest.mark.parametrize(("came", "left", "paid", "needed", "why"), golden_cbse.EVENINGS)
def test_until_half_past_seven_and_as_long_as_one_was_late(
    came: str, left: str, paid: bool, needed: str, why: str
) -> None:
    """R3.4, R3.1: 500 rupees for group A"""
    found = judged(person(*marks(TUESDAY, came, left)))
    assert line(found).outcome is (Outcome.PAY if paid else Outcome.REFUSE), why
    assert line(found).reasons == (() if paid else (Reason.LEFT_BEFORE,))
    assert (told(line(found)), found.rupees) == (needed, 500 if paid else 0)


@pytest.mark.parametrize(("came", "left", "paid", "why"), golden_cbse.HOLIDAYS)
def test_four_hours_on_a_holiday(came: str, left: str, paid: bool, why: str) -> None:
    """R3.5, R3.1: 1000 rupees for group A"""
    found = judged(person(*marks(SUNDAY, came, left)), asked=claim(SUNDAY))
    assert line(found).reasons == (() if paid else (Reason.TOO_SHORT,)), why
    assert (told(line(found)), found.rupees) == ("4:00 h", 1000 if paid else 0)


@pytest.mark.parametrize(("band", "grade_pay", "group"), golden_cbse.GROUPS)
def test_the_group_is_of_pay_band_and_grade_pay_together(band: str, grade_pay: int, group: str) -> None:
    """R3.2: grade pay 5400 is A in PB-3 and B in PB-2."""
    assert group_of(Claimant(PERSON, band, grade_pay), policy().at(TUESDAY)) == group


@pytest.mark.parametrize(("band", "grade_pay"), [("PB-1", 5400), ("PB-4", 5400), ("PB-5", 12000), ("", 0)])
def test_an_unknown_pay_is_an_error_and_no_guess(band: str, grade_pay: int) -> None:
    """R3.2"""
    with pytest.raises(ClaimError, match=f"no group for pay band '{band}' with grade pay {grade_pay}; correct"):
        judged(person(*LATE_EVENING), Claimant(PERSON, band, grade_pay))


PAY_OF = {"A": ("PB-3", 5400, ""), "B": ("PB-2", 5400, ""), "C": ("PB-1", 1800, "head_office")}


@pytest.mark.parametrize(("group", "working", "holiday"), golden_cbse.RATES)
def test_one_flat_amount_a_day(group: str, working: int, holiday: int) -> None:
    """R3.1"""
    claimant = Claimant(PERSON, *PAY_OF[group])
    both = (*LATE_EVENING, *marks(SUNDAY, "09:00", "15:00"))
    found = judged(person(*both), claimant, claim(TUESDAY, SUNDAY))
    assert [one.rupees for one in found.lines] == [working, holiday]
    assert found.rupees == working + holiday


def test_group_d_has_no_rate_and_is_for_decision() -> None:
    """R3.1: never 0, and never the rate of C by guess."""
    found = judged(person(*LATE_EVENING), Claimant(PERSON, "", 0, "head_office", group="D"))
    assert (line(found).outcome, line(found).reasons) == (Outcome.DECIDE, (Reason.NO_RATE,))
    assert found.rupees == 0


def year(count: int) -> list[dt.date]:
    """So many days of the financial year 2026-27 before November: 1 April + n."""
    days = [dt.date(2026, 4, 1) + dt.timedelta(days=place) for place in range(count)]
    assert not days or days[-1] < dt.date(2026, 11, 30)
    return [day if day != TUESDAY else dt.date(2026, 11, 30) for day in days]


@pytest.mark.parametrize(("band", "grade_pay", "post", "before", "outcome", "why"), golden_cbse.CAPS)
def test_the_cap_of_a_financial_year(band: str, grade_pay: int, post: str, before: int, outcome: str, why: str) -> None:
    """R3.3"""
    found = judged(person(*LATE_EVENING), Claimant(PERSON, band, grade_pay, post), paid=year(before))
    assert line(found).outcome.value == outcome, why
    wanted = {"pay": (), "refuse": (Reason.CAP,), "decide": (Reason.NO_CAP,)}
    assert line(found).reasons == wanted[outcome]
    assert line(found).number == (None if outcome == "refuse" else before + 1)


def test_the_cap_counts_within_a_claim_and_not_over_the_turn_of_the_year() -> None:
    """R3.3: 149 paid: the first of two is the 150th, the second the 151st. Last year's days are of last year."""
    wednesday = TUESDAY + dt.timedelta(days=1)
    facts = person(*LATE_EVENING, *marks(wednesday, "09:00", "19:30"))
    both = [approved(), approved(wednesday)]
    found = judged(facts, asked=claim(TUESDAY, wednesday), approvals=both, paid=year(149))
    assert [one.outcome for one in found.lines] == [Outcome.PAY, Outcome.REFUSE]
    assert (found.rupees, found.left) == (500, 0)
    last_year = [dt.date(2025, 4, 1) + dt.timedelta(days=place) for place in range(365)]
    assert judged(facts, asked=claim(TUESDAY, wednesday), approvals=both, paid=last_year).left == 148


def test_a_sanctioned_number_of_days_stands_in_for_a_cap() -> None:
    """R3.3"""
    clerk = Claimant(PERSON, "PB-1", 1900, sanctioned=10)
    assert line(judged(person(*LATE_EVENING), clerk, paid=year(9))).outcome is Outcome.PAY
    assert line(judged(person(*LATE_EVENING), clerk, paid=year(10))).reasons == (Reason.CAP,)


APPROVALS = (
    ((), (Reason.NO_APPROVAL,)),
    ((approved(clock="17:29:59"),), ()),
    ((approved(clock="17:30:00"),), (Reason.APPROVED_LATE,)),
    ((approved(clock="18:00"), approved(clock="10:00")), ()),
    ((approved(work="  "),), (Reason.NO_WORK,)),
    ((approved(SUNDAY),), (Reason.NO_APPROVAL,)),
)  # fmt: skip


@pytest.mark.parametrize(("given", "reasons"), APPROVALS)
def test_approval_comes_before_the_late_sitting(given: Sequence[Approval], reasons: tuple[Reason, ...]) -> None:
    """R3.6: before 17:30 of the day, with the work named."""
    assert line(judged(person(*LATE_EVENING), approvals=given)).reasons == reasons


@pytest.mark.parametrize(("clock", "reasons"), [("09:59:59", ()), ("10:00:00", (Reason.APPROVED_LATE,))])
def test_on_a_holiday_approval_comes_before_the_first_punch(clock: str, reasons: tuple[Reason, ...]) -> None:
    """R3.6"""
    found = judged(person(*marks(SUNDAY, "10:00", "15:00")), asked=claim(SUNDAY), approvals=[approved(SUNDAY, clock)])
    assert line(found).reasons == reasons


def test_a_claim_encloses_the_certificate() -> None:
    """R3.7"""
    with pytest.raises(ClaimError, match="enclose the certificate"):
        judged(person(*LATE_EVENING), asked=claim(certificate=False))


@pytest.mark.parametrize(("month", "day", "clock", "taken"), golden_cbse.WINDOWS)
def test_a_month_is_claimed_within_the_succeeding_one(month: str, day: str, clock: str, taken: bool) -> None:
    """R3.8: by the Indian calendar."""
    works = next(one for one in days_of(month) if one.isoweekday() != 7)
    submitted = at(dt.date.fromisoformat(day), clock)
    days = {one.day: one for one in one_month(person(*marks(works, "09:00", "19:30")), month=month)}
    found = judge(claim(works, submitted_ms=submitted), OFFICER, days, [approved(works)], policy())
    assert line(found).reasons == (() if taken else (Reason.WINDOW,))


def test_a_day_that_an_amendment_reopened_may_be_claimed_later() -> None:
    """R3.8"""
    late = claim(submitted_ms=at(dt.date(2027, 2, 20), "12:00"))
    assert line(judged(person(*LATE_EVENING), asked=late)).reasons == (Reason.WINDOW,)
    reopened = {TUESDAY: dt.date(2027, 2, 28)}
    assert line(judged(person(*LATE_EVENING), asked=late, reopened=reopened)).outcome is Outcome.PAY


def test_a_claim_is_of_one_month_and_names_a_day_once() -> None:
    """R3.8"""
    with pytest.raises(ClaimError, match="of one month, this one of 2026-11 and 2026-12"):
        judged(person(*LATE_EVENING), asked=claim(TUESDAY, dt.date(2026, 12, 1)))
    with pytest.raises(ClaimError, match="each of its days once"):
        judged(person(*LATE_EVENING), asked=claim(TUESDAY, TUESDAY))
    assert line(judged(person(*LATE_EVENING), paid=[TUESDAY])).reasons == (Reason.TWICE,)


def test_each_paid_day_rests_on_its_two_signed_punches() -> None:
    """R3.9"""
    found = line(judged(person(*LATE_EVENING)))
    assert (found.first, found.last) == LATE_EVENING
    assert "CBSE/JS(A&L)/2014/778-82" in found.source


def evening(**changes: object) -> tuple[Punch, Punch]:
    return punch(TUESDAY, "09:00"), replace(punch(TUESDAY, "19:45"), **changes)  # type: ignore[arg-type]


WEAK = (
    ({"signed": False}, Reason.UNSIGNED),
    ({"disputed": True}, Reason.CLOCK),
    ({"low_ms": at(TUESDAY, "19:42:59")}, Reason.CLOCK),
    ({"source_class": SourceClass.SUPERVISED}, Reason.SUPERVISED),
)


@pytest.mark.parametrize(("changes", "reason"), WEAK)
def test_a_weak_punch_makes_a_line_that_needs_verification(changes: dict[str, object], reason: Reason) -> None:
    """R3.9: nothing is paid on it, and nothing refused. A clock is good where it is known to ± 60 s."""
    found = judged(person(*evening(**changes)))
    assert (line(found).outcome, line(found).reasons) == (Outcome.VERIFY, (reason,))
    assert found.rupees == 0
    good = judged(person(*evening(low_ms=at(TUESDAY, "19:43:00"))))
    assert line(good).outcome is Outcome.PAY


def test_a_clock_that_cannot_tell_is_verified_and_not_refused() -> None:
    """R3.4, S2: 20:10 ± 30 s, and 20:10 was needed."""
    found = line(judged(person(punch(TUESDAY, "09:40"), punch(TUESDAY, "20:10", bound_s=30))))
    assert (found.outcome, found.reasons) == (Outcome.VERIFY, (Reason.CLOCK,))


def test_a_mark_that_was_added_by_hand_needs_verification() -> None:
    """R3.9"""
    act = Adjustment(TUESDAY, Act.ADD_OUT, "officer", "power cut", at(TUESDAY, "19:40"), id="a")
    found = line(judged(person(punch(TUESDAY, "09:00"), adjustments=(act,))))
    assert (found.outcome, found.reasons) == (Outcome.VERIFY, (Reason.MANUAL,))


OLD = tuple(replace(one, source_class=SourceClass.LEGACY_TERMINAL) for one in LATE_EVENING)
REFUSED = (
    (person(*OLD), OFFICER, Reason.NO_AADHAAR),
    (person(LATE_EVENING[0], OLD[1]), OFFICER, Reason.NO_AADHAAR),
    (person(register=(RegisterMark(TUESDAY, "officer"),)), OFFICER, Reason.NO_AADHAAR),
    (person(*LATE_EVENING), replace(OFFICER, contractual=True), Reason.CONTRACTUAL),
    (person(*LATE_EVENING, spans=(replace(SPAN, counted=False),)), OFFICER, Reason.NOT_COUNTED),
    (person(LATE_EVENING[0]), OFFICER, Reason.PUNCH_MISSING),
    (person(*LATE_EVENING, leaves=(Leave(TUESDAY, TUESDAY, "CL"),)), OFFICER, Reason.NOT_PRESENT),
    (person(), OFFICER, Reason.NOT_PRESENT),
    (person(*LATE_EVENING, spans=(replace(SPAN, since=SUNDAY),)), OFFICER, Reason.NOT_PRESENT),
)  # fmt: skip


@pytest.mark.parametrize(("facts", "claimant", "reason"), REFUSED)
def test_refusals_say_why(facts: PersonFacts, claimant: Claimant, reason: Reason) -> None:
    """R2.8, R3.9, R6.2, R6.7"""
    found = line(judged(facts, claimant))
    assert found.outcome is Outcome.REFUSE
    assert reason in found.reasons


def test_a_day_of_an_office_on_trial_needs_verification() -> None:
    """R5.11"""
    here = world(office(life=(LifeSpan(dt.date(2026, 11, 1), None, Life.TRIAL),)))
    assert line(judged(person(*LATE_EVENING), here=here)).reasons == (Reason.TRIAL,)


def test_a_day_nobody_folded_is_refused() -> None:
    """R3.9"""
    assert line(judge(claim(), OFFICER, {}, [approved()], policy())).reasons == (Reason.NO_DAY,)
