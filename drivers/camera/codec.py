"""JPEG pictures out of a stream of bytes (motion JPEG, with or without multipart heads between), and decoded. No I/O.

A JPEG (ITU-T T.81, annex B) begins with FFD8 and ends with FFD9; between them are segments that say how long they are,
and scans in which FF is followed by 00 or a restart marker. So the end of a picture is known without decoding it, and
whatever lies between two pictures (the boundary and heads of multipart/x-mixed-replace) is passed over.
"""

from typing import TYPE_CHECKING

from drivers import ProtocolError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_JPEG_BYTES = 8 * 1024 * 1024
MAX_SIDE_PX = 4096
_START = b"\xff\xd8\xff"
_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_RESTARTS = range(0xD0, 0xD8)
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # SOF0 to SOF15, less the tables between them


class Splitter:
    """Bytes in, whole pictures out; None stands for one that was damaged. Holds at most one picture."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._at = 0  # how far the picture at the front of the buffer was walked; 0: none has begun
        self._in_scan = False

    def feed(self, data: bytes) -> list[bytes | None]:
        self._buffer += data
        found: list[bytes | None] = []
        while self._begin():
            end = self._walk()
            if end is None:
                if len(self._buffer) > MAX_JPEG_BYTES:
                    self._drop(2)
                    found.append(None)
                    continue
                break
            whole = end > 0
            found.append(bytes(self._buffer[:end]) if whole else None)
            self._drop(end if whole else max(2, -end))
        return found

    def _begin(self) -> bool:
        """A picture's start is at the front of the buffer."""
        if self._at:
            return True
        start = self._buffer.find(_START)
        if start < 0:
            del self._buffer[: max(0, len(self._buffer) - len(_START) + 1)]
            return False
        del self._buffer[:start]
        self._at, self._in_scan = 2, False
        return True

    def _walk(self) -> int | None:
        """Where the picture ends; None: not yet; negative: where it turned out to be damaged."""
        buffer = self._buffer
        while True:
            if self._in_scan:
                self._at = _after_scan(buffer, self._at)
            if self._at + 2 > len(buffer):
                return None
            marker = buffer[self._at + 1]
            if buffer[self._at] != 0xFF or marker == _SOI:
                return -self._at
            if marker == 0xFF:  # fill
                self._at += 1
                continue
            if marker == _EOI:
                return self._at + 2
            if self._at + 4 > len(buffer):
                return None
            length = int.from_bytes(buffer[self._at + 2 : self._at + 4], "big")
            if length < 2:
                return -self._at
            self._at += 2 + length
            self._in_scan = marker == _SOS

    def _drop(self, count: int) -> None:
        del self._buffer[:count]
        self._at, self._in_scan = 0, False


def _after_scan(buffer: bytearray, at: int) -> int:
    """The first marker that ends a scan, or the end of what is there."""
    while True:
        at = buffer.find(b"\xff", at)
        if at < 0:
            return len(buffer)
        if at + 1 == len(buffer):
            return at
        if buffer[at + 1] != 0 and buffer[at + 1] not in _RESTARTS:
            return at
        at += 2


def size(jpeg: bytes) -> tuple[int, int]:
    """(rows, columns) from a whole picture's head, before it is decoded. Raises ProtocolError."""
    at = 2
    while at + 9 <= len(jpeg) and jpeg[at] == 0xFF:
        marker = jpeg[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in _FRAMES:
            return int.from_bytes(jpeg[at + 5 : at + 7], "big"), int.from_bytes(jpeg[at + 7 : at + 9], "big")
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    raise ProtocolError("a JPEG without its size")


def decode(jpeg: bytes) -> "NDArray[np.uint8]":
    """A whole picture as uint8 (rows, columns, 3), blue, green, red. Raises ProtocolError."""
    rows, columns = size(jpeg)
    if not (0 < rows <= MAX_SIDE_PX and 0 < columns <= MAX_SIDE_PX):
        raise ProtocolError(f"a picture of {columns} × {rows} px; at most {MAX_SIDE_PX} a side")
    import cv2
    import numpy as np

    try:
        image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        image = None
    if image is None:
        raise ProtocolError("a JPEG that cannot be decoded")
    return np.asarray(image, np.uint8)
