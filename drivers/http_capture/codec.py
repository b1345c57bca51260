"""Two shapes of vendors' capture services on localhost: requests out, pictures and errors in. No I/O.

mantra    GET info, POST capture {"Quality", "TimeOut" in seconds} → ErrorCode "0", BitmapData, IsoTemplate, Quality
          (the vendor's client service for the MFS100, port 8004, or 8003 over TLS; its public sample page)
secugen   POST SGIFPCapture, a form of Timeout in ms, Quality, licstr, templateFormat → ErrorCode 0, BMPBase64, ImageDPI
          (the vendor's SgiBioSrv, port 8443; its public sample page)

Both give the picture as a BMP (or PNG) in base64, ridges dark.
"""

import base64
import binascii
import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from drivers import ProtocolError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_SIDE_PX = 2048
LEAST_DPI, MOST_DPI = 100, 2000


class Shape(StrEnum):
    MANTRA = "mantra"
    SECUGEN = "secugen"


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str  # below the service's own
    body: bytes | None
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Captured:
    """One touch. `dpi` 0: not said. `iso`: an ISO/IEC 19794-2 template, empty when the service gave none."""

    image: "NDArray[np.uint8]" = field(repr=False)
    dpi: float
    quality: int
    iso: bytes = field(repr=False)


class Trouble(StrEnum):
    """Why there is no picture."""

    NOBODY = "nobody"
    AGAIN = "again"
    GONE = "gone"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Refused:
    trouble: Trouble
    words: str


# Numbers as the vendors' public sample pages and their users name them; what is not here is Trouble.WRONG.
_MANTRA = {-1140: Trouble.NOBODY, -1307: Trouble.GONE, -1305: Trouble.GONE, -1309: Trouble.GONE}
_SECUGEN = {54: Trouble.NOBODY, 57: Trouble.AGAIN, 101: Trouble.AGAIN}
_SECUGEN |= dict.fromkeys((51, 52, 53, 55, 56, 58, 59, 61, 63), Trouble.GONE)
_TROUBLES = {Shape.MANTRA: _MANTRA, Shape.SECUGEN: _SECUGEN}

_PICTURES = {Shape.MANTRA: ("BitmapData",), Shape.SECUGEN: ("BMPBase64", "ImageDataBase64")}
_TEMPLATES = {Shape.MANTRA: ("IsoTemplate",), Shape.SECUGEN: ("ISOTemplateBase64", "TemplateBase64")}
_QUALITY = {Shape.MANTRA: "Quality", Shape.SECUGEN: "ImageQuality"}
_DPI = {Shape.MANTRA: "Resolution", Shape.SECUGEN: "ImageDPI"}
_JSON = {"Content-Type": "application/json; charset=utf-8", "Accept": "application/json"}
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def capture(shape: Shape, timeout_s: float, quality: int, licence: str, origin: str) -> Request:
    """Ask for one touch. Mantra counts whole seconds, so the time is rounded up to one."""
    if shape is Shape.MANTRA:
        body = json.dumps({"Quality": quality, "TimeOut": max(1, math.ceil(timeout_s))}).encode()
        return Request("POST", "capture", body, _JSON)
    form = {"Timeout": max(1, round(timeout_s * 1000)), "Quality": quality, "licstr": licence, "templateFormat": "ISO"}
    return Request("POST", "SGIFPCapture", urlencode(form).encode(), {**_FORM, "Origin": origin})


def info(shape: Shape) -> Request | None:
    """Ask what device it is; None where only a capture tells."""
    return Request("GET", "info", None, _JSON) if shape is Shape.MANTRA else None


def answer(shape: Shape, data: bytes) -> Captured | Refused:
    """What came back from `capture`. Raises ProtocolError."""
    if shape is Shape.SECUGEN and not data.strip():
        return Refused(Trouble.NOBODY, "an empty answer")
    message = _object(data)
    refused = _refusal(shape, message)
    if refused:
        return refused
    dpi = _figure(message, _DPI[shape])
    if dpi and not LEAST_DPI <= dpi <= MOST_DPI:
        raise ProtocolError(f"{_DPI[shape]}: {dpi} is no resolution")
    encoded = next((message[name] for name in _PICTURES[shape] if message.get(name)), None)
    if encoded is None:
        raise ProtocolError("a capture without a picture: this device, or its service, keeps it to itself")
    template = next((message[name] for name in _TEMPLATES[shape] if message.get(name)), "")
    iso = _bytes("template", template)
    return Captured(
        picture(_bytes("picture", encoded)), dpi, _figure(message, _QUALITY[shape]), iso if iso[:4] == b"FMR\0" else b""
    )


