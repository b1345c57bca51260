"""Orders: what the server wants of a terminal, signed, numbered, each carried out once. No I/O.

    server ──d/o──▶ sync checks, does its part ──row of roster.db──▶ terminal does its part ──ORDER_DONE event──▶ server

The signature is over the session of the connection as well (sync.wire.Beat), which is drawn anew each time: an order
that was overheard is worth nothing on any other connection. On the same one it is known by its number.

What must stay true here: `parse_order(order_bytes(o)) == o`; parse_order raises WireError, and nothing else.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from sync import ChainError, SignatureError
from sync.cbor import VERSION, array, decode, encode, integer, message, octets
from sync.ed25519 import Signer
from sync.record import SIGNATURE_BYTES, event_detail
from sync.word import Verifier

SESSION_BYTES = 8
PROOF_BYTES = 16
Detail = Mapping[str, int | str | bytes]


class OrderKind(IntEnum):
    """What may be ordered; a number unknown here is answered with "unknown" and nothing is done."""

    WIPE = 1  # forget a person, or everybody, for good: `person` and the roster's `version` without them, or neither
    RESYNC = 2  # ask for the whole roster anew
    SELFTEST = 3
    RESTART = 4
    LOCATE = 5  # show yourself: light and beep for `seconds`
    RETRY_WINDOW = 6  # come back after a cut at any moment of `seconds`, not at once (S12)
    CONFIG = 7  # go by the settings in `blob`, TOML, from now on


@dataclass(frozen=True, slots=True)
class Order:
    """Order `number` (from 1, never twice at one terminal) of a `kind`; `detail` as in an event."""

    number: int
    kind: int
    detail: Detail = field(hash=False)
    session: bytes
    signature: bytes


def order_bytes(order: Order) -> bytes:
    return encode([_unsigned(order.number, order.kind, order.detail), order.session, order.signature])


def parse_order(data: bytes) -> Order:
    """Read an order. Raises WireError."""
    outer = array(decode(data, what="order"), "order", range(3, 4))
    fields = message(octets(outer[0], "order body", range(1, len(data))), "order", 4)
    return Order(
        number=integer(fields[1], "order number", 1),
        kind=integer(fields[2], "order kind", 1, 255),
        detail=event_detail(fields[3]),
        session=octets(outer[1], "session", SESSION_BYTES),
        signature=octets(outer[2], "signature", SIGNATURE_BYTES),
    )


def sign_order(key: Signer, terminal: str, session: bytes, number: int, kind: int, detail: Detail) -> Order:
    return Order(number, kind, detail, session, key.sign(_message(terminal, session, number, kind, detail)))


def verify_order(key: Verifier, terminal: str, order: Order) -> None:
    """Raises ChainError when the order is not the server's to this terminal."""
    said = _message(terminal, order.session, order.number, order.kind, order.detail)
    try:
        key.verify(order.signature, said)
    except SignatureError:
        raise ChainError(f"order {order.number}: the signature is not the server's to this terminal") from None


def detail_bytes(detail: Detail) -> bytes:
    """For a database; parse_detail undoes it."""
    return encode(dict(detail))


def parse_detail(data: bytes) -> dict[str, int | str | bytes]:
    """Raises WireError."""
    return event_detail(decode(data, what="order detail"))


def done_key(number: int) -> bytes:
    """Under which name a terminal's log remembers for ever that an order was carried out (sync.outbox: `taken`)."""
    return hashlib.sha256(b"hazri order done 1\0" + number.to_bytes(8, "big")).digest()[:16]


def wipe_proof(person: bytes, version: int) -> bytes:
    """Names in an answer what was wiped, and tells nobody whom who does not know it already."""
    return hashlib.sha256(b"hazri wiped 1\0" + person + version.to_bytes(8, "big")).digest()[:PROOF_BYTES]


def _unsigned(number: int, kind: int, detail: Detail) -> bytes:
    return encode([VERSION, number, kind, dict(detail)])


def _message(terminal: str, session: bytes, number: int, kind: int, detail: Detail) -> bytes:
    return b"hazri order 1\0" + terminal.encode() + b"\0" + session + _unsigned(number, kind, detail)


def seconds(detail: Detail, least: int, most: int) -> int:
    """The `seconds` of an order. Raises WireError."""
    return integer(detail.get("seconds"), "seconds", least, most)
