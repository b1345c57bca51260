"""Accounts, second factors, sessions, limits, puzzles: each by itself, with what people and guessers really do."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import argon2
import pytest
from sqlalchemy import Connection, func, insert, select, update

from server import AccessError
from server.access import accounts, attempts, captcha, employees, passwords, sessions, totp, trail
from server.access.accounts import Entered, New, Refused, Told
from server.access.keys import AccessKeys
from server.access.scope import EVERYWHERE
from server.access.sessions import Strength, View
from server.ledger.store import Ledger
from server.ledger.tables import account, account_session, failure, person
from server.ledger.tables import trail as trail_table
from sync import SealError
from tests.unit.server.departments import department

KEYS = AccessKeys(b"k" * 32)
NOW = 1_800_000_000_000
HOUR = attempts.HOUR_MS


@pytest.fixture
def ledger(tmp_path: Path, database: str) -> Iterator[Ledger]:
    one = department(tmp_path, 0, database)
    yield one
    one.close()


@pytest.fixture(autouse=True)
def quick(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is proved here does not hang on how long a hash takes; the one test that looks at that takes the real."""
    if "argon2id" not in request.node.name:
        monkeypatch.setattr(passwords, "_hasher", argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        passwords._nobodys.cache_clear()


@dataclasses.dataclass
class Somebody:
    """An account whose password and second factor are known."""

    ledger: Ledger
    id: bytes
    password: str
    secret: bytes
    codes: list[str]

    def told(self, **other: str) -> Told:
        return dataclasses.replace(Told("synthetic.one", self.password, "", "10.0.0.1", "test"), **other)

    def enter(self, at: int = NOW, **other: str) -> Entered | Refused:
        return accounts.log_in(self.ledger, KEYS, self.told(**other), at)

    def code(self, at: int) -> str:
        return totp.code(self.secret, at // 1000 // totp.STEP_S)


@pytest.fixture
def somebody(ledger: Ledger) -> Somebody:
    with ledger.write() as connection:
        new = New("Synthetic.One", "Synthetic One", EVERYWHERE)
        id_, first = accounts.create(connection, KEYS, "test", new, NOW)
        secret, codes = accounts.give_totp(connection, KEYS, id_)
    return Somebody(ledger, id_, first, secret, codes)


# ── second factor ──


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_the_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    """RFC 6238, appendix B (SHA-1), the last six of its eight digits."""
    assert totp.code(b"12345678901234567890", seconds // totp.STEP_S) == code


def test_a_code_is_taken_once_and_a_clock_may_be_half_a_minute_off() -> None:
    secret = totp.new_secret()
    now_s, step = 1_800_000_000.0, 60_000_000
    for off in (-1, 0, 1):
        assert totp.accept(secret, totp.code(secret, step + off), now_s, 0) == step + off
        assert totp.accept(secret, totp.code(secret, step + off), now_s, step + off) is None
    for off in (-2, 2):
        assert totp.accept(secret, totp.code(secret, step + off), now_s, 0) is None
    assert totp.accept(secret, "", now_s, 0) is None
    assert totp.accept(secret, "१२३४५६", now_s, 0) is None
    assert totp.read(totp.text(secret)) == secret
    assert totp.uri(secret, "a b").startswith("otpauth://totp/Hazri:a%20b?secret=")


def test_a_sealed_secret_opens_in_its_own_row_alone() -> None:
    closed = KEYS.close(b"account1", "totp", b"secret")
    assert KEYS.open_(b"account1", "totp", closed) == b"secret"
    for other in (
        (b"account2", "totp", KEYS),
        (b"account1", "mobile", KEYS),
        (b"account1", "totp", AccessKeys(b"x" * 32)),
    ):
        with pytest.raises(SealError):
            other[2].open_(other[0], other[1], closed)
    assert "kkkk" not in repr(KEYS)


# ── logging in ──


def test_password_and_code_together_open_a_session(somebody: Somebody) -> None:
    found = somebody.enter(code=somebody.code(NOW), login=" SYNTHETIC.one ")
    assert isinstance(found, Entered)
    assert found.strength is Strength.FULL
    assert somebody.enter(code=somebody.code(NOW)) == Refused(0), "a code is taken once"
    assert isinstance(somebody.enter(NOW + 60_000, code=somebody.code(NOW + 60_000)), Entered)


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "wrong wrong"},
        {"code": "000000"},
        {"code": ""},
        {"login": "nobody"},
        {"login": ""},
        {"login": "synthetic.one\0"},
        {"login": "\ud800"},
        {"password": "x" * 10_000},
        {"code": "\ud800"},
    ],
)
def test_whatever_is_wrong_the_answer_is_one(somebody: Somebody, wrong: dict[str, str]) -> None:
    """It tells nobody which accounts exist."""
    assert somebody.enter(**{"code": somebody.code(NOW), **wrong}) == Refused(0)


