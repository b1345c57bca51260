"""The tree in the ledger: tiles of up to 256 hashes, as C2SP tlog-tiles has them.

Tile (level, idx) holds entries idx·256 onwards of its level: at level 0 leaf hashes, at level n roots of the full
tiles of level n-1. The leaves are written in the transaction of their records, one hash a record and one tile a few
hundred; the levels above follow in `grow`, off the path of ingest, and are needed by nobody before a checkpoint.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from sqlalchemy import Connection, func, select, text

from server import TilesError
from server.ledger.tables import tile
from server.transparency import tree
from server.transparency.tree import HASH_BYTES, perfect_root

_BITS = 8
WIDTH = 1 << _BITS
_CACHED = 64

# Spelt out once: building them anew costs a lone punch more than running them. Both databases read them.
_READ = text("SELECT hashes FROM tile WHERE level = :level AND idx = :idx")
_WRITE = text(
    "INSERT INTO tile (level, idx, hashes) VALUES (:level, :idx, :hashes) "
    "ON CONFLICT (level, idx) DO UPDATE SET hashes = excluded.hashes"
)


def append(connection: Connection, first: int, leaves: Sequence[bytes]) -> None:
    """Add leaf hashes from index `first` on, in the transaction that took their numbers."""
    idx, offset = divmod(first, WIDTH)
    data = b"".join(leaves)
    if offset:
        kept = _read(connection, 0, idx)
        if len(kept) != offset * HASH_BYTES:
            raise TilesError(f"tile 0/{idx}: {len(kept) // HASH_BYTES} hashes, expected {offset}")
        end = (WIDTH - offset) * HASH_BYTES
        connection.execute(_WRITE, {"level": 0, "idx": idx, "hashes": kept + data[:end]})
        idx, data = idx + 1, data[end:]
    size = WIDTH * HASH_BYTES
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    if parts:
        connection.execute(_WRITE, [{"level": 0, "idx": idx + i, "hashes": part} for i, part in enumerate(parts)])


def grow(connection: Connection, size: int, limit: int = 1 << 30) -> bool:
    """Bring the upper levels up to a tree of `size` leaves, making at most `limit` hashes of tiles; True when done."""
    level = 1
    while full := size >> _BITS * level:
        have = _entries(connection, level)
        wanted = range(have, min(full, have + limit))
        made = [perfect_root(_hashes(_read(connection, level - 1, idx), level - 1, idx)) for idx in wanted]
        _extend(connection, level, have, made)
        limit -= len(made)
        if have + len(made) < full:
            return False
        level += 1
    return True


class StoredTree:
    """Reads the nodes that proofs are made of; good within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._tile = lru_cache(_CACHED)(lambda level, idx: _read(connection, level, idx))

    def fetch(self, level: int, index: int) -> bytes:
        """The root of a perfect subtree (see tree.Fetch). Raises TilesError where the tree does not reach it yet."""
        high, low = divmod(level, _BITS)
        idx, entry = divmod(index << low, WIDTH)
        hashes = self._tile(high, idx)[entry * HASH_BYTES : (entry + (1 << low)) * HASH_BYTES]
        if len(hashes) != HASH_BYTES << low:
            raise TilesError(f"tile {high}/{idx}: ends before entry {entry + (1 << low)}")
        return perfect_root(_split(hashes))

    def root(self, size: int) -> bytes:
        return tree.root(size, self.fetch)


def leaves(connection: Connection, first: int) -> Iterator[bytes]:
    """The stored leaf hashes from index `first` on."""
    idx, offset = divmod(first, WIDTH)
    while data := _read(connection, 0, idx):
        yield from _split(data)[offset:]
        idx, offset = idx + 1, 0


def _read(connection: Connection, level: int, idx: int) -> bytes:
    found = connection.scalar(_READ, {"level": level, "idx": idx})
    return bytes(found or b"")


def _hashes(data: bytes, level: int, idx: int) -> list[bytes]:
    if len(data) != WIDTH * HASH_BYTES:
        raise TilesError(f"tile {level}/{idx}: {len(data) // HASH_BYTES} hashes, expected {WIDTH}")
    return _split(data)


def _split(data: bytes) -> list[bytes]:
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def _entries(connection: Connection, level: int) -> int:
    """How many hashes this level holds."""
    last = connection.scalar(select(func.max(tile.c.idx)).where(tile.c.level == level))
    return 0 if last is None else last * WIDTH + len(_read(connection, level, last)) // HASH_BYTES


def _extend(connection: Connection, level: int, have: int, made: Sequence[bytes]) -> None:
    at = 0
    while at < len(made):
        idx, offset = divmod(have + at, WIDTH)
        part = made[at : at + WIDTH - offset]
        kept = _read(connection, level, idx) if offset else b""
        connection.execute(_WRITE, {"level": level, "idx": idx, "hashes": kept + b"".join(part)})
        at += len(part)
