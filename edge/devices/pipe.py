"""One connection over which frames pass (edge.devices.frames): the terminal has one end of it, the bridge the other."""

import contextlib
import socket
import threading
import time
from pathlib import Path

from drivers import DeviceGone
from edge.devices.frames import Frame, Splitter

_PIECE = 256 * 1024
_SEND_S = 10.0


class Pipe:
    """`close` may be called from any thread, and ends a wait; everything else by one thread at a time."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._splitter = Splitter()
        self._ready: list[Frame] = []
        self._closing = threading.Lock()
        self._closed = False

    @classmethod
    def to(cls, path: Path) -> "Pipe":
        """Raises DeviceGone when nobody listens there."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(_SEND_S)
        try:
            connection.connect(str(path))
        except OSError as error:
            connection.close()
            raise DeviceGone(f"{path}: nobody answers ({error.strerror or error}); is the terminal running?") from None
        return cls(connection)

    def send(self, frame: Frame) -> None:
        """Raises DeviceGone; ProtocolError, with nothing sent, for a frame that is too large."""
        data = frame.encode()
        try:
            self._connection.settimeout(_SEND_S)
            self._connection.sendall(data)
        except OSError as error:
            raise DeviceGone(f"the other end does not listen: {error}") from None

    def next(self, timeout_s: float) -> Frame | None:
        """The next frame, None when none came in time. Raises DeviceGone at the end, ProtocolError for noise."""
        until_s = time.monotonic() + timeout_s
        while not self._ready:
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                return None
            try:
                self._connection.settimeout(left_s)
                data = self._connection.recv(_PIECE)
            except TimeoutError:
                return None
            except OSError as error:
                raise DeviceGone(f"the other end is gone: {error}") from None
            if not data:
                raise DeviceGone("the other end is gone")
            self._ready = self._splitter.feed(data)
        return self._ready.pop(0)

    def ask(self, frame: Frame, timeout_s: float) -> Frame:
        """Send it, and the frame that answers it. Raises DeviceGone, and ProtocolError for noise."""
        self.send(frame)
        answer = self.next(timeout_s)
        if answer is None:
            raise DeviceGone(f"no answer within {timeout_s:.0f} s")
        return answer

    def check(self) -> None:
        """Without waiting. Raises DeviceGone when the other end has hung up."""
        try:
            self._connection.settimeout(0)  # with one Python itself would wait, whatever the flags say
            ended = not self._connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return
        except OSError:
            ended = True
        if ended:
            raise DeviceGone("the other end is gone")

    def close(self) -> None:
        with self._closing:
            if not self._closed:
                self._closed = True
                with contextlib.suppress(OSError):
                    self._connection.shutdown(socket.SHUT_RDWR)

    def forget(self) -> None:
        """The last thing done with it, by whoever used it."""
        self.close()
        self._connection.close()
