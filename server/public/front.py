"""What stands before the public pages: a cache keyed by the version of the projection, limits, and no cookie (R5.1).

What must stay true here: no cookie and no login goes in or comes out, so a page is the same for everybody and any cache
on the way may keep it; an answer depends on its path and the parameters named in PARAMETERS alone.
"""

import asyncio
import hashlib
import time
import zlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server import LedgerError
from server.ledger.store import Ledger
from server.public import views, words
from server.public.limits import ANSWERS, PAGES_MADE, Limit, Rate, whose

PREFIX = "/public"
PARAMETERS = ("dir", "lang", "page", "q", "show", "sort")
CACHE = b"public, max-age=30, stale-while-revalidate=60"
MAX_BYTES = 64 * 2**20
_MAX_QUERY = 512
_LOOK_S, _OLD_S = 1.0, 10.0  # how often the version is looked up; how old it may be while that goes on
_AT_ONCE = 4
_PRIVATE = (b"cookie", b"authorization", b"accept-encoding", b"if-none-match")

Headers = list[tuple[bytes, bytes]]
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it is kept; `packed` empty: not worth it."""

    status: int
    headers: Headers
    body: bytes
    packed: bytes
    tag: bytes

    @property
    def size(self) -> int:
        return len(self.body) + len(self.packed) + 1024


class Front:
    """ASGI middleware. Whatever is not below /public goes past it untouched. `busy`: by language, the page for whoever
    asks too much; it is made once, since a refusal must cost less than an answer."""

    def __init__(
        self,
        app: ASGIApp,
        ledger: Ledger,
        busy: Mapping[str, bytes],
        answers: Rate = ANSWERS,
        made: Rate = PAGES_MADE,
    ) -> None:
        self._app, self._ledger, self._busy = app, ledger, busy
        self._answers, self._made = Limit(answers), Limit(made)
        self._kept: OrderedDict[Key, tuple[int, Answer]] = OrderedDict()
        self._bytes = 0
        self._making: dict[Key, asyncio.Future[Answer]] = {}
        self._version, self._looked_s = -1, float("-inf")
        self._looking: asyncio.Task[None] | None = None
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope.get("path", "")
        if scope["type"] != "http" or not (path == PREFIX or path.startswith(PREFIX + "/")):
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        now_s, address = time.monotonic(), whose((scope.get("client") or ("",))[0])
        if not self._answers.take(address, now_s):
            await self._refuse(scope, headers, send)
            return
        key = path, _question(scope, headers)
        answer = await self._kept_answer(key, now_s) if scope["method"] in ("GET", "HEAD") else None
        if answer is None:
            if not self._made.take(address, now_s):
                await self._refuse(scope, headers, send)
                return
            answer = await self._make(key, scope, receive)
        await _send(answer, scope, headers, send)

    async def _refuse(self, scope: Scope, asked: dict[bytes, bytes], send: Send) -> None:
        page = self._busy[_asked(scope, asked)["lang"]]
        told = [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", str(len(page)).encode())]
        headers = [*told, (b"retry-after", b"5"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 429, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else page})

    async def _kept_answer(self, key: Key, now_s: float) -> Answer | None:
        version = await self._newest(now_s)
        kept = self._kept.get(key)
        if kept is None or kept[0] != version:
            return None
        self._kept.move_to_end(key)
        return kept[1]

    async def _newest(self, now_s: float) -> int:
        """The version of the projection, looked up at most once a second, and not waited for unless it is old."""
        age_s = now_s - self._looked_s
        if age_s > _LOOK_S and self._looking is None:
            self._looking = asyncio.create_task(self._look())
        if age_s > _OLD_S and self._looking is not None:
            await asyncio.shield(self._looking)
        return self._version

    async def _look(self) -> None:
        try:
            self._version = await run_in_threadpool(self._read_version)
        except LedgerError:
            pass  # what is kept is shown until the ledger can be read again, with the time it was true at
        finally:
            self._looked_s, self._looking = time.monotonic(), None

    def _read_version(self) -> int:
        with self._ledger.read() as connection:
            return views.state(connection).version

    async def _make(self, key: Key, scope: Scope, receive: Receive) -> Answer:
        """Ask the application; who asks for the same meanwhile gets the same answer."""
        cacheable = scope["method"] in ("GET", "HEAD") and not key[0].endswith(("/qr", "/qr.svg"))
        if not cacheable:
            return await _ask(self._app, key, scope, receive, cacheable=False)
        if (under_way := self._making.get(key)) is not None:
            return await asyncio.shield(under_way)
        made = self._making[key] = asyncio.get_running_loop().create_future()
        made.add_done_callback(_heard)
        try:
            version = self._version
            async with self._turns:
                answer = await _ask(self._app, key, scope, receive, cacheable=True)
            if answer.status == 200:
                self._keep(key, version, answer)
            made.set_result(answer)
            return answer
        except BaseException as error:
            made.set_exception(error if isinstance(error, Exception) else ConnectionError("the first asker left"))
            raise
        finally:
            del self._making[key]

    def _keep(self, key: Key, version: int, answer: Answer) -> None:
        if key in self._kept:
            self._bytes -= self._kept.pop(key)[1].size
        self._kept[key] = version, answer
        self._bytes += answer.size
        while self._bytes > MAX_BYTES:
            self._bytes -= self._kept.popitem(last=False)[1][1].size


def _heard(made: "asyncio.Future[Answer]") -> None:
    if not made.cancelled():
        made.exception()  # whoever waits hears of it; if nobody does, that is no failure of its own


async def _ask(app: ASGIApp, key: Key, scope: Scope, receive: Receive, *, cacheable: bool) -> Answer:
    """The application's answer to a question without cookie, login or parameters it does not know."""
    plain = [(name, value) for name, value in scope["headers"] if name not in _PRIVATE]
    method = "GET" if scope["method"] == "HEAD" else scope["method"]
    asked = dict(scope, method=method, query_string=key[1].encode(), headers=plain)
    status, headers, parts = 500, [], []

    async def take(message: Message) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status = message["status"]
            headers = [(k, v) for k, v in message.get("headers", []) if k not in (b"set-cookie", b"content-length")]
        elif message["type"] == "http.response.body":
            parts.append(message.get("body", b""))

    await app(asked, receive, take)
    body = b"".join(parts)
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    packed = packer.compress(body) + packer.flush() if len(body) > 500 else b""
    tag = b'"' + hashlib.sha256(body).hexdigest()[:20].encode() + b'"'
    if status == 200:
        headers.append((b"cache-control", CACHE if cacheable else b"private, max-age=300"))
    elif status == 302:
        headers.append((b"cache-control", CACHE))
    headers.append((b"vary", b"accept-encoding, accept-language"))
    return Answer(status, headers, body, packed, tag)


