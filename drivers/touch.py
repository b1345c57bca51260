"""One touch, one reading (S11): what a finger on a polled sensor means, for drivers whose device does not tell."""

import threading
import time
from collections.abc import Callable

from drivers.base import Advice, Retry

POLL_S = 0.02
LIFT_S = 1.5  # a finger that lies there so long waits in vain
BAD_LOOKS = 3  # a finger that is just being laid down is not yet worth advice

Look = Callable[[bool], bool | Retry]
"""Whether a finger is there: with a picture of it taken (True), not at all (False), or badly (Retry).

Given whether it has been read already, in which case nobody needs the picture.
"""


class Touch:
    """`held`: the finger on the glass has been read, or was there before we were."""

    def __init__(self) -> None:
        self.held = False

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
                    return seen
            now = time.monotonic()
            if self.held and now - start > LIFT_S:
                return Retry(Advice.LIFT)
            if now - start >= timeout_s:
                return False
            stop.wait(min(POLL_S, start + timeout_s - now))
