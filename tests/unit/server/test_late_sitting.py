"""Claims of late sitting with the file enclosed: kept under the vault key, opened by who draws them, and the post that
the cap goes by taken from the service record (R3.5, R3.7, R3.9). On both databases; everybody is synthetic.
"""

import datetime as dt
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import insert, select, update

from server.access.roles import Role
from server.access.scope import Place
from server.attendance.lsa import Claim, Outcome, Reason
from server.days import fold
from server.ledger.store import Ledger
from server.ledger.tables import designation, division, employee, lsa_claim
from server.people import erasing
from server.people.synthetic import generate, write
from server.requests import RequestError, lsa
from sync.record import Kind
from tests.databases import DATABASES, fresh_url
from tests.unit.server.days import district
from tests.unit.server.days.district import Marked, at
from tests.unit.server.departments import SEED, VAULT, department
from tests.unit.server.world import OWN, World, world

DAY = dt.date(2026, 10, 1)
NOW = at(dt.date(2026, 11, 2), "10:00")
PDF = b"%PDF-1.4 sample: the work was completed"
JPEG = b"\xff\xd8\xff\xe0 sample"


@pytest.fixture(params=DATABASES)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SimpleNamespace]:
    """One school; the first of it came at 09:00 on 1 October, left at 19:45, and had approval for that day."""
    ledger = on_postgresql() if request.param == "postgresql" else department(tmp_path, 1)
    school = district.one_school(ledger, 2, [DAY])
    ref = school.mine[0]
    with ledger.write() as connection:
        connection.execute(update(designation).values(pay_band="PB-1", grade_pay=2400))
        connection.execute(update(employee).where(employee.c.person == ref).values(kind="government"))
        marks = Marked(ref, school.terminal, at(DAY, "09:00")), Marked(ref, school.terminal, at(DAY, "19:45"), Kind.OUT)
        district.put(connection, marks, NOW - 1)
        lsa.sanction(connection, ref, DAY, "closing the accounts", "authority", at(DAY, "12:00"))
    fold.all_of_it(ledger, NOW)
    yield SimpleNamespace(ledger=ledger, ref=ref)
    ledger.close()


def on_postgresql() -> Ledger:
    ledger = Ledger(fresh_url("postgresql"))
    write(ledger, VAULT, generate(1, SEED))
    return ledger


def claim(site: SimpleNamespace, certificate: bytes) -> bytes:
    with site.ledger.write() as connection:
        return lsa.submit(connection, VAULT, site.ref, [DAY], certificate, "me", NOW)[0]


def row_of(site: SimpleNamespace, id_: bytes) -> SimpleNamespace:
    with site.ledger.read() as connection:
        return SimpleNamespace(**connection.execute(select(lsa_claim).where(lsa_claim.c.id == id_)).one()._mapping)


def test_the_enclosed_file_is_kept_closed_and_opens_as_it_came(site: SimpleNamespace) -> None:
    """R3.7."""
    for file, form in ((PDF, "pdf"), (JPEG, "jpg")):
        id_ = claim(site, file)
        row = row_of(site, id_)
        assert row.certificate == hashlib.sha256(file).digest()
        assert file not in row.file
        found = lsa.certificate_of(VAULT, row)
        assert found is not None
        assert (found.form, found.body) == (form, file)


def test_what_is_no_pdf_or_jpeg_or_too_large_is_refused(site: SimpleNamespace) -> None:
    for file in (b"the work was done", b"MZ\x90", b"<svg>", b" %PDF-1.4", b"%PDF-" + bytes(1024 * 1024)):
        with pytest.raises(RequestError, match="PDF or JPEG, and at most 1 MB"):
            claim(site, file)
    with site.ledger.read() as connection:
        assert connection.execute(select(lsa_claim)).all() == []


def test_a_file_that_was_altered_or_moved_is_not_handed_out(site: SimpleNamespace) -> None:
    row = row_of(site, claim(site, PDF))
    swapped = VAULT.close("lsa certificate", row.id, b"%PDF-1.4 another")
    moved = {**vars(row), "id": os.urandom(8)}
    for told in ({**vars(row), "file": row.file[:-1] + b"x"}, {**vars(row), "file": swapped}, moved):
        with pytest.raises(RequestError, match="not the one"):
            lsa.certificate_of(VAULT, SimpleNamespace(**told))


