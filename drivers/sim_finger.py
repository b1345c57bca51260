"""What pretended modules make of a finger: pictures of their own size, and templates of their own format.

It does not recognise anybody: it is told. Pictures are named FINGER_IMPRESSION.png, and a template holds a mark of the
finger's name and one of the picture, so that two pictures of one finger score high and those of others low, the same
every time. A picture that came over the wire is known again when it is one of the library's. No algorithm of the real
modules, whose format is secret, is in here.
"""

import hashlib
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from drivers import pictures

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK_BYTES = 256
"""One touch; a finished template holds as many as the model has room for."""

_MAGIC = b"HZT1"
_MARK_BYTES = 8


@dataclass(frozen=True, slots=True, eq=False)
class Finger:
    """A picture on the glass: uint8 (rows, columns), ridges dark, and whose it is."""

    name: str
    image: "NDArray[np.uint8]"


def library(folder: Path | None) -> dict[str, Finger]:
    """The pictures of a folder by name; without a folder, drawn ones of three fingers. Raises OptionError."""
    if folder is None:
        return {f"{n}_{i}": Finger(f"drawn-{n}", _draw(n, i)) for n, i in itertools.product((1, 2, 3), (1, 2))}
    return {name: Finger(name.rpartition("_")[0] or name, image) for name, image in pictures.every(folder)}


def fit(image: "NDArray[np.uint8]", width_px: int, height_px: int) -> "NDArray[np.uint8]":
    """The middle of a picture on a sensor of this size; white where it does not reach."""
    out = np.full((height_px, width_px), 255, np.uint8)
    rows, columns = min(height_px, image.shape[0]), min(width_px, image.shape[1])
    (top, left), (into_top, into_left) = (
        ((shape[0] - rows) // 2, (shape[1] - columns) // 2) for shape in (image.shape, out.shape)
    )
    out[into_top : into_top + rows, into_left : into_left + columns] = image[top : top + rows, left : left + columns]
    return out


def touch(finger: str, picture: bytes) -> bytes:
    """One touch as a block: who, which picture, and bytes that look like anything."""
    head = _MAGIC + _mark(finger.encode()) + _mark(picture)
    return head + _mark(head) + hashlib.shake_128(head).digest(BLOCK_BYTES - len(head) - _MARK_BYTES)


def merged(templates: Iterable[bytes], size: int) -> bytes:
    """The touches of several templates in one of `size` bytes, as many as there is room for."""
    touches = dict.fromkeys(block for template in templates for block in _blocks(template))
    return b"".join(touches)[: size - size % BLOCK_BYTES].ljust(size, b"\0")


def same_finger(templates: Iterable[bytes]) -> bool:
    return len({block[4 : 4 + _MARK_BYTES] for template in templates for block in _blocks(template)}) == 1


def score(first: bytes, second: bytes) -> int | None:
    """120 to 249 for one finger, 0 to 29 for two, the best of all pairs of touches; None when one is no template."""
    pairs = list(itertools.product(_blocks(first), _blocks(second)))
    return max((_alike(a, b) for a, b in pairs), default=None)


def _blocks(template: bytes) -> list[bytes]:
    blocks = [template[at : at + BLOCK_BYTES] for at in range(0, len(template) - BLOCK_BYTES + 1, BLOCK_BYTES)]
    head = len(_MAGIC) + 2 * _MARK_BYTES
    return [b for b in blocks if b.startswith(_MAGIC) and b[head : head + _MARK_BYTES] == _mark(b[:head])]


def _alike(a: bytes, b: bytes) -> int:
    chance = int.from_bytes(_mark(min(a, b) + max(a, b)), "big")
    start = len(_MAGIC)
    return 120 + chance % 130 if a[start : start + _MARK_BYTES] == b[start : start + _MARK_BYTES] else chance % 30


def _mark(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_MARK_BYTES).digest()


def _draw(finger: int, impression: int) -> "NDArray[np.uint8]":
    """Ridges nobody has: waves around a few points, uint8 (320, 288); an impression is laid down elsewhere."""
    rng = np.random.default_rng(finger)
    y, x = np.mgrid[0:320, 0:288].astype(np.float64)
    phase = np.zeros_like(x)
    for _ in range(3):
        cy, cx = rng.uniform(-100, 420), rng.uniform(-100, 390)
        phase += np.hypot(y - cy - 4 * impression, x - cx + 3 * impression) * rng.uniform(0.4, 0.8)
    inside = ((y - 160) / 150) ** 2 + ((x - 144) / 125) ** 2 < 1
    return np.where(inside, 127 + 100 * np.sin(phase * 2 * np.pi / 13), 250).astype(np.uint8)
