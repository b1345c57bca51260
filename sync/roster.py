"""roster.db: what came down from the server. One writer (sync), one reader (the terminal).

People, their sealed templates, the roster's version, the newest receipt of each log, the server's newest word on the
time, its orders, and its word on somebody who is waited for. Nothing in it opens without the terminal's seal key. What
is deleted is overwritten. The rules of sync.outbox hold here too.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sync import SyncError, WireError, roster_pieces
from sync.anchor import Anchor, Answer, Question
from sync.batch import Order as Places
from sync.fetch import Found, Whereabouts
from sync.orders import Order, detail_bytes, parse_detail
from sync.storage import empty_wal, guard, open_reader, open_writer
from sync.wire import Receipt, RosterDelta, RosterEntry, SealedTemplate, parse_template

_ORDERS_KEPT = 100


class RosterStore:
    """The writer's side. Opens or creates `path`; raises StorageError when the disk refuses."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db, self.set_aside = open_writer(path, "roster")  # a copy: the server sends it again
        guard(path, lambda: self._db.execute("PRAGMA secure_delete=ON"))
        self.version: int = guard(path, lambda: _version(self._db))
        self.staged: int | None = guard(path, lambda: _meta(self._db, "staged"))
        self._order = Places(0, {})

    @property
    def received(self) -> int:
        """How far the roster has come in; beyond `version`, or before it, while a new one is coming in pieces."""
        return self.version if self.staged is None else self.staged

    def apply(self, delta: RosterDelta) -> None:
        """Take in one message, in one transaction; it must begin where this roster stands, or at 0.

        A roster that is to replace another comes beside it, piece by piece, and takes its place with the last one: so
        a line that breaks in the middle costs neither what stands nor what has come. Raises SyncError, and changes
        nothing, when the message does not fit.
        """
        anew = delta.base == 0 and (self.version > 0 or self.staged is not None)
        if delta.base not in (0, self.received) or (anew and self.staged and delta.version <= self.staged):
            raise SyncError(f"roster: a change from version {delta.base}, but this terminal has {self.received}")
        staging = anew or self.staged is not None
        swap = staging and delta.version == delta.goal
        if swap and delta.goal < self.version:
            raise SyncError(f"roster: version {delta.goal} would replace {self.version}, which is newer")

        def commit() -> None:
            with self._db as db:
                if anew:
                    roster_pieces.clear(db, "next_")
                roster_pieces.put(db, "next_" if staging else "", delta.entries)
                if swap:
                    roster_pieces.swap(db)
                if staging and not swap:
                    db.execute("INSERT OR REPLACE INTO meta VALUES ('staged', ?)", (delta.version,))
                else:
                    db.execute("DELETE FROM meta WHERE name = 'staged'")
                    db.execute("UPDATE meta SET value = ? WHERE name = 'version'", (delta.version,))

        guard(self._path, commit)
        self.staged = delta.version if staging and not swap else None
        if self.staged is None:
            self.version = delta.version

    def begin_anew(self) -> None:
        """Have the whole roster sent again; what stands is good until it is here."""

        def commit() -> None:
            with self._db as db:
                roster_pieces.clear(db, "next_")
                db.execute("INSERT OR REPLACE INTO meta VALUES ('staged', 0)")

        guard(self._path, commit)
        self.staged = 0

    def holds(self, template: SealedTemplate) -> bool:
        """Has this very template (by its sealed body) come down already?"""
        query = "SELECT data FROM template WHERE person = ? AND finger = ? AND version = ?"
        key = (template.person, template.finger, template.version)
        rows = guard(self._path, lambda: self._db.execute(query, key).fetchall())
        return any(parse_template(data).body == template.body for (data,) in rows)

    def order(self) -> Places:
        """The people that stand here, each with their place, as the server can count them, too."""
        if self._order.version != self.version:
            rows = guard(self._path, lambda: self._db.execute("SELECT person FROM person ORDER BY person").fetchall())
            self._order = Places(self.version, {person: place for place, (person,) in enumerate(rows)})
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

    def put_found(self, found: Found) -> None:
        """Keep the server's newest word on somebody who is waited for, and no other."""

        def commit() -> None:
            with self._db as db:
                db.execute("DELETE FROM found")
                db.execute("INSERT INTO found VALUES (?, ?, ?)", (found.number, found.verdict, found.version))

        guard(self._path, commit)

    def put_order(self, order: Order, *, ready: bool, result: str = "") -> bool:
        """Keep an order; `ready`: nothing is left to do here but for the terminal. False: it is kept already.

        Raises SyncError for another order of the same number, or of one that was forgotten.
        """
        row = (order.number, order.kind, detail_bytes(order.detail))

        def commit() -> bool:
            with self._db as db:
                known = db.execute("SELECT number, kind, detail FROM command WHERE number = ?", row[:1]).fetchone()
                (first, many) = db.execute("SELECT MIN(number), COUNT(*) FROM command").fetchone()
                if known == row:
                    return False
                if known or (many >= _ORDERS_KEPT and order.number < first):
                    raise SyncError(f"order {order.number}: replayed, or another than the one of this number here")
                values = (*row, order.session, order.signature, ready, result)
                db.execute("INSERT INTO command VALUES (?, ?, ?, ?, ?, ?, ?)", values)
                db.execute(
                    "DELETE FROM command WHERE ready AND number NOT IN"
                    " (SELECT number FROM command ORDER BY number DESC LIMIT ?)",
                    (_ORDERS_KEPT,),
                )
                return True

        return guard(self._path, commit)

    def unready(self) -> list[Order]:
        """Orders of which something is left to do here, in order: a cut came in between."""
        return guard(self._path, lambda: [given.order for given in _orders(self._db) if not given.ready])

    def set_ready(self, number: int, result: str) -> None:
        def commit() -> None:
            with self._db as db:
                db.execute("UPDATE command SET ready = 1, result = ? WHERE number = ?", (result, number))

        guard(self._path, commit)

    def put_window(self, seconds: int) -> None:
        """Keep for the next start over how long a time to come back after a cut (S12)."""

        def commit() -> None:
            with self._db as db:
                db.execute("INSERT OR REPLACE INTO meta VALUES ('window_s', ?)", (seconds,))

        guard(self._path, commit)

    def window_s(self) -> int:
        return guard(self._path, lambda: _meta(self._db, "window_s")) or 0

    def has(self, person: bytes) -> bool:
        """Does this person stand here, or in the roster that is coming?"""
        query = "SELECT 1 FROM person WHERE person = ?1 UNION ALL SELECT 1 FROM next_person WHERE person = ?1"
        return bool(guard(self._path, lambda: self._db.execute(query, (person,)).fetchall()))

    def wipe(self, *, everybody: bool) -> None:
        """Have nothing left in the file of whom the roster no longer names, or, with `everybody`, of anybody.

        The file is written anew without its free pages, and its WAL is cut to nothing.
        Cut off in the middle, it must be called again, and does no harm. Raises StorageError.
        """

        def work() -> None:
            if everybody:
                with self._db as db:
                    for before in ("", "next_"):
                        roster_pieces.clear(db, before)
                    db.execute("DELETE FROM meta WHERE name = 'staged'")
                    db.execute("UPDATE meta SET value = 0 WHERE name = 'version'")
            self._db.execute("VACUUM")
            empty_wal(self._db)

        guard(self._path, work)
        if everybody:
            self.version, self.staged = 0, None

    def close(self) -> None:
        self._db.close()


