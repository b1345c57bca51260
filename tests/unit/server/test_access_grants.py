"""Who may be given what, by whom, and who may hold the portals of an office (R4.2 to R4.4)."""

from collections.abc import Iterator

import pytest
from sqlalchemy import delete, insert, select, update

from server import AccessError
from server.access import accounts, custody, grants
from server.access.custody import Objection
from server.access.grants import Giver, Wish
from server.access.roles import ROLES, Role
from server.access.scope import EVERYWHERE, Place, Scope
from server.ledger.store import now_ms
from server.ledger.tables import (
    account,
    account_grant,
    account_session,
    custody_task,
    designation,
    employee,
    office,
    person,
)
from server.web import csv
from tests.databases import fresh_url
from tests.unit.server.world import OWN, World, mark, world

COMMAND = Giver("test", command=True)
STATE, DISTRICT, ZONE = Place("hr", "/hr/"), Place("hr", "/hr/d1/"), Place("hr", "/hr/d1/z1/")
POSTS = {"chief": (72, False), "zonal": (60, False), "clerk": (20, False), "master": (36, True)}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, database: str) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("world"), fresh_url(database)) as one:
        with one.running.ledger.write() as connection:
            for code, (rank, teaching) in POSTS.items():
                names = {"name": code, "name_hi": code, "equivalent": "mts", "pay_band": "", "active": True}
                row = {"org": "hr", "code": code, "rank": rank, "teaching": teaching, "grade_pay": None}
                connection.execute(insert(designation).values(**row, **names))
        yield one


def posted(made: World, place: Place, post: str) -> bytes:
    """Somebody new at a place, with an account."""
    (ref,) = made.running.people(1)
    with made.running.ledger.write() as connection:
        values = {"office": made.offices[place], "name": f"Synthetic {post}"}
        connection.execute(update(person).where(person.c.ref == ref).values(**values))
        told = {"gender": "", "born_on": "", "email": "", "mobile": "", "division": "", "base_designation": post}
        row = {
            "person": ref,
            "org": "hr",
            "kind": "government",
            "designation": post,
            "base_on": "",
        }
        connection.execute(insert(employee).values(**row, **told, service="active", synthetic=True))
    return made.account(None, place, ref)


def give(made: World, who: bytes, role: Role, place: Place, giver: Giver = COMMAND, **more: object) -> bytes:
    wish = Wish(who, role, place, "order 1 of today", now_ms(), **more)  # type: ignore[arg-type]
    with made.running.ledger.write() as connection:
        return grants.give(connection, giver, wish, now_ms())


def giver(made: World, role: Role, place: Place) -> Giver:
    who = made.account(role, place)
    with made.running.ledger.read() as connection:
        return Giver(f"account {who.hex()}", tuple(grants.held(connection, who, now_ms())))


@pytest.fixture(autouse=True)
def nobody_posted(made: World) -> None:
    with made.running.ledger.write() as connection:
        mine = select(employee.c.person).where(employee.c.synthetic)
        connection.execute(update(person).where(person.c.ref.in_(mine)).values(office=None))
        connection.execute(delete(custody_task))
        connection.execute(delete(account_session))
        connection.execute(delete(account_grant))


def test_the_senior_most_posted_there_holds_the_portal_and_nobody_else(made: World) -> None:
    """R4.2."""
    senior, junior = posted(made, ZONE, "zonal"), posted(made, ZONE, "clerk")
    elsewhere = posted(made, DISTRICT, "chief")
    with pytest.raises(AccessError, match="somebody senior is posted there"):
        give(made, junior, Role.ZONAL_CUSTODIAN, ZONE)
    with pytest.raises(AccessError, match="not posted at this office"):
        give(made, elsewhere, Role.ZONAL_CUSTODIAN, ZONE)
    give(made, senior, Role.ZONAL_CUSTODIAN, ZONE)
    with pytest.raises(AccessError, match="hold it here already"):
        give(made, senior, Role.ZONAL_CUSTODIAN, ZONE)


