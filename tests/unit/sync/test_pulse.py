"""What a service manager hears: once that we are ready, and beats as often as it needs them."""

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sync.pulse import Pulse

Heard = Callable[[], list[str]]


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[tuple[str, Heard]]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(tmp_path / "notify"))
        line.setblocking(False)

        def heard() -> list[str]:
            found = []
            while True:
                try:
                    found.append(line.recv(100).decode())
                except BlockingIOError:
                    return found

        yield str(tmp_path / "notify"), heard


def test_it_is_told_when_we_are_ready(manager: tuple[str, Heard]) -> None:
    address, heard = manager
    Pulse({"NOTIFY_SOCKET": address}).ready()
    assert heard() == ["READY=1"]


def test_beats_are_sent_four_times_within_the_limit(manager: tuple[str, Heard]) -> None:
    address, heard = manager
    now = [100.0]
    pulse = Pulse({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "40000000"}, lambda: now[0])
    for _ in range(400):
        pulse.beat()
        now[0] += 0.1
    assert heard() == ["WATCHDOG=1"] * 4


@pytest.mark.parametrize(
    "environment",
    [{}, {"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": "1000", "WATCHDOG_PID": str(os.getpid() + 1)}],
)
def test_where_no_beat_is_asked_for_none_is_sent(environment: dict[str, str], manager: tuple[str, Heard]) -> None:
    address, heard = manager
    Pulse({"NOTIFY_SOCKET": address, **environment}).beat()
    assert heard() == []


def test_nobody_listens(tmp_path: Path) -> None:
    Pulse({}).ready()
    Pulse({"NOTIFY_SOCKET": str(tmp_path / "nowhere")}).ready()


def test_a_name_without_a_file() -> None:
    """Linux's abstract sockets, which managers in containers use."""
    name = f"hazri-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind("\0" + name)
        Pulse({"NOTIFY_SOCKET": "@" + name}).ready()
        assert line.recv(100) == b"READY=1"
