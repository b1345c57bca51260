"""punches.db: the terminal's log on disk. One writer (the terminal), one reader (sync), nobody else.

Rules this file lives by:
* `append` returns only after COMMIT in WAL mode with synchronous=FULL: a returned seq survives a power cut (S2);
* one writer. The reader opens `mode=ro`, reads in short transactions and never checkpoints: two checkpointers on one
  WAL can corrupt it in SQLite before 3.51.3, and Debian 12 has 3.40.1;
* the writing process ends by os._exit, without closing the database: closing would delete -wal and -shm, and a reader
  of another user could not make them again;
* records are forgotten only on the server's receipt, never on the broker's word.

Cost of an append on an x86 machine with an SSD: about 2 ms, nearly all of it the disk's.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync import StorageError, WireError
from sync.batch import Batch
from sync.chain import genesis, next_head, sign_head
from sync.record import Record, parse_record, record_body
from sync.storage import guard, open_reader, open_writer


class Outbox:
    """The writer's side. Opens or creates `path`; raises StorageError when the disk refuses."""

    def __init__(self, path: Path, terminal: str, key: Ed25519PrivateKey) -> None:
        self._key = key
        self._path = path
        self._db, self.set_aside = open_writer(path, "punches")
        self.log, self.seq, self.head = guard(path, lambda: _resume(self._db, path, terminal))

    def append(self, record: Record, blob: bytes | None = None, *, taken: bytes | None = None) -> int:
        """Chain, sign and commit one record; returns its seq once it is on disk.

        `taken` names, in the same transaction, the entry of another machine's log that this record is (see `took`).

        Raises StorageError when the disk refuses: then nothing was recorded, and the light must be red (S13); WireError
        for a record that could not be read back.
        """
        body = record_body(record)
        parse_record(body)  # what could not be read back would block everything behind it
        seq, head = self.seq + 1, next_head(self.head, body)
        row = (seq, body, head, sign_head(self._key, seq, head))

        def commit() -> None:
            with self._db:
                self._db.execute("INSERT INTO record VALUES (?, ?, ?, ?)", row)
                if blob is not None:
                    self._db.execute("INSERT INTO blob VALUES (?, ?)", (seq, blob))
                if taken is not None:
                    self._db.execute("INSERT INTO taken VALUES (?, ?)", (taken, seq))

        guard(self._path, commit)
        self.seq, self.head = seq, head
        return seq

    def records(self, after: int = 0) -> Iterator[tuple[int, Record]]:
        """(seq, record) of what is still kept beyond `after`, in order. What the disk has spoilt is left out."""
        query = "SELECT seq, body FROM record WHERE seq > ? ORDER BY seq"
        for seq, body in guard(self._path, lambda: self._db.execute(query, (after,)).fetchall()):
            with contextlib.suppress(WireError):
                yield seq, parse_record(body)

    def took(self, key: bytes) -> bool:
        """Was a record appended with this key? Kept when records are forgotten: machines keep their logs for years."""
        query = "SELECT 1 FROM taken WHERE key = ?"
        return bool(guard(self._path, lambda: self._db.execute(query, (key,)).fetchall()))

    def blobs(self) -> list[bytes]:
        """Sealed templates taken here and still kept, in order."""
        rows = guard(self._path, lambda: self._db.execute("SELECT data FROM blob ORDER BY seq").fetchall())
        return [data for (data,) in rows]

    def prune(self, receipted: int, keep: int = 10_000) -> int:
        """Forget records the server has receipted, but for the newest `keep` (at least one). Returns how many went."""
        upto = min(receipted, self.seq - max(keep, 1))  # the last record carries the head the next one continues

        def commit() -> int:
            with self._db:
                self._db.execute("DELETE FROM blob WHERE seq <= ?", (upto,))
                return self._db.execute("DELETE FROM record WHERE seq <= ?", (upto,)).rowcount

        return guard(self._path, commit) if upto > 0 else 0


def _resume(db: sqlite3.Connection, path: Path, terminal: str) -> tuple[bytes, int, bytes]:
    """(log, last seq, its head) of a log that is this terminal's; a new log becomes its own here."""
    with db:
        db.execute("INSERT OR IGNORE INTO meta VALUES ('terminal', ?)", (terminal.encode(),))
    meta = dict(db.execute("SELECT name, value FROM meta"))
    if meta["terminal"] != terminal.encode():
        raise StorageError(f"{path}: is the log of another terminal; move it away to start a new one")
    last = db.execute("SELECT seq, head FROM record ORDER BY seq DESC LIMIT 1").fetchone()
    seq, head = last or (0, genesis(terminal, meta["log"]))
    return meta["log"], seq, head


class OutboxReader:
    """The sync process's side. Raises StorageError while the terminal has not made the file yet."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db = open_reader(path, "punches")
        self._file = path.stat().st_ino
        self.log: bytes = self._rows("SELECT value FROM meta WHERE name = 'log'")[0][0]

    def last_seq(self) -> int:
        """The newest record's seq; 0 when there is none. Raises StorageError when the terminal began another log."""
        if guard(self._path, self._path.stat).st_ino != self._file:
            raise StorageError(f"{self._path}: the terminal has begun a new log")
        return int(self._rows("SELECT COALESCE(MAX(seq), 0) FROM record")[0][0])

    def head(self, seq: int) -> bytes | None:
        """The chain head after record `seq`; None when it is not kept here."""
        rows = self._rows("SELECT head FROM record WHERE seq = ?", seq)
        return bytes(rows[0][0]) if rows else None

    def batch(self, first_seq: int, limit: int) -> Batch | None:
        """Up to `limit` records from `first_seq` on, signed by the last one's signature; None when there are none.

        Ends before a record that the disk has spoilt; raises StorageError when that is the first.
        """
        rows = self._rows(
            "SELECT seq, body, signature FROM record WHERE seq >= ? ORDER BY seq LIMIT ?", first_seq, limit
        )
        records: list[Record] = []
        for seq, body, _ in rows:
            try:
                records.append(parse_record(body))
            except WireError as error:
                if not records:
                    raise StorageError(
                        f"{self._path}: record {seq} is damaged and holds up what follows: {error}"
                    ) from None
                break
        return Batch(self.log, rows[0][0], tuple(records), rows[len(records) - 1][2]) if records else None

    def blobs(self, after_seq: int) -> list[tuple[int, bytes]]:
        """(seq of the ENROLMENT event, sealed template) beyond `after_seq`, in order."""
        return self._rows("SELECT seq, data FROM blob WHERE seq > ? ORDER BY seq", after_seq)

    def close(self) -> None:
        self._db.close()

    def _rows(self, query: str, *values: int) -> list[Any]:
        return guard(self._path, lambda: self._db.execute(query, values).fetchall())
