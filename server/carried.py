"""What came by hand: bundles of terminals without a network, and the memory cards of dead units (S7, S9).

It goes the way of everything that comes over the broker: the same checks, the same tables, the same quarantine. The
receipts may be carried back; where they are not, the terminal is answered when it sends the same records itself.
"""

import shutil
import sqlite3
import tempfile
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from server import ServerError
from server.intake.group import Intake
from server.intake.incoming import Incoming, read
from server.ledger.store import Ledger
from sync import StorageError, SyncError
from sync.batch import batch_bytes
from sync.bundle import FILE_BYTES, Letter, Part, join, parse_part, parse_text, unpack
from sync.handed import receipts_bytes
from sync.link import Delivery
from sync.outbox import OutboxReader
from sync.salvage import salvaged
from sync.topics import up
from sync.wire import Chunk, Receipt, chunk_bytes

_GROUP = 100
_BATCH = 200
_CHUNK_BYTES = 32 * 1024
_MAX_FILE_BYTES = 8 * FILE_BYTES  # of texts, there may be many in a file
_PNG = b"\x89PNG\r\n"
_LOGS = "punches.db"


class CarriedError(ServerError):
    """What was carried cannot be read; the text says which file, and what to do."""


@dataclass
class Taken:
    """What became of it: counts as in ingest, and a line for each thing that was not taken."""

    counts: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    receipts: dict[tuple[str, bytes], Receipt] = field(default_factory=dict)

    @property
    def answer(self) -> bytes:
        """The file that the same hand may carry back to the terminals."""
        return receipts_bytes((terminal, receipt) for (terminal, _), receipt in self.receipts.items())

    def lines(self) -> list[str]:
        known = ("punches", "records", "batches", "repeats", "gaps", "templates")
        return [f"{name} {self.counts[name]}" for name in known if self.counts[name]] + self.notes


class Hatch:
    """Where anybody may hand in what they carried (server.web.bundles): one at a time, harmless twice."""

    def __init__(self, ledger: Ledger, intake: Intake, key: X25519PrivateKey) -> None:
        self._ledger, self._intake, self._key = ledger, intake, key
        self._alone = threading.Lock()

    def take(self, files: Sequence[Path]) -> Taken | None:
        """As take_files; None while somebody else is at it. Raises CarriedError."""
        if not self._alone.acquire(blocking=False):
            return None
        try:
            return take_files(self._ledger, self._intake, self._key, files)
        finally:
            self._alone.release()


def take_files(ledger: Ledger, intake: Intake, key: X25519PrivateKey, files: Sequence[Path]) -> Taken:
    """Take bundles in, whose parts are files, or lines of text as a phone read them off QR codes.

    Raises CarriedError for a file that is neither, and for parts that contradict each other.
    """
    try:
        whole, missing = join(part for file in files for part in _parts(file))
    except SyncError as error:
        raise CarriedError(str(error)) from None
    taken = Taken(notes=missing)
    for terminal, sealed in whole:
        try:
            letters = unpack(terminal, sealed, key)
        except SyncError as error:
            taken.notes.append(str(error))
            continue
        _take(ledger, intake, terminal, letters, taken)
    return taken


def take_card(ledger: Ledger, intake: Intake, folder: Path) -> Taken:
    """Take in the log of a unit that is dead: `folder` is its state directory, on its card or copied from it.

    The card is only read: SQLite works on a copy. Raises CarriedError when there is no log of a terminal there.
    """
    with tempfile.TemporaryDirectory(prefix="hazri-card-") as copy:
        try:
            for file in folder.glob(f"{_LOGS}*"):
                shutil.copy2(file, copy)
            log = Path(copy) / _LOGS
            taken = Taken()
            for path in (*salvaged(log), log):
                with closing(OutboxReader(path)) as reader:
                    _take(ledger, intake, _owner(path), _letters(reader, taken), taken)
        except (OSError, StorageError, sqlite3.Error) as error:
            raise CarriedError(f"{folder}: no log of a terminal that can be read ({error})") from None
    return taken


def _parts(file: Path) -> Iterator[Part]:
    try:
        with file.open("rb") as opened:
            data = opened.read(_MAX_FILE_BYTES)
    except OSError as error:
        raise CarriedError(f"{file}: {error.strerror}") from None
    try:
        if data.startswith(_PNG):
            raise CarriedError(f"{file}: a picture; put what its QR code says into a .txt file, one code a line")
        if file.suffix != ".txt":
            yield parse_part(data)
            return
        for line in data.decode("ascii", "replace").splitlines():
            if line.strip():
                yield parse_text(line)  # a blank at its end is one of its letters
    except SyncError as error:
        raise CarriedError(f"{file}: no part of a bundle ({error})") from None


def _letters(reader: OutboxReader, taken: Taken) -> Iterator[Letter]:
    """Everything the log still has: what is known already is found to be so."""
    first = 1
    try:
        while batch := reader.batch(first, _BATCH):
            yield "batch", batch_bytes(batch)
            first = batch.last_seq + 1
    except StorageError as error:
        taken.notes.append(f"not all of it could be read: {error}")
    for seq, data in reader.blobs(0):
        pieces = [data[i : i + _CHUNK_BYTES] for i in range(0, len(data), _CHUNK_BYTES)]
        for index, piece in enumerate(pieces):
            yield "chunk", chunk_bytes(Chunk(reader.log, seq, index, len(pieces), piece))


def _owner(path: Path) -> str:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
        row = db.execute("SELECT value FROM meta WHERE name = 'terminal'").fetchone()
    if row is None:
        raise StorageError(f"{path}: does not say whose it is")
    return bytes(row[0]).decode("ascii", "replace")


def _take(ledger: Ledger, intake: Intake, terminal: str, letters: Iterable[Letter], taken: Taken) -> None:
    group: list[Incoming] = []
    for leaf, payload in letters:
        group.append(read(Delivery(up(terminal, leaf), payload, lambda: None)))
        if len(group) == _GROUP:
            _store(ledger, intake, group, taken)
            group = []
    _store(ledger, intake, group, taken)


def _store(ledger: Ledger, intake: Intake, group: list[Incoming], taken: Taken) -> None:
    if not group:
        return
    with ledger.write() as connection:
        outcome = intake.take(connection, group)
    taken.counts.update(outcome.counts)
    taken.receipts |= outcome.receipts
    taken.notes.extend(outcome.notes)
