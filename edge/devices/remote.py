"""Sensors on the network, as the terminal has them: drivers like any other, whose device the bridge holds.

The terminal has no network, and the bridge cannot make files where the terminal lives: so the terminal listens, at
the Door, and the bridge comes with one connection a sensor and says which. Remote then asks over that connection what
it would ask of a device. Closing it hangs up; the bridge lets the device go, and comes again.
"""

import socket
import threading
from collections.abc import Iterable
from pathlib import Path

from drivers import DeviceGone, ProtocolError
from drivers.base import Feature, Info, Reading
from drivers.entry import Entry
from drivers.lines import hang_up, listen
from edge.devices import frames
from edge.devices.frames import Frame
from edge.devices.pipe import Pipe

_GROUP_MAY = 0o660  # the bridge is another user of the same group
_HELLO_S = 1.0
_KNOCK_S = 3.0  # how long the bridge may need to come again after it was hung up on
_SLACK_S = 15.0  # a vendor's service may take so much longer than it was given
_BACKLOG = 8


def brought(entry: Entry) -> bool:
    """Is this a sensor whose pictures the bridge brings?"""
    return entry.network and Feature.IMAGE in entry.features


class Door:
    """Where the bridge comes to. Holds, for each sensor, the newest connection that nobody has taken yet."""

    def __init__(self, path: Path, names: Iterable[str]) -> None:
        self._path = path
        self._names = frozenset(names)
        self._waiting: dict[str, Pipe] = {}
        self._changed = threading.Condition()
        self._listener: socket.socket | None = None

    def open(self) -> None:
        """Raises DeviceGone when the socket cannot be made."""
        listener = listen(self._path, _GROUP_MAY, _BACKLOG)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), name="pictures", daemon=True).start()

    def close(self) -> None:
        listener, self._listener = self._listener, None
        if listener is None:
            return
        hang_up(listener, self._path)
        with self._changed:
            for pipe in self._waiting.values():
                pipe.forget()
            self._waiting.clear()
            self._changed.notify_all()

    def take(self, name: str, timeout_s: float) -> Pipe | None:
        """The connection on which this sensor waits; None when the bridge did not bring it in time."""
        with self._changed:
            self._changed.wait_for(lambda: name in self._waiting, timeout_s)
            return self._waiting.pop(name, None)

    def _accept(self, listener: socket.socket) -> None:
        while self._listener is listener:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self._greet(Pipe(connection))

    def _greet(self, pipe: Pipe) -> None:
        """One after the other: whoever says nothing is sent away within a second."""
        try:
            hello = pipe.next(_HELLO_S)
        except (DeviceGone, ProtocolError):
            hello = None
        name = hello.header.get("sensor") if hello else None
        if not isinstance(name, str) or name not in self._names:
            pipe.forget()
            return
        with self._changed:
            before = self._waiting.pop(name, None)
            if before is not None:
                before.forget()
            self._waiting[name] = pipe
            self._changed.notify_all()


class Remote:
    """See drivers.base.Driver, Informed and Watchful for the contract."""

    def __init__(self, door: Door, name: str, features: Feature) -> None:
        self._door, self._name, self._features = door, name, features
        self._pipe: Pipe | None = None
        self._using = threading.Lock()

    @property
    def features(self) -> Feature:
        return self._features

    def open(self) -> None:
        if self._pipe is not None:
            return
        pipe = self._door.take(self._name, _KNOCK_S)
        if pipe is None:
            raise DeviceGone(f"{self._name} is on the network, and hazri-edge bridge did not bring it: is it running?")
        self._pipe = pipe
        try:
            self._ask(Frame({"do": "open"}), _SLACK_S)
        except (DeviceGone, ProtocolError) as error:
            self.close()
            raise DeviceGone(str(error)) from None

    def close(self) -> None:
        pipe, self._pipe = self._pipe, None
        if pipe is not None:
            pipe.close()
            with self._using:  # whoever waits for an answer has noticed
                pipe.forget()

    def read(self, timeout_s: float) -> Reading | None:
        request = Frame({"do": "read", "timeout_s": min(timeout_s, frames.LONGEST_S)})
        return frames.reading(self._ask(request, timeout_s + _SLACK_S))

    def info(self) -> Info:
        return frames.info(self._ask(Frame({"do": "info"}), _SLACK_S))

    def check(self) -> None:
        with self._using:
            if self._pipe is None:
                raise DeviceGone(f"{self._name} is closed")
            try:
                self._pipe.check()
            except DeviceGone:
                raise DeviceGone(f"{self._name}: the bridge is gone") from None

    def _ask(self, request: Frame, timeout_s: float) -> Frame:
        """Raises what the device raised; DeviceGone, having hung up, when the bridge cannot be understood any more."""
        with self._using:
            pipe = self._pipe
            if pipe is None:
                raise DeviceGone(f"{self._name} is closed")
            try:
                answer = pipe.ask(request, timeout_s)
            except (DeviceGone, ProtocolError) as error:
                # An answer that comes late must not be taken for that to the next question.
                pipe.close()
                raise DeviceGone(f"{self._name}, at the bridge: {error}") from None
        return frames.checked(answer)
