"""Where releases come from: the aggregator's pages, or a stick. Read in ranges, with an end to patience.

Nothing that comes from here is believed: signatures and sums are (edge.update.trust, edge.update.fetch). So all that
can be done to us is to send too much, too slowly, or nothing; each has a limit.
"""

import http.client
import ssl
import time
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edge.update import SourceError

_CHUNK = 16 * 1024
_HEAD_BYTES = 600  # what a request and the head of its answer cost, about
_OK, _PART, _MISSING = 200, 206, (403, 404)


class MissingError(SourceError):
    """It has no such file."""


class Source(Protocol):
    """`read` yields bytes of a file from `start`, `length` of them or, where None, all there are: the caller stops."""

    def read(self, path: str, start: int = 0, length: int | None = None) -> Iterator[bytes]: ...


class Purse(Protocol):
    """Who pays: `ask` raises LaterError when no more may be fetched now, `pay` counts what was."""

    def ask(self) -> None: ...
    def pay(self, count: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Patience:
    """No answer for `silence_s` is none; less than `least` bytes a second over `window_s` is an attack, or a line that
    would need weeks: GPRS at its worst gives ten times as much."""

    silence_s: float = 30.0
    window_s: float = 60.0
    least: int = 200


class Folder:
    """A copy of the repository on a stick."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, path: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        try:
            with (self._folder / path).open("rb") as file:
                file.seek(start)
                while chunk := file.read(_CHUNK if length is None else min(_CHUNK, length)):
                    length = None if length is None else length - len(chunk)
                    yield chunk
        except FileNotFoundError:
            raise MissingError(f"{path}: not on the stick") from None
        except OSError as error:
            raise SourceError(f"{self._folder / path}: {error.strerror}") from None


class Web:
    """The aggregator's /releases/, over one connection that is kept. An answer that is cut off is an error; what came
    of it was yielded, so that who resumes asks for the rest."""

    def __init__(
        self,
        url: str,
        purse: Purse,
        patience: Patience = Patience(),
        context: ssl.SSLContext | None = None,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SourceError(f"{url!r}: expected an address such as https://hazri.example.org")
        self._host, self._port, self._tls = parts.hostname, parts.port, parts.scheme == "https"
        self._base = parts.path.rstrip("/") + "/releases/"
        self._purse, self._patience, self._context, self._clock_s = purse, patience, context, clock_s
        self._line: http.client.HTTPConnection | None = None

    def read(self, path: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        self._purse.ask()
        whole = False
        try:
            answer = self._ask(path, start, length)
            for chunk in self._body(answer, length):
                self._purse.pay(len(chunk))
                yield chunk
            whole = answer.isclosed()
        except (OSError, http.client.HTTPException) as error:
            said = getattr(error, "strerror", None) or type(error).__name__
            raise SourceError(f"{self._host}: not reached, or broke off: {said}") from None
        finally:
            if not whole:
                self.close()

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def _ask(self, path: str, start: int, length: int | None) -> http.client.HTTPResponse:
        again = self._line is not None
        try:
            return self._answer(path, start, length)
        except (ConnectionError, http.client.RemoteDisconnected):
            if not again:
                raise
            self.close()  # the line that was kept was closed at the other end meanwhile
            return self._answer(path, start, length)

    def _answer(self, path: str, start: int, length: int | None) -> http.client.HTTPResponse:
        if self._line is None:
            self._line = self._open()
        ranged = start > 0 or length is not None
        headers = {"Range": f"bytes={start}-{'' if length is None else start + length - 1}"} if ranged else {}
        self._purse.pay(_HEAD_BYTES)
        self._line.request("GET", self._base + path, headers=headers)
        answer = self._line.getresponse()
        if answer.status in _MISSING:
            raise MissingError(f"{path}: the server has no such file")
        if answer.status != (_PART if ranged else _OK):
            raise SourceError(f"{path}: the server answers {answer.status}")
        if ranged and not (answer.getheader("Content-Range") or "").startswith(f"bytes {start}-"):
            raise SourceError(f"{path}: the server answers with another part than was asked for")
        return answer

    def _open(self) -> http.client.HTTPConnection:
        wait_s = self._patience.silence_s
        if self._tls:
            context = self._context or ssl.create_default_context()
            return http.client.HTTPSConnection(self._host, self._port, timeout=wait_s, context=context)
        return http.client.HTTPConnection(self._host, self._port, timeout=wait_s)

    def _body(self, answer: http.client.HTTPResponse, length: int | None) -> Iterator[bytes]:
        """What comes, while it comes fast enough; no more than was asked for."""
        began_s, count, left = self._clock_s(), 0, length
        while left is None or left > 0:
            chunk = answer.read1(_CHUNK if left is None else min(_CHUNK, left))
            if not chunk:
                if left:
                    raise http.client.IncompleteRead(b"", left)
                return
            left = None if left is None else left - len(chunk)
            count += len(chunk)
            yield chunk
            passed_s = self._clock_s() - began_s
            if passed_s >= self._patience.window_s:
                if count < self._patience.least * passed_s:
                    raise SourceError(f"too slow: {count} bytes in {passed_s:.0f} s")
                began_s, count = self._clock_s(), 0
        if not answer.isclosed() and answer.length == 0:
            answer.read()  # at its end the connection may be used again
