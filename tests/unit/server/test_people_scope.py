"""The service ledger written down, and the scope of rosters that follows from it. Everybody is synthetic."""

import datetime as dt
import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select, update

from server import PeopleError
from server.access import accounts, grants
from server.access.grants import Giver, Wish
from server.access.keys import AccessKeys
from server.access.roles import Role
from server.access.scope import Place as AccessPlace
from server.access.scope import Scope
from server.fleet import roster
from server.ledger.store import Ledger, now_ms, upsert
from server.ledger.tables import (
    employee,
    message,
    office,
    person,
    placement,
    roster_change,
    service_event,
    template,
    terminal,
)
from server.ledger.tables import terminal_state as beat
from server.people import daily, office_ledger, orgs, scope, service_ledger
from server.people.days import day_of, start_ms
from server.people.office_life import OfficeKind
from server.people.offices import Order
from server.people.service import Kind, Service, ServiceOrder
from server.people.service_ledger import Entry
from tests.unit.server.departments import VAULT, department

DAY = dt.date(2026, 4, 10)
TODAY = dt.date(2026, 6, 1)


def after(days: int) -> dt.date:
    return DAY + dt.timedelta(days=days)


@pytest.fixture
def ledger(tmp_path: Path, database: str) -> Iterator[Ledger]:
    one = department(tmp_path, 20, database)
    with one.write() as connection:
        for code in ("s1", "s2", "s9", "d1"):
            hang(connection, f"t-{code}", at(connection, code))
        hang(connection, "t-all", None)
    yield one
    one.close()


def hang(connection: Connection, name: str, where: bytes | None) -> None:
    keys = {"record_key": bytes(32), "seal_key": bytes(32), "lookup_key": b""}
    row = {"id": name, "state": "active", **keys, "roster_version": 0, "admitted_ms": 0, "office": where}
    connection.execute(insert(terminal).values(**row))


def at(connection: Connection, code: str) -> bytes:
    found: bytes = connection.execute(select(office.c.id).where(office.c.code == code)).scalar_one()
    return found


def somebody(connection: Connection, code: str) -> bytes:
    asked = select(person.c.ref).where(person.c.office == at(connection, code)).order_by(person.c.ref).limit(1)
    found: bytes = connection.execute(asked).scalar_one()
    return found


def on_rosters(connection: Connection, ref: bytes) -> set[str]:
    names = connection.scalars(select(terminal.c.id)).all()
    stands = select(person.c.ref).where(person.c.ref == ref)
    return {one for one in names if connection.scalar(stands.where(scope.here(connection, one))) is not None}


def told(connection: Connection, ref: bytes) -> set[str]:
    return set(connection.scalars(select(roster_change.c.terminal).where(roster_change.c.person == ref)))


def has_everything(connection: Connection, one: str) -> None:
    version = connection.execute(select(terminal.c.roster_version).where(terminal.c.id == one)).scalar_one()
    row = {"terminal": one, "session": bytes(8), "online": True, "last_seen_ms": 0, "log": bytes(8), "seq": 0}
    upsert(connection, beat, {**row, "backlog": 0, "roster_version": version}, "roster_version")


def enter(connection: Connection, ref: bytes, one: ServiceOrder, today: dt.date = TODAY) -> service_ledger.Recorded:
    return service_ledger.record(connection, Entry("authority-1", ref, one, start_ms(one.ordered_on)), today, VAULT)


def login(connection: Connection, role: Role, where: str) -> str:
    """An account with a role at a path of the tree, as entries name it."""
    place, keys = AccessPlace("sample-3", where), AccessKeys(VAULT.key)
    new = accounts.New(f"synthetic.{os.urandom(4).hex()}", "Synthetic", place)
    who, _ = accounts.create(connection, keys, "test", new, now_ms())
    grants.give(connection, Giver("test", command=True), Wish(who, role, place, "order 1", 0), now_ms())
    return f"account {who.hex()}"


def transfer(connection: Connection, ref: bytes, to: str) -> list[ServiceOrder]:
    here = connection.execute(select(person.c.office).where(person.c.ref == ref)).scalar_one()
    there = at(connection, to)
    return [
        ServiceOrder(Kind.TRANSFER, TODAY, after(5), "T/1", here, there),
        ServiceOrder(Kind.RELIEVING, TODAY, TODAY, "T/2", here),
        ServiceOrder(Kind.JOINING, TODAY, TODAY, "T/3", None, there),
    ]


def test_a_person_is_on_the_terminals_of_their_office_alone(ledger: Ledger) -> None:
    """R1.13, with the region left at one office."""
    with ledger.read() as connection:
        assert on_rosters(connection, somebody(connection, "s1")) == {"t-s1", "t-all"}
        assert on_rosters(connection, somebody(connection, "d1")) == {"t-d1", "t-all"}


