"""Is this batch to be believed? Pure: what is known of the log comes in, a verdict goes out.

Accept    follows on from what is known, perhaps after a part that is known already
Repeat    nothing new: every record is known, and the same
Gap       begins later than what is known ends: the terminal must begin again from what we say we know
Refuse    not believed, with the reason; nothing of it is stored but the bytes, in quarantine
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from sync import ChainError, chain
from sync.batch import Batch
from sync.record import Record, record_body


class Reason(StrEnum):
    """Why a message is in quarantine."""

    GARBAGE = "garbage"  # not a message of ours
    VERSION = "version"  # of a later protocol
    TOPIC = "topic"
    UNKNOWN_TERMINAL = "unknown-terminal"
    REVOKED = "revoked"
    SIGNATURE = "signature"  # not signed by the terminal's record key over this history
    FORK = "fork"  # signed by the right key, but another history than the one we hold (S8, S9)
    CHUNK = "chunk"  # part of a template nobody can use
    TEMPLATE = "template"  # a whole template that is not what was announced
    LEDGER = "ledger"  # the database does not take it, and takes others


@dataclass(frozen=True, slots=True)
class Known:
    """The last record we hold of a log; seq 0 and the genesis head for a new one."""

    seq: int
    head: bytes


class Accepted(NamedTuple):
    """One record to store (a tuple, because there are many of them)."""

    seq: int
    body: bytes
    head: bytes
    record: Record


@dataclass(frozen=True, slots=True)
class Accept:
    records: tuple[Accepted, ...]
    signature: bytes
    known: Known


@dataclass(frozen=True, slots=True)
class Repeat:
    pass


@dataclass(frozen=True, slots=True)
class Gap:
    pass


@dataclass(frozen=True, slots=True)
class Refuse:
    reason: Reason
    detail: str


Verdict = Accept | Repeat | Gap | Refuse


def judge(batch: Batch, known: Known, head_at: Callable[[int], bytes], key: Ed25519PublicKey) -> Verdict:
    """`head_at(seq)` gives our chain head after a known record (0: the genesis); it is asked only for overlaps."""
    if batch.first_seq > known.seq + 1:
        return Gap()
    before = known.head if batch.first_seq == known.seq + 1 else head_at(batch.first_seq - 1)
    bodies = [record_body(record) for record in batch.records]
    heads = chain.heads(before, bodies)
    overlap = min(batch.last_seq, known.seq) - batch.first_seq + 1
    # One head speaks for all before it, so comparing the last common one compares every common record.
    same = overlap == 0 or heads[overlap - 1] == (
        known.head if batch.last_seq >= known.seq else head_at(batch.last_seq)
    )
    if same and batch.last_seq <= known.seq:
        return Repeat()
    try:
        chain.verify_head(key, batch.last_seq, heads[-1], batch.signature)
    except ChainError as error:
        return Refuse(Reason.SIGNATURE, str(error))
    if not same:
        return Refuse(
            Reason.FORK, f"signed, but records {batch.first_seq} to {batch.last_seq} differ from those we hold"
        )
    numbered = zip(range(batch.first_seq, batch.last_seq + 1), bodies, heads, batch.records, strict=True)
    new = tuple(Accepted(*fields) for fields in numbered if fields[0] > known.seq)
    return Accept(new, batch.signature, Known(batch.last_seq, heads[-1]))
