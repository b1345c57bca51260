"""How long-running processes end, in order: on SIGTERM or SIGINT."""

import _thread
import signal
import threading
from collections.abc import Callable


def _nothing() -> None:
    pass


def on_signal(stop: threading.Event, first: Callable[[], None] = _nothing) -> None:
    """Set `stop` on a signal, after `first`.

    A handler runs in the main thread, between any two of its steps: in the middle of `stop.wait`, which holds the lock
    that `stop.set` wants, it would wait for itself for ever. So another thread sets it.
    """

    def end(*_: object) -> None:
        first()
        _thread.start_new_thread(stop.set, ())

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
