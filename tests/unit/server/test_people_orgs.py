"""Organisations on their way in, their closed lists, and the keys of the number vault. Everybody is synthetic."""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from server import PeopleError, StartError
from server.ledger.store import Ledger
from server.ledger.tables import message, org, org_application, org_setting
from server.people import orgs, otp
from server.people.otp import Address, Asked, Purpose
from server.trust.vault import NUMBER_KEY_BYTES, NumberVault, new_number_key, open_number_vault
from sync import SealError
from tests.unit.server.departments import VAULT, department

NOW = 1_780_000_000_000
TO = Address("sample@example.invalid", "9000000001")
LETTER = b"%PDF-1.7 synthetic"


@pytest.fixture
def ledger(tmp_path: Path, database: str) -> Iterator[Ledger]:
    one = department(tmp_path, 0, database)
    yield one
    one.close()


def code_of(ledger: Ledger) -> str:
    """The newest one-time password, out of the message that carries it."""
    with ledger.read() as connection:
        row = connection.execute(select(message).order_by(message.c.made_ms.desc())).first()
    assert row is not None
    told: list[str] = json.loads(VAULT.open("message", row.id, row.sealed))
    return told[2][:6]


def ask(ledger: Ledger, at_ms: int = NOW) -> Asked:
    with ledger.write() as connection:
        return otp.ask(connection, VAULT, Purpose.LOGIN, "somebody", TO, at_ms)


def accept(ledger: Ledger, code: str, at_ms: int = NOW, *, spend: bool = False, subject: str = "somebody") -> bool:
    with ledger.write() as connection:
        return otp.accept(connection, VAULT, Purpose.LOGIN, subject, code, at_ms, spend=spend)


def queued(ledger: Ledger) -> int:
    with ledger.read() as connection:
        return len(connection.execute(select(message).where(message.c.state == "queued")).all())


# ── organisations ──


def applied(**changed: object) -> orgs.Application:
    told: dict[str, object] = {
        "name": "Sample Board",
        "name_hi": "नमूना बोर्ड",
        "nodal_name": "Sample Officer",
        "nodal_email": "nodal@example.invalid",
        "nodal_mobile": "9000000001",
        "request": LETTER,
    }
    return orgs.Application(**(told | changed))  # type: ignore[arg-type]


def test_an_organisation_comes_in_step_by_step(ledger: Ledger) -> None:
    """R1.11: applied → verified by password → approved with a slug of its own → active."""
    with ledger.write() as connection:
        one = orgs.apply(connection, VAULT, applied(), NOW)
        with pytest.raises(PeopleError, match="is applied"):
            orgs.approve(connection, VAULT, one, "sample-board", "admin")
        assert orgs.ask(connection, VAULT, one, NOW) is Asked.LIVE
    code = code_of(ledger)
    with ledger.write() as connection:
        assert not orgs.verify(connection, VAULT, one, "x", NOW)
        assert orgs.verify(connection, VAULT, one, code, NOW)
        with pytest.raises(PeopleError, match="is verified"):
            orgs.verify(connection, VAULT, one, code, NOW)
        orgs.approve(connection, VAULT, one, "sample-board", "admin")
        assert connection.execute(select(org.c.state)).scalar_one() == "active"
        assert orgs.nodal_officer(connection, "sample-board") == "Sample Officer, 9000000001, nodal@example.invalid"
        row = connection.execute(select(org_application)).one()
        assert (row.state, row.slug, row.actor) == ("approved", "sample-board", "admin")
        assert VAULT.open("org request", one, row.request) == LETTER
        second = orgs.apply(connection, VAULT, applied(), NOW + 1)
        orgs.reject(connection, second, "the letter is not signed", "admin")
        with pytest.raises(PeopleError, match="is rejected"):
            orgs.reject(connection, second, "again", "admin")
        with pytest.raises(PeopleError, match="no such application"):
            orgs.ask(connection, VAULT, bytes(8), NOW)


@pytest.mark.parametrize("slug", ["", "ab", "Sample", "a b", "-ab", "ab-", "www", "x" * 33, "../x", "नमूना"])
def test_a_slug_must_do_as_an_address(ledger: Ledger, slug: str) -> None:
    with ledger.write() as connection, pytest.raises(PeopleError, match="slug"):
        orgs.make(connection, slug, "A", "अ")


def test_a_slug_is_given_once(ledger: Ledger) -> None:
    """R1.11."""
    with ledger.write() as connection:
        orgs.make(connection, "sample", "A", "अ")
        with pytest.raises(PeopleError, match="is taken"):
            orgs.make(connection, "sample", "B", "ब")


