"""The vault of numbers, erasure, and coverage. Everybody is synthetic."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select

from server import PeopleError
from server.access import accounts, grants, sessions
from server.access.accounts import New
from server.access.keys import AccessKeys
from server.access.scope import EVERYWHERE
from server.fleet import orders, roster
from server.fleet.orders import GONE
from server.ledger.store import Ledger, now_ms
from server.ledger.tables import (
    account,
    account_grant,
    attendance_id,
    chunk,
    enrolment,
    office,
    person,
    registration,
    request,
    template,
    terminal_order,
    vault_number,
    vault_read,
)
from server.people import erasing, numbers, orgs
from server.people import registration as registrations
from server.people.coverage import coverage, remind
from server.trust.vault import NumberVault
from sync.orders import parse_detail, wipe_proof
from tests.unit.server.applicants import ORG, TODAY, VAULTS, everything, hang, number, submit
from tests.unit.server.departments import department
from tests.unit.server.test_access_things import filled

KEYS = AccessKeys(b"k" * 32)


@pytest.fixture
def ledger(tmp_path: Path, database: str) -> Iterator[Ledger]:
    one = department(tmp_path, 3, database)
    yield one
    one.close()


# ── the vault of numbers ──


def test_a_number_is_read_for_a_reason_that_stays(ledger: Ledger) -> None:
    """R1.3: every read is on record, with who and why."""
    with ledger.write() as connection:
        ref = numbers.put(connection, VAULTS.numbers, number(1))
        assert numbers.put(connection, VAULTS.numbers, number(1)) == ref
    assert numbers.read(ledger, VAULTS.numbers, ref, "auditor", "complaint 12") == number(1)
    for actor, reason in (("", "x"), ("auditor", ""), ("auditor", " "), ("auditor", "a\nb")):
        with pytest.raises(PeopleError, match="for a reason"):
            numbers.read(ledger, VAULTS.numbers, ref, actor, reason)
    with ledger.read() as connection:
        noted = connection.execute(select(vault_read)).one()
    assert (noted.ref, noted.actor, noted.reason) == (ref, "auditor", "complaint 12")
    assert numbers.masked(number(1)) == f"XXXX XXXX {number(1)[-4:]}"


def test_keys_are_rotated_and_the_old_one_may_go(ledger: Ledger) -> None:
    with ledger.write() as connection:
        refs = [numbers.put(connection, VAULTS.numbers, number(n)) for n in range(5)]
    both = NumberVault({1: bytes(32), 2: b"2" * 32})
    with ledger.write() as connection:
        assert numbers.put(connection, both, number(3)) == refs[3]
        assert numbers.kept(connection, both) == numbers.Kept(5, 5)
    assert (numbers.rotate(ledger, both), numbers.rotate(ledger, both)) == (5, 0)
    alone = NumberVault({2: b"2" * 32})
    assert [numbers.read(ledger, alone, ref, "a", "b") for ref in refs] == [number(n) for n in range(5)]
    with ledger.write() as connection:
        assert numbers.find(connection, alone, number(4)) == refs[4]


# ── erasure ──


def test_withdrawing_erases_everywhere_and_counts_the_proofs(ledger: Ledger) -> None:
    """S6, R5.12: number, templates, photograph and addresses are gone; each terminal that knew them must prove it."""
    with ledger.write() as connection:
        hang(connection, "s1")
        hang(connection, "s2", "t-2")
        done = registrations.verify(connection, VAULTS, submit(connection), "nodal")
        row = {"person": done.person, "finger": 1, "version": 1, "sealed": b"x", "terminal": "t-1", "since_ms": 0}
        connection.execute(insert(template).values(**row))
        assert erasing.withdraw(connection, VAULTS.common, done.person, "officer", "asked in writing") == ["t-1"]
        for table in (template, attendance_id):
            assert connection.execute(select(table).where(table.c.person == done.person)).all() == []
        assert connection.execute(select(vault_number)).all() == []
        kept = connection.execute(select(registration)).one()
        assert (kept.name, kept.email, kept.mobile, kept.photo, kept.number) == (erasing.ERASED, "", "", b"", None)
        assert not connection.execute(select(person.c.active).where(person.c.ref == done.person)).scalar_one()
        assert [(one.terminal, one.told, one.proof) for one in erasing.state(connection, done.person)] == [
            ("t-1", False, "")
        ]
        asked = connection.execute(select(terminal_order)).one()
        assert (asked.terminal, asked.person, asked.actor) == ("t-1", done.person, "officer")
        version = parse_detail(asked.detail)["version"]
        assert isinstance(version, int)
        told = {"number": asked.number, "result": GONE, "proof": wipe_proof(done.person, version)}
        assert orders.done(connection, ("t-1", bytes(8), 7), told, 1) == GONE
        assert [one.proof for one in erasing.state(connection, done.person)] == [f"t-1/{bytes(8).hex()}/7"]
        assert erasing.erase(connection, VAULTS.common, done.person, "officer", "again") == []
        with pytest.raises(PeopleError, match="nobody"):
            erasing.erase(connection, VAULTS.common, bytes(8), "officer", "x")
        submit(connection)  # the number is free again


def test_nothing_in_the_ledger_names_the_erased_any_more(ledger: Ledger) -> None:
    """S6: not their account either, what they wrote, or a template that was on its way; and they are logged out."""
    name, mobile, email, reason = "Synthetic Unmistakable", "6000000007", "nobody.7@example.org", "a reason of mine"
    now = now_ms()
    with ledger.write() as connection:
        hang(connection, "s1")
        told = {"name": name, "mobile": mobile, "email": email}
        ref = registrations.verify(connection, VAULTS, submit(connection, **told), "nodal").person
        new = New("unmistakable", name, EVERYWHERE, "Clerk", mobile, ref)
        who, _ = accounts.create(connection, KEYS, "test", new, now)
        accounts.give_totp(connection, KEYS, who)
        cookie = sessions.open_(connection, who, sessions.Strength.FULL, bytes(8), "test", now)
        grant = filled(account_grant, id=b"8 bytes.", account=who, role="auditor", from_ms=now - 1)
        connection.execute(insert(account_grant).values(**grant))
        asked = filled(request, id=b"8 bytes.", person=ref, kind="leave", reason=reason, detail="{}")
        connection.execute(insert(request).values(**asked))
        one = {"terminal": "t-1", "log": b"logloglo", "seq": 7}
        other = {**one, "log": b"another."}
        for id_, whose in ((one, ref), (other, bytes(8))):
            connection.execute(insert(enrolment).values(**filled(enrolment, **id_, person=whose, state="waiting")))
            connection.execute(insert(chunk).values(**filled(chunk, **id_, total=2, data=b"half a template")))
    secrets = [one.encode() for one in (name, mobile, email, reason, "unmistakable", number(1))]
    assert [one for one in secrets if one not in everything(ledger)] == [number(1).encode()]
    with ledger.write() as connection:
        erasing.withdraw(connection, VAULTS.common, ref, "officer", "asked in writing")
    assert [one for one in secrets if one in everything(ledger)] == []
    with ledger.read() as connection:
        row = connection.execute(select(account).where(account.c.id == who)).one()
        assert (row.state, row.password, row.totp, row.mobile) == ("disabled", None, None, None)
        assert sessions.find(connection, cookie, now) is None
        assert grants.held(connection, who, now_ms() + 1) == []
        assert [part.log for part in connection.execute(select(chunk))] == [b"another."]
    with ledger.write() as connection:
        accounts.create(connection, KEYS, "test", New("unmistakable", "Another Synthetic", EVERYWHERE), now)


def test_the_erased_are_gone_from_the_roster(ledger: Ledger) -> None:
    with ledger.write() as connection:
        hang(connection, "s1")
        done = registrations.verify(connection, VAULTS, submit(connection), "nodal")
        before = roster.order(connection, "t-1")
        erasing.erase(connection, VAULTS.common, done.person, "officer", "asked")
        assert done.person in before
        assert done.person not in roster.order(connection, "t-1")


# ── coverage ──


def test_coverage_counts_by_office_and_section(ledger: Ledger) -> None:
    """R1.17."""
    with ledger.write() as connection:
        head = connection.execute(select(person.c.ref).limit(1)).scalar_one()
        owners = {"name": "Teaching", "name_hi": "शिक्षण", "head": head, "register_by": "2026-05-31"}
        orgs.put_division(connection, ORG, "teaching", owners)
        before = teaching(connection)
        submit(connection)
        done = registrations.verify(connection, VAULTS, submit(connection, 2), "nodal")
        row = {"person": done.person, "finger": 1, "version": 1, "sealed": b"x", "terminal": "t", "since_ms": 0}
        connection.execute(insert(template).values(**row))
        after = teaching(connection)
        assert (after[0] - before[0], after[1] - before[1], after[2] - before[2]) == (2, 1, 1)
        one = next(one for one in coverage(connection, ORG, TODAY) if one.division == "teaching")
        assert (one.head, one.due_on) == (head, "2026-05-31")
        assert (one.overdue(TODAY), one.overdue(dt.date(2026, 5, 31))) == (True, False)
        assert remind(connection, VAULTS.common, ORG, TODAY) == 1
        assert coverage(connection, ORG, TODAY, "/nowhere/") == []


def teaching(connection: Connection) -> tuple[int, int, int]:
    at = connection.execute(select(office.c.id).where(office.c.code == "s1")).scalar_one()
    rows = [one for one in coverage(connection, ORG, TODAY) if (one.office, one.division) == (at, "teaching")]
    return rows[0].registered, rows[0].verified, rows[0].enrolled
