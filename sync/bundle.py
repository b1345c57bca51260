"""Bundles: what a terminal would have sent, carried by hand on days without a network, as files or as QR codes. Pure.

    messages ──CBOR──▶ sealed to the aggregator (sync.seal, bound to the terminal) ──▶ parts, each with the hash of all

Anyone may carry it: nobody but the aggregator reads it, and what is in it is signed record by record, so that nobody
can add to it. Twice is as good as once. A part is a file of its own, or the text of one QR code in base 45 (RFC 9285),
whose letters are those that QR codes hold most densely (ISO/IEC 18004, alphanumeric mode).
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from sync import SealError, WireError
from sync.cbor import VERSION, array, encode, integer, message, octets, text
from sync.seal import open_sealed, seal_to
from sync.topics import check_terminal

LEAVES = ("batch", "chunk")  # signed, or of a signed hash; a beat is neither
SUFFIX = ".hazri"
QR_BYTES = 400  # of a part in one code: 700 letters at most, version 17, which a cheap phone still reads
FILE_BYTES = 200_000
_GROUP_BYTES = 180_000
_ID_BYTES = 16
_MAX_PARTS = 1024
_PREFIX = "HAZRI:"
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_SIZE = len(_ALPHABET)

Letter = tuple[str, bytes]  # leaf and payload, as in sync.topics


@dataclass(frozen=True, slots=True)
class Part:
    """Part `index` of `total` of a sealed bundle of `terminal`; `whole` is the hash of all of it."""

    terminal: str
    whole: bytes
    index: int
    total: int
    data: bytes


def groups(letters: Iterable[Letter]) -> Iterator[list[Letter]]:
    """As many at a time as one bundle takes."""
    group: list[Letter] = []
    size = 0
    for letter in letters:
        if group and size + len(letter[1]) > _GROUP_BYTES:
            yield group
            group, size = [], 0
        group.append(letter)
        size += len(letter[1])
    if group:
        yield group


def pack(terminal: str, letters: list[Letter], server: X25519PublicKey, part_bytes: int) -> list[Part]:
    """Seal `letters` for the aggregator, in parts of `part_bytes`."""
    sealed = seal_to(server, encode([VERSION, [[leaf, payload] for leaf, payload in letters]]), _about(terminal))
    whole = hashlib.sha256(sealed).digest()[:_ID_BYTES]
    pieces = [sealed[i : i + part_bytes] for i in range(0, len(sealed), part_bytes)]
    return [Part(terminal, whole, i, len(pieces), piece) for i, piece in enumerate(pieces)]


def part_bytes(part: Part) -> bytes:
    return encode([VERSION, part.terminal, part.whole, part.index, part.total, part.data])


def parse_part(data: bytes) -> Part:
    """Read a part. Raises WireError."""
    fields = message(data, "bundle", 6)
    total = integer(fields[4], "parts", 1, _MAX_PARTS)
    return Part(
        terminal=check_terminal(text(fields[1], "terminal", 32)),
        whole=octets(fields[2], "hash", _ID_BYTES),
        index=integer(fields[3], "part", 0, total - 1),
        total=total,
        data=octets(fields[5], "part of a bundle", range(1, FILE_BYTES + 1)),
    )


def part_text(part: Part) -> str:
    """As the text of a QR code."""
    return _PREFIX + _base45(part_bytes(part))


def parse_text(line: str) -> Part:
    """Undo part_text. Raises WireError."""
    if not line.startswith(_PREFIX):
        raise WireError(f"bundle: a text that does not begin with {_PREFIX}")
    return parse_part(_unbase45(line[len(_PREFIX) :]))


def join(parts: Iterable[Part]) -> tuple[list[tuple[str, bytes]], list[str]]:
    """(terminal, sealed bundle) of each bundle that is whole, and of each other one a line that says what is missing.

    The same part may come many times. Raises WireError for parts that contradict each other.
    """
    found: dict[tuple[str, bytes, int], dict[int, bytes]] = defaultdict(dict)
    for part in parts:
        found[part.terminal, part.whole, part.total].setdefault(part.index, part.data)
    whole, missing = [], []
    for (terminal, digest, total), pieces in found.items():
        lacking = [str(i + 1) for i in range(total) if i not in pieces]
        if lacking:
            missing.append(f"bundle {digest.hex()[:8]} of {terminal}: part {', '.join(lacking)} of {total} is missing")
            continue
        sealed = b"".join(pieces[i] for i in range(total))
        if hashlib.sha256(sealed).digest()[:_ID_BYTES] != digest:
            raise WireError(f"bundle {digest.hex()[:8]} of {terminal}: its parts do not give the whole")
        whole.append((terminal, sealed))
    return whole, missing


def unpack(terminal: str, sealed: bytes, key: X25519PrivateKey) -> list[Letter]:
    """What `terminal` put in. Raises SealError when it was sealed for another, WireError for anything else in it."""
    try:
        plain = open_sealed(key, sealed, _about(terminal))
    except SealError:
        raise SealError(f"a bundle of {terminal}: sealed for another server, or altered") from None
    fields = message(plain, "bundle", 2)
    letters = []
    for row in array(fields[1], "messages", range(1, 10_000)):
        leaf, payload = array(row, "message", range(2, 3))
        if leaf not in LEAVES:
            raise WireError(f"bundle: a message that is neither {' nor '.join(LEAVES)}")
        letters.append((leaf, octets(payload, "message", range(1, _GROUP_BYTES + FILE_BYTES))))
    return letters


def _about(terminal: str) -> bytes:
    return b"hazri bundle 1\0" + check_terminal(terminal).encode()


def _base45(data: bytes) -> str:
    out = []
    for at in range(0, len(data), 2):
        pair = data[at : at + 2]
        number = int.from_bytes(pair, "big")
        for _ in range(3 if len(pair) == 2 else 2):
            number, digit = divmod(number, _SIZE)
            out.append(_ALPHABET[digit])
    return "".join(out)


def _unbase45(letters: str) -> bytes:
    """Raises WireError."""
    out = bytearray()
    for at in range(0, len(letters), 3):
        group = letters[at : at + 3]
        number = 0
        for letter in reversed(group):
            digit = _ALPHABET.find(letter)
            if digit < 0:
                raise WireError("bundle: a letter that no such code holds")
            number = number * _SIZE + digit
        size = len(group) - 1
        if size < 1 or number >= 1 << 8 * size:
            raise WireError("bundle: letters that are no bytes")
        out += number.to_bytes(size, "big")
    return bytes(out)
