"""How the two SQLite files of a terminal are opened: durable for their one writer, harmless for their one reader."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sync import StorageError

# One number a file: how many migrations of sync.schema it has seen.
VERSIONS = {"punches": 1, "roster": 1}
_BUSY_S = 5.0

T = TypeVar("T")


def open_writer(path: Path, name: str) -> sqlite3.Connection:
    """Open or create the file in WAL mode with synchronous=FULL, and migrate it. Raises StorageError."""
    return guard(path, lambda: _open_writer(path, name))


def open_reader(path: Path, name: str) -> sqlite3.Connection:
    """Open the file without ever writing to it. Raises StorageError while its writer has not made it yet."""

    def work() -> sqlite3.Connection:
        db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_S, check_same_thread=False)
        if _version(db) != VERSIONS[name]:
            raise StorageError(f"{path}: its tables are of version {_version(db)}, expected {VERSIONS[name]}")
        return db

    return guard(path, work)


def guard(path: Path, work: Callable[[], T]) -> T:
    """Run `work`; SQLite's errors become StorageError with the file and the cause in words."""
    try:
        return work()
    except (sqlite3.Error, OSError) as error:
        raise StorageError(f"{path}: {error}; is the disk full, read-only, worn or not there?") from None


def _open_writer(path: Path, name: str) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=_BUSY_S, check_same_thread=False)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
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
