"""One walk through everything that is written of people, on both databases. Everybody is synthetic."""

import io
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import Connection, insert, select

from server.ledger.store import Ledger, now_ms, upsert
from server.ledger.tables import office, person, terminal, terminal_state
from server.people import (
    daily,
    erasing,
    imports,
    numbers,
    office_ledger,
    orgs,
    otp,
    registration,
    scope,
    service_ledger,
)
from server.people.coverage import coverage
from server.people.days import day_of, start_ms
from server.people.messages import Channel, Message, queue, send_due
from server.people.office_life import OfficeKind
from server.people.offices import Order
from server.people.otp import Address, Asked, Purpose
from server.people.registration import Consent, Vaults
from server.people.service import Kind, ServiceOrder
from server.people.service_ledger import Entry
from server.people.synthetic import generate, write
from server.people.verhoeff import check_digit
from server.trust.vault import NumberVault
from tests.databases import DATABASES, fresh_url
from tests.unit.server.departments import VAULT

VAULTS = Vaults(VAULT, NumberVault({1: bytes(32)}))
ORG = "sample-3"


@pytest.mark.parametrize("database", DATABASES)
def test_a_life_in_the_ledger(database: str, tmp_path: Path) -> None:
    """R1.2–R1.17, R6.1–R6.8 in one go: in, verified, transferred, merged, counted, erased."""
    ledger = Ledger(fresh_url(database) or f"sqlite:///{tmp_path / 'l.db'}")
    try:
        write(ledger, VAULT, generate(3, 3))
        _walk(ledger)
    finally:
        ledger.close()


def _walk(ledger: Ledger) -> None:
    today = day_of(now_ms())
    with ledger.write() as connection:
        at = {row.code: row.id for row in connection.execute(select(office.c.code, office.c.id))}
        for code in ("s1", "s2", "s3"):
            keys = {"record_key": bytes(32), "seal_key": bytes(32), "lookup_key": b"", "roster_version": 0}
            row = {"id": f"t-{code}", "state": "active", **keys, "admitted_ms": 0, "office": at[code]}
            connection.execute(insert(terminal).values(**row))
        file = imports.look(orgs.lists(connection, ORG), _sheet(), lambda _: _photo())
        report = imports.take(connection, VAULTS, ORG, file, Consent("x", "hi"), dry_run=False)
        first, second = report.registrations
        registration.reject(connection, VAULTS, second, "nodal", "wrong")
        ref = registration.verify(connection, VAULTS, first, "nodal").person
        orders = [
            ServiceOrder(Kind.TRANSFER, today, today, "T/1", at["s1"], at["s2"]),
            ServiceOrder(Kind.RELIEVING, today, today, "T/2", at["s1"]),
            ServiceOrder(Kind.JOINING, today, today, "T/3", None, at["s2"]),
        ]
        for order in orders:
            service_ledger.record(connection, Entry("a", ref, order, start_ms(today), "teaching"), today, VAULT)
        assert _rosters(connection, ref) == ["t-s1", "t-s2"]
        upsert(connection, terminal_state, {"terminal": "t-s2", **_beat()}, "roster_version")
        assert service_ledger.thaw(connection, today) == [ref]
        told = {"into": at["s3"]}
        office_ledger.record(connection, at["s2"], OfficeKind.MERGE, told, Order("a", today, "M", today), today)
        assert _rosters(connection, ref) == ["t-s3"]
        orgs.configure(connection, ORG, "region", "zone")
        office_ledger.region_changed(connection, ORG)
        assert _rosters(connection, ref) == ["t-s1", "t-s3"]
        assert office_ledger.stranded(connection, ORG) == [("t-s2", at["s2"])]
        assert sum(one.verified for one in coverage(connection, ORG, today)) > 0
        assert service_ledger.irregular(connection, ORG, today)
        assert [span.office for span in service_ledger.history(connection, ref)][-1] == at["s2"]
        assert otp.ask(connection, VAULT, Purpose.LOGIN, "x", Address("", "9000000001"), now_ms()) is Asked.SENT
        queue(connection, VAULT, Message(Channel.EMAIL, "a@example.invalid", "x", "y"))
    assert send_due(ledger, VAULT, [], now_ms()) == 0
    assert numbers.rotate(ledger, NumberVault({1: bytes(32), 2: b"2" * 32})) == 2
    assert daily.tick(ledger, now_ms()).people == 1
    with ledger.write() as connection:
        assert sorted(erasing.withdraw(connection, VAULT, ref, "a", "asked")) == ["t-s1", "t-s2", "t-s3"]
        assert _rosters(connection, ref) == []


def _rosters(connection: Connection, ref: bytes) -> list[str]:
    stands = select(person.c.ref).where(person.c.ref == ref)
    names = ("t-s1", "t-s2", "t-s3")
    return [one for one in names if connection.scalar(stands.where(scope.here(connection, one))) is not None]


def _beat() -> dict[str, object]:
    said = {"session": bytes(8), "online": True, "last_seen_ms": 0, "log": bytes(8), "seq": 0, "backlog": 0}
    return {**said, "roster_version": 10**6}


def _sheet() -> bytes:
    heads = "name,born_on,gender,aadhaar,email,mobile,employee_type,division,designation,office,photo"
    bodies = ["48157263948", "59157263948"]
    rows = [
        f"Sample {n},05-11-1984,male,{body}{check_digit(body)},s{n}@example.invalid,900000000{n},"
        "government,teaching,teacher,s1,1.jpg"
        for n, body in enumerate(bodies)
    ]
    return "\n".join([heads, *rows]).encode()


def _photo() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (240, 300), (128, 120, 110)).save(out, "JPEG")
    return out.getvalue()
