"""One bounded HTTP request: one time limit for all of it, at most so many bytes, and errors that are ours.

For devices that stand behind a small web service. A server that sends a byte a second, an endless body or a wrong
certificate costs no more than what was allowed. No proxy, no redirect, no cookie.
"""

import contextlib
import hashlib
import http.client
import io
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from drivers import DeviceGone, OptionError, ProtocolError

MAX_BODY_BYTES = 4 * 1024 * 1024
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Site:
    """Where a service listens: http or https, its host and port, and the path below which it answers."""

    secure: bool
    host: str
    port: int
    path: str

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.secure else 'http'}://{host}:{self.port}"


def site(url: str) -> Site:
    """Raises OptionError for what is no http address, or one with a password in it (secrets are files)."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise OptionError(f"{url!r} is not an http:// or https:// address") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not url.isascii() or not url.isprintable():
        raise OptionError(f"{url!r} is not an http:// or https:// address")
    if parts.username is not None or parts.password is not None:
        raise OptionError("an address with a name or password in it: give the file that holds them instead")
    secure = parts.scheme == "https"
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    return Site(secure, parts.hostname, port or (443 if secure else 80), path)


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom to believe over TLS: the certificate with this SHA-256 (hex), else those of `ca`, else the system's."""

    pin: str = ""
    ca: str = ""

    def context(self) -> ssl.SSLContext:
        """Raises OptionError when the pin is no fingerprint or the file of authorities cannot be read."""
        if self.pin and (len(self._pin) != 64 or set(self._pin) - set("0123456789abcdef")):
            raise OptionError("pin: expected the certificate's SHA-256, 64 hexadecimal digits")
        try:
            context = ssl.create_default_context(cafile=self.ca or None)
        except (OSError, ssl.SSLError):
            raise OptionError(f"ca: {self.ca} holds no certificates that can be read") from None
        if self.pin:  # the pinned certificate is believed for itself, whoever signed it and whatever name it bears
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def check(self, certificate: bytes | None) -> None:
        """Raises DeviceGone when this is not the pinned certificate."""
        if self.pin and hashlib.sha256(certificate or b"").hexdigest() != self._pin:
            raise DeviceGone(
                "the certificate is not the pinned one: was the service installed anew, or is this another?"
            )

    @property
    def _pin(self) -> str:
        return self.pin.replace(":", "").lower()


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes = field(repr=False)


class Client:
    """Requests to one site, one at a time, each on its own connection; `cancel`, from any thread, ends it."""

    def __init__(self, where: Site, trust: Trust | None = None) -> None:
        self._site = where
        self._trust = trust or Trust()
        self._context = self._trust.context() if where.secure else None
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._cancelled = False

    def ask(
        self,
        method: str,
        path: str,
        timeout_s: float,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The whole answer. Raises DeviceGone (nobody there, too slow, cut off), ProtocolError (not HTTP, too big)."""
        with self.stream(method, path, timeout_s, body, headers) as (response, _):
            data = response.read(MAX_BODY_BYTES + 1)
            if response.length and len(data) <= MAX_BODY_BYTES:  # fewer than it said; reading so many does not tell
                raise http.client.IncompleteRead(data, response.length)
            if len(data) > MAX_BODY_BYTES:
                raise ProtocolError(f"{self._site}: an answer of more than {MAX_BODY_BYTES} bytes")
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, data)

    @contextlib.contextmanager
    def stream(
        self,
        method: str,
        path: str,
        timeout_s: float,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[tuple[http.client.HTTPResponse, "Limit"]]:
        """An answer that has begun, and the time limit its reading has (to be extended for one without end)."""
        limit = Limit(timeout_s)
        line: socket.socket | None = None
        try:
            line = self._connect(limit)
            connection = http.client.HTTPConnection(self._site.host, self._site.port)
            connection.sock = _Timed(line, limit)  # all that http.client asks of a socket
            connection.request(method, path or "/", body, dict(headers or {}))
            yield connection.getresponse(), limit
        except (TimeoutError, ConnectionError, socket.gaierror) as error:
            raise DeviceGone(f"{self._site}: {self._why(error)}") from None
        except ssl.SSLCertVerificationError as error:
            raise DeviceGone(f"{self._site}: its certificate is not trusted: {error.verify_message}") from None
        except (http.client.IncompleteRead, http.client.RemoteDisconnected):
            raise DeviceGone(f"{self._site}: {self._why(None)}") from None
        except http.client.HTTPException as error:
            raise ProtocolError(f"{self._site}: not an answer in HTTP ({type(error).__name__})") from None
        except (OSError, ValueError) as error:
            raise DeviceGone(f"{self._site}: {self._why(error)}") from None
        finally:
            with self._lock:
                self._socket = None
            if line is not None:
                line.close()

    def cancel(self) -> None:
        """End the request under way, and refuse others until `resume`."""
        with self._lock:
            self._cancelled = True
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    # The plain one even under TLS: its own would take the state away under the reading thread.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def resume(self) -> None:
        with self._lock:
            self._cancelled = False

    def _connect(self, limit: "Limit") -> socket.socket:
        plain = socket.create_connection((self._site.host, self._site.port), limit.left_s())
        try:
            self._hold(plain)
            if self._context is None:
                return plain
            plain.settimeout(limit.left_s())
            secure = self._context.wrap_socket(plain, server_hostname=self._site.host)
        except BaseException:
            plain.close()
            raise
        try:
            self._trust.check(secure.getpeercert(binary_form=True))
            self._hold(secure)
        except BaseException:
            secure.close()
            raise
        return secure

    def _hold(self, connection: socket.socket) -> None:
        with self._lock:
            if self._cancelled:
                raise DeviceGone(f"{self._site}: closed")
            self._socket = connection

    def _why(self, error: Exception | None) -> str:
        if self._cancelled:
            return "closed"
        if isinstance(error, TimeoutError):
            return "no answer in time"
        if isinstance(error, ConnectionRefusedError):
            return "nobody listens there; is the service running?"
        if isinstance(error, socket.gaierror):
            return "the name is not known"
        return f"the connection broke ({getattr(error, 'strerror', None) or 'cut off'})"


class Limit:
    """A moment by which all must be done."""

    def __init__(self, timeout_s: float) -> None:
        self.extend(timeout_s)

    def extend(self, timeout_s: float) -> None:
        """From now on, so long."""
        self._until_s = time.monotonic() + timeout_s

    def left_s(self) -> float:
        """Raises TimeoutError when nothing is left."""
        left = self._until_s - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class _Timed:
    """A socket as http.client uses it, each call given what is left of the time."""

    def __init__(self, connection: socket.socket, limit: Limit) -> None:
        self._connection = connection
        self._limit = limit

    def sendall(self, data: bytes) -> None:
        self._connection.settimeout(self._limit.left_s())
        self._connection.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._connection, self._limit), _CHUNK)

    def close(self) -> None:
        """Not yet: http.client lets go of the connection before the answer is read."""


class _Reader(io.RawIOBase):
    def __init__(self, connection: socket.socket, limit: Limit) -> None:
        self._connection = connection
        self._limit = limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._connection.settimeout(self._limit.left_s())
        return self._connection.recv_into(buffer)


def secret(path: str) -> str:
    """The one line of a file with a secret in it, "" for no file. Raises OptionError."""
    if not path:
        return ""
    try:
        with Path(path).open(encoding="utf-8") as file:
            return file.read(4096).strip()
    except (OSError, ValueError):
        raise OptionError(f"{path}: a file with a secret that cannot be read") from None
