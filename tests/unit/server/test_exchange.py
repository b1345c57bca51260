"""What goes out to other systems and comes back: fields, times, names that are hostile, and that twice is once.

Frappe HR's fields are those of its document Employee Checkin, Odoo's those of hr.attendance; calendars are read back by
the icalendar package, which others wrote. Everybody here is synthetic.
"""

import csv
import datetime as dt
import io
import json
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import insert, select, update

from server.__main__ import command
from server.days import fold, places
from server.days.places import Place, Source
from server.exchange import NAMES, SYSTEMS, TAKEN, ExchangeError, door, ical, incoming, masters, texts
from server.exchange.days import Asked
from server.ledger.tables import attendance_day, division, holiday, org, person, request
from server.people import office_imports
from server.people.offices import Order
from server.requests import desk
from server.requests.kinds import Ask, Kind
from sync.record import Kind as PunchKind
from tests.databases import DATABASES, copied
from tests.unit.server.days import district
from tests.unit.server.days.district import Marked, at
from tests.unit.server.departments import department

DAYS = [dt.date(2026, 10, 1), dt.date(2026, 10, 5), dt.date(2026, 10, 6)]
NOW = at(dt.date(2026, 10, 7), "12:00")
BY = Source("tester", "ORDER/7")
ALL = (dt.date(2026, 10, 1), dt.date(2026, 10, 31))


def build(folder: Path, database: str) -> SimpleNamespace:
    """One school; the first of it comes and goes on three days, on the second without a departure."""
    ledger = department(folder, 1, database)
    school = district.one_school(ledger, 3, DAYS)
    mine, terminal = school.mine, school.terminal
    with ledger.write() as connection:
        told = [
            Marked(mine[0], terminal, at(DAYS[0], "09:41:07")),
            Marked(mine[0], terminal, at(DAYS[0], "12:00:00"), PunchKind.MOVEMENT_OUT),
            Marked(mine[0], terminal, at(DAYS[0], "12:30:00"), PunchKind.MOVEMENT_IN),
            Marked(mine[0], terminal, at(DAYS[0], "17:35:00")),
            Marked(mine[0], terminal, at(DAYS[1], "09:00:00")),
            Marked(mine[0], terminal, at(DAYS[2], "08:59:59")),
            Marked(mine[0], terminal, at(DAYS[2], "17:31:00"), PunchKind.OUT),
        ]
        district.put(connection, told, NOW - 1)
    fold.all_of_it(ledger, NOW)
    return SimpleNamespace(ledger=ledger, **vars(school))


@pytest.fixture(scope="module", params=DATABASES)
def built(request: pytest.FixtureRequest) -> Iterator[SimpleNamespace]:
    with tempfile.TemporaryDirectory(prefix="hazri-exchange-") as folder:
        made = build(Path(folder), request.param)
        yield made
        made.ledger.close()


@pytest.fixture
def site(built: SimpleNamespace, tmp_path: Path) -> Iterator[SimpleNamespace]:
    """A copy, to be changed."""
    ledger = copied(built.ledger, tmp_path)
    yield SimpleNamespace(**{**vars(built), "ledger": ledger})
    ledger.close()


def out(site: SimpleNamespace, name: str, form: str = "csv", names: texts.Names | None = None) -> bytes:
    with site.ledger.read() as connection:
        return door.export(connection, name, Asked(site.org, site.path, *ALL), form, names).body


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


# ── Frappe HR ──


def test_check_ins_as_frappe_hr_takes_them(built: SimpleNamespace) -> None:
    """Employee Checkin: local time to the second; movements within the day are skipped by its reckoning."""
    who, where = built.mine[0].hex(), built.terminal
    expected = [
        (who, "2026-10-01 09:41:07", where, "IN", "0"),
        (who, "2026-10-01 12:00:00", where, "OUT", "1"),
        (who, "2026-10-01 12:30:00", where, "IN", "1"),
        (who, "2026-10-01 17:35:00", where, "OUT", "0"),
        (who, "2026-10-05 09:00:00", where, "IN", "0"),
        (who, "2026-10-06 08:59:59", where, "IN", "0"),
        (who, "2026-10-06 17:31:00", where, "OUT", "0"),
    ]
    fields = ("employee", "time", "device_id", "log_type", "skip_auto_attendance")
    found = rows(out(built, "frappe"))
    assert [tuple(row[name] for name in fields) for row in found] == expected
    assert tuple(found[0]) == fields
    told = json.loads(out(built, "frappe", "json"))
    assert [(*(one[name] for name in fields[:4]), str(one[fields[4]])) for one in told] == expected


