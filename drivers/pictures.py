"""The pictures that a pretended device is given: those of a folder, or one file. OpenCV is loaded when one is read."""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from drivers import OptionError, ProtocolError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SUFFIXES = (".png", ".bmp", ".pgm", ".tif", ".jpg", ".jpeg")
LEAST_PX = 16  # a side: less is no picture of anything, and less than a block of a JPEG
_MOST_BYTES = 32 * 1024 * 1024


def every(library: Path, *, colours: bool = False) -> "Iterator[tuple[str, NDArray[np.uint8]]]":
    """Each with its name without the suffix, in the order of their names; a file is a library of one.

    Raises OptionError where there is none, or one that cannot be read.
    """
    for file in _files(library):
        try:
            yield file.stem, picture(file, colours=colours)
        except ProtocolError as error:
            raise OptionError(f"library = {error}") from None


def picture(file: Path, *, colours: bool = False) -> "NDArray[np.uint8]":
    """uint8 (rows, columns), or (rows, columns, 3) as blue, green, red. Raises ProtocolError."""
    import cv2
    import numpy as np

    try:
        data = _read(file, _MOST_BYTES + 1)
    except OSError as error:
        raise ProtocolError(f"{file}: {error.strerror}") from None
    if len(data) > _MOST_BYTES:
        raise ProtocolError(f"{file}: more than {_MOST_BYTES} bytes")
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR if colours else cv2.IMREAD_GRAYSCALE)
    except cv2.error:  # nothing in it, or more pixels than OpenCV takes
        image = None
    if image is None:
        raise ProtocolError(f"{file}: not a picture that can be read")
    if min(image.shape[:2]) < LEAST_PX:
        raise ProtocolError(f"{file}: {image.shape[1]} × {image.shape[0]} px; at least {LEAST_PX} a side")
    return np.asarray(image, np.uint8)


def _files(library: Path) -> list[Path]:
    try:
        if not stat.S_ISDIR(library.stat().st_mode):  # unlike is_dir, says why it cannot tell
            return [library]
        found = sorted(path for path in library.iterdir() if path.suffix.lower() in SUFFIXES)
    except OSError as error:
        raise OptionError(f"library = {library}: {error.strerror}") from None
    if not found:
        raise OptionError(f"library = {library}: no pictures (*{', *'.join(SUFFIXES)}) in this folder")
    return found


def _read(file: Path, most: int) -> bytes:
    """Of a file, and not of a device or a pipe, which might never end. Raises OSError."""
    if not stat.S_ISREG(file.stat().st_mode):
        raise OSError(0, "not a file", str(file))
    with file.open("rb") as opened:
        return opened.read(most)
