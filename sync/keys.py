"""Keys on disk: made in place, written once, readable by their owner alone.

A terminal has three: the *transport* key (EC P-256) proves it to the broker and lives with the sync process; the
*record* key (Ed25519) signs the log and the *seal* key (X25519) opens templates, and both live with the terminal
process. The aggregator has its *server* key (Ed25519: receipts, rosters) and its *template* key (X25519).
"""

import os
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from sync import SealError, StorageError

PrivateKey = EllipticCurvePrivateKey | Ed25519PrivateKey | X25519PrivateKey


def new_transport_key() -> EllipticCurvePrivateKey:
    return generate_private_key(SECP256R1())


def write_secret(path: Path, data: bytes) -> None:
    """Write a new file only its owner can read, whole or not at all. Raises StorageError when it exists already."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(file)
    except FileExistsError:
        raise StorageError(f"{path}: exists already; a key is never overwritten (move it away first)") from None
    except OSError as error:
        raise StorageError(f"{path}: {error.strerror}") from None


def write_key(path: Path, key: PrivateKey) -> None:
    """Store a private key as unencrypted PKCS #8 PEM, mode 0600 (encryption at rest is the credential store's work)."""
    write_secret(
        path,
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )


def load_ed25519(path: Path) -> Ed25519PrivateKey:
    """Raises SealError naming the file when it is missing, unreadable or another kind of key."""
    key = _load(path)
    if not isinstance(key, Ed25519PrivateKey):
        raise SealError(f"{path}: expected an Ed25519 private key")
    return key


def load_x25519(path: Path) -> X25519PrivateKey:
    """Raises SealError naming the file when it is missing, unreadable or another kind of key."""
    key = _load(path)
    if not isinstance(key, X25519PrivateKey):
        raise SealError(f"{path}: expected an X25519 private key")
    return key


def load_ec(path: Path) -> EllipticCurvePrivateKey:
    """Raises SealError naming the file when it is missing, unreadable or another kind of key."""
    key = _load(path)
    if not isinstance(key, EllipticCurvePrivateKey):
        raise SealError(f"{path}: expected an EC private key")
    return key


def _load(path: Path) -> object:
    try:
        return serialization.load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise SealError(f"{path}: {error.strerror}") from None
    except (ValueError, TypeError) as error:
        raise SealError(f"{path}: not a PEM private key ({error})") from None
