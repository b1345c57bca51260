"""`hazri-server web`: pages and API alone, in a process of its own, beside `run`, on the same ledger and the same keys.

As many as there are cores may share one port: the kernel shares connections out among them (SO_REUSEPORT). Nothing a
page rests on is in a process: sessions, failed attempts, puzzles and codes are rows of the ledger, and what a form must
bring along follows from its session's cookie. So any of them may answer any request, and one that dies takes nothing
along. Each process's own are only how much an address may ask of the public pages, how many claims without a token it
may bring, and how many live views are open.
"""

import contextlib
import logging
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator

from sqlalchemy import select

from server import StartError
from server.feed import Feed
from server.ledger.records import PUNCHES, RECORDS
from server.ledger.store import Ledger
from server.ledger.tables import counter
from server.opened import open_state
from server.run import start_web
from server.settings import ServerSettings
from server.threads import Rounds, Threads
from server.web.furnish import furnished
from server.web.tiles import tiles_of
from sync.stopping import on_signal

log = logging.getLogger("hazri.web")

_LOOK_S = 0.2


class News(Rounds):
    """Tells the pages of what other processes stored, within a fifth of a second: one row is read for that."""

    def __init__(self, ledger: Ledger, feed: Feed) -> None:
        super().__init__("news", _LOOK_S)
        self._ledger, self._feed = ledger, feed
        self._seen: dict[str, int] = {}

    def round(self) -> None:
        names = {RECORDS: "records", PUNCHES: "punches"}
        with self._ledger.read() as connection:
            rows = connection.execute(select(counter).where(counter.c.name.in_(names))).all()
        now = {names[row.name]: int(row.value) for row in rows}
        if self._seen and now != self._seen:
            self._feed.add(Counter({name: value - self._seen.get(name, 0) for name, value in now.items()}))
        self._seen = now


def run(settings: ServerSettings, host: str, port: int, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT. `announce` gets one line when everything is ready. Raises ServerError."""
    stop = threading.Event()
    on_signal(stop)
    with serving(settings, host, port) as address:
        announce(f"ready web={address}")
        stop.wait()
        log.info("web state=stopping")


@contextlib.contextmanager
def serving(settings: ServerSettings, host: str, port: int) -> Iterator[str]:
    """The pages, served; gives their address. Raises ServerError."""
    with contextlib.ExitStack() as stack:
        opened = open_state(settings)
        stack.callback(opened.ledger.close)
        listening = stack.enter_context(_listen(host, port))
        threads, feed = Threads(stack), Feed()
        threads.keep("hears of news", News(opened.ledger, feed))
        tiles = tiles_of(settings.web.map_tiles, settings.web.map_credit)
        services = furnished(opened.ledger, opened.keys, settings.broker, feed, threads.problems, tiles)
        start_web(stack, services, listening)
        yield "http://{}:{}".format(*listening.getsockname()[:2])


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, reuse_port=True)
    except OSError as error:
        raise StartError(f"--host {host} --port {port}: {error.strerror}; does another program listen there?") from None
