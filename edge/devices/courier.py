"""The bridge's end of a sensor whose pictures the terminal wants: does with the device what the terminal asks.

The device is opened when the terminal says so and let go when it hangs up, so nobody's finger is looked at while
nobody asks for it. Between two touches a device that does not say when a finger leaves is looked at once more, so that
the next person's touch counts at once.
"""

import threading
from pathlib import Path

from drivers import DeviceGone, DriverError, ProtocolError
from drivers.base import Driver, Info, Informed, Scan, Settling
from edge.devices import frames
from edge.devices.frames import Frame
from edge.devices.pipe import Pipe
from edge.health.trouble import Troubles

_PAUSE_FIRST_S, _PAUSE_MAX_S = 0.2, 5.0
_LOOK_UP_S = 1.0
_QUIET_S = 0.3  # after a touch: so long the terminal may want another one


class Courier(threading.Thread):
    """One sensor. `end` may be called from any thread."""

    def __init__(self, name: str, driver: Driver, socket: Path, troubles: Troubles) -> None:
        super().__init__(name=name, daemon=True)
        self._driver, self._socket, self._troubles = driver, socket, troubles
        self._over = threading.Event()
        self._pipe: Pipe | None = None
        self._unsettled = False

    def end(self) -> None:
        self._over.set()
        pipe = self._pipe
        if pipe is not None:
            pipe.close()
        self._driver.close()

    def run(self) -> None:
        """Go to the terminal, serve it until it hangs up, and go again."""
        pause_s = _PAUSE_FIRST_S
        while not self._over.is_set():
            try:
                self._pipe = Pipe.to(self._socket)
            except DeviceGone as gone:
                self._troubles.found("terminal", str(gone))
                self._over.wait(pause_s)
                pause_s = min(2 * pause_s, _PAUSE_MAX_S)
                continue
            self._troubles.mended("terminal")
            if self._serve(self._pipe):
                pause_s = _PAUSE_FIRST_S
            self._driver.close()
            self._pipe.forget()
            self._over.wait(pause_s)

    def _serve(self, pipe: Pipe) -> bool:
        """Whether the terminal asked anything before it hung up."""
        asked = False
        try:
            pipe.send(Frame({"sensor": self.name}))
            while not self._over.is_set():
                request = pipe.next(_QUIET_S if self._unsettled else _LOOK_UP_S)
                if request is not None:
                    asked = True
                    pipe.send(self._answer(request))
                elif self._unsettled:
                    self._settle()
        except (DeviceGone, ProtocolError):
            pass  # it hung up, or talks of something else; either way the next connection starts afresh
        return asked

    def _answer(self, request: Frame) -> Frame:
        try:
            answer = self._do(request)
        except DriverError as error:
            self._troubles.found(self.name, str(error))
            return frames.failed(error)
        self._troubles.mended(self.name)
        return answer

    def _do(self, request: Frame) -> Frame:
        match request.header:
            case {"do": "open"}:
                self._driver.open()
                return Frame({"ok": True})
            case {"do": "read", "timeout_s": float() | int() as timeout_s} if 0 <= timeout_s <= frames.LONGEST_S:
                reading = self._driver.read(timeout_s)
                self._unsettled = isinstance(reading, Scan) and isinstance(self._driver, Settling)
                return frames.of(reading)
            case {"do": "info"}:
                return frames.about(self._driver.info() if isinstance(self._driver, Informed) else Info(self.name))
        raise ProtocolError("the terminal asks for what no sensor does")

    def _settle(self) -> None:
        try:
            self._unsettled = isinstance(self._driver, Settling) and not self._driver.settle()
        except DriverError:
            self._unsettled = False  # it shows when the terminal asks for the next reading
