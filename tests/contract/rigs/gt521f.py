"""A pretended GT-521F32 as the contract suite plays it, with a wire to spoil in between."""

from pathlib import Path

from drivers.entry import Options, Stage
from drivers.gt521f.sim import Gt521fSim
from tests.contract.rigs.wire import PtyWire


class Gt521fRig:
    variant = "f32"

    def __init__(self, folder: Path) -> None:
        self.sim = Gt521fSim(Stage(variant=self.variant, pacing=False))
        self._wire = PtyWire(self.sim.where, folder / "sensor")
        self.options: Options = {"port": self._wire.where}

    @property
    def wire(self) -> PtyWire:
        return self._wire

    def touch(self) -> None:
        self.sim.do("place")

    def lift(self) -> None:
        self.sim.do("lift")

    def garble(self) -> None:
        self.sim.do("spoil 2")
        self.touch()

    def press(self, *keys: str) -> None:
        """It has no keys."""

    def close(self) -> None:
        self._wire.close()
        self.sim.close()