def test_an_erased_persons_certificate_goes_with_them(site: SimpleNamespace) -> None:
    """R5.12: the claim stays, the file that names somebody does not."""
    id_ = claim(site, PDF)
    with site.ledger.write() as connection:
        erasing.erase(connection, VAULT, site.ref, "admin", "asked")
    row = row_of(site, id_)
    assert (row.file, lsa.certificate_of(VAULT, row)) == (b"", None)


def judged(site: SimpleNamespace) -> tuple[Outcome, set[Reason]]:
    with site.ledger.read() as connection:
        (line,) = lsa.judge(connection, Claim(site.ref, (DAY,), NOW, True)).lines
    return line.outcome, set(line.reasons)


def test_the_cap_goes_by_the_post_of_the_service_record(site: SimpleNamespace) -> None:
    """R3.5: PB-1 with 2400 is group C, for which no order gives a cap but in the office of a Head of Department (225
    days). Nobody says so of themselves: the designation does, or the division."""
    for table in (designation, division):
        assert judged(site) == (Outcome.DECIDE, {Reason.NO_CAP})
        with site.ledger.write() as connection:
            connection.execute(update(table).values(cap_post="head_office"))
        assert judged(site) == (Outcome.PAY, set())
        with site.ledger.write() as connection:
            connection.execute(update(table).values(cap_post=""))


def test_a_designation_goes_before_its_division(site: SimpleNamespace) -> None:
    """A staff car driver of the head's office is a driver."""
    with site.ledger.write() as connection:
        connection.execute(update(division).values(cap_post="head_office"))
        connection.execute(update(designation).values(cap_post="staff_car_driver"))
        assert lsa.post_of(connection, site.ref) == "staff_car_driver"
        assert lsa.post_of(connection, os.urandom(8)) == ""


# ── who opens it ──


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, database: str) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("world"), fresh_url(database)) as one:
        yield one


def enclosed(made: World) -> str:
    """A claim of somebody at OWN."""
    id_ = os.urandom(8)
    row = {"id": id_, "person": made.people[OWN], "month": "2026-10", "days": "[]", "submitted_ms": NOW, "rupees": 0}
    closed = made.running.vault.close("lsa certificate", id_, PDF)
    more = {"lines": "[]", "certificate": hashlib.sha256(PDF).digest(), "file": closed}
    with made.running.ledger.write() as connection:
        connection.execute(insert(lsa_claim).values(**row, **more))
    return id_.hex()


def test_the_claims_chain_opens_the_file_and_nobody_else(made: World) -> None:
    """R3.7, R3.9: who draws and who sanctions, of this office or above, and the claimant; as a file, never a page."""
    claimed = enclosed(made)
    path = f"/claims/late-sitting/{claimed}/certificate"
    for role in (Role.DRAWING_OFFICER, Role.SANCTIONING_AUTHORITY):
        for place in (OWN, Place("hr", "/hr/d1/")):
            answer = made.visitor(role, place).one(path)
            assert (answer.status_code, answer.content) == (200, PDF)
            assert answer.headers["content-type"] == "application/pdf"
            assert answer.headers["content-disposition"].startswith("attachment;")
        assert claimed in made.visitor(role, OWN).one("/claims/late-sitting?month=2026-10").text
        for place in (Place("hr", "/hr/d1/z1/o2/"), Place("jk", "/jk/")):
            assert made.visitor(role, place).one(path).status_code == 404
    for role in (Role.AUDITOR, Role.STATE_ADMIN, Role.SECTION_OFFICER, Role.EMPLOYEE):
        assert made.visitor(role, OWN).one(path).status_code in (303, 403)


def test_the_claimant_opens_their_own(made: World) -> None:
    mine, other = enclosed(made), Place("hr", "/hr/d1/z1/o2/")
    assert made.visitor(Role.EMPLOYEE, OWN).one(f"/me/certificate/{mine}").content == PDF
    assert made.visitor(Role.EMPLOYEE, other).one(f"/me/certificate/{mine}").status_code == 404
    for told in ("x", "0" * 16, mine + "00"):
        assert made.visitor(Role.EMPLOYEE, OWN).one(f"/me/certificate/{told}").status_code == 404


def test_an_altered_file_is_said_to_be_so(made: World) -> None:
    claimed = enclosed(made)
    with made.running.ledger.write() as connection:
        connection.execute(update(lsa_claim).where(lsa_claim.c.id == bytes.fromhex(claimed)).values(file=b"garbage"))
    answer = made.visitor(Role.DRAWING_OFFICER, OWN).one(f"/claims/late-sitting/{claimed}/certificate")
    assert answer.status_code == 409
    assert PDF not in answer.content
