"""How far registration is, a level of the tree at a time (R1.17), on both databases. Everybody is synthetic."""

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, insert, select, update

from server.access.roles import Role
from server.access.scope import NOTHING, WHOLE, Place, Scope
from server.ledger.store import Ledger
from server.ledger.tables import division, employee, office, person, template
from server.people import office_ledger
from server.people.coverage import Coverage, Rolled, coverage, rolled, sections_of
from server.people.office_life import OfficeKind
from server.people.offices import Order, as_of
from server.web.people_pages import coverage as pages
from server.web.people_pages import tree
from server.web.words_people import words
from sync.photo import PHOTO
from tests.databases import fresh_url
from tests.unit.server.applicants import ORG, TODAY, submit
from tests.unit.server.departments import department
from tests.unit.server.world import OWN, World, mark, world

LATE = TODAY + dt.timedelta(days=1)


@pytest.fixture
def ledger(tmp_path: Path, database: str) -> Iterator[Ledger]:
    """Who teaches at one school is enrolled with two fingers, everybody has a photograph, one person waits, and one
    section is past its date."""
    one = department(tmp_path, 3, database)
    with one.write() as connection:
        refs = connection.scalars(select(employee.c.person)).all()
        done = teachers(connection, "s2")
        row = {"version": 1, "sealed": b"x", "terminal": "t", "since_ms": 0}
        fingers = [{"person": ref, "finger": finger, **row} for ref in done for finger in (1, 2)]
        connection.execute(insert(template), fingers + [{"person": ref, "finger": PHOTO, **row} for ref in refs])
        submit(connection)
        connection.execute(update(division).where(division.c.code == "teaching").values(register_by=str(TODAY)))
    yield one
    one.close()


def teachers(connection: Connection, code: str) -> list[bytes]:
    asked = select(person.c.ref).join_from(person, office).join(employee, employee.c.person == person.c.ref)
    return list(connection.scalars(asked.where(office.c.code == code, employee.c.division == "teaching")))


def summed(connection: Connection, path: str) -> Rolled:
    """The rule, said again section by section."""
    found = coverage(connection, ORG, LATE, path)
    registered, verified, enrolled = (
        sum(getattr(one, name) for one in found) for name in ("registered", "verified", "enrolled")
    )
    return Rolled(registered, verified, enrolled, sum(one.overdue(LATE) for one in found))


@pytest.mark.parametrize("whole", [False, True])
def test_every_level_adds_up_to_its_sections(ledger: Ledger, whole: bool) -> None:
    """R1.17: below each office, what lies directly below it, and with its own sections all of it."""
    with ledger.read() as connection:
        everybody = summed(connection, "/")
        assert everybody.enrolled == len(teachers(connection, "s2")) > 0
        assert everybody.verified == len(connection.scalars(select(employee.c.person)).all())
        assert everybody.registered == everybody.verified + 1
        assert everybody.overdue == 2  # teaching, at the other two schools
        for here in connection.execute(select(office)).all():
            below = connection.execute(select(office).where(office.c.parent == here.id)).all()
            tops = select(office.c.id).where(office.c.parent == here.id)
            found = rolled(connection, tops, LATE, whole=whole)
            assert found == {row.id: summed(connection, row.path) for row in below}
            own = sections_of(connection, here.id, LATE)
            assert own == [one for one in coverage(connection, ORG, LATE) if one.office == here.id]
            parts: list[Coverage | Rolled] = [*own, *found.values()]
            assert sum(one.registered for one in parts) == summed(connection, here.path).registered


