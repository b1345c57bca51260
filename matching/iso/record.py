"""The finger minutiae record of ISO/IEC 19794-2:2005, clause 7. Pure.

Big endian throughout; one view without extended data is 30 + 6 n bytes:

    "FMR\\0" " 20\\0"            format and version
    u32 length                  of the whole record
    4 bits certification, 12 bits device
    u16 width, u16 height       of the picture, px
    u16 x, u16 y resolution     px per centimetre
    u8  views, u8 reserved
    a view:
        u8  finger 0 … 10       0 unknown, 1 … 5 the right hand from the thumb, 6 … 10 the left
        4 bits view number, 4 bits kind of impression
        u8  quality 0 … 100, u8 count
        a minutia:
            2 bits type, 14 bits x, 2 bits reserved, 14 bits y     px from the upper left corner
            u8 angle            256ths of a turn, anticlockwise from the x axis, pointing up the ridge (or, at a
                                bifurcation, up the valley between its branches)
            u8 quality          0 not reported, 1 … 100
        u16 length of the extended data, then areas of u16 type, u16 length (with these four bytes), data

Refused: whatever contradicts itself or the standard's ranges. Tolerated, as the standard reserves them: the reserved
bits, kinds of impression, and types of extended data that it did not name.
"""

import enum
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from matching.errors import TemplateError, TemplateVersion

MAX_BYTES = 1 << 20
MIN_PX_PER_CM = 99  # the standard's lower limit, 250 dpi
MAX_SIDE_PX = (1 << 14) - 1
_FORMAT, _VERSION = b"FMR\0", b" 20\0"
_HEAD = struct.Struct(">4s4sIHHHHHBB")
_VIEW = struct.Struct(">BBBB")
_MINUTIA = struct.Struct(">HHBB")
_AREA = struct.Struct(">HH")
_LOW14 = 0x3FFF


class Kind(enum.IntEnum):
    """What a minutia is; 3 is reserved."""

    OTHER = 0
    ENDING = 1
    BIFURCATION = 2


@dataclass(frozen=True)
class IsoMinutia:
    """x, y: px. angle: 0 … 255, 256ths of a turn. quality: 0 not reported, else 1 … 100."""

    kind: Kind
    x: int
    y: int
    angle: int
    quality: int


@dataclass(frozen=True)
class IsoView:
    """finger: 0 … 10. number: 0 … 15, among the views of that finger. impression: 0 … 15, 0 is a plain live scan.

    quality: 0 … 100. extended: pairs of an area's type and its bytes, unread.
    """

    finger: int
    number: int
    impression: int
    quality: int
    minutiae: tuple[IsoMinutia, ...]
    extended: tuple[tuple[int, bytes], ...] = ()


@dataclass(frozen=True)
class IsoRecord:
    """width, height: px. x_per_cm, y_per_cm: px per centimetre. device: 12 bits. certified: 4 bits."""

    width: int
    height: int
    x_per_cm: int
    y_per_cm: int
    views: tuple[IsoView, ...]
    device: int = 0
    certified: int = 0


def encode(record: IsoRecord) -> bytes:
    """The bytes of `record`. Raises TemplateError naming the field that is out of range."""
    _check_head(record)
    if not 0 <= record.device <= 0xFFF or not 0 <= record.certified <= 0xF:
        raise TemplateError(f"device {record.device} or certification {record.certified} does not fit its bits")
    if len(record.views) > 255:
        raise TemplateError(f"{len(record.views)} views do not fit a record: at most 255 do")
    body = b"".join(_encode_view(view, record) for view in record.views)
    length = _HEAD.size + len(body)
    if length > MAX_BYTES:
        raise TemplateError(f"a record of {length} bytes is larger than {MAX_BYTES}")
    equipment = record.certified << 12 | record.device
    sizes = (record.width, record.height, record.x_per_cm, record.y_per_cm)
    return _HEAD.pack(_FORMAT, _VERSION, length, equipment, *sizes, len(record.views), 0) + body


def decode(data: bytes) -> IsoRecord:
    """The record in `data`.

    Raises TemplateVersion for a record of another edition of the standard, TemplateError for anything else that is
    no record of this one.
    """
    if len(data) > MAX_BYTES:
        raise TemplateError(f"a record of {len(data)} bytes is larger than {MAX_BYTES}")
    if len(data) < _HEAD.size:
        raise TemplateError(f"a record is at least {_HEAD.size} bytes long, not {len(data)}")
    form, version, length, equipment, width, height, x_per_cm, y_per_cm, count, _ = _HEAD.unpack_from(data)
    if form != _FORMAT:
        raise TemplateError("these bytes are no finger minutiae record: they do not begin with FMR")
    if version != _VERSION:
        raise TemplateVersion(f"a minutiae record of version {version[:3]!r} is unknown; ' 20' (2005) is read")
    if length != len(data):
        raise TemplateError(
            f"the record announces {length} bytes and has {len(data)}: cut short, with more behind it, or ANSI 378"
        )
    record = IsoRecord(width, height, x_per_cm, y_per_cm, (), equipment & 0xFFF, equipment >> 12)
    _check_head(record)
    reader = _Reader(data, _HEAD.size)
    views = tuple(_decode_view(reader, record) for _ in range(count))
    if reader.at != len(data):
        raise TemplateError(f"{len(data) - reader.at} bytes follow the last of {count} views")
    return IsoRecord(width, height, x_per_cm, y_per_cm, views, record.device, record.certified)


