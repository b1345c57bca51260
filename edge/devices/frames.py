"""What bridge and terminal say to each other over pictures.sock: frames, each a header and a picture. No I/O.

    4 bytes: length of the header · 4 bytes: length of the picture · the header, JSON · the picture, pixel by pixel

    bridge, once:  {"sensor": "http_capture"}
    terminal:      {"do": "open"} · {"do": "read", "timeout_s": 0.5} · {"do": "info"}, each answered by one frame
    bridge:        {"ok": true} · {"ok": true, "reading": null} · {"ok": true, "reading": "retry", "advice": "wipe"}
                   {"ok": true, "reading": "scan", "shape": [400, 300], "dpi": 500.0, "modality": "finger"}, a picture
                   {"ok": true, "model": …, "firmware": …, "serial": …, "details": {…}}
                   {"ok": false, "error": "gone" or "garbled", "reason": "…"}

What must stay true here: `reading(*parts(of(some)))` is some; whatever arrives, memory stays below two pictures and
ProtocolError is the only thing raised; but for `checked`, which raises what the device raised.
"""

import json
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

from drivers import DeviceGone, DriverError, ProtocolError
from drivers.base import Advice, Info, Modality, Reading, Retry, Scan

MAX_HEADER = 4096
MAX_PICTURE = 8 * 1024 * 1024  # a colour picture of 1920 × 1080 is 6.2 MB
LONGEST_S = 60.0
_HEAD = struct.Struct(">II")
_COLOURS = 3
_MAX_WORDS = 200
_MAX_DETAILS = 32


@dataclass(frozen=True, slots=True)
class Frame:
    header: dict[str, Any]
    picture: bytes = b""

    def encode(self) -> bytes:
        """Raises ProtocolError when it is larger than anybody takes."""
        header = json.dumps(self.header).encode()
        if len(header) > MAX_HEADER or len(self.picture) > MAX_PICTURE:
            raise ProtocolError(f"a frame of {len(header)} and {len(self.picture)} bytes is more than may pass")
        return _HEAD.pack(len(header), len(self.picture)) + header + self.picture


class Splitter:
    """Bytes in, whole frames out. After a ProtocolError nothing more can be understood of that stream."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        self._rest += data
        frames = []
        while len(self._rest) >= _HEAD.size:
            header_bytes, picture_bytes = _HEAD.unpack_from(self._rest)
            if header_bytes > MAX_HEADER or picture_bytes > MAX_PICTURE:
                raise ProtocolError("a frame that is longer than any may be")
            end = _HEAD.size + header_bytes + picture_bytes
            if len(self._rest) < end:
                break
            header = _header(bytes(self._rest[_HEAD.size : _HEAD.size + header_bytes]))
            frames.append(Frame(header, bytes(self._rest[_HEAD.size + header_bytes : end])))
            del self._rest[:end]
        return frames


# ── what the bridge answers ──


def of(reading: Reading | None) -> Frame:
    """A reading as it travels. A device's own recognitions go another way (edge.devices.handover)."""
    match reading:
        case Scan(image, dpi, modality):
            fields = {"reading": "scan", "shape": list(image.shape), "dpi": dpi, "modality": str(modality)}
            return Frame({"ok": True, **fields}, np.ascontiguousarray(image).tobytes())
        case Retry(advice):
            return Frame({"ok": True, "reading": "retry", "advice": str(advice)})
    return Frame({"ok": True, "reading": None})


def about(info: Info) -> Frame:
    words = {"model": info.model, "firmware": info.firmware, "serial": info.serial}
    return Frame({"ok": True, **words, "details": dict(info.details)})


def failed(error: DriverError) -> Frame:
    """What went wrong with the device, to be raised again at the other end."""
    kind = "garbled" if isinstance(error, ProtocolError) else "gone"
    return Frame({"ok": False, "error": kind, "reason": str(error)[:_MAX_WORDS]})


# ── what the terminal makes of it ──


def checked(frame: Frame) -> Frame:
    """The frame of a request that was fulfilled. Raises DeviceGone or ProtocolError, as the device did."""
    match frame.header:
        case {"ok": True}:
            return frame
        case {"ok": False, "error": "gone", "reason": str(reason)}:
            raise DeviceGone(_printable(reason))
        case {"ok": False, "error": "garbled", "reason": str(reason)}:
            raise ProtocolError(_printable(reason))
    raise ProtocolError("the bridge answers what is no answer")


def reading(frame: Frame) -> Reading | None:
    match frame.header:
        case {"reading": None}:
            return None
        case {"reading": "retry", "advice": str(advice)} if advice in list(Advice):
            return Retry(Advice(advice))
        case {"reading": "scan", "shape": list(shape), "dpi": int() | float() as dpi, "modality": str(modality)} if (
            modality in list(Modality) and 0 <= dpi <= 10_000
        ):
            return Scan(_image(frame.picture, shape, Modality(modality)), float(dpi), Modality(modality))
    raise ProtocolError("the bridge hands over what is no reading")


def info(frame: Frame) -> Info:
    words = [frame.header.get(name) for name in ("model", "firmware", "serial")]
    details = frame.header.get("details")
    if not all(isinstance(word, str) for word in words) or not isinstance(details, dict) or len(details) > _MAX_DETAILS:
        raise ProtocolError("the bridge says of a device what says nothing")
    model, firmware, serial = (_printable(str(word)) for word in words)
    plain = {
        _printable(name): _printable(value) if isinstance(value, str) else value
        for name, value in details.items()
        if type(value) in (str, int, float)
    }
    return Info(model, firmware, serial, plain)


def _image(pixels: bytes, shape: list[Any], modality: Modality) -> "np.ndarray[Any, np.dtype[np.uint8]]":
    plain = all(type(n) is int and n > 1 for n in shape)
    wanted = (2,) if modality is Modality.FINGER else (2, _COLOURS)
    if not plain or len(shape) not in wanted or (len(shape) == _COLOURS and shape[2] != _COLOURS):
        raise ProtocolError("the bridge hands over a picture of a shape that none has")
    rows, columns, *colours = shape
    if rows * columns * (colours[0] if colours else 1) != len(pixels):
        raise ProtocolError("the bridge hands over a picture that is not as long as it says")
    return np.frombuffer(pixels, np.uint8).reshape(shape)


def _header(data: bytes) -> dict[str, Any]:
    try:
        header = json.loads(data)
    except (ValueError, RecursionError):
        raise ProtocolError("a frame whose header is not JSON") from None
    if not isinstance(header, dict):
        raise ProtocolError("a frame whose header is not an object")
    return header


def _printable(text: str) -> str:
    return "".join(c for c in text[:_MAX_WORDS] if c.isprintable())
