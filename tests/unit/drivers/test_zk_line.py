"""A ZK machine behind a bad line: cut off after any byte, flipped in any, in pieces of any size."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from drivers import DriverError
from drivers.base import Recognition
from drivers.zk.driver import Machine as Place
from drivers.zk.driver import ZkDriver
from drivers.zk.machine import FIRMWARES, Machine
from drivers.zk.sim import ZkSim

MORNING = datetime(2026, 4, 1, 9, 0, 0)  # noqa: DTZ001 - wall time of a machine


@pytest.fixture
def sim() -> Iterator[ZkSim]:
    with closing(ZkSim(Machine(FIRMWARES["tcp40"]))) as sim:
        yield sim


class Between:
    """Stands between driver and machine, and does to the machine's bytes what a bad line does."""

    def __init__(self, to: int, change: Callable[[bytes], bytes], piece: int = 65536) -> None:
        self._to, self._change, self._piece = to, change, piece
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                try:
                    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    machine = socket.create_connection(("127.0.0.1", self._to))
                except OSError:  # one of them is gone
                    client.close()
                    continue
                threading.Thread(target=self._up, args=(client, machine), daemon=True).start()
                threading.Thread(target=self._down, args=(machine, client), daemon=True).start()

    def _up(self, client: socket.socket, machine: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                machine.sendall(data)
        with contextlib.suppress(OSError):
            machine.shutdown(socket.SHUT_RDWR)

    def _down(self, machine: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client, machine:
            while data := machine.recv(self._piece):
                changed = self._change(data)
                client.sendall(changed)
                if len(changed) < len(data):  # cut off
                    client.shutdown(socket.SHUT_RDWR)
                    return

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()


def counted(lengths: list[int]) -> Callable[[bytes], bytes]:
    def count(data: bytes) -> bytes:
        lengths.append(len(data))
        return data

    return count


@pytest.mark.parametrize("piece", [1, 3, 13, 4000])
def test_packets_cut_in_pieces_or_run_together_are_packets(sim: ZkSim, piece: int) -> None:
    """pyzk takes what one recv() returns for one packet."""
    for n in range(60):
        sim.machine.punch(str(n + 1), when=MORNING)
    assert len(session(sim, lambda data: data, piece=piece, patience_s=10.0)) == 60


def patient(port: int, seconds: float) -> ZkDriver:
    return ZkDriver(Place("127.0.0.1", port, False, None, ZoneInfo("Asia/Kolkata"), None, False, 1.0, seconds))


def session(
    sim: ZkSim, change: Callable[[bytes], bytes], *, piece: int = 65536, patience_s: float = 0.1
) -> list[Recognition]:
    """One reading of the machine over a bad line: what came of it, whatever was raised."""
    with closing(Between(sim.port, change, piece)) as line, closing(patient(line.port, patience_s)) as reader:
        found: list[Recognition] = []
        with contextlib.suppress(DriverError):
            reader.open()
            while (reading := reader.read(0)) is not None:
                assert isinstance(reading, Recognition)
                found.append(reading)
        return found


def test_cut_off_after_any_byte_there_is_no_phantom_and_no_hang(sim: ZkSim) -> None:
    sim.machine.punch("1", when=MORNING)
    sim.machine.punch("2", when=MORNING)
    whole: list[int] = []
    assert [r.badge for r in session(sim, counted(whole))] == ["1", "2"]
    for cut in range(sum(whole) - 16):
        left = [cut]

        def upto(data: bytes, left: list[int] = left) -> bytes:
            piece, left[0] = data[: left[0]], max(0, left[0] - len(data))
            return piece

        assert [r.badge for r in session(sim, upto)] in ([], ["1", "2"])


def test_with_any_byte_flipped_there_is_no_phantom_and_no_hang(sim: ZkSim) -> None:
    sim.machine.punch("1", when=MORNING)
    sim.machine.punch("2", when=MORNING)
    whole: list[int] = []
    session(sim, counted(whole))
    for at in range(sum(whole) - 16):
        seen = [0]

        def flip(data: bytes, at: int = at, seen: list[int] = seen) -> bytes:
            start, seen[0] = seen[0], seen[0] + len(data)
            if not start <= at < start + len(data):
                return data
            return data[: at - start] + bytes((data[at - start] ^ 0x21,)) + data[at - start + 1 :]

        assert [r.badge for r in session(sim, flip)] in ([], ["1", "2"])