@pytest.mark.parametrize(
    ("region", "where"),
    [
        ("office", {"t-s1", "t-all"}),
        ("zone", {"t-s1", "t-s2", "t-all"}),
        ("district", {"t-s1", "t-s2", "t-s9", "t-d1", "t-all"}),
        ("state", {"t-s1", "t-s2", "t-s9", "t-d1", "t-all"}),
    ],
)
def test_how_far_a_person_is_known_is_a_setting(ledger: Ledger, region: str, where: set[str]) -> None:
    """R1.12, R1.13."""
    with ledger.write() as connection:
        orgs.configure(connection, "sample-3", "region", region)
        ref = somebody(connection, "s1")
        assert on_rosters(connection, ref) == where
        assert set(scope.targets(connection, [ref])) == where


def test_who_has_no_office_is_everybodys(ledger: Ledger) -> None:
    with ledger.write() as connection:
        ref = bytes(8)
        row = {"ref": ref, "name": "Sample", "digits": b"", "flags": 0, "active": True, "since_ms": 0}
        connection.execute(insert(person).values(**row))
        assert on_rosters(connection, ref) == set(scope.targets(connection, [ref]))
        assert len(on_rosters(connection, ref)) == 5


def test_a_transfer_moves_the_roster_before_the_person(ledger: Ledger) -> None:
    """R6.7, S6: known at the new office first, forgotten at the old one when the new terminal has confirmed."""
    with ledger.write() as connection:
        ref = somebody(connection, "s1")
        ordered, relieved, joined = transfer(connection, ref, "s9")
        enter(connection, ref, ordered)
        assert on_rosters(connection, ref) == {"t-s1", "t-s9", "t-all"}
        enter(connection, ref, relieved)
        assert on_rosters(connection, ref) == {"t-s1", "t-s9"} | {"t-all"}
        enter(connection, ref, joined)
        assert service_ledger.thaw(connection, TODAY) == []
        has_everything(connection, "t-s9")
        assert service_ledger.thaw(connection, TODAY) == [ref]
        assert on_rosters(connection, ref) == {"t-s9", "t-all"}
        assert told(connection, ref) >= {"t-s1", "t-s9"}
        service_ledger.apply(connection, ref, TODAY)
        assert on_rosters(connection, ref) == {"t-s9", "t-all"}
    assert daily.tick(ledger, start_ms(TODAY)).released == 0


@pytest.mark.parametrize("entered", list(permutations(range(3))))
def test_a_transfer_entered_in_any_order_ends_the_same(ledger: Ledger, entered: tuple[int, ...]) -> None:
    """R6.4: the order of entry has no say in the outcome."""
    with ledger.write() as connection:
        ref = somebody(connection, "s1")
        orders = transfer(connection, ref, "s9")
        for n in entered:
            enter(connection, ref, orders[n])
        now = service_ledger.standing(connection, ref, TODAY)
        assert (now.posted, now.service) == (at(connection, "s9"), Service.SERVING)
        assert connection.scalar(select(person.c.office).where(person.c.ref == ref)) == at(connection, "s9")
        places = dict(connection.execute(select(placement.c.office, placement.c.standing)).all())
        assert places == {at(connection, "s1"): "frozen"}


def test_an_order_is_effective_on_its_day_by_itself(ledger: Ledger) -> None:
    """R6.7: from 00:00 IST of the relieving date, without anybody doing anything."""
    with ledger.write() as connection:
        ref = somebody(connection, "s1")
        enter(connection, ref, transfer(connection, ref, "s9")[1], after(0))
        assert connection.scalar(select(person.c.office).where(person.c.ref == ref)) == at(connection, "s1")
    midnight = start_ms(TODAY)
    assert daily.tick(ledger, midnight - 1).people == 0
    assert daily.tick(ledger, midnight).people == 1
    assert daily.tick(ledger, midnight + 3_600_000).people == 0
    with ledger.read() as connection:
        assert connection.scalar(select(person.c.office).where(person.c.ref == ref)) is None
        assert on_rosters(connection, ref) == {"t-s1", "t-all"}


def test_demise_destroys_templates_and_leaving_does_not(ledger: Ledger) -> None:
    """R6.7."""
    with ledger.write() as connection:
        dead, gone = somebody(connection, "s1"), somebody(connection, "s2")
        roster.everybody(connection, "t-s1")
        for ref in (dead, gone):
            row = {"person": ref, "finger": 1, "version": 1, "sealed": b"x", "terminal": "t-s1", "since_ms": 0}
            connection.execute(insert(template).values(**row))
        enter(connection, dead, ServiceOrder(Kind.DEMISE, TODAY, TODAY, "D/1"))
        enter(connection, gone, ServiceOrder(Kind.RESIGNATION, TODAY, TODAY, "R/1"))
        assert connection.scalars(select(template.c.person)).all() == [gone]
        assert on_rosters(connection, dead) == on_rosters(connection, gone) == set()
        assert told(connection, dead) == {"t-s1", "t-all"}
        enter(connection, gone, ServiceOrder(Kind.RETURN_TO_SERVICE, TODAY, TODAY, "R/2"))
        assert on_rosters(connection, gone) == {"t-s2", "t-all"}