@pytest.mark.parametrize(("place", "role"), [(ZONE, Role.ZONAL_CUSTODIAN), (DISTRICT, Role.DISTRICT_ADMIN)])
def test_no_teacher_at_a_district_or_a_zone_even_by_exception(made: World, place: Place, role: Role) -> None:
    """R4.3."""
    alone = posted(made, place, "master")
    for exception in ("", "nobody else is there"):
        with pytest.raises(AccessError, match="teacher or master"):
            give(made, alone, role, place, exception=exception)
    school = posted(made, OWN, "master")
    give(made, school, Role.OFFICE_CUSTODIAN, OWN)  # at a school they may


def test_an_exception_is_recorded_and_only_the_state_makes_it(made: World) -> None:
    """R4.2."""
    posted(made, ZONE, "zonal")
    junior = posted(made, ZONE, "clerk")
    with pytest.raises(AccessError, match="the state's to make"):
        give(made, junior, Role.ZONAL_CUSTODIAN, ZONE, giver(made, Role.DISTRICT_ADMIN, DISTRICT), exception="on leave")
    give(made, junior, Role.ZONAL_CUSTODIAN, ZONE, giver(made, Role.STATE_ADMIN, STATE), exception="on leave")
    with made.running.ledger.read() as connection:
        assert [one.exception for one in grants.held(connection, junior, now_ms())] == ["on leave"]
        mine = Scope(frozenset(), frozenset({ZONE}))
        assert junior not in {one.account for one in custody.violations(connection, mine, now_ms())}


def test_a_transfer_makes_a_custody_wrong_and_the_check_finds_it(made: World) -> None:
    """R4.2, R4.3."""
    mine = Scope(frozenset(), frozenset({ZONE}))
    holder = posted(made, ZONE, "clerk")
    give(made, holder, Role.ZONAL_CUSTODIAN, ZONE)
    with made.running.ledger.read() as connection:
        assert custody.violations(connection, mine, now_ms()) == []
    posted(made, ZONE, "zonal")
    with made.running.ledger.read() as connection:
        (one,) = custody.violations(connection, mine, now_ms())
    assert (one.account, one.objection) == (holder, Objection.NOT_SENIOR)
    with made.running.ledger.write() as connection:
        ref = connection.scalar(select(account.c.person).where(account.c.id == holder))
        connection.execute(update(person).where(person.c.ref == ref).values(office=made.offices[OWN]))
    with made.running.ledger.read() as connection:
        (one,) = custody.violations(connection, mine, now_ms())
    assert one.objection is Objection.NOT_POSTED


def test_handing_over_is_an_event_and_ends_the_others_sessions(made: World) -> None:
    """R4.2."""
    first = posted(made, ZONE, "clerk")
    give(made, first, Role.ZONAL_CUSTODIAN, ZONE)
    cookie = made.session(first)
    second = posted(made, ZONE, "zonal")
    give(made, second, Role.ZONAL_CUSTODIAN, ZONE)
    with made.running.ledger.read() as connection:
        assert [one.account for one in grants.holders(connection, Role.ZONAL_CUSTODIAN, ZONE, now_ms())] == [second]
        went = custody.handovers(connection, Scope(frozenset(), frozenset({ZONE})))
        assert (first, second) in {(one.came_from, one.goes_to) for one in went}
        below = custody.handovers(connection, Scope(frozenset(), frozenset({OWN})))
        assert ZONE not in {one.place for one in below}
        assert grants.held(connection, first, now_ms()) == []
        (ended,) = grants.of(connection, first)
    assert ended.to_ms is not None
    assert made.visitor(Role.VIEWER, OWN).one("/").status_code == 200
    caller = made.visitor(Role.VIEWER, OWN)
    caller.cookie = cookie
    assert caller.one("/custody").status_code == 303


def test_a_role_of_custody_has_one_session(made: World) -> None:
    for role, place, kept in ((Role.OFFICE_CUSTODIAN, OWN, False), (Role.REPORTING_OFFICER, OWN, True)):
        who = made.account(role, place)
        caller = made.visitor(Role.VIEWER, OWN)
        first, second = made.session(who), made.session(who)
        for cookie, open_ in ((first, kept), (second, True)):
            caller.cookie = cookie
            assert (caller.one("/account").status_code == 200) is open_


