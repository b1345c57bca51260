"""`hazri-server pull`: keep a file equal to a feed of another server's ledger, over kill -9 at any point.

The cursor is the other server's place in its ledger, never a time: what was committed late comes late, but it comes.
Which feeds there are, and how their cursors follow each other, is in `copied`.

What must stay true here: the state file names a cursor and the size the file has when it holds exactly everything up
to that cursor. Lines are written and synced first, the state is replaced after; at the start whatever lies behind the
named size is cut off and asked for again. A file without a state is nobody's to cut: so before its first line is
written, a state names it empty.
"""

import contextlib
import logging
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, BinaryIO, TypeVar

import httpx
import msgspec
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from server import PullError
from server.sharing.copied import CURSOR, Feed, Part
from server.trust.keys import held
from sync.files import replace_file

log = logging.getLogger("hazri.pull")
T = TypeVar("T")

PAGE = 5000  # asked for at once
_TIMEOUT_S = 30.0
_MAX_PAGE_BYTES = 16 * 1024 * 1024
_MAX_ENTRY_BYTES = 256 * 1024 * 1024  # of one later dating by itself: a million and a half punches of one boot
_POLL_S = 1.0
_FIRST_RETRY_S, _RETRY_MAX_S = 1.0, 60.0


class State(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the state file holds: everything up to `after` is in the first `size` bytes of the file. A number is a
    cursor of punches, a text one of changes."""

    url: str
    after: Annotated[int, msgspec.Meta(ge=0)] | Annotated[str, msgspec.Meta(pattern=CURSOR)]
    size: Annotated[int, msgspec.Meta(ge=0)]


def pull(url: str, token: str, state_path: Path, out_path: Path, *, feed: Feed, follow: bool) -> str:
    """Bring `out_path` up to date, and say so; with `follow` stay and keep it so. Raises PullError."""
    base = base_url(url)
    headers = {"authorization": f"Bearer {bearer(token)}"}
    with contextlib.ExitStack() as stack:
        _alone(stack, state_path)
        out, state = _resume(base, feed, state_path, out_path)
        stack.enter_context(out)
        client = stack.enter_context(httpx.Client(base_url=base, headers=headers, timeout=_TIMEOUT_S))
        progress = stack.enter_context(_progress())
        task = progress.add_task(feed.name, total=None)
        for part in _parts(client, feed, state.after, follow):
            state = _keep(out, state_path, state, part)
            progress.advance(task, len(part.lines))
            log.debug("pull after=%s", state.after)
        log.info("pull state=done after=%s", state.after)
        return f"everything up to {state.after}"


def _keep(out: BinaryIO, state_path: Path, state: State, part: Part) -> State:
    """Lines first, synced; then the state that counts them."""
    lines = b"".join(line + b"\n" for line in part.lines)
    try:
        if lines and not state.size:
            _save(state_path, state)
        out.write(lines)
        out.flush()
        os.fsync(out.fileno())
        state = State(state.url, part.next, state.size + len(lines))
        _save(state_path, state)
    except OSError as error:
        raise PullError(f"{out.name} or {state_path}: {error.strerror}; free some room and run it again") from None
    return state


def _parts(client: httpx.Client, feed: Feed, after: int | str, follow: bool) -> Iterator[Part]:
    """What comes that holds something, until there is no more (or for ever)."""
    pause_s, limit = _FIRST_RETRY_S, PAGE
    while True:
        try:
            part = _part(client, feed, after, limit)
        except LargeError:  # one later dating of a month of punches is long: fewer at once
            if limit == 1:
                raise
            limit = max(1, limit // 8)
            continue
        except LaterError as error:
            if not follow:
                raise PullError(str(error)) from None
            log.warning("pull state=waiting pause_s=%.0f reason=%s", pause_s, error)
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, _RETRY_MAX_S)
            continue
        pause_s, limit = _FIRST_RETRY_S, min(2 * limit, PAGE)
        if part.next != after:  # a token of one office goes past what others punched
            yield part
            after = part.next
        if part.more:
            continue
        if not follow:
            return
        time.sleep(_POLL_S)


class LaterError(PullError):
    """The other side may answer later."""


class LargeError(PullError):
    """More came than is taken at once; less may be asked for."""


def fetch(
    client: httpx.Client, path: str, params: Mapping[str, str | int], kind: type[T], most_bytes: int | None = None
) -> T:
    """One answer of the other server, decoded. Raises PullError, LaterError, LargeError."""
    where = f"{str(client.base_url).rstrip('/')}{path}"
    try:
        with client.stream("GET", path, params=params) as answer:
            body = _bounded(answer, where, most_bytes or _MAX_PAGE_BYTES)
    except (httpx.InvalidURL, UnicodeError) as error:  # the name itself, or where we were sent on to
        raise PullError(f"--url: {error}") from None
    except httpx.HTTPError as error:
        raise LaterError(f"{where}: {str(error) or type(error).__name__}") from None
    if answer.status_code >= 500 or answer.status_code == 429:
        raise LaterError(f"{where}: answered {answer.status_code}")
    if answer.status_code != 200:
        raise PullError(f"{where}: {_reason(answer.status_code, body)}")
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise PullError(f"{where}: not an answer of hazri-server ({error})") from None


def _part(client: httpx.Client, feed: Feed, after: int | str, limit: int) -> Part:
    most_bytes = _MAX_ENTRY_BYTES if limit == 1 and feed.long else None
    page = fetch(client, feed.path, {"after": after, "limit": limit}, feed.page, most_bytes)
    where = f"{str(client.base_url).rstrip('/')}{feed.path}"
    try:
        part = feed.part(page, after)
    except PullError as error:
        raise PullError(f"{where}: {error}") from None
    if part.more and part.next == after:
        raise LaterError(f"{where}: says that there is more behind {after}, and gives nothing")
    return part


def _bounded(answer: httpx.Response, where: str, most_bytes: int) -> bytearray:
    body = bytearray()
    for part in answer.iter_bytes():
        body += part
        if len(body) > most_bytes:
            raise LargeError(f"{where}: an answer of more than {most_bytes} bytes; is this hazri-server?")
    return body


def _reason(status: int, body: bytearray) -> str:
    class Error(msgspec.Struct):
        error: str

    try:
        return f"{status}: {msgspec.json.decode(body, type=Error).error}"
    except msgspec.DecodeError:
        return f"answered {status}; is this the address of hazri-server?"


def _resume(url: str, feed: Feed, state_path: Path, out_path: Path) -> tuple[BinaryIO, State]:
    """Open the file at the place the state names, cutting off what a kill left behind it."""
    try:
        state = _load(state_path)
        if state is None:
            if out_path.is_file() and out_path.stat().st_size:
                raise PullError(f"{out_path}: is not empty, and {state_path} does not exist; name another --out")
            state = State(url, feed.start, 0)
        if state.url != url:
            raise PullError(f"{state_path}: belongs to {state.url}; every server needs a state and a file of its own")
        if type(state.after) is not type(feed.start):
            raise PullError(f"{state_path}: is not of {feed.name}; punches and changes need a state and a file each")
        out = os.fdopen(os.open(out_path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
        size = out.seek(0, os.SEEK_END)
        if size < state.size:
            out.close()
            raise PullError(
                f"{out_path}: has {size} bytes, {state_path} says {state.size}; restore the file, or remove both"
            )
        out.truncate(state.size)
        out.seek(state.size)
    except OSError as error:
        raise PullError(f"{error.filename}: {error.strerror}") from None
    return out, state


def _load(path: Path) -> State | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=State)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise PullError(f"{path}: not a state file of pull ({error})") from None


def _save(path: Path, state: State) -> None:
    replace_file(path, msgspec.json.encode(state) + b"\n")


def _alone(stack: contextlib.ExitStack, state_path: Path) -> None:
    try:
        stack.enter_context(held(state_path.with_name(state_path.name + ".lock"), wait=False))
    except BlockingIOError:
        raise PullError(f"{state_path}: another pull is at work with it") from None
    except OSError as error:
        raise PullError(f"{state_path}: {error.strerror}") from None


def base_url(url: str) -> str:
    try:
        parsed = httpx.URL(url)
        named = parsed.scheme in ("http", "https") and bool(parsed.host)
    except (httpx.InvalidURL, ValueError) as error:
        raise PullError(f"--url: {error}") from None
    if not named:
        raise PullError("--url: expected http://… or https://…")
    return url.rstrip("/")


def bearer(text: str) -> str:
    token = text.strip()
    if not token.isascii() or not token.isprintable() or not 1 <= len(token) <= 200 or " " in token:
        raise PullError("--token-file: expected one line with a token")
    return token


def _progress() -> Progress:
    """A counter on a terminal, nothing elsewhere."""
    columns = SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn()
    console = Console(stderr=True)
    return Progress(*columns, console=console, disable=not console.is_terminal)
