"""Consent asked back in one's own corner, and the nodal officer before whom it waits (S6, R5.12). On both databases;
nobody is meant.
"""

import os
from collections.abc import Iterator

import pytest
from sqlalchemy import insert, select, update

from server.access.roles import Role
from server.access.scope import Place
from server.ledger.store import now_ms
from server.ledger.tables import consent, employee, person, trail
from server.people import erasing
from tests.databases import fresh_url
from tests.unit.server.test_access_things import filled
from tests.unit.server.world import OWN, Caller, World, mark, world

OTHER = Place("hr", "/hr/d1/z2/o1/")
NAME = f"Synthetic {mark(OWN)}"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, database: str) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("world"), fresh_url(database)) as one:
        here = {"last_office": one.offices[OWN], "base_office": one.offices[OWN]}
        row = filled(employee, person=one.people[OWN], org=OWN.org, kind="contractual", service="serving", **here)
        with one.running.ledger.write() as connection:
            connection.execute(insert(employee).values(**row))
        yield one


@pytest.fixture
def agreed(made: World) -> bytes:
    """Somebody at OWN, who agreed once and has asked for nothing."""
    row = {"id": os.urandom(8), "person": made.people[OWN], "purpose": "attendance", "wording": "w", "language": "en"}
    with made.running.ledger.write() as connection:
        connection.execute(update(consent).values(asked_ms=None, withdrawn_ms=now_ms()))
        connection.execute(insert(consent).values(**row, given_ms=now_ms()))
    return made.people[OWN]


def me(made: World) -> Caller:
    return made.visitor(Role.EMPLOYEE, OWN)


def waits(made: World, place: Place) -> bool:
    """Whether the nodal officer of a place sees it, in the list and on the desk alike."""
    officer = made.visitor(Role.NODAL_OFFICER, place)
    listed = NAME in officer.one("/people").text.partition('id="asked"')[2].partition("</ol>")[0]
    _, found, rest = officer.one("/desk").text.partition('href="/people"')
    assert (bool(found), listed) == (True, 'class="state' in rest.partition("</li>")[0])
    return listed


def test_it_is_asked_back_waits_and_may_be_kept_after_all(made: World, agreed: bytes) -> None:
    assert not waits(made, OWN)
    assert me(made).post("/me/consent", sure="yes").headers["location"] == "/me/consent"
    assert (waits(made, OWN), waits(made, OTHER)) == (True, False)
    first = asked(made)
    me(made).post("/me/consent", sure="yes")
    assert asked(made) == first, "twice is once, and waits since the first time"
    page = me(made).one("/me/consent").text
    assert ('value="keep"' in page, 'name="sure"' in page) == (True, False)
    me(made).post("/me/consent", step="keep")
    assert not waits(made, OWN)
    assert 'name="sure"' in me(made).one("/me/consent").text
    with made.running.ledger.read() as connection:
        mine = select(trail.c.action).where(trail.c.object == agreed.hex()).order_by(trail.c.number)
        assert connection.scalars(mine).all()[-2:] == ["ask consent back", "keep consent"]


def test_who_is_in_transit_waits_where_they_were_last(made: World, agreed: bytes) -> None:
    """R6.8: an order took them out of one office, and none has them yet."""
    with made.running.ledger.write() as connection:
        connection.execute(update(person).where(person.c.ref == agreed).values(office=None))
    me(made).post("/me/consent", sure="yes")
    assert (waits(made, OWN), waits(made, OTHER)) == (True, False)
    with made.running.ledger.write() as connection:
        connection.execute(update(person).where(person.c.ref == agreed).values(office=made.offices[OWN]))


def test_nobody_asks_by_a_slip_of_the_hand(made: World, agreed: bytes) -> None:
    answer = me(made).post("/me/consent")
    assert (answer.status_code, "Tick the box" in answer.text) == (400, True)
    assert not waits(made, OWN)


def test_who_was_erased_waits_no_more_and_has_nothing_to_ask_for(made: World, agreed: bytes) -> None:
    me(made).post("/me/consent", sure="yes")
    with made.running.ledger.write() as connection:
        connection.execute(update(consent).where(consent.c.person == agreed).values(withdrawn_ms=now_ms()))
    assert not waits(made, OWN)
    answer = me(made).post("/me/consent", sure="yes")
    assert (answer.status_code, "No consent of yours stands" in answer.text) == (400, True)
    assert 'name="sure"' not in me(made).one("/me/consent").text


def test_an_account_that_punches_nowhere_has_no_consent(made: World) -> None:
    assert made.visitor(Role.NODAL_OFFICER, OWN).one("/me/consent").status_code == 403


def test_the_officer_erases_and_the_trail_ends(made: World, agreed: bytes) -> None:
    """The last of this file: the person is gone from this world afterwards."""
    me(made).post("/me/consent", sure="yes")
    with made.running.ledger.write() as connection:
        erasing.withdraw(connection, made.running.vault, agreed, "officer", "asked in their own corner")
    assert not waits(made, OWN)
    assert asked(made) is not None, "when it was asked stays on record"


def asked(made: World) -> int | None:
    with made.running.ledger.read() as connection:
        mine = select(consent.c.asked_ms).where(consent.c.person == made.people[OWN]).order_by(consent.c.given_ms)
        return connection.scalars(mine).all()[-1]
