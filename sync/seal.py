"""Sealing templates and cards, and the keyed look-up of six digits.

A template body is encrypted once, on the terminal that took it, under a key of its own (AES-256-GCM, NIST SP 800-38D;
the associated data binds person, finger and version). Only that key is wrapped anew for each reader (ephemeral X25519,
RFC 7748; HKDF-SHA-256, RFC 5869), so the aggregator passes templates on without ever opening one.

A public key is no secret, so such a seal says whom it is for and not who made it. What comes inside a signed record
needs no more. What lies in a file by itself does, a roster or the ledger's templates: there the maker's own key takes
part in the exchange (RFC 9180, section 5.1.3), and the reader names whose seals count.

Six digits are no secret (all 10^6 hash in about a second): they are looked up by HMAC under a key of the terminal's
own, and treated as the Aadhaar digits they are.
"""

import contextlib
import hashlib
import hmac
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sync import SealError
from sync.wire import SealedTemplate

KEY_BYTES = 32
LOOKUP_BYTES = 16
_NONCE_BYTES = 12
_PUBLIC_BYTES = 32


def lookup(key: bytes, digits: str) -> bytes:
    """The keyed name of six digits at one terminal: HMAC-SHA-256, 16 bytes. Leading zeros are digits (R1.2)."""
    return hmac.digest(key, b"hazri lookup 1\0" + digits.encode(), hashlib.sha256)[:LOOKUP_BYTES]


def encrypt(key: bytes, plain: bytes, bound_to: bytes) -> bytes:
    """AES-256-GCM with a fresh random nonce in front; `bound_to` must be given again to open it."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound_to)


def decrypt(key: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    """Raises SealError on a wrong key, altered bytes, or another `bound_to`."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to)
    except (InvalidTag, ValueError):
        raise SealError("sealed bytes: wrong key, altered, or bound to something else") from None


def seal_to(reader: X25519PublicKey, plain: bytes, bound_to: bytes, maker: X25519PrivateKey | None = None) -> bytes:
    """Encrypt for one reader: ephemeral public key (32 bytes) ‖ nonce ‖ ciphertext ‖ tag; 60 bytes of overhead, with a
    `maker` as well. Raises SealError for a key of low order, to which nothing can be sealed (RFC 7748, section 6.1).
    """
    ephemeral = X25519PrivateKey.generate()
    public = ephemeral.public_key().public_bytes_raw()
    try:
        shared = ephemeral.exchange(reader)
        own = maker.exchange(reader) if maker else b""
    except ValueError:
        raise SealError("the reader's key is of low order: nothing can be sealed to it") from None
    key = _derive(shared + own, public, reader, maker.public_key() if maker else None)
    return public + encrypt(key, plain, bound_to)


def open_sealed(
    key: X25519PrivateKey, sealed: bytes, bound_to: bytes, makers: Sequence[X25519PublicKey] | None = None
) -> bytes:
    """Undo seal_to. `makers`: whose seals count, the likeliest first; None: anybody's, made without a maker. Raises
    SealError."""
    public, closed, reader = sealed[:_PUBLIC_BYTES], sealed[_PUBLIC_BYTES:], key.public_key()
    try:
        shared = key.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:
        raise SealError("sealed bytes: no key of the sender in front") from None
    if makers is None:
        return decrypt(_derive(shared, public, reader), closed, bound_to)
    for maker in makers:
        with contextlib.suppress(SealError, ValueError):  # ValueError: a maker of low order made nothing
            return decrypt(_derive(shared + key.exchange(maker), public, reader, maker), closed, bound_to)
    raise SealError("sealed bytes: wrong key, altered, bound to something else, or made by nobody whose seals count")


def seal_template(
    reader: X25519PublicKey,
    reader_id: str,
    person: bytes,
    finger: int,
    version: int,
    plain: bytes,
    maker: X25519PrivateKey | None = None,
) -> SealedTemplate:
    """Seal one template for its first reader; `maker` as in seal_to."""
    key = os.urandom(KEY_BYTES)
    body = encrypt(key, plain, _about(person, finger, version))
    wrapped = seal_to(reader, key, _about(person, finger, version) + reader_id.encode(), maker)
    return SealedTemplate(person, finger, version, body, wrapped)


def rewrap(
    template: SealedTemplate,
    key: X25519PrivateKey,
    key_id: str,
    reader: X25519PublicKey,
    reader_id: str,
    *,
    makers: Sequence[X25519PublicKey] | None = None,
    maker: X25519PrivateKey | None = None,
) -> SealedTemplate:
    """Hand the template's key on to another reader; the body stays closed. `makers`: whose seals count as it comes,
    `maker`: whose seal it leaves under. Raises SealError."""
    about = _about(template.person, template.finger, template.version)
    inner = open_sealed(key, template.wrapped, about + key_id.encode(), makers)
    wrapped = seal_to(reader, inner, about + reader_id.encode(), maker)
    return SealedTemplate(template.person, template.finger, template.version, template.body, wrapped)


def open_template(
    template: SealedTemplate, key: X25519PrivateKey, reader_id: str, makers: Sequence[X25519PublicKey] | None = None
) -> bytes:
    """The template's plain bytes, for the reader it was wrapped for; `makers` as in open_sealed. Raises SealError."""
    about = _about(template.person, template.finger, template.version)
    inner = open_sealed(key, template.wrapped, about + reader_id.encode(), makers)
    return decrypt(inner, template.body, about)


def _about(person: bytes, finger: int, version: int) -> bytes:
    return b"hazri template 1\0" + person + bytes([finger]) + version.to_bytes(4, "big")


def _derive(shared: bytes, ephemeral: bytes, reader: X25519PublicKey, maker: X25519PublicKey | None = None) -> bytes:
    what, by = (b"hazri seal by 1\0", maker.public_bytes_raw()) if maker else (b"hazri seal 1\0", b"")
    info = what + ephemeral + reader.public_bytes_raw() + by
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(shared)
