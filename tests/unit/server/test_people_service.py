"""Seventeen orders, each with its effect, folded in any order."""

import datetime as dt
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server import PeopleError
from server.people.service import EFFECTS, Base, Kind, Needs, Roles, Roster, Service, ServiceOrder, check, fold, spans

DAY = dt.date(2026, 4, 10)
TODAY = dt.date(2026, 6, 1)
A, B, C = b"office-a", b"office-b", b"office-c"
BASE = Base(dt.date(2024, 4, 1), A, "teacher")


def after(days: int) -> dt.date:
    return DAY + dt.timedelta(days=days)


def order(kind: Kind, days: int = 0, told: int | None = None) -> ServiceOrder:
    """An order of a kind that takes effect so many days on, naming whatever its kind needs."""
    day = after(days)
    said = day if told is None else after(told)
    one = ServiceOrder(kind, day, said, f"{kind.value}/{days}")
    needs = EFFECTS[kind].needs
    return replace(
        one,
        from_office=A if needs in (Needs.FROM, Needs.BOTH) else None,
        to_office=B if needs in (Needs.TO, Needs.BOTH, Needs.TO_DESIGNATION) else None,
        designation="master" if needs in (Needs.DESIGNATION, Needs.TO_DESIGNATION) else "",
    )


# What each order does to somebody serving at A, on the day it takes effect:
#   service, posted, awaited, frozen, designation, expected, counted
ALONE = {
    Kind.APPOINTMENT: (Service.AWAITED, A, B, None, "master", False, False),
    Kind.TRANSFER: (Service.SERVING, A, B, None, "teacher", True, True),
    Kind.POSTING: (Service.SERVING, A, B, None, "teacher", True, True),
    Kind.PROMOTION: (Service.SERVING, A, None, None, "master", True, True),
    Kind.REVERSION: (Service.SERVING, A, None, None, "master", True, True),
    Kind.SUSPENSION: (Service.SUSPENDED, A, None, None, "teacher", False, False),
    Kind.REINSTATEMENT: (Service.SERVING, A, None, None, "teacher", True, True),
    Kind.RETURN_TO_SERVICE: (Service.SERVING, A, None, None, "teacher", True, True),
    Kind.STAY: (Service.SERVING, A, None, None, "teacher", True, True),
    Kind.STAY_LIFTED: (Service.SERVING, A, None, None, "teacher", True, True),
    Kind.RELIEVING: (Service.SERVING, None, None, A, "teacher", False, True),
    Kind.JOINING: (Service.SERVING, B, None, None, "teacher", True, True),
    Kind.TERMINATION: (Service.LEFT, None, None, None, "teacher", False, False),
    Kind.DISMISSAL: (Service.LEFT, None, None, None, "teacher", False, False),
    Kind.VRS: (Service.LEFT, None, None, None, "teacher", False, False),
    Kind.RESIGNATION: (Service.LEFT, None, None, None, "teacher", False, False),
    Kind.DEMISE: (Service.DECEASED, None, None, None, "teacher", False, False),
}


def test_there_are_seventeen() -> None:
    """R6.1."""
    assert len(Kind) == len(EFFECTS) == len(ALONE) == 17


@pytest.mark.parametrize("kind", list(Kind), ids=lambda kind: kind.value)
def test_each_order_does_what_it_says_from_its_day_on(kind: Kind) -> None:
    """R6.1, R6.7: all seventeen, and the day before nothing but what terminals are told ahead."""
    now = fold(BASE, [order(kind)], DAY)
    assert (
        now.service,
        now.posted,
        now.awaited,
        now.frozen,
        now.designation,
        now.expected,
        now.counted,
    ) == ALONE[kind]
    assert now.roles is EFFECTS[kind].roles
    assert fold(BASE, [order(kind)], after(-1)) == fold(BASE, [], after(-1))


@pytest.mark.parametrize("kind", list(Kind), ids=lambda kind: kind.value)
def test_each_effect_is_what_the_table_says(kind: Kind) -> None:
    """R6.7: the words of the table and the fold tell the same."""
    effect, now, before = EFFECTS[kind], fold(BASE, [order(kind)], DAY), fold(BASE, [], DAY)
    known_at = {now.posted, now.awaited, now.frozen} - {None} if now.known else set()
    assert {
        Roster.ADD: known_at >= ({B} if effect.needs is not Needs.NOTHING else {A}),
        Roster.REMOVE: known_at == set() and now.service is Service.LEFT,
        Roster.WIPE: known_at == set() and now.service is Service.DECEASED,
        Roster.FREEZE: now.frozen == A,
        Roster.RESTORE: known_at == {A},
        Roster.KEEP: known_at == {before.posted},
    }[effect.roster]
    assert (effect.roles is Roles.END) == (now.posted is None)


@pytest.mark.parametrize("kind", list(Kind), ids=lambda kind: kind.value)
def test_an_order_that_names_too_little_is_refused(kind: Kind) -> None:
    told = order(kind)
    check(told)
    if EFFECTS[kind].needs is not Needs.NOTHING:
        with pytest.raises(PeopleError, match="must be named"):
            check(replace(told, to_office=None, from_office=None, designation=""))


