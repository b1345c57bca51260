"""Receipts that came back by hand (sync.bundle), where no network reaches the terminal.

They lie in a file beside the databases, which stays: it belongs to whoever brought it. Each is tried as one that came
over a link is, and taken only where it says more than is known, so that an old stick takes nothing back.
"""

import contextlib
from collections.abc import Iterable
from pathlib import Path

from sync import WireError
from sync.cbor import VERSION, array, encode, message, octets, text
from sync.roster import RosterStore
from sync.topics import check_terminal
from sync.wire import Receipt, parse_receipt, receipt_bytes

MAX_BYTES = 256 * 1024  # a thousand receipts


def receipts_bytes(receipts: Iterable[tuple[str, Receipt]]) -> bytes:
    """The file that goes back to the terminals by the same hand: (terminal, receipt) of each, signed one by one."""
    return encode([VERSION, [[terminal, receipt_bytes(receipt)] for terminal, receipt in receipts]])


def parse_receipts(data: bytes) -> list[tuple[str, Receipt]]:
    """Undo receipts_bytes. Raises WireError."""
    fields = message(data, "receipts", 2)
    found = []
    for row in array(fields[1], "receipts", range(1001)):
        terminal, receipt = array(row, "receipt", range(2, 3))
        found.append(
            (check_terminal(text(terminal, "terminal", 32)), parse_receipt(octets(receipt, "receipt", range(512))))
        )
    return found


class Handed:
    """Used by the agent's one thread."""

    def __init__(self, path: Path, terminal: str, store: RosterStore) -> None:
        self._path, self._terminal, self._store = path, terminal, store
        self._seen: tuple[int, int] | None = None
        self._left: list[Receipt] = []

    def __call__(self, log: bytes) -> list[Receipt]:
        """What came for this log and was not given yet. Raises StorageError."""
        self._look()
        mine = [receipt for receipt in self._left if receipt.log == log]
        if not mine:
            return []
        self._left = [receipt for receipt in self._left if receipt.log != log]
        known = self._store.receipt(log)
        return [receipt for receipt in mine if known is None or receipt.seq > known.seq]

    def _look(self) -> None:
        with contextlib.suppress(OSError, WireError):  # not there, or not what the command left
            file = self._path.stat()
            if (seen := (file.st_mtime_ns, file.st_size)) == self._seen:
                return
            self._seen, self._left = seen, []
            self._left = [receipt for terminal, receipt in self._read() if terminal == self._terminal]

    def _read(self) -> list[tuple[str, Receipt]]:
        with self._path.open("rb") as file:
            return parse_receipts(file.read(MAX_BYTES))
