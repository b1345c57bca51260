"""One person on demand (S6, R1.12): six digits nobody has here are asked of the server while somebody waits. No I/O.

    terminal ──row of punches.db──▶ sync ──u/w──▶ server: who has these digits, in this state?
    terminal ◀──row of roster.db── sync ◀──d/f── the verdict; where it is COMING, the roster brings the person as well

The digits are sealed to the server's template key, so neither sync nor the broker learns them; the verdict is signed,
and names the question by a random number.
"""

from dataclasses import dataclass
from enum import IntEnum

from sync import ChainError, SignatureError
from sync.cbor import VERSION, encode, enum, integer, message, octets
from sync.ed25519 import Signer
from sync.record import SIGNATURE_BYTES
from sync.word import Verifier

SEALED_BYTES = 66  # six digits in a box (sync.seal)


class Whereabouts(IntEnum):
    """What the server knows of the digits."""

    COMING = 1  # who has them is in the roster from `version` on
    NOBODY = 2
    ELSEWHERE = 3  # somebody of another state (R1.12)
    LATER = 4  # this terminal asked too often


@dataclass(frozen=True, slots=True)
class Wanted:
    """Question `number`: who has the digits in the box?"""

    number: int
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Found:
    """The server's word on question `number`; `version` is 0 where nobody comes."""

    number: int
    verdict: Whereabouts
    version: int
    signature: bytes


def binding(terminal: str, number: int) -> bytes:
    """What the box of digits is bound to."""
    return b"hazri wanted 1\0" + terminal.encode() + b"\0" + number.to_bytes(8, "big")


def wanted_bytes(wanted: Wanted) -> bytes:
    return encode([VERSION, wanted.number, wanted.sealed])


def parse_wanted(data: bytes) -> Wanted:
    """Raises WireError."""
    fields = message(data, "wanted", 3)
    return Wanted(integer(fields[1], "number", 0), octets(fields[2], "sealed digits", SEALED_BYTES))


def found_bytes(found: Found) -> bytes:
    return encode([VERSION, found.number, int(found.verdict), found.version, found.signature])


def parse_found(data: bytes) -> Found:
    """Raises WireError."""
    fields = message(data, "found", 5)
    return Found(
        number=integer(fields[1], "number", 0),
        verdict=enum(Whereabouts, fields[2], "verdict"),
        version=integer(fields[3], "roster version", 0),
        signature=octets(fields[4], "signature", SIGNATURE_BYTES),
    )


def sign_found(key: Signer, terminal: str, number: int, verdict: Whereabouts, version: int = 0) -> Found:
    return Found(number, verdict, version, key.sign(_message(terminal, number, verdict, version)))


def verify_found(key: Verifier, terminal: str, found: Found) -> None:
    """Raises ChainError when the verdict is not the server's to this terminal."""
    try:
        key.verify(found.signature, _message(terminal, found.number, found.verdict, found.version))
    except SignatureError:
        raise ChainError("found: the signature is not the server's to this terminal") from None


def _message(terminal: str, number: int, verdict: int, version: int) -> bytes:
    said = number.to_bytes(8, "big") + bytes([verdict]) + version.to_bytes(8, "big")
    return b"hazri found 1\0" + terminal.encode() + b"\0" + said
