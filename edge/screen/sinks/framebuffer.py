"""A Linux framebuffer: pixels written into mapped memory.

The layout is the kernel's own answer: `struct fb_var_screeninfo` and `struct fb_fix_screeninfo` of linux/fb.h, asked by
FBIOGET_VSCREENINFO (0x4600) and FBIOGET_FSCREENINFO (0x4602).
"""

import fcntl
import mmap
import os
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from edge import SetupError

FBIOGET_VSCREENINFO, FBIOGET_FSCREENINFO = 0x4600, 0x4602
_VARIABLE = struct.Struct("@8I3I3I3I3I")  # xres … grayscale, then offset, length, msb_right of red, green, blue, alpha
_VARIABLE_BYTES = 160
_FIXED = struct.Struct("@16sL4I3HI")  # id, memory, length, type, type_aux, visual, steps, line_length
_FIXED_BYTES = 128
_TURNS = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}

_RGB565 = "RGB565"
# Bits a pixel, and where red, green and blue begin: Pillow's name for the same order of bytes, where it has one.
_PACKINGS = {
    (16, 11, 5, 0): _RGB565,
    (32, 16, 8, 0): "BGRX",  # XRGB8888
    (32, 0, 8, 16): "RGBX",  # XBGR8888
    (24, 16, 8, 0): "BGR",
}


@dataclass(frozen=True, slots=True)
class Info:
    """Size in pixels, bytes a line, bytes before the first visible pixel, and how a pixel is packed."""

    wide: int
    high: int
    line_bytes: int
    start: int
    packing: str

    @property
    def pixel_bytes(self) -> int:
        return {_RGB565: 2, "BGR": 3}.get(self.packing, 4)


class FrameBuffer:
    """See edge.screen.sinks.display.Panel. `rotate`: degrees clockwise, 0, 90, 180 or 270. Raises SetupError."""

    def __init__(self, path: Path, rotate: int = 0, info: Info | None = None) -> None:
        if rotate not in (0, *_TURNS):
            raise SetupError(f"rotate = {rotate}: expected 0, 90, 180 or 270")
        self._rotate = rotate
        try:
            fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            try:
                self._info = info or ask(fd)
                self._memory = mmap.mmap(fd, self._info.start + self._info.high * self._info.line_bytes)
            finally:
                os.close(fd)
        except (OSError, ValueError) as error:
            raise SetupError(f"framebuffer {path}: {error}") from None

    @property
    def size(self) -> tuple[int, int]:
        wide, high = self._info.wide, self._info.high
        return (high, wide) if self._rotate in (90, 270) else (wide, high)

    def show(self, image: Image.Image) -> None:
        turned = image.transpose(_TURNS[self._rotate]) if self._rotate else image
        info = self._info
        data = _rgb565(turned) if info.packing == _RGB565 else turned.tobytes("raw", info.packing)
        used = info.wide * info.pixel_bytes
        if used == info.line_bytes:
            self._memory[info.start : info.start + len(data)] = data
            return
        for row in range(info.high):
            at = info.start + row * info.line_bytes
            self._memory[at : at + used] = data[row * used : (row + 1) * used]

    def close(self) -> None:
        """Dark, so that nobody's name stays."""
        self._memory[:] = bytes(len(self._memory))
        self._memory.close()


def _rgb565(image: Image.Image) -> bytes:
    """Five bits of red, six of green, five of blue, in the machine's byte order."""
    pixels = np.asarray(image, np.uint16)
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    return ((red >> 3) << 11 | (green >> 2) << 5 | blue >> 3).astype(np.uint16).tobytes()


def ask(fd: int) -> Info:
    """The kernel's answer. Raises OSError; SetupError for an order of colours nobody knows here."""
    variable, fixed = bytearray(_VARIABLE_BYTES), bytearray(_FIXED_BYTES)
    fcntl.ioctl(fd, FBIOGET_VSCREENINFO, variable)
    fcntl.ioctl(fd, FBIOGET_FSCREENINFO, fixed)
    return parse(bytes(variable), bytes(fixed))


def parse(variable: bytes, fixed: bytes) -> Info:
    """Both structs to what drawing needs. Raises SetupError."""
    wide, high, _, _, left, top, bits, _, red, _, _, green, _, _, blue, *_ = _VARIABLE.unpack_from(variable)
    line_bytes = _FIXED.unpack_from(fixed)[-1]
    packing = _PACKINGS.get((bits, red, green, blue))
    if packing is None or not 0 < wide <= 8192 or not 0 < high <= 8192 or line_bytes * 8 < wide * bits:
        raise SetupError(f"a framebuffer of {wide}×{high} with {bits} bits from {red}, {green}, {blue} is not known")
    return Info(wide, high, line_bytes, top * line_bytes + left * bits // 8, packing)
