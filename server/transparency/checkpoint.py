"""Checkpoints: signed statements of the tree's size and root. Pure.

The text is a C2SP tlog-checkpoint (https://c2sp.org/tlog-checkpoint) with one line of our own, the time:

    hazri/3f6c0a…                            the origin: this server, by its key
    20852163                                 how many records
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=    the root
    time 2026-01-01T18:30:00Z

    — hazri/3f6c0a… Az3grlgt…                the signature (https://c2sp.org/signed-note, Ed25519)
"""

import base64
import binascii
import contextlib
import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server import ProofError
from server.transparency.tree import HASH_BYTES
from sync import SignatureError
from sync.ed25519 import PublicKey

_ED25519 = b"\1"
_MAX_NOTE = 10_000


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the tree was: `size` leaves with this root, when `made` (aware, whole seconds)."""

    origin: str
    size: int
    root: bytes
    made: dt.datetime

    @property
    def body(self) -> str:
        made = self.made.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\ntime {made}\n"


def origin_of(key: PublicKey) -> str:
    """The name of the server with this key: nobody has to hand out names, and no two servers share one."""
    return f"hazri/{hashlib.sha256(key.raw).hexdigest()[:16]}"


def sign(key: Ed25519PrivateKey, size: int, root: bytes, made: dt.datetime) -> str:
    """The signed note."""
    public = PublicKey.of(key)
    origin = origin_of(public)
    body = Checkpoint(origin, size, root, made).body
    signed = base64.b64encode(_key_id(origin, public) + key.sign(body.encode())).decode()
    return f"{body}\n— {origin} {signed}\n"


def read(note: str) -> Checkpoint:
    """What a note says, whoever signed it. Raises ProofError."""
    body, _, _ = note.partition("\n\n")
    lines = body.split("\n")
    try:
        if len(note) > _MAX_NOTE or len(lines) != 4 or not lines[1].isascii() or not lines[1].isdigit():
            raise ValueError("expected origin, size, root and time")
        root = base64.b64decode(lines[2], validate=True)
        made = dt.datetime.strptime(lines[3], "time %Y-%m-%dT%H:%M:%SZ").replace(tzinfo=dt.UTC)
        found = Checkpoint(lines[0], int(lines[1]), root, made)
    except (ValueError, binascii.Error) as error:
        raise ProofError(f"not a checkpoint: {error}") from None
    if len(found.root) != HASH_BYTES or found.body != body + "\n":
        raise ProofError("not a checkpoint: not written the one way it can be")
    return found


def verify(note: str, key: PublicKey) -> Checkpoint:
    """What a note says, if `key` signed it. Raises ProofError."""
    found = read(note)
    origin = origin_of(key)
    body, _, signatures = note.partition("\n\n")
    for line in signatures.splitlines():
        name, _, value = line.removeprefix("— ").partition(" ")
        if name == origin and found.origin == origin and _signed(key, origin, value, body + "\n"):
            return found
    raise ProofError(f"checkpoint of {found.size} records: not signed by {origin}")


def verify_any(note: str, keys: Sequence[PublicKey]) -> Checkpoint:
    """What a note says, if one of `keys` (at least one) signed it. Raises ProofError."""
    first, *others = keys
    for key in others:
        with contextlib.suppress(ProofError):
            return verify(note, key)
    return verify(note, first)


def _signed(key: PublicKey, origin: str, value: str, body: str) -> bool:
    try:
        data = base64.b64decode(value, validate=True)
        key.verify(data[4:], body.encode())
    except (binascii.Error, ValueError, SignatureError):
        return False
    return data[:4] == _key_id(origin, key)


def _key_id(name: str, key: PublicKey) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + key.raw).digest()[:4]
