"""Where a pretended serial device stands: a pseudo-terminal, a TCP port or a real port, and the thread that serves it.

The device itself is sans I/O: `hear` takes bytes and the baud they came at (None: the line does not say) and yields
its answers, packet by packet. Each is sent as slowly as the wire it pretends to be when there is pacing.
"""

import contextlib
import os
import queue
import select
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from drivers import DeviceGone, OptionError
from drivers.entry import Stage
from drivers.ports import Pty, SerialPort

Hear = Callable[[bytes, int | None], Iterable[bytes]]

_LOOK_UP_S = 0.02
_STUCK_S = 1.0  # a reader this slow loses bytes, as on a line without flow control


class _Outlet(Protocol):
    @property
    def where(self) -> str: ...
    def read(self, timeout_s: float) -> tuple[bytes, int | None]: ...
    def write(self, data: bytes) -> None: ...
    def plug(self) -> None: ...
    def unplug(self) -> None: ...


class Stand:
    """Serves one device until closed. `baud()` is the device's own speed, for pacing and for a real port.

    The outlet belongs to the thread that serves it; whoever pulls the cable asks that thread to.
    """

    def __init__(self, stage: Stage, hear: Hear, baud: Callable[[], int]) -> None:
        self._hear, self._baud, self._pacing = hear, baud, stage.pacing
        self._outlet = _outlet(stage, baud())
        self._plugged = True
        self._ended = threading.Event()
        self._orders: queue.SimpleQueue[tuple[Callable[[], None], threading.Event]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="pretended device", daemon=True)
        self._thread.start()

    @property
    def where(self) -> str:
        """How software reaches it: a path, or socket://host:port."""
        return self._outlet.where

    def say(self, data: bytes) -> None:
        """Bytes nobody asked for: noise, or a module that says it is ready."""
        self._order(lambda: self._outlet.write(data))

    def unplug(self) -> None:
        """Pull the cable; back when it is out."""
        self._order(self._pull)

    def plug(self) -> None:
        """Put it back."""
        self._order(self._push)

    def close(self) -> None:
        """End it. Never raises."""
        self._ended.set()
        self._thread.join()
        self._outlet.unplug()

    def _order(self, what: Callable[[], None]) -> None:
        done = threading.Event()
        self._orders.put((what, done))
        while not done.wait(_LOOK_UP_S) and self._thread.is_alive():
            pass

    def _pull(self) -> None:
        self._plugged = False
        self._outlet.unplug()

    def _push(self) -> None:
        self._outlet.plug()
        self._plugged = True

    def _serve(self) -> None:
        while not self._ended.is_set():
            self._obey()
            if not self._plugged:
                self._ended.wait(_LOOK_UP_S)
                continue
            with contextlib.suppress(DeviceGone, OSError):
                data, baud = self._outlet.read(_LOOK_UP_S)
                for packet in self._hear(data, baud) if data else ():
                    self._send(packet)

    def _send(self, packet: bytes) -> None:
        until = time.monotonic() + (len(packet) * 10 / self._baud() if self._pacing else 0)
        self._obey()
        if self._plugged and not self._ended.is_set():
            self._outlet.write(packet)
        while (left := until - time.monotonic()) > 0 and not self._ended.wait(min(left, _LOOK_UP_S)):
            self._obey()

    def _obey(self) -> None:
        while not self._orders.empty():
            what, done = self._orders.get()
            with contextlib.suppress(DeviceGone, OptionError, OSError):
                what()
            done.set()


def _outlet(stage: Stage, baud: int) -> _Outlet:
    if sum((bool(stage.port), bool(stage.tcp), stage.pty is not None)) > 1:
        raise OptionError("one of port, tcp and pty")
    if stage.port:
        return _OnPort(stage.port, baud)
    return _OnTcp(stage.tcp) if stage.tcp else _OnPty(stage)


class _OnPty:
    def __init__(self, stage: Stage) -> None:
        self._pty = Pty(stage.pty)
        self.plug, self.unplug = self._pty.plug, self._pty.unplug

    @property
    def where(self) -> str:
        return self._pty.where

    def read(self, timeout_s: float) -> tuple[bytes, int | None]:
        fd = self._pty.fileno()
        if not select.select([fd], [], [], timeout_s)[0]:
            return b"", None
        return os.read(fd, 4096), self._pty.baud

    def write(self, data: bytes) -> None:
        fd, until = self._pty.fileno(), time.monotonic() + _STUCK_S
        while data and (left := until - time.monotonic()) > 0:
            if select.select([], [fd], [], left)[1]:
                with contextlib.suppress(BlockingIOError):
                    data = data[os.write(fd, data) :]


def host_and_port(tcp: str) -> tuple[str, int]:
    """What `--tcp HOST:PORT` says; no host is loopback, port 0 any free one. Raises OptionError."""
    host, colon, number = tcp.rpartition(":")
    if not colon or not number.isdecimal() or int(number) > 65535:
        raise OptionError(f"tcp = {tcp!r}: expected HOST:PORT, as in 127.0.0.1:0")
    return host.strip("[]") or "127.0.0.1", int(number)


class _OnTcp:
    """One client at a time; a new one takes the place of the old."""

    def __init__(self, address: str) -> None:
        self._address = host_and_port(address)
        self._server: socket.socket | None = None
        self._client: socket.socket | None = None
        self.plug()

    @property
    def where(self) -> str:
        return f"socket://{self._address[0]}:{self._address[1]}"

    def plug(self) -> None:
        if self._server is None:
            try:
                self._server = socket.create_server(self._address)
            except OSError as error:
                raise OptionError(f"tcp = {self._address[0]}:{self._address[1]}: {error.strerror or error}") from None
            self._address = self._server.getsockname()[:2]

    def unplug(self) -> None:
        for end in (self._client, self._server):
            if end is not None:
                end.close()
        self._client = self._server = None

    def read(self, timeout_s: float) -> tuple[bytes, int | None]:
        if self._server is None:
            raise DeviceGone(f"{self.where}: unplugged")
        ends = [end for end in (self._server, self._client) if end is not None]
        ready = select.select(ends, [], [], timeout_s)[0]
        if self._server in ready:
            if self._client is not None:
                self._client.close()
            self._client = self._server.accept()[0]
            self._client.settimeout(_STUCK_S)
        elif self._client in ready and self._client is not None:
            data = self._client.recv(4096)
            if data:
                return data, None
            self._client.close()
            self._client = None
        return b"", None

    def write(self, data: bytes) -> None:
        if self._client is not None:
            self._client.sendall(data)


class _OnPort:
    """A real serial port, with a null-modem cable to whatever software is tried."""

    def __init__(self, name: str, baud: int) -> None:
        self._name, self._port = name, SerialPort(name, baud)
        self.unplug = self._port.close
        self.plug()

    @property
    def where(self) -> str:
        return f"the other end of {self._name}"

    def plug(self) -> None:
        try:
            self._port.open()
        except DeviceGone as error:
            raise OptionError(f"port: {error}") from None

    def read(self, timeout_s: float) -> tuple[bytes, int | None]:
        return self._port.read(4096, timeout_s), None

    def write(self, data: bytes) -> None:
        self._port.write(data)
