"""A numpad on a pseudo-terminal as the contract suite plays it."""

from pathlib import Path

from drivers.entry import Options, Stage
from drivers.evdev.sim import KeypadSim
from tests.contract.rigs.wire import Fault, PtyWire


class EvdevRig:
    faults = (Fault.CUT, Fault.PULL)  # the kernel hands events over whole and right, or not at all

    def __init__(self, folder: Path) -> None:
        self.sim = KeypadSim(Stage(pty=folder / "numpad"))
        self._wire = PtyWire(self.sim.where, folder / "keypad")
        self.options: Options = {"device": self._wire.where}

    @property
    def wire(self) -> PtyWire:
        return self._wire

    def touch(self) -> None:
        """It has no sensor."""

    def lift(self) -> None:
        """It has no sensor."""

    def garble(self) -> None:
        self.sim.do("noise")

    def press(self, *keys: str) -> None:
        self.sim.do(" ".join(("press", *keys)))

    def close(self) -> None:
        self._wire.close()
        self.sim.close()
