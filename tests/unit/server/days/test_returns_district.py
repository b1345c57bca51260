"""The returns of a synthetic district of 50 schools over three months, August to October 2026.

Everybody's days come from a seeded generator; those of the people below are written out, and what follows from them is
worked out by hand beside each.
"""

import csv
import datetime as dt
import io
import re
import subprocess
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zipfile import ZipFile

import pytest
from sqlalchemy import select, update

from server.access.keys import AccessKeys
from server.attendance import NotOverError
from server.commands.report import rendered
from server.days import fold, places
from server.days.places import Place, Source, Span
from server.ledger.tables import amendment, leave_entry, office, person, report
from server.requests import deduct, desk, leave
from server.requests.kinds import Ask, Kind
from server.returns import ReturnError, catalogue, schedule, sent, words
from server.returns.model import Asked, Text, from_content
from server.trust.vault import Vault
from sync.record import Kind as PunchKind
from tests.databases import DATABASES, copied
from tests.unit.server.days import district
from tests.unit.server.days.district import Marked, at
from tests.unit.server.departments import department

DAYS = [dt.date(2026, 8, 1) + dt.timedelta(days=n) for n in range(92)]
WORKED = [day for day in DAYS if day.isoweekday() < 7]
NOW = at(dt.date(2026, 11, 1), "13:30")
SENT = NOW + 1000
KEYS = AccessKeys(bytes(32))
BY = Source("tester", "TEST/1")


def d(month: int, day: int) -> dt.date:
    return dt.date(2026, month, day)


# Who comes when, besides every working day 09:00 to 17:35 (no October day else is late):
# October 2026 begins on a Thursday; its Sundays are 4, 11, 18 and 25: 31 − 4 = 27 working days.
STORIES: list[dict[dt.date, tuple[str, ...]]] = [
    # 0: three late days → 3 ÷ 3 = 1 deduction; CL 4 − 1 = 3
    {d(10, 1): ("09:41", "17:35"), d(10, 5): ("09:45", "17:35"), d(10, 6): ("10:02", "17:35")},
    # 1: two late days → 2 ÷ 3 = 0
    {d(10, 1): ("09:41", "17:35"), d(10, 5): ("09:45", "17:35")},
    # 2: six late days → 2 deductions; CL 1 → the first is CL, the second EL 10 − 1 = 9; listed as repeated
    {d(10, n): ("09:50", "17:35") for n in (1, 2, 3, 5, 6, 7)},
    # 3: away on three days → absent 3; present 27 − 3 = 24
    {d(10, n): () for n in (12, 13, 14)},
    # 4: left at 16:00 on two days → left early 2, late 0
    {d(10, n): ("09:00", "16:00") for n in (8, 9)},
    # 5: leave on 19 and 20 October → on leave 2; present 25
    {d(10, n): () for n in (19, 20)},
    # 6: on duty from 21 to 23 October → on duty 3; present 24
    {d(10, n): () for n in (21, 22, 23)},
    # 7: one arrival only on 26 October → present all the same (S14)
    {d(10, 26): ("09:00",)},
    # 8: late five days → 5 ÷ 3 = 1; nothing in the account → for decision
    {d(10, n): ("09:55", "17:35") for n in (1, 2, 3, 5, 6)},
    # 9: every day in time, five Saturdays until 13:00 → left early 5 (3, 10, 17, 24, 31 October)
    {d(10, n): ("09:00", "13:00") for n in (3, 10, 17, 24, 31)},
]
# Name of the row, then Total, Present, On Leave, On duty, Absent, Late Comers, Left early (R4.1), each of 27 days:
BY_HAND = [
    (27, 27, 0, 0, 0, 3, 0),
    (27, 27, 0, 0, 0, 2, 0),
    (27, 27, 0, 0, 0, 6, 0),
    (27, 24, 0, 0, 3, 0, 0),
    (27, 27, 0, 0, 0, 0, 2),
    (27, 25, 2, 0, 0, 0, 0),
    (27, 24, 0, 3, 0, 0, 0),
    (27, 27, 0, 0, 0, 0, 0),
    (27, 27, 0, 0, 0, 5, 0),
    (27, 27, 0, 0, 0, 0, 5),
]
SCHOOLS = {"sqlite": 50, "postgresql": 8}  # that both say the same needs no whole district
BALANCES = {0: {"CL": 8}, 2: {"CL": 2, "EL": 20}, 5: {"CL": 8}}  # half days
DEDUCTED = {0: (1, 0, 0), 1: (0, 0, 0), 2: (1, 1, 0), 8: (0, 0, 1)}  # CL, EL, for decision


