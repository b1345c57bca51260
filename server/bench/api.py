"""How quickly is a large ledger read? `api`: the stream of a pull, and pages. `dashboard`: its pages, and how far its
live view lags behind a thousand punches a second.

The web server is a process of its own, as it is in the field; the client here reads bytes and decodes none.
"""

import itertools
import multiprocessing
import random
import socket
import statistics
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import Progress

from server import ServerError
from server.bench.ledger import Made
from server.bench.stage import cpu_of
from server.ledger.store import Ledger, now_ms
from server.trust import tokens
from server.trust.keys import open_keys
from server.trust.tokens import Scope

_PAGES, _PAGE = 300, 200
_LAG_S, _RATE, _COMMITS = 10.0, 1000, 20
_PATIENCE_S = 60.0


def run(console: Console, what: str, punches: int, terminals: int, url: str) -> dict[str, Any]:
    """The figures of `api` or `dashboard`, on a made-up ledger of so many punches."""
    with Progress(console=console, transient=True) as progress, tempfile.TemporaryDirectory(prefix="hazri-") as name:
        folder = Path(name)
        database = url or f"sqlite:///{folder / 'ledger.db'}"
        ledger = Ledger(database)
        task = progress.add_task("making a ledger", total=punches)
        started = time.monotonic()
        made = Made(ledger, terminals)
        made.admit(open_keys(folder, ()))
        made.fill(punches, lambda n: progress.advance(task, n))
        filled_s = time.monotonic() - started
        token = tokens.make(ledger, "bench", Scope.PULL if what == "api" else Scope.DASHBOARD, 1)
        ledger.close()
        with served(database, folder, terminals, live=what == "dashboard") as (address, end, pid):
            progress.update(task, description="reading it")
            found = _api(address, token, punches, pid) if what == "api" else _dashboard(address, token, punches, end)
    filled = {"punches": punches, "terminals": terminals, "made_per_s": round(punches / filled_s)}
    return found | filled | {"database": database.partition(":")[0]}


# ── the clients ──


def _api(address: str, token: str, punches: int, pid: int) -> dict[str, Any]:
    headers = {"authorization": f"Bearer {token}", "accept": "application/x-ndjson", "accept-encoding": "identity"}
    with httpx.Client(base_url=address, headers=headers, timeout=_PATIENCE_S) as client:
        spent_s = cpu_of(pid)
        plain_s, size = _stream(client, "/api/v1/punches", punches)
        spent_s = cpu_of(pid) - spent_s
        changes_s, _ = _stream(client, "/api/v1/changes", punches)
        client.headers["accept-encoding"] = "gzip"
        packed_s, packed = _stream(client, "/api/v1/punches", 0)
        client.headers["accept"] = "application/json"
        client.headers["accept-encoding"] = "identity"
        draw = random.Random(1)  # noqa: S311 - a load, not a secret
        places = [draw.randrange(max(1, punches - _PAGE)) for _ in range(_PAGES)]
        before_s = cpu_of(pid)
        pages = [timed(client, f"/api/v1/punches?after={at}&limit={_PAGE}") for at in places]
        page_cpu_ms = (cpu_of(pid) - before_s) * 1000 / _PAGES
        tag = client.get("/api/v1/punches?limit=1").headers["etag"]
        client.headers["if-none-match"] = tag
        idle = [timed(client, "/api/v1/punches?limit=1", 304) for _ in range(_PAGES)]
    return {
        "streamed_per_s": round(punches / plain_s),
        "server_cpu_us_a_punch": round(spent_s / punches * 1e6, 1),
        "streamed_bytes_a_punch": round(size / punches),
        "changes_streamed_per_s": round(punches / changes_s),
        "gzip_streamed_per_s": round(punches / packed_s),
        "gzip_bytes_a_punch": round(packed / punches, 1),
        "page_of_200_ms": spread(pages),
        "page_of_200_server_cpu_ms": round(page_cpu_ms, 2),
        "nothing_new_ms": spread(idle),
    }


def _stream(client: httpx.Client, path: str, lines: int) -> tuple[float, int]:
    """Seconds and bytes until everything came; `lines` that there must be, 0 where they are packed."""
    started, size, seen = time.monotonic(), 0, 0
    with client.stream("GET", path) as answer:
        answer.raise_for_status()
        for part in answer.iter_raw():
            size += len(part)
            seen += part.count(b"\n")
    if lines and seen != lines:
        raise ServerError(f"bench: {path} gave {seen} lines of {lines}")
    return time.monotonic() - started, size


def timed(client: httpx.Client, path: str, status: int = 200) -> float:
    started = time.monotonic()
    answer = client.get(path)
    took = (time.monotonic() - started) * 1000
    if answer.status_code != status:
        raise ServerError(f"bench: {path} answered {answer.status_code}")
    return took


def spread(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {"p50": round(statistics.median(ordered), 2), "p99": round(ordered[len(ordered) * 99 // 100], 2)}


def _dashboard(address: str, token: str, punches: int, end: Connection) -> dict[str, Any]:
    with httpx.Client(base_url=address, timeout=_PATIENCE_S) as client:
        if client.post("/enter", data={"token": token}).status_code != 303:
            raise ServerError("bench: the dashboard did not let us in")
        pages = [timed(client, "/") for _ in range(30)]
        seen: list[tuple[int, float]] = []
        with client.stream("GET", f"/live?after={punches}") as live:
            end.send("write")
            give_up = time.monotonic() + _LAG_S
            for line in live.iter_lines():
                if line.startswith("id: "):
                    seen.append((int(line[4:]), time.monotonic()))
                if time.monotonic() > give_up:
                    break
    if not end.poll(_PATIENCE_S):
        raise ServerError("bench: the writer did not end")
    written: list[tuple[int, float]] = end.recv()
    lags = []
    for number, at in written:
        shown = next((when for got, when in seen if number <= got), None)
        if shown is not None:
            lags.append(max(0.0, (shown - at) * 1000))
    if not lags:
        raise ServerError("bench: the live view showed nothing")
    return {"page_ms": spread(pages), "live_lag_ms": spread(lags), "live_punches_per_s": _RATE}


# ── the server ──


@contextmanager
def served(database: str, folder: Path, terminals: int, *, live: bool) -> Any:
    spawn = multiprocessing.get_context("spawn")
    near, far = spawn.Pipe()
    child = spawn.Process(target=_serve, args=(far, database, folder, terminals, live), daemon=True)
    child.start()
    try:
        if not near.poll(_PATIENCE_S):
            raise ServerError("bench: the web server did not start")
        yield near.recv(), near, child.pid
    finally:
        child.terminate()
        child.join()


def _serve(end: Connection, database: str, folder: Path, terminals: int, live: bool) -> None:
    from collections import Counter

    from server.feed import Feed
    from server.run import start_web
    from server.web.services import Services

    ledger, feed = Ledger(database), Feed()
    with ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        start_web(stack, Services(ledger, feed, list, vault=open_keys(folder, ()).vault), listening)
        end.send(f"http://127.0.0.1:{listening.getsockname()[1]}")
        if live:
            end.recv()
            made, written = Made(ledger, terminals, seed=2), []
            begun = time.monotonic()
            for turn in itertools.count():
                if time.monotonic() - begun > _LAG_S - 2:
                    break
                time.sleep(max(0.0, begun + turn / _COMMITS - time.monotonic()))
                written.append((made.add(_RATE // _COMMITS, now_ms()), time.monotonic()))
                feed.add(Counter(punches=_RATE // _COMMITS))
            end.send(written)
        threading.Event().wait()
