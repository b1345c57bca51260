"""How the server exchanges its keys without anybody visiting a terminal: a charter, its statement of whose word counts
from now on, signed by a key that counted before. No I/O.

    1  both keys stand, the old one signs       server ──papers──▶ terminal ──"I hold charter 1"──▶ server
    2  when all terminals hold it, the new key signs; who was away gets charter 1 first, by the old key's signature
    3  the new key alone stands                 charter 2, signed by the new key

The same message carries a terminal's next certificate. What must stay true here: a charter counts only if a key of
the charter before signed it, and its number is higher; parsers raise WireError, and nothing else.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sync import ChainError, SignatureError
from sync.cbor import VERSION, array, decode, encode, integer, message, octets
from sync.ed25519 import KEY_BYTES, PublicKey, Signer
from sync.record import SIGNATURE_BYTES
from sync.word import Word

MAX_KEYS, MAX_CHARTERS = 4, 64
MAX_CERTIFICATE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Standing:
    """What a terminal believes in: charter `number` (0: before the first), the keys whose word counts (raw Ed25519),
    the key that templates are sealed to (raw X25519), and the authorities (DER; none: that of the admission)."""

    number: int
    servers: tuple[bytes, ...]
    template: bytes
    authorities: tuple[bytes, ...] = ()

    def word(self) -> Word:
        return Word([PublicKey(key) for key in self.servers])


@dataclass(frozen=True, slots=True)
class Charter:
    """A standing, and the signature of a key that counted before it."""

    standing: Standing
    signature: bytes


@dataclass(frozen=True, slots=True)
class Renew:
    """A terminal's word: it holds charter `number`. With `certificate` (DER) it asks for the next one."""

    number: int
    certificate: bytes = b""


@dataclass(frozen=True, slots=True)
class Papers:
    """What the server sends: charters, oldest first, and the next certificate (DER), if there is one; the signature is
    over the certificate and the terminal's name."""

    charters: tuple[bytes, ...]
    certificate: bytes
    signature: bytes


def sign_charter(key: Signer, standing: Standing) -> bytes:
    body = _body(standing)
    return encode([body, key.sign(_statement(body))])


def parse_charter(data: bytes) -> Charter:
    """Raises WireError."""
    outer = array(decode(data, what="charter"), "charter", range(2, 3))
    fields = message(octets(outer[0], "charter body", range(1, len(data))), "charter", 5)
    servers = array(fields[2], "server keys", range(1, MAX_KEYS + 1))
    authorities = array(fields[4], "authorities", range(MAX_KEYS + 1))
    standing = Standing(
        integer(fields[1], "charter number", 1),
        tuple(octets(key, "server key", KEY_BYTES) for key in servers),
        octets(fields[3], "template key", KEY_BYTES),
        tuple(octets(one, "authority", range(1, MAX_CERTIFICATE_BYTES)) for one in authorities),
    )
    return Charter(standing, octets(outer[1], "signature", SIGNATURE_BYTES))


def follow(start: Standing, charters: Iterable[bytes]) -> Standing:
    """Where these charters lead; those that are not newer are passed over. Raises WireError, ChainError."""
    return all_along(start, charters)[-1]


def all_along(start: Standing, charters: Iterable[bytes]) -> list[Standing]:
    """`start`, and what each charter that is newer made of it. Raises WireError, ChainError."""
    stood = [start]
    for data in charters:
        charter = parse_charter(data)
        if charter.standing.number <= stood[-1].number:
            continue
        try:
            stood[-1].word().verify(charter.signature, _statement(_body(charter.standing)))
        except SignatureError:
            raise ChainError(f"charter {charter.standing.number}: no key that counts signed it") from None
        stood.append(charter.standing)
    return stood


def renew_bytes(renew: Renew) -> bytes:
    return encode([VERSION, renew.number, renew.certificate])


def parse_renew(data: bytes) -> Renew:
    """Raises WireError."""
    fields = message(data, "renew", 3)
    return Renew(
        integer(fields[1], "charter number", 0), octets(fields[2], "certificate", range(MAX_CERTIFICATE_BYTES))
    )


def papers_bytes(key: Signer, terminal: str, charters: Sequence[bytes], certificate: bytes) -> bytes:
    return encode([VERSION, list(charters), certificate, key.sign(_certified(terminal, certificate))])


def parse_papers(data: bytes) -> Papers:
    """Raises WireError."""
    fields = message(data, "papers", 4)
    charters = array(fields[1], "charters", range(MAX_CHARTERS))
    return Papers(
        tuple(octets(one, "charter", range(1, len(data))) for one in charters),
        octets(fields[2], "certificate", range(MAX_CERTIFICATE_BYTES)),
        octets(fields[3], "signature", SIGNATURE_BYTES),
    )


def check_papers(start: Standing, terminal: str, papers: Papers) -> Standing:
    """Where the papers lead. Raises WireError, ChainError for what no key that counts then has signed."""
    now = follow(start, papers.charters)
    try:
        now.word().verify(papers.signature, _certified(terminal, papers.certificate))
    except SignatureError:
        raise ChainError("papers: not signed by a key that counts") from None
    return now


def _body(standing: Standing) -> bytes:
    said = [standing.number, list(standing.servers), standing.template, list(standing.authorities)]
    return encode([VERSION, *said])


def _statement(body: bytes) -> bytes:
    return b"hazri charter 1\0" + body


def _certified(terminal: str, certificate: bytes) -> bytes:
    return b"hazri papers 1\0" + terminal.encode() + b"\0" + certificate
