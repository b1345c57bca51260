"""A pretended port in this process, and our driver on it by way of pyusb: the quick road for tests."""

from collections.abc import Callable

import usb.core

from drivers import DeviceGone
from drivers.uru4000 import codec
from drivers.uru4000.backend import UrbBackend
from drivers.uru4000.driver import Uru4000
from drivers.uru4000.link import Link, _translated
from drivers.uru4000.model import VARIANTS, UruModel
from drivers.uru4000.port import Port
from drivers.uru4000.sim import rings

FINGER = rings()


class Bench:
    """One port, one reader, one driver."""

    def __init__(
        self, variant: str = "4500", prepare: Callable[[UruModel], None] = lambda _: None, seed: int = 0x1234
    ) -> None:
        def make() -> UruModel:
            model = UruModel(VARIANTS[variant])
            prepare(model)
            return model

        self.port = Port(make)
        self.driver = Uru4000(self, lambda: seed)

    def find(self) -> Link:
        """As drivers.uru4000.link.Reach does, on this port alone."""
        with _translated():
            device = usb.core.find(backend=UrbBackend(self.port))
            if device is not None:
                return Link(device)
        raise DeviceGone("nothing is plugged in")

    @property
    def model(self) -> UruModel:
        assert self.port.model is not None
        return self.port.model

    def touch(self) -> None:
        with self.port.changed:
            if self.port.model is not None:
                self.port.model.touch(FINGER)
                self.port.changed.notify_all()

    def lift(self) -> None:
        with self.port.changed:
            if self.port.model is not None:
                self.port.model.lift()
                self.port.changed.notify_all()

    def interrupt(self, kind: int) -> None:
        """One that the reader did not mean."""
        with self.port.changed:
            self.model._interrupts.append(kind.to_bytes(2, "big").ljust(codec.INTERRUPT_BYTES, b"\0"))
            self.port.changed.notify_all()