def test_a_level_is_one_query_whatever_lies_below(ledger: Ledger) -> None:
    """R1.17: what is not shown is counted where it lies, and not read."""
    asked: list[str] = []

    @event.listens_for(ledger.engine, "before_cursor_execute")
    def count(_c: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    with ledger.read() as connection:
        for level in ("state", "district", "zone", "office"):
            tops = select(office.c.id).where(office.c.level == level)
            asked.clear()
            found = rolled(connection, tops, LATE)
            assert len(asked) == 1
            assert len(connection.execute(tops).all()) == len(found) > 0
        one = connection.execute(select(office.c.id).where(office.c.code == "s1")).scalar_one()
        asked.clear()
        assert sections_of(connection, one, LATE)
        assert len(asked) == 2  # the sections, and the sanctioned posts of this office


def test_posts_are_what_the_last_order_says(ledger: Ledger) -> None:
    """R1.17, R6.8: as the whole life of each office has it."""
    with ledger.write() as connection:
        one = connection.execute(select(office.c.id).where(office.c.code == "s1")).scalar_one()
        for day, code, posts in ((TODAY, "teacher", 9), (LATE, "teacher", 4), (LATE, "principal", 1)):
            told = {"designation": code, "posts": posts}
            office_ledger.record(connection, one, OfficeKind.POSTS, told, Order("a", day, "P"), LATE)
        for day in (TODAY, LATE):
            folded = {at: sum(state.posts.values()) for at, state in as_of(connection, ORG, day).items()}
            assert {row.office: row.posts for row in coverage(connection, ORG, day)}.items() <= folded.items()
        assert {row.posts for row in sections_of(connection, one, TODAY)} != {
            row.posts for row in sections_of(connection, one, LATE)
        }


def test_the_tops_of_a_scope_are_not_below_each_other(ledger: Ledger) -> None:
    """R1.10."""

    def named(*paths: str) -> list[str]:
        scope = Scope(frozenset(), frozenset(Place(ORG, path) for path in paths))
        with ledger.read() as connection:
            return [row.path for row in tree.tops(connection, scope, ORG)]

    assert named("/st/d1/z1/s2/", "/st/d1/z1/s1/", "/st/d1/z1/s1/") == ["/st/d1/z1/s1/", "/st/d1/z1/s2/"]
    assert named("/st/d1/z1/s1/", "/st/d1/") == ["/st/d1/"]
    assert named("/") == named("") == ["/st/"]
    with ledger.read() as connection:
        assert [row.path for row in tree.tops(connection, WHOLE, ORG)] == ["/st/"]
        assert tree.tops(connection, NOTHING, ORG) == []


# ── the pages ──


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, database: str) -> Iterator[World]:
    """Everybody is in service in a section, so that everybody counts."""
    with world(tmp_path_factory.mktemp("world"), fresh_url(database)) as one:
        told = {"kind": "government", "gender": "female", "born_on": "1984-11-05", "email": "", "mobile": ""}
        told |= {"base_designation": "", "base_on": "2026-04-01", "designation": "", "service": "serving"}
        with one.running.ledger.write() as connection:
            for place, ref in one.people.items():
                row = {"person": ref, "org": place.org, "division": "teaching", "synthetic": True}
                connection.execute(insert(employee).values(**told, **row))
        yield one


def tiles(page: str) -> list[int]:
    return [int(one) for one in re.findall(r"<dd>([0-9]+)</dd>", page)]


def linked(page: str) -> list[str]:
    """The places of the level that is shown."""
    return re.findall(r'<th scope="row" class="name"><a href="[^"]*at=([^"]+)">', page)


def test_a_page_shows_the_level_below_and_counts_its_scope_alone(made: World) -> None:
    """R1.10, R1.17: from each place what lies directly below; the figures are of all below it, and of nothing else."""
    zones = [mark(Place("hr", f"/hr/d1/{one}/")) for one in ("z1", "z2")]
    district = made.visitor(Role.DISTRICT_ADMIN, Place("hr", "/hr/d1/"))
    page = district.one("/coverage").text
    assert (linked(page), tiles(page)) == (zones, [6, 6, 0, 6])
    assert "crumbs" not in page
    page = district.one(f"/coverage?at={zones[0]}&only=outstanding").text
    offices = [mark(Place("hr", f"/hr/d1/z1/{one}/")) for one in ("o1", "o2")]
    assert (linked(page), tiles(page)) == (offices, [3, 3, 0, 3])
    assert f"at={mark(Place('hr', '/hr/d1/'))}" in page  # the way back
    assert f"at={mark(Place('hr', '/hr/'))}" not in page
    page = district.one(f"/coverage?at={offices[0]}").text
    assert (linked(page), tiles(page)) == ([], [1, 1, 0, 1])
    page = made.visitor(Role.BRANCH_HEAD, OWN).one("/coverage").text
    assert (linked(page), tiles(page)) == ([], [1, 1, 0, 1])
    page = made.visitor(Role.STATE_ADMIN, Place("hr", "/hr/")).one("/coverage").text
    assert (linked(page), tiles(page)) == (
        [mark(Place("hr", f"/hr/{one}/")) for one in ("d1", "d10", "d2")],
        [11, 11, 0, 11],
    )


