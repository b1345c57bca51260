"""How many requests a second do the public pages take from their cache, over HTTP on this machine?

A made-up department of so many people is projected; the web server is a process of its own, as in the field; and a
client that only counts asks for a few pages again and again over connections that stay open. Nobody in it exists.
"""

import asyncio
import multiprocessing
import os
import socket
import tempfile
import threading
import time
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from rich.console import Console

from server import ServerError
from server.bench.stage import cpu_of
from server.ledger.store import Ledger, now_ms
from server.people import synthetic
from server.public import front
from server.public.limits import Rate
from server.public.projector import Projector
from server.trust.vault import Vault

_SEED = 1
_PEOPLE_A_SCHOOL = 20
_CONNECTIONS = 16
_PATIENCE_S = 60.0
_NO_LIMIT = Rate(1e12, 1e12)  # all of the load comes from one address


def run(console: Console, people: int, seconds: float = 8.0) -> dict[str, Any]:
    """The figures of a department of about so many people."""
    with tempfile.TemporaryDirectory(prefix="hazri-") as name:
        database = f"sqlite:///{Path(name) / 'ledger.db'}"
        console.print(f"making a department of {people} people")
        ledger = Ledger(database)
        made = synthetic.generate(max(1, people // _PEOPLE_A_SCHOOL), _SEED)
        synthetic.write(ledger, Vault(os.urandom(32)), made)
        projector = Projector(ledger)
        first_s, again_s = _timed(projector), _timed(projector)
        ledger.close()
        base = f"/public/{made.slug}"
        paths = [base, f"{base}/attendance", f"{base}/attendance?page=3", f"{base}/offices", f"{base}/office/s1"]
        console.print("asking for pages")
        with (served := _Served(database)) as port:
            pages = {path: asyncio.run(_once(port, path)) for path in paths}
            spent_s = cpu_of(served.pid)
            found = asyncio.run(_load(port, paths, seconds))
            spent_s = cpu_of(served.pid) - spent_s
    worst_ms = max(ms for _, _, ms in pages.values())
    return {
        "people": len(made.people),
        "offices": len(made.places),
        "requests_per_s": round(found[0] / found[1]),
        "requests": found[0],
        "connections": _CONNECTIONS,
        "server_cpu_us_a_request": round(spent_s / found[0] * 1e6),
        "page_bytes_max": max(size for size, _, _ in pages.values()),
        "page_gzip_bytes_max": max(packed for _, packed, _ in pages.values()),
        "page_made_ms_max": round(worst_ms, 1),
        "projected_first_s": round(first_s, 2),
        "projected_nothing_new_s": round(again_s, 2),
    }


def _timed(projector: Projector) -> float:
    began = time.monotonic()
    projector.tick(now_ms())
    return time.monotonic() - began


class _Served:
    """The web server over a ledger, in a process of its own; gives its port."""

    def __init__(self, database: str) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._near, far = spawn.Pipe()
        self._child = spawn.Process(target=_serve, args=(far, database), daemon=True)

    @property
    def pid(self) -> int:
        return self._child.pid or 0

    def __enter__(self) -> int:
        self._child.start()
        if not self._near.poll(_PATIENCE_S):
            raise ServerError("bench: the web server did not start")
        port: int = self._near.recv()
        return port

    def __exit__(self, *_: object) -> None:
        self._child.terminate()
        self._child.join()


def _serve(end: Connection, database: str) -> None:
    from server.feed import Feed
    from server.run import start_web
    from server.web.services import Services

    front.Front.__init__.__defaults__ = (_NO_LIMIT, _NO_LIMIT)
    with ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        start_web(stack, Services(Ledger(database), Feed(), list), listening)
        end.send(listening.getsockname()[1])
        threading.Event().wait()


# ── the client: as little as HTTP/1.1 needs, so that it is not itself what is measured ──


async def _once(port: int, path: str) -> tuple[int, int, float]:
    """A page that must be made: its bytes, its bytes compressed, and milliseconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.monotonic()
    plain = await _ask(reader, writer, _request(path, "identity"))
    took_ms = (time.monotonic() - began) * 1000
    packed = await _ask(reader, writer, _request(path, "gzip"))
    writer.close()
    return plain, packed, took_ms


async def _load(port: int, paths: list[str], seconds: float) -> tuple[int, float]:
    """Answers, and seconds."""
    began = time.monotonic()
    counts = await asyncio.gather(
        *(_client(port, paths[n % len(paths) :] + paths, began + seconds) for n in range(_CONNECTIONS))
    )
    return sum(counts), time.monotonic() - began


async def _client(port: int, paths: list[str], until_s: float) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    requests, done = [_request(path, "gzip") for path in paths], 0
    while time.monotonic() < until_s:
        await _ask(reader, writer, requests[done % len(requests)])
        done += 1
    writer.close()
    return done


def _request(path: str, encoding: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nhost: bench\r\naccept-encoding: {encoding}\r\n\r\n".encode()


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> int:
    """Send one request and read the whole answer; returns the bytes of its body. Raises ServerError."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise ServerError(f"bench: a public page answered {head[:40]!r}")
    size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    await reader.readexactly(size)
    return size