def test_what_an_officer_set_aside_goes_nowhere(site: SimpleNamespace) -> None:
    """S14: a punch that is not theirs is not sent, and one that was added is sent without a terminal."""
    ref = site.mine[0]
    with site.ledger.write() as connection:
        not_theirs = {"act": "not_mine", "punch": [site.terminal, district.LOG.hex(), 7]}
        desk.enter(connection, Ask(ref, Kind.ADJUSTMENT, DAYS[2], DAYS[2], "not theirs", not_theirs), "officer", NOW)
        added = {"act": "add_out", "at_ms": at(DAYS[2], "17:45")}
        desk.enter(connection, Ask(ref, Kind.ADJUSTMENT, DAYS[2], DAYS[2], "was seen", added), "officer", NOW)
    fold.all_of_it(site.ledger, NOW)
    found = [row for row in rows(out(site, "frappe")) if row["time"].startswith("2026-10-06")]
    assert [(row["time"][11:], row["device_id"], row["log_type"]) for row in found] == [
        ("08:59:59", site.terminal, "IN"),
        ("17:45:00", "", "OUT"),
    ]


# ── Odoo ──


def test_attendances_as_odoo_takes_them(built: SimpleNamespace) -> None:
    """hr.attendance: JSON in UTC (India less 5:30), CSV in the user's zone; nothing open but a day that is not over."""
    who = built.mine[0].hex()
    # 09:41:07 − 5:30 = 04:11:07; 17:35:00 − 5:30 = 12:05:00; 09:00 − 5:30 = 03:30, and no departure: no time worked
    assert json.loads(out(built, "odoo", "json")) == [
        {"employee_id": who, "check_in": "2026-10-01 04:11:07", "check_out": "2026-10-01 12:05:00"},
        {"employee_id": who, "check_in": "2026-10-05 03:30:00", "check_out": "2026-10-05 03:30:00"},
        {"employee_id": who, "check_in": "2026-10-06 03:29:59", "check_out": "2026-10-06 12:01:00"},
    ]
    assert next(tuple(row.values()) for row in rows(out(built, "odoo"))) == (
        who, "2026-10-01 09:41:07", "2026-10-01 17:35:00",
    )  # fmt: skip


def test_a_day_that_is_not_over_stays_open_in_odoo(site: SimpleNamespace) -> None:
    with site.ledger.write() as connection:
        district.put(connection, [Marked(site.mine[1], site.terminal, at(dt.date(2026, 10, 7), "09:00"))], NOW)
    fold.all_of_it(site.ledger, NOW)
    told = [one for one in json.loads(out(site, "odoo", "json")) if one["employee_id"] == site.mine[1].hex()]
    assert told == [{"employee_id": site.mine[1].hex(), "check_in": "2026-10-07 03:30:00", "check_out": False}]


def test_a_map_says_what_others_call_people(built: SimpleNamespace) -> None:
    data = f"reference,employee\n{built.mine[0].hex()},42\n".encode()
    assert json.loads(out(built, "odoo", "json", texts.names(data)))[0]["employee_id"] == 42
    assert rows(out(built, "odoo", "csv", texts.names(data)))[0]["employee_id"] == "42"
    other = texts.names(f"reference,employee\n{built.mine[1].hex()},HR-EMP-00001\n".encode())
    with pytest.raises(ExchangeError, match="not in the map"):
        out(built, "frappe", "csv", other)
    with pytest.raises(ExchangeError, match="there already"):
        texts.names(data + data.split(b"\n")[1] + b"\n")


# ── into the ledger ──


def take(site: SimpleNamespace, name: str, data: bytes, names: texts.Names | None = None, dry: bool = False) -> Any:
    whence = incoming.Whence(door.TITLES[name], site.org, site.path, names or texts.Names())
    with site.ledger.write() as connection:
        return incoming.take(connection, door.read(name, data), whence, "officer", NOW, dry_run=dry)


