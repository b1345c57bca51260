"""The emulated line: the kernel's own TCP over it, as slow, as far and as lossy as it was told (S3, S4)."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from sync import LinkError, gprs
from sync.gprs import CLEAR, Gprs, Weather


class Echo:
    """Gives back what it gets, on a line's near side."""

    def __init__(self, line: Gprs) -> None:
        self.line = line
        self.listener = socket.create_server((line.near, 0))
        self.port: int = self.listener.getsockname()[1]
        self.open: list[socket.socket] = []
        self.threads = [threading.Thread(target=self.serve, daemon=True)]
        self.threads[0].start()

    def serve(self) -> None:
        while True:
            try:
                line, _ = self.listener.accept()
            except OSError:
                return
            self.open.append(line)
            self.threads.append(threading.Thread(target=self.answer, args=(line,), daemon=True))
            self.threads[-1].start()

    def answer(self, line: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := line.recv(4096):
                line.sendall(data)

    def call(self) -> socket.socket:
        return socket.create_connection((self.line.far, self.port), timeout=20)

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.threads[0].join()  # who was just let in is among the open ones now
        self.listener.close()
        for line in self.open:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        for thread in self.threads[1:]:
            thread.join()
        for line in self.open:
            line.close()


@pytest.fixture
def line() -> Iterator[Gprs]:
    with closing(Gprs(CLEAR)) as line:
        yield line


def exchange(call: socket.socket, data: bytes) -> bytes:
    call.sendall(data)
    got = b""
    while len(got) < len(data):
        got += call.recv(65536)
    return got


def test_it_is_far_away_and_narrow(line: Gprs) -> None:
    with closing(Echo(line)) as echo, echo.call() as call:
        line.weather = Weather(rtt_s=0.3)
        started = time.monotonic()
        exchange(call, b"x")
        assert time.monotonic() - started >= 0.3
        line.weather = Weather(rate_bps=80_000)
        started = time.monotonic()
        data = bytes(range(256)) * 16
        assert exchange(call, data) == data
        assert time.monotonic() - started >= len(data) * 8 / 80_000  # there; back it goes at the same time
    assert line.traffic().up_bytes > 4096


def test_what_is_lost_is_repeated_by_the_kernel(line: Gprs) -> None:
    with closing(Echo(line)) as echo, echo.call() as call:
        line.weather = Weather(rtt_s=0.02, loss=0.2)
        data = bytes(range(256)) * 200
        assert exchange(call, data) == data
        line.weather = CLEAR
    assert line.traffic().lost > 0


def test_the_same_seed_loses_the_same_packets() -> None:
    def fate(seed: int) -> list[bool]:
        with closing(Gprs(Weather(loss=0.3), seed)) as line:
            return [line._up.dice.random() < 0.3 for _ in range(50)]

    assert fate(3) == fate(3) != fate(4)


def test_a_full_queue_throws_away(line: Gprs) -> None:
    with closing(Echo(line)) as echo, echo.call() as call:
        line.weather = Weather(rate_bps=8_000, queue_s=0.5)
        call.sendall(bytes(20_000))
        until = time.monotonic() + 20
        while not line.traffic().lost and time.monotonic() < until:
            time.sleep(0.01)
        line.weather = CLEAR
    assert line.traffic().lost > 0


def test_no_coverage_and_back(line: Gprs) -> None:
    with closing(Echo(line)) as echo, echo.call() as call:
        line.weather = Weather(rtt_s=0.1)
        call.sendall(b"under way")
        time.sleep(0.02)
        line.cut()
        line.weather = CLEAR
        call.settimeout(0.3)
        with pytest.raises(TimeoutError):
            call.recv(16)
        line.mend()
        call.settimeout(20)
        assert call.recv(16) == b"under way"


def test_another_address_ends_what_was_open_and_nothing_else(line: Gprs) -> None:
    """S4: nobody is told; the old connection is simply never heard of again."""
    with closing(Echo(line)) as echo, echo.call() as old:
        exchange(old, b"before")
        line.readdress()
        old.sendall(b"after")
        old.settimeout(0.3)
        with pytest.raises(TimeoutError):
            old.recv(16)
        with echo.call() as new:
            assert exchange(new, b"new") == b"new"


def test_what_is_no_tcp_is_not_carried(line: Gprs) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
        datagram.sendto(b"x", (line.far, 9))
    with closing(Echo(line)) as echo, echo.call() as call:
        exchange(call, b"x")
    assert line.traffic().up_bytes > 0
    assert not line._under_way


def test_several_lines_have_addresses_of_their_own() -> None:
    with closing(Gprs(CLEAR)) as one, closing(Gprs(CLEAR)) as other:
        assert len({one.near, one.far, other.near, other.far}) == 4


def test_no_right_and_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gprs, "_LINES", 0)
    with pytest.raises(LinkError, match="in use"):
        Gprs(CLEAR)
    monkeypatch.setattr(gprs, "_LINES", 1)
    monkeypatch.setattr(gprs, "_TUNSETIFF", 0)
    with pytest.raises(LinkError, match="CAP_NET_ADMIN"):
        Gprs(CLEAR)
