"""Keys, certificates, ledger, registration, tokens and words: each by itself, with the input people really give."""

import dataclasses
import datetime as dt
import json
import sqlite3
import stat
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from sqlalchemy import insert

from server import LedgerError, PeopleError, StartError, TokenError
from server.ledger import tables, views
from server.ledger.store import Ledger
from server.people.register import FLAGS, read, set_flags
from server.trust import pki, tokens
from server.trust.keys import held, open_keys
from server.trust.tokens import Access, Scope
from server.trust.vault import Vault
from server.web import words
from sync import SealError
from sync.wire import CardFlag
from tests.unit.server.aggregator import Aggregator, Line, Terminal

# ── keys and certificates ──


def test_keys_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    first = open_keys(tmp_path, ("hazri.example",))
    files = {path.name: path.read_bytes() for path in first.directory.iterdir()}
    second = open_keys(tmp_path, ("hazri.example",))
    assert {path.name: path.read_bytes() for path in second.directory.iterdir()} == files
    assert first.vault == second.vault
    for path in first.directory.glob("*.key"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(first.directory.stat().st_mode) == 0o700


def test_the_brokers_certificate_names_its_hosts_and_follows_them(tmp_path: Path) -> None:
    def names() -> x509.SubjectAlternativeName:
        certificate = x509.load_pem_x509_certificate((tmp_path / "keys" / "broker.crt").read_bytes())
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    open_keys(tmp_path, ())
    assert set(names().get_values_for_type(x509.DNSName)) == {"localhost"}
    open_keys(tmp_path, ("hazri.example", "10.0.0.7"))
    assert set(names().get_values_for_type(x509.DNSName)) == {"localhost", "hazri.example"}
    assert [str(a) for a in names().get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "10.0.0.7"]


def test_a_certificate_is_renewed_before_it_ends(tmp_path: Path) -> None:
    keys = open_keys(tmp_path, ())
    key = pki.make_own_key()
    now = dt.datetime.now(dt.UTC)
    certificate = pki.client_certificate(keys.authority, "hazri-ingest", key.public_key(), now, 365)
    assert pki.still_good(certificate, keys.authority, key, (), now)
    assert not pki.still_good(certificate, keys.authority, key, (), now + dt.timedelta(days=336))
    assert not pki.still_good(certificate, keys.authority, pki.make_own_key(), (), now)
    other = pki.new_authority(pki.make_own_key(), now)
    assert not pki.still_good(certificate, other, key, (), now)


@pytest.mark.parametrize("name", ["ca.crt", "ca.key", "vault.key", "server.key"])
def test_a_damaged_key_file_is_named(tmp_path: Path, name: str) -> None:
    open_keys(tmp_path, ())
    (tmp_path / "keys" / name).write_bytes(b"damaged")
    with pytest.raises(StartError, match=name):
        open_keys(tmp_path, ())


def test_what_the_vault_closed_opens_only_in_its_place() -> None:
    vault = Vault(bytes(32))
    closed = vault.close_digits(b"person-1", "012345")
    assert vault.open_digits(b"person-1", closed) == "012345"
    for other, key in [(b"person-2", bytes(32)), (b"person-1", b"k" * 32)]:
        with pytest.raises(SealError):
            Vault(key).open_digits(other, closed)
    assert "0000" not in repr(vault)


# ── the ledger ──


def test_the_migrations_build_exactly_the_tables(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path / 'l.db'}")
    with ledger.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    ledger.close()
    Ledger(f"sqlite:///{tmp_path / 'l.db'}").close()


def test_a_ledger_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    Ledger(f"sqlite:///{tmp_path / 'l.db'}").close()
    database = sqlite3.connect(tmp_path / "l.db")
    with database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    with pytest.raises(LedgerError, match="later version of this program"):
        Ledger(f"sqlite:///{tmp_path / 'l.db'}")


@pytest.mark.parametrize("url", ["nonsense", "nosuch://x", "sqlite:////no/such/folder/l.db"])
def test_a_database_that_cannot_be_opened_is_said(url: str) -> None:
    with pytest.raises(LedgerError):
        Ledger(url)


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "l.db").write_bytes(b"not a database" * 100)
    with pytest.raises(LedgerError, match="not a database"):
        Ledger(f"sqlite:///{tmp_path / 'l.db'}")


def test_a_time_no_calendar_has_is_shown_as_none(running: Aggregator) -> None:
    assert views._instant(2**54) is None
    assert views._instant(-(2**54)) is None
    assert views._instant(0) == dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    assert running.count("records") == 0


