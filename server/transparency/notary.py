"""Makes checkpoints: one a day by itself, one more whenever asked; keeps them, and reads them back.

A tree of one size is signed once: asked again, the same statement is given. So this server can never have signed two
different roots for one size, unless somebody made it.
"""

import datetime as dt
import logging
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, Row, func, insert, select

from server.ledger import records
from server.ledger.store import Ledger, now_ms
from server.ledger.tables import checkpoint, counter
from server.threads import Rounds
from server.transparency.checkpoint import sign
from server.transparency.tiles import StoredTree, grow

log = logging.getLogger("hazri.transparency")

IST = dt.timezone(dt.timedelta(hours=5, minutes=30), "IST")
_TILES_AT_ONCE = 200  # about 30 ms of hashing while the ledger is locked
_LOOK_S = 60.0


@dataclass(frozen=True, slots=True)
class Kept:
    """A checkpoint as the ledger holds it; `note` is the signed statement, the rest is read from it."""

    size: int
    root: bytes
    made_ms: int
    note: str


def size(connection: Connection) -> int:
    """How many records the tree holds now."""
    found = connection.scalar(select(counter.c.value).where(counter.c.name == records.RECORDS))
    return found or 0


def make(ledger: Ledger, key: Ed25519PrivateKey) -> Kept | None:
    """A checkpoint of everything the ledger holds now; None while it holds nothing. Raises LedgerError."""
    while not _grown(ledger):
        pass
    with ledger.write() as connection:
        now = size(connection)
        if now == 0:
            return None
        if last := at(connection, now):
            return last
        grow(connection, now)
        made_ms = now_ms() // 1000 * 1000
        root = StoredTree(connection).root(now)
        note = sign(key, now, root, dt.datetime.fromtimestamp(made_ms / 1000, dt.UTC))
        connection.execute(insert(checkpoint).values(size=now, root=root, made_ms=made_ms, note=note))
    log.info("checkpoint size=%d", now)
    return Kept(now, root, made_ms, note)


def at(connection: Connection, size: int) -> Kept | None:
    """The checkpoint of exactly this size."""
    return _kept(connection.execute(select(checkpoint).where(checkpoint.c.size == size)).one_or_none())


def latest(connection: Connection) -> Kept | None:
    statement = select(checkpoint).order_by(checkpoint.c.size.desc()).limit(1)
    return _kept(connection.execute(statement).one_or_none())


def first_over(connection: Connection, server_seq: int) -> Kept | None:
    """The earliest checkpoint that speaks of this record."""
    statement = select(checkpoint).where(checkpoint.c.size >= server_seq).order_by(checkpoint.c.size).limit(1)
    return _kept(connection.execute(statement).one_or_none())


def behind(connection: Connection, size: int, limit: int) -> list[Kept]:
    """The next `limit` checkpoints larger than `size`."""
    statement = select(checkpoint).where(checkpoint.c.size > size).order_by(checkpoint.c.size).limit(limit)
    return [Kept(row.size, row.root, row.made_ms, row.note) for row in connection.execute(statement)]


class Notary(Rounds):
    """A thread that makes the daily checkpoint, at the first look after midnight in India, and one at the start."""

    def __init__(self, ledger: Ledger, key: Ed25519PrivateKey, look_s: float = _LOOK_S) -> None:
        super().__init__("notary", look_s)
        self._ledger, self._key = ledger, key

    def round(self) -> None:
        self.look()

    def look(self) -> None:
        """Keep the upper levels close behind, and make the day's checkpoint where it is missing."""
        _grown(self._ledger)
        with self._ledger.read() as connection:
            newest = connection.scalar(select(func.max(checkpoint.c.made_ms)))
        if newest is None or _day(newest) != _day(now_ms()):
            make(self._ledger, self._key)


def _grown(ledger: Ledger) -> bool:
    """One slice of the work on the upper levels, in a transaction of its own so that ingest gets its turns."""
    with ledger.write() as connection:
        return grow(connection, size(connection), _TILES_AT_ONCE)


def _day(ms: int) -> dt.date:
    return dt.datetime.fromtimestamp(ms / 1000, IST).date()


def _kept(row: Row[tuple[object, ...]] | None) -> Kept | None:
    return None if row is None else Kept(row.size, row.root, row.made_ms, row.note)
