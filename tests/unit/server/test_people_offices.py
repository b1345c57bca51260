"""Offices and their lives, ranks, and the synthetic department. Every name is made up by a generator."""

import datetime as dt
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

import pytest
from sqlalchemy import func, select

from server import PeopleError
from server.ledger.store import Ledger
from server.ledger.tables import employee, office, person
from server.people import offices
from server.people.office_life import OfficeEvent, OfficeKind, fold
from server.people.offices import Order
from server.people.ranks import BY_CODE, GRADES, Level, marking, may_hold_portal
from server.people.synthetic import generate, write
from tests.unit.server import departments
from tests.unit.server.departments import VAULT

DAY = dt.date(2026, 4, 1)
TODAY = dt.date(2026, 6, 1)


def after(days: int) -> dt.date:
    return DAY + dt.timedelta(days=days)


@pytest.fixture
def department(tmp_path: Path, database: str) -> Iterator[Ledger]:
    one = departments.department(tmp_path, 20, database)
    yield one
    one.close()


def find(ledger: Ledger, code: str) -> bytes:
    with ledger.read() as connection:
        found: bytes = connection.execute(select(office.c.id).where(office.c.code == code)).scalar_one()
        return found


def test_the_same_seed_makes_the_same_department() -> None:
    assert generate(20, 3) == generate(20, 3)
    assert generate(20, 3) != generate(20, 4)
    made = generate(20, 3)
    assert [sum(place.level is level for place in made.places) for level in Level] == [1, 1, 3, 20]
    assert all(one.name.startswith("Sample ") and one.mobile[0] == "5" for one in made.people)
    assert all(one.email.endswith(".invalid") for one in made.people)
    assert {one.designation for one in made.people} <= {"", *BY_CODE}


@pytest.mark.parametrize("schools", [0, -1, 200_001])
def test_a_department_of_no_size_is_refused(schools: int) -> None:
    with pytest.raises(PeopleError, match="schools"):
        generate(schools, 1)


def test_a_synthetic_department_is_written_once(department: Ledger) -> None:
    made = generate(20, 3)
    with department.read() as connection:
        assert connection.scalar(select(func.count()).select_from(office)) == len(made.places)
        assert connection.scalar(select(func.count()).select_from(person)) == len(made.people)
        assert connection.scalar(select(func.count()).where(employee.c.synthetic)) == len(made.people)
    with pytest.raises(PeopleError, match="another seed"):
        write(department, VAULT, made)


def test_what_is_projected_is_what_the_events_say(department: Ledger) -> None:
    """R6.8: `office` holds nothing that its events do not."""
    with department.write() as connection:
        everyone = list(connection.scalars(select(office.c.id)))
        assert offices.project(connection, everyone, TODAY) == []
        states = offices.as_of(connection, "sample-3", TODAY)
        paths = dict(connection.execute(select(office.c.id, office.c.path)).all())
    assert {one: offices.path_in(states, one) for one in states} == paths


LIFE = (
    OfficeEvent(b"1", OfficeKind.OPEN, DAY, {"code": "s1", "level": "office", "name": "A", "name_hi": "अ"}, 1),
    OfficeEvent(b"1", OfficeKind.LIFE, after(10), {"life": "trial"}, 2),
    OfficeEvent(b"1", OfficeKind.LIFE, after(25), {"life": "live"}, 3),
    OfficeEvent(b"1", OfficeKind.POSTS, after(30), {"designation": "teacher", "posts": 6}, 4),
    OfficeEvent(b"1", OfficeKind.UPGRADE, after(40), {"grade": "high"}, 5),
    OfficeEvent(b"1", OfficeKind.CLOSE, after(50), {}, 6),
)


@pytest.mark.parametrize(
    ("days", "life", "posts"),
    [
        (0, "mapped", {}),
        (9, "mapped", {}),
        (10, "trial", {}),
        (24, "trial", {}),
        (25, "live", {}),
        (30, "live", {"teacher": 6}),
        (49, "live", {"teacher": 6}),
        (50, "closed", {"teacher": 6}),
    ],
)
def test_an_office_is_mapped_then_tried_then_live(days: int, life: str, posts: dict[str, int]) -> None:
    """R5.11, R6.8: both sides of every day on which something takes effect."""
    state = fold(LIFE, after(days))
    assert state is not None
    assert (state.life, state.posts) == (life, posts)


def test_there_is_no_office_before_it_opens() -> None:
    assert fold(LIFE, after(-1)) is None


def test_the_order_of_entry_changes_nothing() -> None:
    """R6.8."""
    expected = fold(LIFE, after(60))
    assert all(fold(shuffled, after(60)) == expected for shuffled in permutations(LIFE))


def order(day: dt.date) -> Order:
    return Order("authority-1", day, "12/2026", day)


def test_moving_a_zone_moves_everything_below(department: Ledger) -> None:
    zone, state = find(department, "z2"), find(department, "st")
    with department.write() as connection:
        offices.record(connection, zone, OfficeKind.MOVE, {"parent": state}, order(DAY), TODAY)
        paths = set(connection.scalars(select(office.c.path).where(office.c.path.contains("/z2/"))))
    assert len(paths) == 9
    assert all(path.startswith("/st/z2/") for path in paths)