async def _send(answer: Answer, scope: Scope, asked: dict[bytes, bytes], send: Send) -> None:
    headers, body, status = list(answer.headers), answer.body, answer.status
    if status == 200:
        packed = bool(answer.packed) and b"gzip" in asked.get(b"accept-encoding", b"")
        tag = answer.tag[:-1] + b'-z"' if packed else answer.tag
        headers.append((b"etag", tag))
        if tag in [one.strip().removeprefix(b"W/") for one in asked.get(b"if-none-match", b"").split(b",")]:
            status, body = 304, b""
        elif packed:
            body = answer.packed
            headers.append((b"content-encoding", b"gzip"))
    if status != 304:
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def _question(scope: Scope, headers: dict[bytes, bytes]) -> str:
    """The parameters that count, in one order."""
    return urlencode(sorted(_asked(scope, headers).items()))


def _asked(scope: Scope, headers: dict[bytes, bytes]) -> dict[str, str]:
    """The parameters that count, with the language they or the browser ask for."""
    raw = scope.get("query_string", b"")[:_MAX_QUERY].decode("latin-1")
    said = {name: value for name, value in parse_qsl(raw) if name in PARAMETERS}
    if said.get("lang") not in words.LANGUAGES:
        wish = headers.get(b"accept-language", b"")[:2].decode("latin-1").lower()
        said["lang"] = wish if wish in words.LANGUAGES else words.EN.code
    return said