def build(folder: Path, database: str) -> SimpleNamespace:
    ledger = department(folder, SCHOOLS[database], database)
    district.settle(ledger, DAYS)
    with ledger.write() as connection:
        live = set(district.live(connection, DAYS[0]))
        staff = district.staff(connection)
        school = max((one for one in staff if one in live), key=lambda one: (len(staff[one]), one))
        mine = staff[school][: len(STORIES)]
        others = [one for one in staff[school] if one not in mine]
        district.keep(connection, 2, school)
        staff = district.staff(connection)
        terminals = district.add_terminals(connection)
        places.choose_policy(connection, Place(), Span(d(1, 1)), "cbse-2016", BY)
        all_ = district.months_of_punches(connection, terminals, WORKED)
        district.put(connection, (one for one in all_ if one.person not in mine), NOW - 1)
        district.put(connection, told(mine, terminals[school]), NOW - 1)
        for who, halves in BALANCES.items():
            for kind, number in halves.items():
                leave.grant(connection, mine[who], kind, number, d(1, 1), "2026", "tester", NOW - 10)
        for who, kind, first, last, more in (
            (5, Kind.LEAVE, 19, 20, {"kind": "CL"}), (6, Kind.ON_DUTY, 21, 23, {"place": "Sample Block"}),
        ):  # fmt: skip
            ask = Ask(mine[who], kind, d(10, first), d(10, last), "election", more)
            desk.enter(connection, ask, "officer", NOW - 5)
        row = connection.execute(select(office).where(office.c.id == school)).one()
    fold.all_of_it(ledger, NOW)
    org, top = row.org, row.path.split("/")[1]
    return SimpleNamespace(
        ledger=ledger, mine=mine, others=others, org=org, path=row.path, top=f"/{top}/", terminal=terminals[school],
        name=Text(row.name, row.name_hi), schools=SCHOOLS[database],
    )  # fmt: skip


def told(people: list[bytes], terminal: str) -> Iterator[Marked]:
    for person_, story in zip(people, STORIES, strict=True):
        for day in WORKED:
            for place, clock in enumerate(story.get(day, ("09:00", "17:35"))):
                yield Marked(person_, terminal, at(day, clock), PunchKind.OUT if place else PunchKind.IN)


@pytest.fixture(scope="module")
def districts() -> Iterator[Callable[[str], SimpleNamespace]]:
    """By database; built once."""
    with tempfile.TemporaryDirectory(prefix="hazri-district-") as folder:
        made: dict[str, SimpleNamespace] = {}

        def of(database: str) -> SimpleNamespace:
            if database not in made:
                made[database] = build(Path(folder), database)
            return made[database]

        yield of
        for one in made.values():
            one.ledger.close()


@pytest.fixture(scope="module")
def built(districts: Callable[[str], SimpleNamespace]) -> SimpleNamespace:
    """Where only what is made of it is in question."""
    return districts("sqlite")


@pytest.fixture(scope="module", params=DATABASES)
def both(request: pytest.FixtureRequest, districts: Callable[[str], SimpleNamespace]) -> SimpleNamespace:
    return districts(request.param)


@pytest.fixture
def site(both: SimpleNamespace, tmp_path: Path) -> Iterator[SimpleNamespace]:
    """A copy of it, to be changed."""
    ledger = copied(both.ledger, tmp_path)
    yield SimpleNamespace(**{**vars(both), "ledger": ledger})
    ledger.close()


def asked(site: SimpleNamespace, month: str = "2026-10", path: str = "", **more: Any) -> Asked:
    return Asked(site.org, path or site.top, month, SENT, place=site.name, **more)


