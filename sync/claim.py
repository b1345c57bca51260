"""A claim on the wire: what a blank machine says to a server it has never met, over a network nobody trusts. No I/O.

The technician's file carries a fingerprint of the server's two public keys. The machine asks for the keys, believes
them only if they have that fingerprint, seals what it says (the token is in it) to the one, and believes only what the
other signed. So neither TLS nor the time of day has to be right: whoever sits in between sees sealed bytes, and
learns whether somebody was admitted (S15).
"""

import base64
import binascii
import hashlib
import json
import os
from dataclasses import asdict, dataclass
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from sync import ChainError, SealError, SyncError, WireError, seal
from sync.admission import Admission, Request, parse
from sync.ed25519 import KEY_BYTES, PublicKey, Signer
from sync.request import check_request

MAX_BYTES = 32 * 1024
_SECRET_BYTES, _ID_BYTES, _SERIAL_CHARACTERS = 20, 8, 64
_BOUND = b"hazri claim 1"


@dataclass(frozen=True, slots=True)
class Token:
    """Written as `<16 hex>.<32 of a-z, 2-7>`."""

    id: bytes
    secret: bytes

    def __str__(self) -> str:
        return f"{self.id.hex()}.{base64.b32encode(self.secret).decode().lower()}"


@dataclass(frozen=True, slots=True)
class ServerWord:
    """The server's public keys: who signs answers (Ed25519), and for whom claims are sealed (X25519)."""

    server_key: bytes
    template_key: bytes

    @property
    def fingerprint(self) -> str:
        """64 hex digits."""
        return hashlib.sha256(b"hazri server 1\0" + self.server_key + self.template_key).hexdigest()


@dataclass(frozen=True, slots=True)
class Claim:
    """`serial` is the hardware's own number, as it says itself; it helps whoever approves, and proves nothing."""

    token: Token
    request: Request
    serial: str


class ClaimState(StrEnum):
    PENDING = "pending"
    ADMITTED = "admitted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`why` it was refused; `admission` as JSON, once admitted."""

    state: ClaimState
    why: str
    admission: str


def new_secret() -> bytes:
    return os.urandom(_SECRET_BYTES)


def parse_token(text: str) -> Token:
    """Raises WireError, and never repeats the text."""
    one, _, secret = text.partition(".")
    try:
        token = Token(bytes.fromhex(one), base64.b32decode(secret.upper()))
    except (ValueError, binascii.Error):
        raise WireError("token: expected 16 hex digits, a dot, and 32 of a-z and 2-7") from None
    if (len(token.id), len(token.secret)) != (_ID_BYTES, _SECRET_BYTES) or str(token) != text:
        raise WireError("token: expected 16 hex digits, a dot, and 32 of a-z and 2-7")
    return token


def word_json(word: ServerWord) -> bytes:
    return json.dumps({"server_key": word.server_key.hex(), "template_key": word.template_key.hex()}).encode()


def parse_word(data: bytes, fingerprint: str) -> ServerWord:
    """Raises WireError, or ChainError where these are not the keys of that fingerprint."""
    fields = _fields(data, "server's keys", {"server_key", "template_key"})
    try:
        word = ServerWord(*(bytes.fromhex(fields[name]) for name in ("server_key", "template_key")))
    except ValueError:
        raise WireError("server's keys: not hexadecimal") from None
    if word.fingerprint != fingerprint or len(word.server_key) != KEY_BYTES:
        raise ChainError("the server's keys do not have the fingerprint in the file: another server answered")
    return word


def seal_claim(word: ServerWord, claim: Claim) -> bytes:
    """Raises SealError for a key that nothing can be sealed to."""
    said = {"token": str(claim.token), "serial": claim.serial, "request": json.dumps(asdict(claim.request))}
    reader = X25519PublicKey.from_public_bytes(word.template_key)
    return seal.seal_to(reader, json.dumps(said).encode(), _BOUND)


def open_claim(key: X25519PrivateKey, data: bytes) -> Claim:
    """Raises WireError, also for what is not sealed to this server."""
    if len(data) > MAX_BYTES:
        raise WireError(f"claim: more than the {MAX_BYTES} bytes it may have")
    try:
        plain = seal.open_sealed(key, data, _BOUND)
    except SealError:
        raise WireError("claim: not sealed to this server") from None
    fields = _fields(plain, "claim", {"token", "serial", "request"})
    serial = fields["serial"]
    if len(serial) > _SERIAL_CHARACTERS or not (serial.isascii() and serial.isprintable()):
        raise WireError(f"claim: serial must be at most {_SERIAL_CHARACTERS} plain characters")
    request = parse(Request, fields["request"])
    check_request(request)
    return Claim(parse_token(fields["token"]), request, serial)


def verdict_json(key: Signer, asked: bytes, verdict: Verdict) -> bytes:
    """The answer to the sealed claim `asked`, and to no other."""
    said = json.dumps(asdict(verdict))
    return json.dumps({"said": said, "signature": key.sign(_statement(asked, said)).hex()}).encode()


def parse_verdict(word: ServerWord, asked: bytes, data: bytes) -> Verdict:
    """Raises WireError, or ChainError where the server did not say it in answer to `asked`."""
    fields = _fields(data, "answer", {"said", "signature"})
    try:
        signature = bytes.fromhex(fields["signature"])
        PublicKey(word.server_key).verify(signature, _statement(asked, fields["said"]))
    except (ValueError, SyncError):
        raise ChainError("answer: not signed by the server of the fingerprint") from None
    said = _fields(fields["said"].encode(), "answer", {"state", "why", "admission"})
    try:
        verdict = Verdict(ClaimState(said["state"]), said["why"], said["admission"])
    except ValueError:
        raise WireError("answer: a state this program does not know; update it") from None
    if verdict.state is ClaimState.ADMITTED:
        parse(Admission, verdict.admission)
    return verdict


def _statement(asked: bytes, said: str) -> bytes:
    return b"hazri claim answer 1\0" + hashlib.sha256(asked).digest() + said.encode()


def _fields(data: bytes, what: str, names: set[str]) -> dict[str, str]:
    """A JSON object of exactly these texts."""
    try:
        fields = json.loads(data)
    except (ValueError, RecursionError):
        raise WireError(f"{what}: not JSON") from None
    if not isinstance(fields, dict) or set(fields) != names or not all(isinstance(v, str) for v in fields.values()):
        raise WireError(f"{what}: expected exactly the texts {', '.join(sorted(names))}")
    return fields
