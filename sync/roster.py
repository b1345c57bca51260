"""roster.db: what came down from the server. One writer (sync), one reader (the terminal).

People, their sealed templates, the roster's version, the newest receipt of each log, and the server's newest word on
the time. Nothing in it opens without the terminal's seal key. The rules of sync.outbox hold here too.
"""

import sqlite3
from pathlib import Path

from sync import SyncError, WireError
from sync.anchor import Anchor, Answer, Question
from sync.batch import Order
from sync.storage import guard, open_reader, open_writer
from sync.wire import Receipt, RosterDelta, RosterEntry, SealedTemplate, parse_template, template_bytes


class RosterStore:
    """The writer's side. Opens or creates `path`; raises StorageError when the disk refuses."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db, self.set_aside = open_writer(path, "roster")  # a copy: the server sends it again
        self.version: int = guard(path, lambda: _version(self._db))
        self._order = Order(0, {})

    def apply(self, delta: RosterDelta) -> None:
        """Bring the roster to delta.version in one transaction.

        Raises SyncError, and changes nothing, when the delta does not start where this roster stands.
        """
        if delta.base not in (0, self.version):
            raise SyncError(f"roster: a change from version {delta.base}, but this terminal has {self.version}")

        def commit() -> None:
            with self._db as db:
                if delta.base == 0:
                    db.execute("DELETE FROM person")
                    db.execute("DELETE FROM template")
                for entry in delta.entries:
                    db.execute("DELETE FROM person WHERE person = ?", (entry.person,))
                    db.execute("DELETE FROM template WHERE person = ?", (entry.person,))
                    if entry.active:
                        db.execute("INSERT INTO person VALUES (?, ?)", (entry.person, entry.sealed))
                        db.executemany(
                            "INSERT OR REPLACE INTO template VALUES (?, ?, ?, ?)",
                            [(t.person, t.finger, t.version, template_bytes(t)) for t in entry.templates],
                        )
                db.execute("UPDATE meta SET value = ? WHERE name = 'version'", (delta.version,))

        guard(self._path, commit)
        self.version = delta.version

    def holds(self, template: SealedTemplate) -> bool:
        """Has this very template (by its sealed body) come down already?"""
        query = "SELECT data FROM template WHERE person = ? AND finger = ? AND version = ?"
        key = (template.person, template.finger, template.version)
        rows = guard(self._path, lambda: self._db.execute(query, key).fetchall())
        return any(parse_template(data).body == template.body for (data,) in rows)

    def order(self) -> Order:
        """The people that stand here, each with their place, as the server can count them, too."""
        if self._order.version != self.version:
            rows = guard(self._path, lambda: self._db.execute("SELECT person FROM person ORDER BY person").fetchall())
            self._order = Order(self.version, {person: place for place, (person,) in enumerate(rows)})
        return self._order

    def put_receipt(self, receipt: Receipt) -> None:
        """Keep the newest receipt of its log."""

        def commit() -> None:
            with self._db as db:
                row = (receipt.log, receipt.seq, receipt.head, receipt.signature, receipt.plain)
                db.execute("INSERT OR REPLACE INTO receipt VALUES (?, ?, ?, ?, ?)", row)

        guard(self._path, commit)

    def receipt(self, log: bytes) -> Receipt | None:
        return guard(self._path, lambda: _receipt(self._db, log))

    def put_anchor(self, anchor: Anchor) -> None:
        """Keep the newest anchor, and no other."""

        def commit() -> None:
            with self._db as db:
                q, a = anchor.question, anchor.answer
                db.execute("DELETE FROM anchor")
                row = (q.boot_id, q.asked_ms, q.nonce, anchor.came_ms, a.server_ms, a.signature)
                db.execute("INSERT INTO anchor VALUES (?, ?, ?, ?, ?, ?)", row)

        guard(self._path, commit)

    def anchor(self) -> Anchor | None:
        return guard(self._path, lambda: _anchor(self._db))

    def close(self) -> None:
        self._db.close()


class RosterReader:
    """The terminal's side. Raises StorageError while sync has not made the file yet."""

    def __init__(self, path: Path) -> None:
        self.damaged = 0
        self._path = path
        self._db = open_reader(path, "roster")

    def version(self) -> int:
        """The version the roster stands at; cheap enough to ask before every punch."""
        return guard(self._path, lambda: _version(self._db))

    def entries(self) -> list[RosterEntry]:
        """Everybody this terminal may recognise, with their templates.

        A row that the disk has spoilt costs one template, not the roster: it is left out and counted in `damaged`.
        """

        def work() -> list[RosterEntry]:
            templates: dict[bytes, list[SealedTemplate]] = {}
            self.damaged = 0
            for person, data in self._db.execute("SELECT person, data FROM template ORDER BY finger, version"):
                try:
                    templates.setdefault(person, []).append(parse_template(data))
                except WireError:
                    self.damaged += 1
            return [
                RosterEntry(person, True, sealed, tuple(templates.get(person, ())))
                for person, sealed in self._db.execute("SELECT person, sealed FROM person ORDER BY person")
            ]

        return guard(self._path, work)

    def receipt(self, log: bytes) -> Receipt | None:
        return guard(self._path, lambda: _receipt(self._db, log))

    def anchor(self) -> Anchor | None:
        """The server's newest word on the time, as it stands there: to be checked (sync.anchor.check) before use."""
        return guard(self._path, lambda: _anchor(self._db))

    def close(self) -> None:
        self._db.close()


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT value FROM meta WHERE name = 'version'").fetchone()[0])


def _receipt(db: sqlite3.Connection, log: bytes) -> Receipt | None:
    row = db.execute("SELECT log, seq, head, signature, plain FROM receipt WHERE log = ?", (log,)).fetchone()
    return Receipt(row[0], row[1], row[2], row[3], bool(row[4])) if row else None


def _anchor(db: sqlite3.Connection) -> Anchor | None:
    row = db.execute("SELECT boot, asked_ms, nonce, came_ms, server_ms, signature FROM anchor").fetchone()
    return Anchor(Question(row[0], row[1], row[2]), row[3], Answer(row[4], row[5])) if row else None
