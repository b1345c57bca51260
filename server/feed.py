"""What is new since you last looked: a number that grows with every commit, for pages that show things live."""

import threading
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Feed:
    """Counters since the start, and a version that changes with them. Any thread may call anything here."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _counts: Counter[str] = field(default_factory=Counter)
    _version: int = 0

    def add(self, counts: Counter[str]) -> None:
        with self._lock:
            self._counts.update(counts)
            self._version += 1

    @property
    def version(self) -> int:
        return self._version

    def counts(self) -> dict[str, int]:
        with self._lock:
            return dict(self._counts)
