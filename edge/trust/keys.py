"""What the terminal process holds, and no other: the keys that sign records and open templates, and whose seals count.

The sync process loads none of this, nor the ciphers that it takes (10 MB).
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from edge import SetupError
from edge.trust import papers
from edge.trust.identity import RECORD, SEAL, WIPED, find, load_admission
from sync import SyncError
from sync.admission import Admission, followed, lookup_binding
from sync.ed25519 import PublicKey
from sync.keys import load_ed25519, load_x25519, write_key
from sync.seal import KEY_BYTES, open_sealed
from sync.word import Verifier

_LOOKUP_BYTES = 32
_DONE = b"overwritten"


@dataclass(frozen=True, slots=True)
class Keys:
    """What the terminal process holds: to sign records, to open templates, to find people, to seal for the server, and
    to know its word and its seals; and which log comes before its own (None: none did)."""

    terminal: str
    record: Ed25519PrivateKey
    seal: X25519PrivateKey
    lookup_key: bytes
    template_key: X25519PublicKey
    server_key: Verifier
    makers: Callable[[], tuple[X25519PublicKey, ...]]
    follows: tuple[bytes, int, bytes] | None = None


def load_keys(state_dir: Path) -> Keys:
    """For the terminal process. Raises SetupError."""
    path = find(state_dir, RECORD)
    if not path.exists() and path.with_name(f"{RECORD}.cred").exists():  # see edge.trust.sealing
        raise SetupError(f"{path}: sealed; systemd opens it for the service: systemctl start hazri-terminal")
    admission = load_admission(state_dir)
    wiped = (state_dir / "keys" / WIPED).exists()
    if wiped:
        destroy(state_dir)  # to the end, wherever it was cut off
    try:
        record, seal = load_ed25519(find(state_dir, RECORD)), load_x25519(find(state_dir, SEAL))
        # A terminal that was wiped signs what it still has to say, and knows nobody until it is admitted anew.
        lookup_key = os.urandom(_LOOKUP_BYTES) if wiped else open_lookup_key(admission, seal)
    except SyncError as error:
        raise SetupError(str(error)) from None
    return Keys(
        admission.terminal,
        record,
        seal,
        lookup_key,
        template_key(state_dir, admission),
        papers.word(state_dir, admission),
        makers(state_dir, admission),
        followed(admission.follows),
    )


def destroy(state_dir: Path) -> None:
    """Put a new seal key in the place of the old one, whose bytes are overwritten: nothing that was sealed to this
    terminal, its look-up key included, opens any more. May be cut off anywhere and done again. Raises SetupError."""
    keys = state_dir / "keys"
    if find(state_dir, SEAL).parent != keys:
        raise SetupError(f"{SEAL} is a credential of the service: it cannot be destroyed from here")
    mark, new = keys / WIPED, keys / f"{SEAL}.new"
    try:
        if mark.exists() and mark.read_bytes() == _DONE:
            return
        _write(mark, b"begun")
        _write(keys / SEAL, bytes((keys / SEAL).stat().st_size))
        new.unlink(missing_ok=True)
        write_key(new, X25519PrivateKey.generate())
        new.rename(keys / SEAL)
        _write(mark, _DONE)
    except OSError as error:
        raise SetupError(f"{keys}: {error.strerror}") from None
    except SyncError as error:
        raise SetupError(str(error)) from None


def _write(path: Path, data: bytes) -> None:
    """Over what is there, in place, and to the disk."""
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "wb") as file:
        file.write(data)
        file.truncate()
        file.flush()
        os.fsync(file.fileno())


def template_key(state_dir: Path, admission: Admission) -> X25519PublicKey:
    """Whom templates taken here are sealed for. Raises SetupError."""
    return X25519PublicKey.from_public_bytes(papers.standing(state_dir, admission).template)


def makers(state_dir: Path, admission: Admission) -> Callable[[], tuple[X25519PublicKey, ...]]:
    """Whose seals count on people and templates that come down: the key that templates are sealed for and every one
    before it since the admission, the newest first. What is returned looks again where the charters have changed."""
    seen: list[object] = [None, ()]

    def look() -> tuple[X25519PublicKey, ...]:
        try:
            stat = (state_dir / "papers" / "charters").stat()
            mark: object = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
        except OSError:
            mark = "none"
        if seen[0] != mark:
            keys = dict.fromkeys(one.template for one in reversed(papers.stood(state_dir, admission)))
            seen[:] = mark, tuple(X25519PublicKey.from_public_bytes(key) for key in keys)
        return seen[1]  # type: ignore[return-value]

    return look


def open_lookup_key(admission: Admission, seal: X25519PrivateKey) -> bytes:
    """Raises SyncError when the admission was not made for this terminal."""
    sealed = _hex(admission.lookup_key, "lookup_key")
    key = open_sealed(seal, sealed, lookup_binding(admission.terminal))
    if len(key) != KEY_BYTES:
        raise SyncError(f"lookup_key: {len(key)} bytes, expected {KEY_BYTES}")
    return key


def server_key_of(admission: Admission) -> PublicKey:
    """Whose word counts for receipts and rosters. Raises SetupError."""
    try:
        return PublicKey(_hex(admission.server_key, "server_key"))
    except (ValueError, SyncError) as error:
        raise SetupError(f"admission: server_key: {error}") from None


def template_key_of(admission: Admission) -> X25519PublicKey:
    """Whom templates taken here are sealed for on their way up. Raises SetupError."""
    try:
        key = X25519PublicKey.from_public_bytes(_hex(admission.template_key, "template_key"))
        # A key of low order, such as all zeros, parses; only an exchange tells (RFC 7748, section 6.1).
        X25519PrivateKey.generate().exchange(key)
        return key
    except (ValueError, SyncError) as error:
        raise SetupError(f"admission: template_key: {error}") from None


def _hex(value: str, what: str) -> bytes:
    try:
        return bytes.fromhex(value)
    except ValueError:
        raise SyncError(f"{what}: not hexadecimal") from None
