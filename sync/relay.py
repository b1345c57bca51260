"""A TCP relay that can be cut and mended: a network that fails on purpose, for demos and tests.

It sees only ciphertext; both ends keep their own TLS. While cut it behaves as a dead line does: nothing passes, what
was open breaks, and new connections are refused.
"""

import selectors
import socket
import threading

_PIECE = 65536


class Relay:
    """Listens on a loopback port and forwards to one target."""

    def __init__(self, target_host: str, target_port: int, port: int = 0) -> None:
        """Raises OSError when the port is taken."""
        self._target = (target_host, target_port)
        self._lock = threading.Lock()
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._wake, waker = socket.socketpair()
        self._waker = waker
        self._selector.register(self._wake, selectors.EVENT_READ)
        self._cut = False
        self._closed = False
        self.port = port
        self._listener: socket.socket | None = self._listen()
        self._thread = threading.Thread(target=self._forward, name="relay", daemon=True)
        self._thread.start()

    def cut(self) -> None:
        """Break everything, and refuse what is new, until mended."""
        self._ask(cut=True)

    def mend(self) -> None:
        self._ask(cut=False)

    def close(self) -> None:
        with self._lock:
            self._closed = True
        self._waker.send(b"x")
        self._thread.join()

    def _ask(self, cut: bool) -> None:
        with self._lock:
            self._cut = cut
        self._waker.send(b"x")

    def _listen(self) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
        self.port = listener.getsockname()[1]
        self._selector.register(listener, selectors.EVENT_READ)
        return listener

    def _forward(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._wake:
                    self._wake.recv(_PIECE)
                    with self._lock:
                        cut, closed = self._cut, self._closed
                    self._obey(cut or closed)
                    if closed:
                        self._end()
                        return
                elif key.fileobj is self._listener:
                    self._accept(self._listener)
                elif isinstance(key.fileobj, socket.socket) and key.fileobj in self._pairs:
                    self._pass_on(key.fileobj)

    def _obey(self, cut: bool) -> None:
        if cut and self._listener is not None:
            self._selector.unregister(self._listener)
            self._listener.close()
            self._listener = None
            for side in list(self._pairs):
                self._drop(side)
        elif not cut and self._listener is None:
            self._listener = self._listen()

    def _accept(self, listener: socket.socket) -> None:
        near, _ = listener.accept()
        try:
            far = socket.create_connection(self._target, timeout=5)
        except OSError:
            near.close()
            return
        for side, other in ((near, far), (far, near)):
            side.settimeout(5)
            self._pairs[side] = other
            self._selector.register(side, selectors.EVENT_READ)

    def _pass_on(self, side: socket.socket) -> None:
        try:
            data = side.recv(_PIECE)
            if data:
                self._pairs[side].sendall(data)
                return
        except OSError:
            pass
        self._drop(side)

    def _drop(self, side: socket.socket) -> None:
        other = self._pairs.pop(side, None)
        for end in (side, other):
            if end is not None:
                self._pairs.pop(end, None)
                if end in self._selector.get_map():
                    self._selector.unregister(end)
                end.close()

    def _end(self) -> None:
        self._selector.close()
        self._wake.close()
        self._waker.close()
