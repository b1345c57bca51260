"""Asks the server what time it is, now and then, and keeps its newest word.

One question is out at a time, and none outlives its link: an answer to another one fits nothing (sync.anchor). Used by
the agent's one thread; `true_s` by the link's, too.
"""

import os
import time
from collections.abc import Callable

from sync import ChainError
from sync.anchor import NONCE_BYTES, PATIENCE_MS, Anchor, Question, check, parse_answer, question_bytes
from sync.word import Verifier

EVERY_MS = 3 * 3_600_000  # a crystal goes wrong by half a second in so long
_RETRY_MAX_MS = 3_600_000  # a server that never answers is asked no more often


def since_boot_ms() -> int:
    """CLOCK_BOOTTIME: it counts on through suspend, and no setting of the clock moves it."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


class Asker:
    """`boot_id` is the kernel's name of this boot, 16 bytes; `held` the anchor that is on disk, of whatever boot."""

    def __init__(
        self,
        terminal: str,
        server_key: Verifier,
        boot_id: bytes,
        held: Anchor | None = None,
        count_ms: Callable[[], int] = since_boot_ms,
    ) -> None:
        self._terminal, self._key, self._boot_id, self._count_ms = terminal, server_key, boot_id, count_ms
        self._anchor = held if held is not None and held.question.boot_id == boot_id else None
        self._out: Question | None = None
        self._unanswered = 0
        self._not_before_ms = 0

    def due(self) -> bool:
        """Is it time to ask, and no question out that could still be answered?"""
        now_ms = self._count_ms()
        fresh = self._anchor is not None and now_ms - self._anchor.came_ms < EVERY_MS
        return not fresh and now_ms >= self._not_before_ms

    def ask(self) -> bytes:
        """A new question, to be sent at once."""
        self._out = Question(self._boot_id, self._count_ms(), os.urandom(NONCE_BYTES))
        self._not_before_ms = self._out.asked_ms + min(PATIENCE_MS << min(self._unanswered, 10), _RETRY_MAX_MS)
        self._unanswered += 1
        return question_bytes(self._out)

    def new_link(self) -> None:
        """What was asked on the old one is not answered any more; on this one it may be asked at once."""
        self._out = None
        self._not_before_ms = 0

    def take(self, payload: bytes) -> Anchor:
        """The anchor that an answer makes. Raises WireError for what is no answer, ChainError for one that is not the
        server's to the question that is out: nothing changes then, and the question stays out."""
        came_ms = self._count_ms()
        answer = parse_answer(payload)
        if self._out is None:
            raise ChainError("anchor: an answer, and no question is out")
        anchor = Anchor(self._out, came_ms, answer)
        check(self._key, self._terminal, anchor, came_ms)
        self._out, self._unanswered, self._anchor = None, 0, anchor
        return anchor

    def true_s(self) -> float | None:
        """Unix time in seconds by the server's word in this boot; None where it has not spoken yet."""
        anchor = self._anchor
        return None if anchor is None else (self._count_ms() + anchor.offset_ms) / 1000
