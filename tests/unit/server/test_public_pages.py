"""The public pages over a synthetic department: columns, counts, banners, search, order, pages (R5.1–R5.11)."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from server.ledger.store import Ledger
from server.ledger.tables import counter, employee, office, public_day, public_office, public_org, public_row, terminal
from server.public.projector import VERSION, Projector
from sync.record import Flag, Kind
from tests.databases import postgresql_url
from tests.unit.server.public_site import (
    HOUR,
    NOW,
    Site,
    at,
    built,
    cells,
    columns,
    copied,
    figures,
    flat,
    one,
    site,
    table,
    terminal_of,
)

BASE = "/public/sample-5"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, database: str) -> Ledger:
    return built(tmp_path_factory.mktemp("public"), database)


@pytest.fixture
def made(tmp_path: Path, whole: Ledger) -> Iterator[Site]:
    found = copied(tmp_path, whole)
    morning(found)
    yield found
    found.ledger.close()


def morning(found: Site) -> None:
    """At school 2: one came, one went out on work, one is on leave, one on duty, the rest did not mark."""
    school = found.office("s2")
    came, went, ill, duty, *_ = found.people(school)
    found.punch(came, school, at(9, 37))
    found.punch(went, school, at(9, 5))
    found.punch(went, school, at(10, 2), Kind.MOVEMENT_OUT)
    found.asks(ill, "leave", '{"kind": "CL", "half": "full"}')
    found.asks(duty, "on_duty", '{"place": "", "half": "full"}')
    found.project()


def row_of(made: Site, name: str) -> list[str]:
    (row,) = cells(one(made.app(), f"{BASE}/attendance?q={name[7:12]}").text)
    return row


def test_the_four_actions_are_shown(made: Site) -> None:
    """R5.2, R5.5: the action in words and a colour of its own, and when."""
    people = made.people(made.office("s2"))
    html = one(made.app(), f"{BASE}/office/s2?show=50").text
    rows = {row[5]: row for row in cells(html)}
    assert rows[people[0].name][-2:] == ["Mark In", "05-01-2026 9:37AM"]
    assert rows[people[1].name][-2:] == ["Out of Office", "05-01-2026 10:02AM"]
    assert rows[people[2].name][-2:] == ["On Leave", "—"]
    assert rows[people[3].name][-2:] == ["Out of Office", "—"]
    assert rows[people[4].name][-2:] == ["Absent", "—"]
    assert len(rows) == len(people)
    for action, words in (("in", "Mark In"), ("out", "Out of Office"), ("leave", "On Leave"), ("absent", "Absent")):
        assert f'<span class="chip {action}">{words}</span>' in html


def test_the_six_counts_and_their_invariants(made: Site) -> None:
    """R5.3, at every level: the state, each district, each office."""
    app = made.app()
    total = figures(one(app, BASE).text)
    assert total["Total Office Mapped"] == len(made.made.places)
    registered = sum(len(made.people(place)) for place in made.marking)
    assert total["Total Employee Registered"] == registered
    assert (total["Total Attendance Marked"], total["Total Present"], total["Total On Leave"]) == (4, 1, 1)
    assert total["Total Absent"] == registered - 4
    rows = [[int(n) for n in row[1:]] for row in cells(one(app, f"{BASE}/districts").text)]
    for _, people, marked, present, out, leave, absent in rows:
        assert people == marked + absent
        assert marked == present + leave + out
    sums = [sum(column) for column in zip(*rows, strict=True)]
    assert sums[0] == total["Total Office Mapped"]
    assert (sums[1], sums[2]) == (registered, 4)
    for row in table(made.ledger, public_office):
        assert row["registered"] == row["present"] + row["out"] + row["leave"] + row["absent"]
        here = [r for r in table(made.ledger, public_row) if r["office"] == row["office"]]
        assert row["registered"] == len(here)
        assert row["absent"] == sum(r["action"] == "absent" for r in here)


def test_the_lists_have_the_circulars_columns(made: Site) -> None:
    """R5.4, R5.5: exactly these, in this order."""
    app = made.app()
    assert columns(one(app, f"{BASE}/offices").text) == [
        "Sr. No.", "Office Name", "District", "Urban/Rural", "City/Block", "View", "View On Map",
    ]  # fmt: skip
    told = [
        "Sr. No.", "Office Name", "District", "Urban/Rural", "City/Block", "Employee Name", "Designation", "Action",
        "EventDateTime",
    ]  # fmt: skip
    for path in (f"{BASE}/attendance", f"{BASE}/office/s2"):
        assert columns(one(app, path).text) == told


def test_ten_entries_are_shown_and_the_pager_leads_to_the_rest(made: Site) -> None:
    """R5.4, R5.5: Show 10 entries, 1 2 3 … Next."""
    app = made.app()
    first = one(app, f"{BASE}/attendance").text
    total = sum(len(made.people(place)) for place in made.marking)
    assert len(cells(first)) == 10
    assert f"Showing 1 to 10 of {total} entries" in first
    pages = -(-total // 10)
    nav = re.sub(r"<[^>]+>", " ", first.partition('aria-label="Pages of the list">')[2].partition("</nav>")[0]).split()
    assert nav == ["Previous", "1", "2", "3", "4", "5", "…", str(pages), "Next"]
    seen = []
    for page in range(1, pages + 1):
        rows = cells(one(app, f"{BASE}/attendance?page={page}").text)
        seen += [(row[0], row[5]) for row in rows]
    assert [int(n) for n, _ in seen] == list(range(1, total + 1))
    assert len({name for _, name in seen}) == total
    assert len(cells(one(app, f"{BASE}/attendance?show=25").text)) == 25
    assert len(cells(one(app, f"{BASE}/attendance?page=99999&show=7").text)) == total - 10 * (pages - 1)


def test_search_finds_what_is_shown_and_counts_it(made: Site) -> None:
    """R5.4: the search box; several words narrow it; marks are taken as they are written."""
    app, people = made.app(), made.people(made.office("s2"))
    assert row_of(made, people[0].name)[5] == people[0].name
    leave = cells(one(app, f"{BASE}/attendance?q=on+leave").text)
    assert [row[5] for row in leave] == [people[2].name]
    assert len(cells(one(app, f"{BASE}/attendance?q=SCHOOL+002+mark+in").text)) == 1
    assert len(cells(one(app, f"{BASE}/attendance?lang=hi&q=अवकाश+पर").text)) == 1
    for nothing in ("%25", "_", "nobody", "%00%00zz"):
        assert "Nothing was found." in one(app, f"{BASE}/attendance?q={nothing}").text
    offices = cells(one(app, f"{BASE}/offices?q=school+002").text)
    assert [row[1] for row in offices] == ["Sample School 002"]


@pytest.mark.parametrize("sort", ["office", "district", "urban", "block", "name", "designation", "action", "time"])
def test_every_column_sorts_both_ways(made: Site, sort: str) -> None:
    """R5.4: sortable headers; and the order is whole, so that no page repeats another."""
    app = made.app()
    total = sum(len(made.people(place)) for place in made.marking)
    orders = []
    for way in ("", "&dir=desc"):
        pages = range(1, -(-total // 50) + 1)
        found = [cells(one(app, f"{BASE}/attendance?show=50&sort={sort}{way}&page={n}").text) for n in pages]
        orders.append([row[5] for row in itertools.chain(*found)])
        assert len(set(orders[-1])) == total
    assert orders[0] == orders[1][::-1]
    html = one(app, f"{BASE}/attendance?sort={sort}&dir=desc").text
    assert html.count('aria-sort="descending"') == 1


def test_a_map_is_a_plain_link_to_the_office(made: Site) -> None:
    """R5.6: to where the office stands, and no script or picture from elsewhere."""
    school = made.office("s2")
    html = one(made.app(), f"{BASE}/office/s2").text
    place = f"{school.latitude:.5f}/{school.longitude:.5f}"
    assert f'href="https://www.openstreetmap.org/?mlat={school.latitude:.5f}' in html
    assert place in html
    assert f'href="geo:{school.latitude:.5f},{school.longitude:.5f}"' in html
    assert "<script" not in html
    assert set(re.findall(r'src="([^"]+)"', html)) == {"/static/icon.svg"}


def test_a_qr_code_of_each_office_leads_to_its_page(made: Site) -> None:
    """R5.7."""
    sheet, image = one(made.app(), f"{BASE}/office/s2/qr"), one(made.app(), f"{BASE}/office/s2/qr.svg")
    assert f"http://hazri.example{BASE}/office/s2" in sheet.text
    assert f'src="{BASE}/office/s2/qr.svg"' in sheet.text
    assert image.headers["content-type"] == "image/svg+xml"
    assert image.text.startswith("<?xml")
    assert "<path" in image.text
    assert "public" not in sheet.headers["cache-control"]  # it names the host by which it was asked for


def test_a_desk_can_be_called_and_nobodys_own_number(made: Site) -> None:
    """R5.8, R5.12: a desk's number that is somebody's mobile is not published."""
    mine = made.made.people[0].mobile
    with made.ledger.write() as connection:
        connection.execute(update(office).where(office.c.code == "s2").values(desk_phone="0191-2500000"))
        connection.execute(update(office).where(office.c.code == "s3").values(desk_phone=f"{mine[:5]} {mine[5:]}"))
    made.project(NOW + HOUR)
    app = made.app()
    assert '<a href="tel:01912500000">0191-2500000</a>' in one(app, f"{BASE}/office/s2").text
    html = one(app, f"{BASE}/office/s3").text
    assert "no number is given" in html
    assert mine[:5] not in html


def test_a_silent_terminal_makes_nobody_absent_without_a_word(made: Site) -> None:
    """R5.9: terminal offline since 10:12; records pending."""
    school = made.office("s2")
    made.beat(school, at(10, 12), backlog=14)
    made.beat(school, at(10, 12), online=False)
    made.project(NOW + 1000)
    html = one(made.app(), f"{BASE}/office/s2?show=50").text
    assert "terminal offline since 10:12; records pending." in html
    assert "14 records are on their way from the terminal." in html
    rows = {row[5]: row[-2] for row in cells(html)}
    people = made.people(school)
    assert rows[people[4].name] == "Absent records pending"
    assert rows[people[0].name] == "Mark In"
    total = len(made.made.places)
    for path in (BASE, f"{BASE}/attendance", f"{BASE}/districts"):
        assert f"1 of {total} offices cannot be heard completely" in one(made.app(), path).text
    assert "offline" not in one(made.app(), f"{BASE}/office/s3").text
    hindi = one(made.app(), f"{BASE}/office/s2?lang=hi").text
    assert "मशीन 10:12 से ऑफ़लाइन है; रिकॉर्ड आने बाक़ी हैं।" in hindi


def test_the_foot_says_by_which_law_and_as_of_when(made: Site) -> None:
    """R5.9."""
    html = one(made.app(), f"{BASE}/office/s2").text
    assert "section 4 of the Right to Information Act, 2005" in html
    assert "As of 05-01-2026 11:00AM" in html


def test_districts_are_ranked_by_who_marked(tmp_path: Path) -> None:
    """R5.10."""
    ledger = Ledger(f"sqlite:///{tmp_path / 'l.db'}")
    found = site(ledger, schools=26)
    second = found.office("s26")  # of the second district
    for who in found.people(second):
        found.punch(who, second, at(9, 10))
    found.project()
    app = found.app()
    rows = cells(one(app, f"{BASE}/ranks").text)
    assert [row[:2] for row in rows] == [["1", "Sample District 2"], ["2", "Sample District 1"]]
    assert rows[1][2] == "0.0 %"
    report = one(app, f"{BASE}/report").text
    assert columns(report) == ["District", "05-01"]
    assert cells(report)[0] == ["Sample District 1", "0 %"]
    assert {row["day"] for row in table(ledger, public_day)} == {"2026-01-05"}


def test_an_office_that_is_only_mapped_is_counted_and_lists_nobody(made: Site) -> None:
    """R5.11: mapped, trial, live."""
    for life, says in (("mapped", "Attendance has not begun here."), ("trial", "Trial: ")):
        with made.ledger.write() as connection:
            connection.execute(update(office).where(office.c.code == "s2").values(life=life))
        made.project(NOW + HOUR * (1 if life == "mapped" else 2))
        html = one(made.app(), f"{BASE}/office/s2?show=50").text
        assert says in html
        assert len(cells(html)) == (0 if life == "mapped" else len(made.people(made.office("s2"))))
        mapped = figures(one(made.app(), BASE).text)["Total Office Mapped"]
        assert mapped == len(made.made.places)
    with made.ledger.write() as connection:
        connection.execute(update(office).where(office.c.code == "s2").values(life="closed"))
    made.project(NOW + 3 * HOUR)
    assert one(made.app(), f"{BASE}/office/s2").status_code == 404


def test_a_punch_elsewhere_is_not_presence_here(made: Site) -> None:
    """R1.12: roaming counts, and the page tells a citizen who came here that the person is not to be found here.
    Offices of one building share their terminals."""
    people, other = made.people(made.office("s2")), made.office("s3")
    made.punch(people[4], other, at(9, 20))
    made.project(NOW + 1000)
    assert row_of(made, people[4].name)[-2:] == ["Out of Office", "05-01-2026 9:20AM"]
    with made.ledger.write() as connection:
        connection.execute(update(office).where(office.c.code.in_(["s2", "s3"])).values(latitude=29.0, longitude=76.0))
    made.project(NOW + HOUR)
    assert row_of(made, people[4].name)[-2] == "Mark In"
    with made.ledger.write() as connection:
        connection.execute(update(terminal).where(terminal.c.id == terminal_of(other)).values(office=None))
        connection.execute(update(office).where(office.c.code == "s3").values(latitude=28.0))
    made.project(NOW + 2 * HOUR)
    assert row_of(made, people[4].name)[-2] == "Mark In"  # it stands at no office: it serves everybody


def test_what_is_not_of_today_or_comes_twice_marks_nobody(made: Site) -> None:
    """S14: a second touch changes nothing, nor does yesterday."""
    school = made.office("s2")
    people = made.people(school)
    made.punch(people[4], school, at(9, 0) - 24 * HOUR)
    made.punch(people[5], school, at(9, 30), flags=int(Flag.DUPLICATE))
    made.project(NOW + 1000)
    assert [row_of(made, people[n].name)[-2] for n in (4, 5)] == ["Absent", "Absent"]


def test_a_new_day_begins_with_nobody_marked(made: Site) -> None:
    made.project(NOW + 24 * HOUR)
    rows = table(made.ledger, public_row)
    assert rows
    assert {row["action"] for row in rows} == {"absent"}
    assert {row["day"] for row in table(made.ledger, public_day)} == {"2026-01-05", "2026-01-06"}


def test_a_holiday_is_said(made: Site) -> None:
    """A Sunday: red is no reproach, and the report card does not count it."""
    made.project(NOW - 24 * HOUR)
    assert "Today is a holiday for this department." in one(made.app(), BASE).text
    assert all(row["holiday"] for row in table(made.ledger, public_day) if row["day"] == "2026-01-04")
    assert cells(one(made.app(), f"{BASE}/report").text)[0][1] == "—"


def test_only_what_changed_is_written_and_a_restart_writes_the_same(made: Site) -> None:
    before = flat(table(made.ledger, public_row)) + flat(table(made.ledger, public_office))
    assert made.project(NOW + 1000) == 0
    made.punch(made.people(made.office("s3"))[0], made.office("s3"), at(10, 59))
    assert made.project(NOW + 2000) == 1
    after = flat(table(made.ledger, public_row)) + flat(table(made.ledger, public_office))
    assert before != after
    assert Projector(made.ledger).tick(NOW + 2000) == len(made.made.places)
    assert flat(table(made.ledger, public_row)) + flat(table(made.ledger, public_office)) == after


def test_somebody_who_left_is_listed_no_more(made: Site) -> None:
    gone = made.people(made.office("s2"))[0]
    with made.ledger.write() as connection:
        connection.execute(update(employee).where(employee.c.person == gone.ref).values(service="left"))
    made.project(NOW + HOUR)
    assert "Nothing was found." in one(made.app(), f"{BASE}/attendance?q={gone.name[7:12]}").text


def test_nothing_breaks_before_the_first_projection(tmp_path: Path, whole: Ledger) -> None:
    app = copied(tmp_path, whole).app()
    assert "Nothing has been shown yet." in one(app, "/public").text
    assert one(app, BASE).status_code == 404


def test_an_only_department_needs_no_choice_and_several_are_listed(made: Site) -> None:
    assert one(made.app(), "/public?lang=hi").headers["location"] == f"{BASE}?lang=hi"
    row = {"org": "other", "code": "x", "district": "", "district_hi": "", "urban": True, "block": "", "life": "live"}
    counts = dict.fromkeys(("registered", "present", "out", "leave", "absent", "pending"), 0)
    more = {"name": "Other", "name_hi": "", "desk_phone": "", "fresh": "fresh", "holiday": False, "search": ""}
    with made.ledger.write() as connection:
        connection.execute(insert(public_office).values(office=bytes(8), **row, **counts, **more))
        connection.execute(insert(public_org).values(org="other", name="Other", name_hi="", portal="https://o.example"))
    html = one(made.app(), "/public").text
    assert "/public/other?" in html
    assert f"{BASE}?" in html
    assert 'href="https://o.example"' in one(made.app(), "/public/other").text


def test_readers_learn_that_there_is_news(made: Site) -> None:
    def version() -> int:
        with made.ledger.read() as connection:
            return connection.scalar(select(counter.c.value).where(counter.c.name == VERSION)) or 0

    before = version()
    assert before > 0
    made.project(NOW + 1000)
    assert version() == before + 1


def test_both_databases_show_the_same(tmp_path: Path) -> None:
    """Every list, search and order of the public pages (R5.1)."""
    here, there = (site(Ledger(url)) for url in (postgresql_url(), f"sqlite:///{tmp_path / 'l.db'}"))
    for found in (here, there):
        morning(found)
    orders = [f"{BASE}/attendance?sort={sort}&dir=desc" for sort in ("district", "action", "time", "designation")]
    paths = [BASE, f"{BASE}/offices", f"{BASE}/office/s2", f"{BASE}/districts", f"{BASE}/ranks", f"{BASE}/report"]
    for path in (*paths, *orders, f"{BASE}/attendance?q=sample+mark", f"{BASE}/office/%00"):
        one_answer, other = one(here.app(), path), one(there.app(), path)
        assert (one_answer.status_code, one_answer.text) == (other.status_code, other.text), path
    here.ledger.close()
    there.ledger.close()
