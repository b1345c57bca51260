"""The threads of a running aggregator: started, stopped in the reverse order, and missed when one ends by itself."""

import contextlib
from typing import Protocol, TypeVar


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
