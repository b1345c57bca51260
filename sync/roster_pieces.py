"""The rows of a roster in roster.db: those that are good now, and, with "next_" before their tables' names, those of
the one that is coming to take their place. Each function is part of its caller's transaction.
"""

import sqlite3
from collections.abc import Iterable

from sync.wire import RosterEntry, template_bytes


def clear(db: sqlite3.Connection, before: str) -> None:
    db.execute(f"DELETE FROM {before}person")  # noqa: S608 - our own names
    db.execute(f"DELETE FROM {before}template")  # noqa: S608


def put(db: sqlite3.Connection, before: str, entries: Iterable[RosterEntry]) -> None:
    """Each entry takes the place of everything there was of its person."""
    for entry in entries:
        db.execute(f"DELETE FROM {before}person WHERE person = ?", (entry.person,))  # noqa: S608
        db.execute(f"DELETE FROM {before}template WHERE person = ?", (entry.person,))  # noqa: S608
        if entry.active:
            db.execute(f"INSERT INTO {before}person VALUES (?, ?)", (entry.person, entry.sealed))  # noqa: S608
            rows = [(t.person, t.finger, t.version, template_bytes(t)) for t in entry.templates]
            db.executemany(f"INSERT OR REPLACE INTO {before}template VALUES (?, ?, ?, ?)", rows)  # noqa: S608


def swap(db: sqlite3.Connection) -> None:
    """What has come is good now, and what was good is gone."""
    clear(db, "")
    db.execute("INSERT INTO person SELECT person, sealed FROM next_person")
    db.execute("INSERT INTO template SELECT person, finger, version, data FROM next_template")
    clear(db, "next_")
