"""punches.db: the terminal's log on disk. One writer (the terminal), one reader (sync), nobody else.

Rules this file lives by:
* `append` returns only after COMMIT in WAL mode with synchronous=FULL: a returned seq survives a power cut (S2);
* one writer. The reader opens `mode=ro`, reads in short transactions and never checkpoints: two checkpointers on one
  WAL can corrupt it in SQLite before 3.51.3, and Debian 12 has 3.40.1;
* the writing process ends by os._exit, without closing the database: closing would delete -wal and -shm, and a reader
  of another user could not make them again;
* records are forgotten only on the server's receipt, never on the broker's word;
* what is opened is judged first, row by row: a file that is not what was written is set aside, and what can still be
  read in it goes up from a log of its own (sync.salvage).

Cost of an append on an x86 machine with an SSD: about 2 ms, nearly all of it the disk's.
"""

import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from sync import StorageError, WireError
from sync.audit import SUMMED, BadRecordError, Row, audit, row_sum
from sync.batch import Batch
from sync.chain import genesis, next_head, sign_head
from sync.ed25519 import PublicKey, Signer
from sync.fetch import Wanted
from sync.record import Record, parse_record, record_body
from sync.salvage import salvage, taken
from sync.storage import Care, DamagedError, T, empty_wal, guard, is_read_only, open_reader, open_writer, reopen


class Outbox:
    """The writer's side. Opens or creates `path`; raises StorageError when the disk refuses."""

    def __init__(self, path: Path, terminal: str, key: Signer) -> None:
        self._key = key
        self._path = path
        public = PublicKey.of(key)

        def judge(db: sqlite3.Connection) -> None:
            _judge(db, path, terminal, public)

        def rescue() -> None:
            with contextlib.suppress(StorageError):  # a full disk, say: tried again at the next start
                salvage(path, terminal, public)

        rescue()  # what an earlier start did not come to
        self._db, self.set_aside = open_writer(path, "punches", Care(judge, lambda db: _name_log(db, terminal), rescue))
        self._remember_taken()
        self.log, self.seq, self.head = guard(path, lambda: _resume(self._db, terminal))

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
                self._db.execute("INSERT INTO record VALUES (?, ?, ?, ?, ?)", (*row, row_sum(*row)))
                if blob is not None:
                    self._db.execute("INSERT INTO blob VALUES (?, ?, ?)", (seq, blob, row_sum(seq, blob)))
                if taken is not None:
                    self._db.execute("INSERT INTO taken VALUES (?, ?, ?)", (taken, seq, row_sum(taken, seq)))

        guard(self._path, lambda: self._write(commit))
        self.seq, self.head = seq, head
        return seq

    def _remember_taken(self) -> None:
        """The log before this one took entries over, and carried orders out, that must not be again."""
        with contextlib.suppress(StorageError):
            rows = [(key, 0, row_sum(key, 0)) for key in taken(self._path) if not self.took(key)]

            def commit() -> None:
                with self._db:
                    self._db.executemany("INSERT INTO taken VALUES (?, ?, ?)", rows)

            if rows:
                guard(self._path, commit)

    def _write(self, commit: Callable[[], T]) -> T:
        """Refused now; but what was opened on a disk that was read-only then must not refuse for ever (S13)."""
        try:
            return commit()
        except sqlite3.OperationalError as error:
            if is_read_only(error):
                self._db = reopen(self._db, self._path)
            raise

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

    def want(self, wanted: Wanted | None) -> None:
        """Have sync ask the server this, and nothing that was asked before (None: nothing). Raises StorageError."""

        def commit() -> None:
            with self._db:
                self._db.execute("DELETE FROM wanted")
                if wanted is not None:
                    self._db.execute("INSERT INTO wanted VALUES (?, ?)", (wanted.number, wanted.sealed))

        guard(self._path, lambda: self._write(commit))

    def forget_blobs(self, seqs: Iterable[int]) -> None:
        """Wipe sealed templates for good: their bytes are overwritten, in the file and in its WAL (S8).

        Raises StorageError when the disk refuses, or when a reader held the WAL all the while: then it must be called
        again, which does no harm.
        """

        def commit() -> None:
            self._db.execute("PRAGMA secure_delete=ON")
            with self._db:
                self._db.executemany("DELETE FROM blob WHERE seq = ?", [(seq,) for seq in seqs])
            empty_wal(self._db)

        guard(self._path, lambda: self._write(commit))

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

        return guard(self._path, lambda: self._write(commit)) if upto > 0 else 0


