"""What the pretended web services share: a server on loopback with plain request handlers, with or without TLS."""

import contextlib
import datetime as dt
import hashlib
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

from drivers import OptionError
from drivers.entry import Stage
from drivers.playing import Orders, play, variant
from drivers.stand import host_and_port

MAX_REQUEST_BYTES = 64 * 1024


class WebSimulation:
    """A pretended service on a port. Orders are obeyed under `changed`, and all who wait on it hear of each."""

    usage = ""

    def __init__(self, stage: Stage, variants: Iterable[str]) -> None:
        """Raises OptionError."""
        self.variant = variant(stage, variants)
        self.pacing = stage.pacing
        self.changed = threading.Condition()
        self.closed = False

    def serve(self, stage: Stage, port: int, handler: "type[Handler]", *, tls: bool) -> None:
        """Listen, here or where `stage` says; each of the handlers knows us as `sim`. Raises OptionError."""
        host, port = address(stage, port)
        self._server = Server(host, port, type("SimHandler", (handler,), {"sim": self}), tls=tls)
        self.pin, self.port, self.url = self._server.pin, int(self._server.server_address[1]), self._server.url

    @property
    def where(self) -> str:
        return f"{self.url} pin {self.pin}" if self.pin else self.url

    def orders(self) -> Orders:
        """What whoever plays it may say, beside "help"."""
        raise NotImplementedError

    def do(self, what: str) -> str:
        """One line of whoever plays. Raises ProtocolError."""
        with self.changed:
            said = play(what, self.orders(), self.usage)
            self.changed.notify_all()
        return said

    def close(self) -> None:
        with self.changed:
            self.closed = True
            self.changed.notify_all()
        self._server.close()


def address(stage: Stage, port: int) -> tuple[str, int]:
    """Where a web service is to listen: what `tcp` says, else loopback and its usual port. Raises OptionError."""
    if stage.port or stage.pty:
        raise OptionError("a web service stands on --tcp HOST:PORT, not on a serial port")
    if not stage.tcp:
        return "127.0.0.1", port
    return host_and_port(stage.tcp)


class Handler(BaseHTTPRequestHandler):
    """A request handler that is silent, patient for ten seconds, and reads no more than a request may have."""

    protocol_version = "HTTP/1.1"
    timeout = 10

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name is given
        """Not a word: a log is no place for what was asked."""

    def body(self) -> bytes:
        length = self.headers.get("Content-Length", "0")
        return self.rfile.read(min(int(length), MAX_REQUEST_BYTES)) if length.isdecimal() else b""

    def reply(self, body: bytes, kind: str, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """Serves until closed, and closes the connections it still holds."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 16

    def __init__(self, host: str, port: int, handler: type[Handler], *, tls: bool = False) -> None:
        """Raises OptionError when it cannot listen there."""
        self.pin = ""
        self._held: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, port), handler)
        except OSError as error:
            raise OptionError(f"{host}:{port}: cannot listen: {error.strerror or error}") from None
        self._context = self._tls(host) if tls else None
        threading.Thread(target=self.serve_forever, args=(0.05,), name="web-sim", daemon=True).start()

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        name = f"[{host!s}]" if ":" in str(host) else str(host)
        return f"{'https' if self._context else 'http'}://{name}:{port}"

    def finish_request(self, request: object, client_address: object) -> None:
        connection = request
        assert isinstance(connection, socket.socket)  # noqa: S101 - what a stream server hands over
        with contextlib.suppress(OSError, ValueError):
            if self._context:
                connection.settimeout(Handler.timeout)
                connection = self._context.wrap_socket(connection, server_side=True)
            with self._lock:
                self._held.add(connection)
            try:
                self.RequestHandlerClass(connection, client_address, self)  # type: ignore[arg-type]
            finally:
                with self._lock:
                    self._held.discard(connection)
                if connection is not request:
                    connection.close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever hung up is no news."""

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        with self._lock:
            held = list(self._held)
        for connection in held:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def _tls(self, host: str) -> ssl.SSLContext:
        key, certificate, self.pin = self_signed(host)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with TemporaryDirectory() as folder:
            (Path(folder) / "both.pem").write_bytes(key + certificate)
            context.load_cert_chain(Path(folder) / "both.pem")
        return context


def self_signed(host: str) -> tuple[bytes, bytes, str]:
    """A key and a certificate as such services make them for themselves, both PEM, and its SHA-256 in hex."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    names: list[x509.GeneralName] = [x509.DNSName("localhost")]
    with contextlib.suppress(ValueError):
        names.append(x509.IPAddress(ipaddress.ip_address(host)))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=365))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    der = certificate.public_bytes(serialization.Encoding.DER)
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return secret, certificate.public_bytes(pem), hashlib.sha256(der).hexdigest()
