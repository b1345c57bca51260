"""One touch, one reading (S11): what a finger on a polled sensor means, for drivers whose device does not tell."""

import threading
import time
from collections.abc import Callable

from drivers.base import Advice, Retry

POLL_S = 0.02
LIFT_S = 1.5  # a finger that lies there so long waits in vain
APART_S = 3.0  # waits further apart are not one
BAD_LOOKS = 3  # a finger that is just being laid down is not yet worth advice

Look = Callable[[bool], bool | Retry]
"""Whether a finger is there: with a picture of it taken (True), not at all (False), or badly (Retry).

Given whether it has been read already, in which case nobody needs the picture.
"""


class Lying:
    """How long a finger that must leave first has been waited for, be it in one long wait or in many short ones."""

    def __init__(self) -> None:
        self._since_s = self._last_s = 0.0

    def too_long(self) -> bool:
        """It lies there now. Whether it is time to ask for it to be lifted: once each LIFT_S."""
        now_s = time.monotonic()
        if now_s - self._last_s > APART_S:
            self._since_s = now_s
        self._last_s = now_s
        if now_s - self._since_s <= LIFT_S:
            return False
        self._since_s = now_s
        return True

    def gone(self) -> None:
        self._last_s = 0.0


class Touch:
    """`held`: the finger on the glass has been read, or was there before we were."""

    def __init__(self) -> None:
        self.held = False
        self._lying = Lying()

    def wait(self, look: Look, timeout_s: float, stop: threading.Event) -> bool | Retry:
        """True when a finger came that was not there before, False when nobody came, Retry when it came badly."""
        start, bad = time.monotonic(), 0
        while True:
            seen = look(self.held)
            if seen is False:
                self.held = False
                if bad:
                    return Retry(Advice.PLACE_AGAIN)  # gone before there was a picture
            elif not self.held:
                bad += seen is not True
                if seen is True or bad == BAD_LOOKS:
                    self.held = True
                    self._lying.gone()
                    return seen
            if not self.held:
                self._lying.gone()
            elif self._lying.too_long():
                return Retry(Advice.LIFT)
            now = time.monotonic()
            if now - start >= timeout_s:
                return False
            stop.wait(min(POLL_S, start + timeout_s - now))
