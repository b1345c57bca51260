"""Who this terminal is: where its keys and its admission are (edge.trust.provision made them), and what the sync
process loads of them. What the terminal process alone loads is in edge.trust.keys.

    state_dir/keys/transport.key  record.key  seal.key      made here, never leave
    state_dir/keys/transport.crt  ca.crt  admission.json    accepted from the aggregator

Under systemd a key may also be a credential (LoadCredential=): then its file in $CREDENTIALS_DIRECTORY is used, and
each process sees only the keys it needs.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from edge import SetupError
from edge.trust import papers
from sync import SyncError
from sync.admission import Admission, parse
from sync.word import Verifier

TRANSPORT, RECORD, SEAL = "transport.key", "record.key", "seal.key"
WIPED = "wiped"  # a file that says: the seal key is another than that of the admission, on purpose
CERTIFICATE, CA, ADMISSION = "transport.crt", "ca.crt", "admission.json"


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
