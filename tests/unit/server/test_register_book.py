"""The branch register, an office at a time (R2.9, R6.6), on both databases. Everybody is synthetic."""

import datetime as dt
import itertools
import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, delete, event, insert, select

from server.access.roles import Role
from server.access.scope import EVERYWHERE, Place
from server.attendance.reconcile import Marked
from server.ledger.tables import attendance_day, person, request
from server.requests import registers
from server.web.words_people import words
from tests.databases import fresh_url
from tests.unit.server.test_access_things import filled
from tests.unit.server.world import OWN, World, mark, world

DAY = dt.date(2026, 4, 1)
DISTRICT, BESIDE = Place("hr", "/hr/d1/"), Place("hr", "/hr/d1/z1/o2/")
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, database: str) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("world"), fresh_url(database)) as one:
        yield one


@pytest.fixture(autouse=True)
def fresh(made: World) -> None:
    with made.running.ledger.write() as connection:
        for table in (request, attendance_day):
            connection.execute(delete(table))


def day(connection: Connection, at: bytes, ref: bytes, on: dt.date, status: str, first_ms: int | None = None) -> None:
    row = {"person": ref, "day": str(on), "office": at, "status": status, "first_low_ms": first_ms}
    connection.execute(insert(attendance_day).values(**filled(attendance_day, **row)))


def line(connection: Connection, ref: bytes, on: dt.date, state: str = "approved") -> bytes:
    one = next(_numbers).to_bytes(8, "big")
    row = {"id": one, "person": ref, "kind": "register", "since": str(on), "until": str(on), "state": state}
    connection.execute(insert(request).values(**filled(request, **row, detail="{}")))
    return one


def signed(made: World) -> list[bytes]:
    with made.running.ledger.read() as connection:
        mine = request.c.kind == "register", request.c.state == "approved"
        return sorted(connection.scalars(select(request.c.person).where(*mine)))


def code(place: Place) -> dict[str, str]:
    return {"org": place.org, "office": mark(place)}


def offered(page: str, how: str) -> list[str]:
    return re.findall(rf'<li><a href="[^"]*{how}=([^"]+)">', page)


def ticks(page: str) -> list[str]:
    return re.findall(r'name="s-([0-9a-f]{16})"', page)


# ── what is counted ──


def test_the_month_is_counted_in_four_cells(made: World) -> None:
    """R2.9: both, machine only, register only, neither; of this office alone, and signed wherever they are now."""
    at, elsewhere, me = made.offices[OWN], made.offices[BESIDE], made.people[OWN]
    moved = made.people[BESIDE]
    days = [DAY + dt.timedelta(days=n) for n in range(6)]
    with made.running.ledger.write() as connection:
        told = [("present", 1, True), ("present", 1, False), ("absent", None, True), ("undetermined", None, False)]
        for on, (status, first_ms, in_book) in zip(days, told, strict=False):
            day(connection, at, me, on, status, first_ms)
            if in_book:
                line(connection, me, on)
        day(connection, at, me, days[4], "holiday")  # compared with nothing
        line(connection, me, days[4])
        day(connection, at, me, days[5], "present", None)  # by duty, and no line that counts
        line(connection, me, days[5], "withdrawn")
        day(connection, at, moved, days[0], "present", 1)
        line(connection, moved, days[0])
        day(connection, elsewhere, moved, days[1], "present", 1)
        line(connection, moved, days[1])
        day(connection, at, me, days[0] - dt.timedelta(days=1), "present", 1)  # of the month before
        counts = registers.compared(connection, at, days[0], days[-1])
    cells = {Marked.BOTH: 2, Marked.MACHINE_ONLY: 1, Marked.REGISTER_ONLY: 1, Marked.NEITHER: 2}
    assert dict(counts) == cells


def test_a_page_costs_the_same_however_many_there_are(made: World) -> None:
    """R2.9: so many rows, by so few queries, for an office of any size among any number."""
    at, other = made.offices[OWN], made.offices[BESIDE]
    asked: list[object] = []

    def count(connection: object, *_: object) -> None:
        asked.append(connection)  # others ask at the same time

    event.listen(made.running.ledger.engine, "before_cursor_execute", count)
    refs = [n.to_bytes(8, "big") for n in range(1, 1001)]

    def look(first: int = 0) -> tuple[int, int]:
        with made.running.ledger.read() as connection:
            asked.clear()
            registers.compared(connection, at, DAY, DAY)
            rows = registers.branch(connection, at, DAY, first)
            return len(rows), asked.count(connection)

    try:
        rows, queries = look()
        assert (rows, queries) == (1, 4)
        with made.running.ledger.write() as connection:
            many = [
                filled(person, ref=ref, name=f"Synthetic {n:04}", active=True, office=at if n < 250 else other)
                for n, ref in enumerate(refs)
            ]
            connection.execute(insert(person), many)
            for ref in refs[::2]:
                day(connection, at, ref, DAY, "absent")
                line(connection, ref, DAY)
        assert look() == (registers.PAGE, queries)
        assert look(registers.PAGE) == (51, queries)
        caller = made.visitor(Role.BRANCH_HEAD, OWN)
        pages = [caller.one(f"/register-book?day={DAY}&page={n}").text for n in (1, 2)]
        names = [re.findall("Synthetic [0-9]{4}", page) for page in pages]
        assert [len(one) for one in names] == [200, 50]
        assert [*names[0], *names[1]] == sorted(names[0] + names[1])
        assert ['rel="next"' in page for page in pages] == [True, False]
    finally:
        event.remove(made.running.ledger.engine, "before_cursor_execute", count)
        with made.running.ledger.write() as connection:
            for table in (request, attendance_day):
                connection.execute(delete(table))
            connection.execute(delete(person).where(person.c.ref.in_(refs)))


