"""An attempt to connect, which another thread may give up at any moment: the network it is tried on may answer nothing
for minutes, while another has come.

Giving up shuts the socket down, and shutting down ends only what the kernel has begun. So the kernel begins first, then
the socket is held here, and only then it is waited for: whoever gives up earlier is found out by `hold`.
"""

import contextlib
import errno
import os
import select
import socket
import threading


class Attempt:
    """One, from the name to the end of the handshake."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._over = False

    def connect(self, host: str, port: int, timeout_s: float) -> socket.socket:
        """To the first address of `host` that answers, each within `timeout_s`. Raises OSError."""
        failed: OSError = OSError("the name has no address")
        for family, kind, protocol, _, address in socket.getaddrinfo(plain(host), port, type=socket.SOCK_STREAM):
            line = socket.socket(family, kind, protocol)
            try:
                self._reach(line, address, timeout_s)
                return line
            except OSError as error:
                line.close()
                failed = error
            if self._over:
                break
        raise failed

    def hold(self, line: socket.socket) -> None:
        """`line` is what is waited for from now on. Raises ConnectionAbortedError when the attempt was given up."""
        with self._lock:
            self._socket = line
            if self._over:
                raise ConnectionAbortedError(errno.ECONNABORTED, "given up")

    def give_up(self) -> None:
        """Whatever is waited for, is waited for no longer."""
        with self._lock:
            self._over = True
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # of a TLS socket, too, as TCP

    def _reach(self, line: socket.socket, address: tuple[object, ...], timeout_s: float) -> None:
        line.setblocking(False)
        failed = line.connect_ex(address)
        self.hold(line)
        if failed == errno.EINPROGRESS:
            failed = _outcome(line, timeout_s)
            self.hold(line)
        if failed:
            raise OSError(failed, os.strerror(failed))
        line.settimeout(timeout_s)


def plain(host: str) -> str | bytes:
    """A name for Python's network calls, which put every text through the tables of international names, 0.4 MB of
    memory; but not bytes, and most names need none of it."""
    return host.encode() if host.isascii() else host


def _outcome(line: socket.socket, timeout_s: float) -> int:
    """The number of the error with which a connection that was begun came to its end, 0 for none."""
    poll = select.poll()
    poll.register(line, select.POLLOUT)
    if not poll.poll(timeout_s * 1000):
        return errno.ETIMEDOUT
    return int(line.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
