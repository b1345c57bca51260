"""USB/IP: transfers over TCP, as Linux shares USB devices (kernel documentation, usbip_protocol; version 1.1.1).

Big-endian; setup packets as they are on the cable. This module alone needs nothing but Python's standard library: it
also runs beside the system's own interpreter.
"""

import contextlib
import errno
import os
import select
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass

PORT = 3240
MAX_TRANSFER = 1 << 20
_VERSION = 0x0111
_LIST_REQUEST, _LIST_REPLY, _IMPORT_REQUEST, _IMPORT_REPLY = 0x8005, 0x0005, 0x8003, 0x0003
_OPENING = struct.Struct(">HHI")
_DEVICE = struct.Struct(">256s32sIIIHHHBBBBBB")
_HEAD = struct.Struct(">IIIII28s")
_SUBMIT = struct.Struct(">IIIII8s")
_RESULT = struct.Struct(">iIIII8x")
_SUBMITTED, _UNLINK, _SUBMIT_REPLY, _UNLINK_REPLY = 1, 2, 3, 4
FULL_SPEED = 2
TIMEOUT_S = 5.0


class WireError(Exception):
    """The other end sent what the protocol does not allow, or ended."""


@dataclass(frozen=True, slots=True)
class Shared:
    """A device that a server offers."""

    busid: str
    bus: int
    address: int
    vendor: int
    product: int
    release: int


@dataclass(frozen=True, slots=True)
class Submit:
    """A transfer: `endpoint` with 0x80 for reading; `length` bytes wanted, or `data` to write."""

    sequence: int
    endpoint: int
    setup: bytes
    length: int
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Unlink:
    """Give up the transfer `victim`."""

    sequence: int
    victim: int


@dataclass(frozen=True, slots=True)
class Done:
    """A transfer's end: `status` 0 or a negative errno, and what was read."""

    sequence: int
    status: int
    data: bytes = b""
    written: int = 0