# ── which office ──


def test_the_one_office_there_is_needs_no_choosing(made: World) -> None:
    """R6.6: whoever heads one branch has its register before them."""
    page = made.visitor(Role.BRANCH_OFFICER, OWN).one(f"/register-book?day={DAY}").text
    assert ticks(page) == [made.people[OWN].hex()]
    assert "crumbs" not in page


def test_of_several_offices_one_is_chosen(made: World) -> None:
    """R6.6: down the tree, or by a search; nobody is listed before that."""
    caller = made.visitor(Role.BRANCH_HEAD, DISTRICT)
    page = caller.one("/register-book").text
    zone = mark(Place("hr", "/hr/d1/z1/"))
    assert (ticks(page), offered(page, "at")) == ([], [zone, mark(Place("hr", "/hr/d1/z2/"))])
    page = caller.one(f"/register-book?at={zone}&day={DAY}").text
    assert (ticks(page), offered(page, "office")) == ([], [mark(OWN), mark(BESIDE)])
    assert offered(caller.one(f"/register-book?q={mark(BESIDE)}").text, "office") == [mark(BESIDE)]
    for place in (OWN, BESIDE, DISTRICT):
        page = caller.one(f"/register-book?office={mark(place)}&day={DAY}").text
        assert ticks(page) == [made.people[place].hex()]
    everywhere = made.visitor(Role.BRANCH_HEAD, EVERYWHERE)
    assert offered(everywhere.one("/register-book?org=jk").text, "at") == [mark(Place("jk", "/jk/d1/"))]


def test_what_is_out_of_scope_is_not_there(made: World) -> None:
    """R1.10: no office, no level, nothing a search finds; and nothing to write in."""
    caller, other = made.visitor(Role.BRANCH_HEAD, DISTRICT), Place("hr", "/hr/d2/z1/o1/")
    paths = [
        f"/register-book?{how}={mark(place)}" for how in ("office", "at") for place in (other, Place("hr", "/hr/"))
    ]
    paths += ["/register-book?org=jk", f"/register-book?office={mark(Place('jk', '/jk/d1/z1/o1/'))}"]
    assert {one.status_code for one in caller.get(*paths)} == {404}
    assert offered(caller.one(f"/register-book?q={mark(other)}").text, "office") == []
    tick = {f"s-{made.people[other].hex()}": "yes"}
    for told in (code(other), {"org": "hr"}, {}):
        assert caller.post(f"/register-book/{DAY}", True, **told, **tick).status_code == 404
    assert signed(made) == []


def test_the_chooser_is_said_in_hindi(made: World) -> None:
    caller, p = made.visitor(Role.BRANCH_HEAD, DISTRICT), words("hi")
    page = caller.ask("GET", "/register-book", headers={"accept-language": "hi"}).text
    for said in (p.branch_book, p.book_where, p.book_here, p.search_office):
        assert said in page
        assert not said.isascii()


# ── what is written ──


def test_only_who_is_of_the_office_shown_is_written_down(made: World) -> None:
    """R2.9: though the scope has others, and whoever has signed already is not asked twice."""
    caller = made.visitor(Role.BRANCH_HEAD, DISTRICT)
    tick = {f"s-{made.people[place].hex()}": "yes" for place in (OWN, BESIDE)}
    answer = caller.post(f"/register-book/{DAY}", True, **code(OWN), **tick)
    assert answer.status_code == 303
    assert f"office={mark(OWN)}" in answer.headers["location"]
    assert caller.post(f"/register-book/{DAY}", True, **code(OWN), **tick).status_code == 303
    assert signed(made) == [made.people[OWN]]
    assert ticks(caller.one(f"/register-book?day={DAY}&office={mark(OWN)}").text) == []
    assert caller.post(f"/register-book/{DAY}", True, **code(OWN), **{"s-nobody": "yes"}).status_code == 404


def test_a_line_is_taken_back_in_its_own_book(made: World) -> None:
    """R2.9: it stays on record as withdrawn; from the book of another office there is no such line."""
    caller = made.visitor(Role.BRANCH_HEAD, DISTRICT)
    with made.running.ledger.write() as connection:
        mine = line(connection, made.people[OWN], DAY).hex()
    assert caller.post(f"/register-book/{DAY}/{mine}", True, **code(BESIDE)).status_code == 404
    assert signed(made) == [made.people[OWN]]
    assert caller.post(f"/register-book/{DAY}/{mine}", True, **code(OWN)).status_code == 303
    with made.running.ledger.read() as connection:
        assert connection.scalars(select(request.c.state)).all() == ["withdrawn"]


def test_a_day_to_come_is_refused_beside_the_book(made: World) -> None:
    caller = made.visitor(Role.BRANCH_HEAD, OWN)
    tick = {f"s-{made.people[OWN].hex()}": "yes"}
    answer = caller.post("/register-book/2999-01-01", True, **code(OWN), **tick)
    assert answer.status_code == 400
    assert ticks(answer.text) == [made.people[OWN].hex()]
    assert signed(made) == []
