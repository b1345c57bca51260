"""Cuts a terminal's session at the broker: by a session of the same name, which the broker gives way to (MQTT 3.1.1,
section 3.1.4). It says goodbye, or stays and is taken again each time the terminal comes back. Close the door first:
who was cut is back at once.
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
_KEEPALIVE_S = 3600  # the most that the broker allows; nobody says anything before


def cut(settings: BrokerSettings, keys: ServerKeys, name: str) -> None:
    """Take its session over and end it."""
    seat = Seat(settings, keys, name)
    seat.take()
    seat.leave()


class Seat:
    """The one session that a name can have. `take` it and hold it, `leave` at last; one thread."""

    def __init__(self, settings: BrokerSettings, keys: ServerKeys, name: str) -> None:
        self._settings, self._keys, self._name = settings, keys, name
        self._context: ssl.SSLContext | None = None
        self._ticket: ssl.SSLSession | None = None
        self._tls: ssl.SSLSocket | None = None

    def take(self) -> bool:
        """Whoever has it gives way. False, and a line in the log, where the broker does not let us."""
        self._drop()
        try:
            self._tls = self._connected()
        except (OSError, BrokerError) as error:
            log.warning("terminal=%s cut=failed reason=%s", self._name, error)
        return self._tls is not None

    @property
    def held(self) -> bool:
        """Is it ours still? Not once somebody of that name came after us."""
        if self._tls is None:
            return False
        try:
            return self._tls.recv(64) != b""
        except ssl.SSLWantReadError:
            return True
        except OSError:
            return False

    def fileno(self) -> int:
        """What becomes readable when it is taken from us; -1 while it is not ours."""
        return -1 if self._tls is None else self._tls.fileno()

    def leave(self) -> None:
        if self._tls is not None:
            with contextlib.suppress(OSError):
                self._tls.sendall(b"\xe0\x00")
        self._drop()

    def _drop(self) -> None:
        if self._tls is not None:
            self._tls.close()
            self._tls = None

    def _connected(self) -> ssl.SSLSocket:
        """Raises OSError, BrokerError."""
        if self._context is None:
            with tempfile.TemporaryDirectory(prefix="cut-", dir=self._keys.directory) as folder:
                self._context = _context(self._keys, self._name, Path(folder))
        name = self._name.encode()
        connect = b"\x00\x04MQTT\x04\x02" + _KEEPALIVE_S.to_bytes(2, "big") + len(name).to_bytes(2, "big") + name
        host, port = self._settings.host, self._settings.port
        plain = socket.create_connection((host, port), _TIMEOUT_S)
        try:
            tls = self._context.wrap_socket(plain, server_hostname=host, session=self._ticket)
        except BaseException:
            plain.close()
            raise
        try:
            tls.sendall(bytes([0x10, len(connect)]) + connect)
            tls.recv(4)
        except BaseException:
            tls.close()
            raise
        self._ticket = tls.session  # the next time costs no signature
        tls.setblocking(False)
        return tls


def _context(keys: ServerKeys, name: str, folder: Path) -> ssl.SSLContext:
    """Speaks to the broker under the terminal's name: a certificate of ours for the moment."""
    key = new_transport_key()
    write_key(folder / "key", key)
    certificate = pki.client_certificate(keys.authority, name, key.public_key(), dt.datetime.now(dt.UTC), 1)
    (folder / "crt").write_bytes(pki.pem(certificate))
    context = ssl.create_default_context(cafile=str(keys.directory / "ca.crt"))
    context.load_cert_chain(str(folder / "crt"), str(folder / "key"))
    return context
