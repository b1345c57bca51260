"""A terminal's request to be admitted (sync.admission): made where the keys are, checked before they are believed.

Apart from the message itself, which every process reads: only what can seal knows a key that nothing can be sealed to.
"""

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from sync import SyncError, WireError
from sync.admission import Request
from sync.ed25519 import PublicKey, Signer
from sync.seal import seal_to
from sync.topics import check_terminal


def make_request(terminal: str, csr: str, record_key: Signer, seal_key: bytes) -> Request:
    public = PublicKey.of(record_key).raw.hex()
    proof = record_key.sign(_statement(check_terminal(terminal), csr, public, seal_key.hex()))
    return Request(terminal, csr, public, seal_key.hex(), proof.hex())


def check_request(request: Request) -> None:
    """Raises WireError when the request was not made by the holder of the record key it names."""
    check_terminal(request.terminal)
    try:
        statement = _statement(request.terminal, request.csr, request.record_key, request.seal_key)
        PublicKey(bytes.fromhex(request.record_key)).verify(bytes.fromhex(request.proof), statement)
        seal_to(X25519PublicKey.from_public_bytes(bytes.fromhex(request.seal_key)), b"", b"")
    except (ValueError, SyncError):
        raise WireError(f"request of {request.terminal}: its keys and its signature do not agree") from None


def _statement(terminal: str, csr: str, record_key: str, seal_key: str) -> bytes:
    return "\0".join(["hazri request 1", terminal, csr, record_key, seal_key]).encode()
