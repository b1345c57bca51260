"""The terminal's screen as a picture on http://127.0.0.1:PORT/, for whoever sits at the machine or tunnels to it.

It shows the newest file that the screen's PNG sink has written. Names stand on the screen, so it listens on loopback
alone and nothing is kept by whoever looks.
"""

import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingTCPServer
from typing import Any

from edge import SetupError

_HOST = "127.0.0.1"
_MAX_BYTES = 8 * 1024 * 1024
_SILENT_S = 5.0
_PAGE = b"""<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="1"><title>Hazri</title>
<style>body{margin:0;background:#000}img{width:100vw;height:100vh;object-fit:contain}</style>
<img src="screen.png" alt="the terminal's screen">
"""


class Preview:
    """Serves `picture` on loopback; a port of 0 takes any free one."""

    def __init__(self, picture: Path, port: int) -> None:
        self._picture, self._port = picture, port
        self._server: _Server | None = None

    @property
    def port(self) -> int:
        return self._server.server_address[1] if self._server else self._port

    def open(self) -> None:
        """Raises SetupError when the port is taken."""
        try:
            self._server = _Server((_HOST, self._port), self._picture)
        except OSError as error:
            raise SetupError(f"the preview cannot listen on {_HOST}:{self._port}: {error.strerror}") from None
        threading.Thread(target=self._server.serve_forever, args=(0.2,), name="preview", daemon=True).start()

    def close(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], picture: Path) -> None:
        self.picture = picture
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Somebody hung up: nothing to say."""


class _Handler(BaseHTTPRequestHandler):
    timeout = _SILENT_S
    server: _Server

    def do_GET(self) -> None:
        # A page of another site that resolves its own name to this address must not read the screen.
        host = self.headers.get("Host", "").rpartition(":")[0] or self.headers.get("Host", "")
        if host not in ("127.0.0.1", "localhost"):
            self._say(HTTPStatus.FORBIDDEN, "text/plain", b"this page has one name: 127.0.0.1\n")
        elif self.path == "/":
            self._say(HTTPStatus.OK, "text/html; charset=utf-8", _PAGE)
        elif self.path.partition("?")[0] == "/screen.png":
            self._picture()
        else:
            self._say(HTTPStatus.NOT_FOUND, "text/plain", b"/ or /screen.png\n")

    def _picture(self) -> None:
        try:
            with self.server.picture.open("rb") as file:
                data = file.read(_MAX_BYTES + 1)
        except OSError:
            data = b""
        if not data.startswith(b"\x89PNG") or len(data) > _MAX_BYTES:
            self._say(HTTPStatus.SERVICE_UNAVAILABLE, "text/plain", b"no picture of the screen yet\n")
        else:
            self._say(HTTPStatus.OK, "image/png", data)

    def _say(self, status: HTTPStatus, kind: str, data: bytes) -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
        """Nothing is worth a line."""