def test_a_recovery_code_opens_once(somebody: Somebody) -> None:
    assert len(set(somebody.codes)) == accounts.RECOVERY_CODES
    assert isinstance(somebody.enter(code=somebody.codes[0].upper()), Entered)
    assert somebody.enter(code=somebody.codes[0]) == Refused(0)


@pytest.mark.parametrize("login", ["synthetic.one", "nobody"])
def test_ten_failures_an_hour_and_no_more(somebody: Somebody, login: str) -> None:
    """Also of a name that nobody has, or the eleventh answer would tell."""
    for n in range(attempts.A_NAME):
        assert somebody.enter(NOW + n, password="wrong", login=login, address=f"10.0.1.{n}") == Refused(0)
    late = somebody.enter(NOW + 20, login=login, code=somebody.code(NOW))
    assert late == Refused(HOUR - 20)
    again = somebody.enter(NOW + HOUR, login=login, code=somebody.code(NOW + HOUR))
    assert isinstance(again, Entered if login == "synthetic.one" else Refused)


def test_success_clears_the_name_and_not_the_address(somebody: Somebody) -> None:
    for n in range(attempts.A_NAME - 1):
        somebody.enter(NOW + n, password="wrong")
    assert isinstance(somebody.enter(NOW, code=somebody.code(NOW)), Entered)
    with somebody.ledger.read() as connection:
        assert connection.scalar(select(func.count()).select_from(failure)) == attempts.A_NAME - 1


def test_an_address_that_goes_on_waits_ever_longer(ledger: Ledger) -> None:
    waits = []
    at = NOW
    for n in range(attempts.AN_ADDRESS + 14):
        with ledger.write() as connection:
            found = attempts.begin(connection, KEYS, f"name {n}", "10.0.0.9", at)
            if isinstance(found, int):
                waits.append(found)
                at += found
                assert isinstance(attempts.begin(connection, KEYS, f"name {n}", "10.0.0.9", at), attempts.Attempt)
            assert attempts.wait_ms(connection, KEYS, "else", "10.0.0.10", at) == 0
    assert waits[:4] == [1000, 2000, 4000, 8000]
    assert max(waits) == 900_000
    assert sorted(waits) == waits


def test_failures_are_forgotten_after_an_hour(ledger: Ledger) -> None:
    with ledger.write() as connection:
        for n in range(5):
            attempts.begin(connection, KEYS, "one", "10.0.0.1", NOW + n)
        attempts.begin(connection, KEYS, "two", "10.0.0.2", NOW + HOUR + 10)
        assert connection.scalar(select(func.count()).select_from(failure)) == 2


def test_neither_names_nor_addresses_stand_in_the_ledger(somebody: Somebody) -> None:
    somebody.enter(password="wrong", login="somebodys.secret.name", address="192.0.2.77")
    with somebody.ledger.read() as connection:
        text = repr(connection.execute(select(failure)).all()) + repr(connection.execute(select(trail_table)).all())
    assert "somebodys" not in text
    assert "192.0.2.77" not in text


