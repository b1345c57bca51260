"""Is this batch to be believed? Pure: what is known of the log comes in, a verdict goes out.

Accept    follows on from what is known, perhaps after a part that is known already
Repeat    nothing new: every record is known, and the same
Gap       begins later than what is known ends: the terminal must begin again from what we say we know
Refuse    not believed, with the reason; nothing of it is stored but the bytes, in quarantine
"""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from sync import ChainError, chain
from sync.columns import Columns, bodies
from sync.ed25519 import PublicKey


class Reason(StrEnum):
    """Why a message is in quarantine."""

    GARBAGE = "garbage"  # not a message of ours
    VERSION = "version"  # of a later protocol
    TOPIC = "topic"
    UNKNOWN_TERMINAL = "unknown-terminal"
    REVOKED = "revoked"
    QUARANTINED = "quarantined"  # the terminal is: it keeps its records, and sends them again when it is believed again
    SIGNATURE = "signature"  # not signed by the terminal's record key over this history
    FORK = "fork"  # signed by the right key, but another history than the one we hold (S8, S9)
    ROLLBACK = "rollback"  # the terminal has fewer records of its log than were receipted (S8)
    CHUNK = "chunk"  # part of a template nobody can use
    TEMPLATE = "template"  # a whole template that is not what was announced
    LEDGER = "ledger"  # the database does not take it, and takes others


@dataclass(frozen=True, slots=True)
class Known:
    """The last record we hold of a log; seq 0 and the genesis head for a new one."""

    seq: int
    head: bytes


@dataclass(frozen=True, slots=True)
class Accept:
    """A batch of which everything but the first `skip` records is new; `bodies` and `heads` are those of all."""

    batch: Columns
    skip: int
    bodies: list[bytes]
    heads: list[bytes]

    @property
    def known(self) -> Known:
        return Known(self.batch.last_seq, self.heads[-1])

    def __len__(self) -> int:
        """How many records are new."""
        return len(self.heads) - self.skip


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


def judge(batch: Columns, known: Known, head_at: Callable[[int], bytes], key: PublicKey) -> Verdict:
    """`head_at(seq)` gives our chain head after a known record (0: the genesis); it is asked only for overlaps."""
    if batch.first_seq > known.seq + 1:
        return Gap()
    before = known.head if batch.first_seq == known.seq + 1 else head_at(batch.first_seq - 1)
    made = bodies(batch)
    heads = chain.heads(before, made)
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
            Reason.FORK, f"signed, but from record {_first_other(batch, heads, known, head_at)} on not what we hold"
        )
    return Accept(batch, overlap, made, heads)


def _first_other(batch: Columns, heads: list[bytes], known: Known, head_at: Callable[[int], bytes]) -> int:
    """The seq from which on two histories differ: every head before it is common, and none behind it."""
    common = range(batch.first_seq, min(batch.last_seq, known.seq) + 1)
    return common[bisect_left(common, True, key=lambda seq: head_at(seq) != heads[seq - batch.first_seq])]
