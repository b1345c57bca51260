"""The socket that pyzk is given: whole packets, one a `recv`, each within its time, and nothing that was not asked for.

pyzk 0.9 takes what one `recv` returns for one packet, spins for ever on a connection that was closed, and believes any
length. Here TCP is cut into packets, the end of a connection and the end of patience raise, damaged packets raise,
late answers to earlier questions are dropped, events are answered and remembered, and lost datagrams asked for again.
"""

import contextlib
import select
import socket
import time
from collections import deque

from drivers import DeviceGone, ProtocolError
from drivers.zk import codec
from drivers.zk.codec import Command, Packet

_LOOK_UP_S = 0.1  # how soon a wait notices that the device was closed
_ASK_AGAIN_S = 1.0
_ASK_AGAIN = 3


class Guard:
    """One conversation. Raises DeviceGone when the machine cannot be reached, ProtocolError for wrong bytes.

    `fault` keeps the last of these, because pyzk turns every error into one of its own.
    """

    def __init__(self, host: str, port: int, *, udp: bool, timeout_s: float) -> None:
        self.fault: DeviceGone | ProtocolError | None = None
        self.event = False
        self.closed = False
        self._where = f"{host}:{port}"
        self._udp = udp
        self._until_s = time.monotonic() + timeout_s
        self._budget = codec.MAX_TABLE
        self._rest = b""  # of a packet that pyzk takes in pieces
        self._stream = b""
        self._session = 0
        self._checked: bool | None = None  # not known before the first answer: some firmwares send no checksums
        self._asked: deque[int] = deque(maxlen=8)
        self._last, self._again_s, self._again = b"", 0.0, 0
        self._answered = True
        try:
            self._socket = _connect(host, port, udp, timeout_s)
        except OSError as error:
            raise DeviceGone(f"{self._where}: cannot be reached ({error.strerror or error})") from None

    def allow(self, seconds: float) -> None:
        """Whatever is asked next must be answered within this time, in a bounded number of bytes."""
        self.fault, self._rest = None, b""
        self._until_s, self._budget = time.monotonic() + seconds, codec.MAX_TABLE

    def wait(self, seconds: float) -> bool:
        """Wait for the machine to say that somebody was there; whether it did."""
        until = time.monotonic() + seconds
        while not self.event and (left := until - time.monotonic()) > 0:
            self.allow(_LOOK_UP_S)
            with contextlib.suppress(_NothingCame):
                self._packet(min(left, _LOOK_UP_S))
        said, self.event = self.event, False
        return said

    def hang_up(self) -> None:
        """Say goodbye, so that the machine frees the session, and close. From any thread; never raises."""
        if not self.closed:
            self.closed = True
            with contextlib.suppress(OSError):
                self._send(codec.encode(Packet(Command.EXIT, self._session, 0)))
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()

    # What pyzk calls.

    def send(self, data: bytes) -> int:
        self._ask(data[codec.TOP_BYTES :])
        return len(data)

    def sendto(self, data: bytes, _address: object) -> int:
        self._ask(data)
        return len(data)

    def recv(self, size: int) -> bytes:
        if not self._rest:
            try:
                self._rest = self._packet(self._until_s - time.monotonic())
            except (DeviceGone, ProtocolError) as fault:
                self.fault = fault
                raise
        piece = self._rest[:size]
        self._rest = b"" if self._udp else self._rest[size:]
        return piece

    def settimeout(self, _seconds: float) -> None:
        """Time limits are ours."""

    def close(self) -> None:
        self.hang_up()

    def _ask(self, packet: bytes) -> None:
        self._asked.append(codec.decode(packet)[0].reply)
        self._last, self._again, self._answered = packet, _ASK_AGAIN, False
        self._again_s = time.monotonic() + _ASK_AGAIN_S
        self._rest = b""
        try:
            self._send(packet)
        except OSError as error:
            self.fault = DeviceGone(f"{self._where}: {error.strerror or error}")
            raise self.fault from None

    def _send(self, packet: bytes) -> None:
        if self._udp:
            self._socket.send(packet)
        else:
            self._socket.sendall(codec.framed(packet))

    def _packet(self, seconds: float) -> bytes:
        """The next packet that answers what was asked, as pyzk wants to see it."""
        until = time.monotonic() + seconds
        while True:
            raw = self._datagram(until) if self._udp else self._framed(until)
            packet, whole = codec.decode(raw)
            if self._checked is None:
                self._checked = whole
            if self._checked and not whole:
                raise ProtocolError(f"{self._where}: a packet with a wrong checksum")
            if packet.command == Command.EVENT:
                self.event = True
                with contextlib.suppress(OSError):
                    self._send(codec.encode(Packet(Command.OK, self._session, 0)))
                continue
            if packet.reply in self._asked and packet.reply != self._asked[-1]:
                continue  # late, or twice
            self._session, self._answered = packet.session, True
            return raw if self._udp else codec.framed(raw)

    def _datagram(self, until: float) -> bytes:
        return self._received(codec.MAX_PACKET, until)

    def _framed(self, until: float) -> bytes:
        self._fill(codec.TOP_BYTES, until)
        size = codec.length(self._stream)
        self._fill(codec.TOP_BYTES + size, until)
        packet = self._stream[codec.TOP_BYTES : codec.TOP_BYTES + size]
        self._stream = self._stream[codec.TOP_BYTES + size :]
        return packet

    def _fill(self, size: int, until: float) -> None:
        while len(self._stream) < size:
            self._stream += self._received(65536, until)

    def _received(self, size: int, until: float) -> bytes:
        while True:
            if self.closed:
                raise DeviceGone(f"{self._where}: closed")
            left = until - time.monotonic()
            try:
                if select.select([self._socket], [], [], max(0.0, min(left, _LOOK_UP_S)))[0]:
                    return self._counted(self._socket.recv(size))
                self._ask_again()
            except (OSError, ValueError) as error:  # ValueError: closed by another thread
                raise DeviceGone(f"{self._where}: {getattr(error, 'strerror', None) or error}") from None
            if left <= 0:
                raise _NothingCame(f"{self._where}: no answer in time")

    def _counted(self, data: bytes) -> bytes:
        if not data:
            raise DeviceGone(f"{self._where}: the machine closed the connection")
        self._budget -= len(data)
        if self._budget < 0:
            raise ProtocolError(f"{self._where}: more than {codec.MAX_TABLE} bytes in answer to one question")
        return data

    def _ask_again(self) -> None:
        if self._udp and not self._answered and self._again and time.monotonic() > self._again_s:
            self._again -= 1
            self._again_s = time.monotonic() + _ASK_AGAIN_S
            self._socket.send(self._last)


class _NothingCame(DeviceGone):
    """The time is over."""


def _connect(host: str, port: int, udp: bool, timeout_s: float) -> socket.socket:
    if not udp:
        connected = socket.create_connection((host, port), timeout_s)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return connected
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_DGRAM)[0]
    connected = socket.socket(family, kind, protocol)
    try:
        connected.connect(address)  # then nobody else's datagrams arrive
    except OSError:
        connected.close()
        raise
    return connected
