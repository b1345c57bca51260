"""A ZK machine as the contract suite plays it."""

from pathlib import Path

from drivers.entry import Options
from drivers.zk.machine import FIRMWARES, Machine
from drivers.zk.sim import ZkSim


class ZkRig:
    def __init__(self, _folder: Path) -> None:
        self.sim = ZkSim(Machine(FIRMWARES["tcp40"]))
        self.options: Options = {"host": "127.0.0.1", "port": self.sim.port, "poll_s": 1, "timeout_s": 3}
        self._next = 0

    def touch(self) -> None:
        self._next += 1
        self.sim.punch(str(self._next))

    def lift(self) -> None:
        """Its people lift their fingers by themselves."""

    def garble(self) -> None:
        self.sim.do("garble")
        self.touch()

    def press(self, *keys: str) -> None:
        raise AssertionError("its keys are its own")

    def close(self) -> None:
        self.sim.close()
