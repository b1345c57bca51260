"""Machine and branch register side by side (R2.9, R1.15)."""

import datetime as dt

import pytest

from server.attendance.reconcile import Marked, compare
from server.attendance.types import RegisterMark
from tests.unit.server.attendance.scene import MONTH, PERSON, SUNDAY, TUESDAY, marks, one_month, person

DAYS = [TUESDAY + dt.timedelta(days=place) for place in range(4)]


@pytest.mark.parametrize(("rank", "asked"), [("Multi-Tasking Staff", True), ("Section Officer", True),
                                             ("Assistant Secretary", False)])  # fmt: skip
def test_four_cells_for_the_ranks_that_mark_in_both(rank: str, asked: bool) -> None:
    """R2.9: machine and register, one of them, or neither; R1.15: from MTS to Section Officer."""
    both, machine, register, _ = DAYS
    signed = {(PERSON, both), (PERSON, register)}
    facts = person(
        *marks(both, "09:00", "17:30"), *marks(machine, "09:00"), register=(RegisterMark(register, "officer"),)
    )
    found = {one.day: one for one in compare(one_month(facts), signed, rank)}
    assert [found[day].marked for day in DAYS] == [
        Marked.BOTH, Marked.MACHINE_ONLY, Marked.REGISTER_ONLY, Marked.NEITHER,
    ]  # fmt: skip
    assert [found[day].mismatch for day in DAYS] == [False, asked, asked, False]
    assert SUNDAY not in found, MONTH
