"""TLS 1.3 with both certificates, as every line to the broker has it: sessions resumed, bytes counted."""

import contextlib
import socket
import ssl
import struct
from pathlib import Path
from typing import Any

from sync import LinkError
from sync.validity import leave_dates

_DEAD_LINE_S = 60.0  # what was sent and is not acknowledged by then will not be
_TCP_INFO = struct.Struct("128xQII56xQ")
_HEADER_BYTES = 52  # IPv4, and TCP with time stamps


class TlsContext(ssl.SSLContext):
    """Remembers the connection it made, so that it can be ended in the middle of a handshake, and its TLS session, so
    that the next one resumes it: half the bytes, and no signature to make or check."""

    at_once = False
    line: ssl.SSLSocket | None = None
    _carried = 0
    _settled = True
    resumable: ssl.SSLSession | None = None

    def wrap_socket(self, sock: socket.socket, *args: Any, **kwargs: Any) -> ssl.SSLSocket:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(_DEAD_LINE_S * 1000))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, int(self.at_once))
        self.line = super().wrap_socket(sock, *args, **{**kwargs, "session": self.resumable})
        self._settled = False
        return self.line

    def remember(self) -> None:
        """Keep the session of the line that is up; the broker's ticket came with its first answer."""
        self.resumable = self.line.session if self.line else None

    def gather(self, on: bool) -> None:
        """Hold back what is not a full segment, or let it go; the kernel lets it go after 0.2 s by itself."""
        if self.line is not None:
            self.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, int(on))

    def give_up(self) -> None:
        """Break off a handshake that another thread is in."""
        if self.line is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self.line, socket.SHUT_RDWR)

    def carried(self) -> int:
        return self._carried + (0 if self._settled or self.line is None else ip_bytes(self.line))

    def settle(self) -> None:
        """Add up what the line carried, while it is open to be asked."""
        self._carried, self._settled = self.carried(), True

    def hang_up(self) -> None:
        if self.line is not None:
            self.settle()
            self.line.close()


def ip_bytes(line: socket.socket) -> int:
    """What a connection has carried so far. From Linux's tcp_info: bytes received and sent, segments out and in."""
    try:
        info = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size)
        received, segments_out, segments_in, sent = _TCP_INFO.unpack(info)
    except (OSError, struct.error):  # closed already, or a kernel older than 4.19
        return 0
    return int(received + sent + _HEADER_BYTES * (segments_out + segments_in))


def tls_context(ca: Path, certificate: Path, key: Path, *, at_once: bool = False, any_date: bool = False) -> TlsContext:
    """What a terminal, or ingest, meets the broker with. `any_date`: dates are judged later (sync.validity).

    Raises LinkError when a file cannot be read: no retry would mend that.
    """
    try:
        context = TlsContext(ssl.PROTOCOL_TLS_CLIENT)
        context.at_once = at_once
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        if any_date:
            leave_dates(context)
        context.load_verify_locations(str(ca))
        context.load_cert_chain(str(certificate), str(key))
    except (OSError, ValueError) as error:
        raise LinkError(
            f"{ca}, {certificate} or {key}: {_what(error)}; were the keys made and the admission accepted?"
        ) from None
    return context


def _what(error: OSError | ValueError) -> str:
    return str((error.strerror if isinstance(error, OSError) else None) or error)