@pytest.mark.parametrize(
    "changed",
    [
        {"nodal_email": "x"},
        {"nodal_mobile": "12"},
        {"request": b"MZ"},
        {"request": LETTER + bytes(2**20)},
        {"name": ""},
        {"name_hi": "a\x00"},
    ],
)
def test_an_application_that_lacks_something_is_refused(ledger: Ledger, changed: dict[str, object]) -> None:
    with ledger.write() as connection:
        with pytest.raises(PeopleError):
            orgs.apply(connection, VAULT, applied(**changed), NOW)
        assert connection.execute(select(org_application)).all() == []


def test_lists_are_kept_by_code(ledger: Ledger) -> None:
    """R1.7: closed lists, with equivalence, of an active organisation only."""
    with ledger.write() as connection:
        orgs.make(connection, "sample", "A", "अ")
        named = {"name": "Peon", "name_hi": "चपरासी"}
        orgs.put_designation(connection, "sample", "peon", {**named, "equivalent": "mts", "grade_pay": 1800})
        orgs.put_designation(connection, "sample", "peon", {**named, "name": "Messenger", "equivalent": "mts"})
        orgs.put_division(connection, "sample", "it", {"name": "IT", "name_hi": "आईटी"})
        orgs.put_division(connection, "sample", "old", {"name": "Old", "name_hi": "पुराना", "active": False})
        found = orgs.lists(connection, "sample")
        assert (found.designations, found.divisions) == ({"peon": "Messenger"}, {"it": "IT"})
        with pytest.raises(PeopleError, match="equivalent"):
            orgs.put_designation(connection, "sample", "x", {**named, "equivalent": "king"})
        with pytest.raises(PeopleError, match="code"):
            orgs.put_division(connection, "sample", "I T", named)
        with pytest.raises(PeopleError, match="no such organisation"):
            orgs.lists(connection, "nobody")
        with pytest.raises(PeopleError, match="setting"):
            orgs.configure(connection, "sample", "colour", "red")
        with pytest.raises(PeopleError, match="region"):
            orgs.configure(connection, "sample", "region", "planet")
        connection.execute(insert(org_setting).values(org="sample", name="region", value="state"))
        orgs.configure(connection, "sample", "region", "zone")
        assert connection.execute(select(org_setting.c.value)).scalar_one() == "zone"


# ── keys of the number vault ──


def test_number_keys_are_files_with_versions(tmp_path: Path) -> None:
    first = open_number_vault(tmp_path)
    assert (first.newest, open_number_vault(tmp_path)) == (1, first)
    assert new_number_key(tmp_path) == 2
    second = open_number_vault(tmp_path)
    assert (second.newest, len(second.versions)) == (2, 2)
    closed = NumberVault({1: first.versions[1]}).close(b"ref-0001", "234567890124")
    assert second.open(b"ref-0001", 1, closed) == "234567890124"
    # Who runs since before sees a key that is made meanwhile: else a number would be taken twice after a rotation.
    assert (first.newest, first.digests("234567890124")) == (2, second.digests("234567890124"))
    assert first.open(b"ref-0001", 2, second.close(b"ref-0001", "234567890124")) == "234567890124"
    (tmp_path / "number-1.key").unlink()
    with pytest.raises(SealError, match=r"number-1\.key"):
        open_number_vault(tmp_path).open(b"ref-0001", 1, closed)
    with pytest.raises(SealError):
        second.open(b"ref-0002", 1, closed)
    assert "versions" not in repr(second)
    assert (tmp_path / "number-2.key").stat().st_mode & 0o777 == 0o600


def test_number_keys_come_as_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = tmp_path / "credentials"
    given.mkdir()
    (given / "number-3.key").write_bytes(b"3" * NUMBER_KEY_BYTES)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(given))
    assert open_number_vault(tmp_path).newest == 3
    assert list(tmp_path.glob("*.key")) == []
    with pytest.raises(StartError, match="credentials"):
        new_number_key(tmp_path)
    (given / "number-3.key").write_bytes(b"3")
    with pytest.raises(StartError, match=r"number-3\.key"):
        open_number_vault(tmp_path)


def test_days_are_indias() -> None:
    from server.people.days import day_of, start_ms

    midnight = start_ms(dt.date(2026, 6, 1))
    assert dt.datetime.fromtimestamp(midnight / 1000, dt.UTC) == dt.datetime(2026, 5, 31, 18, 30, tzinfo=dt.UTC)
    assert (day_of(midnight - 1), day_of(midnight)) == (dt.date(2026, 5, 31), dt.date(2026, 6, 1))
