"""How the two SQLite files of a terminal are opened: durable for their one writer, harmless for their one reader."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sync import StorageError

# One number a file: how many migrations of sync.schema it has seen.
VERSIONS = {"punches": 2, "roster": 1}
_BUSY_S = 5.0

T = TypeVar("T")


def open_writer(path: Path, name: str) -> tuple[sqlite3.Connection, Path | None]:
    """Open or create the file in WAL mode with synchronous=FULL, and migrate it.

    A file that SQLite finds damaged is set aside, whole, and a new one begun: a terminal never refuses to start (S2).
    Returns the connection and where the damaged file is now. Raises StorageError when the disk refuses.
    """
    return guard(path, lambda: _open_or_begin(path, name))


def open_reader(path: Path, name: str) -> sqlite3.Connection:
    """Open the file without ever writing to it. Raises StorageError while its writer has not made it yet."""

    def work() -> sqlite3.Connection:
        if not path.exists():
            raise StorageError(f"{path}: not made yet by the process that writes it")
        db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_S, check_same_thread=False)
        version = _version(db)
        if version == VERSIONS[name]:
            return db
        db.close()
        if version == 0:
            raise StorageError(f"{path}: not made yet by the process that writes it")
        raise StorageError(f"{path}: its tables are of version {version}, expected {VERSIONS[name]}")

    return guard(path, work)


def guard(path: Path, work: Callable[[], T]) -> T:
    """Run `work`; SQLite's errors become StorageError with the file and the cause in words."""
    try:
        return work()
    except (sqlite3.Error, OSError) as error:
        raise StorageError(f"{path}: {error}; is the disk full, read-only, worn or not there?") from None


def _open_or_begin(path: Path, name: str) -> tuple[sqlite3.Connection, Path | None]:
    try:
        return _open_writer(path, name), None
    except sqlite3.OperationalError:
        raise  # the disk's trouble, not the file's
    except sqlite3.DatabaseError:
        aside = _set_aside(path)
        return _open_writer(path, name), aside


def _set_aside(path: Path) -> Path:
    """Rename a damaged file, with what belongs to it, to the first free name; nothing of it is deleted."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for tail in ("-wal", "-shm", ""):
        part = path.with_name(path.name + tail)
        if part.exists():
            part.rename(aside.with_name(aside.name + tail))
    return aside


def _open_writer(path: Path, name: str) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=_BUSY_S, check_same_thread=False)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        db.close()
        raise sqlite3.DatabaseError(verdict)
    if _version(db) > VERSIONS[name]:
        raise StorageError(f"{path}: written by a later version of this program; update before opening it")
    if _version(db) < VERSIONS[name]:
        from sync.schema import migrate

        migrate(db, name)
        db.execute(f"PRAGMA user_version={VERSIONS[name]}")
        db.commit()
    return db


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])
