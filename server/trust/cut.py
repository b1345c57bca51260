"""Cuts a terminal's session at the broker: by a session of the same name, which the broker gives way to (MQTT 3.1.1,
section 3.1.4), and which says goodbye. Close the door first: who was cut is back at once.
"""

import contextlib
import datetime as dt
import logging
import socket
import ssl
import tempfile
from pathlib import Path

from server import BrokerError
from server.settings import BrokerSettings
from server.trust import pki
from server.trust.keys import ServerKeys
from sync.keys import new_transport_key, write_key

log = logging.getLogger("hazri.cut")

_TIMEOUT_S = 5.0


def cut(settings: BrokerSettings, keys: ServerKeys, name: str) -> None:
    """Take its session over and end it."""
    try:
        with tempfile.TemporaryDirectory(prefix="cut-", dir=keys.directory) as folder:
            context = _context(keys, name, Path(folder))
        connect = b"\x00\x04MQTT\x04\x02\x00\x0a" + len(name).to_bytes(2, "big") + name.encode()
        address = settings.host, settings.port
        with (
            socket.create_connection(address, _TIMEOUT_S) as plain,
            context.wrap_socket(plain, server_hostname=settings.host) as tls,
        ):
            tls.sendall(bytes([0x10, len(connect)]) + connect)
            tls.recv(4)
            with contextlib.suppress(OSError):
                tls.sendall(b"\xe0\x00")
    except (OSError, BrokerError) as error:
        log.warning("terminal=%s cut=failed reason=%s", name, error)


def _context(keys: ServerKeys, name: str, folder: Path) -> ssl.SSLContext:
    """Speaks to the broker under the terminal's name: a certificate of ours for the moment."""
    key = new_transport_key()
    write_key(folder / "key", key)
    certificate = pki.client_certificate(keys.authority, name, key.public_key(), dt.datetime.now(dt.UTC), 1)
    (folder / "crt").write_bytes(pki.pem(certificate))
    context = ssl.create_default_context(cafile=str(keys.directory / "ca.crt"))
    context.load_cert_chain(str(folder / "crt"), str(folder / "key"))
    return context
