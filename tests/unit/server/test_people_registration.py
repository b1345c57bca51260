"""Registration from the form to the roster. Everybody is synthetic; the numbers are counted up."""

import csv
import datetime as dt
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import Connection, func, insert, select

from server import PeopleError
from server.fleet import roster
from server.ledger.store import Ledger
from server.ledger.tables import (
    attendance_id,
    employee,
    message,
    office,
    person,
    registration,
    roster_change,
    template,
    terminal,
    vault_number,
    vault_read,
)
from server.people import attendance_ids, erasing, imports, numbers, orgs
from server.people import registration as registrations
from server.people.attendance_ids import Basis
from server.people.coverage import coverage, remind
from server.people.fields import COLUMNS, FormError, Lists, check
from server.people.imports import photos_in
from server.people.registration import Consent, Vaults
from server.people.service import Service
from server.people.verhoeff import check_digit, is_valid
from server.vault import NumberVault
from tests.unit.server.departments import VAULT, department

VAULTS = Vaults(VAULT, NumberVault({1: bytes(32)}))
ORG = "sample-3"
AGREED = Consent("attendance-1", "hi")
TODAY = dt.date(2026, 6, 1)


def jpeg(size: int = 0) -> bytes:
    """A grey picture; padded at its end to `size` bytes."""
    out = io.BytesIO()
    Image.new("RGB", (240, 300), (128, 120, 110)).save(out, "JPEG")
    return out.getvalue() + bytes(max(0, size - len(out.getvalue())))


PHOTO = jpeg()


def number(n: int, first: str = "") -> str:
    """A number with a right check digit; `first` fixes how it begins."""
    body = (first + f"{n:011d}"[len(first) :]) if first else f"9{n:010d}"
    return body + check_digit(body)


def told(n: int = 1, **changed: object) -> dict[str, object]:
    form: dict[str, object] = {
        "name": f"Sample {n} नमूना",
        "born_on": "05-11-1984",
        "gender": "female",
        "aadhaar": number(n),
        "email": f"sample{n}@example.invalid",
        "mobile": f"9{n:09d}",
        "employee_type": "government",
        "division": "teaching",
        "designation": "teacher",
        "office": "s1",
        "photo": PHOTO,
    }
    return form | changed


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    one = department(tmp_path, 3)
    yield one
    one.close()


def submit(connection: Connection, n: int = 1, replaces: str = "", **changed: object) -> str:
    return registrations.submit(connection, VAULTS, ORG, told(n, **changed), AGREED, replaces)


LISTS = Lists({"teaching": "Teaching"}, {"teacher": "Teacher"}, {"s1": bytes(8)}, "nobody")


def problems(form: dict[str, object]) -> dict[str, str]:
    """Which columns are refused, and by which code."""
    try:
        check(form, LISTS, TODAY, registrations.is_photo)
    except FormError as error:
        return {one.column: one.code for one in error.problems}
    return {}


# ── the check digit ──


def test_the_check_digit_is_verhoeffs() -> None:
    """R1.3: the worked example of the scheme's literature, 236 → 3, and longer ones."""
    assert check_digit("236") == "3"
    assert check_digit("12345") == "1"
    assert is_valid("2363")
    assert not any(is_valid(text) for text in ("", "2364", "२३६३", "23 63"))


@given(st.integers(0, 10**10 - 1), st.integers(0, 11), st.integers(1, 9))
def test_every_mistyped_digit_is_found(n: int, place: int, by: int) -> None:
    """R1.3."""
    good = number(n)
    wrong = good[:place] + str((int(good[place]) + by) % 10) + good[place + 1 :]
    assert is_valid(good)
    assert not is_valid(wrong)


@given(st.integers(0, 10**10 - 1), st.integers(0, 10))
def test_every_exchange_of_neighbours_is_found(n: int, place: int) -> None:
    good = number(n)
    a, b = good[place], good[place + 1]
    assert is_valid(good[:place] + b + a + good[place + 2 :]) is (a == b)


# ── the fields ──