def test_ten_rows_are_as_worked_out_by_hand(both: SimpleNamespace) -> None:
    """R4.1, R2.2: each person's month, counted from the ledger as the return counts it."""
    with both.ledger.read() as connection:
        found = catalogue.make(connection, "employees", asked(both, path=both.path))
        names = {row.ref: row.name for row in connection.execute(select(person.c.ref, person.c.name))}
    rows = {row[2]: row for row in found.tables[0].rows}
    for who, expected in zip(both.mine, BY_HAND, strict=True):
        present, on_leave, on_duty, absent, doubt, late, early = rows[names[who]][4:11]
        total = present + on_leave + on_duty + absent
        assert doubt == 0
        assert (total, present, on_leave, on_duty, absent, late, early) == expected


@pytest.mark.parametrize("month", ["2026-08", "2026-09", "2026-10"])
def test_totals_balance_for_every_school_zone_district_and_day(both: SimpleNamespace, month: str) -> None:
    """R4.1: exactly seven columns, in this order; total = present + on leave + on duty + absent, in every row; a zone
    is the sum of its schools, and the annex comes to the same as the tree."""
    with both.ledger.read() as connection:
        found = catalogue.make(connection, "monthly", asked(both, month))
    main, annex, modality = found.tables
    assert [one.title.en for one in main.columns[2:]] == [
        "Total Employees", "Present", "On Leave", "On duty", "Absent", "Late Comers",
        "Left school before school timing",
    ]  # fmt: skip
    for table, skip in ((main, 2), (annex, 1)):
        for row in table.rows:
            total, present, on_leave, on_duty, absent, late, early = row[skip:]
            assert total == present + on_leave + on_duty + absent
            assert late <= present
            assert early <= present
    plain = [row for row in main.rows if row[0] is not None]
    assert len([row for row in plain if "School" in row[1].en]) == both.schools
    assert main.rows[-1][2:] == tuple(sum(row[n] for row in plain) for n in range(2, 9)) == annex.rows[-1][1:]
    assert modality.rows[0][0] == modality.rows[0][1] + modality.rows[0][2] == annex.rows[-1][2]  # R4.5


def test_deductions_are_as_worked_out_by_hand(site: SimpleNamespace) -> None:
    """R2.3, R2.4, R2.5: 3 → 1 CL; 2 → 0; 6 with one CL left → 1 CL and 1 EL; 5 with nothing left → for decision."""
    with site.ledger.write() as connection:
        settled = {one.month.person: one for one in deduct.settle(connection, site.mine, "2026-10", NOW, "month over")}
        assert deduct.settle(connection, site.mine, "2026-10", NOW, "again")[0].added == ()
    for who, (cl, el, decision) in DEDUCTED.items():
        kinds = [proposal.kind for proposal in settled[site.mine[who]].month.proposals]
        assert (kinds.count("CL"), kinds.count("EL"), kinds.count(None)) == (cl, el, decision)
    with site.ledger.read() as connection:
        found = catalogue.make(connection, "latecomers", asked(site, path=site.path))
        names = {row.ref: row.name for row in connection.execute(select(person.c.ref, person.c.name))}
    rows = {row[2]: row for row in found.tables[0].rows}
    assert rows[names[site.mine[0]]][4] == "01-10-2026 09:40, 05-10-2026 09:44, 06-10-2026 10:01" or (
        rows[names[site.mine[0]]][4] == "01-10-2026 09:41, 05-10-2026 09:45, 06-10-2026 10:02"
    )
    assert rows[names[site.mine[0]]][5:9] == (3, 1.0, 0.0, 0.0)
    assert rows[names[site.mine[2]]][5:9] == (6, 1.0, 1.0, 0.0)
    assert rows[names[site.mine[8]]][5:9] == (5, 0.0, 0.0, 1.0)
    assert names[site.mine[2]] in [row[1] for row in found.tables[1].rows]  # R2.10: six days are often


