"""Where entries of a device's log wait until they are on disk: handed over, and again after a while, until taken."""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Collection

from drivers.base import Recognition

AGAIN_S = 30.0
Key = tuple[str, str]


class Shelf:
    """Used by several threads. An entry is named by its stamp: device and cursor; one without a stamp has no place."""

    def __init__(self, again_s: float = AGAIN_S) -> None:
        self._again_s = again_s
        self._fresh: deque[Key] = deque()
        self._handed: OrderedDict[Key, float] = OrderedDict()  # when it is due again; the first is due first
        self._entries: dict[Key, Recognition] = {}
        self._changed = threading.Condition()
        self._closed = self._poked = False

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def put(self, reading: Recognition) -> None:
        """Does nothing for an entry that waits already."""
        with self._changed:
            key = key_of(reading)
            if key not in self._entries:
                self._entries[key] = reading
                self._fresh.append(key)
                self._changed.notify_all()

    def next(self, timeout_s: float = 0.0) -> Recognition | None:
        """The entry to hand over now; None when there is none in time, or whoever waits was poked, or it is closed."""
        until = time.monotonic() + timeout_s
        with self._changed:
            while not self._closed and not self._poked:
                key = self._due()
                if key is not None:
                    self._handed[key] = time.monotonic() + self._again_s
                    return self._entries[key]
                left = until - time.monotonic()
                if left <= 0:
                    return None
                self._changed.wait(left)
            self._poked = False
        return None

    def take(self, reading: Recognition) -> bool:
        """It is on disk: forget it. Whether it was waiting."""
        with self._changed:
            key = key_of(reading)
            self._handed.pop(key, None)
            found = self._entries.pop(key, None) is not None
            self._changed.notify_all()
            return found

    def emptied(self, keys: Collection[Key], timeout_s: float) -> bool:
        """Wait until all of these were taken; False when they were not in time, or the shelf was closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or not any(k in self._entries for k in keys), timeout_s)
            return not any(k in self._entries for k in keys)

    def again(self) -> None:
        """Whoever was handed entries is gone: hand over everything from the start."""
        with self._changed:
            self._fresh.extendleft(reversed(self._handed))
            self._handed.clear()
            self._closed = False

    def poke(self) -> None:
        """Whoever waits for an entry, or is about to, looks up once."""
        with self._changed:
            self._poked = True
            self._changed.notify_all()

    def close(self) -> None:
        """End every wait; what is on the shelf stays."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _due(self) -> Key | None:
        while self._fresh:
            key = self._fresh.popleft()
            if key in self._entries:
                return key
        if self._handed and next(iter(self._handed.values())) <= time.monotonic():
            return self._handed.popitem(last=False)[0]
        return None


def key_of(reading: Recognition) -> Key:
    stamp = reading.stamp
    return (stamp.device, stamp.cursor) if stamp else ("", "")
