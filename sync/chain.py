"""The hash chain of a log, and the signatures over it. Pure.

    head(0) = SHA-256("hazri log 1"    ‖ terminal ‖ log)
    head(n) = SHA-256("hazri record 1" ‖ head(n-1) ‖ body(n))

The terminal signs head(n) as it commits record n (Ed25519, RFC 8032); the server verifies one signature a batch,
because a head that fits vouches for everything before it. Whoever rewrites a record must rewrite every later head
and cannot sign them (S8, S9).

Cost on an x86 core: 1 µs a record to hash, 35 µs to sign, 65 µs to verify.
"""

import hashlib
from collections.abc import Iterable

from sync import ChainError, SignatureError
from sync.ed25519 import Signer
from sync.wire import Receipt, RosterDelta, RosterEntry, roster_unsigned
from sync.word import Verifier


def genesis(terminal: str, log: bytes) -> bytes:
    """The head before the first record: binds a log to the terminal it was born on."""
    return hashlib.sha256(b"hazri log 1\0" + terminal.encode() + b"\0" + log).digest()


def next_head(head: bytes, body: bytes) -> bytes:
    return hashlib.sha256(b"hazri record 1\0" + head + body).digest()


def heads(head: bytes, bodies: Iterable[bytes]) -> list[bytes]:
    """The head after each body, in order, starting from `head`."""
    result = []
    for body in bodies:  # next_head, spelt out: this is the aggregator's innermost loop
        head = hashlib.sha256(b"hazri record 1\0" + head + body).digest()
        result.append(head)
    return result


def sign_head(key: Signer, seq: int, head: bytes) -> bytes:
    return key.sign(_head_message(seq, head))


def verify_head(key: Verifier, seq: int, head: bytes, signature: bytes) -> None:
    """Raises ChainError when `signature` is not this key's over record `seq` with this head."""
    _verify(key, signature, _head_message(seq, head), f"record {seq}")


def sign_receipt(key: Signer, terminal: str, log: bytes, seq: int, head: bytes, *, plain: bool = False) -> Receipt:
    return Receipt(log, seq, head, key.sign(_receipt_message(terminal, log, seq, head, plain)), plain)


def verify_receipt(key: Verifier, terminal: str, receipt: Receipt) -> None:
    """Raises ChainError when the receipt is not the server's word to this terminal."""
    message = _receipt_message(terminal, receipt.log, receipt.seq, receipt.head, receipt.plain)
    _verify(key, receipt.signature, message, f"receipt for seq {receipt.seq}")


def sign_roster(
    key: Signer, terminal: str, version: int, base: int, entries: tuple[RosterEntry, ...], goal: int = 0
) -> RosterDelta:
    """`goal` 0: it is reached with this."""
    goal = goal or version
    signature = key.sign(_roster_message(terminal, roster_unsigned(version, base, entries, goal)))
    return RosterDelta(version, base, entries, signature, goal)


def verify_roster(key: Verifier, terminal: str, delta: RosterDelta) -> None:
    """Raises ChainError when the roster is not the server's, or was made for another terminal."""
    message = _roster_message(terminal, roster_unsigned(delta.version, delta.base, delta.entries, delta.goal))
    _verify(key, delta.signature, message, f"roster version {delta.version}")


def _head_message(seq: int, head: bytes) -> bytes:
    return b"hazri head 1\0" + seq.to_bytes(8, "big") + head


def _receipt_message(terminal: str, log: bytes, seq: int, head: bytes, plain: bool) -> bytes:
    return b"hazri receipt 1\0" + terminal.encode() + b"\0" + log + seq.to_bytes(8, "big") + head + bytes([plain])


def _roster_message(terminal: str, unsigned: bytes) -> bytes:
    return b"hazri roster 1\0" + terminal.encode() + b"\0" + unsigned


def _verify(key: Verifier, signature: bytes, message: bytes, what: str) -> None:
    try:
        key.verify(signature, message)
    except SignatureError:
        raise ChainError(f"{what}: the signature is not its signer's over these bytes") from None