def test_a_right_form_is_taken() -> None:
    """R1.5."""
    assert problems(told()) == {}
    assert tuple(told()) == COLUMNS


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"aadhaar": ""}, {"aadhaar": "number_missing"}),
        ({"aadhaar": number(1)[:11]}, {"aadhaar": "number_form"}),
        ({"aadhaar": number(1) + "0"}, {"aadhaar": "number_form"}),
        ({"aadhaar": number(1, "0")}, {"aadhaar": "number_form"}),
        ({"aadhaar": number(1, "1")}, {"aadhaar": "number_form"}),
        ({"aadhaar": number(1, "2")}, {}),
        ({"aadhaar": number(1)[:-1] + str((int(number(1)[-1]) + 1) % 10)}, {"aadhaar": "number_check"}),
        ({"aadhaar": "९" * 12}, {"aadhaar": "number_form"}),
        ({"aadhaar": " ".join((number(1)[:4], number(1)[4:8], number(1)[8:]))}, {}),
        ({"born_on": "1984-11-05"}, {"born_on": "born_format"}),
        ({"born_on": "31-02-1984"}, {"born_on": "born_format"}),
        ({"born_on": "5-11-1984"}, {"born_on": "born_format"}),
        ({"born_on": "01-06-2013"}, {"born_on": "born_age"}),
        ({"born_on": "01-06-2012"}, {}),
        ({"born_on": "01-01-1900"}, {"born_on": "born_age"}),
        ({"mobile": "987654321"}, {"mobile": "mobile"}),
        ({"mobile": "98765432100"}, {"mobile": "mobile"}),
        ({"mobile": "+919876543210"}, {"mobile": "mobile"}),
        ({"mobile": "5876543210"}, {"mobile": "mobile"}),
        ({"email": "nobody"}, {"email": "email"}),
        ({"email": "a@b"}, {"email": "email"}),
        ({"email": "a@b.in\nBcc: c@d.in"}, {"email": "email"}),
        ({"gender": "f"}, {"gender": "choice"}),
        ({"employee_type": "Government"}, {"employee_type": "choice"}),
        ({"designation": ""}, {"designation": "listed"}),
        ({"designation": "Teacher"}, {"designation": "listed"}),
        ({"division": "Teaching"}, {"division": "listed"}),
        ({"office": "s99"}, {"office": "listed"}),
        ({"employee_type": "contractual"}, {"designation": "designation"}),
        ({"employee_type": "contractual", "designation": "", "aadhaar": ""}, {}),
        ({"employee_type": "contractual", "designation": "", "aadhaar": "12"}, {"aadhaar": "number_form"}),
        ({"name": ""}, {"name": "name"}),
        ({"name": "x" * 101}, {"name": "name"}),
        ({"name": "A\x00"}, {"name": "name"}),
        ({"name": 7}, {"name": "name"}),
        ({"photo": b""}, {"photo": "photo_missing"}),
        ({"photo": "me.jpg"}, {"photo": "photo_missing"}),
        ({"photo": jpeg(102_400)}, {}),
        ({"photo": jpeg(102_401)}, {"photo": "photo"}),
        ({"photo": b"\x89PNG\r\n\x1a\n" + bytes(100)}, {"photo": "photo"}),
        ({"photo": b"\xff\xd8\xff\xe0" + bytes(100)}, {"photo": "photo"}),
        ({"captain": "x"}, {"captain": "unknown"}),
    ],
)
def test_each_field_has_its_rule(changed: dict[str, object], found: dict[str, str]) -> None:
    """R1.3–R1.5, R1.7, R6.2: both sides of each limit."""
    assert problems(told(1, **changed)) == found


def test_everything_wrong_is_told_at_once_and_nothing_of_it_quoted(ledger: Ledger) -> None:
    bad: dict[str, object] = dict.fromkeys(COLUMNS, "SECRET-12")
    assert set(problems(bad)) >= set(COLUMNS) - {"name"}
    with ledger.write() as connection, pytest.raises(FormError) as caught:
        registrations.submit(connection, VAULTS, ORG, bad, AGREED)
    assert "SECRET" not in str(caught.value)


def test_free_text_is_answered_with_the_nodal_officer(ledger: Ledger) -> None:
    """R1.7: "get in touch with the concerned officer"."""
    with ledger.write() as connection, pytest.raises(FormError, match="ask Sample Nodal Officer, 500-0000"):
        submit(connection, designation="Chief Teacher")


@given(st.dictionaries(st.sampled_from(COLUMNS), st.one_of(st.text(), st.integers(), st.none(), st.binary())))
def test_no_form_breaks_the_check(form: dict[str, object]) -> None:
    with pytest.raises(FormError):
        check(form, LISTS, TODAY, registrations.is_photo)


# ── submitted, verified, rejected ──


def hang(connection: Connection, where: str, name: str = "t-1") -> None:
    at = connection.execute(select(office.c.id).where(office.c.code == where)).scalar_one()
    keys = {"record_key": bytes(32), "seal_key": bytes(32), "lookup_key": b""}
    row = {"id": name, "state": "active", **keys, "roster_version": 0, "admitted_ms": 0, "office": at}
    connection.execute(insert(terminal).values(**row))


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
    ledger.close()
    everything = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert secret.encode() not in everything
    assert secret[-6:].encode() not in everything
    assert f"Sample {1} ".encode() in everything


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
    with ledger.write() as connection:
        return imports.take(connection, VAULTS, ORG, data, photos_in(sheet.folder), AGREED, dry_run=dry_run)


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
        assert not erasing.prove(connection, done.person, "t-2", "t-2/log/7", 1)
        assert erasing.prove(connection, done.person, "t-1", "t-1/log/7", 1)
        assert erasing.erase(connection, VAULTS.common, done.person, "officer", "again") == []
        with pytest.raises(PeopleError, match="nobody"):
            erasing.erase(connection, VAULTS.common, bytes(8), "officer", "x")
        submit(connection)  # the number is free again


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
