"""A terminal's line reduced to what a load test needs: MQTT 3.1.1 over TLS on a socket that never blocks, so that one
process can hold thousands. It speaks to the real broker; the numbers in the packets are those of the standard
(OASIS MQTT 3.1.1, section 2.2.1).
"""

import os
import selectors
import socket
import ssl
from collections.abc import Callable
from functools import partial
from pathlib import Path

from sync.topics import down_all

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
_PIECE = 65536
_CONNACK, _PUBLISH, _PUBACK, _SUBACK = 2, 3, 4, 9
_KEEPALIVE_S = 900


class LineLost(Exception):  # noqa: N818 - what happened, not whose fault
    """The connection failed or ended; the text says why."""


def client_context(ca: Path, certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(str(ca))
    context.load_cert_chain(str(certificate), str(key))
    return context


class Line:
    """One connection. Register `fileno()` for `wants`, call `work()` when it is ready; raises LineLost."""

    def __init__(
        self,
        name: str,
        address: tuple[str, int],
        context: ssl.SSLContext,
        on_message: Callable[[str, bytes], None],
        session: ssl.SSLSession | None = None,
        topics: str = "",
    ) -> None:
        """`topics` is what to listen to; where empty, what a terminal listens to."""
        self.name = name
        self.up = False
        self.waiting = 0  # messages the broker has not acknowledged
        self._on_message = on_message
        self._plain = socket.socket()
        self._plain.setblocking(False)
        self._plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._plain.connect_ex(address)
        self._tls: ssl.SSLSocket | None = None
        self._secure = partial(
            context.wrap_socket, server_hostname=address[0], session=session, do_handshake_on_connect=False
        )
        self._greeted = False
        self._mid = 0
        self._out = bytearray()
        self._in = bytearray()
        self.wants = WRITE
        text = name.encode()
        self._put(0x10, b"\0\4MQTT\4\2" + _KEEPALIVE_S.to_bytes(2, "big") + _text(text))
        self._put(0x82, b"\0\1" + _text((topics or down_all(name)).encode()) + b"\1")

    @property
    def unsent(self) -> int:
        """Bytes that wait for the socket."""
        return len(self._out)

    def fileno(self) -> int:
        return (self._tls or self._plain).fileno()

    def publish(self, topic: str, payload: bytes, qos: int = 1) -> None:
        self._mid = self._mid % 0xFFFF + 1
        mid = self._mid.to_bytes(2, "big") if qos else b""
        self.waiting += qos
        self._put(0x30 | qos << 1, _text(topic.encode()) + mid + payload)

    def work(self) -> None:
        """Do what can be done now."""
        try:
            if self._tls is None:
                if error := self._plain.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                    raise LineLost(f"{self.name}: {os.strerror(error)}")
                self._tls = self._secure(self._plain)  # only now: it looks whether the socket is connected
            if not self._greeted:
                self._tls.do_handshake()
                self._greeted = True
            self._send(self._tls)
            self._receive(self._tls)
            self._send(self._tls)
        except ssl.SSLWantReadError:
            self.wants = READ
        except ssl.SSLWantWriteError:
            self.wants = READ | WRITE
        except OSError as error:
            raise LineLost(f"{self.name}: {error.strerror or error}") from None

    def close(self) -> None:
        (self._tls or self._plain).close()

    def _put(self, kind: int, body: bytes) -> None:
        self._out += bytes([kind]) + _length(len(body)) + body
        self.wants = READ | WRITE

    def _send(self, tls: ssl.SSLSocket) -> None:
        while self._out:
            del self._out[: tls.send(self._out)]
        self.wants = READ

    def _receive(self, tls: ssl.SSLSocket) -> None:
        while True:
            try:
                piece = tls.recv(_PIECE)
            except ssl.SSLWantReadError:
                return
            if not piece:
                raise LineLost(f"{self.name}: the broker hung up")
            self._in += piece
            self._read()

    def _read(self) -> None:
        while (found := _packet(self._in)) is not None:
            kind, body, used = found
            del self._in[:used]
            if kind >> 4 == _PUBLISH:
                self._take(kind, body)
            elif kind >> 4 == _CONNACK and body[1]:
                raise LineLost(f"{self.name}: refused with code {body[1]}")
            elif kind >> 4 == _PUBACK:
                self.waiting -= 1
            elif kind >> 4 == _SUBACK:
                self.up = True

    def _take(self, kind: int, body: bytes) -> None:
        size = int.from_bytes(body[:2], "big")
        rest = body[2 + size :]
        if kind & 0x06:
            self._put(0x40, rest[:2])
            rest = rest[2:]
        self._on_message(body[2 : 2 + size].decode(), rest)


def _text(text: bytes) -> bytes:
    return len(text).to_bytes(2, "big") + text


def _length(n: int) -> bytes:
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    return bytes([*out, n])


def _packet(data: bytearray) -> tuple[int, bytes, int] | None:
    """(first byte, body, bytes used) of the first packet that is here whole."""
    n = at = 0
    while True:
        at += 1
        if at >= len(data):
            return None
        n |= (data[at] & 0x7F) << 7 * (at - 1)
        if data[at] < 0x80:
            break
    end = at + 1 + n
    return (data[0], bytes(data[at + 1 : end]), end) if len(data) >= end else None
