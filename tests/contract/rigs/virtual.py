"""The virtual device as the contract suite plays it."""

import contextlib
from pathlib import Path

import cv2
import numpy as np

from drivers import DeviceGone
from drivers.base import Scan
from drivers.entry import Options
from drivers.lines import LineClient
from tests.contract.rigs.wire import Fault, UnixWire

_ANSWER_S = 0.3


class VirtualRig:
    faults = (Fault.CUT, Fault.PULL)  # the kernel carries every bit as it is, and an order is a whole line
    few = 120  # there are not many more

    def __init__(self, folder: Path) -> None:
        self.options: Options = {"socket": str(folder / "virtual.sock")}
        self._wire = UnixWire(folder / "virtual.sock", folder / "hands.sock", calls=True)
        self.picture, self.noise = folder / "finger.png", folder / "noise.png"
        cv2.imwrite(str(self.picture), np.arange(160 * 120, dtype=np.uint32).reshape(160, 120).astype(np.uint8))
        self.noise.write_bytes(self.picture.read_bytes()[:-40])

    @property
    def wire(self) -> UnixWire:
        return self._wire

    def genuine(self, reading: object) -> bool:
        """It lends the picture a grain that no other touch has."""
        return isinstance(reading, str) or (isinstance(reading, Scan) and reading.image.shape == (160, 120))

    def touch(self) -> None:
        self._do({"do": "place", "picture": str(self.picture)})

    def lift(self) -> None:
        self._do({"do": "lift"})

    def garble(self) -> None:
        self._do({"do": "place", "picture": str(self.noise)})

    def press(self, *keys: str) -> None:
        self._do({"do": "press", "keys": list(keys)})

    def close(self) -> None:
        """The driver itself listens."""
        self._wire.close()

    def _do(self, message: dict[str, object]) -> None:
        """Whoever plays does not notice that the wire is cut: what comes of it is seen on the driver's side."""
        with contextlib.suppress(DeviceGone), LineClient(self._wire.where, _ANSWER_S) as client:
            assert client.ask(message) == {"ok": True}