@pytest.mark.parametrize(
    ("role", "place", "says"),
    [
        (Role.STATE_ADMIN, STATE, "not yours to give"),
        (Role.DISTRICT_ADMIN, DISTRICT, "not yours to give"),
        (Role.AUDITOR, DISTRICT, "not yours to give"),
        (Role.TECHNICIAN, Place("hr", "/hr/d2/"), "not yours to give"),
        (Role.TECHNICIAN, Place("jk", "/jk/d1/"), "not yours to give"),
        (Role.TECHNICIAN, EVERYWHERE, "not yours to give"),
        (Role.CENTRAL_PULLER, DISTRICT, "not yours to give"),
        (Role.EMPLOYEE, DISTRICT, "not yours to give"),
        (Role.TECHNICIAN, Place("hr", "/hr/d1/no/"), "no such office"),
        (Role.ZONAL_CUSTODIAN, DISTRICT, "is not held at a district"),
    ],
)
def test_nobody_gives_what_is_not_theirs(made: World, role: Role, place: Place, says: str) -> None:
    admin = giver(made, Role.DISTRICT_ADMIN, DISTRICT)
    with pytest.raises(AccessError, match=says):
        give(made, made.account(None, DISTRICT), role, place, admin)


def test_an_officer_gives_nothing(made: World) -> None:
    for role in set(ROLES) - {Role.STATE_ADMIN, Role.DISTRICT_ADMIN}:
        one = Giver("x", (grants.Held(b"", b"", role, STATE, 0, None, "", "", ""),))
        assert not any(one.may(other, OWN) for other in Role)


def test_whoever_watches_does_not_do(made: World) -> None:
    who = made.account(Role.AUDITOR, STATE)
    with pytest.raises(AccessError, match="watches does not do"):
        give(made, who, Role.STATE_ADMIN, STATE, exception="none")
    who = made.account(Role.DISTRICT_ADMIN, DISTRICT)
    with pytest.raises(AccessError, match="watches does not do"):
        give(made, who, Role.AUDITOR, STATE)


def test_a_grant_begins_and_ends_by_its_dates(made: World) -> None:
    now, who = now_ms(), made.account(None, DISTRICT)
    with made.running.ledger.write() as connection:
        wish = Wish(who, Role.TECHNICIAN, DISTRICT, "from tomorrow", now + 1000, now + 2000)
        grants.give(connection, COMMAND, wish, now)
        assert [len(grants.held(connection, who, now + n)) for n in (0, 999, 1000, 1999, 2000)] == [0, 0, 1, 1, 0]
        with pytest.raises(AccessError, match="before it begins"):
            grants.give(connection, COMMAND, Wish(who, Role.AUDITOR, STATE, "backwards", now, now - 1), now)


def test_ending_is_for_who_could_give(made: World) -> None:
    who = made.account(None, DISTRICT)
    grant = give(made, who, Role.TECHNICIAN, DISTRICT)
    elsewhere = giver(made, Role.DISTRICT_ADMIN, Place("hr", "/hr/d2/"))
    with made.running.ledger.write() as connection:
        for other in (elsewhere, Giver("x")):
            with pytest.raises(AccessError, match="no such grant"):
                grants.end(connection, other, grant, "reason", now_ms())
        with pytest.raises(AccessError, match="say why"):
            grants.end(connection, COMMAND, grant, " ", now_ms())
        grants.end(connection, COMMAND, grant, "over", now_ms())
        with pytest.raises(AccessError, match="no such grant"):
            grants.end(connection, COMMAND, grant, "over", now_ms())


# ── the register and its report ──


def test_the_register_has_the_five_columns_of_the_circular(made: World) -> None:
    """R4.4."""
    with made.running.ledger.write() as connection:
        new = accounts.New("synthetic.zonal", "=Synthetic Zonal", ZONE, "Zonal Officer", "9000000001")
        who, _ = accounts.create(connection, made.keys, "test", new, now_ms())
    give(made, who, Role.ZONAL_CUSTODIAN, ZONE, exception="nobody is registered there yet")
    answer = made.visitor(Role.DISTRICT_ADMIN, DISTRICT).one("/custody.csv")
    lines = answer.content.decode("utf-8-sig").split("\r\n")
    assert (
        lines[0]
        == "S.No,Name of Office CEO/ZEO,Name of Official entrusted Charge of Biometric/Faceapp,Design.,Mobile No"
    )
    assert len(custody.HEADINGS) == 5
    assert f"Office {mark(ZONE)},'=Synthetic Zonal,Zonal Officer,9000000001" in answer.text
    assert lines[1].startswith("1,")
    assert any(line.endswith(f"Office {mark(Place('hr', '/hr/d1/z2/'))},,,") for line in lines)  # entrusted to nobody
    assert "d2" not in answer.text