def test_what_was_true_then_can_still_be_read(department: Ledger) -> None:
    """R6.8: its history stays."""
    zone, state = find(department, "z2"), find(department, "st")
    with department.write() as connection:
        offices.record(connection, zone, OfficeKind.MOVE, {"parent": state}, order(DAY), TODAY)
        before = offices.as_of(connection, "sample-3", after(-1))
        now = offices.as_of(connection, "sample-3", DAY)
    assert (offices.path_in(before, zone), offices.path_in(now, zone)) == ("/st/d1/z2/", "/st/z2/")


def test_what_takes_effect_later_is_projected_then(department: Ledger) -> None:
    school = find(department, "s5")
    with department.write() as connection:
        offices.record(connection, school, OfficeKind.CLOSE, {}, order(after(100)), TODAY)
        asked = select(office.c.life, office.c.closed_on).where(office.c.id == school)
        assert connection.execute(asked).one().closed_on is None
        assert offices.due(connection, TODAY, after(99)) == []
        assert offices.due(connection, TODAY, after(100)) == [school]
        offices.project(connection, [school], after(100))
        assert tuple(connection.execute(asked).one()) == ("closed", after(100).isoformat())


def test_a_merged_schools_people_are_found_where_it_went(department: Ledger) -> None:
    gone, into = find(department, "s5"), find(department, "s6")
    with department.write() as connection:
        offices.record(connection, gone, OfficeKind.MERGE, {"into": into}, order(DAY), TODAY)
        states = offices.as_of(connection, "sample-3", TODAY)
        assert offices.resolve(connection, gone, TODAY) == into
        assert offices.resolve(connection, gone, after(-1)) == gone
    assert not states[gone].open


@pytest.mark.parametrize(
    ("kind", "detail", "says"),
    [
        (OfficeKind.CLOSE, {}, "still open"),
        (OfficeKind.LIFE, {"life": "trial"}, "does not become trial again"),
        (OfficeKind.LIFE, {"life": "closed"}, "expected one of mapped, trial, live"),
        (OfficeKind.MOVE, {"parent": "00" * 8}, "not one of this organisation"),
        (OfficeKind.MERGE, {"into": "00" * 8}, "still open"),
        (OfficeKind.POSTS, {"designation": "teacher", "posts": -1}, "number of posts"),
        (OfficeKind.POSTS, {"designation": "teacher"}, "posts must be told"),
        (OfficeKind.DESCRIBE, {"latitude": 91}, "degrees"),
        (OfficeKind.DESCRIBE, {"latitude": float("nan")}, "degrees"),
        (OfficeKind.DESCRIBE, {"desk_phone": "<script>"}, "desk_phone"),
        (OfficeKind.DESCRIBE, {}, "at least one"),
        (OfficeKind.RENAME, {"name": "A\x00", "name_hi": "अ"}, "printable"),
        (OfficeKind.UPGRADE, {"grade": "university"}, "expected one of"),
        (OfficeKind.CLOSE, {"why": "x"}, "none of"),
        (OfficeKind.OPEN, {"code": "x", "level": "office", "name": "A", "name_hi": "A"}, "open already"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_stored(
    department: Ledger, kind: OfficeKind, detail: dict[str, object], says: str
) -> None:
    """R6.8."""
    zone = find(department, "z2")
    with pytest.raises(PeopleError, match=says), department.write() as connection:
        offices.record(connection, zone, kind, detail, order(DAY), TODAY)
    with department.read() as connection:
        assert len(offices.events(connection, [zone])[zone]) == 2


def test_an_office_does_not_stand_below_itself(department: Ledger) -> None:
    district, zone = find(department, "d1"), find(department, "z2")
    with pytest.raises(PeopleError, match="below itself"), department.write() as connection:
        offices.record(connection, district, OfficeKind.MOVE, {"parent": zone}, order(DAY), TODAY)


def test_a_code_is_given_once(department: Ledger) -> None:
    detail = {"code": "s5", "level": "office", "name": "A", "name_hi": "A"}
    with pytest.raises(PeopleError, match="of this code"), department.write() as connection:
        offices.open_office(connection, "sample-3", detail, order(DAY), TODAY)


# ── ranks ──


def test_a_machine_is_for_everybody_up_to_joint_secretary() -> None:
    """R1.15: biometric up to Joint Secretary, the branch's register too from MTS to Section Officer."""
    by = {grade.code: marking(grade.rank, DAY) for grade in GRADES}
    assert by["joint-secretary"].biometric_required
    assert not by["director"].biometric_required
    assert by["mts"].register_also
    assert by["section-officer"].register_also
    assert not by["assistant-secretary"].register_also


@pytest.mark.parametrize(
    ("level", "grade", "others", "may"),
    [
        (Level.DISTRICT, "district-officer", ["superintendent", "mts"], True),
        (Level.DISTRICT, "superintendent", ["district-officer"], False),
        (Level.DISTRICT, "master", ["mts"], False),
        (Level.ZONE, "teacher", [], False),
        (Level.ZONE, "lecturer", [], False),
        (Level.ZONE, "zonal-officer", ["zonal-officer"], True),
        (Level.OFFICE, "master", ["teacher"], True),
        (Level.OFFICE, "teacher", ["headmaster"], False),
    ],
)
def test_portals_belong_to_the_senior_most_and_never_to_teachers(
    level: Level, grade: str, others: list[str], may: bool
) -> None:
    """R4.2, R4.3."""
    one = BY_CODE[grade]
    assert (may_hold_portal(level, one.rank, one.teaching, [BY_CODE[other].rank for other in others]) == "") is may
