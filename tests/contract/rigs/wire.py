"""The cable between a driver and its pretended device, for whoever wants to cut it, flip a bit in it or pull it out.

A rig joins tests/contract/test_driver_faults.py by having a property `wire` (on its class) that gives one of these:

* `PtyWire(path of the simulator's terminal, link for the driver to open)` for serial devices; it hands the driver's
  baud through to the simulator;
* `TcpWire("host", port of the simulator)` for devices on a network; `wire.port` is where the driver connects. With
  `calls=True` it is the device that connects there, and the port is the driver's;
* `UnixWire(path of the simulator's socket, path for the driver)` for those on a Unix socket, the same way.

A rig whose protocol has no sum of its own says in `faults` which of them it meets: TCP has, and no bit flips there.

The rig's options lead through the wire, its simulator's pacing is off, and `wire.close()` belongs into its `close`.
"""

import contextlib
import enum
import os
import select
import socket
import termios
import threading
from pathlib import Path
from typing import Protocol

from drivers import DeviceGone
from drivers.ports import Pty

_LOOK_UP_S = 0.02


class Way(enum.Enum):
    TO_HOST = "to the host"
    TO_DEVICE = "to the device"


class Fault(enum.Enum):
    CUT = "cut"  # from this byte on nothing passes that way, and nobody is told
    FLIP = "flip"  # one bit of this byte alone
    PULL = "pull"  # at this byte the cable comes out: whoever has it open reads an error


class Wire(Protocol):
    @property
    def passed(self) -> dict[Way, int]:
        """Bytes that entered each way since the wire was armed or made."""
        ...

    def arm(self, fault: Fault | None, way: Way = Way.TO_HOST, at: int = 0) -> None:
        """From now on the byte number `at` that way meets the fault, once; None: the wire only counts."""
        ...

    def mend(self) -> None:
        """Whole again, plugged in again."""
        ...

    def close(self) -> None: ...


