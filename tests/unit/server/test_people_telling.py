"""Who is told, and whose roles change, when something happens to terminals and to people. Everybody is synthetic."""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select, update

from server import PeopleError
from server.access import accounts, custody, grants, postings
from server.access.grants import Giver, Wish
from server.access.keys import AccessKeys
from server.access.roles import Role
from server.access.scope import Place
from server.fleet import alarms, fetch, places, roster, tickets
from server.fleet.advice import advice
from server.ledger.store import Ledger, now_ms
from server.ledger.tables import (
    account_grant,
    custody_task,
    designation,
    digits_name,
    division,
    employee,
    incident,
    message,
    notice,
    office,
    person,
    provisional,
    service_event,
    terminal,
    terminal_order,
)
from server.people import attendance_ids, daily, duties, notices, service_ledger
from server.people.attendance_ids import Basis
from server.people.days import start_ms
from server.people.register import Registration, check_new, register
from server.people.service import Kind, ServiceOrder
from server.people.service_ledger import Entry
from sync.orders import OrderKind
from tests.unit.server.departments import VAULT, department
from tests.unit.server.test_people_scope import at, enter, hang, has_everything, on_rosters, somebody, told, transfer

TODAY = dt.date(2026, 6, 1)
HOUR, DAY = 3_600_000, 86_400_000
NOW = start_ms(TODAY) + 10 * HOUR
COMMAND = Giver("command", command=True)


@pytest.fixture
def ledger(tmp_path: Path, database: str) -> Iterator[Ledger]:
    one = department(tmp_path, 20, database)
    with one.write() as connection:
        for code in ("s1", "s9"):
            hang(connection, f"t-{code}", at(connection, code))
    yield one
    one.close()


def place(connection: Connection, code: str) -> Place:
    row = connection.execute(select(office.c.org, office.c.path).where(office.c.code == code)).one()
    return Place(row.org, row.path)


def holder(connection: Connection, role: Role, where: Place, mobile: str, ref: bytes | None = None) -> bytes:
    """An account with this role."""
    new = accounts.New(f"synthetic.{mobile}", "Synthetic", where, "", mobile, ref)
    who, _ = accounts.create(connection, AccessKeys(VAULT.key), "test", new, 1)
    wish = Wish(who, role, where, "a reason", 1, exception="nobody else is registered there")
    grants.give(connection, COMMAND, wish, 1)
    return who


def sent(connection: Connection) -> dict[str, list[str]]:
    """What is queued, by address: the texts."""
    found: dict[str, list[str]] = {}
    for row in connection.execute(select(message).order_by(message.c.made_ms)):
        to, _, text = json.loads(VAULT.open("message", row.id, row.sealed))
        found.setdefault(to, []).append(text)
    return found


def senior(connection: Connection, code: str) -> bytes:
    """The senior-most official posted at an office."""
    posted = select(person.c.ref).join_from(person, employee, employee.c.person == person.c.ref)
    posted = posted.join(designation, designation.c.code == employee.c.designation)
    posted = posted.where(person.c.office == at(connection, code)).order_by(designation.c.rank.desc()).limit(1)
    found: bytes = connection.execute(posted).scalar_one()
    return found


# ── notices become messages ──


def test_a_page_goes_to_the_nearest_who_hold_the_role_and_once(ledger: Ledger) -> None:
    """R2.6: not to everybody above, and not to anybody elsewhere."""
    with ledger.write() as connection:
        school = place(connection, "s1")
        above = Place(school.org, school.path[: school.path.rstrip("/").rindex("/") + 1])
        holder(connection, Role.TECHNICIAN, school, "9000000001")
        holder(connection, Role.TECHNICIAN, above, "9000000002")
        holder(connection, Role.TECHNICIAN, place(connection, "s9"), "9000000003")
        holder(connection, Role.OFFICE_CUSTODIAN, school, "9000000004")
        alarms.raise_once(connection, ("t-s1", "silent"), "x", "nobody punched", NOW)
        alarms.raise_once(connection, ("t-s1", "storage"), "y", "full", NOW)
        assert notices.send(connection, VAULT, NOW) == 2
        told = sent(connection)
        assert set(told) == {"9000000001", "9000000004"}
        (text,) = told["9000000001"]  # both in one message
        assert "t-s1" in text
        for kind in ("silent", "storage"):  # what is wrong and what to do, in both languages
            assert all(words in text for words in advice(kind))
        assert notices.send(connection, VAULT, NOW + 1) == 0
        assert {row.sent_ms for row in connection.execute(select(notice))} == {NOW}