@pytest.mark.parametrize(
    "wrong", [{"login": "a\0b"}, {"login": "\ud800"}, {"code": "\0"}, {"agent": "a" * 500, "password": "\0"}]
)
def test_what_no_database_keeps_opens_nothing(somebody: Somebody, wrong: dict[str, str]) -> None:
    assert somebody.enter(**wrong) == Refused(0)
    with somebody.ledger.read() as connection:
        assert trail.broken(connection) is None


# ── accounts ──


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("login", "ab", "log-in name"),
        ("login", "with space", "log-in name"),
        ("login", "हिन्दी", "log-in name"),
        ("login", "synthetic.one", "taken"),
        ("name", "", "name: expected"),
        ("name", "a\0b", "name: expected"),
        ("mobile", "12345", "ten digits"),
        ("mobile", "1234567890", "ten digits"),
        ("designation", "x" * 65, "designation"),
        ("person", b"nobody!!", "nobody is registered"),
    ],
)
def test_an_account_that_cannot_be_is_refused(somebody: Somebody, field: str, value: object, says: str) -> None:
    new = dataclasses.replace(New("synthetic.two", "Synthetic Two", EVERYWHERE), **{field: value})
    with pytest.raises(AccessError, match=says), somebody.ledger.write() as connection:
        accounts.create(connection, KEYS, "test", new, NOW)


def test_a_first_password_must_be_changed_and_other_sessions_end(somebody: Somebody) -> None:
    first = somebody.enter(code=somebody.code(NOW))
    second = somebody.enter(NOW + 90_000, code=somebody.code(NOW + 90_000))
    assert isinstance(first, Entered)
    assert isinstance(second, Entered)
    with somebody.ledger.read() as connection:
        mine = sessions.find(connection, second.cookie, NOW + 90_000)
    assert mine
    assert mine.invited
    new = "blue lamp over seven hills"
    accounts.change_password(somebody.ledger, somebody.id, somebody.password, new, mine.hash)
    with somebody.ledger.read() as connection:
        assert sessions.find(connection, first.cookie, NOW + 90_000) is None
        kept = sessions.find(connection, second.cookie, NOW + 90_000)
    assert kept
    assert not kept.invited
    at = NOW + 180_000
    assert somebody.enter(at, code=somebody.code(at)) == Refused(0)
    assert isinstance(somebody.enter(at, password=new, code=somebody.code(at)), Entered)


@pytest.mark.parametrize(
    ("new", "says"),
    [
        ("short", "10 to 128"),
        ("x" * 129, "10 to 128"),
        ("aaaaaaaaaaaa", "too few"),
        ("password1234", "everybody tries"),
        ("synthetic.one2027", "everybody tries"),
        ("Hazri@123456", "everybody tries"),
    ],
)
def test_a_password_that_is_guessed_first_is_refused(somebody: Somebody, new: str, says: str) -> None:
    with pytest.raises(AccessError, match=says):
        accounts.change_password(somebody.ledger, somebody.id, somebody.password, new, b"")
    with pytest.raises(AccessError, match="another one"):
        accounts.change_password(somebody.ledger, somebody.id, "wrong", "blue lamp over seven hills", b"")


def test_a_password_is_kept_as_argon2id_with_its_parameters(somebody: Somebody) -> None:
    with somebody.ledger.read() as connection:
        kept = connection.scalar(select(account.c.password))
    assert kept
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert passwords.matches(kept, somebody.password)
    assert not passwords.matches(None, somebody.password)
    assert not passwords.matches("not a hash", somebody.password)
    assert not passwords.stale(kept)


def test_reset_and_closing_end_everything(somebody: Somebody) -> None:
    found = somebody.enter(code=somebody.code(NOW))
    assert isinstance(found, Entered)
    with somebody.ledger.write() as connection:
        first = accounts.reset(connection, "test", somebody.id)
        assert sessions.find(connection, found.cookie, NOW) is None
    at = NOW + 90_000
    again = somebody.enter(at, password=first)
    assert isinstance(again, Entered)
    assert again.strength is Strength.ENROL
    with somebody.ledger.write() as connection:
        accounts.disable(connection, "test", somebody.id, disabled=True)
        assert sessions.find(connection, again.cookie, at) is None
    assert somebody.enter(at, password=first) == Refused(0)


