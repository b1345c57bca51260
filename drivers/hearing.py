"""What comes over a Port, as the events of a parser: for devices that answer on a serial line."""

import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Generic, Protocol, TypeVar

from drivers import DeviceGone
from drivers.ports import Port

LOOK_UP_S = 0.05  # how soon what waits notices that it was stopped

Event = TypeVar("Event")
_Made = TypeVar("_Made", covariant=True)


class Parser(Protocol[_Made]):
    """Sans I/O: bytes in, events out; `give_up` when nothing more comes of what was begun."""

    def feed(self, data: bytes) -> Iterable[_Made]: ...

    def give_up(self) -> Iterable[_Made]: ...

    def reset(self) -> None: ...


class Hearing(Generic[Event]):
    """`stop` ends whatever waits, with DeviceGone. No wait outlasts `flood_s`, whatever comes.

    `patience`: how often as long as usual silence is borne.
    """

    def __init__(self, port: Port, parser: Parser[Event], flood_s: float, patience: float = 1.0) -> None:
        self.port = port
        self.stop = threading.Event()
        self._heard, self._flood_s, self._patience = parser, flood_s, patience
        self._waiting: deque[Event] = deque()

    def close(self) -> None:
        """End what waits and let the port go. Never raises."""
        self.stop.set()
        self.port.close()

    def forget(self) -> None:
        """What came already, and what was begun."""
        self._heard.reset()
        self._waiting.clear()

    def events(self, quiet_s: float) -> Iterator[Event]:
        """What comes, until the line was quiet for so long (by `patience`). Raises DeviceGone."""
        quiet_s *= self._patience
        flood, quiet = time.monotonic() + self._flood_s, time.monotonic() + quiet_s
        while True:
            while self._waiting:
                yield self._waiting.popleft()
            if self.stop.is_set():
                raise DeviceGone("the driver was closed")
            now = time.monotonic()
            if now > min(quiet, flood):
                break
            if data := self.port.read(4096, min(LOOK_UP_S, quiet - now)):
                self._waiting.extend(self._heard.feed(data))
                quiet = time.monotonic() + quiet_s
        yield from self._heard.give_up()
