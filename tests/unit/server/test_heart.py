"""The service manager hears a beat only while this server's threads live and its own page answers."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from server.heart import Heart
from sync.pulse import Pulse
from tests.unit.server.aggregator import until


class Beats(Pulse):
    """A pulse that keeps its beats."""

    def __init__(self) -> None:
        super().__init__({})
        self.count = 0

    def beat(self) -> None:
        self.count += 1


@pytest.fixture
def page() -> Iterator[tuple[str, int]]:
    """A page that answers, if only that it is not well."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(503)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield "127.0.0.1", server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def hung() -> Iterator[tuple[str, int]]:
    """A page that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as line:
        yield "127.0.0.1", line.getsockname()[1]


class Looked:
    """Says whether the threads live, and lets one wait until it was asked so many more times."""

    def __init__(self) -> None:
        self.live = True
        self._asked = threading.Semaphore(0)

    def __call__(self) -> bool:
        self._asked.release()
        return self.live

    def wait(self, times: int) -> None:
        while self._asked.acquire(blocking=False):
            pass
        for _ in range(times):
            assert self._asked.acquire(timeout=20)


def beating(at: tuple[str, int]) -> tuple[Beats, Looked, Heart]:
    pulse, looked = Beats(), Looked()
    heart = Heart(pulse, looked, *at, every_s=0.02)
    heart.start()
    return pulse, looked, heart


def test_it_beats_while_everything_lives_and_stops_when_a_thread_has_ended(page: tuple[str, int]) -> None:
    pulse, looked, heart = beating(page)
    until(lambda: pulse.count >= 3, "beats")
    looked.live = False
    looked.wait(2)  # a look that had begun is over
    before = pulse.count
    looked.wait(4)
    heart.stop()
    heart.join(10)
    assert pulse.count == before


def test_a_page_that_hangs_or_is_gone_stops_it(hung: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.heart._ANSWER_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as line:
        closed = "127.0.0.1", line.getsockname()[1]
    for at in (hung, closed):
        pulse, looked, heart = beating(at)
        looked.wait(4)
        heart.stop()
        heart.join(10)
        assert pulse.count == 0