def test_check_ins_of_frappe_hr_stand_beside_the_punches(site: SimpleNamespace) -> None:
    """R2.7, R3.9: as corrections with their source, folded like any other; the same file again adds nothing."""
    names = texts.names(f"reference,employee\n{site.mine[1].hex()},HR-EMP-00001\n".encode())
    data = (
        b"Employee,Time,Device ID,Log Type,Skip Auto Attendance\n"
        b"HR-EMP-00001,2026-10-05 08:50:00,gate-1,IN,0\n"
        b"HR-EMP-00001,2026-10-05 17:40:00.000000,gate-1,OUT,0\n"
        b"HR-EMP-00001,2026-10-06 08:55:00,gate-1,,0\n"
        b"HR-EMP-00001,2026-10-06 17:40:00,gate-1,,\n"
        b"HR-EMP-00001,2026-10-06 13:00:00,gate-1,OUT,1\n"
    )
    assert take(site, "frappe", data, names, dry=True).added == 4
    assert (take(site, "frappe", data, names).added, take(site, "frappe", data, names).added) == (4, 0)
    fold.all_of_it(site.ledger, NOW)
    with site.ledger.read() as connection:
        d = attendance_day.c
        mine = d.person == site.mine[1], d.known_to_ms.is_(None), d.day >= "2026-10-05"
        said = connection.execute(select(attendance_day).where(*mine, d.day <= "2026-10-06").order_by(d.day)).all()
        told = connection.scalars(select(request.c.reason).where(request.c.person == site.mine[1])).all()
    assert [(row.status, row.first_low_ms, row.last_high_ms) for row in said] == [
        ("present", at(DAYS[1], "08:50"), at(DAYS[1], "17:40")),
        ("present", at(DAYS[2], "08:55"), at(DAYS[2], "17:40")),
    ]
    assert set(told) == {"recorded in Frappe HR gate-1"}


def test_what_a_terminal_recorded_is_known_already(site: SimpleNamespace) -> None:
    """What went out comes back as nothing new, from either system and in either form."""
    for name in SYSTEMS:
        for form in texts.FORMATS:
            taken = take(site, name, out(site, name, form))
            assert (taken.added, taken.bad) == (0, ())
            assert taken.there > 0


def test_an_attendance_of_odoo_past_midnight_is_of_the_day_it_began(site: SimpleNamespace) -> None:
    """Whoever left at 01:10 did not leave before they came."""
    told = {"employee_id": site.mine[2].hex(), "check_in": "2026-10-05 12:30:00", "check_out": "2026-10-05 19:40:00"}
    assert take(site, "odoo", json.dumps([told]).encode()).added == 2
    with site.ledger.read() as connection:
        r = request.c
        asked = select(r.since, r.detail).where(r.person == site.mine[2]).order_by(r.id)
        found = sorted((row.since, json.loads(row.detail)["act"]) for row in connection.execute(asked))
    assert found == [("2026-10-05", "add_in"), ("2026-10-05", "add_out")]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("frappe", b"employee,when\nx,2026-10-05 09:00:00\n", "the first line"),
        ("odoo", b'[{"employee_id": {"a": 1}}]', "row 1: expected plain values"),
        ("odoo", b'{"data": 5}', "a list of objects"),
        ("odoo", b"[" * 100_000, "not JSON"),
        ("odoo", b"\xff\xfe\x00", "not UTF-8"),
        ("odoo", b'employee_id,check_in\n"x', "not CSV"),
        ("frappe", b"employee,time\n" + b"x,2026-10-05 09:00:00\n" * 20_001, "more than 20000 rows"),
        ("frappe", b" " * (texts.MAX_BYTES + 1), "larger than 16 MB"),
    ],
)
def test_a_file_that_is_none_is_refused_by_its_row(name: str, data: bytes, said: str) -> None:
    with pytest.raises(ExchangeError, match=said):
        door.read(name, data)


