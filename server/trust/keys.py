"""The aggregator's keys: made once in `state_dir/keys`, each in its own file that only its owner reads.

ca.key ca.crt            signs the certificates of terminals, broker and ingest
server.key               Ed25519: receipts and rosters
template.key             X25519: template keys arrive wrapped for it, and leave wrapped for a terminal
vault.key                AES-256: digits and look-up keys in the ledger
broker.key broker.crt, ingest.key ingest.crt
crl.pem                  which certificates are revoked (server.fleet.revoke)

While a key is being exchanged (server.trust.rotation) the other one is beside it, as `NAME.next.key` before terminals
may see anything of it and as `NAME.old.key` afterwards.
"""

import datetime as dt
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from server import StartError
from server.trust import pki
from sync import SyncError, keys
from sync.ed25519 import PublicKey
from sync.files import replace_file
from sync.word import Word

VAULT_BYTES = 32
CRL = "crl.pem"
K = TypeVar("K", EllipticCurvePrivateKey, Ed25519PrivateKey, X25519PrivateKey)


@dataclass(frozen=True, slots=True)
class ServerKeys:
    """Everything the aggregator signs, opens and closes with; the broker's TLS files are in `directory`."""

    directory: Path
    authority: pki.Authority
    server: Ed25519PrivateKey
    template: X25519PrivateKey
    vault: bytes
    other_authorities: tuple[pki.Authority, ...] = ()  # whose certificates are believed, too
    other_servers: tuple[Ed25519PrivateKey, ...] = ()
    other_templates: tuple[X25519PrivateKey, ...] = ()  # what is sealed for them still opens

    @property
    def authorities(self) -> tuple[pki.Authority, ...]:
        """Everybody whose certificates are believed; the first signs."""
        return (self.authority, *self.other_authorities)

    @property
    def word(self) -> Word:
        """Whose word on the time is believed when a terminal repeats it."""
        return Word([PublicKey.of(one) for one in (self.server, *self.other_servers)])

    @property
    def trust(self) -> bytes:
        """Their certificates, as PEM."""
        return b"".join(pki.pem(one.certificate) for one in self.authorities)


OTHERS = ("next", "old")


def open_keys(state_dir: Path, broker_hosts: tuple[str, ...]) -> ServerKeys:
    """Load the keys, making those that are missing and renewing our own certificates. Raises StartError."""
    pki.check_hosts(broker_hosts)
    directory = state_dir / "keys"
    now = dt.datetime.now(dt.UTC)
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with held(directory / ".lock"):
            authority = _authority(directory, now)
            opened = ServerKeys(
                directory=directory,
                authority=authority,
                server=_key(directory / "server.key", Ed25519PrivateKey.generate, keys.load_ed25519),
                template=_key(directory / "template.key", X25519PrivateKey.generate, keys.load_x25519),
                vault=_vault(directory / "vault.key"),
                other_authorities=tuple(
                    _authority(directory, now, f"ca.{one}") for one in OTHERS if (directory / f"ca.{one}.key").exists()
                ),
                other_servers=_others(directory, "server", keys.load_ed25519),
                other_templates=_others(directory, "template", keys.load_x25519),
            )
            _own_certificates(directory, authority, broker_hosts, now)
            _revocation_list(directory, opened.authorities, now)
    except OSError as error:
        raise StartError(f"{directory}: {error.strerror}; may this user write there?") from None
    except SyncError as error:
        raise StartError(str(error)) from None
    return opened


@contextmanager
def held(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold a file lock. Raises BlockingIOError when `wait` is False and another process holds it."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(file)


def _revocation_list(directory: Path, authorities: tuple[pki.Authority, ...], now: dt.datetime) -> None:
    """Every authority must have one, or the broker lets nobody in; each lists what any of them listed."""
    path = directory / CRL
    issuers, serials = pki.read_lists(path.read_bytes()) if path.exists() else (set(), set())
    if not issuers >= {one.certificate.subject for one in authorities}:
        replace_file(path, b"".join(pki.revocation_list(one, serials, now) for one in authorities), 0o644)


def _others(directory: Path, name: str, load: Callable[[Path], K]) -> tuple[K, ...]:
    return tuple(load(path) for one in OTHERS if (path := directory / f"{name}.{one}.key").exists())


def _authority(directory: Path, now: dt.datetime, name: str = "ca") -> pki.Authority:
    key = _key(directory / f"{name}.key", pki.make_own_key, keys.load_ec)
    path = directory / f"{name}.crt"
    if not path.exists():
        replace_file(path, pki.pem(pki.new_authority(key, now).certificate), 0o644)
    certificate = pki.load_certificate(path.read_bytes(), str(path))
    if certificate.public_key() != key.public_key():
        raise StartError(f"{path}: does not belong to {name}.key beside it; restore both from one backup")
    return pki.Authority(key, certificate)


def _own_certificates(directory: Path, authority: pki.Authority, hosts: tuple[str, ...], now: dt.datetime) -> None:
    _certificate(
        directory,
        "broker",
        authority,
        ("localhost", "127.0.0.1", *hosts),
        now,
        lambda key: pki.broker_certificate(authority, key, hosts, now),
    )
    _certificate(
        directory,
        "ingest",
        authority,
        (),
        now,
        lambda key: pki.client_certificate(authority, pki.INGEST, key.public_key(), now, pki.OWN_DAYS),
    )


def _certificate(
    directory: Path,
    name: str,
    authority: pki.Authority,
    hosts: tuple[str, ...],
    now: dt.datetime,
    make: Callable[[EllipticCurvePrivateKey], x509.Certificate],
) -> None:
    key = _key(directory / f"{name}.key", pki.make_own_key, keys.load_ec)
    path = directory / f"{name}.crt"
    if path.exists():
        current = pki.load_certificate(path.read_bytes(), str(path))
        if pki.still_good(current, authority, key, hosts, now):
            return
    replace_file(path, pki.pem(make(key)), 0o644)


def _key(path: Path, make: Callable[[], K], load: Callable[[Path], K]) -> K:
    if not path.exists():
        keys.write_key(path, make())
    return load(path)


def _vault(path: Path) -> bytes:
    if not path.exists():
        keys.write_secret(path, os.urandom(VAULT_BYTES))
    key = path.read_bytes()
    if len(key) != VAULT_BYTES:
        raise StartError(f"{path}: {len(key)} bytes, expected {VAULT_BYTES}; restore it from a backup")
    return key
