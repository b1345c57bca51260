"""Days in the ledger: punches followed, rules chosen, requests taken, terminals late to speak, orders entered late.

On SQLite; that both databases fold alike is proved in test_days_unfit.py and test_returns_district.py.
"""

import datetime as dt
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from sqlalchemy import insert, select, update

from server.attendance.rules import Shift
from server.attendance.types import DayFlag
from server.days import due, fold, places, store
from server.days.places import Place, Source, Span
from server.ledger.store import Ledger
from server.ledger.tables import attendance_day, attendance_due, change, counter, dating, office, person
from server.people import service_ledger
from server.people.service import Kind as OrderKind
from server.people.service import ServiceOrder
from server.requests import RequestError, desk, leave
from server.requests.kinds import Ask, Kind
from server.returns import ReturnError, own
from sync.record import Kind as PunchKind
from tests.unit.server.days import district
from tests.unit.server.days.district import Marked, at
from tests.unit.server.departments import department

MONDAY = dt.date(2026, 8, 3)
TUESDAY = MONDAY + dt.timedelta(days=1)
NOW = at(dt.date(2026, 8, 20), "13:00")
BY = Source("tester", "TEST/1")


@dataclass
class Scene:
    """A small synthetic department, its terminals, and one school's people, folded as of NOW."""

    ledger: Ledger
    terminal: str
    school: bytes
    people: list[bytes]
    org: str
    path: str

    def punch(self, who: int, *clocks: str, day: dt.date = MONDAY, **more: Any) -> None:
        kinds = [PunchKind.OUT if place else PunchKind.IN for place in range(len(clocks))]
        marks = [
            Marked(self.people[who], self.terminal, at(day, one), kind, **more)
            for one, kind in zip(clocks, kinds, strict=True)
        ]
        with self.ledger.write() as connection:
            district.put(connection, marks, NOW)

    def fold(self, now_ms: int = NOW) -> fold.Done:
        return fold.all_of_it(self.ledger, now_ms)

    def day(self, who: int, day: dt.date = MONDAY) -> Any:
        with self.ledger.read() as connection:
            rows = [row for row in store.history(connection, self.people[who], day) if row.known_to_ms is None]
        return rows[0] if rows else None

    def sayings(self, who: int, day: dt.date = MONDAY) -> list[str]:
        with self.ledger.read() as connection:
            return [row.status for row in store.history(connection, self.people[who], day)]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    ledger = department(tmp_path, 2)
    district.settle(ledger, [MONDAY])
    with ledger.write() as connection:
        terminals = district.add_terminals(connection)
        places.choose_policy(connection, Place(), Span(dt.date(2026, 1, 1)), "cbse-2016", BY)
        people = district.staff(connection)
        live = set(district.live(connection, MONDAY))
        school = next(one for one in people if one in live)
        row = connection.execute(select(office.c.org, office.c.path).where(office.c.id == school)).one()
    yield Scene(ledger, terminals[school], school, people[school], row.org, row.path)
    ledger.close()


def test_a_punch_becomes_a_day_with_its_derivation(scene: Scene) -> None:
    """R2.2: 09:30:59 is in time by the minute, 09:31 is late; R3.9: the day names its punches."""
    scene.punch(0, "09:29:30", "17:31")
    scene.punch(1, "09:41", "17:31")
    scene.fold()
    assert (scene.day(0).status, scene.day(0).late_min) == ("present", 0)
    late = scene.day(1)
    assert late.flags & int(DayFlag.LATE)
    assert late.late_min in (10, 11)  # 09:41 − 09:30, less what the clock may be off
    assert '"first_in"' in late.derivation
    assert scene.terminal in late.derivation
    assert scene.day(2).status == "absent"


def test_folding_again_changes_nothing(scene: Scene) -> None:
    scene.punch(0, "09:00", "17:31")
    scene.fold()
    with scene.ledger.write() as connection:
        due.mark_place(connection, "", "", MONDAY, MONDAY)
    assert scene.fold().changed == 0
    with scene.ledger.read() as connection:
        assert connection.execute(select(attendance_due)).all() == []


def test_a_late_punch_folds_its_days_alone_and_keeps_what_was_said(scene: Scene) -> None:
    """Bitemporal: who was said to be absent is present now, and both sayings stay."""
    scene.fold()
    assert scene.day(0).status == "absent"
    scene.punch(0, "09:00", "17:31")
    later = NOW + 60_000
    done = scene.fold(later)
    assert done.people == 1
    assert scene.sayings(0) == ["absent", "present"]
    with scene.ledger.read() as connection:
        then = store.of_month(connection, [scene.people[0]], "2026-08", NOW)
        assert next(row.status for row in then if row.day == MONDAY.isoformat()) == "absent"