# ── sessions ──


def _open(connection: Connection, id_: bytes, at: int = NOW) -> str:
    return sessions.open_(connection, id_, Strength.FULL, bytes(8), "test", at)


def test_a_session_ends_when_nobody_is_there_and_after_a_day_of_work(somebody: Somebody) -> None:
    with somebody.ledger.write() as connection:
        cookie = _open(connection, somebody.id)
        assert sessions.find(connection, cookie, NOW + sessions.IDLE_MS - 1)
        assert sessions.find(connection, cookie, NOW + sessions.IDLE_MS) is None
        at = NOW
        while at < NOW + sessions.ABSOLUTE_MS - 60_000:
            one = sessions.find(connection, cookie, at)
            assert one
            if sessions.needs_seen(one, at):
                sessions.seen(connection, one, at)
            at += sessions.IDLE_MS - 1000
        assert sessions.find(connection, cookie, NOW + sessions.ABSOLUTE_MS) is None


def test_a_change_of_what_it_may_do_changes_the_cookie(somebody: Somebody) -> None:
    with somebody.ledger.write() as connection:
        cookie = _open(connection, somebody.id)
        one = sessions.find(connection, cookie, NOW)
        assert one
        other = sessions.rotate(connection, one, View.EMPLOYEE, Strength.FULL)
        assert sessions.find(connection, cookie, NOW) is None
        found = sessions.find(connection, other, NOW)
    assert found
    assert found.view is View.EMPLOYEE
    assert sessions.csrf(cookie) != sessions.csrf(other)


@pytest.mark.parametrize("cookie", ["", "x", "x" * 10_000, "\0", "\ud800"])
def test_a_cookie_of_nobody_opens_nothing(somebody: Somebody, cookie: str) -> None:
    with somebody.ledger.write() as connection:
        _open(connection, somebody.id)
        assert sessions.find(connection, cookie, NOW) is None


def test_the_ledger_knows_no_cookie(somebody: Somebody) -> None:
    with somebody.ledger.write() as connection:
        cookie = _open(connection, somebody.id)
        assert cookie not in repr(connection.execute(select(account_session)).all())
        (mine,) = sessions.of(connection, somebody.id, NOW)
        assert not sessions.close(connection, mine.hash, b"somebody")
        assert sessions.close(connection, mine.hash, somebody.id)


# ── puzzles ──


@pytest.mark.parametrize("language", ["en", "hi"])
def test_a_puzzle_is_words_and_its_answer_is_taken_once(ledger: Ledger, language: str) -> None:
    """R1.9: nobody has to see a picture."""
    for _ in range(60):
        puzzle = captcha.make(KEYS, language, NOW)
        assert not any(sign.isdigit() for sign in puzzle.text)
        a, b, c, _which = captcha._parts(KEYS, captcha._open(KEYS, puzzle.token) or b"")
        answer = a + b - c
        assert 1 <= answer <= 18
        told = (str(answer), captcha._NUMBERS[language][answer].upper(), f" {answer} ")[a % 3]
        with ledger.write() as connection:
            assert captcha.solved(connection, KEYS, puzzle.token, told, NOW)
            assert not captcha.solved(connection, KEYS, puzzle.token, told, NOW)


def test_devanagari_digits_answer_too(ledger: Ledger) -> None:
    puzzle = captcha.make(KEYS, "hi", NOW)
    a, b, c, _ = captcha._parts(KEYS, captcha._open(KEYS, puzzle.token) or b"")
    told = "".join("०१२३४५६७८९"[int(one)] for one in str(a + b - c))
    with ledger.write() as connection:
        assert captcha.solved(connection, KEYS, puzzle.token, told, NOW)


