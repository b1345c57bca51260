"""A machine that pushes, as the contract suite plays it."""

import socket
from pathlib import Path

from drivers.adms.sim import SERIAL, AdmsSim
from drivers.entry import Options


class AdmsRig:
    def __init__(self, _folder: Path) -> None:
        port = free_port()
        self.options: Options = {"host": "127.0.0.1", "port": port, "machines": f"{SERIAL}=Asia/Kolkata"}
        # The suite takes nothing, so pushes are never answered: the machine gives up early and pushes again.
        self.sim = AdmsSim("127.0.0.1", port, pause_s=0.1, timeout_s=1.0)
        self._next = 0

    def touch(self) -> None:
        self._next += 1
        self.sim.punch(str(self._next))

    def lift(self) -> None:
        """Its people lift their fingers by themselves."""

    def garble(self) -> None:
        self.sim.do("noise")

    def press(self, *keys: str) -> None:
        raise AssertionError("its keys are its own")

    def close(self) -> None:
        self.sim.close()


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
