"""libfprint's own virtual readers as the contract suite plays them: one that hands over pictures, one that matches.

Between the driver and its helper are pipes of ours: a rig that is `Wired` can spoil them.
"""

import contextlib
import socket
import struct
import time
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from drivers.entry import Options
from drivers.uru4000.sim import rings
from tests.contract.rigs.helper_wire import HelperWire
from tests.contract.rigs.wire import Fault

_CONNECT_S = 5.0


class LibfprintRig:
    """The virtual image reader: 32-bit words of the machine's own order, and pictures as bare bytes.

    It is known to the one interpreter that its driver is told to use, so that several stand beside each other.
    """

    variable, name = "FP_VIRTUAL_IMAGE", "virtual_image"

    def __init__(self, folder: Path) -> None:
        self.path = folder / "reader.sock"
        self.python = folder / "python"
        self.known = {self.variable: str(self.path), "FP_DRIVERS_WHITELIST": self.name}
        known = " ".join(f"{name}={value}" for name, value in self.known.items())
        self.python.write_text(f'#!/bin/sh\n{known} exec /usr/bin/python3 "$@"\n')
        self.python.chmod(0o755)
        self.options: Options = {"device": self.name, "python": str(self.python)}
        self._connection: socket.socket | None = None

    def touch(self) -> None:
        """The virtual finger is gone as soon as its picture was taken."""
        self.show(rings())

    def show(self, image: NDArray[np.uint8]) -> None:
        """A finger that looks like this."""
        rows, columns = image.shape
        self.send(struct.pack("=ii", columns, rows) + image.tobytes())

    def lift(self) -> None:
        """It was lifted already."""

    def garble(self) -> None:
        self.send(struct.pack("=ii", -1, 2))

    def press(self, *keys: str) -> None:
        raise AssertionError(f"no keys here: {keys}")

    def unplug(self) -> None:
        self.send(struct.pack("=ii", -5, 0))

    def send(self, data: bytes) -> None:
        """To the reader of the helper that is running now."""
        self._connected().sendall(data)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _connected(self) -> socket.socket:
        """A new connection each time: on an old one the virtual reader may read, and drop, what comes too early."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        until = time.monotonic() + _CONNECT_S
        while self._connection is None:
            end = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                end.connect(str(self.path))
                end.sendall(struct.pack("=ii", -3, 1))
                self._connection = end
            except OSError:
                end.close()
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)
        return self._connection


class LibfprintMatchRig(LibfprintRig):
    """The virtual reader that matches by itself: one line of text a connection."""

    variable, name = "FP_VIRTUAL_DEVICE_STORAGE", "virtual_device_storage"

    def touch(self, finger: str = "somebody") -> None:
        self.send(f"SCAN {finger}".encode())

    def garble(self) -> None:
        self.send(b"RETRY 2")

    def unplug(self) -> None:
        self.send(b"UNPLUG")

    def send(self, data: bytes) -> None:
        with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as end:
            end.settimeout(_CONNECT_S)
            end.connect(str(self.path))
            end.sendall(data)
            end.shutdown(socket.SHUT_WR)
            while end.recv(1024):
                pass


class WiredLibfprintRig(LibfprintRig):
    faults = (Fault.CUT, Fault.PULL)  # a pipe carries every bit as it is
    few, lanes = 16, 2  # strikes are enough to try, at a time: each starts four processes
    hasty: ClassVar[Options] = {"patience_pct": 30}
    recovery_s = 5.0  # mostly half a second; an interpreter starts, and another for the wire

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._wire = HelperWire(folder, self.known)
        self.options["python"] = str(self._wire.python)

    @property
    def wire(self) -> HelperWire:
        return self._wire

    def close(self) -> None:
        super().close()
        self._wire.close()


class WiredLibfprintMatchRig(LibfprintMatchRig, WiredLibfprintRig):
    """The same wire before the reader that matches."""
