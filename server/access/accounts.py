"""Accounts: made by an administrator with a first password, made one's own at the first log-in (another password, a
second factor, recovery codes), and closed again.
"""

import os
import re
import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, Row, delete, insert, select, update

from server import AccessError
from server.access import attempts, grants, passwords, sessions, totp, trail
from server.access.keys import AccessKeys
from server.access.scope import Place
from server.access.sessions import Strength
from server.ledger.store import Ledger, upsert
from server.ledger.tables import account, person, recovery_code
from sync import SealError

RECOVERY_CODES = 10
MAX_LOGIN = 64
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{2,63}")
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class New:
    """An account to be made. `place`: who looks after it. `mobile`: ten digits, or "" for none. `person`: whose it is,
    who is employed here: only then may it have the custody of a portal without an exception (R4.2)."""

    login: str
    name: str
    place: Place
    designation: str = ""
    mobile: str = ""
    person: bytes | None = None


@dataclass(frozen=True, slots=True)
class Entered:
    """A log-in that was right: what the cookie is to hold, and how much it opens."""

    account: bytes
    cookie: str
    strength: Strength


@dataclass(frozen=True, slots=True)
class Refused:
    """A log-in that was not; `wait_ms` is 0 where another may be tried at once. It never says what was wrong."""

    wait_ms: int


def create(connection: Connection, keys: AccessKeys, who: str, new: New, now_ms: int) -> tuple[bytes, str]:
    """Make an account without any role; returns its id and its first password, shown once. Raises AccessError."""
    login, name = new.login.strip().lower(), " ".join(new.name.split())
    if not _LOGIN.fullmatch(login):
        raise AccessError("log-in name: expected 3 to 64 of a-z, 0-9 and . _ @ -, beginning with a letter or a digit")
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise AccessError("name: expected 1 to 100 printable characters")
    if new.mobile and not re.fullmatch(r"[6-9][0-9]{9}", new.mobile):
        raise AccessError("mobile: expected ten digits, the first of them 6 to 9")
    if len(new.designation) > MAX_LOGIN or not (new.designation or "x").isprintable():
        raise AccessError("designation: expected at most 64 printable characters")
    if connection.scalar(select(account.c.id).where(account.c.login == login)) is not None:
        raise AccessError("log-in name: is taken")
    id_, first = _own(connection, new.person) or os.urandom(8), passwords.make()
    row = {"login": login, "name": name, "org": new.place.org, "path": new.place.path, "made_ms": now_ms}
    secret = {"password": passwords.close(first), "totp": None, "totp_step": 0, "state": "invited"}
    mobile = keys.close(id_, "mobile", new.mobile.encode()) if new.mobile else None
    more = {"person": new.person, "designation": new.designation.strip(), "mobile": mobile}
    upsert(connection, account, {"id": id_, **row, **secret, **more}, *row, *secret, *more)
    sessions.close_all(connection, id_)
    trail.add(connection, trail.Entry(who, "make account", id_.hex()))
    return id_, first


def of_person(connection: Connection, ref: bytes, now_ms: int) -> bytes:
    """The account of an employee, made at their first log-in (one account, two views: R1.10)."""
    found = connection.scalar(select(account.c.id).where(account.c.person == ref))
    if found is not None:
        return bytes(found)
    name = connection.scalar(select(person.c.name).where(person.c.ref == ref)) or ""
    id_ = os.urandom(8)
    row = {"id": id_, "login": None, "name": name, "org": "", "path": "", "person": ref, "made_ms": now_ms}
    more = {"designation": "", "mobile": None, "password": None, "totp": None, "totp_step": 0, "state": "active"}
    connection.execute(insert(account).values(**row, **more))
    return id_


def find(connection: Connection, id_: bytes) -> Row[tuple[object, ...]] | None:
    return connection.execute(select(account).where(account.c.id == id_)).one_or_none()