def test_an_order_entered_late_is_flagged_and_its_branch_told(ledger: Ledger) -> None:
    """R6.4, R6.6: head and officer of the branch are both written to."""
    with ledger.write() as connection:
        ref, head, officer = (somebody(connection, code) for code in ("s1", "d1", "st"))
        owners = {"name": "Administration", "name_hi": "प्रशासन", "head": head, "officer": officer}
        orgs.put_division(connection, "sample-3", "administration", owners)
        late = ServiceOrder(Kind.SUSPENSION, TODAY, TODAY, "S/1")
        entry = Entry("authority-1", ref, late, start_ms(TODAY), "administration")
        assert service_ledger.record(connection, entry, TODAY, VAULT).back_entered
        assert len(connection.execute(select(message)).all()) == 2
        in_time = replace(entry, order=replace(late, order_no="S/2"), issued_ms=2**45)
        assert not service_ledger.record(connection, in_time, TODAY, VAULT).back_entered
        recorded = connection.execute(select(service_event.c.recorded_ms)).scalars().first()
        month = dt.datetime.fromtimestamp((recorded or 0) / 1000, dt.UTC).date()
        listed = service_ledger.irregular(connection, "sample-3", month)
        assert [(one["order_no"], one["back_entered"]) for one in listed] == [("S/1", True), ("S/2", False)]
        assert service_ledger.irregular(connection, "sample-3", dt.date(2020, 1, 1)) == []


def test_an_order_entered_at_the_console_is_flagged_and_one_by_login_is_not(ledger: Ledger) -> None:
    """R6.3: in time, and of no account; head and officer of the branch hear of it. Who has left is listed, too."""
    with ledger.write() as connection:
        ref, head = (somebody(connection, code) for code in ("s1", "d1"))
        owners = {"name": "Administration", "name_hi": "प्रशासन", "head": head, "officer": None}
        orgs.put_division(connection, "sample-3", "administration", owners)
        top = connection.scalar(select(office.c.path).where(office.c.parent.is_(None))) or ""
        issuer = login(connection, Role.ORDER_ISSUER, top)
        order = ServiceOrder(Kind.SUSPENSION, TODAY, TODAY, "S/1")
        by_login = service_ledger.record(connection, Entry(issuer, ref, order, 2**45), TODAY, VAULT)
        assert by_login.by_login
        assert connection.execute(select(message)).all() == []
        order = ServiceOrder(Kind.RESIGNATION, TODAY, TODAY, "R/1")
        entry = Entry("console:root", ref, order, 2**45, "administration")
        at_console = service_ledger.record(connection, entry, TODAY, VAULT)
        assert not at_console.back_entered
        assert not at_console.by_login
        assert len(connection.execute(select(message)).all()) == 1
        listed = service_ledger.irregular(connection, "sample-3", day_of(now_ms()))
        assert [one["order_no"] for one in listed] == ["R/1"]
        assert connection.scalar(select(person.c.office).where(person.c.ref == ref)) is None
        stood = select(service_ledger.stood_at()).join_from(person, employee).where(person.c.ref == ref)
        assert connection.scalar(stood) == at(connection, "s1")
        service_ledger.cancel(connection, "console:root", at_console.id, "R/2", TODAY)
        listed = service_ledger.irregular(connection, "sample-3", day_of(now_ms()))
        assert [one["order_no"] for one in listed] == ["R/1", "R/2"]


def test_a_cancelled_order_stays_and_has_no_effect(ledger: Ledger) -> None:
    with ledger.write() as connection:
        ref = somebody(connection, "s1")
        done = enter(connection, ref, ServiceOrder(Kind.RESIGNATION, TODAY, TODAY, "R/1"))
        assert on_rosters(connection, ref) == set()
        service_ledger.cancel(connection, "authority-1", done.id, "R/9", TODAY)
        assert on_rosters(connection, ref) == {"t-s1", "t-all"}
        assert len(connection.execute(select(service_event)).all()) == 2
        with pytest.raises(PeopleError, match="cancelled already"):
            service_ledger.cancel(connection, "authority-1", done.id, "R/9", TODAY)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"to_office": bytes(8)}, "not an office"),
        ({"from_office": bytes(8)}, "not an office"),
        ({"designation": "pilot"}, "not in this organisation's list"),
        ({"order_no": ""}, "order number"),
        ({"order_no": "x\x00"}, "order number"),
    ],
)
def test_what_is_not_of_this_organisation_is_refused(ledger: Ledger, changed: dict[str, object], says: str) -> None:
    with ledger.write() as connection:
        ref = somebody(connection, "s1")
        bad = replace(transfer(connection, ref, "s9")[0], **changed)  # type: ignore[arg-type]
        with pytest.raises(PeopleError, match=says):
            enter(connection, ref, bad)
        with pytest.raises(PeopleError, match="nobody is employed"):
            enter(connection, bytes(8), bad)
        assert connection.execute(select(service_event)).all() == []


