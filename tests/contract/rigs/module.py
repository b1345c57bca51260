"""A pretended serial module as the contract suite plays it, with a wire to spoil in between."""

from pathlib import Path
from typing import ClassVar

from drivers.entry import Options, Simulation
from tests.contract.rigs.wire import PtyWire


class ModuleRig:
    """`sim` knows place, lift and spoil."""

    hasty: ClassVar[Options] = {"patience_pct": 40}

    def __init__(self, sim: Simulation, folder: Path) -> None:
        self.sim = sim
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