def test_what_waits_is_counted_from_what_was_said_and_what_is_held(running: Aggregator) -> None:
    one = Line(running.hub, running.admit(Terminal("t-1")))
    running.admit(Terminal("t-2"))
    one.terminal.punches(9)
    one.send("beat", one.terminal.beat())
    running.wait("beats")
    now = 10**15
    with running.ledger.read() as connection:
        first, second = views.live_terminals(connection, 0)
        late, _ = views.live_terminals(connection, now)
        assert views.hearing(connection, 0) == views.Hearing(online=1, waiting=9)
        assert views.hearing(connection, now) == views.Hearing(online=0, waiting=9)
        assert [one.id for one in views.live_terminals(connection, 0, worst=2)] == ["t-2", "t-1"]
        assert [one.id for one in views.live_terminals(connection, now, worst=1)] == ["t-1"]
    assert (first.state, first.backlog, second.state, late.state) == ("online", 9, "new", "silent")
    one.send("batch", one.terminal.batch_bytes(1, 5))
    running.wait("records", 5)
    before = {"terminal": "t-1", "log": b"unit one", "seq": 20, "head": b"h" * 32, "first_ms": 1, "last_ms": 2}
    with running.ledger.write() as connection:
        connection.execute(insert(tables.log).values(before))
    with running.ledger.read() as connection:
        (first, _) = views.live_terminals(connection, 0)
    assert (first.backlog, first.seq) == (4, 25)


# ── people ──


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"nonsense", "not a JSON object"),
        (b"\xff\xfe", "not a JSON object"),
        (b"[1]", "expected exactly"),
        (b'{"name": "A"}', "expected exactly"),
        (b'{"name": "A", "digits": "123456", "x": 1}', "expected exactly"),
        (b'{"name": "A", "digits": 123456}', "exactly six digits"),
        (b'{"name": "A", "digits": "12345"}', "exactly six digits"),
        (b'{"name": "A", "digits": "1234567"}', "exactly six digits"),
        ('{"name": "A", "digits": "१२३४५६"}'.encode(), "exactly six digits"),
        (b'{"name": "", "digits": "123456"}', "name must be"),
        (b'{"name": "A\\u0000", "digits": "123456"}', "name must be"),
        (b'{"name": "\\ud800", "digits": "123456"}', "name must be"),
        (b'{"name": "' + b"x" * 101 + b'", "digits": "123456"}', "name must be"),
        (b'{"name": "A", "digits": "123456", "flags": "supervisor"}', "flags must be a list"),
        (b'{"name": "A", "digits": "123456", "flags": ["spoken", "Supervizor"]}', "flag 2 .* did you mean supervisor"),
        (b'{"name": "A", "digits": "123456", "flags": ["none"]}', "flag 1 is none of supervisor, face_first"),
        (b'{"name": "A", "digits": "123456", "flags": ["123456"]}', "flag 1 is none of"),
        (b'{"name": "A", "digits": "123456", "flags": [[1]]}', "flag 1 is none of"),
        (b"[" * 4000, "not a JSON object"),
        (b" " * 5000 + b"1", "longer than"),
    ],
)
def test_a_bad_line_is_named_without_the_digits(line: bytes, says: str) -> None:
    good = b'{"name": "Synthetic", "digits": "000001"}\n'
    with pytest.raises(PeopleError, match=f"line 3: .*{says}") as caught:
        read([good, b"\n", line])
    assert "123456" not in str(caught.value)


def test_leading_zeros_are_digits_and_hindi_names_are_names() -> None:
    """R1.2."""
    (one,) = read(['{"name": "  सिंथेटिक   व्यक्ति ", "digits": "000007"}'.encode()])
    assert (one.name, one.digits) == ("सिंथेटिक व्यक्ति", "000007")
    assert "000007" not in repr(one)


def test_flags_are_told_by_name_and_may_be_left_out() -> None:
    """S1, S16."""
    lines = [b'{"name": "A", "digits": "000001"}']
    lines += [
        b'{"name": "%s", "digits": "000002", "flags": %s}' % told
        for told in ((b"B", b"[]"), (b"C", b'["spoken","face_first"]'))
    ]
    assert [one.flags for one in read(lines)] == [0, 0, CardFlag.SPOKEN | CardFlag.FACE_FIRST]
    every = json.dumps({"name": "C", "digits": "000003", "flags": list(FLAGS)}).encode()
    assert read([every])[0].flags == CardFlag.SUPERVISOR | CardFlag.FACE_FIRST | CardFlag.MORE_TIME | CardFlag.SPOKEN


