"""Who this terminal is: three keys made in place, a request for admission, and the admission that came back.

    state_dir/keys/transport.key  record.key  seal.key      made here, never leave
    state_dir/keys/transport.crt  ca.crt  admission.json    accepted from the aggregator

Under systemd a key may also be a credential (LoadCredential=): then its file in $CREDENTIALS_DIRECTORY is used, and
each process sees only the keys it needs.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.x509.oid import NameOID

from edge import SetupError
from sync import SyncError
from sync.admission import Admission, lookup_binding, make_request, parse, to_json
from sync.keys import load_ec, load_ed25519, load_x25519, new_transport_key, write_key
from sync.seal import KEY_BYTES, open_sealed
from sync.topics import check_terminal

TRANSPORT, RECORD, SEAL = "transport.key", "record.key", "seal.key"
CERTIFICATE, CA, ADMISSION = "transport.crt", "ca.crt", "admission.json"


@dataclass(frozen=True, slots=True)
class Keys:
    """What the terminal process holds: to sign records, to open templates, to find people, to seal for the server."""

    terminal: str
    record: Ed25519PrivateKey
    seal: X25519PrivateKey
    lookup_key: bytes
    template_key: X25519PublicKey


@dataclass(frozen=True, slots=True)
class Transport:
    """What the sync process holds: how to reach the broker and whose word to trust."""

    terminal: str
    key: Path
    certificate: Path
    ca: Path
    server_key: Ed25519PublicKey
    broker_host: str
    broker_port: int


def make(state_dir: Path, terminal: str) -> str:
    """Make the three keys and return the request for admission as JSON.

    Raises SetupError when a key exists already: a key is never overwritten.
    """
    try:
        check_terminal(terminal)
        transport, record, seal = new_transport_key(), Ed25519PrivateKey.generate(), X25519PrivateKey.generate()
        folder = state_dir / "keys"
        taken = [name for name in (TRANSPORT, RECORD, SEAL) if (folder / name).exists()]
        if taken:
            raise SetupError(f"{folder}: {', '.join(taken)} is there already; a terminal makes its keys once")
        write_key(folder / TRANSPORT, transport)
        write_key(folder / RECORD, record)
        write_key(folder / SEAL, seal)
        csr = _certificate_request(transport, terminal)
        return to_json(make_request(terminal, csr, record, seal.public_key().public_bytes_raw()))
    except SyncError as error:
        raise SetupError(str(error)) from None


def accept(state_dir: Path, data: bytes) -> Admission:
    """Check an admission against this terminal's keys and keep it.

    Raises SetupError, and keeps nothing, when it is for another terminal, or was altered.
    """
    folder = state_dir / "keys"
    try:
        admission = parse(Admission, data)
        transport, seal = load_ec(folder / TRANSPORT), load_x25519(folder / SEAL)
        _check_certificate(admission, transport)
        _open_lookup_key(admission, seal)
        _public_ed25519(admission), _public_x25519(admission)
    except SyncError as error:
        raise SetupError(f"this admission is not for this terminal, or was altered: {error}") from None
    _put(folder / CERTIFICATE, admission.certificate)
    _put(folder / CA, admission.ca)
    _put(folder / ADMISSION, to_json(admission))
    return admission


def load_keys(state_dir: Path) -> Keys:
    """For the terminal process. Raises SetupError."""
    admission = load_admission(state_dir)
    try:
        record, seal = load_ed25519(_find(state_dir, RECORD)), load_x25519(_find(state_dir, SEAL))
        lookup_key = _open_lookup_key(admission, seal)
    except SyncError as error:
        raise SetupError(str(error)) from None
    return Keys(admission.terminal, record, seal, lookup_key, _public_x25519(admission))


def load_transport(state_dir: Path) -> Transport:
    """For the sync process, which never reads the record key or the seal key. Raises SetupError."""
    admission = load_admission(state_dir)
    return Transport(
        admission.terminal,
        _find(state_dir, TRANSPORT),
        _find(state_dir, CERTIFICATE),
        _find(state_dir, CA),
        _public_ed25519(admission),
        admission.broker_host,
        admission.broker_port,
    )


def load_admission(state_dir: Path) -> Admission:
    """Raises SetupError saying how to become admitted."""
    path = _find(state_dir, ADMISSION)
    try:
        return parse(Admission, path.read_bytes())
    except FileNotFoundError:
        raise SetupError(
            f"{path}: this terminal was not admitted yet; run `hazri-edge keys`, have the request admitted, "
            "then `hazri-edge accept`"
        ) from None
    except OSError as error:
        raise SetupError(f"{path}: {error.strerror}") from None
    except SyncError as error:
        raise SetupError(f"{path}: {error}") from None


def _find(state_dir: Path, name: str) -> Path:
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    if credentials and (Path(credentials) / name).exists():
        return Path(credentials) / name
    return state_dir / "keys" / name


def _certificate_request(key: EllipticCurvePrivateKey, terminal: str) -> str:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, terminal)])
    csr = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return csr.public_bytes(serialization.Encoding.PEM).decode()


def _check_certificate(admission: Admission, transport: EllipticCurvePrivateKey) -> None:
    try:
        certificate = x509.load_pem_x509_certificate(admission.certificate.encode())
        certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(admission.ca.encode()))
    except (ValueError, TypeError, InvalidSignature) as error:
        raise SyncError(f"certificate: not signed by the authority beside it ({error})") from None
    names = [name.value for name in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if names != [admission.terminal]:
        raise SyncError(f"certificate: made out to {names}, expected {admission.terminal}")
    if certificate.public_key() != transport.public_key():
        raise SyncError("certificate: for another transport key than this terminal's")


def _open_lookup_key(admission: Admission, seal: X25519PrivateKey) -> bytes:
    sealed = _hex(admission.lookup_key, "lookup_key")
    key = open_sealed(seal, sealed, lookup_binding(admission.terminal))
    if len(key) != KEY_BYTES:
        raise SyncError(f"lookup_key: {len(key)} bytes, expected {KEY_BYTES}")
    return key


def _public_ed25519(admission: Admission) -> Ed25519PublicKey:
    try:
        return Ed25519PublicKey.from_public_bytes(_hex(admission.server_key, "server_key"))
    except (ValueError, SyncError) as error:
        raise SetupError(f"admission: server_key: {error}") from None


def _public_x25519(admission: Admission) -> X25519PublicKey:
    try:
        return X25519PublicKey.from_public_bytes(_hex(admission.template_key, "template_key"))
    except (ValueError, SyncError) as error:
        raise SetupError(f"admission: template_key: {error}") from None


def _hex(value: str, what: str) -> bytes:
    try:
        return bytes.fromhex(value)
    except ValueError:
        raise SyncError(f"{what}: not hexadecimal") from None


def _put(path: Path, text: str) -> None:
    """Replace a public file whole."""
    half = path.with_suffix(".half")
    try:
        with half.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
    except OSError as error:
        raise SetupError(f"{path}: {error.strerror}") from None
