"""In whatever order facts reach the ledger, and however often it is folded in between, the days come out the same.

On SQLite, many foldings; that both databases fold alike is proved in test_days_unfit.py and test_returns_district.py.
"""

import datetime as dt
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from sqlalchemy import Connection, select

from server.days import fold, places
from server.days.places import Place, Source
from server.ledger.store import Ledger
from server.ledger.tables import attendance_day
from server.requests import desk, leave
from server.requests.kinds import Ask, Kind
from sync.record import Kind as PunchKind
from tests.unit.server.days import district
from tests.unit.server.days.district import Marked, at
from tests.unit.server.departments import department

ONE, TWO, THREE = (dt.date(2026, 10, day) for day in (5, 6, 7))
NOW = at(dt.date(2026, 10, 9), "12:00")
SAID = (
    "person", "day", "office", "status", "flags", "first_low_ms", "first_high_ms", "last_low_ms", "last_high_ms",
    "late_min", "early_min", "worked_min", "policy",
)  # fmt: skip
Step = Callable[[Connection, SimpleNamespace, int], object]


def punch(who: int, day: dt.date, clock: str, kind: PunchKind = PunchKind.IN) -> Step:
    return lambda connection, site, at_ms: district.put(
        connection, [Marked(site.mine[who], site.terminal, at(day, clock), kind)], at_ms
    )


def entered(who: int, day: dt.date, which: Kind, **detail: object) -> Step:
    def enter(connection: Connection, site: SimpleNamespace, at_ms: int) -> object:
        return desk.enter(connection, Ask(site.mine[who], which, day, day, "by order", detail), "officer", at_ms)

    return enter


def holiday(connection: Connection, site: SimpleNamespace, _at_ms: int) -> object:
    by = Source("tester", "TEST/1")
    return places.add_holiday(connection, Place(site.org, site.path), THREE, "By order", "आदेश से", by)


def late_word(connection: Connection, site: SimpleNamespace, _at_ms: int) -> object:
    """A punch on another terminal, of an office where nobody of these is posted."""
    return district.put(connection, [Marked(site.mine[1], "t-z1", at(TWO, "09:05"))], NOW)


NEWS: tuple[Step, ...] = (
    punch(0, ONE, "09:41"), punch(0, ONE, "17:35", PunchKind.OUT), punch(0, ONE, "09:10"),
    punch(0, TWO, "09:55"), punch(0, TWO, "16:00", PunchKind.OUT), punch(1, ONE, "09:41:30"),
    punch(1, ONE, "13:00", PunchKind.MOVEMENT_OUT), punch(1, TWO, "17:40", PunchKind.OUT), punch(2, THREE, "09:00"),
    entered(0, TWO, Kind.ADJUSTMENT, act="condone_late"),
    entered(1, ONE, Kind.ADJUSTMENT, act="add_out", at_ms=at(ONE, "17:45")),
    entered(2, ONE, Kind.LEAVE, kind="CL", half="full"),
    entered(2, TWO, Kind.ON_DUTY, place="Sample Block", half="full"),
    holiday, late_word,
)  # fmt: skip


@pytest.fixture(scope="module")
def site() -> Iterator[SimpleNamespace]:
    """Where nothing of it has happened yet."""
    with tempfile.TemporaryDirectory(prefix="hazri-order-") as folder:
        ledger = department(Path(folder), 1)
        school = district.one_school(ledger, 3, [ONE])
        with ledger.write() as connection:
            leave.grant(connection, school.mine[2], "CL", 8, ONE, "2026", "tester", NOW - 1)
        ledger.close()
        yield SimpleNamespace(file=Path(folder) / "l.db", **vars(school))


def lived(site: SimpleNamespace, order: list[int], every: int) -> list[tuple[object, ...]]:
    """What is said in the end of a ledger that learnt NEWS in this order and folded after every so many."""
    with tempfile.TemporaryDirectory(prefix="hazri-order-") as folder:
        shutil.copy(site.file, Path(folder) / "l.db")
        ledger = Ledger(f"sqlite:///{folder}/l.db")
        for place, one in enumerate(order):
            with ledger.write() as connection:
                NEWS[one](connection, site, NOW + place)
            if place % every == 0:
                fold.all_of_it(ledger, NOW + place)
        fold.all_of_it(ledger, NOW + len(order))
        d = attendance_day.c
        with ledger.read() as connection:
            asked = select(*(d[name] for name in SAID)).where(d.known_to_ms.is_(None), d.day <= THREE.isoformat())
            found = [tuple(row) for row in connection.execute(asked.order_by(d.person, d.day))]
        ledger.close()
        return found


@settings(max_examples=4, deadline=None)
@given(order=some.permutations(range(len(NEWS))), every=some.integers(2, 6))
def test_any_order_of_arrival_gives_the_same_days(site: SimpleNamespace, order: list[int], every: int) -> None:
    """R2.4, S9, S12: punches, corrections, leave, duty and a holiday by order, in a ledger that folds meanwhile."""
    wanted = lived(site, list(range(len(NEWS))), len(NEWS))
    assert lived(site, order, every) == wanted


def test_what_every_order_comes_to(site: SimpleNamespace) -> None:
    """By hand: the first in time by 09:10, then condoned; the second late on the 5th, 41 − 30 = 11 min; the third on
    leave, then on duty; and the 7th a holiday for all three."""
    said = {(row[0], row[1]): (row[3], row[9]) for row in lived(site, list(range(len(NEWS))), 1)}
    expected = {
        0: (("present", 0), ("present", 0), ("holiday", 0)),
        1: (("present", 11), ("present", 0), ("holiday", 0)),
        2: (("on_leave", 0), ("on_duty", 0), ("holiday", 0)),
    }
    for who, days in expected.items():
        assert tuple(said[site.mine[who], day.isoformat()] for day in (ONE, TWO, THREE)) == days