def test_a_confirmed_deduction_is_taken_and_given_back_when_the_month_changes(site: SimpleNamespace) -> None:
    """R2.4, R2.10: CL 4 − 1 = 3; then a late day is condoned, two are left, and the day of leave comes back: 4."""
    who = site.mine[0]
    with site.ledger.write() as connection:
        deduct.settle(connection, [who], "2026-10", NOW, "month over")
        deduct.confirm(connection, (who, "2026-10", 1), "section officer", NOW)
        assert leave.balances(connection, [who])[who] == {"CL": 6}
        found = catalogue.make(connection, "latecomers", asked(site, path=site.path))
        first = sent.send(connection, found, asked(site, path=site.path), "section officer")
        assert first.version == 1
        ask = Ask(who, Kind.ADJUSTMENT, d(10, 1), d(10, 1), "flood", {"act": "condone_late"})
        desk.enter(connection, ask, "reporting officer", SENT + 1)
    fold.all_of_it(site.ledger, SENT + 2)
    with site.ledger.write() as connection:
        id_ = connection.scalar(select(report.c.id))
        assert id_ is not None
        slip = sent.amend(connection, id_, SENT + 3)
        assert slip is not None
        assert [row[0] for row in slip.tables[0].rows] == ["01-10-2026"]
        assert "learnt: an officer condoned lateness" in str(slip.tables[0].rows[0][5])
        assert [row[1].en for row in slip.tables[1].rows] == ["reversed"]
        assert leave.balances(connection, [who])[who] == {"CL": 8}
        moves = connection.scalars(select(leave_entry.c.why).where(leave_entry.c.person == who))
        assert sorted(moves) == ["deducted", "granted", "reversed"]
        assert sent.amend(connection, id_, SENT + 4) is None  # nothing more
        assert [one.version for one in sent.slips(connection, id_)] == [1]
        assert sent.load(connection, id_).hash == found.hash  # as it was sent


@pytest.mark.parametrize("name", ["monthly", "latecomers", "employees", "daily"])
def test_noughts_of_a_month_nobody_worked_out_say_so(site: SimpleNamespace, name: str) -> None:
    """Before the first day that was folded there is nothing, which is not a month in which nobody came."""
    with site.ledger.read() as connection:
        empty = catalogue.make(connection, name, asked(site, "2026-05", day=d(5, 4) if name == "daily" else None))
        full = catalogue.make(connection, name, asked(site, day=d(10, 5) if name == "daily" else None))
    assert empty.notes[0] == words.NO_DAYS
    assert words.NO_DAYS not in full.notes


def test_a_decision_taken_back_gives_the_leave_back_once(site: SimpleNamespace) -> None:
    """R2.4, R2.10: CL 4 − 1 = 3; taken back 4; confirmed again 3: each a line of its own."""
    key = site.mine[0], "2026-10", 1
    with site.ledger.write() as connection:
        deduct.settle(connection, [key[0]], key[1], NOW, "month over")
        halves = []
        for n in range(2):
            deduct.confirm(connection, key, "section officer", NOW + n)
            halves.append(leave.balances(connection, [key[0]])[key[0]]["CL"])
            again = deduct.reopen(connection, key, "section officer", NOW + n, "the wrong line")
            halves.append(leave.balances(connection, [key[0]])[key[0]]["CL"])
        assert halves == [6, 8, 6, 8]
        assert again.turn == 1 + 2 * 3  # proposed; and twice confirmed, reversed, proposed
        assert deduct.settle(connection, [key[0]], key[1], NOW + 9, "month over")[0].added == ()


def test_a_sent_return_is_frozen_and_a_change_of_it_is_seen(site: SimpleNamespace) -> None:
    """R2.5: versioned: the same again is the same version; another is the next; a row that was touched is refused."""
    with site.ledger.write() as connection:
        found = catalogue.make(connection, "monthly", asked(site))
        one = sent.send(connection, found, asked(site), "x")
        assert sent.send(connection, found, asked(site), "x").version == one.version == 1
        again = from_content(found.content().replace(b"2026-10", b"2026-10"), NOW, 0)
        assert again.content() == found.content()
        id_ = connection.scalar(select(report.c.id)) or b""
        connection.execute(update(report).values(hash=bytes(32)))
        with pytest.raises(ReturnError, match="not as it was sent"):
            sent.load(connection, id_)
        assert connection.execute(select(amendment)).all() == []


