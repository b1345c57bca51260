"""`hazri-edge export`: what was not receipted yet, sealed for the aggregator, to be carried by hand.

Reads punches.db and roster.db as any reader does, so the terminal goes on serving people meanwhile. It forgets nothing:
what was carried is still sent when a network comes, and the aggregator takes it once.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from edge import SetupError
from sync import StorageError
from sync.batch import batch_bytes
from sync.bundle import FILE_BYTES, QR_BYTES, SUFFIX, Letter, Part, groups, pack, part_bytes, part_text
from sync.outbox import OutboxReader
from sync.roster import RosterReader
from sync.salvage import salvaged
from sync.wire import Chunk, chunk_bytes

_BATCH = 200
_CHUNK_BYTES = 32 * 1024  # a template whole


def run(punches: Path, roster: Path, terminal: str, server: X25519PublicKey, out: Path, *, qr: bool) -> list[Path]:
    """Write the bundles into `out`; returns the files, none when everything is receipted.

    Raises SetupError when they cannot be written, StorageError when the log cannot be read.
    """
    size = QR_BYTES if qr else FILE_BYTES
    made = groups(letter for log in (*salvaged(punches), punches) for letter in _unsent(log, roster))
    return [_write(out, part, qr=qr) for letters in made for part in pack(terminal, letters, server, size)]


def _unsent(log: Path, roster: Path) -> Iterator[Letter]:
    with contextlib.closing(OutboxReader(log)) as reader:
        yield from _letters(reader, _receipted(roster, reader.log))


def _receipted(roster: Path, log: bytes) -> int:
    try:
        with contextlib.closing(RosterReader(roster)) as reader:
            receipt = reader.receipt(log)
    except StorageError:
        return 0  # no sync process has ever run here
    return receipt.seq if receipt else 0


def _letters(reader: OutboxReader, after: int) -> Iterator[Letter]:
    first = after + 1
    while batch := reader.batch(first, _BATCH):
        yield "batch", batch_bytes(batch)
        first = batch.last_seq + 1
    for seq, data in reader.blobs(after):
        pieces = [data[i : i + _CHUNK_BYTES] for i in range(0, len(data), _CHUNK_BYTES)]
        for index, piece in enumerate(pieces):
            yield "chunk", chunk_bytes(Chunk(reader.log, seq, index, len(pieces), piece))


def _write(out: Path, part: Part, *, qr: bool) -> Path:
    name = f"{part.terminal}-{part.whole.hex()[:8]}-{part.index + 1:03}of{part.total:03}"
    path = out / (name + (".png" if qr else SUFFIX))
    try:
        if not out.is_dir():  # made, it would lie on the card, and the stick would go away empty
            raise SetupError(f"{out}: is no folder; is the stick in?")
        if qr:
            _draw(part_text(part), path)
            return path
        with path.open("wb") as file:
            file.write(part_bytes(part))
            file.flush()
            os.fsync(file.fileno())  # the stick is pulled out as soon as this command ends
    except OSError as error:
        raise SetupError(f"{path}: {error.strerror}") from None
    return path


def _draw(text: str, path: Path) -> None:
    import segno

    segno.make_qr(text, mode="alphanumeric", error="m").save(str(path), kind="png", scale=6, border=4)