class Wire:
    """One connection, both sides of it. Every method raises WireError; sends are whole or fail."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def wait_at_most(self, timeout_s: float | None) -> None:
        self._socket.settimeout(timeout_s)

    # What a server reads and says.

    def request(self) -> str | None:
        """What a new client wants: "" a list, or the bus id of the device to attach; None when it has gone."""
        try:
            version, code, _ = _OPENING.unpack(self._take(_OPENING.size))
        except WireError:
            return None
        if version >> 8 != 1 or code not in (_LIST_REQUEST, _IMPORT_REQUEST):
            raise WireError(f"an opening of version {version:#06x}, code {code:#06x}")
        return "" if code == _LIST_REQUEST else self._take(32).rstrip(b"\0").decode("ascii", "replace")

    def offer(self, devices: Sequence[Shared]) -> None:
        whole = _OPENING.pack(_VERSION, _LIST_REPLY, 0) + struct.pack(">I", len(devices))
        self._send(whole + b"".join(_pack(device) + b"\xff\xff\xff\0" for device in devices))

    def attach(self, device: Shared | None) -> None:
        """Say that the device is the client's from now on; None: there is none of this name."""
        body = _pack(device) if device else b""
        self._send(_OPENING.pack(_VERSION, _IMPORT_REPLY, 0 if device else 1) + body)

    def command(self) -> Submit | Unlink:
        """What the client wants of the device."""
        kind, sequence, _, reading, endpoint, rest = _HEAD.unpack(self._take(_HEAD.size))
        if kind == _UNLINK:
            return Unlink(sequence, int.from_bytes(rest[:4], "big"))
        _, length, _, _, _, setup = _SUBMIT.unpack(rest)
        if kind != _SUBMITTED or endpoint > 15 or length > MAX_TRANSFER:
            raise WireError(f"a command of kind {kind}, endpoint {endpoint}, {length} bytes")
        if reading:
            return Submit(sequence, endpoint | 0x80, setup, length)
        return Submit(sequence, endpoint, setup, length, self._take(length))

    def done(self, result: Done) -> None:
        head = _RESULT.pack(result.status, len(result.data) or result.written, 0, 0, 0)
        self._send(_HEAD.pack(_SUBMIT_REPLY, result.sequence, 0, 0, 0, head) + result.data)

    def unlinked(self, sequence: int, was_waiting: bool) -> None:
        status = struct.pack(">i24x", -errno.ECONNRESET if was_waiting else 0)
        self._send(_HEAD.pack(_UNLINK_REPLY, sequence, 0, 0, 0, status))

    # What a client says and reads.

    def ask_list(self) -> tuple[Shared, ...]:
        self._send(_OPENING.pack(_VERSION, _LIST_REQUEST, 0))
        self._opened(_LIST_REPLY)
        (count,) = struct.unpack(">I", self._take(4))
        if count > 127:
            raise WireError(f"{count} devices")
        found = []
        for _ in range(count):
            packed = self._take(_DEVICE.size)
            found.append(_unpack(packed))
            self._take(4 * packed[-1])
        return tuple(found)

    def ask_attach(self, busid: str) -> Shared:
        self._send(_OPENING.pack(_VERSION, _IMPORT_REQUEST, 0) + busid.encode().ljust(32, b"\0"))
        self._opened(_IMPORT_REPLY)
        return _unpack(self._take(_DEVICE.size))

    def submit(self, urb: Submit) -> None:
        reading = int(bool(urb.endpoint & 0x80))
        rest = _SUBMIT.pack(0, urb.length, 0, 0, 0, urb.setup.ljust(8, b"\0"))
        self._send(_HEAD.pack(_SUBMITTED, urb.sequence, 1 << 16 | 2, reading, urb.endpoint & 0x0F, rest) + urb.data)

    def unlink(self, sequence: int, victim: int) -> None:
        self._send(_HEAD.pack(_UNLINK, sequence, 1 << 16 | 2, 0, 0, struct.pack(">I24x", victim)))

    def result(self, reading: "Sequence[int] | set[int]") -> Done | Unlink:
        """The next end of a transfer. `reading`: those under way whose replies carry data. Unlink: it was given up."""
        kind, sequence, _, _, _, rest = _HEAD.unpack(self._take(_HEAD.size))
        if kind == _UNLINK_REPLY:
            return Unlink(sequence, 0)
        status, actual, *_ = _RESULT.unpack(rest)
        if kind != _SUBMIT_REPLY or actual > MAX_TRANSFER:
            raise WireError(f"a reply of kind {kind}, {actual} bytes")
        if sequence in reading:
            return Done(sequence, status, self._take(actual))
        return Done(sequence, status, b"", actual)

    def readable(self, timeout_s: float) -> bool:
        """Whether something came within this time."""
        try:
            return bool(select.select([self._socket], [], [], max(0.0, timeout_s))[0])
        except (OSError, ValueError):
            raise WireError("the connection ended") from None

    def fileno(self) -> int:
        return self._socket.fileno()

    def _opened(self, expected: int) -> None:
        version, code, status = _OPENING.unpack(self._take(_OPENING.size))
        if version >> 8 != 1 or code != expected:
            raise WireError(f"an answer of version {version:#06x}, code {code:#06x}")
        if status:
            raise WireError("there is no such device")

    def _take(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            try:
                part = self._socket.recv(count - len(data))
            except OSError as error:
                raise WireError(error.strerror or "no answer in time") from None
            if not part:
                raise WireError("the connection ended")
            data += part
        return bytes(data)

    def _send(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise WireError(error.strerror or "cannot send") from None


def dial(host: str, port: int, timeout_s: float = TIMEOUT_S) -> Wire:
    """`timeout_s`: what any single answer may take. Raises WireError."""
    try:
        connection = socket.create_connection((host, port), timeout_s)
    except OSError as error:
        raise WireError(f"{host}:{port}: {error.strerror or os.strerror(error.errno or 0)}") from None
    with contextlib.suppress(OSError):  # gone again already: the first use will say so
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Wire(connection)


def address(text: str) -> tuple[str, int]:
    """host:port, or host alone. Raises ValueError."""
    host, colon, port = text.removeprefix("usbip://").rpartition(":")
    return (host, int(port)) if colon else (port, PORT)


def _pack(device: Shared) -> bytes:
    path = f"/sys/devices/hazri/{device.busid}".encode()
    numbers = (device.bus, device.address, FULL_SPEED, device.vendor, device.product, device.release)
    return _DEVICE.pack(path, device.busid.encode(), *numbers, 0xFF, 0xFF, 0xFF, 1, 1, 1)


def _unpack(packed: bytes) -> Shared:
    _, busid, bus, number, _, vendor, product, release, *_ = _DEVICE.unpack(packed)
    return Shared(busid.rstrip(b"\0").decode("ascii", "replace"), bus, number, vendor, product, release)