def test_a_punch_touches_nobody_elses_days(scene: Scene) -> None:
    scene.fold()
    scene.punch(0, "09:00")
    done = scene.fold(NOW + 1)
    assert (done.records, done.people, done.changed) == (1, 1, 2)  # and the evening before, which may have gone on


def test_nobody_is_absent_where_no_terminal_was_fit(scene: Scene, tmp_path: Path) -> None:
    with scene.ledger.write() as connection:
        connection.exec_driver_sql("DELETE FROM fitness_session")
    scene.fold()
    assert {scene.day(who).status for who in range(len(scene.people))} == {"undetermined"}


def test_a_terminals_late_word_decides_days_that_were_undetermined(scene: Scene) -> None:
    with scene.ledger.write() as connection:
        connection.exec_driver_sql("DELETE FROM fitness_session")
    scene.fold()
    with scene.ledger.write() as connection:
        district.be_fit(connection, scene.terminal, district.BOOT_MS, district.FAR_MS)
    scene.punch(0, "09:00", "17:31")
    scene.fold(NOW + 11 * 60_000)
    assert scene.sayings(1) == ["undetermined", "absent"]


def test_a_day_under_way_turns_with_the_clock(scene: Scene) -> None:
    """Pending until closing time, then absent; who came is present, and lacks no departure until the day is over."""
    scene.punch(0, "09:00")
    scene.fold(at(MONDAY, "11:00"))
    assert (scene.day(0).status, scene.day(1).status) == ("present", "pending")
    assert not scene.day(0).flags & int(DayFlag.OUT_MISSING)
    scene.fold(at(MONDAY, "17:45"))
    assert scene.day(1).status == "absent"
    scene.fold(at(TUESDAY, "04:00"))
    assert scene.day(0).flags & int(DayFlag.OUT_MISSING)
    assert scene.sayings(1) == ["absent"]  # what was said of a day not over is no history


def test_punches_dated_anew_move_their_days(scene: Scene) -> None:
    """S2: without an anchor nothing is known; one anchor dates the boot, and the day with it."""
    with scene.ledger.write() as connection:
        connection.execute(dating.delete().where(dating.c.terminal == scene.terminal))
    scene.punch(0, "09:00", "17:31")
    scene.fold()
    assert scene.day(0).status == "undetermined"
    with scene.ledger.write() as connection:
        district.anchor(connection, scene.terminal)
        row = {"number": 1, "behind": 0, "what": "dating", "terminal": scene.terminal, "log": district.LOG, "seq": 1}
        connection.execute(insert(change).values(**row, kind="anchor", boot_no=1, known_ms=NOW))
        connection.execute(counter.delete().where(counter.c.name == "changes"))
    scene.fold(NOW + 1)
    assert scene.sayings(0) == ["undetermined", "present"]


def test_a_holiday_at_a_zone_holds_below_it_and_nowhere_else(scene: Scene) -> None:
    zone = scene.path.rsplit("/", 2)[0] + "/"
    with scene.ledger.write() as connection:
        places.add_holiday(connection, Place(scene.org, zone), MONDAY, "Sample Day", "नमूना दिवस", BY)
    scene.fold()
    assert scene.day(0).status == "holiday"
    with scene.ledger.read() as connection:
        rows = connection.execute(
            select(attendance_day.c.status, office.c.level).join(office).where(attendance_day.c.day == str(MONDAY))
        )
        assert {row.status for row in rows if row.level == "district"} & {"absent", "exempt"}


def test_a_holiday_withdrawn_is_a_working_day_again(scene: Scene) -> None:
    with scene.ledger.write() as connection:
        one = places.add_holiday(connection, Place(scene.org, scene.path), MONDAY, "Sample Day", "", BY)
    scene.fold()
    with scene.ledger.write() as connection:
        places.withdraw(connection, places.holiday, one)
    scene.fold(NOW + 1)
    assert scene.sayings(0) == ["holiday", "absent"]


def test_an_offices_own_hours_and_weekly_off_go_before_the_others(scene: Scene) -> None:
    """R2.1: 08:00 to 14:00 here, and Mondays off from the second week on."""
    here = Place(scene.org, scene.path)
    with scene.ledger.write() as connection:
        places.set_hours(connection, here, Span(MONDAY), Shift("morning", 480, 840), BY)
        places.set_weekly_off(connection, here, Span(MONDAY), [1], [2], BY)
    scene.punch(0, "08:32", "14:01")
    scene.fold()
    assert scene.day(0).flags & int(DayFlag.LATE)  # 08:00 + 30 min = 08:30
    assert not scene.day(0).flags & int(DayFlag.LEFT_EARLY)
    assert scene.day(0, MONDAY + dt.timedelta(days=7)).status == "weekly_off"


