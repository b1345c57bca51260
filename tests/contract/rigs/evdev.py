"""A numpad on a pseudo-terminal as the contract suite plays it."""

from pathlib import Path

from drivers.entry import Options, Stage
from drivers.evdev.sim import KeypadSim


class EvdevRig:
    def __init__(self, folder: Path) -> None:
        self.sim = KeypadSim(Stage(pty=folder / "numpad"))
        self.options: Options = {"device": self.sim.where}

    def touch(self) -> None:
        """It has no sensor."""

    def lift(self) -> None:
        """It has no sensor."""

    def garble(self) -> None:
        self.sim.do("noise")

    def press(self, *keys: str) -> None:
        self.sim.do(" ".join(("press", *keys)))

    def close(self) -> None:
        self.sim.close()
