"""The virtual device as the contract suite plays it."""

from pathlib import Path

import cv2
import numpy as np

from drivers.entry import Options
from drivers.lines import LineClient


class VirtualRig:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "virtual.sock"
        self.options: Options = {"socket": str(self.path)}
        self.picture, self.noise = folder / "finger.png", folder / "noise.png"
        cv2.imwrite(str(self.picture), np.arange(160 * 120, dtype=np.uint32).reshape(160, 120).astype(np.uint8))
        self.noise.write_bytes(self.picture.read_bytes()[:-40])

    def touch(self) -> None:
        self._do({"do": "place", "picture": str(self.picture)})

    def lift(self) -> None:
        self._do({"do": "lift"})

    def garble(self) -> None:
        self._do({"do": "place", "picture": str(self.noise)})

    def press(self, *keys: str) -> None:
        self._do({"do": "press", "keys": list(keys)})

    def close(self) -> None:
        """Nothing to do: the driver itself listens."""

    def _do(self, message: dict[str, object]) -> None:
        with LineClient(self.path) as client:
            assert client.ask(message) == {"ok": True}
