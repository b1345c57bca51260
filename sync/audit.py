"""Is a log still what it was? What a flipped bit, a cut or a hand may have changed, and the first record it shows in.

Two marks tell. SQLite checks how its pages hang together, not what is written on them: so every row carries a CRC-32 of
itself (`row_sum`), against accidents. And the chain with its signatures (sync.chain), against whoever may rewrite the
whole file but holds no key; a log that was only cut short needs somebody else's word, such as a receipt (S8, S9).

Cost on an x86 core: 3 µs a row, and 65 µs for each signature that is verified.
"""

import zlib
from collections.abc import Iterable

from sync import ChainError
from sync.chain import genesis, next_head, verify_head
from sync.word import Verifier

Row = tuple[int, bytes, bytes, bytes]  # seq, body, head, signature


# The tables of punches.db whose rows carry their sum, and the columns it is over.
SUMMED = {"record": "seq, body, head, signature", "blob": "seq, data", "taken": "key, seq"}


class BadRecordError(ChainError):
    """`seq` is the first record that is not what the terminal once wrote there."""

    def __init__(self, seq: int, why: str) -> None:
        super().__init__(f"record {seq}: {why}")
        self.seq = seq


def row_sum(*values: int | bytes | str) -> int:
    """CRC-32 over the values of a row, each with its kind and length."""
    total = 0
    for value in values:
        data = value if isinstance(value, bytes) else str(value).encode()
        total = zlib.crc32(data, zlib.crc32(b"%s%d:" % (type(value).__name__[:1].encode(), len(data)), total))
    return total


def audit(
    rows: Iterable[Row],
    key: Verifier,
    terminal: str,
    log: bytes,
    *,
    every_signature: bool = True,
    witness: tuple[int, bytes] | None = None,
    forgotten: int | None = None,
) -> int:
    """Check what is kept of a log, in order; returns its last seq, 0 when nothing is kept.

    A log may begin behind what was forgotten on a receipt, at most up to `forgotten` where that is known. `witness` is
    a (seq, head) that this log once had. Without
    `every_signature` the outermost two are verified: the chain between them vouches for every body, and only the
    signatures between them stay untried.

    Raises BadRecordError with the first seq that was edited, removed, inserted or swapped, or that the witness misses.
    """
    seq, head = 0, genesis(terminal, log)
    last: Row | None = None
    for row in rows:
        number, body, after, signature = row
        begins = last is None and 1 < number <= (number if forgotten is None else forgotten + 1)
        if not begins and number != seq + 1:
            raise BadRecordError(seq + 1, f"is missing, record {number} follows")
        if not begins and next_head(head, body) != after:
            raise BadRecordError(number, "does not follow from the one before it")
        if every_signature or begins:
            _verify(key, number, after, signature)
        if witness is not None and witness[0] == number and witness[1] != after:
            raise BadRecordError(number, "is another than was once there")
        seq, head, last = number, after, row
    if last is not None and not every_signature:
        _verify(key, last[0], last[2], last[3])
    if witness is not None and witness[0] > seq:
        raise BadRecordError(seq + 1, f"is missing, and record {witness[0]} was once there")
    return seq


def _verify(key: Verifier, seq: int, head: bytes, signature: bytes) -> None:
    try:
        verify_head(key, seq, head, signature)
    except ChainError:
        raise BadRecordError(seq, "is not signed by this terminal") from None