def test_the_policy_further_down_goes_first(scene: Scene) -> None:
    with scene.ledger.write() as connection:
        places.choose_policy(connection, Place(scene.org, scene.path), Span(TUESDAY), "state-default", BY)
    scene.fold()
    assert scene.day(0).policy.startswith("cbse-2016/")
    assert scene.day(0, TUESDAY).policy.startswith("state-default/")


def test_leave_is_asked_decided_counted_down_and_given_back(scene: Scene) -> None:
    """R4.1, R4.6: four days from Friday to Monday cost three of a six-day week; the account comes out even."""
    who, friday = scene.people[0], MONDAY + dt.timedelta(days=4)
    monday = friday + dt.timedelta(days=3)
    with scene.ledger.write() as connection:
        leave.grant(connection, who, "CL", 16, MONDAY, "2026", "tester", NOW - 1)
        one = desk.ask(connection, Ask(who, Kind.LEAVE, friday, monday, "", {"kind": "CL"}), "them", NOW)
        with pytest.raises(RequestError, match="themselves"):
            desk.approve(connection, one, "them", at_ms=NOW)
        desk.approve(connection, one, "officer", at_ms=NOW)
        assert leave.balances(connection, [who])[who] == {"CL": 10}  # 16 halves − 3 days × 2
    scene.fold()
    assert scene.day(0, friday).status == "on_leave"
    assert scene.day(0, friday + dt.timedelta(days=2)).status == "weekly_off"
    with scene.ledger.write() as connection:
        desk.withdraw(connection, one, "officer", NOW + 1)
        assert leave.balances(connection, [who])[who] == {"CL": 16}
        assert [row.why for row in leave.account(connection, who)] == ["granted", "taken", "given_back"]
    scene.fold(NOW + 2)
    assert scene.sayings(0, friday) == ["on_leave", "absent"]


@pytest.mark.parametrize(
    ("kind", "detail", "words"),
    [
        (Kind.LEAVE, {"kind": "XL"}, "no kind of leave"),
        (Kind.LEAVE, {"kind": "CL", "half": "third"}, "half"),
        (Kind.TOUR, {}, "place"),
        (Kind.MOVEMENT, {}, "time of leaving"),
        (Kind.MOVEMENT, {"out_ms": 2, "in_ms": 1}, "before the departure"),
        (Kind.ADJUSTMENT, {"act": "erase"}, "expected one of"),
        (Kind.ADJUSTMENT, {"act": "add_in"}, "name the time"),
        (Kind.ADJUSTMENT, {"act": "not_mine", "punch": ["t", "zz", 1]}, "name the punch"),
        (Kind.ADJUSTMENT, {"act": "not_mine", "punch": ["t", "00", 1]}, "no such punch"),
    ],
)
def test_a_bad_request_is_refused_in_words(scene: Scene, kind: Kind, detail: dict[str, Any], words: str) -> None:
    with scene.ledger.write() as connection, pytest.raises(RequestError, match=words):
        desk.ask(connection, Ask(scene.people[0], kind, MONDAY, MONDAY, "why", detail), "them", NOW)


def test_what_overlaps_is_refused(scene: Scene) -> None:
    who = scene.people[0]
    with scene.ledger.write() as connection:
        half = {"kind": "LWP", "half": "forenoon"}
        desk.enter(connection, Ask(who, Kind.LEAVE, MONDAY, MONDAY, "", half), "officer", NOW)
        other = {"half": "afternoon"}
        desk.enter(connection, Ask(who, Kind.ON_DUTY, MONDAY, MONDAY, "court", other), "officer", NOW)
        with pytest.raises(RequestError, match="overlaps leave"):
            desk.ask(connection, Ask(who, Kind.LEAVE, MONDAY, TUESDAY, "", {"kind": "EL"}), "them", NOW)
    scene.fold()
    assert scene.day(0).status in ("on_duty", "on_leave")


def test_more_leave_than_there_is_is_refused_and_nothing_is_taken(scene: Scene) -> None:
    who = scene.people[0]
    with scene.ledger.write() as connection:
        leave.grant(connection, who, "CL", 2, MONDAY, "2026", "tester")
        one = desk.ask(connection, Ask(who, Kind.LEAVE, MONDAY, TUESDAY, "", {"kind": "CL"}), "them", NOW)
    with scene.ledger.write() as connection, pytest.raises(RequestError, match="are left"):
        desk.approve(connection, one, "officer", at_ms=NOW)
    with scene.ledger.read() as connection:
        assert leave.balances(connection, [who])[who] == {"CL": 2}