class _Reader:
    """Takes structures off the front of bytes and never past their end."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self.at = at

    def take(self, form: struct.Struct, what: str) -> tuple[Any, ...]:
        return form.unpack(self.bytes(form.size, what))

    def bytes(self, size: int, what: str) -> bytes:
        if self.at + size > len(self._data):
            raise TemplateError(f"the record ends within {what}, at byte {len(self._data)}")
        part = self._data[self.at : self.at + size]
        self.at += size
        return part


_LENGTH = struct.Struct(">H")


def _decode_view(reader: _Reader, record: IsoRecord) -> IsoView:
    finger, both, quality, count = reader.take(_VIEW, "a view's head")
    minutiae = tuple(_decode_minutia(*reader.take(_MINUTIA, "a minutia")) for _ in range(count))
    (length,) = reader.take(_LENGTH, "the length of a view's extended data")
    extended = tuple(_areas(_Reader(reader.bytes(length, "a view's extended data"), 0), length))
    view = IsoView(finger, both >> 4, both & 0xF, quality, minutiae, extended)
    _check_view(view, record)
    return view


def _decode_minutia(first: int, second: int, angle: int, quality: int) -> IsoMinutia:
    if first >> 14 == 3:
        raise TemplateError("a minutia is of the reserved type 3")
    return IsoMinutia(Kind(first >> 14), first & _LOW14, second & _LOW14, angle, quality)


def _areas(reader: _Reader, end: int) -> Iterator[tuple[int, bytes]]:
    while reader.at < end:
        kind, length = reader.take(_AREA, "an area's head in the extended data")
        if length < _AREA.size:
            raise TemplateError(f"an area of extended data announces {length} bytes, less than its own head")
        yield kind, reader.bytes(length - _AREA.size, "an area of extended data")


def _encode_view(view: IsoView, record: IsoRecord) -> bytes:
    _check_view(view, record)
    if not 0 <= view.number <= 15 or not 0 <= view.impression <= 15 or len(view.minutiae) > 255:
        raise TemplateError(
            f"view number {view.number}, impression {view.impression} or {len(view.minutiae)} minutiae do not fit"
        )
    if any(not 0 <= kind <= 0xFFFF for kind, _ in view.extended):
        raise TemplateError("the type of an area of extended data does not fit two bytes")
    extended = b"".join(_AREA.pack(kind, _AREA.size + len(data)) + data for kind, data in _fitting(view))
    if len(extended) > 0xFFFF:
        raise TemplateError(f"{len(extended)} bytes of extended data do not fit a view: at most 65535 do")
    minutiae = b"".join(_MINUTIA.pack(m.kind << 14 | m.x, m.y, m.angle, m.quality) for m in view.minutiae)
    head = _VIEW.pack(view.finger, view.number << 4 | view.impression, view.quality, len(view.minutiae))
    return head + minutiae + _LENGTH.pack(len(extended)) + extended


def _fitting(view: IsoView) -> Iterator[tuple[int, bytes]]:
    for kind, data in view.extended:
        if len(data) > 0xFFFF - _AREA.size:
            raise TemplateError(f"an area of {len(data)} bytes does not fit the extended data")
        yield kind, data


def _check_head(record: IsoRecord) -> None:
    for name, side in (("width", record.width), ("height", record.height)):
        if not 1 <= side <= MAX_SIDE_PX:
            raise TemplateError(f"{name} {side} px is not within 1 … {MAX_SIDE_PX}")
    for axis, per_cm in (("x", record.x_per_cm), ("y", record.y_per_cm)):
        if not MIN_PX_PER_CM <= per_cm <= 0xFFFF:
            raise TemplateError(f"{axis} resolution {per_cm} px per cm is below {MIN_PX_PER_CM} or above 65535")


def _check_view(view: IsoView, record: IsoRecord) -> None:
    if not 0 <= view.finger <= 10:
        raise TemplateError(f"finger {view.finger} is not within 0 … 10")
    if not 0 <= view.quality <= 100:
        raise TemplateError(f"a view's quality {view.quality} is not within 0 … 100")
    for place, m in enumerate(view.minutiae):
        if not (0 <= m.x < record.width and 0 <= m.y < record.height):
            raise TemplateError(f"minutia {place} at {m.x}, {m.y} lies outside {record.width} × {record.height} px")
        if not 0 <= m.angle <= 255 or not 0 <= m.quality <= 100:
            raise TemplateError(f"minutia {place}: angle {m.angle} or quality {m.quality} is out of range")
