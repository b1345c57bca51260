"""What a leaf of the transparency log says of one record. Pure.

    leaf = "hazri leaf 1\\0" ‖ terminal ‖ 0x00 ‖ log ‖ received_ms ‖ seq ‖ head      (numbers: 8 bytes, big-endian)

The head is the terminal's chain after the record, so it stands for its body and for every record before it;
`received_ms` is when this server took it in, which the terminal cannot say. Leaf n-1 is the record with server_seq n.
"""

import hashlib
from collections.abc import Sequence


def leaf_bytes(terminal: str, log: bytes, seq: int, head: bytes, received_ms: int) -> bytes:
    return _start(terminal, log, received_ms) + seq.to_bytes(8, "big") + head


def leaf_hashes(terminal: str, log: bytes, first_seq: int, heads: Sequence[bytes], received_ms: int) -> list[bytes]:
    """The leaf hashes of consecutive records, spelt out: the aggregator makes one for every record it takes."""
    start = b"\0" + _start(terminal, log, received_ms)
    sha256 = hashlib.sha256
    return [sha256(start + seq.to_bytes(8, "big") + head).digest() for seq, head in enumerate(heads, first_seq)]


def _start(terminal: str, log: bytes, received_ms: int) -> bytes:
    return b"hazri leaf 1\0" + terminal.encode() + b"\0" + log + received_ms.to_bytes(8, "big")
