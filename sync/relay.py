"""A TCP relay that can be cut and mended: a network that fails on purpose, for demos and tests.

It sees only ciphertext; both ends keep their own TLS. While cut it behaves as a dead line does: nothing passes, what
was open breaks, and new connections are refused.
"""

import queue
import selectors
import socket
import threading
from typing import Any, cast

_PIECE = 65536


class Relay:
    """Listens on a loopback port and forwards to one target."""

    def __init__(self, target_host: str, target_port: int, port: int = 0) -> None:
        """Raises OSError when the port is taken."""
        self._target = (target_host, target_port)
        self._orders: queue.Queue[str] = queue.Queue()
        self._pairs: dict[Any, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._wake, waker = socket.socketpair()
        self._waker = waker
        self._selector.register(self._wake, selectors.EVENT_READ)
        self.port = port
        self._listener: socket.socket | None = self._listen()
        self._thread = threading.Thread(target=self._forward, name="relay", daemon=True)
        self._thread.start()

    def cut(self) -> None:
        """Break everything and refuse what is new; returns when it is so."""
        self._ask("cut")

    def mend(self) -> None:
        """Let connections through again; returns when it is so."""
        self._ask("mend")

    def close(self) -> None:
        self._ask("close")
        self._thread.join()

    def _ask(self, what: str) -> None:
        self._orders.put(what)
        self._waker.send(b"x")
        self._orders.join()

    def _listen(self) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
        self.port = listener.getsockname()[1]
        self._selector.register(listener, selectors.EVENT_READ)
        return listener

    def _forward(self) -> None:
        while True:
            key, _ = self._selector.select()[0]  # one at a time: dropping a side must not leave its event behind
            if key.fileobj is self._wake:
                self._wake.recv(1)
                order = self._orders.get()
                self._obey(cut=order != "mend")
                self._orders.task_done()
                if order == "close":
                    return self._end()
            elif key.fileobj is self._listener:
                self._accept(self._listener)
            else:
                self._pass_on(cast(socket.socket, key.fileobj))

    def _obey(self, cut: bool) -> None:
        if cut and self._listener is not None:
            self._selector.unregister(self._listener)
            self._listener.close()
            self._listener = None
            while self._pairs:
                self._drop(next(iter(self._pairs)))
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
        for end in (side, self._pairs[side]):
            del self._pairs[end]
            self._selector.unregister(end)
            end.close()

    def _end(self) -> None:
        self._selector.close()
        self._wake.close()
        self._waker.close()