@pytest.mark.parametrize("token", ["", "x", "=" * 50, "A" * 60, "é", "x" * 10_000])
def test_a_token_of_somebody_else_is_no_puzzle(ledger: Ledger, token: str) -> None:
    with ledger.write() as connection:
        assert not captcha.solved(connection, KEYS, token, "5", NOW)


def test_a_puzzle_expires_and_a_wrong_answer_spends_it(ledger: Ledger) -> None:
    with ledger.write() as connection:
        for at, first in ((NOW + captcha.LIFE_MS, "5"), (NOW, "words")):
            puzzle = captcha.make(KEYS, "en", NOW)
            a, b, c, _ = captcha._parts(KEYS, captcha._open(KEYS, puzzle.token) or b"")
            assert not captcha.solved(connection, KEYS, puzzle.token, first if at == NOW else str(a + b - c), at)
            assert not captcha.solved(connection, KEYS, puzzle.token, str(a + b - c), at)


# ── employees ──


class Codes:
    """One employee with the digits 012345, whose code is always the same; counts what was sent."""

    def __init__(self, ref: bytes) -> None:
        self.ref = ref
        self.sent = 0

    def person(self, _connection: Connection, digits: str) -> bytes | None:
        return self.ref if digits == "012345" else None

    def request(self, _connection: Connection, _person: bytes, _now_ms: int) -> None:
        self.sent += 1

    def accept(self, _connection: Connection, person: bytes, code: str, _now_ms: int) -> bool:
        return person == self.ref and code == "424242"


def _told(
    digits: str = "012345", secret: str = "", *, solved: bool = True, address: str = "10.0.0.1"
) -> employees.Told:
    puzzle = captcha.make(KEYS, "en", NOW)
    a, b, c, _ = captcha._parts(KEYS, captcha._open(KEYS, puzzle.token) or b"")
    return employees.Told(digits, puzzle.token, str(a + b - c + (not solved)), secret, address, "test")


@pytest.fixture
def codes(ledger: Ledger) -> Codes:
    row = {"ref": b"synthet1", "name": "Synthetic", "digits": b"", "flags": 0, "active": True, "since_ms": 1}
    with ledger.write() as connection:
        connection.execute(insert(person).values(**row))
    return Codes(b"synthet1")


def test_an_employee_comes_in_by_digits_puzzle_and_code(ledger: Ledger, codes: Codes) -> None:
    """R1.9."""
    assert employees.ask(ledger, KEYS, codes, _told(), NOW) is None
    assert codes.sent == 1
    found = employees.enter(ledger, KEYS, codes, _told(secret=" 424242 "), NOW)
    assert isinstance(found, Entered)
    with ledger.read() as connection:
        one = sessions.find(connection, found.cookie, NOW)
    assert one
    assert (one.view, one.strength, one.person) == (View.EMPLOYEE, Strength.CODE, b"synthet1")
    again = employees.enter(ledger, KEYS, codes, _told(secret="424242"), NOW)
    assert isinstance(again, Entered)
    assert again.account == found.account


def test_whoever_came_in_by_six_digits_keeps_the_account_as_staff(ledger: Ledger, codes: Codes) -> None:
    """R1.10: one account, two views. It gets a log-in name once; what was open before is not any more."""
    came = employees.enter(ledger, KEYS, codes, _told(secret="424242"), NOW)
    assert isinstance(came, Entered)
    new = New("synthetic.three", "Synthetic Three", EVERYWHERE, mobile="9000000003", person=codes.ref)
    with ledger.write() as connection:
        id_, first = accounts.create(connection, KEYS, "test", new, NOW)
        assert id_ == came.account
        assert sessions.find(connection, came.cookie, NOW) is None
        row = accounts.find(connection, id_)
        assert row is not None
        assert (row.login, row.person, row.state) == ("synthetic.three", codes.ref, "invited")
        with pytest.raises(AccessError, match="have an account already"):
            accounts.create(connection, KEYS, "test", dataclasses.replace(new, login="synthetic.four"), NOW)
    again = employees.enter(ledger, KEYS, codes, _told(secret="424242"), NOW)
    assert isinstance(again, Entered)
    assert again.account == id_
    told = accounts.Told("synthetic.three", first, "", "10.0.0.1", "test")
    entered = accounts.log_in(ledger, KEYS, told, NOW)
    assert isinstance(entered, Entered)
    assert entered.account == id_


