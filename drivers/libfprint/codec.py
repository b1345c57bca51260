"""What the helper process says, and is told: a JSON object a line, some followed by raw bytes. No I/O.

To the helper                               From it
{"do": "open", "device": "any", "match": false}   {"is": "open", "name", "driver", "id", "stages", "identify"}
{"do": "capture", "for_s": 9}               {"is": "waiting"}, then {"is": "image", "width", "height", "ppmm", "bytes"}
{"do": "enrol", "for_s": 9}                 {"is": "waiting"}, then {"is": "stage"}… {"is": "print", "bytes"}
{"do": "match", "for_s": 9, "prints": […]}  {"is": "waiting"}, then {"is": "matched", "at": 0 or null, "tried": 1}
{"do": "cancel"}                            {"is": "idle"}
                                            any time: {"is": "retry", "code"}, {"is": "failed", "kind", "text"}
"""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from drivers import DeviceGone, ProtocolError
from drivers.base import Advice

MAX_LINE = 8192
MAX_RAW = 4 * 1024 * 1024
MAX_SIDE_PX = 2048
_MM_PER_INCH = 25.4
_USUAL_DPI = 500.0
KNOWN_DPI: Mapping[str, float] = {"uru4000": 512.0}  # where libfprint does not say


class Failure(StrEnum):
    """Why the helper could not; the words are for the technician."""

    MISSING = "missing"  # an interpreter without the library
    ABSENT = "absent"  # no such reader
    BUSY = "busy"
    DENIED = "denied"
    GONE = "gone"
    HOT = "hot"
    GARBLED = "garbled"
    OTHER = "other"


_WORDS = {
    Failure.MISSING: "libfprint is not installed (Debian: python3-gi gir1.2-fprint-2.0 libfprint-2-2)",
    Failure.ABSENT: "libfprint finds no such reader",
    Failure.BUSY: "another program holds the reader (fprintd?): end it",
    Failure.DENIED: "no right to the reader: install Hazri's udev rules, or start as the group hazri",
    Failure.GONE: "the reader is gone",
    Failure.HOT: "the reader is too hot and rests",
    Failure.OTHER: "libfprint cannot use the reader",
}
_ADVICE = {0: Advice.PLACE_AGAIN, 1: Advice.PLACE_AGAIN, 2: Advice.MOVE_TO_MIDDLE, 3: Advice.LIFT}


@dataclass(frozen=True, slots=True)
class Event:
    """One thing the helper said; `raw` is what followed its line."""

    kind: str
    fields: Mapping[str, Any]
    raw: bytes = b""

    def number(self, name: str, most: float) -> float:
        """A field that is a number from 0 to `most`. Raises ProtocolError."""
        value = self.fields.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
            raise ProtocolError(f"the helper's {self.kind}: {name} is no number from 0 to {most:g}")
        return value

    def text(self, name: str) -> str:
        """A field that is a text, cut to what fits a line; empty when there is none."""
        value = self.fields.get(name, "")
        return value[:200] if isinstance(value, str) else ""


class Parser:
    """Bytes of the helper in, events out, in pieces of any size. Raises ProtocolError; then it is of no more use."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._event: Event | None = None
        self._missing = 0

    def feed(self, data: bytes) -> list[Event]:
        self._rest += data
        found = []
        while (event := self._next()) is not None:
            found.append(event)
        return found

    def _next(self) -> Event | None:
        if self._event is None and not self._line():
            return None
        if self._event is None or len(self._rest) < self._missing:
            return None
        event = Event(self._event.kind, self._event.fields, bytes(self._rest[: self._missing]))
        del self._rest[: self._missing]
        self._event, self._missing = None, 0
        return event

    def _line(self) -> bool:
        end = self._rest.find(b"\n", 0, MAX_LINE)
        if end < 0:
            if len(self._rest) >= MAX_LINE:
                raise ProtocolError("the helper: a line without an end")
            return False
        try:
            fields = json.loads(self._rest[:end])
        except (ValueError, RecursionError):
            raise ProtocolError("the helper: a line that is not JSON") from None
        if not isinstance(fields, dict) or not isinstance(fields.get("is"), str):
            raise ProtocolError("the helper: a line that says nothing")
        del self._rest[: end + 1]
        self._event = Event(fields["is"], fields)
        self._missing = int(self._event.number("bytes", MAX_RAW)) if "bytes" in fields else 0
        return True


def command(do: str, **fields: object) -> bytes:
    """One line to the helper."""
    return json.dumps({"do": do, **fields}).encode() + b"\n"


def failure(event: Event) -> DeviceGone | ProtocolError:
    """What a "failed" means to who called the driver."""
    kind = event.text("kind")
    if kind == Failure.GARBLED:
        return ProtocolError(f"libfprint: {event.text('text') or 'the reader garbled its answer'}")
    words = _WORDS[Failure(kind) if kind in set(Failure) else Failure.OTHER]
    detail = event.text("text")
    return DeviceGone(f"{words} ({detail})" if detail else words)


def advice(event: Event) -> Advice:
    """What a "retry" asks of the person: libfprint's FpDeviceRetry."""
    return _ADVICE.get(int(event.number("code", 255)), Advice.PLACE_AGAIN)


def pack(data: bytes) -> bytes:
    """A print with its checksum (CRC-32, little-endian, in front): libfprint dies of a damaged one."""
    return zlib.crc32(data).to_bytes(4, "little") + data


def unpack(template: bytes) -> bytes:
    """The print in a template. Raises ProtocolError."""
    data = template[4:]
    if not data or zlib.crc32(data).to_bytes(4, "little") != template[:4]:
        raise ProtocolError("a template that is damaged")
    return data


def size(event: Event) -> tuple[int, int]:
    """Rows and columns of an "image" whose bytes are all there. Raises ProtocolError."""
    columns, rows = int(event.number("width", MAX_SIDE_PX)), int(event.number("height", MAX_SIDE_PX))
    if rows < 2 or columns < 2 or rows * columns != len(event.raw):
        raise ProtocolError(f"the helper: a picture of {columns} × {rows} in {len(event.raw)} bytes")
    return rows, columns


def dpi(event: Event, driver: str, wanted: int) -> float:
    """Pixels an inch: as the settings want, or libfprint says, or is known of the driver, or usual."""
    said = event.number("ppmm", 1000) * _MM_PER_INCH
    return float(wanted) or said or KNOWN_DPI.get(driver, _USUAL_DPI)