def test_a_ticket_climbs_to_the_district_when_the_week_is_over(ledger: Ledger) -> None:
    """R2.6: day 3, day 5, and day 8 to the district admin."""
    with ledger.write() as connection:
        school = place(connection, "s1")
        top = Place(school.org, "/" + school.path.strip("/").split("/")[0] + "/")
        district = next(
            Place(row.org, row.path)
            for row in connection.execute(select(office).where(office.c.level == "district"))
            if school.path.startswith(row.path)
        )
        assert school.path.startswith(top.path)
        holder(connection, Role.TECHNICIAN, district, "9000000001")
        holder(connection, Role.DISTRICT_ADMIN, district, "9000000002")
        for kind in tickets.Notice:
            alarms.tell(connection, b"ticket-1", kind, "t-s1", NOW)
        assert notices.send(connection, VAULT, NOW) == 3
        told = sent(connection)
        assert (len(told["9000000001"]), len(told["9000000002"])) == (1, 1)
        assert "day 3" in told["9000000001"][0]
        assert "a week is over" in told["9000000002"][0]
        assert "day 5" not in told["9000000002"][0]


def test_a_power_cut_is_one_message_and_who_is_nowhere_is_not_asked_again(ledger: Ledger) -> None:
    """S12."""
    with ledger.write() as connection:
        holder(connection, Role.TECHNICIAN, place(connection, "s1"), "9000000001")
        for n in range(60):
            alarms.raise_once(connection, ("t-s1", "silent"), str(n), "", NOW)
        alarms.raise_once(connection, ("t-s9", "silent"), "x", "", NOW)  # nobody looks after it
        assert notices.send(connection, VAULT, NOW) == 61
        (text,) = sent(connection)["9000000001"]
        assert sum("t-s1" in line for line in text.splitlines()) == 40
        assert text.count(advice("silent").do) == 1  # what to do is said once, however many there are
        assert "20 more" in text
        assert len(connection.execute(select(incident)).all()) == 61
        assert notices.send(connection, VAULT, NOW) == 0


# ── the morning's round ──


def test_the_round_is_made_once_a_day_and_not_before_nine(ledger: Ledger) -> None:
    with ledger.write() as connection:
        school = place(connection, "s1")
        holder(connection, Role.OFFICE_CUSTODIAN, school, "9000000001")
        custody.ask(connection, "test", school, "circular of today", NOW - 2 * DAY)
    assert duties.tick(ledger, VAULT, NOW)["custody"] == 1
    assert duties.tick(ledger, VAULT, NOW).total() == 0
    before_nine = start_ms(TODAY) + DAY + 8 * HOUR
    assert duties.tick(ledger, VAULT, before_nine).total() == 0
    assert duties.tick(ledger, VAULT, before_nine + 2 * HOUR)["custody"] == 1  # overdue, and said again
    with ledger.read() as connection:
        assert len(sent(connection)["9000000001"]) == 2


def test_strangers_that_no_match_settled_are_given_to_the_nodal_officer(ledger: Ledger) -> None:
    """S6."""
    with ledger.write() as connection:
        holder(connection, Role.NODAL_OFFICER, place(connection, "s1"), "9000000001")
        row = {"terminal": "t-s1", "log": bytes(8), "keyed": bytes(16), "kind": "in", "supervisor": bytes(8)}
        times = {"reason": "new", "wall_ms": 1, "known_ms": NOW - 4 * DAY, "state": "open"}
        for seq in (1, 2):
            connection.execute(insert(provisional).values(**row, **times, seq=seq))
    assert duties.tick(ledger, VAULT, NOW)["strangers"] == 1
    with ledger.read() as connection:
        assert set(connection.scalars(select(provisional.c.state))) == {"referred"}
        (text,) = sent(connection)["9000000001"]
        assert "2 vouched punches" in text


