"""Who this terminal is: what its two processes load of the keys and the admission (edge.trust.provision made them).

    state_dir/keys/transport.key  record.key  seal.key      made here, never leave
    state_dir/keys/transport.crt  ca.crt  admission.json    accepted from the aggregator

Under systemd a key may also be a credential (LoadCredential=): then its file in $CREDENTIALS_DIRECTORY is used, and
each process sees only the keys it needs.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from edge import SetupError
from edge.trust import papers
from sync import SyncError
from sync.admission import Admission, followed, lookup_binding, parse
from sync.keys import load_ed25519, load_x25519, write_key
from sync.word import Verifier

TRANSPORT, RECORD, SEAL = "transport.key", "record.key", "seal.key"
WIPED = "wiped"  # a file that says: the seal key is another than that of the admission, on purpose
CERTIFICATE, CA, ADMISSION = "transport.crt", "ca.crt", "admission.json"

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


@dataclass(frozen=True, slots=True)
class Transport:
    """What the sync process holds: how to reach the broker and whose word to trust."""

    admission: Admission
    terminal: str
    key: Path
    certificate: Path
    ca: Path
    server_key: Verifier
    broker_host: str
    broker_port: int


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
        papers.template_key(state_dir, admission),
        papers.word(state_dir, admission),
        papers.makers(state_dir, admission),
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


def load_transport(state_dir: Path) -> Transport:
    """For the sync process, which never reads the record key or the seal key. Raises SetupError."""
    admission = load_admission(state_dir)
    return Transport(
        admission,
        admission.terminal,
        find(state_dir, TRANSPORT),
        find(state_dir, CERTIFICATE),
        find(state_dir, CA),
        papers.word(state_dir, admission),
        admission.broker_host,
        admission.broker_port,
    )


def load_admission(state_dir: Path) -> Admission:
    """Raises SetupError saying how to become admitted."""
    path = find(state_dir, ADMISSION)
    try:
        return parse(Admission, path.read_bytes())
    except FileNotFoundError:
        raise SetupError(
            f"{path}: this terminal was not admitted yet; run `hazri-edge claim --token-file hazri.toml`, or "
            "`hazri-edge keys`, have the request admitted, then `hazri-edge accept`"
        ) from None
    except OSError as error:
        raise SetupError(f"{path}: {error.strerror}") from None
    except SyncError as error:
        raise SetupError(f"{path}: {error}") from None


def find(state_dir: Path, name: str) -> Path:
    """Where a secret is: among the credentials the service was started with, else among the keys."""
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    if credentials and (Path(credentials) / name).exists():
        return Path(credentials) / name
    return state_dir / "keys" / name


def open_lookup_key(admission: Admission, seal: X25519PrivateKey) -> bytes:
    """Raises SyncError when the admission was not made for this terminal."""
    # The sync process loads this module, too, and never opens anything: it need not carry the ciphers (4 MB).
    from sync.seal import KEY_BYTES, open_sealed

    sealed = _hex(admission.lookup_key, "lookup_key")
    key = open_sealed(seal, sealed, lookup_binding(admission.terminal))
    if len(key) != KEY_BYTES:
        raise SyncError(f"lookup_key: {len(key)} bytes, expected {KEY_BYTES}")
    return key


def server_key_of(admission: Admission) -> Ed25519PublicKey:
    """Whose word counts for receipts and rosters. Raises SetupError."""
    try:
        return Ed25519PublicKey.from_public_bytes(_hex(admission.server_key, "server_key"))
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
