"""Pure: what comes next in an update, and that no state of the disk leads astray."""

import itertools

import pytest

from edge.update import steps
from edge.update.steps import Hours, Journal, Seen, Step, Verdict, Wanted, decide, refusal

A, B = "slots/a", "slots/b"
IDLE = Seen(A, A, "1.0")
READY = Wanted("1.1", fetched=True, staged=True, tried=True)


@pytest.mark.parametrize(
    ("seen", "step"),
    [
        (IDLE, Step.REST),
        (Seen(A, A, "1.0", wanted=Wanted("1.0")), Step.REST),
        (Seen(A, A, "1.0", wanted=Wanted("1.1")), Step.FETCH),
        (Seen(A, A, "1.0", wanted=Wanted("1.1", fetched=True)), Step.STAGE),
        (Seen(A, A, "1.0", wanted=Wanted("1.1", staged=True)), Step.TRY),
        (Seen(A, A, "1.0", wanted=READY), Step.SWITCH),
        (Seen(A, A, "1.0", wanted=READY, open=False), Step.REST),
        (Seen(A, A, "1.0", wanted=Wanted("1.1"), open=False), Step.FETCH),
        (Seen(A, A, "1.0", Journal(restart_due=True), READY), Step.RESTART),
        (Seen(B, A, "1.0", Journal(restart_due=True), mine=True), Step.RESTART),
        (Seen(B, A, "1.0", mine=True), Step.JUDGE),
        (Seen(B, A, "1.0", mine=True, open=False), Step.JUDGE),
        (Seen(B, A, "1.0", mine=True, verdict=Verdict.WELL), Step.COMMIT),
        (Seen(B, A, "1.0", mine=True, verdict=Verdict.ILL), Step.GO_BACK),
        (Seen(B, A, "1.0"), Step.GO_BACK),
        (Seen(B, A, "1.0", Journal(restart_due=True)), Step.GO_BACK),
        (Seen(B, A, "1.0", wanted=READY, open=False), Step.GO_BACK),
    ],
)
def test_the_next_step(seen: Seen, step: Step) -> None:
    assert decide(seen)[0] is step


@pytest.mark.parametrize(
    ("wanted", "journal", "why"),
    [
        ("1.0", Journal(), "is what runs"),
        ("0.9", Journal(), "older than 1.0, which runs"),
        ("0.10", Journal(), "older than 1.0, which runs"),
        ("1.1", Journal(floor="1.2"), "older than 1.2, which ran here"),
        ("1.1", Journal(refused=("1.1",), note="1.1: it is ill"), "found ill: 1.1: it is ill"),
        ("1.1", Journal(trying="1.1", tries=3), "tried 3 times"),
    ],
)
def test_versions_go_forward_only(wanted: str, journal: Journal, why: str) -> None:
    assert why in refusal(wanted, "1.0", journal)
    assert decide(Seen(A, A, "1.0", journal, Wanted(wanted, staged=True, tried=True)))[0] is Step.REST


def test_what_may_be_installed() -> None:
    assert refusal("1.1", "1.0", Journal(floor="1.1")) == ""  # it was the one before the package was installed anew
    assert refusal("1.1", "1.0", Journal(trying="1.1", tries=2)) == ""
    assert refusal("1.10", "1.9", Journal(refused=("1.1",))) == ""


def test_no_state_of_the_disk_switches_in_working_hours_or_leaves_a_trial_unwatched() -> None:
    """Every state there can be, thousands of them."""
    wanted = [
        None,
        *(Wanted(v, *flags) for v in ("0.9", "1.0", "1.1") for flags in itertools.product([False, True], repeat=3)),
    ]
    journals = [
        Journal(floor, trying, tries, refused, due)
        for floor, trying, tries, refused, due in itertools.product(
            ("", "1.0", "1.1"), ("", "1.1"), (0, 3), ((), ("1.1",)), (False, True)
        )
    ]
    for want, journal, current, verdict, mine, hours in itertools.product(
        wanted, journals, (A, B), Verdict, (False, True), (False, True)
    ):
        seen = Seen(current, A, "1.0", journal, want, verdict, mine, hours)
        step, why = decide(seen)
        assert why
        if step is Step.SWITCH:
            assert hours
            assert want in (READY, Wanted("1.1", staged=True, tried=True))
            assert current == A
        if current == B and not mine and verdict is Verdict.NONE:
            assert step is Step.GO_BACK
        if step is Step.COMMIT:
            assert verdict is Verdict.WELL
        if step is Step.REST:
            assert current == A
            assert not journal.restart_due


def test_what_is_written_down_at_each_step() -> None:
    kept = steps.switching(Journal(), "1.1")
    assert (kept.trying, kept.tries, kept.restart_due) == ("1.1", 1, True)
    assert steps.switching(kept, "1.1").tries == 2
    assert steps.switching(kept, "1.2").tries == 1
    assert not steps.restarted(kept).restart_due
    assert steps.going_back(steps.restarted(kept)).restart_due
    ill = steps.refused(kept, "1.1", "nobody is served")
    assert (ill.refused, ill.note) == (("1.1",), "1.1: nobody is served")
    well = steps.proved(Journal(floor="1.4", trying="1.3", tries=2), "1.3")
    assert (well.floor, well.trying, well.tries) == ("1.4", "", 0)
    assert steps.proved(Journal(), "1.10").floor == "1.10"
    many = Journal()
    for n in range(30):
        many = steps.refused(many, f"1.{n}", "ill")
    assert many.refused == tuple(f"1.{n}" for n in range(14, 30))


def test_hours_lie_over_midnight_or_not() -> None:
    night, noon = Hours(22 * 60 + 30, 5 * 60), Hours(12 * 60, 13 * 60)
    assert [night.open(h * 60) for h in (0, 4, 5, 12, 22, 23)] == [True, True, False, False, False, True]
    assert [noon.open(h * 60) for h in (0, 11, 12, 13)] == [False, False, True, False]