def test_on_the_first_the_late_orders_of_the_month_are_told_of(ledger: Ledger) -> None:
    """R6.4; and R1.17: the heads of sections hear on Mondays."""
    assert TODAY.weekday() == 0
    with ledger.write() as connection:
        root = connection.execute(select(office).where(office.c.parent.is_(None))).one()
        holder(connection, Role.STATE_ADMIN, Place(root.org, root.path), "9000000001")
        ref = somebody(connection, "s1")
        some = select(employee.c.division).where(employee.c.person == ref)  # nobody of it is enrolled
        connection.execute(update(division).where(division.c.code == connection.scalar(some)).values(head=ref))
        order = ServiceOrder(Kind.PROMOTION, TODAY, TODAY, "P/1", designation="teacher")
        late = Entry("authority-1", ref, order, start_ms(dt.date(2026, 5, 10)))
        service_ledger.record(connection, late, TODAY)
        connection.execute(update(service_event).values(recorded_ms=start_ms(dt.date(2026, 5, 12))))
    made = duties.tick(ledger, VAULT, NOW)
    assert made["late orders"] == 1
    assert made["coverage"] > 0
    with ledger.read() as connection:
        assert "In 05-2026 1 orders" in sent(connection)["9000000001"][0]
    assert duties.tick(ledger, VAULT, NOW + DAY)["coverage"] == 0


# ── roles follow the service ──


def roles(connection: Connection, who: bytes) -> list[Role]:
    return [one.role for one in grants.held(connection, who, now_ms() + 1)]


def asked(connection: Connection) -> list[str]:
    return [row.why for row in connection.execute(select(custody_task).order_by(custody_task.c.asked_ms))]


def test_a_custodian_who_is_moved_is_asked_about(ledger: Ledger) -> None:
    """R4.2: relieved, their roles end; and the office's custody report is due in two days, once."""
    with ledger.write() as connection:
        ref = somebody(connection, "s1")
        who = holder(connection, Role.OFFICE_CUSTODIAN, place(connection, "s1"), "9000000001", ref)
        ordered, relieved, _ = transfer(connection, ref, "s9")
        enter(connection, ref, ordered)
        assert (roles(connection, who), asked(connection)) == ([Role.OFFICE_CUSTODIAN], [])
        enter(connection, ref, relieved)
        assert (roles(connection, who), asked(connection)) == ([], ["its custodian was relieved"])
        service_ledger.apply(connection, ref, TODAY)
        assert len(asked(connection)) == 1
        (task,) = connection.execute(select(custody_task)).all()
        assert (task.path, task.due_ms - task.asked_ms) == (place(connection, "s1").path, 2 * DAY)


def test_a_custody_given_by_the_rules_is_judged_anew_after_a_posting(ledger: Ledger) -> None:
    """R4.2: joined elsewhere without being relieved, the custody is against the rules."""
    with ledger.write() as connection:
        ref = senior(connection, "s1")
        who = holder(connection, Role.OFFICE_CUSTODIAN, place(connection, "s1"), "9000000001", ref)
        connection.execute(update(account_grant).values(exception=""))
        ordered, _, joined = transfer(connection, ref, "s9")
        enter(connection, ref, ordered)
        enter(connection, ref, joined)
        assert asked(connection) == ["of its custodian: they are not posted at this office"]
        assert roles(connection, who) == [Role.OFFICE_CUSTODIAN]  # until the office says who follows


def test_suspension_ends_roles_and_reinstatement_gives_them_again(ledger: Ledger) -> None:
    """R6.1, R6.7."""
    with ledger.write() as connection:
        ref = somebody(connection, "s1")
        who = holder(connection, Role.SECTION_OFFICER, place(connection, "s1"), "9000000001", ref)
        enter(connection, ref, ServiceOrder(Kind.SUSPENSION, TODAY, TODAY, "S/1"))
        assert roles(connection, who) == []
        back = ServiceOrder(Kind.REINSTATEMENT, TODAY, TODAY, "S/2")
        enter(connection, ref, back)
        assert roles(connection, who) == [Role.SECTION_OFFICER]
        service_ledger.apply(connection, ref, TODAY)
        (one,) = grants.held(connection, who, now_ms() + 1)
        assert (one.given_by, one.reason) == (postings.WHO, "reinstated")
        grants.end(connection, COMMAND, one.id, "no more", now_ms() + 1)
        service_ledger.apply(connection, ref, TODAY)
        assert roles(connection, who) == []  # what was ended by hand since is not given again


