"""The kernel's input events to keys. No I/O.

Events are `struct input_event` of linux/input.h: seconds and microseconds (`unsigned long` each), type (u16), code
(u16), value (s32), in the machine's own byte order. Key codes are those of linux/input-event-codes.h. A value of 1 is
a press, 0 a release, 2 the kernel's auto-repeat, which nobody typed. SYN_DROPPED says that events were lost: what comes
before the next SYN_REPORT is incomplete and is not used (Documentation/input/event-codes.rst of the kernel).
"""

import struct
from collections.abc import Iterable, Mapping

from drivers import OptionError
from drivers.base import CLEAR, ENTER

EVENT = struct.Struct("@llHHi")
EVENT_32 = struct.Struct("<IIHHi")  # as a 32-bit little-endian kernel sends it
EV_SYN, EV_KEY = 0, 1
SYN_REPORT, SYN_DROPPED = 0, 3
PRESSED = 1

_TOP_ROW = dict(zip(range(2, 12), "1234567890", strict=True))
NUMPAD = dict(zip((82, 79, 80, 81, 75, 76, 77, 71, 72, 73), "0123456789", strict=True))
_NUMERIC = {512 + n: str(n) for n in range(10)}  # KEY_NUMERIC_0 and on: remote controls, some door keypads
DIGITS: Mapping[int, str] = _TOP_ROW | NUMPAD | _NUMERIC
ENTERS = (28, 96, 352, 523)  # ENTER, KPENTER, OK, NUMERIC_POUND
CLEARS = (14, 74, 12, 1, 111, 355, 522)  # BACKSPACE, KPMINUS, MINUS, ESC, DELETE, CLEAR, NUMERIC_STAR
NAMED: Mapping[str, tuple[int, ...]] = {
    "/": (98, 53),
    "*": (55,),
    "+": (78,),
    ".": (83, 52),
    ",": (121, 51),
    "=": (117, 13),
    "tab": (15,),
    "space": (57,),
    **{f"f{n}": (58 + n,) for n in range(1, 11)},
    "f11": (87,),
    "f12": (88,),
}
FUNCTION_KEYS: Mapping[str, str] = {
    "f1": "in",
    "f2": "out",
    "f3": "movement_out",
    "f4": "movement_in",
    "f5": "on_duty",
}


def key_map(given: str) -> dict[int, str]:
    """Key code to key, with the settings' own meanings ("/=in *=out"). Raises OptionError."""
    meanings = dict(FUNCTION_KEYS)
    for part in given.split():
        name, _, meaning = part.rpartition("=")
        if name not in NAMED or not meaning:
            raise OptionError(f"keys: {part!r}: expected KEY=MEANING with a KEY of {' '.join(NAMED)}")
        meanings[name] = meaning
    keys = dict(DIGITS) | dict.fromkeys(ENTERS, ENTER) | dict.fromkeys(CLEARS, CLEAR)
    return keys | {code: meaning for name, meaning in meanings.items() for code in NAMED[name]}


class Decoder:
    """Bytes in, keys out; whatever is no press of a known key passes unnoticed."""

    def __init__(self, keys: Mapping[int, str], event: struct.Struct = EVENT) -> None:
        self._keys = keys
        self._event = event
        self._rest = b""
        self._lost = False

    def feed(self, data: bytes) -> list[str]:
        """The keys pressed, in order. Takes any bytes, whole events or not."""
        data = self._rest + data
        whole = len(data) - len(data) % self._event.size
        self._rest = data[whole:]
        return list(self._pressed(self._event.iter_unpack(data[:whole])))

    def _pressed(self, events: Iterable[tuple[int, ...]]) -> Iterable[str]:
        for _, _, kind, code, value in events:
            if kind == EV_SYN and code in (SYN_DROPPED, SYN_REPORT):
                self._lost = code == SYN_DROPPED
            elif kind == EV_KEY and value == PRESSED and code in self._keys and not self._lost:
                yield self._keys[code]


def has_keypad(codes: bytes) -> bool:
    """Whether a device whose EVIOCGBIT(EV_KEY) answer this is (a bit a code) has ten digits and an enter."""
    there = {code for code in range(8 * len(codes)) if codes[code // 8] >> code % 8 & 1}
    digits = any(set(row) <= there for row in (_TOP_ROW, NUMPAD, _NUMERIC))
    return digits and not there.isdisjoint(ENTERS)
