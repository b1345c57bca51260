"""The trail: who read personal data and who changed what, when, from where, with what result.

Append only. Each entry's hash covers the entry before it, so none can be altered or left out without every later hash
giving it away; the auditor's page and `hazri-server trail --check` follow the chain. An address is kept as a keyed
hash: enough to tell that two entries came from one place, or to test a place one already suspects, and no list of
addresses.
"""

import collections
import hashlib
import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Row, func, insert, select

from server import LedgerError
from server.ledger.store import Ledger, now_ms
from server.ledger.tables import trail

log = logging.getLogger("hazri.access")

NOWHERE = bytes(8)
_START = hashlib.sha256(b"hazri trail 1").digest()
_MOST_WAITING = 10_000
_CHUNK = 2000


@dataclass(frozen=True, slots=True)
class Entry:
    """`action` is what was asked for, `object` of whom or what (ids, never names), `result` a status or a word.
    `roles`: those of whoever asked that gave the right to it, by their names; empty where it was none."""

    who: str
    action: str
    object: str = ""
    result: str = "done"
    detail: str = ""
    address: bytes = NOWHERE
    at_ms: int = 0
    roles: str = ""

    def with_result(self, result: str) -> "Entry":
        return replace(self, result=result, at_ms=now_ms())


def add(connection: Connection, *entries: Entry) -> None:
    """Append within the caller's transaction, which must be one of `Ledger.write`: writers are one at a time there."""
    number = connection.scalar(select(func.max(trail.c.number))) or 0
    last = connection.scalar(select(trail.c.hash).where(trail.c.number == number)) or _START
    rows = []
    for entry in entries:
        number += 1
        row = {
            "number": number,
            "at_ms": entry.at_ms or now_ms(),
            "who": entry.who[:64],
            "address": entry.address,
            "action": entry.action[:64],
            "object": entry.object[:200],
            "result": entry.result[:16],
            "detail": entry.detail[:1000],
            "roles": entry.roles[:200],
        }
        last = _hash(last, row)
        rows.append({**row, "hash": last})
    if rows:
        connection.execute(insert(trail), rows)


def broken(connection: Connection) -> int | None:
    """The number of the first entry that is not as it was written, or None where the chain is whole."""
    last, expected = _START, 1
    for row in _rows(connection):
        fields = {name: value for name, value in row._asdict().items() if name != "hash"}
        last = _hash(last, fields)
        if row.number != expected or row.hash != last:
            return expected
        expected += 1
    return None


def _rows(connection: Connection) -> Iterator[Row[tuple[object, ...]]]:
    after = 0
    while True:
        page = select(trail).where(trail.c.number > after).order_by(trail.c.number).limit(_CHUNK)
        rows = connection.execute(page).all()
        yield from rows
        if len(rows) < _CHUNK:
            return
        after = rows[-1].number


def _hash(last: bytes, row: dict[str, object]) -> bytes:
    fields = [row["address"].hex() if key == "address" else row[key] for key in sorted(row)]  # type: ignore[attr-defined]
    return hashlib.sha256(last + json.dumps(fields, ensure_ascii=True).encode()).digest()


class Recorder:
    """Entries of requests, written down in groups after the answers went out: no page waits for the disk.

    Where the ledger takes none, they wait; when too many do, `full` is true and nothing personal is answered.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._waiting: collections.deque[Entry] = collections.deque()
        self._writing = threading.Lock()

    @property
    def full(self) -> bool:
        return len(self._waiting) >= _MOST_WAITING

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def take(self, entry: Entry) -> None:
        self._waiting.append(entry)

    def flush(self) -> None:
        """Write down what waits. While another thread is at it, leave it to that one."""
        while self._waiting and self._writing.acquire(blocking=False):
            try:
                if not self._write():
                    return
            finally:
                self._writing.release()

    def _write(self) -> bool:
        group = list(self._waiting)
        try:
            with self._ledger.write() as connection:
                add(connection, *group)
        except LedgerError as error:
            log.warning("trail state=waiting entries=%d reason=%s", len(self._waiting), error)
            return False
        for _ in group:
            self._waiting.popleft()
        return True
