"""How quickly is a large ledger read? `api`: the stream of a pull, and pages. `dashboard`: every page there is, as
somebody of everything, of a state, of a district and of one office sees it, and how far the live view lags behind a
thousand punches a second.

The web server is a process of its own (`hazri-server web`), as it is in the field; the client here reads bytes and
decodes none.
"""

import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import Progress

from server import ServerError, leash
from server.bench import pages, state
from server.bench.stage import cpu_of
from server.bench.timing import spread, timed
from server.ledger.store import Ledger
from server.trust import tokens
from server.trust.keys import open_keys
from server.trust.tokens import Scope

_PAGES, _PAGE = 300, 200
_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Served:
    """A web process over the ledger."""

    address: str
    pid: int


def run(console: Console, what: str, punches: int, terminals: int, url: str) -> dict[str, Any]:
    """The figures of `api` or `dashboard`, on a made-up ledger of so many punches. Raises ServerError."""
    with Progress(console=console, transient=True) as progress, tempfile.TemporaryDirectory(prefix="hazri-") as name:
        folder = Path(name)
        database = url or f"sqlite:///{folder / 'ledger.db'}"
        ledger = Ledger(database)
        task = progress.add_task("making a ledger", total=punches)
        started = time.monotonic()

        def tell(doing: str, done: int, total: int) -> None:
            progress.update(task, description=f"making {doing}", completed=done, total=total)

        punches = state.prepare(ledger, folder, punches, terminals, tell)
        filled_s = time.monotonic() - started
        with served(database, folder) as web:
            progress.update(task, description="reading it")
            found = _api(ledger, web, punches) if what == "api" else pages.run(ledger, folder, web.address, web.pid)
        ledger.close()
    filled = {"punches": punches, "terminals": terminals, "made_per_s": round(punches / filled_s)}
    return found | filled | {"database": database.partition(":")[0].partition("+")[0]}


def _api(ledger: Ledger, web: Served, punches: int) -> dict[str, Any]:
    token = tokens.make(ledger, "bench", Scope.PULL, 1)
    headers = {"authorization": f"Bearer {token}", "accept": "application/x-ndjson", "accept-encoding": "identity"}
    with httpx.Client(base_url=web.address, headers=headers, timeout=_PATIENCE_S) as client:
        spent_s = cpu_of(web.pid)
        plain_s, size = _stream(client, "/api/v1/punches", punches)
        spent_s = cpu_of(web.pid) - spent_s
        changes_s, _ = _stream(client, "/api/v1/changes", punches)
        client.headers["accept-encoding"] = "gzip"
        packed_s, packed = _stream(client, "/api/v1/punches", 0)
        client.headers["accept"] = "application/json"
        client.headers["accept-encoding"] = "identity"
        draw = random.Random(1)  # noqa: S311 - a load, not a secret
        places = [draw.randrange(max(1, punches - _PAGE)) for _ in range(_PAGES)]
        before_s = cpu_of(web.pid)
        asked = [timed(client, f"/api/v1/punches?after={at}&limit={_PAGE}") for at in places]
        page_cpu_ms = (cpu_of(web.pid) - before_s) * 1000 / _PAGES
        tag = client.get("/api/v1/punches?limit=1").headers["etag"]
        client.headers["if-none-match"] = tag
        idle = [timed(client, "/api/v1/punches?limit=1", 304) for _ in range(_PAGES)]
    return {
        "streamed_per_s": round(punches / plain_s),
        "streamed_per_server_cpu_s": round(punches / spent_s),
        "server_cpu_us_a_punch": round(spent_s / punches * 1e6, 1),
        "streamed_bytes_a_punch": round(size / punches),
        "changes_streamed_per_s": round(punches / changes_s),
        "gzip_streamed_per_s": round(punches / packed_s),
        "gzip_bytes_a_punch": round(packed / punches, 1),
        "page_of_200_ms": spread(asked),
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


@contextmanager
def served(database: str, folder: Path) -> Iterator[Served]:
    """A web process of its own. Raises ServerError when it does not start."""
    open_keys(folder, ("127.0.0.1",))
    config = folder / "server.toml"
    config.write_text(f'state_dir = "{folder}"\ndatabase_url = "{database}"\n', encoding="utf-8")
    leashed = [sys.executable, leash.__file__, str(os.getpid()), "-"]
    command = [*leashed, sys.executable, "-m", "server", "web", "--port", "0", "--config", str(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            line = child.stdout.readline() if child.stdout else ""
            found = re.fullmatch(r"ready web=(\S+)\n", line)
            if not found:
                raise ServerError("bench: the web server did not start")
            yield Served(found[1], child.pid)
        finally:
            child.terminate()
