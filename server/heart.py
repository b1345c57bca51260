"""The server's heartbeat to the service manager: it beats while the threads live and a page is answered.

A database that refuses or a broker that is away stops no heart: a new start would mend neither.
"""

import http.client
import threading
from collections.abc import Callable

from sync.pulse import Pulse

_EVERY_S = 10.0
_ANSWER_S = 8.0


class Heart(threading.Thread):
    """Asks this server's own `/healthz` at (host, port), as any client would, after asking `alive`."""

    def __init__(
        self, pulse: Pulse, alive: Callable[[], bool], host: str, port: int, every_s: float = _EVERY_S
    ) -> None:
        super().__init__(name="heart", daemon=True)
        self._pulse, self._alive, self._at, self._every_s = pulse, alive, (host, port), every_s
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(self._every_s):
            if self._alive() and self._answers():
                self._pulse.beat()

    def stop(self) -> None:
        self._over.set()

    def _answers(self) -> bool:
        """Whatever it says: that it says it is what counts."""
        line = http.client.HTTPConnection(*self._at, timeout=_ANSWER_S)
        try:
            line.request("GET", "/healthz")
            return bool(line.getresponse().status)
        except (OSError, http.client.HTTPException):
            return False
        finally:
            line.close()
