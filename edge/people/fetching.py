"""Digits nobody has here, asked of the server while their owner waits (S6, R1.12). Used by the terminal's one thread.

The question goes to sync as a row of punches.db, the digits sealed to the server; the verdict and whoever is coming
arrive in roster.db. A question is forgotten as soon as nobody waits for it any more.
"""

import secrets
import time
from collections.abc import Callable

from edge.people.gallery import People
from edge.record.journal import Journal
from edge.trust.keys import Keys
from sync import StorageError
from sync.fetch import Wanted, Whereabouts, binding
from sync.seal import seal_to

_NUMBER_BITS = 48
_EVERY_S = 0.2


class Fetching:
    """`online`: is there a line just now?"""

    def __init__(self, keys: Keys, journal: Journal, people: People, online: Callable[[], bool]) -> None:
        self._keys, self._journal, self._people, self._online = keys, journal, people, online
        self._number: int | None = None
        self._looked_s = 0.0

    @property
    def online(self) -> bool:
        return self._online()

    @property
    def waiting(self) -> bool:
        return self._number is not None

    def ask(self, digits: str) -> None:
        """A disk that refuses leaves the question unasked, and the wait to its end."""
        number = secrets.randbits(_NUMBER_BITS)
        sealed = seal_to(self._keys.template_key, digits.encode(), binding(self._keys.terminal, number))
        try:
            self._journal.want(Wanted(number, sealed))
        except StorageError:
            return
        self._number = number

    def look(self) -> Whereabouts | None:
        """The verdict, once it is there and, where somebody is coming, they are; looked for five times a second."""
        now_s = time.monotonic()
        if self._number is None or now_s - self._looked_s < _EVERY_S:
            return None
        self._looked_s = now_s
        try:
            self._people.refresh()
            found = self._people.found(self._number)
            if found is None:
                return None
            whereabouts, version = found
            coming = whereabouts is Whereabouts.COMING and self._people.gallery.version < version
            return None if coming else whereabouts
        except StorageError:
            return None

    def end(self) -> None:
        """Nobody waits any more."""
        if self._number is not None:
            self._number = None
            try:
                self._journal.want(None)
            except StorageError:
                return  # the next question takes its place
