"""What the ledger holds only encrypted (AES-256-GCM under vault.key, each bound to its row): digits, look-up keys."""

from dataclasses import dataclass, field

from sync import seal


@dataclass(frozen=True, slots=True)
class Vault:
    """Closes and opens with the vault key. Every `open_` raises SealError when the row was altered or moved."""

    key: bytes = field(repr=False)

    def close_digits(self, person: bytes, digits: str) -> bytes:
        return seal.encrypt(self.key, digits.encode(), b"hazri digits 1\0" + person)

    def open_digits(self, person: bytes, closed: bytes) -> str:
        return seal.decrypt(self.key, closed, b"hazri digits 1\0" + person).decode()

    def close_lookup_key(self, terminal: str, key: bytes) -> bytes:
        return seal.encrypt(self.key, key, b"hazri terminal lookup key 1\0" + terminal.encode())

    def open_lookup_key(self, terminal: str, closed: bytes) -> bytes:
        return seal.decrypt(self.key, closed, b"hazri terminal lookup key 1\0" + terminal.encode())
