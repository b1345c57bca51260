"""What can still be read in a damaged log, saved into a log of its own that goes up before the new one (S2).

Every record vouches for itself: its head is signed by this terminal, and its body gives that head from the one before.
So rows are taken from wherever they lie (sync.carve), and what does not verify is left. The terminal saves, for its
user alone may write; the sync process delivers, under the old log's id, from the server's last receipt on.

    punches.db.damaged-1    set aside, as it was found
    punches.db.salvaged-1   its records and templates, and what it took over, in the same tables
"""

import re
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from sync import ChainError
from sync.audit import Row, row_sum
from sync.carve import Value, carve
from sync.chain import genesis, next_head, verify_head
from sync.ed25519 import PublicKey
from sync.record import HEAD_BYTES, LOG_BYTES, SIGNATURE_BYTES
from sync.storage import begin, guard


@dataclass
class _Found:
    """What lies on the pages, each by itself sound; of a seq there may be several."""

    logs: Counter[bytes] = field(default_factory=Counter)
    records: dict[int, set[Row]] = field(default_factory=dict)
    blobs: dict[int, bytes] = field(default_factory=dict)
    taken: dict[bytes, int] = field(default_factory=dict)

    def take(self, rowid: int | None, values: list[Value]) -> None:
        match values:
            case [None, bytes(body), bytes(head), bytes(signature), int(total)] if rowid is not None:
                row = (rowid, body, head, signature)
                if len(head) == HEAD_BYTES and len(signature) == SIGNATURE_BYTES and row_sum(*row) == total:
                    self.records.setdefault(rowid, set()).add(row)
            case [bytes(key), int(seq), int(total)] if row_sum(key, seq) == total:
                self.taken[key] = seq
            case [None, bytes(data), int(total)] if rowid is not None and row_sum(rowid, data) == total:
                self.blobs[rowid] = data
            case ["log", bytes(log)] | [bytes(log)] if len(log) == LOG_BYTES:
                self.logs[log] += 1


def salvage(path: Path, terminal: str, key: PublicKey) -> list[Path]:
    """Save what can be read in each file set aside from `path` that was not saved yet; returns the new files.

    Raises StorageError when the disk refuses.
    """
    new = [aside for aside in _numbered(path, "damaged") if not _saved(aside).exists()]
    return guard(path, lambda: [_save(aside, terminal, key) for aside in new])


def salvaged(path: Path) -> list[Path]:
    """The logs saved from `path`, oldest first."""
    return _numbered(path, "salvaged")


def taken(path: Path) -> list[bytes]:
    """What the logs saved from `path` took over of other machines' logs, and which orders were carried out in them: not
    to be taken or done again."""

    def read() -> list[bytes]:
        keys: dict[bytes, None] = {}
        for file in salvaged(path):
            with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as db:
                keys.update((key, None) for (key,) in db.execute("SELECT key FROM taken"))
        return list(keys)

    return guard(path, read)


def _numbered(path: Path, what: str) -> list[Path]:
    name = re.compile(re.escape(f"{path.name}.{what}-") + r"(\d+)")
    found = [(int(match[1]), file) for file in path.parent.glob("*") if (match := name.fullmatch(file.name))]
    return [file for _, file in sorted(found)]


def _saved(aside: Path) -> Path:
    return aside.with_name(aside.name.replace(".damaged-", ".salvaged-"))


def _save(aside: Path, terminal: str, key: PublicKey) -> Path:
    found = _Found()
    for rowid, values in carve(aside):
        found.take(rowid, values)
    log = _log(found, terminal)
    rows = _vouched(found, genesis(terminal, log), key) if log else []  # without its name nobody would take it
    blobs = [(row[0], found.blobs[row[0]]) for row in rows if row[0] in found.blobs]

    def fill(db: sqlite3.Connection) -> None:
        db.execute("UPDATE meta SET value = ? WHERE name = 'log'", (log or bytes(LOG_BYTES),))
        db.executemany("INSERT INTO record VALUES (?, ?, ?, ?, ?)", [(*row, row_sum(*row)) for row in rows])
        db.executemany("INSERT INTO blob VALUES (?, ?, ?)", [(*blob, row_sum(*blob)) for blob in blobs])
        taken = [(*one, row_sum(*one)) for one in found.taken.items()]
        db.executemany("INSERT OR IGNORE INTO taken VALUES (?, ?, ?)", taken)

    begin(_saved(aside), "punches", fill, wal=False)  # nobody writes it any more, and any user can read it so
    return _saved(aside)


def _log(found: _Found, terminal: str) -> bytes:
    """The one whose genesis record 1 follows; when that is forgotten, the one most often read."""
    first = found.records.get(1, set())
    for log in found.logs:
        if any(next_head(genesis(terminal, log), body) == head for _, body, head, _ in first):
            return log
    return found.logs.most_common(1)[0][0] if found.logs else b""


def _vouched(found: _Found, start: bytes, key: PublicKey) -> list[Row]:
    rows: list[Row] = []
    before: tuple[int, bytes] = (0, start)
    for seq in sorted(found.records):
        for row in found.records[seq]:
            follows = before[0] != seq - 1 or next_head(before[1], row[1]) == row[2]
            if follows and _signed(key, row):
                rows.append(row)
                before = (seq, row[2])
                break
    return rows


def _signed(key: PublicKey, row: Row) -> bool:
    try:
        verify_head(key, row[0], row[2], row[3])
    except ChainError:
        return False
    return True