@dataclass(frozen=True, slots=True)
class Given:
    """An order as sync left it for the terminal: `ready` when it is the terminal's turn, `result` what sync did."""

    order: Order
    ready: bool
    result: str


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

    def orders(self) -> list[Given]:
        """What the server orders, oldest first; also what was done long ago. A row that the disk spoilt is left out."""
        return guard(self._path, lambda: list(_orders(self._db)))

    def found(self, number: int) -> tuple[Whereabouts, int] | None:
        """The server's verdict on question `number`, and from which version on the roster has who is coming."""
        query = "SELECT verdict, version FROM found WHERE number = ?"
        row = guard(self._path, lambda: self._db.execute(query, (number,)).fetchone())
        return (Whereabouts(row[0]), row[1]) if row else None

    def close(self) -> None:
        self._db.close()


def _orders(db: sqlite3.Connection) -> Iterator[Given]:
    for row in db.execute("SELECT * FROM command ORDER BY number").fetchall():
        number, kind, detail, session, signature, ready, result = row
        with contextlib.suppress(WireError):
            yield Given(Order(number, kind, parse_detail(detail), session, signature), bool(ready), result)


def _version(db: sqlite3.Connection) -> int:
    version = _meta(db, "version")
    if version is None:
        raise sqlite3.DatabaseError("the version is gone")
    return version


def _meta(db: sqlite3.Connection, name: str) -> int | None:
    row = db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return int(row[0]) if row else None


def _receipt(db: sqlite3.Connection, log: bytes) -> Receipt | None:
    row = db.execute("SELECT log, seq, head, signature, plain FROM receipt WHERE log = ?", (log,)).fetchone()
    return Receipt(row[0], row[1], row[2], row[3], bool(row[4])) if row else None


def _anchor(db: sqlite3.Connection) -> Anchor | None:
    row = db.execute("SELECT boot, asked_ms, nonce, came_ms, server_ms, signature FROM anchor").fetchone()
    return Anchor(Question(row[0], row[1], row[2]), row[3], Answer(row[4], row[5])) if row else None