def find_person(connection: Connection, ref: bytes) -> Row[tuple[object, ...]] | None:
    return connection.execute(select(account).where(account.c.person == ref)).one_or_none()


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody typed to log in, and from where."""

    login: str
    password: str
    code: str
    address: str
    agent: str


def log_in(ledger: Ledger, keys: AccessKeys, told: Told, now_ms: int) -> Entered | Refused:
    """Password and second factor, both or nothing. Wrong name, wrong password and wrong code are one answer, and take
    the same time; so are names that failed too often and names that do not exist."""
    login = told.login.strip().lower()
    with ledger.write() as connection:
        attempt = attempts.begin(connection, keys, login, told.address, now_ms)
        if isinstance(attempt, int):
            return Refused(attempt)
        found = select(account).where(account.c.login == login, account.c.state != "disabled")
        row = connection.execute(found).one_or_none() if _LOGIN.fullmatch(login) else None
    kept = None if row is None else row.password  # the hash takes a while: no transaction is open meanwhile
    right = passwords.matches(kept, told.password)
    mark = keys.mark("addresses", told.address, 8)
    with ledger.write() as connection:
        if row is None or not right or not _second_factor(connection, keys, row, told.code, now_ms):
            name = keys.mark("names", login, 8).hex()
            trail.add(connection, trail.Entry(f"name {name}", "log in", "", "refused", "", mark, now_ms))
            return Refused(0)
        attempts.succeeded(connection, attempt)
        if passwords.stale(row.password):
            _set(connection, row.id, password=passwords.close(told.password))
        strength = Strength.FULL if row.totp is not None else Strength.ENROL
        cookie = sessions.open_(connection, row.id, strength, mark, told.agent, now_ms)
        trail.add(connection, trail.Entry(f"account {row.id.hex()}", "log in", "", "done", "", mark, now_ms))
    return Entered(row.id, cookie, strength)


def change_password(ledger: Ledger, id_: bytes, old: str, new: str, keep: bytes) -> None:
    """By its owner; every other session ends. Raises AccessError."""
    with ledger.read() as connection:
        row = find(connection, id_)
    if row is None or (row.password is not None and not passwords.matches(row.password, old)):
        raise AccessError("the present password is another one")  # an employee's first has none before it
    if old == new:
        raise AccessError("password: is the one you have; take another")
    passwords.check(new, row.login or "", *row.name.split())
    closed = passwords.close(new)
    with ledger.write() as connection:
        _set(connection, id_, password=closed, state="active")
        sessions.close_all(connection, id_, keep)
        trail.add(connection, trail.Entry(f"account {id_.hex()}", "change password"))


def enrol_totp(
    connection: Connection, keys: AccessKeys, id_: bytes, secret: bytes, told: str, now_ms: int
) -> list[str]:
    """Take a second factor whose first code was told; returns the recovery codes, shown once. Raises AccessError."""
    step = totp.accept(secret, told.strip(), now_ms / 1000, 0)
    if step is None:
        raise AccessError("the code is not the one of now; is the clock of the phone right?")
    return _keep_totp(connection, keys, id_, secret, step)


def give_totp(connection: Connection, keys: AccessKeys, id_: bytes) -> tuple[bytes, list[str]]:
    """A second factor made here, for the first administrator: the secret and the recovery codes, shown once."""
    secret = totp.new_secret()
    return secret, _keep_totp(connection, keys, id_, secret, 0)


def _keep_totp(connection: Connection, keys: AccessKeys, id_: bytes, secret: bytes, step: int) -> list[str]:
    codes = [f"{_part()}-{_part()}" for _ in range(RECOVERY_CODES)]
    _set(connection, id_, totp=keys.close(id_, "totp", secret), totp_step=step)
    connection.execute(delete(recovery_code).where(recovery_code.c.account == id_))
    connection.execute(insert(recovery_code), [{"account": id_, "hash": _recovery(keys, id_, one)} for one in codes])
    trail.add(connection, trail.Entry(f"account {id_.hex()}", "enrol second factor"))
    return codes


def reset(connection: Connection, who: str, id_: bytes) -> str:
    """A new first password and no second factor, for somebody who lost theirs; returns the password, shown once."""
    first = passwords.make()
    _set(connection, id_, password=passwords.close(first), totp=None, totp_step=0, state="invited")
    connection.execute(delete(recovery_code).where(recovery_code.c.account == id_))
    sessions.close_all(connection, id_)
    trail.add(connection, trail.Entry(who, "reset account", id_.hex()))
    return first


def disable(connection: Connection, who: str, id_: bytes, *, disabled: bool) -> None:
    """Close an account, or open it again (with the password and the roles it had)."""
    _set(connection, id_, state="disabled" if disabled else "active")
    sessions.close_all(connection, id_)
    trail.add(connection, trail.Entry(who, "disable account" if disabled else "enable account", id_.hex()))


def forget(connection: Connection, who: str, ref: bytes, name: str, now_ms: int) -> None:
    """Somebody was erased (S6): their account is called `name` from now on, opens nothing and holds nothing."""
    row = find_person(connection, ref)
    if row is None:
        return
    grants.end_all(connection, who, row.id, "erased", now_ms)
    values = {"name": name, "designation": "", "state": "disabled"}
    _set(connection, row.id, login=None, password=None, totp=None, mobile=None, **values)
    connection.execute(delete(recovery_code).where(recovery_code.c.account == row.id))
    sessions.close_all(connection, row.id)
    trail.add(connection, trail.Entry(who, "erase account", row.id.hex()))


def _second_factor(
    connection: Connection, keys: AccessKeys, row: Row[tuple[object, ...]], told: str, now_ms: int
) -> bool:
    """The code of now, or a recovery code, which is spent by it. None is needed before one is enrolled."""
    if row.totp is None:
        return True
    told = told.strip().lower()
    try:
        secret = keys.open_(row.id, "totp", row.totp)
    except SealError:
        return False
    step = totp.accept(secret, told, now_ms / 1000, row.totp_step)
    if step is not None:  # of two that come with one code at once, one changes the row
        newer = update(account).where(account.c.id == row.id, account.c.totp_step < step).values(totp_step=step)
        return connection.execute(newer).rowcount == 1
    used = recovery_code.c.account == row.id, recovery_code.c.hash == _recovery(keys, row.id, told)
    return connection.execute(delete(recovery_code).where(*used)).rowcount == 1


def _own(connection: Connection, ref: bytes | None) -> bytes | None:
    """The account that a person has as an employee: theirs it stays, with two views (R1.10). Raises AccessError."""
    if ref is None:
        return None
    row = find_person(connection, ref)
    known = connection.scalar(select(person.c.ref).where(person.c.ref == ref))
    if known is None or (row is not None and row.login is not None):
        raise AccessError("person: nobody is registered under this reference, or they have an account already")
    return None if row is None else bytes(row.id)


def _set(connection: Connection, id_: bytes, **values: object) -> None:
    connection.execute(update(account).where(account.c.id == id_).values(**values))


def _part() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(5))


def _recovery(keys: AccessKeys, id_: bytes, code: str) -> bytes:
    return keys.mac("recovery codes", id_ + code.encode("utf-8", "replace"))
