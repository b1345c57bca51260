"""Templates taken here go up, in pieces, until the roster brings them back.

There is no receipt for a piece, so nothing but time holds them back: a few at once, then as many a second as the server
takes from any one terminal for as long as it likes. A day of enrolling without a line would else arrive as a flood.
"""

import time
from collections import deque
from collections.abc import Callable

from sync.link import Link
from sync.outbox import OutboxReader
from sync.roster import RosterStore
from sync.topics import up
from sync.wire import Chunk, chunk_bytes, parse_template

CHUNK_BYTES = 1024
AT_ONCE, PER_S = 16.0, 8.0  # messages
_READ_AT_ONCE = 16  # templates
AGAIN_S = 3600.0  # a piece may be dropped on the way; not sooner, because a roster takes its time


class Uploader:
    """Of one agent, on its thread."""

    def __init__(
        self, terminal: str, link: Link, store: RosterStore, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._terminal, self._link, self._store, self._now_s = terminal, link, store, now_s
        self._waiting: deque[Chunk] = deque()
        self._seq = 0  # of the last template that was cut into pieces
        self._may, self._at_s = AT_ONCE, now_s()
        self._began_s = now_s()

    def start_over(self) -> None:
        """Another link, or another log: what was under way may be lost."""
        self._waiting.clear()
        self._seq = 0
        self._began_s = self._now_s()

    def step(self, reader: OutboxReader, *, again: bool) -> None:
        """Send what may go now. `again`: may what did not come back go a second time on this link? Raises LinkError and
        StorageError."""
        now_s = self._now_s()
        self._may = min(AT_ONCE, self._may + PER_S * (now_s - self._at_s))
        self._at_s = now_s
        if again and now_s - self._began_s >= AGAIN_S and not self._waiting:
            self.start_over()
        while self._may >= 1 and (self._waiting or self._cut(reader)):
            self._link.publish(up(self._terminal, "chunk"), chunk_bytes(self._waiting[0]))
            self._waiting.popleft()
            self._may -= 1

    def _cut(self, reader: OutboxReader) -> bool:
        """Take the next template that is not on the roster; False: there is none."""
        while some := reader.blobs(self._seq, _READ_AT_ONCE):
            for seq, data in some:
                self._seq = seq
                if not self._store.holds(parse_template(data)):
                    parts = [data[i : i + CHUNK_BYTES] for i in range(0, len(data), CHUNK_BYTES)]
                    self._waiting.extend(Chunk(reader.log, seq, i, len(parts), part) for i, part in enumerate(parts))
                    return True
        return False