def test_the_report_is_due_in_two_days_with_reminders(made: World) -> None:
    """R4.4."""
    day, now = custody.DAY_MS, now_ms()
    with made.running.ledger.write() as connection:
        task = custody.ask(connection, "test", ZONE, "circular of today", now)
        times = (0, day - 1, day, day + 5, 2 * day)
        assert [len(custody.to_remind(connection, now + n)) for n in times] == [0, 0, 1, 0, 1]
        (one,) = custody.tasks(connection, Scope(frozenset(), frozenset({DISTRICT})))
        assert custody.tasks(connection, Scope(frozenset(), frozenset({OWN}))) == []
        assert (one.id, one.due_ms - one.asked_ms) == (task, 2 * day)
        assert (one.overdue(now + 2 * day), one.overdue(now + 2 * day + 1)) == (False, True)


def test_only_a_register_by_the_rules_is_certified(made: World) -> None:
    """R4.3."""
    wrong = made.account(Role.ZONAL_CUSTODIAN, Place("hr", "/hr/d1/z2/"), exception="")
    scope, now = Scope(frozenset(), frozenset({DISTRICT})), now_ms()
    with made.running.ledger.write() as connection:
        task = custody.ask(connection, "test", Place("hr", "/hr/d1/z2/"), "circular of today", now)
        with pytest.raises(AccessError, match="1 custodies are against the rules"):
            custody.certify(connection, made.keys, "test", scope, task, now)
        (held,) = grants.held(connection, wrong, now + 1)
        grants.end(connection, COMMAND, held.id, "handed over", now + 1)
        with pytest.raises(AccessError, match="no such report"):
            custody.certify(connection, made.keys, "test", Scope(frozenset(), frozenset({OWN})), task, now + 2)
        custody.certify(connection, made.keys, "test", scope, task, now + 2)
        row = connection.execute(select(custody_task)).one()
        assert (row.done_by, row.violations, len(row.digest)) == ("test", 0, 32)


def test_an_office_that_closed_is_not_in_the_register(made: World) -> None:
    place = Place("hr", "/hr/d10/")
    scope = Scope(frozenset(), frozenset({place}))
    with made.running.ledger.write() as connection:
        assert len(custody.register(connection, made.keys, scope, now_ms())) == 1
        connection.execute(update(office).where(office.c.id == made.offices[place]).values(life="closed"))
        assert custody.register(connection, made.keys, scope, now_ms()) == []


def test_of_somebody_employed_here_the_register_says_their_post_and_number(made: World) -> None:
    """R4.4: nobody types again what the registration knows, and a promotion is in the register at once."""
    place = Place("hr", "/hr/d1/z2/")
    who = posted(made, place, "zonal")
    give(made, who, Role.ZONAL_CUSTODIAN, place)
    scope = Scope(frozenset(), frozenset({place}))
    with made.running.ledger.write() as connection:
        ref = connection.scalar(select(account.c.person).where(account.c.id == who))
        connection.execute(update(employee).where(employee.c.person == ref).values(mobile="9000000002"))
        (line,) = custody.register(connection, made.keys, scope, now_ms())
        assert (line.official, line.designation, line.mobile) == (f"Account {mark(place)}", "zonal", "9000000002")
        connection.execute(update(employee).where(employee.c.person == ref).values(designation="chief"))
        (line,) = custody.register(connection, made.keys, scope, now_ms())
        assert line.designation == "chief"
        for held in grants.held(connection, who, now_ms()):
            grants.end(connection, COMMAND, held.id, "over", now_ms())


# ── CSV ──


@pytest.mark.parametrize("evil", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "  =1", "\r=1", "|x", "%x"])
def test_a_formula_in_a_cell_is_text(evil: str) -> None:
    assert csv.cell(evil) == f"'{evil}"


@pytest.mark.parametrize("plain", ["-5", "+91", "-1,234.5", "Synthetic", "हिन्दी", "", "a=b", None, 7])
def test_what_is_no_formula_stays_as_it_is(plain: object) -> None:
    assert csv.cell(plain) == ("" if plain is None else str(plain))
