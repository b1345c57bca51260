"""A picture as characters, for a console without graphics. Pure."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy import uint8
    from numpy.typing import NDArray

SHADES = "█▓▒░ "  # ink on paper: dark is full
HALF = "▀"


def grey(image: "NDArray[uint8]", columns: int, rows: int) -> "NDArray[uint8]":
    """The picture within so many pixels, its sides in proportion: uint8 (at most rows, at most columns)."""
    import cv2
    import numpy as np

    flat = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    share = min(columns / flat.shape[1], rows / flat.shape[0])
    size = max(1, round(flat.shape[1] * share)), max(1, round(flat.shape[0] * share))
    return np.asarray(cv2.resize(flat, size, interpolation=cv2.INTER_AREA), np.uint8)


def shades(image: "NDArray[uint8]", columns: int = 64, lines: int = 24) -> list[str]:
    """In five shades, a character two pixels high as it is on a console."""
    small = grey(image, columns, 2 * lines)
    steps = len(SHADES)
    return ["".join(SHADES[min(steps - 1, int(v) * steps // 256)] for v in row) for row in small[::2]]


def halves(image: "NDArray[uint8]", columns: int = 64, lines: int = 24) -> list[list[tuple[int, int]]]:
    """Lines of (upper, lower) shades from 0 to 255, each pair one HALF with a colour and a background."""
    small = grey(image, columns, 2 * lines)
    odd = small.shape[0] % 2
    upper, lower = small[::2], small[1::2]
    if odd:
        upper = upper[:-1]
    return [list(zip(map(int, u), map(int, low), strict=True)) for u, low in zip(upper, lower, strict=True)]
