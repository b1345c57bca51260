"""A vendor's capture service as the contract suite plays it: SecuGen's shape, over TLS, with one picture."""

from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np

from drivers.entry import Options, Stage
from drivers.http_capture.sim import CaptureSimulation
from tests.contract.rigs.wire import TcpWire


class HttpCaptureRig:
    hasty: ClassVar[Options] = {"patience_pct": 20}

    def __init__(self, folder: Path) -> None:
        cv2.imwrite(
            str(folder / "finger.png"), np.arange(160 * 120, dtype=np.uint32).reshape(160, 120).astype(np.uint8)
        )
        stage = Stage(tcp="127.0.0.1:0", variant="secugen", library=folder, pacing=False)
        self.sim = CaptureSimulation(stage)
        self._wire = TcpWire("127.0.0.1", self.sim.port)
        url = f"https://127.0.0.1:{self._wire.port}/"
        self.options: Options = {"shape": "secugen", "url": url, "pin": self.sim.pin, "glance_ms": 50}

    @property
    def wire(self) -> TcpWire:
        return self._wire

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
