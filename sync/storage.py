"""How the two SQLite files of a terminal are begun, opened and judged: durable for their one writer, harmless for their
one reader.

A file is born whole: made under another name, synced, then renamed. So a file that is empty, or half of one, was never
left so by a power cut; it is damaged, and set aside.
"""

import os
import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sync import NotMadeError, StorageError
from sync.audit import BadRecordError
from sync.wal import lost_transactions, sound_frames

# One number a file: how many migrations of sync.schema it has seen.
VERSIONS = {"punches": 4, "roster": 3}
_BUSY_S = 5.0
# Of 256 KiB, not 2 MiB, for each connection: a file read from end to end would fill it, and the kernel keeps the pages.
_CACHE = "PRAGMA cache_size=-256"
_GROUP_READS = 0o640  # whatever the umask: the other process is another user of the same group
_BY_THE_DISK = {  # SQLite's results that speak of the disk, not of the file
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
}

T = TypeVar("T")


class DamagedError(Exception):
    """The file is not what was written. Never leaves this room: the file is set aside."""


@dataclass(frozen=True, slots=True)
class Care:
    """What a file's owner adds.

    `judge` raises DamagedError or BadRecordError; `name` follows a birth or a migration, in a transaction; `rescue` may
    read the damaged files that were set aside, before a new one is begun.
    """

    judge: Callable[[sqlite3.Connection], None] = lambda db: None
    name: Callable[[sqlite3.Connection], None] = lambda db: None
    rescue: Callable[[], None] = lambda: None


def open_writer(path: Path, name: str, care: Care | None = None) -> tuple[sqlite3.Connection, Path | None]:
    """Open or begin the file in WAL mode with synchronous=FULL, and migrate it.

    A file that is damaged is set aside, whole, and a new one begun: a terminal never refuses to start (S2).
    Returns the connection and where the damaged file is now. Raises StorageError when the disk refuses.
    """
    return guard(path, lambda: _open_or_begin(path, name, care or Care()))


def open_reader(path: Path, name: str) -> sqlite3.Connection:
    """Open the file without ever writing to it. Raises NotMadeError, StorageError."""

    def work() -> sqlite3.Connection:
        if not path.exists():
            raise NotMadeError(f"{path}: not made yet by the process that writes it")
        db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_S, check_same_thread=False)
        version = _version(db)
        if version == VERSIONS[name]:
            db.execute(_CACHE)
            return db
        db.close()
        if version == 0:
            raise NotMadeError(f"{path}: not made yet by the process that writes it")
        raise StorageError(f"{path}: its tables are of version {version}, expected {VERSIONS[name]}")

    return guard(path, work)


def guard(path: Path, work: Callable[[], T]) -> T:
    """Run `work`; SQLite's errors become StorageError with the file and the cause in words."""
    try:
        return work()
    except (sqlite3.Error, OSError, UnicodeDecodeError) as error:  # the last: an error that quotes a damaged name
        raise StorageError(f"{path}: {error}; is the disk full, read-only, worn or not there?") from None


def begin(path: Path, name: str, fill: Callable[[sqlite3.Connection], None], *, wal: bool = True) -> None:
    """Make a file with its tables and what `fill` puts into them; it appears under its name whole and synced."""
    from sync.schema import migrate

    new = path.with_name(path.name + ".new")
    for tail in ("", "-journal", "-wal", "-shm"):
        _part(new, tail).unlink(missing_ok=True)
    db = sqlite3.connect(new)
    try:
        db.execute("PRAGMA synchronous=FULL")
        migrate(db, name)
        with db:
            fill(db)
        db.execute(f"PRAGMA user_version={VERSIONS[name]}")
        if wal and db.execute("PRAGMA journal_mode=WAL").fetchone() != ("wal",):
            raise sqlite3.OperationalError("cannot be made to write ahead")  # SQLite raises nothing: it stays as it was
    finally:
        db.close()
    new.chmod(_GROUP_READS)  # and SQLite gives -wal and -shm the same
    _sync(new)
    new.rename(path)
    _sync(path.parent)


