"""A pretended reader that others can use: shared by USB/IP, and played by lines of text.

On a computer whose kernel knows USB/IP: `modprobe vhci-hcd; usbip attach -r HOST -b 1-1`, and the reader is there for
every program. Elsewhere drivers/uru4000/umock.py runs one command that finds it on its USB bus.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from drivers import OptionError, ProtocolError
from drivers.entry import Stage
from drivers.pictures import every, picture
from drivers.uru4000.codec import HEIGHT, WIDTH
from drivers.uru4000.model import VARIANTS, UruModel
from drivers.uru4000.port import Port
from drivers.uru4000.share import BUSID, Server
from drivers.uru4000.usbip import PORT, address

_FORKS = ((80, 150, 1), (95, 230, -1), (140, 250, 1), (150, 130, -1), (200, 160, 1), (210, 225, -1), (180, 255, 1))
UMOCK = Path(__file__).with_name("umock.py")


class UruSimulation:
    """See drivers.entry.Simulation. Without `tcp` it listens on 127.0.0.1 alone, on USB/IP's own port."""

    def __init__(self, stage: Stage) -> None:
        variant = stage.variant or next(iter(VARIANTS))
        if variant not in VARIANTS:
            raise OptionError(f"variant = {variant!r}: expected one of {', '.join(VARIANTS)}")
        if stage.port or stage.pty is not None:
            raise OptionError("a USB reader has no serial port: give tcp = host:port")
        try:
            host, tcp_port = address(stage.tcp) if stage.tcp else ("127.0.0.1", PORT)
        except ValueError:
            raise OptionError(f"tcp = {stage.tcp!r}: expected host:port") from None
        self._library = [laid(image) for _, image in every(stage.library)] if stage.library is not None else []
        self._next = 0
        self.port = Port(lambda: UruModel(VARIANTS[variant]), stage.pacing)
        self._server = Server(self.port, host or "127.0.0.1", tcp_port)
        self._words: Mapping[str, Callable[[str], str]] = {
            "help": lambda _: "touch [FILE], lift, unplug, plug, death, state, reach, help",
            "touch": self._touch,
            "lift": self._lift,
            "unplug": self._unplug,
            "plug": self._plug,
            "death": self._death,
            "state": self._state,
            "reach": lambda _: self.advice,
        }

    @property
    def where(self) -> str:
        """usbip://host:port, as the driver's option `bus` wants it."""
        return "usbip://{}:{}".format(*self._server.address)

    @property
    def advice(self) -> str:
        """How software that knows nothing of Hazri reaches it."""
        host, tcp_port = self._server.address
        attach = f"usbip --tcp-port {tcp_port} attach -r {host} -b {BUSID}"
        return f"{attach}; or: umockdev-wrapper /usr/bin/python3 {UMOCK} {host}:{tcp_port} -- COMMAND"

    def do(self, what: str) -> str:
        word, _, rest = what.strip().partition(" ")
        if word not in self._words:
            raise ProtocolError(f"{word!r}: expected {self._words['help']('')}")
        return self._words[word](rest.strip())

    def close(self) -> None:
        self._server.close()
        self.port.unplug()

    def touch(self, picture: NDArray[np.uint8]) -> None:
        """A finger, uint8 (290, 384), ridges dark, is laid on the glass and stays."""
        with self.port.changed:
            self._model().touch(picture)
            self.port.changed.notify_all()

    def _touch(self, name: str) -> str:
        self.touch(laid(picture(Path(name))) if name else self._choose())
        return "a finger lies on the glass"

    def _lift(self, _: str) -> str:
        with self.port.changed:
            self._model().lift()
            self.port.changed.notify_all()
        return "the glass is bare"

    def _death(self, _: str) -> str:
        self._model().quirks.deaths = 1
        return "the next picture fails, and the reader says so"

    def _state(self, _: str) -> str:
        model = self._model()
        light, glass = "lit" if model.lit else "dark", "bare" if model.finger is None else "touched"
        return f"{model.make.name}: {light}, glass {glass}, {model.frames} pictures taken"

    def _unplug(self, _: str) -> str:
        self.port.unplug()
        return "unplugged"

    def _plug(self, _: str) -> str:
        self.port.plug()
        return "plugged in"

    def _model(self) -> UruModel:
        with self.port.changed:
            if self.port.model is None:
                raise ProtocolError("the reader is unplugged")
            return self.port.model

    def _choose(self) -> NDArray[np.uint8]:
        """The next picture of the library, or rings when there is none."""
        if not self._library:
            return rings()
        self._next += 1
        return self._library[(self._next - 1) % len(self._library)]


def rings() -> NDArray[np.uint8]:
    """Rings with forks in the middle of the glass: nobody's finger. uint8 (290, 384), ridges dark."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    far = np.hypot(y - HEIGHT / 2, (x - WIDTH / 2) * 1.2)
    # A turn of the phase round a point makes a ridge end or fork there.
    turns = sum(sign * np.arctan2(y - row, x - column) for row, column, sign in _FORKS)
    ridges = 128 + 100 * np.sin(far / 1.5 + turns)
    return np.where(far < 130, ridges, 255).astype(np.uint8)


def laid(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture of any size as it lies on the glass: in the middle of it, what is too large cut off."""
    rows, columns = min(picture.shape[0], HEIGHT - 2), min(picture.shape[1], WIDTH - 2)
    top, left = (picture.shape[0] - rows) // 2, (picture.shape[1] - columns) // 2
    glass = np.full((HEIGHT, WIDTH), 255, np.uint8)
    row, column = (HEIGHT - rows) // 2, (WIDTH - columns) // 2
    glass[row : row + rows, column : column + columns] = picture[top : top + rows, left : left + columns]
    return glass