TRANSFER = [order(Kind.TRANSFER, 10, told=5), order(Kind.RELIEVING, 12), order(Kind.JOINING, 14)]


@pytest.mark.parametrize(
    ("days", "posted", "awaited", "frozen"),
    [
        (4, A, None, None),
        (5, A, B, None),  # ordered: the new office knows them
        (11, A, B, None),
        (12, None, B, A),  # relieved: expected nowhere, frozen at the old office
        (13, None, B, A),
        (14, B, None, A),  # joined; the old office lets go when the new terminals have them
    ],
)
def test_a_transfer_is_known_ahead_and_frozen_behind(
    days: int, posted: bytes | None, awaited: bytes | None, frozen: bytes | None
) -> None:
    """R6.7, S6: both sides of every day."""
    now = fold(BASE, TRANSFER, after(days))
    assert (now.posted, now.awaited, now.frozen) == (posted, awaited, frozen)


def test_a_stay_keeps_the_old_posting_until_it_is_lifted() -> None:
    """R6.7."""
    stayed = [*TRANSFER[:2], order(Kind.STAY, 13)]
    now = fold(BASE, stayed, after(13))
    assert (now.posted, now.awaited, now.frozen, now.expected) == (A, None, None, True)
    lifted = fold(BASE, [*stayed, order(Kind.STAY_LIFTED, 20)], after(20))
    assert (lifted.posted, lifted.awaited) == (A, B)


def test_a_stay_after_joining_brings_them_back() -> None:
    """R6.7."""
    assert fold(BASE, [*TRANSFER, order(Kind.STAY, 20)], after(20)).posted == A


@pytest.mark.parametrize("leaving", [Kind.TERMINATION, Kind.DISMISSAL, Kind.VRS, Kind.RESIGNATION, Kind.SUSPENSION])
@pytest.mark.parametrize("back", [Kind.RETURN_TO_SERVICE, Kind.REINSTATEMENT])
def test_who_comes_back_stands_where_they_stood(leaving: Kind, back: Kind) -> None:
    """R6.7: reinstatement restores without enrolling again."""
    now = fold(BASE, [order(leaving, 0), order(back, 30)], after(30))
    assert (now.service, now.posted, now.expected, now.known) == (Service.SERVING, A, True, True)


@pytest.mark.parametrize(
    ("kinds", "service"),
    [
        ((Kind.JOINING, Kind.RESIGNATION), Service.LEFT),
        ((Kind.RESIGNATION, Kind.RETURN_TO_SERVICE), Service.SERVING),
        ((Kind.SUSPENSION, Kind.REINSTATEMENT), Service.SERVING),
        ((Kind.VRS, Kind.APPOINTMENT), Service.AWAITED),
        ((Kind.REINSTATEMENT, Kind.DEMISE), Service.DECEASED),
    ],
)
def test_two_orders_of_one_day_have_one_outcome(kinds: tuple[Kind, Kind], service: Service) -> None:
    """R6.4."""
    assert fold(BASE, [order(kind) for kind in kinds], DAY).service is service


def test_of_two_orders_of_one_day_the_later_one_counts() -> None:
    back, again = order(Kind.REINSTATEMENT, 3, told=1), order(Kind.SUSPENSION, 3, told=2)
    assert fold(BASE, [again, back], after(3)).service is Service.SUSPENDED


def test_the_dead_do_not_come_back() -> None:
    now = fold(BASE, [order(Kind.DEMISE, 0), order(Kind.JOINING, 5)], after(9))
    assert (now.service, now.known) == (Service.DECEASED, False)


def test_who_is_suspended_keeps_their_place_and_is_not_counted() -> None:
    """R6.7: punches are recorded and not counted."""
    now = fold(BASE, [order(Kind.SUSPENSION)], DAY)
    assert (now.known, now.expected, now.counted) == (True, False, False)


def test_an_old_office_that_tells_late_takes_nobody_from_the_new_one() -> None:
    late = [TRANSFER[0], order(Kind.JOINING, 14), order(Kind.RELIEVING, 15)]
    now = fold(BASE, late, after(15))
    assert (now.posted, now.frozen) == (B, A)


@given(st.lists(st.tuples(st.sampled_from(Kind), st.integers(0, 20), st.integers(0, 3)), max_size=7), st.randoms())
def test_the_order_of_entry_changes_nothing(told: list[tuple[Kind, int, int]], chance: object) -> None:
    """R6.4: back-entered or not, the same orders make the same service."""
    orders = [order(kind, days, days - ahead) for kind, days, ahead in told]
    shuffled = list(orders)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert spans(BASE, shuffled) == spans(BASE, orders)
    assert fold(BASE, shuffled, after(15)) == fold(BASE, orders, after(15))


@given(st.lists(st.tuples(st.sampled_from(Kind), st.integers(0, 20)), max_size=7))
def test_the_posting_history_has_no_gap_and_no_overlap(told: list[tuple[Kind, int]]) -> None:
    found = spans(BASE, [order(kind, days) for kind, days in told])
    assert found[0].first == BASE.on
    assert found[-1].last is None
    for one, following in pairwise(found):
        assert one.last == following.first - dt.timedelta(days=1)
        assert replace(one, first=following.first, last=following.last) != following
