"""Keys that a thread puts into a queue, for the driver that hands them over."""

import queue
import time
from collections.abc import Callable

LOOK_UP_S = 0.05  # how soon a wait for a key notices that the device was closed


def next_key(keys: "queue.Queue[str]", check_open: Callable[[], None], timeout_s: float) -> str | None:
    """The next key within `timeout_s`, None when none came. Raises whatever `check_open` does."""
    until = time.monotonic() + timeout_s
    while True:
        check_open()
        left = until - time.monotonic()
        try:
            return keys.get(timeout=max(0.0, min(left, LOOK_UP_S)))
        except queue.Empty:
            if left <= LOOK_UP_S:
                return None
