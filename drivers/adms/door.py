"""The listening end: HTTP from machines nobody has checked, each request bounded in size and time, all answered.

The standard library's server is enough: a few machines on a local network, one short request each, and it brings no
dependency. What it leaves open is closed here: how many at once, how long, how much.
"""

import contextlib
import threading
import time
from collections.abc import Callable
from email.message import Message
from http.server import BaseHTTPRequestHandler
from socket import SHUT_RDWR, socket
from socketserver import ThreadingTCPServer
from typing import Any

from drivers import DeviceGone
from drivers.adms import codec

MAX_AT_ONCE = 32
_SILENT_S = 10.0  # between two pieces of a request
_LONGEST_S = 60.0

Answer = tuple[int, str]


class Door:
    """`answer(method, target, body)` runs on the caller's thread and gives status and text. Raises DeviceGone."""

    def __init__(self, host: str, port: int, answer: Callable[[str, str, bytes], Answer], *, dated: bool) -> None:
        try:
            self._server = _Server((host, port), answer, dated)
        except OSError as error:
            raise DeviceGone(f"{host}:{port}: cannot listen there: {error.strerror or error}") from None
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, args=(0.1,), name=f"adms-{port}", daemon=True).start()

    def close(self) -> None:
        """Never raises; whoever is connected is cut off."""
        self._server.shutdown()
        self._server.server_close()
        self._server.cut(0)

    def tidy(self) -> None:
        """Cut off who takes longer than anybody may."""
        self._server.cut(_LONGEST_S)


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = MAX_AT_ONCE

    def __init__(self, address: tuple[str, int], answer: Callable[[str, str, bytes], Answer], dated: bool) -> None:
        self.answer, self.dated = answer, dated
        self._since: dict[socket, float] = {}
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            full = len(self._since) >= MAX_AT_ONCE
            if not full:
                self._since[request] = time.monotonic()
        if full:
            self.shutdown_request(request)
        else:
            super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._since.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Somebody hung up, or was cut off: nothing to say."""

    def cut(self, older_s: float) -> None:
        now = time.monotonic()
        with self._lock:
            late = [request for request, since in self._since.items() if now - since >= older_s]
        for request in late:
            with contextlib.suppress(OSError):
                request.shutdown(SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _SILENT_S
    server: _Server

    def handle(self) -> None:
        self.close_connection = True
        self.handle_one_request()

    def do_GET(self) -> None:
        self._answer("GET", b"")

    def do_POST(self) -> None:
        body = self._body(self.headers)
        if body is not None:
            self._answer("POST", body)

    def _body(self, headers: Message) -> bytes | None:
        given = headers.get("Content-Length", "")
        if not given.isascii() or not given.isdigit():
            self._say(411, "a request without its length")
            return None
        if len(given) > 9 or int(given) > codec.MAX_BODY:
            self._say(413, f"more than {codec.MAX_BODY} bytes")
            return None
        body = self.rfile.read(int(given))
        if len(body) < int(given):
            return None  # hung up
        return body

    def _answer(self, method: str, body: bytes) -> None:
        self._say(*self.server.answer(method, self.path, body))

    def _say(self, status: int, text: str) -> None:
        data = text.encode()
        self.send_response_only(status)
        if self.server.dated:
            self.send_header("Date", self.date_time_string())
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Anything that is not HTTP as these machines speak it."""
        self.close_connection = True
        if not hasattr(self, "request_version") or self.request_version == "HTTP/0.9":
            self.request_version = "HTTP/1.1"
        with contextlib.suppress(OSError):
            self._say(code, "not understood")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
        """Requests name people: they are not logged."""
