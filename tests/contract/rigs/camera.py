"""Cameras as the contract suite plays them: somebody who steps before one is one picture."""

from pathlib import Path
from typing import ClassVar

from drivers.base import Scan
from drivers.camera import LOCAL_VARIANTS, NET_VARIANTS
from drivers.camera.sim import CameraSimulation
from drivers.entry import Options, Stage
from tests.contract.rigs.wire import TcpWire, UnixWire

LONG_MS = 60_000  # a suite that waits for nothing must not be taken for a camera that hangs


class CameraRig:
    hasty: ClassVar[Options] = {"stall_ms": 500}
    _wire: UnixWire | TcpWire

    def __init__(self, folder: Path) -> None:
        self.sim = CameraSimulation(Stage(pty=folder / "camera", pacing=False), LOCAL_VARIANTS)
        self._wire = UnixWire(Path(self.sim.where), folder / "source")
        self.options: Options = {"source": str(folder / "source"), "stall_ms": LONG_MS, "frozen_ms": 0}

    @property
    def wire(self) -> UnixWire | TcpWire:
        return self._wire

    def genuine(self, reading: object) -> bool:
        """A JPEG has no checksum: a flipped bit is a spot in the picture, or another size of it."""
        return isinstance(reading, Scan)

    def touch(self) -> None:
        self._wire.settle()
        self.sim.do("frame")

    def lift(self) -> None:
        """Nobody is there: no picture that was not asked for."""

    def garble(self) -> None:
        self._wire.settle()
        self.sim.do("garble")

    def press(self, *keys: str) -> None:
        raise AssertionError("it has no keys")

    def close(self) -> None:
        self._wire.close()
        self.sim.close()


class NetCameraRig(CameraRig):
    def __init__(self, _folder: Path) -> None:
        self.sim = CameraSimulation(Stage(tcp="127.0.0.1:0", pacing=False), NET_VARIANTS)
        self._wire = TcpWire("127.0.0.1", self.sim.port)
        url = f"http://127.0.0.1:{self._wire.port}/camera"
        self.options: Options = {"url": url, "stall_ms": 5000, "frozen_ms": 0}
