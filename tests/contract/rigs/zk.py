"""A ZK machine as the contract suite plays it."""

from pathlib import Path
from typing import ClassVar

from drivers.base import Recognition
from drivers.entry import Options
from drivers.zk.machine import FIRMWARES, Machine
from drivers.zk.sim import ZkSim
from tests.contract.rigs.wire import TcpWire


class ZkRig:
    hasty: ClassVar[Options] = {"timeout_s": 1}

    def __init__(self, _folder: Path) -> None:
        self.sim = ZkSim(Machine(FIRMWARES["tcp40"]))
        self._wire = TcpWire("127.0.0.1", self.sim.port)
        self.options: Options = {"host": "127.0.0.1", "port": self._wire.port, "poll_s": 1, "timeout_s": 3}
        self.log: list[str] = []

    @property
    def wire(self) -> TcpWire:
        return self._wire

    def touch(self) -> None:
        self.log.append(str(len(self.log) + 1))
        self.sim.punch(self.log[-1])

    def lift(self) -> None:
        """Its people lift their fingers by themselves."""

    def garble(self) -> None:
        self.sim.do("garble")
        self.touch()

    def press(self, *keys: str) -> None:
        raise AssertionError("its keys are its own")

    def genuine(self, reading: object) -> bool:
        """Everything in its log was punched, and may be handed over again."""
        return isinstance(reading, Recognition) and reading.badge in self.log

    def close(self) -> None:
        self._wire.close()
        self.sim.close()
