"""A pretended U.are.U 4500 as the contract suite plays it, reached as a reader that USB/IP shares."""

from pathlib import Path
from typing import ClassVar

from drivers.base import Scan
from drivers.entry import Options, Stage
from drivers.uru4000.sim import UruSimulation, rings
from tests.contract.rigs.wire import TcpWire


class Uru4000Rig:
    hasty: ClassVar[Options] = {"patience_pct": 20}

    def __init__(self, _folder: Path) -> None:
        self.simulation = UruSimulation(Stage(tcp="127.0.0.1:0", pacing=False))
        self._wire = TcpWire("127.0.0.1", int(self.simulation.where.rpartition(":")[2]))
        self.options: Options = {"bus": f"usbip://127.0.0.1:{self._wire.port}"}

    @property
    def wire(self) -> TcpWire:
        """It carries USB/IP, which has no checksum, as TCP and USB have theirs."""
        return self._wire

    def genuine(self, reading: object) -> bool:
        """A flipped bit of a picture is a spot in it."""
        return isinstance(reading, Scan)

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
        self._wire.close()
        self.simulation.close()

    def _quirk(self, cut_to: int | None) -> None:
        with self.simulation.port.changed:
            model = self.simulation.port.model
            assert model is not None
            model.quirks.cut_to = cut_to
