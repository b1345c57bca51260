"""A pretended U.are.U 4500 as the contract suite plays it, reached as a reader that USB/IP shares."""

from pathlib import Path

from drivers.entry import Options, Stage
from drivers.uru4000.sim import UruSimulation, rings


class Uru4000Rig:
    def __init__(self, _folder: Path) -> None:
        self.simulation = UruSimulation(Stage(tcp="127.0.0.1:0", pacing=False))
        self.options: Options = {"bus": self.simulation.where}

    def touch(self) -> None:
        self._quirk(None)
        self.simulation.touch(rings())

    def lift(self) -> None:
        self.simulation.do("lift")

    def garble(self) -> None:
        """Every frame of this touch is cut short."""
        self._quirk(5000)
        self.simulation.touch(rings())

    def press(self, *keys: str) -> None:
        raise AssertionError(f"no keys here: {keys}")

    def close(self) -> None:
        self.simulation.close()

    def _quirk(self, cut_to: int | None) -> None:
        with self.simulation.port.changed:
            model = self.simulation.port.model
            assert model is not None
            model.quirks.cut_to = cut_to
