"""The virtual device: whoever connects to its socket plays the person in front of it."""

import queue
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from drivers import DeviceGone, ProtocolError
from drivers.base import Feature, Modality, Reading, Retry, Scan
from drivers.keys import next_key
from drivers.lines import LineServer, Message, Peer
from drivers.virtual import codec

if TYPE_CHECKING:
    pass

_MAX_WAITING_KEYS = 64
_GLASS_PX = (288, 256)


class VirtualDriver:
    """See drivers.base.Driver and Keypad for the contract. `dpi` is what pictures have unless one says otherwise."""

    def __init__(self, socket: Path, dpi: int = 500) -> None:
        self._path = socket
        self._dpi = dpi
        self._server: LineServer | None = None
        self._keys: queue.Queue[str] = queue.Queue(_MAX_WAITING_KEYS)
        self._changed = threading.Condition()
        self._fresh: tuple[bytes, int, bool] | Retry | None = None  # what lies there and was not read yet
        self._finger = False
        self._soil = b""  # on the glass, beside any finger
        self._lit = False
        self._readings = 0

    @property
    def features(self) -> Feature:
        return Feature.IMAGE | Feature.KEYPAD

    def open(self) -> None:
        if self._server is None:
            server = LineServer(self._path, self._answer)
            server.start()
            self._server = server

    def close(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()
        with self._changed:
            self._fresh, self._finger, self._lit = None, False, False
            self._changed.notify_all()

    def read(self, timeout_s: float) -> Reading | None:
        found = self._wait(timeout_s)
        if found is None or isinstance(found, Retry):
            return found
        from drivers.grain import grained

        data, dpi, played = found
        image = codec.picture(data)
        return Scan(image if played else grained(image), float(dpi), Modality.FINGER)

    def bare(self) -> Scan | None:
        self._check_open()
        if self._finger:
            return None
        import numpy as np

        image = codec.picture(self._soil) if self._soil else np.full(_GLASS_PX, 255, np.uint8)
        return Scan(image, float(self._dpi), Modality.FINGER)

    def read_key(self, timeout_s: float) -> str | None:
        return next_key(self._keys, self._check_open, timeout_s)

    def _wait(self, timeout_s: float) -> tuple[bytes, int, bool] | Retry | None:
        until = time.monotonic() + timeout_s
        with self._changed:
            self._check_open()
            self._lit, self._readings = True, self._readings + 1
            try:
                while self._fresh is None:
                    left = until - time.monotonic()
                    if left <= 0:
                        return None
                    self._changed.wait(left)
                    self._check_open()
                found, self._fresh = self._fresh, None
                return found
            finally:
                self._lit = False

    def _check_open(self) -> None:
        if self._server is None:
            raise DeviceGone(f"{self._path}: the virtual device is closed")

    def _answer(self, message: Message, _peer: Peer) -> Message:
        command = codec.command(message)
        match command:
            case codec.Press(keys):
                for key in keys:
                    self._press(key)
            case codec.Place(picture, dpi, played):
                self._lay((_read(Path(picture)), dpi or self._dpi, played))
            case codec.Advise(advice):
                self._lay(Retry(advice))
            case codec.Lift():
                self._lay(None)
            case codec.Soil(picture):
                self._soil = _read(Path(picture)) if picture else b""
            case codec.State():
                with self._changed:
                    return {"ok": True, "lit": self._lit, "readings": self._readings, "finger": self._finger}
            case _:
                assert_never(command)
        return {"ok": True}

    def _press(self, key: str) -> None:
        try:
            self._keys.put_nowait(key)
        except queue.Full:
            raise ProtocolError(f"{_MAX_WAITING_KEYS} keys are waiting already") from None

    def _lay(self, what: tuple[bytes, int, bool] | Retry | None) -> None:
        with self._changed:
            self._fresh, self._finger = what, what is not None
            self._changed.notify_all()


def _read(path: Path) -> bytes:
    try:
        # A pipe or a device would be read without end; only files hold pictures.
        if not path.is_file():
            raise ProtocolError("picture: no such file")
        with path.open("rb") as file:
            return file.read(codec.MAX_PNG_BYTES + 1)
    except OSError as error:
        raise ProtocolError(f"picture: cannot be read ({error.strerror})") from None
