"""Keys for this room, each derived from the vault key for one use (HKDF-SHA-256, RFC 5869), so that none stands for
another: second factors and mobile numbers are sealed, addresses and log-in names become keyed hashes.
"""

import hashlib
import hmac
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sync import seal


@dataclass(frozen=True, slots=True)
class AccessKeys:
    """`open_` raises SealError where a row was altered or moved to another account."""

    vault: bytes = field(repr=False)

    def close(self, account: bytes, what: str, text: bytes) -> bytes:
        return seal.encrypt(self._key("seal"), text, what.encode() + b"\0" + account)

    def open_(self, account: bytes, what: str, closed: bytes) -> bytes:
        return seal.decrypt(self._key("seal"), closed, what.encode() + b"\0" + account)

    def mark(self, what: str, text: str, size: int) -> bytes:
        """A keyed hash of `size` bytes: the same text gives the same mark, and a mark gives no text."""
        return self.mac(what, text.encode("utf-8", "surrogatepass"))[:size]

    def mac(self, what: str, data: bytes) -> bytes:
        """HMAC-SHA-256, 32 bytes."""
        return hmac.new(self._key(what), data, hashlib.sha256).digest()

    def _key(self, what: str) -> bytes:
        return HKDF(SHA256(), 32, None, b"hazri access 1 " + what.encode()).derive(self.vault)
