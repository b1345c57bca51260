"""The table of Aadhaar numbers: put in, found again without opening, read with a reason, rotated, erased (R1.3).

Everything else in the ledger holds the reference key `ref` that `put` gives. One number has one row, whoever uses it.
"""

import os
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, select, update

from server import LedgerError, PeopleError
from server.access.scope import Scope, visible
from server.ledger.store import Ledger, now_ms
from server.ledger.tables import registration, vault_number, vault_read
from server.trust.vault import NumberVault
from sync import SealError

REF_BYTES = 8
MAX_REASON = 200
_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Kept:
    """How many numbers there are, and how many are not yet under the newest key."""

    numbers: int
    behind: int


def put(connection: Connection, vault: NumberVault, number: str) -> bytes:
    """Keep a number; returns its reference key, the same as before if it is kept already."""
    known = find(connection, vault, number)
    return add(connection, vault, number) if known is None else known


def add(connection: Connection, vault: NumberVault, number: str) -> bytes:
    """Keep a number that `find` has just not found; returns its reference key."""
    ref = os.urandom(REF_BYTES)
    row = {"ref": ref, "sealed": vault.close(ref, number), "key_version": vault.newest, "made_ms": now_ms()}
    connection.execute(insert(vault_number), row | {"digest": vault.digest(number)})
    return ref


def find(connection: Connection, vault: NumberVault, number: str) -> bytes | None:
    """The reference key of a number that is kept, without opening any."""
    asked = select(vault_number.c.ref).where(vault_number.c.digest.in_(vault.digests(number)))
    found: bytes | None = connection.scalar(asked)
    return found


def read(ledger: Ledger, vault: NumberVault, ref: bytes, actor: str, reason: str) -> str:
    """Open one number for somebody. That it was read, by whom and why, is on record before it is given."""
    with ledger.write() as connection:
        return open_noted(connection, vault, ref, actor, reason)


def open_noted(connection: Connection, vault: NumberVault, ref: bytes, actor: str, reason: str) -> str:
    """Open one number and note it; whoever rolls the transaction back must not have given it to anybody.

    Raises PeopleError: no number there, or nobody and no reason to read it; LedgerError: it does not open.
    """
    if not actor or not 1 <= len(reason.strip()) <= MAX_REASON or not reason.isprintable():
        raise PeopleError(f"a number is read by somebody, for a reason of 1 to {MAX_REASON} characters")
    row = connection.execute(select(vault_number).where(vault_number.c.ref == ref)).one_or_none()
    if row is None:
        raise PeopleError("no number is kept under this reference")
    note = {"id": os.urandom(REF_BYTES), "ref": ref, "actor": actor, "reason": reason.strip(), "at_ms": now_ms()}
    connection.execute(insert(vault_read).values(**note))
    try:
        return vault.open(ref, row.key_version, row.sealed)
    except SealError as error:
        raise LedgerError(f"number {ref.hex()}: {error}") from None


def reads(scope: Scope) -> Select[Any]:
    """Who opened which number, when and why, the newest first; `registration`: the newest made with it, if any is left.

    In scope where a registration with the number is; what was erased is the whole ledger's to see.
    """
    newest = select(registration.c.id).where(registration.c.number == vault_read.c.ref)
    newest = newest.order_by(registration.c.submitted_ms.desc()).limit(1)
    asked = select(vault_read, newest.scalar_subquery().label("registration"))
    if not scope.whole:
        mine = visible(select(registration.c.number), registration, scope).where(registration.c.number.is_not(None))
        asked = asked.where(vault_read.c.ref.in_(mine))
    return asked.order_by(vault_read.c.at_ms.desc(), vault_read.c.id)


def masked(number: str) -> str:
    """As it may be shown: the last four digits."""
    return f"XXXX XXXX {number[-4:]}"


def erase(connection: Connection, ref: bytes) -> bool:
    """Delete a number for good; that it was read stays on record. False: it was not there."""
    return connection.execute(delete(vault_number).where(vault_number.c.ref == ref)).rowcount > 0


def rotate(ledger: Ledger, vault: NumberVault) -> int:
    """Bring every number under the newest key; returns how many were not. Killed in the middle it goes on next time.

    When none is left behind, the older key files may be destroyed. Raises LedgerError where one does not open.
    """
    done = 0
    while True:
        with ledger.write() as connection:
            old = select(vault_number).where(vault_number.c.key_version != vault.newest).limit(_CHUNK)
            rows = connection.execute(old).all()
            for row in rows:
                try:
                    number = vault.open(row.ref, row.key_version, row.sealed)
                except SealError as error:
                    raise LedgerError(f"number {row.ref.hex()}: {error}") from None
                values = {"sealed": vault.close(row.ref, number), "digest": vault.digest(number)}
                changed = update(vault_number).where(vault_number.c.ref == row.ref)
                connection.execute(changed.values(**values, key_version=vault.newest))
        if not rows:
            return done
        done += len(rows)


def kept(connection: Connection, vault: NumberVault) -> Kept:
    """What there is."""
    every = connection.scalar(select(func.count()).select_from(vault_number)) or 0
    behind = select(func.count()).where(vault_number.c.key_version != vault.newest)
    return Kept(every, connection.scalar(behind) or 0)