@pytest.mark.parametrize("reference", ["", "supervisor", "00" * 7, "00" * 8])
def test_flags_of_nobody_are_refused(running: Aggregator, reference: str) -> None:
    with pytest.raises(PeopleError, match="reference"):
        set_flags(running.ledger, reference, CardFlag.SPOKEN)


# ── tokens ──


def test_a_token_opens_its_scope_until_it_expires(running: Aggregator) -> None:
    token = tokens.make(running.ledger, "central", Scope.PULL, 30)
    assert tokens.check(running.ledger, token, Scope.PULL).access is Access.GRANTED
    assert tokens.check(running.ledger, token, Scope.DASHBOARD).access is Access.OTHER_SCOPE
    assert tokens.check(running.ledger, token[:-1], Scope.PULL).access is Access.UNKNOWN
    assert tokens.check(running.ledger, "\ud800", Scope.PULL).access is Access.UNKNOWN
    with running.ledger.write() as connection:
        connection.execute(tables.api_token.update().values(expires_ms=1))
    assert tokens.check(running.ledger, token, Scope.PULL).access is Access.EXPIRED


def test_a_session_ends_with_its_token(running: Aggregator) -> None:
    answer = tokens.check(running.ledger, tokens.make(running.ledger, "desk", Scope.DASHBOARD, 1), Scope.DASHBOARD)
    cookie = tokens.open_session(running.ledger, answer.hash)
    assert tokens.session_open(running.ledger, cookie)
    assert not tokens.session_open(running.ledger, "")
    with running.ledger.write() as connection:
        connection.execute(tables.api_token.update().values(expires_ms=1))
    assert not tokens.session_open(running.ledger, cookie)


def test_a_token_is_ended_by_the_name_it_has_in_the_trail(running: Aggregator) -> None:
    made = {scope: tokens.make(running.ledger, f"for {scope}", scope, 30) for scope in Scope}
    ids = {kept.scope: kept.id for kept in tokens.listed(running.ledger)}
    cookie = tokens.open_session(
        running.ledger, tokens.check(running.ledger, made[Scope.DASHBOARD], Scope.DASHBOARD).hash
    )
    assert not any(token in repr(tokens.listed(running.ledger)) for token in made.values())
    for scope in (Scope.FLEET, Scope.DASHBOARD):
        assert tokens.end(running.ledger, ids[scope], "console:test") == f"for {scope}"
        assert tokens.check(running.ledger, made[scope], scope).access is Access.EXPIRED
    assert not tokens.session_open(running.ledger, cookie)
    assert tokens.check(running.ledger, made[Scope.PULL], Scope.PULL).access is Access.GRANTED
    for wrong in ("", "00" * 8, made[Scope.PULL]):
        with pytest.raises(TokenError, match="no such token"):
            tokens.end(running.ledger, wrong, "console:test")


@pytest.mark.parametrize(("name", "days"), [("x", 0), ("x", 4000), ("", 1), ("a\nb", 1)])
def test_a_token_that_makes_no_sense_is_not_made(running: Aggregator, name: str, days: int) -> None:
    with pytest.raises(TokenError):
        tokens.make(running.ledger, name, Scope.PULL, days)


# ── words ──


def test_both_languages_have_every_word() -> None:
    assert words.EN.words.keys() == words.HI.words.keys()
    for name in (field.name for field in dataclasses.fields(words.Words)):
        one, two = getattr(words.EN, name), getattr(words.HI, name)
        assert one
        assert two
        if isinstance(one, str):
            assert one.count("{") == two.count("{"), name
    for name, word in words.EN.words.items():
        assert words.HI.words[name] != word


@pytest.mark.parametrize(
    ("seconds", "says"), [(0, "0 s ago"), (89, "89 s ago"), (90, "1 min ago"), (5400, "1 h ago"), (10**6, "11 d ago")]
)
def test_how_long_ago_is_short(seconds: int, says: str) -> None:
    assert words.ago(words.EN, 0, seconds * 1000) == says
    assert words.ago(words.EN, None, 0) == "never"
    assert [words.bound(ms) for ms in (40, 1900, 150_000)] == ["±40 ms", "±1.9 s", "±2.5 min"]


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    with held(tmp_path / "lock"), pytest.raises(BlockingIOError), held(tmp_path / "lock", wait=False):
        raise AssertionError("never reached")
