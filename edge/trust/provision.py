"""Setting a terminal up: three keys made in place, a request for admission, and the admission that came back.

Apart from edge.trust.identity, which every process loads: reading certificates costs 6 MB of memory, needed here alone.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.x509.oid import NameOID

from edge import SetupError
from edge.files import make_folder, put_file
from edge.trust.identity import (
    ADMISSION,
    CA,
    CERTIFICATE,
    RECORD,
    SEAL,
    TRANSPORT,
    WIPED,
)
from edge.trust.keys import open_lookup_key, server_key_of, template_key_of
from sync import SyncError
from sync.admission import Admission, parse, to_json
from sync.keys import PrivateKey, load_ec, load_ed25519, load_x25519, new_transport_key, write_key
from sync.request import make_request
from sync.topics import check_terminal

ID = "terminal.id"  # whose keys lie beside it
K = TypeVar("K", bound=PrivateKey)


def make(state_dir: Path, terminal: str) -> str:
    """Make the three keys and return the request for admission as JSON.

    A key is never overwritten. Asked again for the same id, the request is made again from the keys that are there,
    and keys that a crash left unmade are made now. Raises SetupError for another id, and for keys of unknown id.
    """
    folder = state_dir / "keys"
    try:
        check_terminal(terminal)
        _claim(folder, terminal)
        transport = _key(folder / TRANSPORT, load_ec, new_transport_key)
        record = _key(folder / RECORD, load_ed25519, Ed25519PrivateKey.generate)
        seal = _key(folder / SEAL, load_x25519, X25519PrivateKey.generate)
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
        open_lookup_key(admission, seal)
        server_key_of(admission), template_key_of(admission)
    except SyncError as error:
        raise SetupError(f"this admission is not for this terminal, or was altered: {error}") from None
    put_file(folder / CERTIFICATE, admission.certificate, None)
    put_file(folder / CA, admission.ca, None)
    put_file(folder / ADMISSION, to_json(admission), None)
    (folder / WIPED).unlink(missing_ok=True)  # it knows people again
    return admission


def _claim(folder: Path, terminal: str) -> None:
    """Write down whose keys these are before the first is made. Raises SetupError when they are another's."""
    path = folder / ID
    try:
        holder = path.read_text("utf-8").strip()
    except FileNotFoundError:
        taken = [name for name in (TRANSPORT, RECORD, SEAL) if (folder / name).exists()]
        if taken:
            raise SetupError(f"{folder}: {', '.join(taken)} is there already, and {ID} does not say whose") from None
        make_folder(folder, 0o700)
        put_file(path, terminal + "\n", None)
        return
    except (OSError, ValueError) as error:
        raise SetupError(f"{path}: {error}") from None
    if holder != terminal:
        raise SetupError(f"{folder}: the keys of {holder!r} are there already; a terminal keeps its id and its keys")


def _key(path: Path, load: Callable[[Path], K], new: Callable[[], K]) -> K:
    if path.exists():
        return load(path)
    if (path.parent / ADMISSION).exists():
        raise SetupError(f"{path}: not here, but this terminal was admitted with it; another would not be known")
    key = new()
    write_key(path, key)
    return key


def _certificate_request(key: EllipticCurvePrivateKey, terminal: str) -> str:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, terminal)])
    csr = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return csr.public_bytes(serialization.Encoding.PEM).decode()


def _check_certificate(admission: Admission, transport: EllipticCurvePrivateKey) -> None:
    try:
        certificate = x509.load_pem_x509_certificate(admission.certificate.encode())
        # While authorities change there are two, and the first is the one that signs.
        certificate.verify_directly_issued_by(x509.load_pem_x509_certificates(admission.ca.encode())[0])
    except (ValueError, TypeError, InvalidSignature) as error:
        raise SyncError(f"certificate: not signed by the authority beside it ({error})") from None
    names = [name.value for name in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if names != [admission.terminal]:
        raise SyncError(f"certificate: made out to {names}, expected {admission.terminal}")
    if certificate.public_key() != transport.public_key():
        raise SyncError("certificate: for another transport key than this terminal's")