def test_every_bad_row_is_named_at_once_and_nothing_is_stored(site: SimpleNamespace) -> None:
    """A cell that is none, and somebody nobody knows, in one report."""
    mine = site.mine[1].hex()
    lines = (
        "employee,time,log_type,skip_auto_attendance", f"{mine},2026-10-05 09:00:00,SIDEWAYS,0",
        f"{mine},yesterday,IN,0", f"{mine},2026-10-05 09:00:00,IN,perhaps",
        f"{mine},2026-10-05 09:00:00,IN,0", "nobody,2026-10-05 09:00:00,IN,0",
    )  # fmt: skip
    taken = take(site, "frappe", "\n".join(lines).encode())
    columns = [(1, "log_type"), (2, "time"), (3, "skip_auto_attendance"), (5, "employee")]
    assert (taken.rows, [(one.row, one.column) for one in taken.bad]) == (5, columns)
    both = f"employee_id,check_in,check_out\n{mine},2026-10-05 09:00:00,2026-10-05 08:00:00\n{mine},,\n".encode()
    found = [(one.row, one.column) for one in take(site, "odoo", both, dry=True).bad]
    assert found == [(1, "check_out"), (2, "check_in")]
    with site.ledger.read() as connection:
        assert connection.execute(select(request).where(request.c.person == site.mine[1])).all() == []


def test_strangers_are_named_by_row_and_nothing_is_stored(site: SimpleNamespace) -> None:
    data = (
        b"employee,time,log_type\n%s,2026-10-05 08:50:00,IN\nnobody,2026-10-05 08:50:00,IN\n"
        % site.mine[1].hex().encode()
    )
    taken = take(site, "frappe", data)
    assert [(one.row, one.column) for one in taken.bad] == [(2, "employee")]
    with site.ledger.read() as connection:
        assert connection.execute(select(request).where(request.c.person == site.mine[1])).all() == []


# ── hostile names ──


@pytest.mark.parametrize("name", ['=HYPERLINK("http://x.invalid","y")', "+1+1", "@SUM(A1)", "-2+3", "\t=1", "|calc"])
def test_a_name_that_is_a_formula_runs_nowhere(site: SimpleNamespace, name: str) -> None:
    """A cell that a spreadsheet would run is text in every CSV; taken in again it is the name it was."""
    kept = " ".join(name.split())
    with site.ledger.write() as connection:
        connection.execute(update(person).where(person.c.ref == site.mine[0]).values(name=name))
        connection.execute(update(division).where(division.c.code == "teaching").values(name=kept))
    ref = site.mine[0]
    called = texts.Names({one: name if one == ref else "x" for one in site.mine})
    for data in (out(site, "frappe", "csv", called), out(site, "odoo", "csv", called), out(site, "people")):
        cells = [cell for row in csv.reader(io.StringIO(data.decode("utf-8-sig"))) for cell in row]
        assert not [cell for cell in cells if cell[:1] in "=+@-|\t" and cell]
        assert any(cell.startswith("'") for cell in cells)
    with site.ledger.write() as connection:
        data = masters.export(connection, "divisions", site.org)
        assert masters.take(connection, "divisions", site.org, data, BY, dry_run=False).bad == ()
        again = connection.scalar(select(division.c.name).where(division.c.code == "teaching"))
    assert again == kept


# ── calendars ──

HOLIDAYS = [
    ical.Holiday(dt.date(2026, 10, 2), "Gandhi Jayanti", "गांधी जयंती", "a@hazri"),
    ical.Holiday(dt.date(2026, 11, 8), "Diwali; \\ second, day", "दीपावली " * 20, "b@hazri"),
]