def test_later_a_password_does(ledger: Ledger, codes: Codes) -> None:
    """R1.9."""
    found = employees.enter(ledger, KEYS, codes, _told(secret="424242"), NOW)
    assert isinstance(found, Entered)
    accounts.change_password(ledger, found.account, "", "blue lamp over seven hills", b"")
    told = _told(secret="blue lamp over seven hills")
    assert isinstance(employees.enter(ledger, KEYS, codes, told, NOW), Entered)


def test_nothing_is_sent_or_tried_without_the_puzzle(ledger: Ledger, codes: Codes) -> None:
    """R1.9: captcha first."""
    assert employees.ask(ledger, KEYS, codes, _told(solved=False), NOW) == Refused(0)
    assert employees.enter(ledger, KEYS, codes, _told(secret="424242", solved=False), NOW) == Refused(0)
    assert codes.sent == 0


@pytest.mark.parametrize("digits", ["999999", "12345", "", "०१२३४५", "012345\0"])
def test_ids_that_nobody_has_are_answered_like_the_others(ledger: Ledger, codes: Codes, digits: str) -> None:
    known = employees.enter(ledger, KEYS, codes, _told(secret="000000"), NOW)
    assert employees.enter(ledger, KEYS, codes, _told(digits, "000000"), NOW) == known == Refused(0)
    with ledger.read() as connection:
        assert connection.scalar(select(func.count()).select_from(account)) == 0


def test_ten_guesses_an_hour_at_one_id(ledger: Ledger, codes: Codes) -> None:
    for n in range(attempts.A_NAME):
        told = _told(secret="000000", address=f"10.0.2.{n}")
        assert employees.enter(ledger, KEYS, codes, told, NOW) == Refused(0)
    assert employees.enter(ledger, KEYS, codes, _told(secret="424242"), NOW) == Refused(HOUR)


# ── the trail ──


def test_the_trail_is_a_chain(ledger: Ledger) -> None:
    with ledger.write() as connection:
        trail.add(connection, *(trail.Entry("test", "read", f"{n}", at_ms=NOW + n) for n in range(5)))
        trail.add(connection, trail.Entry("test", "read", "more", detail="\ud83d\ude00 हिन्दी"[2:], at_ms=NOW))
        assert trail.broken(connection) is None
    for number, change in ((3, {"object": "x"}), (2, {"result": "refused"}), (6, {"at_ms": NOW + 1})):
        with ledger.write() as connection:
            which = trail_table.c.number == number
            before = connection.execute(select(trail_table).where(which)).one()._mapping
            connection.execute(update(trail_table).where(which).values(**change))
            assert trail.broken(connection) == number
            connection.execute(update(trail_table).where(which).values(**{k: before[k] for k in change}))
            assert trail.broken(connection) is None
    with ledger.write() as connection:
        connection.execute(trail_table.delete().where(trail_table.c.number == 4))
        assert trail.broken(connection) == 4


def test_what_cannot_be_written_waits_and_then_nothing_personal_is_answered(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path / 'l.db'}")
    recorder = trail.Recorder(ledger)
    with ledger.write() as connection:
        connection.exec_driver_sql("ALTER TABLE trail RENAME TO away")
    for n in range(10_000):
        recorder.take(trail.Entry("test", "read", str(n)))
    recorder.flush()
    assert recorder.full
    with ledger.write() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO trail")
    recorder.flush()
    assert recorder.waiting == 0
    with ledger.read() as connection:
        assert trail.broken(connection) is None
        assert connection.scalar(select(func.count()).select_from(trail_table)) == 10_000
    ledger.close()