def details(data: bytes) -> dict[str, str]:
    """What Mantra's info says of the device: Make, Model, SerialNo, … Raises ProtocolError."""
    message = _object(data)
    refused = _refusal(Shape.MANTRA, message)
    if refused:
        raise ProtocolError(refused.words)
    found = message.get("DeviceInfo")
    if not isinstance(found, dict):
        raise ProtocolError("info without DeviceInfo")
    wanted = ("Make", "Model", "SerialNo", "Width", "Height")
    return {name: clean(str(found[name])) for name in wanted if isinstance(found.get(name), str | int)}


def picture(data: bytes) -> "NDArray[np.uint8]":
    """The grey picture in a BMP or PNG, uint8 (rows, columns). Raises ProtocolError."""
    width, height = _size(data)
    if not (1 < width <= MAX_SIDE_PX and 1 < height <= MAX_SIDE_PX):
        raise ProtocolError(f"a picture of {width} × {height} px; at most {MAX_SIDE_PX} a side")
    import cv2
    import numpy as np

    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    except cv2.error:
        image = None
    if image is None:
        raise ProtocolError("a picture that cannot be decoded")
    return np.asarray(image, np.uint8)


def clean(text: str) -> str:
    """For a log line: short and printable."""
    return "".join(c if c.isprintable() else " " for c in text[:120]).strip()


def _size(data: bytes) -> tuple[int, int]:
    """From the head, before anything is decoded; a BMP must also be as long as it says."""
    if data[:8] == b"\x89PNG\r\n\x1a\n" and len(data) >= 24:
        return struct.unpack_from(">II", data, 16)
    if data[:2] == b"BM" and len(data) >= 54:
        offset, header, width, height, _, bits = struct.unpack_from("<IIiiHH", data, 10)
        if bits not in (8, 24, 32) or header < 40:
            raise ProtocolError(f"a BMP of {bits} bits a pixel")
        if len(data) < offset + (width * bits + 31) // 32 * 4 * abs(height):
            raise ProtocolError("a BMP that is cut short")
        return width, abs(height)
    raise ProtocolError("a picture that is neither BMP nor PNG")


def _object(data: bytes) -> dict[str, Any]:
    try:
        message = json.loads(data)
    except (ValueError, RecursionError):
        raise ProtocolError("an answer that is not JSON") from None
    if not isinstance(message, dict):
        raise ProtocolError("an answer that is not a JSON object")
    return message


def _refusal(shape: Shape, message: dict[str, Any]) -> Refused | None:
    code = message.get("ErrorCode")
    if isinstance(code, bool) or not isinstance(code, str | int):
        raise ProtocolError("an answer without its ErrorCode")
    try:
        number = int(code)
    except ValueError:
        raise ProtocolError("an ErrorCode that is no number") from None
    if number == 0:
        return None
    words = clean(f"error {number} {message.get('ErrorDescription') or ''}")
    said = str(message.get("ErrorDescription") or "").lower()
    timed_out = Trouble.NOBODY if "timeout" in said.replace(" ", "") else Trouble.WRONG
    return Refused(_TROUBLES[shape].get(number, timed_out), words)


def _figure(message: dict[str, Any], name: str) -> int:
    """A whole number, given as one or as text; 0 when it is not there."""
    value = message.get(name)
    if value is None or value == "":
        return 0
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ProtocolError(f"{name}: expected a number")
    try:
        return int(value)
    except (ValueError, OverflowError):
        raise ProtocolError(f"{name}: expected a number") from None


def _bytes(what: str, value: object) -> bytes:
    if not isinstance(value, str):
        raise ProtocolError(f"a {what} that is not text")
    encoded = value.partition("base64,")[2] or value if value.startswith("data:") else value
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise ProtocolError(f"a {what} that is not base64") from None
