"""A key matrix: which contacts are closed now, to which keys were pressed. No I/O.

Contacts bounce for some milliseconds, so a key counts once it was seen the same way in `steady` scans in a row. A
matrix without diodes cannot tell three keys at the corners of a rectangle from four, so while more than two keys are
down nothing new counts.
"""

from collections.abc import Mapping, Set

from drivers import OptionError
from drivers.base import CLEAR, ENTER

Place = tuple[int, int]
"""Row and column of a key."""

MEANINGS: Mapping[str, str] = {"#": ENTER, "*": CLEAR, "A": "in", "B": "out", "C": "on_duty", "D": "movement_out"}
_MOST_DOWN = 2


def pins(option: str, text: str) -> tuple[int, ...]:
    """Pin numbers of an option. Raises OptionError."""
    words = text.replace(",", " ").split()
    if not words or any(not word.isdecimal() or not 0 <= int(word) <= 27 for word in words):
        raise OptionError(f"{option} = {text!r}: expected pin numbers from 0 to 27")
    if len(set(words)) != len(words):
        raise OptionError(f"{option} = {text!r}: a pin is named twice")
    return tuple(int(word) for word in words)


def layout(text: str, rows: int, columns: int) -> dict[Place, str]:
    """The keys by their place. Raises OptionError when they do not fill rows × columns."""
    lines = text.split()
    if len(lines) != rows or any(len(line) != columns for line in lines):
        raise OptionError(f"layout = {text!r}: expected {rows} rows of {columns} keys")
    return {(r, c): MEANINGS.get(key, key) for r, line in enumerate(lines) for c, key in enumerate(line)}


class Matrix:
    """Scans in, keys out."""

    def __init__(self, keys: Mapping[Place, str], steady: int) -> None:
        self._keys = keys
        self._steady = steady
        self._down: frozenset[Place] = frozenset()
        self._seen: dict[Place, int] = {}

    def scan(self, closed: Set[Place]) -> list[str]:
        """The keys that have gone down for good with this scan."""
        changing = (closed ^ self._down) & self._keys.keys()
        self._seen = {place: self._seen.get(place, 0) + 1 for place in changing}
        settled = {place for place, times in self._seen.items() if times >= self._steady}
        if len(closed) > _MOST_DOWN:
            settled &= self._down  # keys may come up, none goes down
        pressed = sorted(settled - self._down)
        self._down ^= settled
        self._seen = {place: times for place, times in self._seen.items() if place not in settled}
        return [self._keys[place] for place in pressed]