def _open_or_begin(path: Path, name: str, care: Care) -> tuple[sqlite3.Connection, Path | None]:
    wal = _part(path, "-wal")
    if not path.exists() and not (wal.exists() and wal.stat().st_size):
        begin(path, name, care.name)
        return _open(path), None
    db: sqlite3.Connection | None = None
    try:
        _judge_header(path)
        db = _open(path)
        _judge(db, path, name)
        _bring_up_to_date(db, path, name, care)
        care.judge(db)
        return db, None
    except (DamagedError, BadRecordError, sqlite3.Error, UnicodeDecodeError) as error:
        if isinstance(error, sqlite3.Error) and _of_the_disk(error):
            raise
        aside = _set_aside(path)
        if db is not None:
            db.close()  # not earlier: closing would delete the WAL, and what can still be read in it
    care.rescue()
    begin(path, name, care.name)
    return _open(path), aside


def _of_the_disk(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # raised by _judge, or by the binding
        return isinstance(error, sqlite3.OperationalError) and "error code" in str(error)
    return code & 0xFF in _BY_THE_DISK


def _set_aside(path: Path) -> Path:
    """Rename a damaged file, with what belongs to it, to the first free name; nothing of it is deleted.

    The file goes first: cut off in between, the rest follows it to the same name.
    """
    number = 1
    parts = [tail for tail in ("", "-wal", "-shm") if _part(path, tail).exists()]
    while any(_part(path, f".damaged-{number}{tail}").exists() for tail in parts):
        number += 1
    for tail in parts:
        _part(path, tail).rename(_part(path, f".damaged-{number}{tail}"))
    _sync(path.parent)
    return _part(path, f".damaged-{number}")


def empty_wal(db: sqlite3.Connection) -> None:
    """Bring everything into the file and cut the WAL to nothing, so that what was deleted is not in it any more.

    Raises sqlite3.OperationalError when a reader held it for longer than anybody should.
    """
    busy, _, _ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise sqlite3.OperationalError("a reader held the WAL")


def reopen(db: sqlite3.Connection, path: Path) -> sqlite3.Connection:
    """Open anew what SQLite could only open for reading, on a bad day: it would stay so until the next start."""
    new = _open(path)
    db.close()
    return new


def is_read_only(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_READONLY


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=_BUSY_S, check_same_thread=False)
    db.execute("PRAGMA synchronous=FULL")
    db.execute(_CACHE)
    return db


def _judge_header(path: Path) -> None:
    """Read by hand, and before SQLite: these bytes decide whether it looks into the WAL, and whether it may write.

    Only while this process has no connection to the file: closing it here would give up that connection's locks.
    """
    if not path.exists():
        raise DamagedError("the file is gone, its WAL is not")
    with path.open("rb") as file:
        header = file.read(100)
    if header[:16] != b"SQLite format 3\0" or header[18:20] != b"\2\2":
        raise DamagedError("the header is not that of an SQLite file with a WAL")


def _judge(db: sqlite3.Connection, path: Path, name: str) -> None:
    (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        code = re.search(r"error code[ =](\d+)", verdict)
        if code and int(code[1]) & 0xFF in _BY_THE_DISK:  # it could not read, which it reports as if the file were bad
            raise sqlite3.OperationalError(verdict)
        raise DamagedError(verdict)
    if sorted(db.execute("SELECT * FROM meta NOT INDEXED")) != list(db.execute("SELECT * FROM meta ORDER BY name")):
        raise DamagedError("the names in meta and their index do not agree")  # which quick_check does not look at
    if lost_transactions(_part(path, "-wal"), _frames(db, path)):
        raise DamagedError("the WAL is damaged before its end")
    (seen,) = db.execute("SELECT count(*) FROM _sqlite_migrations WHERE migration_set = ?", (name,)).fetchone()
    if _version(db) > seen:
        raise DamagedError("the version is not that of its tables")
    if seen > VERSIONS[name]:
        raise StorageError(f"{path}: written by a later version of this program; update before opening it")


def _frames(db: sqlite3.Connection, path: Path) -> int:
    """How many frames of the WAL SQLite reads. On a full disk nothing can be checkpointed, and the file opens still."""
    try:
        _, frames, _ = db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    except sqlite3.OperationalError:  # damage is another kind of error
        return sound_frames(_part(path, "-wal"))
    return max(int(frames), 0)


def _bring_up_to_date(db: sqlite3.Connection, path: Path, name: str, care: Care) -> None:
    if _version(db) < VERSIONS[name]:
        from sync.schema import migrate

        migrate(db, name)
        with db:
            care.name(db)
        db.execute(f"PRAGMA user_version={VERSIONS[name]}")
        db.commit()


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _part(path: Path, tail: str) -> Path:
    return path.with_name(path.name + tail)


def _sync(path: Path) -> None:
    """Bring a file, or a directory's names, to the disk."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