def test_a_dismissal_after_a_suspension_gives_nothing_back(ledger: Ledger) -> None:
    with ledger.write() as connection:
        ref = somebody(connection, "s1")
        who = holder(connection, Role.SECTION_OFFICER, place(connection, "s1"), "9000000001", ref)
        for n, kind in enumerate((Kind.SUSPENSION, Kind.DISMISSAL, Kind.RETURN_TO_SERVICE)):
            day = TODAY - dt.timedelta(days=3 - n)
            enter(connection, ref, ServiceOrder(kind, day, day, f"D/{n}"))
        assert roles(connection, who) == []


# ── terminals hear of it ──


def test_the_terminals_of_the_old_office_prove_that_they_forgot(ledger: Ledger) -> None:
    """R6.7: ordered when the new terminal has the person, and of the old office's terminals alone."""
    with ledger.write() as connection:
        ref = somebody(connection, "s1")
        for one in transfer(connection, ref, "s9"):
            enter(connection, ref, one)
        assert connection.execute(select(terminal_order)).all() == []
        has_everything(connection, "t-s9")
        assert service_ledger.thaw(connection, TODAY) == [ref]
        (order,) = connection.execute(select(terminal_order)).all()
        assert (order.terminal, order.kind, order.person) == ("t-s1", int(OrderKind.WIPE), ref)


def test_a_terminal_that_moves_forgets_who_was_there(ledger: Ledger) -> None:
    """S7: and knows who is where it stands now."""
    with ledger.write() as connection:
        old, new = somebody(connection, "s1"), somebody(connection, "s9")
        roster.everybody(connection, "t-s1")
        assert "t-s1" in told(connection, old)
        where = places.Place(NOW, at(connection, "s9"), "Gate", "")
        places.move(connection, "t-s1", where, "test", "moved", NOW)
        assert "t-s1" not in on_rosters(connection, old)
        assert "t-s1" in on_rosters(connection, new)
        assert {"t-s1"} <= told(connection, old) & told(
            connection, new
        )  # the one to be forgotten, the other to be known
        version = connection.scalar(select(terminal.c.roster_version).where(terminal.c.id == "t-s1"))
        assert version is not None
        has_everything(connection, "t-s1")


def test_who_is_given_other_digits_is_found_by_them_alone(ledger: Ledger) -> None:
    """S5, S6."""
    with ledger.write() as connection:
        ref = somebody(connection, "s1")
        attendance_ids.put(connection, VAULT, ref, "918273", Basis.GIVEN)
        assert fetch.namesakes(connection, VAULT, "918273") == [ref]
        attendance_ids.put(connection, VAULT, ref, "918274", Basis.GIVEN)
        assert fetch.namesakes(connection, VAULT, "918273") == []
        assert fetch.namesakes(connection, VAULT, "918274") == [ref]
        assert connection.execute(select(digits_name.c.name).where(digits_name.c.person == ref)).all() != []
        fetch.forget_name(connection, ref)
        assert fetch.namesakes(connection, VAULT, "918274") == []
        assert fetch.name_everybody(connection, VAULT) == 1
        assert fetch.namesakes(connection, VAULT, "918274") == [ref]


def test_a_file_that_is_told_twice_registers_nobody_again(ledger: Ledger) -> None:
    """Name and digits together are somebody; the same digits of another name are not."""
    here, namesake = (Registration(name, "271828") for name in ("Synthetic One", "Synthetic Two"))
    others = [Registration(f"Synthetic {n}", f"{n:06}") for n in range(20)]
    (ref,) = register(ledger, VAULT, [here])
    with ledger.write() as connection:
        check_new(connection, VAULT, [*others, namesake])
        with pytest.raises(PeopleError, match=ref.hex()):
            check_new(connection, VAULT, [*others, here])


def test_the_days_of_an_order_ahead_move_roles_when_they_come(ledger: Ledger) -> None:
    with ledger.write() as connection:
        ref = somebody(connection, "s1")
        who = holder(connection, Role.SECTION_OFFICER, place(connection, "s1"), "9000000001", ref)
        ahead = TODAY + dt.timedelta(days=3)
        enter(connection, ref, ServiceOrder(Kind.RESIGNATION, ahead, TODAY, "R/1"))
        assert roles(connection, who) == [Role.SECTION_OFFICER]
    daily.tick(ledger, start_ms(TODAY))
    daily.tick(ledger, start_ms(ahead) + 1)
    with ledger.read() as connection:
        assert roles(connection, who) == []
        assert connection.scalar(select(person.c.active).where(person.c.ref == ref)) is False
        assert connection.scalar(select(employee.c.service).where(employee.c.person == ref)) == "left"