def test_an_order_is_entered_once_and_by_somebody(ledger: Ledger) -> None:
    """R6.3."""
    with ledger.write() as connection:
        ref = somebody(connection, "s1")
        one = ServiceOrder(Kind.SUSPENSION, TODAY, TODAY, "S/1")
        enter(connection, ref, one)
        with pytest.raises(PeopleError, match="already"):
            enter(connection, ref, one)
        with pytest.raises(PeopleError, match="login"):
            service_ledger.record(connection, Entry("", ref, replace(one, order_no="S/2"), 0), TODAY)


def test_an_account_enters_orders_as_the_issuing_authority_of_where_the_person_is(ledger: Ledger) -> None:
    """R6.3, whatever asks: the page, a program, a console."""
    one = ServiceOrder(Kind.SUSPENSION, TODAY, TODAY, "S/1")
    with ledger.write() as connection:
        ref, path = somebody(connection, "s1"), select(office.c.path).where(office.c.org == "sample-3")
        school, district = (str(connection.scalar(path.where(office.c.code == code))) for code in ("s1", "d1"))
        elsewhere = str(connection.scalar(path.where(office.c.code == "s2")))

        def entered_by(role: Role, where: str) -> service_ledger.Recorded:
            return service_ledger.record(connection, Entry(login(connection, role, where), ref, one, 2**45), TODAY)

        for role, where in ((Role.NODAL_OFFICER, district), (Role.ORDER_ISSUER, elsewhere)):
            with pytest.raises(PeopleError, match="login of whoever issues it"):
                entered_by(role, where)
        assert connection.execute(select(service_event)).all() == []
        done = entered_by(Role.ORDER_ISSUER, school)
        with pytest.raises(PeopleError, match="login of whoever issues it"):
            service_ledger.cancel(connection, "", done.id, "S/2", TODAY)
        assert len(service_ledger.orders(connection, ref)) == 1


def test_a_closed_office_expects_nobody_and_its_terminals_are_listed(ledger: Ledger) -> None:
    """R6.8."""
    with ledger.write() as connection:
        ref, school = somebody(connection, "s1"), at(connection, "s1")
        closing = Order("authority-1", TODAY, "C/1", TODAY)
        office_ledger.record(connection, school, OfficeKind.CLOSE, {}, closing, TODAY)
        assert on_rosters(connection, ref) == {"t-all"}
        assert scope.convergence(connection, "t-s1").people == 0
        assert office_ledger.stranded(connection, "sample-3") == [("t-s1", school)]
        elsewhere = frozenset({AccessPlace("sample-3", "/elsewhere/")})
        assert office_ledger.stranded(connection, "sample-3", Scope(frozenset(), elsewhere)) == []
        with pytest.raises(PeopleError, match="not open"):
            enter(connection, somebody(connection, "s2"), ServiceOrder(Kind.JOINING, TODAY, TODAY, "J", None, school))


def test_a_merged_schools_people_go_with_it(ledger: Ledger) -> None:
    """R6.8."""
    with ledger.write() as connection:
        ref, gone, into = somebody(connection, "s1"), at(connection, "s1"), at(connection, "s9")
        told_of = {"into": into}
        office_ledger.record(connection, gone, OfficeKind.MERGE, told_of, Order("a", TODAY, "M/1", TODAY), TODAY)
        assert on_rosters(connection, ref) == {"t-s9", "t-all"}


def test_convergence_says_how_far_a_terminal_is(ledger: Ledger) -> None:
    """R1.13: per-terminal convergence state is visible."""
    with ledger.write() as connection:
        ref = somebody(connection, "s1")
        enter(connection, ref, transfer(connection, ref, "s9")[0])
        before = scope.convergence(connection, "t-s9")
        assert (before.has, before.waiting, before.done) == (None, 1, False)
        has_everything(connection, "t-s9")
        after_ = scope.convergence(connection, "t-s9")
        assert (after_.done, after_.people) == (True, before.people)
        connection.execute(update(terminal).values(state="revoked"))
        assert scope.targets(connection, [ref]) == {}
