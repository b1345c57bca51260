"""What a node and the gate show each other: keys of their own, certified by the authority that certifies terminals."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server.trust import pki
from server.trust.keys import ServerKeys
from sync import keys as keyfiles
from sync.files import replace_file

GATE = "hazri-gate"


@dataclass(frozen=True, slots=True)
class GatePapers:
    """`issuer` signs what the nodes believe; with the two files the gate comes in at their doors."""

    issuer: Ed25519PrivateKey
    certificate: Path
    key: Path


def of_gate(keys: ServerKeys) -> GatePapers:
    """Those in `keys/`, made where they are missing. Raises SyncError where a file is no key."""
    issuer, key = keys.directory / f"{GATE}-issuer.key", keys.directory / f"{GATE}.key"
    if not issuer.exists():
        keyfiles.write_key(issuer, Ed25519PrivateKey.generate())
    if not key.exists():
        keyfiles.write_key(key, keyfiles.new_transport_key())
    certificate = keys.directory / f"{GATE}.crt"
    public = keyfiles.load_ec(key).public_key()
    made = pki.client_certificate(keys.authority, GATE, public, dt.datetime.now(dt.UTC), pki.OWN_DAYS)
    replace_file(certificate, pki.pem(made), 0o644)
    return GatePapers(keyfiles.load_ed25519(issuer), certificate, key)


def write_node(keys: ServerKeys, folder: Path, hosts: tuple[str, ...]) -> None:
    """A node's key and certificate, anew: it is a server to clients, and both to the other nodes. Raises OSError."""
    key = keyfiles.new_transport_key()
    made = pki.node_certificate(keys.authority, key, hosts, dt.datetime.now(dt.UTC))
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    replace_file(folder / "node.key", key.private_bytes(*form))
    replace_file(folder / "node.crt", pki.pem(made), 0o644)
    replace_file(folder / "ca.crt", keys.trust, 0o644)
