"""A registered device as the contract suite plays it."""

from pathlib import Path
from typing import ClassVar

from drivers.entry import Options, Stage
from drivers.rdservice import SealedPid
from drivers.rdservice.sim import RdSimulation
from tests.contract.rigs.wire import TcpWire


class RdServiceRig:
    hasty: ClassVar[Options] = {"patience_pct": 20}

    def __init__(self, _folder: Path) -> None:
        self.sim = RdSimulation(Stage(tcp="127.0.0.1:0", pacing=False))
        self._wire = TcpWire("127.0.0.1", self.sim.port)
        self.options: Options = {"port": self._wire.port}

    @property
    def wire(self) -> TcpWire:
        return self._wire

    def genuine(self, reading: object) -> bool:
        """What is in it nobody here can tell: no two are alike, and a flipped bit is for UIDAI to find."""
        return isinstance(reading, SealedPid)

    def touch(self) -> None:
        self.sim.do("touch")

    def lift(self) -> None:
        self.sim.do("lift")

    def garble(self) -> None:
        self.sim.do("garble")

    def press(self, *keys: str) -> None:
        raise AssertionError("it has no keys")

    def close(self) -> None:
        self._wire.close()
        self.sim.close()
