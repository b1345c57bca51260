"""Ed25519 signatures (RFC 8032), and the one place where the programs check them: libsodium does, by way of PyNaCl.

A terminal's sync process signs nothing and reads every word of the server's, in a small memory: libsodium costs it
1.5 MB, where the library that makes our keys (`cryptography`, with an OpenSSL of its own) costs 7. Whoever signs holds
a key of that library, which is a Signer here; what it signed, libsodium takes.

libsodium refuses more than RFC 8032 asks it to: public keys of small order (all zeros is one), under which anybody can
sign, and those not written the one way they can be. No such key comes of a private one. As the RFC has it, and OpenSSL,
S must be less than the group's order, so nobody turns a signature into another one over the same bytes.

Cost on an x86 core: 65 µs for 200 bytes, 70 µs for 5 kB, where OpenSSL takes 100. (sync.verify stands alone, for
auditors, and checks with `cryptography`.)
"""

from dataclasses import dataclass
from typing import Protocol

from nacl.bindings import crypto_sign_open
from nacl.exceptions import BadSignatureError

from sync import SignatureError, WireError
from sync.record import SIGNATURE_BYTES

KEY_BYTES = 32


class _Public(Protocol):
    def public_bytes_raw(self) -> bytes: ...


class Signer(Protocol):
    """Who holds a private key: an Ed25519PrivateKey of `cryptography` is one."""

    def sign(self, data: bytes, /) -> bytes:
        """64 bytes."""
        ...

    def public_key(self) -> _Public: ...


@dataclass(frozen=True, slots=True)
class PublicKey:
    """`raw`: 32 bytes, as RFC 8032 writes a key (section 5.1.5). Raises WireError for another number of them; whether
    they are a key that anybody could hold shows when something is verified."""

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != KEY_BYTES:
            raise WireError(f"Ed25519 public key: {len(self.raw)} bytes, expected {KEY_BYTES}")

    @classmethod
    def of(cls, signer: Signer) -> "PublicKey":
        """The key that verifies what this one signs."""
        return cls(signer.public_key().public_bytes_raw())

    def verify(self, signature: bytes, data: bytes, /) -> None:
        """Raises SignatureError unless the holder of this key signed `data`; `signature` may be any bytes."""
        if len(signature) != SIGNATURE_BYTES:  # libsodium takes the two in one piece, and would cut elsewhere
            raise SignatureError(f"signature: {len(signature)} bytes, expected {SIGNATURE_BYTES}")
        try:
            crypto_sign_open(signature + data, self.raw)
        except BadSignatureError:
            raise SignatureError("signature: not this key's over these bytes") from None
