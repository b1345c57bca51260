"""The six digits a person punches with (R1.2, S5): the last six of the number, else the first, else assigned.

A text, never a number: leading zeros are digits. Two people collide when both are known in one region.
"""

import secrets
from collections.abc import Callable
from enum import Enum

from sqlalchemy import Connection, select, update

from server import PeopleError
from server.fleet import fetch
from server.ledger.store import upsert
from server.ledger.tables import attendance_id, office, person
from server.people import scope
from server.trust.vault import Vault

DIGITS = 6
DIGEST_BYTES = 16
_TRIES = 1000


class Basis(Enum):
    """Where somebody's six digits come from."""

    LAST = "last"
    FIRST = "first"
    ASSIGNED = "assigned"
    GIVEN = "given"


def choose(number: str, is_taken: Callable[[str], bool], draw: Callable[[], str]) -> tuple[str, Basis]:
    """Six digits that nobody in scope has, for a person with this number (empty: none). Pure.

    Raises PeopleError when a thousand draws are all taken: the scope is full.
    """
    for digits, basis in ((number[-DIGITS:], Basis.LAST), (number[:DIGITS], Basis.FIRST)):
        if number and not is_taken(digits):
            return digits, basis
    for _ in range(_TRIES):
        digits = draw()
        if not is_taken(digits):
            return digits, Basis.ASSIGNED
    raise PeopleError("there is no attendance id left in this region; make the region smaller")


def give(connection: Connection, vault: Vault, ref: bytes, at: bytes, number: str) -> tuple[str, Basis]:
    """Choose six digits for a person at an office and store them; returns them."""
    digits, basis = choose(number, lambda told: bool(holders(connection, vault, told, at)), _draw)
    put(connection, vault, ref, digits, basis)
    return digits, basis


def put(connection: Connection, vault: Vault, ref: bytes, digits: str, basis: Basis) -> None:
    """Store a person's six digits, closed, and by digest."""
    connection.execute(update(person).where(person.c.ref == ref).values(digits=vault.close_digits(ref, digits)))
    row = {"person": ref, "digest": digest(vault, digits), "basis": basis.value}
    upsert(connection, attendance_id, row, "digest", "basis")
    fetch.rename(connection, vault, ref, digits)


def holders(connection: Connection, vault: Vault, digits: str, at: bytes) -> list[bytes]:
    """The active people in the region of an office who have these six digits; people of no office are everywhere."""
    region = scope.regions(connection, [at])[at]
    inside = select(office.c.id).where(region.holds())
    asked = select(person.c.ref).join_from(attendance_id, person).where(person.c.active)
    asked = asked.where(attendance_id.c.digest == digest(vault, digits))
    return list(connection.scalars(asked.where(person.c.office.is_(None) | person.c.office.in_(inside))))


def collisions(connection: Connection, at: bytes) -> list[list[bytes]]:
    """The groups of active people in the region of an office who share their six digits (S5)."""
    region = scope.regions(connection, [at])[at]
    inside = select(office.c.id).where(region.holds())
    asked = select(person.c.ref, attendance_id.c.digest).join_from(attendance_id, person).where(person.c.active)
    groups: dict[bytes, list[bytes]] = {}
    for row in connection.execute(asked.where(person.c.office.is_(None) | person.c.office.in_(inside))):
        groups.setdefault(row.digest, []).append(row.ref)
    return [sorted(group) for group in groups.values() if len(group) > 1]


def digest(vault: Vault, digits: str) -> bytes:
    return vault.digest("attendance id", digits)[:DIGEST_BYTES]


def _draw() -> str:
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
