"""`hazri-edge receipts`: what the aggregator took of what was carried to it, brought back by the same hand.

Checked here, where somebody reads what is wrong, and left beside the databases for the sync process, which alone writes
receipts down (sync.handed). From then on the terminal may forget what was taken.
"""

from collections.abc import Sequence
from pathlib import Path

from edge import SetupError
from edge.files import put_file
from sync import SyncError
from sync.chain import verify_receipt
from sync.handed import MAX_BYTES, parse_receipts, receipts_bytes
from sync.wire import Receipt
from sync.word import Verifier


def run(files: Sequence[Path], kept: Path, terminal: str, server_key: Verifier) -> list[Receipt]:
    """Keep in `kept` what is in `files` for this terminal; returns it, the newest receipt of each log.

    Raises SetupError for a file that holds no receipts, a receipt that the server did not sign, and where none is for
    this terminal: then nothing is kept.
    """
    newest: dict[bytes, Receipt] = {}
    for file in files:
        for receipt in _mine(file, terminal, server_key):
            if receipt.log not in newest or newest[receipt.log].seq < receipt.seq:
                newest[receipt.log] = receipt
    if not newest:
        raise SetupError(f"{', '.join(map(str, files))}: no receipt for {terminal}; are these of another terminal?")
    # The sync process reads it by its group.
    put_file(kept, receipts_bytes((terminal, receipt) for receipt in newest.values()), 0o640)
    return list(newest.values())


def _mine(file: Path, terminal: str, server_key: Verifier) -> list[Receipt]:
    try:
        with file.open("rb") as opened:
            found = [receipt for whose, receipt in parse_receipts(opened.read(MAX_BYTES)) if whose == terminal]
        for receipt in found:
            verify_receipt(server_key, terminal, receipt)
    except OSError as error:
        raise SetupError(f"{file}: {error.strerror}") from None
    except SyncError as error:
        raise SetupError(f"{file}: no receipts of our aggregator ({error})") from None
    return found
