"""A thread that does the newest thing only, for whatever must never hold up a punch: pictures, lights, sounds."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Latest(Generic[T]):
    """`put` returns at once; what was put and overtaken is never done. `again_s`: the newest is done again so often.

    An error of `act` goes to `trouble`, and the thread lives on; `trouble("")` says that it is over.
    """

    def __init__(
        self, name: str, act: Callable[[T], None], trouble: Callable[[str], None], again_s: float | None = None
    ) -> None:
        self._act = act
        self._trouble = trouble
        self._again_s = again_s
        self._changed = threading.Condition()
        self._newest: T | None = None
        self._fresh = self._ended = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, value: T) -> None:
        with self._changed:
            self._newest, self._fresh = value, True
            self._changed.notify()

    def overtaken(self, timeout_s: float) -> bool:
        """For `act`, instead of sleeping: whether something newer came within this time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._fresh or self._ended, timeout_s)

    def close(self) -> None:
        """End the thread, after what it is doing."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._fresh or self._ended, self._again_s)
                if self._ended:
                    return
                value, self._fresh = self._newest, False
            if value is None:
                continue
            try:
                self._act(value)
            except Exception as error:  # noqa: BLE001 - a broken panel or speaker must not end the terminal
                self._trouble(f"{type(error).__name__}: {error}")
            else:
                self._trouble("")