def test_a_month_that_is_not_over_is_shown_and_not_sent(site: SimpleNamespace) -> None:
    early = Asked(site.org, site.top, "2026-11", NOW, place=site.name)
    with site.ledger.write() as connection:
        found = catalogue.make(connection, "monthly", early)
        assert found.open_
        with pytest.raises(ReturnError, match="not over"):
            sent.send(connection, found, early, "x")
        with pytest.raises(NotOverError):
            deduct.settle(connection, site.mine, "2026-11", NOW, "too early")


@pytest.mark.parametrize(("day", "alarm"), [(1, False), (4, False), (5, True), (7, True)])
def test_an_unsent_return_raises_an_alarm_from_day_five(site: SimpleNamespace, day: int, alarm: bool) -> None:
    """R2.5: generated on day 1, due on day 7, alarm on day 5 if unsent."""
    with site.ledger.read() as connection:
        (one,) = schedule.due(connection, at(d(11, day), "09:00"))
    assert (one.month, one.due_on, one.alarm) == ("2026-10", d(11, 7), alarm)


def test_the_clock_proposes_deductions_once(site: SimpleNamespace) -> None:
    schedule.tick(site.ledger, Vault(bytes(32)), NOW)
    with site.ledger.read() as connection:
        before = deduct.journal_of(connection, site.mine[2], "2026-10").lines
    schedule.tick(site.ledger, Vault(bytes(32)), NOW + 3_600_000)
    with site.ledger.read() as connection:
        assert deduct.journal_of(connection, site.mine[2], "2026-10").lines == before
    assert len(before) == 2


def test_one_day_shows_its_exceptions_first(built: SimpleNamespace) -> None:
    """R4.7: of a zone's in-charge only their offices; absent people before late ones."""
    zone = built.path.rsplit("/", 2)[0] + "/"
    with built.ledger.read() as connection:
        found = catalogue.make(connection, "daily", asked(built, path=zone, day=d(10, 12)))
        here = set(connection.scalars(select(office.c.name).where(office.c.path.startswith(zone))))
    odd = found.tables[0]
    order = [row[0].en for row in odd.rows]
    assert order == sorted(order, key=["Absent", "Undetermined", "Not yet marked", "Present"].index)
    assert order[0] == "Absent"
    assert {row[1].en for row in odd.rows} <= here


@pytest.mark.parametrize("name", catalogue.NAMES)
def test_every_return_is_made_in_every_form_and_both_languages(built: SimpleNamespace, name: str) -> None:
    with built.ledger.read() as connection:
        day = d(10, 12) if name == "daily" else None
        found = catalogue.make(connection, name, asked(built, path=built.path, day=day), KEYS)
    assert from_content(found.content(), NOW, 0).content() == found.content()
    for language in ("en", "hi"):
        page = rendered(found, "html", language).decode()
        assert (words.TITLES[name].hi if language == "hi" else words.TITLES[name].en) in page
        assert "<script" not in page
        lines = list(csv.reader(io.StringIO(rendered(found, "csv", language).decode("utf-8-sig"))))
        assert len(lines[0]) == len(found.tables[0].columns)
        with ZipFile(io.BytesIO(rendered(found, "xlsx", language))) as book:
            assert len([one for one in book.namelist() if "worksheets/sheet" in one]) == len(found.tables)


def read_back(data: bytes, folder: Path) -> list[str]:
    """The text of each page of a PDF, by a reader that others wrote (Poppler)."""
    (folder / "r.pdf").write_bytes(data)
    command = ["pdftotext", "-layout", "-enc", "UTF-8", str(folder / "r.pdf"), "-"]
    text = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout.decode()
    return text.split("\f")[:-1]


