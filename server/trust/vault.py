"""What the ledger holds only encrypted (AES-256-GCM, NIST SP 800-38D, each bound to its row).

`Vault` is under vault.key: six digits, look-up keys, photos, letters, messages. `NumberVault` is apart from it, under
keys of its own that are numbered and may be rotated: the twelve digits of an Aadhaar number, and nothing else. Whoever
has the ledger and vault.key has no number.
"""

import contextlib
import hashlib
import hmac
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from server import StartError
from sync import SealError, SyncError, keys, seal

NUMBER_KEY_BYTES = 32
_NUMBER_KEY = re.compile(r"number-([1-9][0-9]{0,5})\.key")
_SEALED_TAG = b"hazri number 1\0"


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

    def close(self, what: str, row: bytes, plain: bytes) -> bytes:
        """Close anything else: `what` names the column, `row` its row."""
        return seal.encrypt(self.key, plain, b"hazri " + what.encode() + b" 1\0" + row)

    def open(self, what: str, row: bytes, closed: bytes) -> bytes:
        return seal.decrypt(self.key, closed, b"hazri " + what.encode() + b" 1\0" + row)

    def digest(self, what: str, *parts: str) -> bytes:
        """The keyed name of something short (six digits, a one-time password): HMAC-SHA-256, 32 bytes."""
        told = "\0".join(("hazri digest 1", what, *parts)).encode()
        return hmac.digest(self.key, told, hashlib.sha256)


@dataclass(frozen=True, slots=True)
class NumberVault:
    """Closes twelve digits with the newest key, opens them with the one they were closed with."""

    versions: Mapping[int, bytes] = field(repr=False)

    @property
    def newest(self) -> int:
        return max(self.versions)

    def close(self, ref: bytes, number: str) -> bytes:
        return seal.encrypt(self.versions[self.newest], number.encode(), _SEALED_TAG + ref)

    def open(self, ref: bytes, version: int, sealed: bytes) -> str:
        """Raises SealError: altered, moved to another row, or its key is not here any more."""
        if version not in self.versions:
            raise SealError(f"the number is under number-{version}.key, which is not here; restore it")
        return seal.decrypt(self.versions[version], sealed, _SEALED_TAG + ref).decode()

    def digest(self, number: str) -> bytes:
        """Finds the same number again (32 bytes), under the newest key."""
        return _number_digest(self.versions[self.newest], number)

    def digests(self, number: str) -> list[bytes]:
        """The digests under every key: during a rotation a number may be stored by any of them."""
        return [_number_digest(key, number) for key in self.versions.values()]


class NumberKeys(Mapping[int, bytes]):
    """The keys of a folder as they are there now: one that is made or destroyed by another process while this one runs
    counts at once. What cannot be read leaves things as they were."""

    def __init__(self, directory: Path) -> None:
        """Raises OSError, StartError."""
        self._directory = directory
        self._changed_ns, self._keys = directory.stat().st_mtime_ns, _number_keys(directory)

    def __getitem__(self, version: int) -> bytes:
        return self._now()[version]

    def __iter__(self) -> Iterator[int]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())

    def _now(self) -> dict[int, bytes]:
        with contextlib.suppress(OSError, StartError):
            changed_ns = self._directory.stat().st_mtime_ns
            if changed_ns != self._changed_ns and (found := _number_keys(self._directory)):
                self._changed_ns, self._keys = changed_ns, found
        return self._keys


def open_number_vault(directory: Path) -> NumberVault:
    """The keys `number-N.key` of 32 bytes, of systemd's credentials ($CREDENTIALS_DIRECTORY) where any are there, else
    of `directory`, where the first is made. Raises StartError."""
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    try:
        if credentials and _number_keys(Path(credentials)):
            directory = Path(credentials)
        elif not _number_keys(directory):
            keys.write_secret(directory / "number-1.key", os.urandom(NUMBER_KEY_BYTES))
        return NumberVault(NumberKeys(directory))
    except OSError as error:
        raise StartError(f"{error.filename}: {error.strerror}; may this user read it?") from None
    except SyncError as error:
        raise StartError(str(error)) from None


def new_number_key(directory: Path) -> int:
    """Make the next key in `directory`; returns its version. Raises StartError where keys come as credentials."""
    if os.environ.get("CREDENTIALS_DIRECTORY") and _number_keys(Path(os.environ["CREDENTIALS_DIRECTORY"])):
        raise StartError("the keys of the number vault come as credentials: add number-N.key there, and start again")
    version = max(_number_keys(directory), default=0) + 1
    try:
        keys.write_secret(directory / f"number-{version}.key", os.urandom(NUMBER_KEY_BYTES))
    except SyncError as error:
        raise StartError(str(error)) from None
    return version


def _number_keys(directory: Path) -> dict[int, bytes]:
    found = {}
    for path in sorted(directory.iterdir()) if directory.is_dir() else ():
        if match := _NUMBER_KEY.fullmatch(path.name):
            found[int(match[1])] = path.read_bytes()
            if len(found[int(match[1])]) != NUMBER_KEY_BYTES:
                raise StartError(f"{path}: expected {NUMBER_KEY_BYTES} bytes; restore it from a backup")
    return found


def _number_digest(key: bytes, number: str) -> bytes:
    derived = hmac.digest(key, b"hazri number digest 1", hashlib.sha256)
    return hmac.digest(derived, number.encode(), hashlib.sha256)
