"""A registered device as the contract suite plays it."""

from pathlib import Path

from drivers.entry import Options, Stage
from drivers.rdservice.sim import RdSimulation


class RdServiceRig:
    def __init__(self, _folder: Path) -> None:
        self.sim = RdSimulation(Stage(tcp="127.0.0.1:0", pacing=False))
        self.options: Options = {"port": self.sim.port}

    def touch(self) -> None:
        self.sim.do("touch")

    def lift(self) -> None:
        self.sim.do("lift")

    def garble(self) -> None:
        self.sim.do("garble")

    def press(self, *keys: str) -> None:
        raise AssertionError("it has no keys")

    def close(self) -> None:
        self.sim.close()
