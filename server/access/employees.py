"""Employees log in with the six digits, a puzzle, and the one live one-time password, or later a password (R1.9).

Whether anybody has these digits is never told: asking for a code is answered the same either way, and every wrong
answer is one and the same. The puzzle comes first; a code asked for while one is valid makes no second one.
"""

import re
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection

from server.access import accounts, attempts, captcha, passwords, sessions, trail
from server.access.accounts import Entered, Refused
from server.access.keys import AccessKeys
from server.access.sessions import Strength
from server.ledger.store import Ledger

_DIGITS = re.compile(r"[0-9]{6}")


class OneTimePasswords(Protocol):
    """Where codes come from and go to."""

    def person(self, connection: Connection, digits: str) -> bytes | None:
        """Whose attendance id this is, where it is exactly one verified person's."""
        ...

    def request(self, connection: Connection, person: bytes, now_ms: int) -> None:
        """Send a code, unless one is valid or too many were asked for."""
        ...

    def accept(self, connection: Connection, person: bytes, code: str, now_ms: int) -> bool:
        """Is this the live code? It is spent by being right, and dies of too many wrong ones."""
        ...


@dataclass(frozen=True, slots=True)
class Told:
    """What an employee typed, and from where. `secret` is a code or a password; empty to ask for a code."""

    digits: str
    puzzle: str
    answer: str
    secret: str
    address: str
    agent: str


def ask(ledger: Ledger, keys: AccessKeys, codes: OneTimePasswords, told: Told, now_ms: int) -> Refused | None:
    """Have a code sent. None: whatever there was to do was done."""
    with ledger.write() as connection:
        attempt = _begin(connection, keys, told, now_ms)
        if isinstance(attempt, Refused):
            return attempt
        person = codes.person(connection, told.digits)
        if person is not None:
            codes.request(connection, person, now_ms)
    return None


def enter(ledger: Ledger, keys: AccessKeys, codes: OneTimePasswords, told: Told, now_ms: int) -> Entered | Refused:
    """Log in: by the live code, or by the password of the account."""
    with ledger.write() as connection:
        attempt = _begin(connection, keys, told, now_ms)
        if isinstance(attempt, Refused):
            return attempt
        person = codes.person(connection, told.digits)
        right = person is not None and codes.accept(connection, person, told.secret.strip(), now_ms)
        row = None if person is None else accounts.find_person(connection, person)
        kept = None if row is None else row.password
    if not right:  # the same work whether there is such a person, or a password, or not
        right = passwords.matches(kept, told.secret)
    mark = keys.mark("addresses", told.address, 8)
    with ledger.write() as connection:
        if not right or person is None or (row is not None and row.state == "disabled"):
            trail.add(connection, trail.Entry("-", "log in by id", "", "refused", "", mark, now_ms))
            return Refused(0)
        attempts.succeeded(connection, attempt)
        id_ = accounts.of_person(connection, person, now_ms)
        cookie = sessions.open_(connection, id_, Strength.CODE, mark, told.agent, now_ms)
        trail.add(connection, trail.Entry(f"account {id_.hex()}", "log in by id", "", "done", "", mark, now_ms))
    return Entered(id_, cookie, Strength.CODE)


def _begin(connection: Connection, keys: AccessKeys, told: Told, now_ms: int) -> attempts.Attempt | Refused:
    """The limits, then the puzzle: a code is neither sent nor tried without it."""
    attempt = attempts.begin(connection, keys, f"id {told.digits}", told.address, now_ms)
    if isinstance(attempt, int):
        return Refused(attempt)
    solved = captcha.solved(connection, keys, told.puzzle, told.answer, now_ms)
    return attempt if solved and _DIGITS.fullmatch(told.digits) else Refused(0)
