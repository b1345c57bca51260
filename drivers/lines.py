"""Bounded JSON lines over a Unix socket: one object a line, UTF-8, at most MAX_LINE bytes.

The virtual device and the terminal's control socket both speak this. Whatever arrives, every line gets an answer,
memory stays bounded, and a listener that does not listen is cut off rather than waited for.
"""

import contextlib
import json
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from drivers import DeviceGone, ProtocolError

MAX_LINE = 4096
MAX_CLIENTS = 8
Message = dict[str, Any]


def parse(line: bytes) -> Message:
    """One line to one object. Raises ProtocolError."""
    if len(line) > MAX_LINE:
        raise ProtocolError(f"a line of more than {MAX_LINE} bytes")
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        raise ProtocolError("a line that is not JSON") from None
    if not isinstance(message, dict):
        raise ProtocolError("a line that is not a JSON object")
    return message


class Splitter:
    """Bytes in, whole lines out. An overlong line comes out cut, just long enough to be refused."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[: MAX_LINE + 1]
        return [line[: MAX_LINE + 1] for line in lines if line.strip()]


class Peer:
    """One connected client; `send` may be called from any thread."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self.gone = threading.Event()

    def send(self, message: Message) -> None:
        """Hand over one line without waiting; a client that is too slow is cut off."""
        data = json.dumps(message, ensure_ascii=False).encode() + b"\n"
        with self._lock:
            try:
                whole = self._connection.send(data, socket.MSG_DONTWAIT) == len(data)
            except OSError:
                whole = False
        if not whole:
            self.close()

    def close(self) -> None:
        self.gone.set()
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def lines(self) -> Iterator[bytes]:
        splitter = Splitter()
        while data := self._connection.recv(4096):
            yield from splitter.feed(data)


Handler = Callable[[Message, Peer], Message | None]


class LineServer:
    """Listens on `path` and answers each line with what `handle(message, peer)` returns.

    `handle` runs on the client's thread and raises ProtocolError to refuse; None means it answers by itself.
    """

    def __init__(self, path: Path, handle: Handler, mode: int = 0o600) -> None:
        self._path = path
        self._handle = handle
        self._mode = mode
        self._listener: socket.socket | None = None
        self._peers: set[Peer] = set()
        self._lock = threading.Lock()

    def start(self) -> None:
        """Raises DeviceGone when the path cannot be listened on."""
        listener = listen(self._path, self._mode, MAX_CLIENTS)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), name=f"lines-{self._path.name}", daemon=True).start()

    def close(self) -> None:
        listener, self._listener = self._listener, None
        if listener is None:
            return
        hang_up(listener, self._path)
        with self._lock:
            peers = list(self._peers)
        for peer in peers:
            peer.close()

    def _accept(self, listener: socket.socket) -> None:
        while self._listener is listener:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            peer = Peer(connection)
            with self._lock:
                full = len(self._peers) >= MAX_CLIENTS
                if not full:
                    self._peers.add(peer)
            if full:
                peer.send({"ok": False, "error": f"{MAX_CLIENTS} clients are connected already"})
                connection.close()
                continue
            threading.Thread(target=self._serve, args=(peer, connection), daemon=True).start()

    def _serve(self, peer: Peer, connection: socket.socket) -> None:
        try:
            for line in peer.lines():
                try:
                    answer = self._handle(parse(line), peer)
                except ProtocolError as error:
                    answer = {"ok": False, "error": str(error)}
                if answer is not None:
                    peer.send(answer)
        except OSError:
            pass
        finally:
            peer.gone.set()
            connection.close()
            with self._lock:
                self._peers.discard(peer)


class LineClient:
    """The other end, for tools and tests. Every method raises DeviceGone when nobody answers."""

    def __init__(self, path: Path, timeout_s: float = 10.0) -> None:
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout_s)
        self._splitter = Splitter()
        self._ready: list[bytes] = []
        try:
            self._socket.connect(str(path))
        except OSError as error:
            self._socket.close()
            hint = "try it with sudo" if isinstance(error, PermissionError) else "is the terminal running?"
            raise DeviceGone(f"{path}: nobody answers ({error.strerror or error}); {hint}") from None

    def ask(self, message: Message) -> Message:
        """Send one line and return the next one that comes back."""
        self.send_raw(json.dumps(message).encode() + b"\n")
        return self.next()

    def send_raw(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise DeviceGone(f"{self._path}: {error.strerror or error}") from None

    def next(self, timeout_s: float | None = None) -> Message:
        """The next line. Raises DeviceGone at the end of the stream or after `timeout_s`."""
        if timeout_s is not None:
            self._socket.settimeout(timeout_s)
        while not self._ready:
            try:
                data = self._socket.recv(65536)
            except OSError as error:
                raise DeviceGone(f"{self._path}: no answer in time ({error})") from None
            if not data:
                raise DeviceGone(f"{self._path}: the terminal closed the connection")
            self._ready = self._splitter.feed(data)
        return parse(self._ready.pop(0))

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> "LineClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def listen(path: Path, mode: int, backlog: int) -> socket.socket:
    """A socket at `path`, in the place of one nobody listens on any more. Raises DeviceGone when it cannot be made."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        clear_stale(path)
        listener.bind(str(path))
        path.chmod(mode)
        listener.listen(backlog)
    except OSError as error:
        listener.close()
        raise DeviceGone(f"{path}: cannot listen: {error.strerror or error}") from None
    return listener


def hang_up(listener: socket.socket, path: Path) -> None:
    """Listen no more: whoever waits in accept is told, and the socket's name is gone."""
    with contextlib.suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    path.unlink(missing_ok=True)


def listens(path: Path) -> bool:
    """Whether somebody listens on this socket; one who is not ours to talk to, or too busy, does."""
    probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    probe.settimeout(1)
    try:
        probe.connect(str(path))
    except (ConnectionRefusedError, FileNotFoundError):
        return False
    except OSError:
        return True
    finally:
        probe.close()
    return True


def clear_stale(path: Path) -> None:
    """Remove a socket that nobody listens on any more (its owner was killed)."""
    if path.exists() and stat.S_ISSOCK(path.stat().st_mode) and not listens(path):
        path.unlink(missing_ok=True)