def test_a_correction_stands_beside_the_punch(scene: Scene) -> None:
    """R2.7: what an officer adds is flagged; the record is as it was."""
    scene.punch(0, "09:00")
    with scene.ledger.write() as connection:
        more = {"act": "add_out", "at_ms": at(MONDAY, "17:35")}
        one = desk.ask(connection, Ask(scene.people[0], Kind.ADJUSTMENT, MONDAY, MONDAY, "forgot", more), "them", NOW)
        desk.approve(connection, one, "officer", at_ms=NOW)
    scene.fold()
    row = scene.day(0)
    assert row.flags & int(DayFlag.ADJUSTED)
    assert not row.flags & int(DayFlag.OUT_MISSING)
    with scene.ledger.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM record").scalar() == 1


def test_who_left_and_did_not_return_is_flagged_until_the_return_is_written(scene: Scene) -> None:
    """R1.16: signed out at 14:00; nobody saw them back by 17:30."""
    scene.punch(0, "09:00")
    out = {"out_ms": at(MONDAY, "14:00"), "in_ms": None}
    with scene.ledger.write() as connection:
        one = desk.enter(connection, Ask(scene.people[0], Kind.MOVEMENT, MONDAY, MONDAY, "bank", out), "gate", NOW)
    scene.fold()
    assert scene.day(0).flags & int(DayFlag.MOVEMENT_OPEN)
    with scene.ledger.write() as connection:
        desk.returned(connection, one, at(MONDAY, "14:40"), "gate")
    scene.fold(NOW + 1)
    assert not scene.day(0).flags & int(DayFlag.MOVEMENT_OPEN)


def test_an_order_entered_late_folds_the_days_it_reaches_back_to(scene: Scene) -> None:
    """R6.7: suspended since Monday, as somebody enters on the 20th: punches are kept and do not count."""
    scene.punch(0, "09:00", "17:31")
    scene.fold()
    order = ServiceOrder(OrderKind.SUSPENSION, MONDAY, MONDAY, "S/1")
    with scene.ledger.write() as connection:
        service_ledger.record(connection, service_ledger.Entry("issuer", scene.people[0], order, NOW), MONDAY)
    scene.fold(NOW + 1)
    row = scene.day(0)
    assert row.status == "not_expected"
    assert row.flags & int(DayFlag.NOT_COUNTED)
    assert scene.sayings(0) == ["present", "not_expected"]


def test_facts_that_cannot_all_be_true_stop_nobody_else(scene: Scene) -> None:
    """Two leaves written by another hand over each other: that person waits for an officer, the others are folded."""
    with scene.ledger.write() as connection:
        one = Ask(scene.people[1], Kind.LEAVE, MONDAY, MONDAY, "", {"kind": "LWP"})
        for kind in ("CL", "EL"):
            row = {"kind": kind, "half": "full"}
            id_ = desk.ask(connection, one, "x", NOW)
            told = {"detail": str(row).replace("'", '"'), "state": "approved", "decided_ms": NOW}
            mine = update(desk.request).where(desk.request.c.id == id_)
            connection.execute(mine.values(person=scene.people[0], **told))
    scene.fold()
    assert scene.day(0) is None
    assert scene.day(1).status == "absent"


def test_somebody_of_no_employee_record_is_folded_where_they_are(scene: Scene) -> None:
    with scene.ledger.write() as connection:
        row = {"ref": b"stranger", "name": "Sample", "digits": b"", "flags": 0, "active": True}
        connection.execute(insert(person).values(**row, office=scene.school, since_ms=at(MONDAY, "00:00")))
    scene.people.append(b"stranger")
    scene.punch(-1, "09:00", "17:31")
    scene.fold()
    assert scene.day(-1).status == "present"


def test_a_person_is_given_all_that_is_held_of_their_days(scene: Scene) -> None:
    """S17: punches, what was said before and after, fitness, rule version and derivation, in both languages."""
    scene.fold()
    scene.punch(0, "09:41", "17:35")
    scene.fold(NOW + 1)
    with scene.ledger.read() as connection:
        data = own.export(connection, scene.people[0], MONDAY, MONDAY, NOW)
        with pytest.raises(ReturnError):
            own.export(connection, b"nobody!!", MONDAY, MONDAY, NOW)
    with ZipFile(io.BytesIO(data)) as file:
        facts = json.loads(file.read("record.json"))
        english, hindi = (file.read(f"record-{one}.html").decode() for one in ("en", "hi"))
    assert [day["status"] for day in facts["days"]] == ["absent", "present"]
    assert len(facts["punches"]) == 2
    assert facts["punches"][0]["head"]
    assert facts["days"][1]["policy"].startswith("cbse-2016/")
    assert facts["fitness"][0]["fit"]
    assert "late after 09:30" in english
    assert "विलंब" in hindi