class Spoiler:
    """Counts what passes and spoils what was asked for; the wires share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.arm(None)

    @property
    def passed(self) -> dict[Way, int]:
        with self._lock:
            return dict(self._passed)

    def arm(self, fault: Fault | None, way: Way = Way.TO_HOST, at: int = 0) -> None:
        with self._lock:
            self._fault, self._way, self._at = fault, way, at
            self._passed = dict.fromkeys(Way, 0)

    def heal(self) -> None:
        with self._lock:
            self._fault = None

    def carry(self, way: Way, data: bytes) -> tuple[bytes, bool]:
        """What arrives of it, and whether the cable came out."""
        with self._lock:
            start = self._passed[way]
            self._passed[way] += len(data)
            struck = self._at - start
            if self._fault is None or way is not self._way or struck >= len(data):
                return data, False
            if self._fault is Fault.FLIP:
                if struck >= 0:
                    spoilt = bytearray(data)
                    spoilt[struck] ^= 1 << self._at % 8
                    data = bytes(spoilt)
                return data, False
            return data[: max(struck, 0)], self._fault is Fault.PULL


class PtyWire:
    """Between a driver and a simulator on a pseudo-terminal."""

    def __init__(self, device: str, link: Path) -> None:
        self._spoiler = Spoiler()
        self.arm = self._spoiler.arm
        self._device = os.open(device, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self._pty = Pty(link)
        self.where = self._pty.where
        self._ended, self._mend, self._mended = threading.Event(), threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="wire", daemon=True)
        self._thread.start()

    @property
    def passed(self) -> dict[Way, int]:
        return self._spoiler.passed

    def mend(self) -> None:
        self._spoiler.heal()
        self._mended.clear()
        self._mend.set()
        assert self._mended.wait(10)

    def close(self) -> None:
        self._ended.set()
        self._thread.join()
        self._pty.close()
        os.close(self._device)

    def _run(self) -> None:
        plugged = True
        while not self._ended.is_set():
            if self._mend.is_set():
                self._mend.clear()
                self._pty.plug()
                plugged = True
                self._mended.set()
            plugged = plugged and self._pass()
            if not plugged:
                self._drain()
                self._ended.wait(0.001)

    def _pass(self) -> bool:
        host = self._pty.fileno()
        for fd in select.select([host, self._device], [], [], _LOOK_UP_S)[0]:
            way = Way.TO_DEVICE if fd == host else Way.TO_HOST
            data, pulled = self._spoiler.carry(way, os.read(fd, 4096))
            if way is Way.TO_DEVICE:
                self._match_baud(host)
            _write(self._device if way is Way.TO_DEVICE else host, data)
            if pulled:
                if way is Way.TO_HOST and data:
                    # What arrived before the plug came out was read before it came out.
                    self._ended.wait(0.005)
                self._pty.unplug()
                return False
        return True

    def _match_baud(self, host: int) -> None:
        theirs, ours = termios.tcgetattr(host), termios.tcgetattr(self._device)
        if theirs[4:6] != ours[4:6]:
            ours[4:6] = theirs[4:6]
            termios.tcsetattr(self._device, termios.TCSANOW, ours)

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError, OSError):
            while select.select([self._device], [], [], 0)[0]:
                os.read(self._device, 4096)


def _write(fd: int, data: bytes) -> None:
    while data and select.select([], [fd], [], 1.0)[1]:
        with contextlib.suppress(BlockingIOError):
            data = data[os.write(fd, data) :]


class _SocketWire:
    """Every connection passes through, each with its own of the other side. `calls`: it is the device that connects."""

    def __init__(self, *, calls: bool) -> None:
        self._spoiler = Spoiler()
        self.arm = self._spoiler.arm
        self._ways = (Way.TO_HOST, Way.TO_DEVICE) if calls else (Way.TO_DEVICE, Way.TO_HOST)
        self._lock = threading.Lock()
        self._door = threading.Lock()  # held while somebody is let in
        self._open: set[socket.socket] = set()
        self._ended = threading.Event()
        self._server: socket.socket | None = None
        self.mend()

    @property
    def passed(self) -> dict[Way, int]:
        return self._spoiler.passed

    def mend(self) -> None:
        self._spoiler.heal()
        self._pull()
        server = self._server = self._listen()
        threading.Thread(target=self._accept, args=(server,), name="wire", daemon=True).start()

    def settle(self) -> None:
        """Until whoever has connected is connected to the other side too: at the door they do not know which they are.

        A device that speaks first would speak to nobody.
        """
        while True:
            with self._door, contextlib.suppress(OSError, ValueError):  # pulled, and closed
                if (server := self._server) is None or not select.select([server], [], [], 0)[0]:
                    return
            self._ended.wait(0.001)

    def close(self) -> None:
        self._ended.set()
        self._pull()

    def _listen(self) -> socket.socket:
        """Where one side connects: the same place each time."""
        raise NotImplementedError

    def _call(self) -> socket.socket:
        """A connection to the other side. Raises OSError."""
        raise NotImplementedError

    def _pull(self, only: socket.socket | None = None) -> None:
        """`only`: unless that one was pulled already, and the wire mended since."""
        with self._lock:  # to the end: whoever mends it binds the same port
            if only is not None and only is not self._server:
                return
            server, self._server = self._server, None
            ends, self._open = self._open, set()
            for end in (*ends, *([server] if server else ())):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()

    def _accept(self, server: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):  # pulled, and closed
            while select.select([server], [], []):
                with self._door, contextlib.suppress(OSError):
                    self._let_in(server)

    def _let_in(self, server: socket.socket) -> None:
        caller, _ = server.accept()
        try:
            called = self._call()
        except OSError:  # a driver that is closed
            caller.close()
            return
        with self._lock:
            if server is not self._server:  # pulled meanwhile
                caller.close()
                called.close()
                return
            self._open |= {caller, called}
        there, back = self._ways
        for ends in ((caller, called, there), (called, caller, back)):
            threading.Thread(target=self._pump, args=(server, *ends), name="wire", daemon=True).start()

    def _pump(self, server: socket.socket, source: socket.socket, sink: socket.socket, way: Way) -> None:
        with contextlib.suppress(OSError, DeviceGone):
            while data := source.recv(4096):
                data, pulled = self._spoiler.carry(way, data)
                sink.sendall(data)
                if pulled:
                    self._pull(server)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
            with self._lock:
                self._open.discard(end)


class TcpWire(_SocketWire):
    """Between a driver and a simulator on TCP."""

    def __init__(self, host: str, port: int, *, calls: bool = False) -> None:
        self._upstream = (host, port)
        self.port = 0
        super().__init__(calls=calls)

    @property
    def where(self) -> str:
        return f"socket://127.0.0.1:{self.port}"

    def _listen(self) -> socket.socket:
        server = socket.create_server(("127.0.0.1", self.port))
        self.port = server.getsockname()[1]
        return server

    def _call(self) -> socket.socket:
        return socket.create_connection(self._upstream)


class UnixWire(_SocketWire):
    """Between a driver and a simulator on a Unix socket; `where` is the wire's own end."""

    def __init__(self, upstream: Path, where: Path, *, calls: bool = False) -> None:
        self._upstream, self.where = upstream, where
        super().__init__(calls=calls)

    def _listen(self) -> socket.socket:
        self.where.unlink(missing_ok=True)
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        server.bind(str(self.where))
        server.listen()
        return server

    def _call(self) -> socket.socket:
        end = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            end.connect(str(self._upstream))
        except OSError:
            end.close()
            raise
        return end