def test_another_program_reads_our_calendar() -> None:
    """RFC 5545, by a reader that others wrote: folded within no letter, escaped, each a whole day."""
    data = ical.write(HOLIDAYS, "Sample, State", dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    assert max(len(line) for line in data.split(b"\r\n")) <= 75
    assert all(line.decode("utf-8") is not None for line in data.split(b"\r\n"))
    calendar = icalendar.Calendar.from_ical(data)
    assert str(calendar["NAME"]) == "Sample\\, State"  # that reader leaves the escape of a name it does not know
    events = list(calendar.walk("VEVENT"))
    found = [(one.decoded("DTSTART"), str(one["SUMMARY"]), str(one["DESCRIPTION"]), str(one["UID"])) for one in events]
    assert found == [(one.day, one.name, one.name_hi, one.uid) for one in HOLIDAYS]
    assert [one.decoded("DTEND") for one in events] == [one.day + dt.timedelta(days=1) for one in HOLIDAYS]
    assert [(one.day, one.name) for one in ical.read(data)] == [(one.day, one.name) for one in HOLIDAYS]


@given(some.lists(some.tuples(some.dates(dt.date(2000, 1, 1), dt.date(2099, 1, 1)), some.text(min_size=1)), max_size=5))
def test_any_text_comes_through_a_calendar(told: list[tuple[dt.date, str]]) -> None:
    """Whatever a name holds, it opens no line of its own, and both readers see the same."""
    names = [
        (day, " ".join("".join(one if one.isprintable() else " " for one in text).split())[:200]) for day, text in told
    ]
    wanted = [ical.Holiday(day, name, uid=f"{n}@x") for n, (day, name) in enumerate(names) if name]
    data = ical.write(wanted, "x", dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    found = sorted((one.day, one.name) for one in ical.read(data))
    assert found == sorted((one.day, one.name) for one in wanted)
    assert len(list(icalendar.Calendar.from_ical(data).walk("VEVENT"))) == len(wanted)


def test_a_calendar_without_a_holiday_is_one_too() -> None:
    """RFC 5545, 3.6: at least one component; and India has had one time for as long as anybody is in service."""
    data = ical.write([], "x", dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    calendar = icalendar.Calendar.from_ical(data)
    (zone,) = calendar.subcomponents
    assert (zone.name, str(zone["TZID"])) == ("VTIMEZONE", "Asia/Kolkata")
    there = zone.to_tz(lookup_tzid=False)
    assert dt.datetime(2026, 7, 1, tzinfo=there).utcoffset() == dt.timedelta(hours=5, minutes=30)
    assert ical.read(data) == []


def test_a_calendar_that_others_wrote_is_taken_in(site: SimpleNamespace) -> None:
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Sample//EN")
    calendar.add("version", "2.0")
    for first, after, name in ((d(2), d(3), "Gandhi Jayanti"), (d(19), d(22), "Dussehra, three days")):
        event = icalendar.Event()
        event.add("uid", f"{first}@x")
        event.add("dtstamp", dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
        event.add("dtstart", first)
        event.add("dtend", after)
        event.add("summary", name)
        calendar.add_component(event)
    found = ical.read(calendar.to_ical())
    assert [one.day for one in found] == [d(2), d(19), d(20), d(21)]
    with site.ledger.write() as connection:
        assert masters.take_calendar(connection, site.org, "/", found, BY, dry_run=False) == (4, 0)
        assert masters.take_calendar(connection, site.org, "/", found, BY, dry_run=False) == (0, 4)
    again = icalendar.Calendar.from_ical(out(site, "calendar"))
    assert [str(one["SUMMARY"]) for one in again.walk("VEVENT")].count("Dussehra, three days") == 3


def d(day: int) -> dt.date:
    return dt.date(2026, 10, day)


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ("DTSTART:20261002T090000Z\r\nSUMMARY:x", "a whole day"),
        ("DTSTART;VALUE=DATE:20261002\r\nRRULE:FREQ=YEARLY\r\nSUMMARY:x", "repeats by a rule"),
        ("DTSTART;VALUE=DATE:20261002\r\nDTEND;VALUE=DATE:20271002\r\nSUMMARY:x", "31 days"),
        ("DTSTART;VALUE=DATE:20261002", "needs a name"),
        ("DTSTART;VALUE=DATE:20261302\r\nSUMMARY:x", "a whole day"),
        ("nonsense", "not NAME:value"),
        ("END:VCALENDAR", "closes nothing"),
    ],
)
def test_a_calendar_that_cannot_be_taken_says_where(event: str, said: str) -> None:
    with pytest.raises(ExchangeError, match=said):
        ical.read(f"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n{event}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n".encode())


def test_garbage_is_no_calendar() -> None:
    """Whatever comes: an answer, or an error that says what to do."""
    chance = random.Random(4)
    whole = ical.write(HOLIDAYS, "x", dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    told = 0
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(3):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            told += len(ical.read(bytes(data[: chance.randrange(len(data))]))) >= 0
        except ExchangeError as error:
            told += bool(str(error))
    assert told == 300


# ── lists ──


def test_lists_go_out_and_come_in_elsewhere(site: SimpleNamespace) -> None:
    """Offices, divisions, designations, places and holidays of one organisation make the same in another."""
    day = dt.date(2026, 10, 2)
    with site.ledger.write() as connection:
        places.add_holiday(connection, Place(site.org, "/"), day, "Gandhi Jayanti", "गांधी जयंती", BY)
        places.add_holiday(connection, Place(site.org, site.path), day, "Of the school", "विद्यालय का", BY)
        lists = {name: masters.export(connection, name, site.org) for name in masters.COLUMNS}
        assert set(lists) == set(NAMES) - {*SYSTEMS, "calendar"}
        connection.execute(insert(org).values(slug="other", name="Other", name_hi="अन्य", state="active", made_ms=1))
        order = Order("tester", dt.date(2024, 4, 1), "1")
        taken = office_imports.take(connection, "other", lists["offices"], order, day, dry_run=False)
        assert taken.bad == ()
        for name in TAKEN:
            data = lists[name] if name != "divisions" else _without_owners(lists[name])
            assert masters.take(connection, name, "other", data, BY, dry_run=False).bad == ()
        for name in (*TAKEN, "offices"):
            same = masters.export(connection, name, "other")
            assert rows(same) == (rows(lists[name]) if name != "divisions" else rows(_without_owners(lists[name])))
    assert len(rows(lists["holidays"])) == 2
    assert "digits" not in lists["people"].decode("utf-8-sig").partition("\r\n")[0]


def _without_owners(data: bytes) -> bytes:
    """People of one organisation answer for nothing in another."""
    told = [{**row, "head": "", "officer": ""} for row in rows(data)]
    file = io.StringIO()
    writer = csv.DictWriter(file, masters.COLUMNS["divisions"])
    writer.writeheader()
    writer.writerows(told)
    return file.getvalue().encode()


def test_one_bad_row_of_a_list_stores_nothing(site: SimpleNamespace) -> None:
    data = (
        b"code,name,name_hi,equivalent,grade_pay\n"
        b"peon,Peon,\xe0\xa4\x9a,mts,1800\nking,King,\xe0\xa4\xb0,emperor,\nx,X,\xe0\xa4\x95,mts,much\n"
    )
    with site.ledger.write() as connection:
        report = masters.take(connection, "designations", site.org, data, BY, dry_run=False)
        assert [(one.row, one.column) for one in report.bad] == [(2, "equivalent"), (3, "grade_pay")]
        found = rows(masters.export(connection, "designations", site.org))
    assert "peon" not in [row["code"] for row in found]


# ── the commands ──


def test_export_and_import_from_the_console(
    site: SimpleNamespace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = f'state_dir = "{tmp_path / "state"}"\ndatabase_url = "{site.ledger.engine.url}"\n'
    (tmp_path / "server.toml").write_text(settings, encoding="utf-8")

    def say(*words: str) -> tuple[int, str]:
        code = command([*words, "--config", str(tmp_path / "server.toml")])
        said = capsys.readouterr()
        return code, said.out + said.err

    assert say("init")[0] == 0
    file = tmp_path / "checkins.csv"
    days = ("--from", "2026-10-01", "--to", "2026-10-31")
    assert say("export", "frappe", *days, "--out", str(file))[0] == 0
    assert len(rows(file.read_bytes())) == 7
    assert say("export", "odoo", "--month", "2026-10", "--format", "json", "--office", site.code)[0] == 0
    assert say("bring", "frappe", str(file))[1].strip().endswith("0 marks, 5 were known")
    calendar = tmp_path / "h.ics"
    calendar.write_bytes(ical.write(HOLIDAYS, "x", dt.datetime(2026, 1, 1, tzinfo=dt.UTC)))
    assert "2 holidays would be added" in say("bring", "calendar", str(calendar), "--dry-run")[1]
    assert "2 holidays added" in say("bring", "calendar", str(calendar), "--order", "GO/1")[1]
    with site.ledger.read() as connection:
        assert set(connection.scalars(select(holiday.c.order_no))) == {"GO/1"}
    code, said = say("export", "frappe", "--from", "2026-10-01")
    assert code == 1
    assert "both --from and --to" in said
    bad = tmp_path / "bad.csv"
    bad.write_text("code,name,name_hi,equivalent\nx,X,क,emperor\n", encoding="utf-8")
    code, said = say("bring", "designations", str(bad))
    assert code == 1
    assert "row 1, equivalent" in said


def test_a_list_that_is_none_is_refused(built: SimpleNamespace) -> None:
    with built.ledger.read() as connection, pytest.raises(ExchangeError, match="is no list"):
        masters.export(connection, "kings", built.org)
    with built.ledger.read() as connection, pytest.raises(ExchangeError, match="at most 92 days"):
        door.export(connection, "frappe", Asked(built.org, "/", dt.date(2026, 1, 1), dt.date(2026, 12, 31)))
