"""A vendor's capture service as the contract suite plays it."""

from pathlib import Path

from drivers.entry import Options, Stage
from drivers.http_capture.sim import CaptureSimulation


class HttpCaptureRig:
    def __init__(self, _folder: Path) -> None:
        self.sim = CaptureSimulation(Stage(tcp="127.0.0.1:0", variant="secugen", pacing=False))
        self.options: Options = {"shape": "secugen", "url": self.sim.url, "pin": self.sim.pin, "glance_ms": 50}

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
