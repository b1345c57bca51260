"""A pretended USB port: what is plugged into it, the transfers that wait on it, and the cable that comes out."""

import errno
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from drivers.uru4000 import codec
from drivers.uru4000.backend import Place, UrbError
from drivers.uru4000.model import Stall, UruModel

PLACE = Place(1, 2, (1,))
_FULL_SPEED_BYTES_S = 1_000_000  # what is left of 12 Mbit/s for bulk


@dataclass(frozen=True, slots=True)
class Transfer:
    """One transfer as the bus saw it, for recordings: setup of a control transfer, data in or out."""

    endpoint: int
    setup: bytes
    out: bytes
    came: bytes


class Port:
    """Holds a reader or nothing. Thread-safe; `changed` is told of whatever may end a wait.

    `make` is called for each plugging in. `unplug_at` pulls the cable instead of the transfer of that number; `twist`
    damages what a transfer brings.
    """

    def __init__(self, make: Callable[[], UruModel], pacing: bool = False) -> None:
        self._make, self._pacing = make, pacing
        self.changed = threading.Condition()
        self.model: UruModel | None = make()
        self.plugged = 1  # how often something was plugged in: who opened an earlier one has lost it
        self.transfers = 0
        self.unplug_at: int | None = None
        self.twist: Callable[[int, bytes], bytes] | None = None
        self.record: list[Transfer] | None = None

    def places(self) -> Sequence[Place]:
        with self.changed:
            return [] if self.model is None else [Place(PLACE.bus, PLACE.address + self.plugged - 1, PLACE.ports)]

    def open(self, place: Place) -> "PortPipes":
        with self.changed:
            if self.model is None or place not in self.places():
                raise UrbError(errno.ENODEV, "no such device")
            return PortPipes(self, self.plugged)

    def unplug(self) -> None:
        with self.changed:
            self.model = None
            self.changed.notify_all()

    def plug(self) -> None:
        with self.changed:
            if self.model is None:
                self.model = self._make()
                self.plugged += 1
                self.changed.notify_all()

    def attempt(self, plugged: int, endpoint: int, setup: bytes, out: bytes, length: int) -> bytes | None:
        """One try at a transfer, under `changed`: what came, None to wait. Raises UrbError."""
        if self.model is None or plugged != self.plugged:
            raise UrbError(errno.ENODEV, "the device is gone")
        try:
            came = self._ask(self.model, endpoint, setup, out, length)
        except Stall:
            self._count(endpoint, setup, out, b"")
            raise UrbError(errno.EPIPE, "the device refused") from None
        if came is None:
            return None
        self._count(endpoint, setup, out, came)
        return self.twist(self.transfers - 1, came) if self.twist else came

    def _ask(self, model: UruModel, endpoint: int, setup: bytes, out: bytes, length: int) -> bytes | None:
        if endpoint & 0x7F == 0:
            came = model.control(setup, out)
            self.changed.notify_all()
            return came
        if endpoint == codec.INTERRUPT_EP:
            return model.interrupt()
        if endpoint != codec.BULK_EP:
            raise Stall
        came_in = model.bulk(length)
        if self._pacing and came_in:
            self.changed.wait(len(came_in) / _FULL_SPEED_BYTES_S)
        return came_in

    def _count(self, endpoint: int, setup: bytes, out: bytes, came: bytes) -> None:
        if self.unplug_at is not None and self.transfers >= self.unplug_at:
            self.unplug_at = None
            self.unplug()
            raise UrbError(errno.ENODEV, "the device is gone")
        self.transfers += 1
        if self.record is not None:
            self.record.append(Transfer(endpoint, setup, out, came))


class PortPipes:
    """The device that was in a port when it was opened, for drivers.uru4000.backend."""

    def __init__(self, port: Port, plugged: int) -> None:
        self._port, self._plugged = port, plugged

    def control(self, setup: bytes, data: bytes, timeout_s: float) -> bytes:
        return self._transfer(setup[0] & 0x80, setup, data, int.from_bytes(setup[6:8], "little"), timeout_s)

    def read(self, endpoint: int, length: int, timeout_s: float) -> bytes:
        return self._transfer(endpoint, b"", b"", length, timeout_s)

    def close(self) -> None:
        """Nothing is held."""

    def _transfer(self, endpoint: int, setup: bytes, out: bytes, length: int, timeout_s: float) -> bytes:
        until = time.monotonic() + timeout_s
        with self._port.changed:
            while (came := self._port.attempt(self._plugged, endpoint, setup, out, length)) is None:
                left = until - time.monotonic()
                if left <= 0:
                    raise UrbError(errno.ETIMEDOUT, "timed out")
                self._port.changed.wait(left)
        return came
