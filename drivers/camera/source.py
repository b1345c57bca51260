"""Where pictures come from. Each source is opened, asked for one after the other by one thread, and closed by it.

Those that speak motion JPEG hand over the bytes: a picture that nobody looks at is never decoded.
"""

import base64
import contextlib
import http.client
import os
import select
import socket
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from drivers import DeviceGone, OptionError, ProtocolError
from drivers.camera.codec import Splitter
from drivers.web import Client, Limit, Trust, secret, site

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_CHUNK = 64 * 1024
_LOOK_UP_S = 0.1  # how soon a source notices that it was interrupted


class Source(Protocol):
    def open(self) -> None:
        """Raises DeviceGone."""
        ...

    def next(self) -> "bytes | NDArray[np.uint8] | None":
        """The next picture, a JPEG or (rows, columns, 3) in blue, green, red; None when none came for a moment.

        Raises DeviceGone, and ProtocolError for a damaged one.
        """
        ...

    def interrupt(self) -> None:
        """Have `next` end soon; from any thread."""
        ...

    def close(self) -> None:
        """By the thread that called `next`. Never raises."""
        ...

    def details(self) -> dict[str, str | int | float]:
        """What a technician wants to know of it."""
        ...


class _Stream:
    """What the motion JPEG sources share: pieces of a stream in, pictures out."""

    def __init__(self) -> None:
        self._splitter = Splitter()
        self._ready: list[bytes | None] = []

    def next(self) -> bytes | None:
        while not self._ready:
            data = self._more()
            if not data:
                return None
            self._ready = self._splitter.feed(data)
        jpeg = self._ready.pop(0)
        if jpeg is None:
            raise ProtocolError("a damaged picture")
        return jpeg

    def _more(self) -> bytes:
        """Some bytes; none came for a moment: nothing. Raises DeviceGone."""
        raise NotImplementedError


class Piped(_Stream):
    """Motion JPEG out of a named pipe or a Unix socket, as rpicam-vid and ustreamer give it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._stop = threading.Event()
        self._fd: int | None = None

    def open(self) -> None:
        try:
            if stat.S_ISSOCK(self._path.stat().st_mode):
                with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
                    line.connect(str(self._path))
                    self._fd = line.detach()
            else:
                self._fd = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError as error:
            raise DeviceGone(f"{self._path}: {error.strerror or error}") from None

    def interrupt(self) -> None:
        self._stop.set()

    def close(self) -> None:
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)

    def details(self) -> dict[str, str | int | float]:
        return {"source": str(self._path), "kind": "motion JPEG"}

    def _more(self) -> bytes:
        if self._fd is None or self._stop.is_set():
            raise DeviceGone(f"{self._path}: closed")
        try:
            if not select.select([self._fd], [], [], _LOOK_UP_S)[0]:
                return b""
            data = os.read(self._fd, _CHUNK)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise DeviceGone(f"{self._path}: {error.strerror or error}") from None
        if not data and not stat.S_ISFIFO(os.fstat(self._fd).st_mode):
            raise DeviceGone(f"{self._path}: the stream ended")
        if not data:  # nobody writes into the pipe (yet): whoever reads decides how long that may last
            self._stop.wait(_LOOK_UP_S)
        return data


class Web(_Stream):
    """Motion JPEG over HTTP (multipart/x-mixed-replace), as network cameras and phones serve it."""

    def __init__(self, url: str, login: str, trust: Trust, stall_s: float) -> None:
        """`login`: "name:password", or empty. Raises OptionError."""
        super().__init__()
        self._site = site(url)
        self._client = Client(self._site, trust)
        self._headers = {"Accept": "multipart/x-mixed-replace"}
        if login:
            self._headers["Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
        self._stall_s = stall_s
        self._held = contextlib.ExitStack()
        self._answer: tuple[http.client.HTTPResponse, Limit] | None = None

    def open(self) -> None:
        with contextlib.ExitStack() as opened:
            stream = self._client.stream("GET", self._site.path, self._stall_s, headers=self._headers)
            try:
                self._answer = opened.enter_context(stream)
            except ProtocolError as error:
                raise DeviceGone(str(error)) from None
            if self._answer[0].status != 200:
                raise DeviceGone(f"{self._site}: HTTP {self._answer[0].status}")
            self._held = opened.pop_all()

    def interrupt(self) -> None:
        self._client.cancel()

    def close(self) -> None:
        self._answer = None
        self._held.close()

    def details(self) -> dict[str, str | int | float]:
        return {"source": str(self._site), "kind": "motion JPEG over HTTP"}

    def _more(self) -> bytes:
        if self._answer is None:
            raise DeviceGone(f"{self._site}: closed")
        response, limit = self._answer
        limit.extend(self._stall_s)
        try:
            data = response.read1(_CHUNK)
        except (OSError, ValueError, http.client.HTTPException):
            raise DeviceGone(f"{self._site}: the stream broke, or stood still") from None
        if not data:
            raise DeviceGone(f"{self._site}: the stream ended")
        return data


def login(path: str) -> str:
    """The "name:password" of a file. Raises OptionError."""
    found = secret(path)
    if found and (":" not in found or not found.isprintable()):
        raise OptionError(f"{path}: expected one line, name:password")
    return found
