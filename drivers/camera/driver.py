"""A camera: a thread takes every picture and keeps the newest; read() hands over the newest, each at most once."""

import contextlib
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drivers import DeviceGone, ProtocolError
from drivers.base import Feature, Info, Modality, Reading, Scan
from drivers.camera import codec
from drivers.camera.source import Source

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_JOIN_S = 2.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How old a picture may be, how long none may come, and for how long the same one may (0: for ever)."""

    max_age_s: float = 0.5
    stall_s: float = 5.0
    frozen_s: float = 10.0


@dataclass(slots=True)
class Counters:
    """Since it was opened: pictures that came, that nobody read, and that were damaged."""

    frames: int = 0
    dropped: int = 0
    damaged: int = 0


class Grabber:
    """The thread behind an open camera, and the one place where its newest picture lies."""

    def __init__(self, source: Source, limits: Limits) -> None:
        """Raises DeviceGone when the source cannot be opened."""
        self.counters = Counters()
        self._source = source
        self._limits = limits
        self._changed = threading.Condition()
        self._fresh: tuple[float, bytes | NDArray[np.uint8]] | ProtocolError | None = None
        self._gone: DeviceGone | None = None
        self._came_s = self._moved_s = time.monotonic()
        self._print = 0  # of the picture that came last: a living camera's noise makes no two alike
        try:
            source.open()
            self.details = source.details()
        except BaseException:
            source.close()
            raise
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self._thread.start()

    def take(self, timeout_s: float) -> "bytes | NDArray[np.uint8] | None":
        """The newest picture that was not taken yet; None when none came. Raises DeviceGone, ProtocolError."""
        until = time.monotonic() + timeout_s
        with self._changed:
            while True:
                found = self._look()
                if found is not None:
                    return found
                left = until - time.monotonic()
                if left <= 0:
                    return None
                # Not longer than a stall could take to show.
                self._changed.wait(min(left, 0.2))

    def close(self, why: str) -> None:
        """End it. A read of OpenCV's cannot be ended from outside: a thread that hangs in one is left to its limit."""
        with self._changed:
            self._gone = DeviceGone(why)
            self._changed.notify_all()
        self._source.interrupt()
        self._thread.join(_JOIN_S)

    def _look(self) -> "bytes | NDArray[np.uint8] | None":
        if self._gone is not None:
            raise self._gone
        now_s = time.monotonic()
        if now_s - self._came_s > self._limits.stall_s:
            raise DeviceGone(f"no picture for {self._limits.stall_s:.1f} s")
        if self._limits.frozen_s and now_s - self._moved_s > self._limits.frozen_s:
            raise DeviceGone(f"the camera repeats one picture, for {self._limits.frozen_s:.0f} s")
        fresh, self._fresh = self._fresh, None
        if isinstance(fresh, ProtocolError):
            raise fresh
        if fresh is None:
            return None
        if now_s - fresh[0] > self._limits.max_age_s:
            self.counters.dropped += 1
            return None
        return fresh[1]

    def _run(self) -> None:
        try:
            while self._gone is None:
                self._step()
        except DeviceGone as gone:
            with self._changed:
                self._gone = self._gone or gone
                self._changed.notify_all()
        finally:
            self._source.close()

    def _step(self) -> None:
        try:
            raw = self._source.next()
        except ProtocolError as error:
            self.counters.damaged += 1
            with self._changed:
                if self._fresh is None:  # a whole picture that waits is worth more
                    self._fresh = error
                self._changed.notify_all()
            return
        if raw is None:
            return
        now_s, seen = time.monotonic(), zlib.crc32(raw if isinstance(raw, bytes) else raw.data)
        with self._changed:
            self.counters.frames += 1
            self.counters.dropped += isinstance(self._fresh, tuple)
            if seen != self._print:
                self._print, self._moved_s = seen, now_s
            self._came_s, self._fresh = now_s, (now_s, raw)
            self._changed.notify_all()


class Camera:
    """See drivers.base.Driver for the contract: IMAGE and STREAM. `turn`: quarter turns clockwise to stand upright."""

    def __init__(self, make: Callable[[], Source], limits: Limits, turn: int = 0) -> None:
        self._make = make
        self._limits = limits
        self._turn = turn
        self._grabber: Grabber | None = None

    @property
    def features(self) -> Feature:
        return Feature.IMAGE | Feature.STREAM

    def open(self) -> None:
        if self._grabber is None:
            self._grabber = Grabber(self._make(), self._limits)

    def close(self) -> None:
        grabber, self._grabber = self._grabber, None
        if grabber is not None:
            with contextlib.suppress(DeviceGone):
                grabber.close("the camera is closed")

    def read(self, timeout_s: float) -> Reading | None:
        """The newest picture, each at most once; one that is older than allowed is passed over."""
        raw = self._opened().take(timeout_s)
        if raw is None:
            return None
        import numpy as np

        image = codec.decode(raw) if isinstance(raw, bytes) else raw
        if self._turn:
            image = np.ascontiguousarray(np.rot90(image, -self._turn))
        return Scan(image, 0.0, Modality.FACE)

    def info(self) -> Info:
        grabber = self._opened()
        counted = grabber.counters
        counts = {"frames": counted.frames, "dropped": counted.dropped, "damaged": counted.damaged}
        return Info("camera", details={**grabber.details, **counts})

    def _opened(self) -> Grabber:
        grabber = self._grabber
        if grabber is None:
            raise DeviceGone("the camera is closed")
        return grabber
