"""Keys that sign releases: Ed25519, one file each, PKCS #8 in PEM, under a passphrase where one is given."""

import os
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from securesystemslib.signer import CryptoSigner, SSlibKey  # type: ignore[attr-defined]

from server import ReleaseError
from sync.files import sync_folder

_MAX_BYTES = 16 * 1024


def make(path: Path, passphrase: bytes | None = None) -> CryptoSigner:
    """A new key in a new file, readable by its owner alone. Raises ReleaseError; never writes over a key."""
    key = Ed25519PrivateKey.generate()
    sealed: KeySerializationEncryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_new(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed))
    except FileExistsError:
        raise ReleaseError(f"{path}: there is a key already") from None
    except OSError as error:
        raise ReleaseError(f"{path}: {error.strerror}") from None
    return _signer(key)


def make_all(paths: Sequence[Path], passphrase: bytes | None = None) -> list[CryptoSigner]:
    """All of them or none. Raises ReleaseError."""
    made: list[CryptoSigner] = []
    try:
        for path in paths:
            made.append(make(path, passphrase))
    except ReleaseError:
        for path in paths[: len(made)]:
            path.unlink(missing_ok=True)
        raise
    return made


def load(path: Path, passphrase: bytes | None = None) -> CryptoSigner:
    """Raises ReleaseError."""
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES)
        key = load_pem_private_key(data, passphrase if b"ENCRYPTED" in data else None)
    except OSError as error:
        raise ReleaseError(f"{path}: {error.strerror}") from None
    except (ValueError, TypeError):
        raise ReleaseError(f"{path}: not a key, or its passphrase is another (--passphrase-file)") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ReleaseError(f"{path}: not an Ed25519 key")
    return _signer(key)


def load_all(folder: Path, passphrase: bytes | None = None) -> list[CryptoSigner]:
    """Every key of a folder, in the order of their names. Raises ReleaseError."""
    found = [load(path, passphrase) for path in sorted(folder.glob("*.pem"))]
    if not found:
        raise ReleaseError(f"{folder}: no keys (*.pem) in it")
    return found


def _write_new(path: Path, data: bytes) -> None:
    """Whole or not at all, and on the disk. Raises OSError."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(file, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        sync_folder(path.parent)
    except OSError:
        path.unlink(missing_ok=True)
        raise


def _signer(key: Ed25519PrivateKey) -> CryptoSigner:
    return CryptoSigner(key, SSlibKey.from_crypto(key.public_key()))
