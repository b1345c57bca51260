"""The virtual device's language: JSON objects to commands, PNG bytes to a picture. No I/O.

{"do": "press", "keys": ["1", "2", "enter"]}    keys, in order
{"do": "place", "picture": "/path/x.png"}       a finger on the glass; "dpi": N when it is not the device's own
                                                with "played": true to the last bit, as no sensor gives it twice
{"do": "advise", "advice": "wipe"}              the sensor itself asks the person for something
{"do": "lift"}                                  the finger goes
{"do": "soil", "picture": "/path/x.png"}        what the glass shows with nobody on it; without a picture: nothing
{"do": "state"}                                 answers lit, readings (how often it was lit), finger
"""

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drivers import ProtocolError
from drivers.base import Advice

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_KEYS = 32
MAX_PNG_BYTES = 4 * 1024 * 1024
MAX_SIDE_PX = 2048
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class Press:
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    picture: str
    dpi: int | None
    played: bool = False  # again, to the last bit


@dataclass(frozen=True, slots=True)
class Advise:
    advice: Advice


@dataclass(frozen=True, slots=True)
class Lift:
    pass


@dataclass(frozen=True, slots=True)
class Soil:
    picture: str


@dataclass(frozen=True, slots=True)
class State:
    pass


Command = Press | Place | Advise | Lift | Soil | State


def command(message: dict[str, Any]) -> Command:
    """What a message asks for. Raises ProtocolError saying what was expected."""
    match message:
        case {"do": "press", "keys": list(keys)} if len(keys) <= MAX_KEYS and all(_is_key(k) for k in keys):
            return Press(tuple(keys))
        case {"do": "place", "picture": str(picture)} if picture and "\0" not in picture:
            return Place(picture, _dpi(message.get("dpi")), message.get("played") is True)
        case {"do": "advise", "advice": str(advice)} if advice in list(Advice):
            return Advise(Advice(advice))
        case {"do": "lift"}:
            return Lift()
        case {"do": "soil", **rest} if isinstance(picture := rest.get("picture", ""), str) and "\0" not in picture:
            return Soil(picture)
        case {"do": "state"}:
            return State()
    raise ProtocolError('expected {"do": "press", "place", "advise", "lift", "soil" or "state"} with its fields')


def picture(data: bytes) -> "NDArray[np.uint8]":
    """The grey picture in a PNG (ISO/IEC 15948), uint8 (rows, columns).

    Every chunk's checksum is verified, so a flipped bit is found. Raises ProtocolError.
    """
    _check_png(data)
    import cv2
    import numpy as np

    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise ProtocolError("a PNG that cannot be decoded")
    return np.asarray(image, np.uint8)


def _check_png(data: bytes) -> None:
    if len(data) > MAX_PNG_BYTES or not data.startswith(_PNG):
        raise ProtocolError(f"not a PNG picture of at most {MAX_PNG_BYTES} bytes")
    at, kind = len(_PNG), b""
    while kind != b"IEND":
        if len(data) < at + 12:
            raise ProtocolError("a PNG that is cut short")
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if len(data) < end:
            raise ProtocolError("a PNG that is cut short")
        if zlib.crc32(data[at + 4 : end - 4]) != struct.unpack_from(">I", data, end - 4)[0]:
            raise ProtocolError("a PNG with a damaged part")
        if at == len(_PNG):
            _check_size(kind, data[at + 8 : end - 4])
        at = end


def _check_size(kind: bytes, head: bytes) -> None:
    if kind != b"IHDR" or len(head) != 13:
        raise ProtocolError("a PNG without its head")
    width, height = struct.unpack_from(">II", head)
    if not (0 < width <= MAX_SIDE_PX and 0 < height <= MAX_SIDE_PX):
        raise ProtocolError(f"a PNG of {width} × {height} px; at most {MAX_SIDE_PX} a side")


def _is_key(key: object) -> bool:
    return isinstance(key, str) and 0 < len(key) <= 8 and key.isprintable()


def _dpi(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 100 <= value <= 2000:
        raise ProtocolError("dpi: expected a whole number from 100 to 2000")
    return value
