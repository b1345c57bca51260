"""How often a log-in may fail: ten times an hour for a name, and ever more slowly from one address.

Names that no account has are counted like the others, so an answer tells nobody which there are. An address is many
people behind one router: it may fail twenty times before it has to wait, and then twice as long each time.
"""

import os
from dataclasses import dataclass

from sqlalchemy import Connection, and_, delete, func, insert, or_, select

from server.access.keys import AccessKeys
from server.ledger.tables import failure

HOUR_MS = 3_600_000
A_NAME = 10
AN_ADDRESS = 20
_FIRST_WAIT_MS, _LONGEST_WAIT_MS = 1_000, 900_000


def wait_ms(connection: Connection, keys: AccessKeys, name: str, address: str, now_ms: int) -> int:
    """How long to wait before another try is listened to; 0: not at all."""
    return max(_of_name(connection, keys, name, now_ms), _of_address(connection, keys, address, now_ms))


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try, counted as failed until it is known to be right: a hundred at once are a hundred."""

    name: bytes
    address: bytes
    nonce: bytes


def begin(connection: Connection, keys: AccessKeys, name: str, address: str, now_ms: int) -> Attempt | int:
    """Count one try, or how many milliseconds to wait before another is listened to. In one write transaction."""
    wait = wait_ms(connection, keys, name, address, now_ms)
    if wait:
        return wait
    connection.execute(delete(failure).where(failure.c.at_ms <= now_ms - HOUR_MS))
    attempt = Attempt(_name(keys, name), _address(keys, address), os.urandom(8))
    for key in (attempt.name, attempt.address):
        connection.execute(insert(failure).values(key=key, nonce=attempt.nonce, at_ms=now_ms))
    return attempt


def succeeded(connection: Connection, attempt: Attempt) -> None:
    """It was right: the name begins anew, and the address as it was before. Not from nothing, or one good account would
    pay for guesses at others."""
    own = and_(failure.c.key == attempt.address, failure.c.nonce == attempt.nonce)
    connection.execute(delete(failure).where(or_(failure.c.key == attempt.name, own)))


def _of_name(connection: Connection, keys: AccessKeys, name: str, now_ms: int) -> int:
    asked = select(failure.c.at_ms).where(failure.c.key == _name(keys, name), failure.c.at_ms > now_ms - HOUR_MS)
    times: list[int] = list(connection.scalars(asked.order_by(failure.c.at_ms.desc()).limit(A_NAME)))
    return max(0, times[-1] + HOUR_MS - now_ms) if len(times) >= A_NAME else 0


def _of_address(connection: Connection, keys: AccessKeys, address: str, now_ms: int) -> int:
    own = failure.c.key == _address(keys, address), failure.c.at_ms > now_ms - HOUR_MS
    count, last = connection.execute(select(func.count(), func.max(failure.c.at_ms)).where(*own)).one()
    if count < AN_ADDRESS:
        return 0
    pause: int = min(_FIRST_WAIT_MS << min(count - AN_ADDRESS, 20), _LONGEST_WAIT_MS)
    wait: int = last + pause - now_ms
    return max(0, wait)


def _name(keys: AccessKeys, name: str) -> bytes:
    return keys.mark("failures of a name", name.strip().casefold(), 16)


def _address(keys: AccessKeys, address: str) -> bytes:
    return keys.mark("failures of an address", address, 16)
