"""The threads of a running aggregator: started, stopped in the reverse order, and missed when one ends by itself."""

import contextlib
import logging
import threading
from abc import ABC, abstractmethod
from typing import Protocol, TypeVar

from server import ServerError

log = logging.getLogger("hazri.server")


class Work(Protocol):
    """Something that runs until it is stopped."""

    def start(self) -> None: ...

    def stop(self) -> None: ...

    @property
    def alive(self) -> bool:
        """Does all of it run?"""
        ...


W = TypeVar("W", bound=Work)


class Threads:
    """Kept until `stack` is unwound."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self._stack = stack
        self._kept: dict[str, Work] = {}

    def keep(self, what: str, one: W) -> W:
        """Start it. `what` it does, as in "the thread that … has ended"."""
        one.start()
        self._stack.callback(one.stop)
        self._kept[what] = one
        return one

    def problems(self) -> list[str]:
        """A sentence for each that has ended."""
        ended = [what for what, one in self._kept.items() if not one.alive]
        return [f"the thread that {what} has ended; restart the server and read its log" for what in ended]


class Rounds(ABC):
    """A thread that does `round` over and over, with a rest of `rest_s` between: `start`, then `stop` once. A round
    that fails is said, once for each reason in a row, and done again after the rest. It may look at `stopping`."""

    def __init__(self, name: str, rest_s: float) -> None:
        self._name, self._rest_s = name, rest_s
        self.stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.stopping.set()
        self._thread.join()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    @abstractmethod
    def round(self) -> float | None:
        """Seconds to rest before the next one; None: as long as ever. Raises ServerError."""

    def _work(self) -> None:
        said = ""
        while not self.stopping.is_set():
            rest_s, failed = None, ""
            try:
                rest_s = self.round()
            except ServerError as error:
                failed = str(error)
            if failed and failed != said:
                log.warning("work=%s state=waiting reason=%s", self._name, failed)
            elif said and not failed:
                log.info("work=%s state=working", self._name)
            said = failed
            self.stopping.wait(self._rest_s if rest_s is None else rest_s)
