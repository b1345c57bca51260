"""Ridge endings and bifurcations, and the five bytes each of them is stored in. Pure.

Coordinates are pixels at 500 dpi, y downwards, from the corner of the cropped picture. A direction θ is the
vector (cos θ, -sin θ): anticlockwise from the x axis as one looks at the picture, as in ISO/IEC 19794-2.

Stored form, big endian:

    u16 width, u16 height     of the cropped picture, 1 … 2047 px
    u8  columns, u8 rows      of the contact mask, cells of 32 px: ceil(width / 32), ceil(height / 32)
    bits                      the mask by rows, first cell in the highest bit, padded with zeros
    u8  count                 then five bytes a minutia, best quality first:
        x 11 bits · y 11 bits · direction 10 bits (full turn / 1024) · ending 1 bit · quality 7 bits (/127)
"""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.errors import TemplateError

CELL_PX = 32
MAX_SIDE_PX = 2047
MAX_COUNT = 255
_HEAD = struct.Struct(">HHBB")
_TURN = 2 * np.pi


@dataclass(frozen=True, eq=False)
class Minutiae:
    """The minutiae of one view of one finger, best quality first.

    x, y: float32 (n,), pixels at 500 dpi, 0 … 2047. direction: float32 (n,), radians 0 … 2π.
    ending: bool (n,), True for a ridge ending, False for a bifurcation. quality: float32 (n,), 0 … 1.
    contact: bool (rows, columns), cells of 32 px where the finger touched. width, height: pixels.
    """

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    direction: NDArray[np.float32]
    ending: NDArray[np.bool_]
    quality: NDArray[np.float32]
    contact: NDArray[np.bool_]
    width: int
    height: int

    def __len__(self) -> int:
        return len(self.x)


def cells(side_px: int) -> int:
    """How many mask cells cover `side_px` pixels."""
    return -(-side_px // CELL_PX)


def pack(minutiae: Minutiae) -> bytes:
    """The stored form. Raises TemplateError when a value does not fit it."""
    width, height, n = minutiae.width, minutiae.height, len(minutiae)
    rows, columns = cells(height), cells(width)
    if not (1 <= width <= MAX_SIDE_PX and 1 <= height <= MAX_SIDE_PX):
        raise TemplateError(f"a view of {width} × {height} px cannot be stored; the sides are 1 to {MAX_SIDE_PX} px")
    if n > MAX_COUNT:
        raise TemplateError(f"{n} minutiae cannot be stored; at most {MAX_COUNT} can")
    if minutiae.contact.shape != (rows, columns):
        raise TemplateError(f"the contact mask is {minutiae.contact.shape}, not {(rows, columns)}")
    if any(len(field) != n for field in (minutiae.y, minutiae.direction, minutiae.ending, minutiae.quality)):
        raise TemplateError("the fields of the minutiae differ in length")
    if not all(
        bool(np.isfinite(field).all()) for field in (minutiae.x, minutiae.y, minutiae.direction, minutiae.quality)
    ):
        raise TemplateError("a minutia is not a finite number")
    order = np.argsort(-minutiae.quality, kind="stable")
    x = np.rint(minutiae.x[order]).astype(np.int64)
    y = np.rint(minutiae.y[order]).astype(np.int64)
    if n and (x.min() < 0 or y.min() < 0 or x.max() >= width or y.max() >= height):
        raise TemplateError("a minutia lies outside its picture")
    direction = np.rint(minutiae.direction[order] * (1024 / _TURN)).astype(np.int64) % 1024
    quality = np.rint(np.clip(minutiae.quality[order], 0, 1) * 127).astype(np.int64)
    word = (x << 29) | (y << 18) | (direction << 8) | (minutiae.ending[order].astype(np.int64) << 7) | quality
    body = bytes(word.astype(">u8").view(np.uint8).reshape(n, 8)[:, 3:])
    mask = bytes(np.packbits(minutiae.contact.ravel()))
    return _HEAD.pack(width, height, columns, rows) + mask + bytes([n]) + body


def unpack(payload: bytes) -> Minutiae:
    """The minutiae in `payload`. Raises TemplateError for anything `pack` could not have written."""
    if len(payload) < _HEAD.size:
        raise TemplateError(f"a minutiae payload of {len(payload)} bytes is cut short")
    width, height, columns, rows = _HEAD.unpack_from(payload)
    if not (1 <= width <= MAX_SIDE_PX and 1 <= height <= MAX_SIDE_PX):
        raise TemplateError(f"a view of {width} × {height} px is out of range")
    if (columns, rows) != (cells(width), cells(height)):
        raise TemplateError(f"a contact mask of {columns} × {rows} cells does not fit {width} × {height} px")
    bits_end = _HEAD.size + -(-columns * rows // 8)
    if len(payload) <= bits_end:
        raise TemplateError(f"a minutiae payload of {len(payload)} bytes is cut short")
    n = payload[bits_end]
    if len(payload) != bits_end + 1 + 5 * n:
        raise TemplateError(f"{n} minutiae need {bits_end + 1 + 5 * n} bytes, and there are {len(payload)}")
    bits = np.unpackbits(np.frombuffer(payload, np.uint8, bits_end - _HEAD.size, _HEAD.size))
    if bits[columns * rows :].any():
        raise TemplateError("the padding of the contact mask is not zero")
    wide = np.zeros((n, 8), np.uint8)
    wide[:, 3:] = np.frombuffer(payload, np.uint8, 5 * n, bits_end + 1).reshape(n, 5)
    word = wide.view(">u8").ravel().astype(np.int64)
    x, y, quality = word >> 29, (word >> 18) & 2047, word & 127
    if n and (x.max() >= width or y.max() >= height):
        raise TemplateError("a minutia lies outside its picture")
    if (np.diff(quality) > 0).any():
        raise TemplateError("the minutiae are not in the order of their quality")
    return Minutiae(
        x=x.astype(np.float32),
        y=y.astype(np.float32),
        direction=(((word >> 8) & 1023) * (_TURN / 1024)).astype(np.float32),
        ending=((word >> 7) & 1).astype(np.bool_),
        quality=(quality / 127).astype(np.float32),
        contact=bits[: columns * rows].reshape(rows, columns).astype(np.bool_),
        width=width,
        height=height,
    )