def _resume(db: sqlite3.Connection, terminal: str) -> tuple[bytes, int, bytes]:
    """(log, last seq, its head) of a log that was found sound."""
    ((log,),) = db.execute("SELECT value FROM meta WHERE name = 'log'")
    last = db.execute("SELECT seq, head FROM record ORDER BY seq DESC LIMIT 1").fetchone()
    seq, head = last or (0, genesis(terminal, log))
    return log, seq, head


def _name_log(db: sqlite3.Connection, terminal: str) -> None:
    """Write down whose log this is, and sums of its name and of its tables. After birth, and after each migration."""
    db.execute("INSERT OR IGNORE INTO meta VALUES ('terminal', ?)", (terminal.encode(),))
    db.execute("DELETE FROM name_again")
    db.execute("INSERT INTO name_again SELECT value FROM meta WHERE name = 'log'")
    rows = _sums(db, dict(db.execute("SELECT name, value FROM meta"))).items()
    db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows)


def _sums(db: sqlite3.Connection, meta: dict[str, bytes]) -> dict[str, bytes]:
    """The rows of meta that guard the others and the tables' definitions."""
    tables = [text or "" for (text,) in db.execute("SELECT sql FROM sqlite_master ORDER BY name")]
    name = row_sum(meta.get("terminal", b""), meta.get("log", b""))
    return {"name sum": name.to_bytes(4, "big"), "tables sum": row_sum(*tables).to_bytes(4, "big")}


def _judge(db: sqlite3.Connection, path: Path, terminal: str, key: PublicKey) -> None:
    """Raises DamagedError or BadRecordError for what was not written so, StorageError for another terminal's log."""
    meta = dict(db.execute("SELECT name, value FROM meta"))
    if meta != {name: meta.get(name) for name in ("log", "terminal")} | _sums(db, meta):
        raise DamagedError("the log's name is not what it was")
    if db.execute("SELECT log FROM name_again").fetchall() != [(meta["log"],)]:
        raise DamagedError("the log's name is not what it was, the second time")
    if meta["terminal"] != terminal.encode():
        raise StorageError(f"{path}: is the log of another terminal; move it away to start a new one")
    for table in ("blob", "taken"):
        for *values, total in db.execute(f"SELECT {SUMMED[table]}, sum FROM {table}"):  # noqa: S608 - our own names
            if row_sum(*values) != total:
                raise DamagedError(f"a row of {table} is not what was written")
    audit(_rows(db), key, terminal, meta["log"], every_signature=False)


def _rows(db: sqlite3.Connection) -> Iterator[Row]:
    for *values, total in db.execute(f"SELECT {SUMMED['record']}, sum FROM record ORDER BY seq"):  # noqa: S608 - our own
        if row_sum(*values) != total:
            raise BadRecordError(values[0], "is not what was written")
        yield tuple(values)


class OutboxReader:
    """The sync process's side. Raises StorageError while the terminal has not made the file yet."""

    def __init__(self, path: Path) -> None:
        self.path = self._path = path
        self._db = open_reader(path, "punches")
        self._file = path.stat().st_ino
        names = self._rows("SELECT value FROM meta WHERE name = 'log'")
        if not names:
            raise StorageError(f"{path}: the log's name is gone")
        self.log: bytes = names[0][0]

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
        for expected, (seq, body, _) in enumerate(rows, rows[0][0] if rows else 0):
            if seq != expected:
                break  # a salvaged log may have a gap
            try:
                records.append(parse_record(body))
            except WireError as error:
                if not records:
                    raise StorageError(
                        f"{self._path}: record {seq} is damaged and holds up what follows: {error}"
                    ) from None
                break
        return Batch(self.log, rows[0][0], tuple(records), rows[len(records) - 1][2]) if records else None

    def blobs(self, after_seq: int, at_most: int = -1) -> list[tuple[int, bytes]]:
        """(seq of the ENROLMENT event, sealed template) beyond `after_seq`, in order."""
        return self._rows("SELECT seq, data FROM blob WHERE seq > ? ORDER BY seq LIMIT ?", after_seq, at_most)

    def wanted(self) -> Wanted | None:
        """What the terminal has sync ask the server now."""
        rows = self._rows("SELECT number, sealed FROM wanted")
        return Wanted(*rows[0]) if rows else None

    def close(self) -> None:
        self._db.close()

    def _rows(self, query: str, *values: int) -> list[Any]:
        return guard(self._path, lambda: self._db.execute(query, values).fetchall())
