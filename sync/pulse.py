"""What a service manager hears of a process (sd_notify(3)): that it is ready, and, while it gets somewhere, that it
lives.

A process beats from the place where its work passes, so a heart that beats means work, and no thread that only beats
stands in for it. Without a service manager nobody listens, and nothing is sent.
"""

import contextlib
import os
import socket
import time
from collections.abc import Callable, Mapping

_SHARE = 4  # beats within the time after which we are taken for dead


class Pulse:
    """Beat as often as you like: what is sent is no more than is needed. For one thread."""

    def __init__(
        self, environment: Mapping[str, str] = os.environ, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        limit = environment.get("WATCHDOG_USEC", "")
        ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self._every_s = int(limit) / 1e6 / _SHARE if limit.isascii() and limit.isdigit() and ours else None
        self._now_s = now_s
        self._last_s = -float("inf")

    def ready(self) -> None:
        """What others wait for is there."""
        self._send("READY=1")

    def beat(self) -> None:
        """A piece of work has passed."""
        if self._every_s is None or self._now_s() - self._last_s < self._every_s:
            return
        self._last_s = self._now_s()
        self._send("WATCHDOG=1")

    def _send(self, word: str) -> None:
        if not self._address:
            return
        to = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.sendto(word.encode(), to)
