"""A machine that pushes, as the contract suite plays it."""

import contextlib
import random
import socket
from pathlib import Path

from drivers.adms.sim import SERIAL, AdmsSim
from drivers.base import Recognition
from drivers.entry import Options
from tests.contract.rigs.wire import Fault, TcpWire


class AdmsRig:
    faults = (Fault.CUT, Fault.PULL)

    def __init__(self, _folder: Path) -> None:
        port = free_port()
        self.options: Options = {"host": "127.0.0.1", "port": port, "machines": f"{SERIAL}=Asia/Kolkata"}
        # The suite takes nothing, so pushes are never answered: the machine gives up early and pushes again.
        self._wire = TcpWire("127.0.0.1", port, calls=True)
        self.sim = AdmsSim("127.0.0.1", self._wire.port, pause_s=0.1, timeout_s=1.0)
        self.log: list[str] = []

    @property
    def wire(self) -> TcpWire:
        return self._wire

    def touch(self) -> None:
        self.log.append(str(len(self.log) + 1))
        self.sim.punch(self.log[-1])

    def genuine(self, reading: object) -> bool:
        """What was punched, and it is pushed until somebody takes it."""
        return isinstance(reading, Recognition) and reading.badge in self.log

    def lift(self) -> None:
        """Its people lift their fingers by themselves."""

    def garble(self) -> None:
        self.sim.do("noise")

    def press(self, *keys: str) -> None:
        raise AssertionError("its keys are its own")

    def close(self) -> None:
        self.sim.close()
        self._wire.close()


def free_port() -> int:
    """A port nobody listens on just now, and that no connection going out is given (those begin at 32768)."""
    while True:
        with (
            contextlib.suppress(OSError),
            socket.create_server(("127.0.0.1", random.randrange(20_000, 32_000))) as server,
        ):
            return int(server.getsockname()[1])