def test_many_offices_are_shown_a_page_at_a_time(made: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The figures above stay those of all."""
    monkeypatch.setattr(pages, "_ROWS", 1)
    caller = made.visitor(Role.DISTRICT_ADMIN, Place("hr", "/hr/d1/"))
    first, second = (caller.one(f"/coverage?page={n}").text for n in (1, 2))
    assert [linked(first), linked(second)] == [[mark(Place("hr", f"/hr/d1/{one}/"))] for one in ("z1", "z2")]
    assert tiles(first) == tiles(second) == [6, 6, 0, 6]
    assert ('rel="next"' in first, 'rel="next"' in second) == (True, False)


@pytest.mark.parametrize("path", ["/hr/", "/hr/d2/", "/hr/d10/", "/hr/d2/z1/o1/"])
def test_a_place_out_of_scope_is_not_there(made: World, path: str) -> None:
    """R1.10: nor for a search, nor for the file."""
    caller, code = made.visitor(Role.DISTRICT_ADMIN, Place("hr", "/hr/d1/")), mark(Place("hr", path))
    answers = caller.get(f"/coverage?at={code}", f"/coverage.csv?at={code}", "/coverage?org=jk", "/coverage?page=0")
    assert [one.status_code for one in answers] == [404, 404, 404, 422]
    assert "at=" + code not in caller.one(f"/coverage?q={code}").text


def test_the_file_has_every_section_of_the_scope(made: World) -> None:
    caller = made.visitor(Role.DISTRICT_ADMIN, Place("hr", "/hr/d1/"))
    lines = [one.partition(",")[0] for one in caller.one("/coverage.csv").text.splitlines()[1:]]
    inside = [place for place in made.offices if Place("hr", "/hr/d1/").holds(place.org, place.path)]
    assert sorted(lines) == sorted(f"Office {mark(place)}" for place in inside)
    below = caller.one(f"/coverage.csv?at={mark(Place('hr', '/hr/d1/z2/'))}").text
    assert len(below.splitlines()) == 3


def test_a_closed_office_is_shown_while_somebody_is_there(made: World) -> None:
    at = Place("hr", "/hr/d1/z1/o2/")
    caller = made.visitor(Role.DISTRICT_ADMIN, Place("hr", "/hr/d1/z1/"))
    mine = office.c.id == made.offices[at]
    try:
        for life, active, shown in (("closed", True, 2), ("closed", False, 1), ("live", False, 2)):
            with made.running.ledger.write() as connection:
                connection.execute(update(office).where(mine).values(life=life))
                connection.execute(update(person).where(person.c.ref == made.people[at]).values(active=active))
            assert len(linked(caller.one("/coverage").text)) == shown
    finally:
        with made.running.ledger.write() as connection:
            connection.execute(update(office).where(mine).values(life="live"))
            connection.execute(update(person).where(person.c.ref == made.people[at]).values(active=True))


def test_the_page_is_said_in_hindi(made: World) -> None:
    page = made.visitor(Role.DISTRICT_ADMIN, Place("hr", "/hr/d1/")).ask(
        "GET", "/coverage", headers={"accept-language": "hi"}
    )
    p = words("hi")
    for said in (p.coverage_title, p.coverage_below, p.coverage_own, p.of("coverage", "overdue"), p.search_office):
        assert said in page.text
        assert not said.isascii()
