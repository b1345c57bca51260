"""Registration from the form to the roster, and by the file. Everybody is synthetic; the numbers are counted up."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select, update

from server import PeopleError
from server.ledger.store import Ledger
from server.ledger.tables import (
    employee,
    message,
    office,
    person,
    registration,
    roster_change,
    vault_number,
    vault_read,
)
from server.people import attendance_ids, imports
from server.people import registration as registrations
from server.people.attendance_ids import Basis
from server.people.fields import COLUMNS, FormError
from server.people.imports import photos_in
from server.people.orgs import lists
from server.people.service import Service
from server.people.verhoeff import check_digit
from tests.unit.server.applicants import AGREED, ORG, PHOTO, VAULTS, everything, hang, number, submit, told
from tests.unit.server.departments import department


@pytest.fixture
def ledger(tmp_path: Path, database: str) -> Iterator[Ledger]:
    one = department(tmp_path, 3, database)
    yield one
    one.close()


# ── submitted, verified, rejected ──


def test_nobody_is_on_a_roster_before_they_are_verified(ledger: Ledger) -> None:
    """R1.8."""
    with ledger.write() as connection:
        hang(connection, "s1")
        one = submit(connection)
        before = connection.scalar(select(func.count()).select_from(person))
        assert connection.execute(select(roster_change)).all() == []
        done = registrations.verify(connection, VAULTS, one, "nodal")
        assert connection.scalar(select(func.count()).select_from(person)) == (before or 0) + 1
        assert connection.execute(select(roster_change.c.person)).scalar_one() == done.person
        hired = connection.execute(select(employee).where(employee.c.person == done.person)).one()
    assert (hired.designation, hired.service, hired.synthetic) == ("teacher", Service.SERVING.value, False)


def test_the_applicant_is_told_by_mail_and_sms_and_never_the_digits(ledger: Ledger) -> None:
    """R1.5, R1.8."""
    with ledger.write() as connection:
        one = submit(connection)
        registrations.verify(connection, VAULTS, one, "nodal")
        rows = connection.execute(select(message)).all()
        texts = [VAULTS.common.open("message", row.id, row.sealed).decode() for row in rows]
    assert sorted(row.channel for row in rows) == ["email", "email", "sms", "sms"]
    assert all(one in text and number(1)[-6:] not in text for text in texts)


def test_rejected_is_the_end_and_a_new_one_is_linked(ledger: Ledger) -> None:
    """R1.6."""
    with ledger.write() as connection:
        first = submit(connection)
        registrations.reject(connection, VAULTS, first, "nodal", "the photograph shows a cat")
        for act in (registrations.verify, lambda c, v, o, a: registrations.reject(c, v, o, a, "again")):
            with pytest.raises(PeopleError, match="rejected already"):
                act(connection, VAULTS, first, "nodal")
        second = submit(connection, replaces=first)
        row = connection.execute(select(registration).where(registration.c.id == second)).one()
        assert (row.state, row.replaces) == ("submitted", first)
        with pytest.raises(PeopleError, match="anew already"):
            submit(connection, 2, replaces=first)
        with pytest.raises(PeopleError, match="was rejected"):
            submit(connection, 3, replaces=second)
        assert connection.scalar(select(func.count()).select_from(vault_number)) == 1


@pytest.mark.parametrize("contractual", [False, True])
def test_who_was_rejected_and_registers_again_is_linked_without_saying_so(ledger: Ledger, contractual: bool) -> None:
    """R1.6: by the number, whatever else was wrong before; without one by birth and mobile. Once, and nobody else."""
    plain: dict[str, object] = {"employee_type": "contractual", "aadhaar": "", "designation": ""} if contractual else {}
    with ledger.write() as connection:
        first = submit(connection, **plain)
        registrations.reject(connection, VAULTS, first, "nodal", "the photograph shows a cat")
        other, again = submit(connection, 2, **plain), submit(connection, name="Sample 1 Corrected", **plain)
        registrations.reject(connection, VAULTS, again, "nodal", "and now a dog")
        third = submit(connection, **plain)
        rows = {row.id: row.replaces for row in connection.execute(select(registration))}
        assert rows == {first: None, other: None, again: first, third: again}


def test_one_number_one_registration(ledger: Ledger) -> None:
    """R1.3: found by its keyed digest; nothing is opened for it."""
    with ledger.write() as connection:
        submit(connection)
        with pytest.raises(FormError, match="registered already"):
            submit(connection, 2, aadhaar=number(1))
        assert connection.execute(select(vault_read)).all() == []


def test_a_registration_holds_a_reference_and_no_number(ledger: Ledger, tmp_path: Path) -> None:
    """R1.3: twelve digits go to the vault and nowhere else, and the six are closed."""
    secret = "48157263948" + check_digit("48157263948")
    with ledger.write() as connection:
        registrations.verify(connection, VAULTS, submit(connection, aadhaar=secret), "nodal")
    rows = everything(ledger)
    ledger.close()
    kept = b"".join([rows, *(path.read_bytes() for path in tmp_path.iterdir())])
    assert secret.encode() not in kept
    assert secret[-6:].encode() not in kept
    assert f"Sample {1} ".encode() in kept


# ── six digits ──


def test_the_last_six_else_the_first_else_assigned(ledger: Ledger) -> None:
    """R1.2, S5: two people of one school whose last six digits are the same."""
    by_last: dict[str, list[str]] = {}
    for one in (f"{head}00089" for head in range(400_000, 400_100)):
        by_last.setdefault((one + check_digit(one))[-6:], []).append(one + check_digit(one))
    first, second, *_ = next(some for some in by_last.values() if len(some) > 1)
    pair = [first, second]
    with ledger.write() as connection:
        basis = []
        refs = []
        for n, aadhaar in enumerate(pair, 1):
            done = registrations.verify(connection, VAULTS, submit(connection, n, aadhaar=aadhaar), "nodal")
            basis.append(done.basis)
            refs.append(done.person)
        digits = [open_digits(connection, ref) for ref in refs]
    assert basis == [Basis.LAST, Basis.FIRST]
    assert digits == [pair[0][-6:], pair[1][:6]]


def open_digits(connection: Connection, ref: bytes) -> str:
    closed = connection.execute(select(person.c.digits).where(person.c.ref == ref)).scalar_one()
    return VAULTS.common.open_digits(ref, closed)


def test_choosing_keeps_zeros_and_draws_when_both_are_taken() -> None:
    """R1.2: leading zeros preserved; six characters, always."""
    assert attendance_ids.choose("234567000089", lambda _: False, str) == ("000089", Basis.LAST)
    assert attendance_ids.choose("234567000089", {"000089"}.__contains__, str) == ("234567", Basis.FIRST)
    drawn = iter(["000089", "000007"])
    both = {"000089", "234567"}.__contains__
    assert attendance_ids.choose("234567000089", both, lambda: next(drawn)) == ("000007", Basis.ASSIGNED)
    assert attendance_ids.choose("", lambda _: False, lambda: "000001") == ("000001", Basis.ASSIGNED)
    with pytest.raises(PeopleError, match="no attendance id left"):
        attendance_ids.choose("", lambda _: True, lambda: "000001")


def test_whoever_shares_six_digits_is_listed(ledger: Ledger) -> None:
    """S5: the roster marks collisions."""
    with ledger.write() as connection:
        at = connection.execute(select(office.c.id).where(office.c.code == "s1")).scalar_one()
        refs = sorted(connection.scalars(select(person.c.ref).where(person.c.office == at).limit(2)).all())
        for ref in refs:
            attendance_ids.put(connection, VAULTS.common, ref, "007007", Basis.GIVEN)
        assert attendance_ids.collisions(connection, at) == [refs]
        assert sorted(attendance_ids.holders(connection, VAULTS.common, "007007", at)) == refs


# ── imports ──


@dataclass(frozen=True)
class Sheet:
    """A CSV file of so many registrations, some changed, and its folder of photographs."""

    folder: Path

    def data(self, rows: list[dict[str, object]]) -> bytes:
        out = io.StringIO()
        writer = csv.DictWriter(out, COLUMNS)
        writer.writeheader()
        for n, row in enumerate(rows):
            (self.folder / f"{n}.jpg").write_bytes(PHOTO)
            writer.writerow({**row, "photo": row["photo"] if isinstance(row["photo"], str) else f"{n}.jpg"})
        return out.getvalue().encode("utf-8-sig")


@pytest.fixture
def sheet(tmp_path: Path) -> Sheet:
    folder = tmp_path / "photos"
    folder.mkdir()
    return Sheet(folder)


def take(ledger: Ledger, sheet: Sheet, data: bytes, *, dry_run: bool = False) -> imports.Report:
    file = look(ledger, sheet, data)
    with ledger.write() as connection:
        return imports.take(connection, VAULTS, ORG, file, AGREED, dry_run=dry_run)


def look(ledger: Ledger, sheet: Sheet, data: bytes) -> imports.Looked:
    with ledger.read() as connection:
        known = lists(connection, ORG)
    return imports.look(known, data, photos_in(sheet.folder))


def stored(ledger: Ledger) -> tuple[int, int]:
    with ledger.read() as connection:
        tables = registration, vault_number
        first, second = (connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables)
        return first, second


def test_a_good_file_is_taken_whole(ledger: Ledger, sheet: Sheet) -> None:
    data = sheet.data([told(n) for n in range(1, 9)])
    tried = take(ledger, sheet, data, dry_run=True)
    assert (tried.rows, tried.bad, tried.registrations) == (8, (), ())
    assert stored(ledger) == (0, 0)
    assert len(take(ledger, sheet, data).registrations) == 8
    assert stored(ledger) == (8, 8)


def test_every_bad_row_is_told_and_nothing_taken(ledger: Ledger, sheet: Sheet) -> None:
    """A dry run lists all of them: row, column, why and what to do."""
    rows = [told(n) for n in range(1, 9)]
    rows[1] |= {"mobile": "12"}
    rows[3] |= {"born_on": "1984", "email": "x"}
    rows[5] |= {"aadhaar": number(1)}
    rows[7] |= {"photo": "../../etc/passwd"}
    for dry_run in (True, False):
        report = take(ledger, sheet, sheet.data(rows), dry_run=dry_run)
        found = [(one.row, one.column) for one in report.bad]
        assert found == [(2, "mobile"), (4, "born_on"), (4, "email"), (6, "aadhaar"), (8, "photo")]
        assert all(one.why and one.todo for one in report.bad)
        assert stored(ledger) == (0, 0)


def test_who_is_registered_already_is_a_bad_row(ledger: Ledger, sheet: Sheet) -> None:
    with ledger.write() as connection:
        submit(connection, 5)
    report = take(ledger, sheet, sheet.data([told(n) for n in range(1, 9)]), dry_run=True)
    assert [(one.row, one.column) for one in report.bad] == [(5, "aadhaar")]
    assert stored(ledger) == (1, 1)


def test_a_file_is_not_taken_by_lists_that_have_changed_since(ledger: Ledger, sheet: Sheet) -> None:
    """It is looked at while others write: nobody is registered at an office that closed meanwhile."""
    file = look(ledger, sheet, sheet.data([told(1)]))
    with ledger.write() as connection:
        connection.execute(update(office).where(office.c.code == told(1)["office"]).values(life="closed"))
    with ledger.write() as connection, pytest.raises(PeopleError, match="changed meanwhile; send the file again"):
        imports.take(connection, VAULTS, ORG, file, AGREED, dry_run=False)
    assert stored(ledger) == (0, 0)


def test_ndjson_is_the_same_file(ledger: Ledger, sheet: Sheet) -> None:
    sheet.data([told(1)])
    lines = [json.dumps({**told(n), "photo": "0.jpg"}) for n in (1, 2)]
    assert len(take(ledger, sheet, "\n".join(lines).encode()).registrations) == 2


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\xff\xfe", "not UTF-8"),
        (b"name,digits\n", "heading 'digits'"),
        (b"name,name\n", "each heading once"),
        (b"", "each heading once"),
        (b'name\n"a', "not CSV"),
        (b'{"name": "a"}\n{', "line 2: not a JSON object"),
        (b'{"name": "a"}\n[1]', "line 2: not a JSON object"),
        (b"{" * 5000, "line 1: not a JSON object"),
        (b"name\n" + b"a\n" * 20_001, "more than 20000 rows"),
    ],
)
def test_what_is_no_such_file_is_said(ledger: Ledger, sheet: Sheet, data: bytes, says: str) -> None:
    with pytest.raises(PeopleError, match=says):
        take(ledger, sheet, data)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for start in (b"", b"{", b"name,email\n"):
        try:
            rows = list(imports.read(start + data))
        except PeopleError:
            continue
        assert all(isinstance(row, dict) for row in rows)