@pytest.mark.parametrize("name", catalogue.NAMES)
def test_every_return_prints_and_can_be_read_back(built: SimpleNamespace, tmp_path: Path, name: str) -> None:
    """Point 7: title and headings are there as text on pages that are counted, in both languages."""
    with built.ledger.read() as connection:
        day = d(10, 12) if name == "daily" else None
        found = catalogue.make(connection, name, asked(built, path=built.path, day=day), KEYS)
    for language in ("en", "hi"):
        pages = read_back(rendered(found, "pdf", language), tmp_path)
        for n, page in enumerate(pages, 1):
            assert "".join(page.split()).endswith(f"{n}/{len(pages)}")
        title = words.TITLES[name].en if language == "en" else words.TITLES[name].hi
        first = pages[0].strip().partition("\n")[0]
        # A reader doubles or moves a letter where a glyph stands for several, as in दर्ज: nearly all are as they were.
        alike = SequenceMatcher(None, _letters(title), _letters(first)).ratio()
        assert alike == 1 if language == "en" else alike > 0.85
        if language == "en":
            names = {row[2] for row in found.tables[0].rows} if name in ("latecomers", "employees") else set()
            text = _letters("".join(pages))
            assert all(str(one).split()[1] in text for one in names)
        assert found.hash.hex()[:40] in "".join(pages[-1].split())


def _letters(text: str) -> str:
    """Without spaces and signs that stand on other letters: a reader may put these elsewhere."""
    kept = unicodedata.normalize("NFD", text)
    return "".join(one for one in kept if unicodedata.category(one) in ("Lo", "Lu", "Ll", "Nd"))


def test_the_totals_of_a_printed_return_balance(built: SimpleNamespace, tmp_path: Path) -> None:
    """R4.1: of every row as it stands on paper; all fifty schools are there, and their sum is the last row's."""
    with built.ledger.read() as connection:
        found = catalogue.make(connection, "monthly", asked(built))
    pages = read_back(rendered(found, "pdf", "en"), tmp_path)
    ends = re.compile(r"^(?P<name>.*?)((?:\s+\d+){7})\s*$")
    rows = [one for page in pages for line in page.splitlines() if (one := ends.match(line))]
    cells = [(one["name"].strip(), [int(cell) for cell in one[2].split()]) for one in rows]
    tree = cells[: next(n for n, (name, _) in enumerate(cells) if name[:2] == "01")]  # the annex begins with 01-10
    for _, (total, present, on_leave, on_duty, absent, late, early) in tree:
        assert total == present + on_leave + on_duty + absent
        assert max(late, early) <= present
    plain = [numbers for name, numbers in tree if not name.startswith("Total")]
    assert len([name for name, _ in tree if "School" in name]) == 50
    assert [sum(column) for column in zip(*plain, strict=True)] == tree[-1][1]


def test_a_name_that_is_a_formula_runs_nothing(site: SimpleNamespace) -> None:
    with site.ledger.write() as connection:
        formula = "=HYPERLINK(1)<script>"
        connection.execute(update(person).where(person.c.ref == site.mine[0]).values(name=formula))
        found = catalogue.make(connection, "latecomers", asked(site, path=site.path))
    assert f"'{formula}" in rendered(found, "csv", "en").decode("utf-8-sig")
    assert "<script" not in rendered(found, "html", "en").decode()
    with ZipFile(io.BytesIO(rendered(found, "xlsx", "en"))) as book:
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")


def test_what_cannot_be_made_says_so(built: SimpleNamespace) -> None:
    with built.ledger.read() as connection:
        for name, month, words_ in (("monthly", "2026-1", "month"), ("nothing", "2026-10", "known"),
                                    ("custody", "2026-10", "keys")):  # fmt: skip
            with pytest.raises(ReturnError, match=words_):
                catalogue.make(connection, name, asked(built, month))
        with pytest.raises(ReturnError, match="no office"):
            catalogue.place(connection, "nowhere")


@pytest.mark.parametrize(
    ("told", "english", "hindi"),
    [
        ("2026-10", "October 2026", "अक्टूबर 2026"),
        ("2026-01-05", "05-01-2026", "05-01-2026"),
        ("2026-13", "2026-13", "2026-13"),
        ("", "", ""),
    ],
)
def test_a_period_is_written_as_offices_write_it(told: str, english: str, hindi: str) -> None:
    assert (words.period(told).of("en"), words.period(told).of("hi")) == (english, hindi)
