"""Serial ports as drivers and simulators see them: bytes with time limits, and DeviceGone when the other side is away.

`SerialPort` is a UART, a USB-serial adapter, a pseudo-terminal or a TCP socket (`socket://host:port`); pyserial does
the work and its exceptions end here. `Pty` is the other end: what a pretended device holds, with a link that keeps its
name when the device is pulled out and put back.
"""

import contextlib
import errno
import os
import select
import termios
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import serial

from drivers import DeviceGone, OptionError

BAUDS = {getattr(termios, f"B{n}"): n for n in (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800)}
_LOOK_UP_S = 0.05  # how soon a read notices that the port was closed
_WRITE_S = 2.0


class Port(Protocol):
    """One open line. Used by one thread at a time, except close, which any thread may call to end a read."""

    @property
    def baud(self) -> int:
        """Bits a second now."""
        ...

    @baud.setter
    def baud(self, baud: int) -> None: ...

    def open(self) -> None:
        """Take the port for ourselves; open again does nothing. Raises DeviceGone."""
        ...

    def close(self) -> None:
        """Let it go. Never raises; twice does nothing."""
        ...

    def read(self, size: int, timeout_s: float) -> bytes:
        """What has come, 1 to `size` bytes, as soon as there is any; empty when nothing came. Raises DeviceGone."""
        ...

    def write(self, data: bytes) -> None:
        """Hand over all of it. Raises DeviceGone."""
        ...

    def flush(self) -> None:
        """Throw away what has come and was not read. Raises DeviceGone."""
        ...

    def check(self) -> None:
        """Takes no time, and asks the device nothing. Raises DeviceGone when it was pulled out."""
        ...


class SerialPort:
    """See Port. `name`: a path (a udev symlink is best), or `socket://host:port`. Raises OptionError for other URLs."""

    def __init__(self, name: str, baud: int = 57600) -> None:
        self._name = name
        self._closing = threading.Event()
        self._lock = threading.Lock()  # held for one look at the line, so that close never pulls it from under a read
        try:
            self._serial = serial.serial_for_url(
                name, baudrate=baud, timeout=0, write_timeout=_WRITE_S, exclusive=True, do_not_open=True
            )
        except (ValueError, OSError) as error:
            raise OptionError(f"port = {name!r}: {error}") from None

    @property
    def baud(self) -> int:
        return int(self._serial.baudrate)

    @baud.setter
    def baud(self, baud: int) -> None:
        with self._lock, self._gone():
            self._serial.baudrate = baud

    def open(self) -> None:
        with self._lock, self._gone("nothing answers there"):
            self._closing.clear()
            if not self._serial.is_open:
                self._serial.open()

    def close(self) -> None:
        self._closing.set()
        with self._lock, contextlib.suppress(OSError, termios.error):
            self._serial.close()

    def read(self, size: int, timeout_s: float) -> bytes:
        until = time.monotonic() + timeout_s
        while True:
            left = until - time.monotonic()
            with self._open():
                if select.select([self._serial.fileno()], [], [], max(0.0, min(left, _LOOK_UP_S)))[0]:
                    return bytes(self._serial.read(size))
            if left <= _LOOK_UP_S:
                return b""

    def write(self, data: bytes) -> None:
        with self._open():
            self._serial.write(data)

    def flush(self) -> None:
        with self._open():
            self._serial.reset_input_buffer()

    def check(self) -> None:
        """Whether the other side is still there, as far as the line says without being asked. Raises DeviceGone."""
        with self._open():
            line = select.poll()
            line.register(self._serial.fileno(), 0)  # a hang-up is told of whatever one asks for
            if line.poll(0):
                raise DeviceGone(f"{self._name}: it was pulled out")

    @contextlib.contextmanager
    def _open(self) -> Iterator[None]:
        with self._lock, self._gone():
            if self._closing.is_set() or not self._serial.is_open:
                raise DeviceGone(f"{self._name}: the port is closed")
            yield

    @contextlib.contextmanager
    def _gone(self, otherwise: str = "it was pulled out") -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError, termios.error) as error:  # pyserial's own are OSErrors
            raise DeviceGone(f"{self._name}: {_words(error) or otherwise}") from None


def _words(error: Exception) -> str:
    """What the system says of it, in plain words; pyserial's own sentences are about file descriptors."""
    number = error.errno if isinstance(error, OSError) else error.args[0] if error.args else None
    match number:
        case errno.ENOENT | errno.ENODEV | errno.ENXIO:
            return "nothing is plugged in there"
        case errno.EACCES | errno.EPERM:
            return "no permission to use it: the group hazri has it"
        case errno.EAGAIN | errno.EBUSY:
            return "another program uses it"
        case errno.ECONNREFUSED | errno.EHOSTUNREACH | errno.ENETUNREACH | errno.ETIMEDOUT:
            return "nothing answers there"
        case int() if number not in (errno.EIO, errno.EBADF, errno.ECONNRESET, errno.EPIPE):
            return os.strerror(number)
    return "it takes nothing in" if isinstance(error, serial.SerialTimeoutException) else ""


class Pty:
    """The device's end of a pseudo-terminal. `link`: a symlink to keep pointing at it, replaced when it is one."""

    def __init__(self, link: Path | None = None) -> None:
        self._link = link
        self._fds: tuple[int, int] | None = None
        self.path = ""
        self.plug()

    @property
    def where(self) -> str:
        """The path for software to open."""
        return str(self._link or self.path)

    @property
    def baud(self) -> int | None:
        """What whoever opened it has set, None when that is no usual figure. Raises DeviceGone."""
        try:
            return BAUDS.get(termios.tcgetattr(self.fileno())[5])
        except (OSError, termios.error):
            raise DeviceGone(f"{self.where}: unplugged") from None

    def fileno(self) -> int:
        """For select; it does not block. Raises DeviceGone."""
        if self._fds is None:
            raise DeviceGone(f"{self.where}: unplugged")
        return self._fds[0]

    def plug(self) -> None:
        """Be there (again), as a fresh terminal under the same link. Raises OptionError when the link cannot be."""
        if self._fds is not None:
            return
        master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        # The slave stays open here too: without it, every read between two clients would end in an error.
        self._fds, self.path = (master, slave), os.ttyname(slave)
        if self._link is not None:
            try:
                _point(self._link, self.path)
            except OSError as error:
                self.unplug()
                raise OptionError(f"pty = {self._link}: {error.strerror or error}") from None

    def unplug(self) -> None:
        """Be gone as a pulled cable is: whoever has it open reads an error."""
        fds, self._fds = self._fds, None
        for fd in fds or ():
            os.close(fd)
        with contextlib.suppress(OSError):  # is_symlink raises where nobody may look
            if fds and self._link is not None and self._link.is_symlink():
                self._link.unlink()

    close = unplug


def _point(link: Path, target: str) -> None:
    if link.exists() and not link.is_symlink():
        raise FileExistsError(0, "there is a file of this name that is not a link")
    fresh = link.with_name(f".{link.name}.{os.getpid()}")
    fresh.symlink_to(target)
    fresh.replace(link)
