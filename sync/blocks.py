"""Block maps: how little of a new wheel has to be fetched by who has the one before it.

A wheel is a zip file, and whatever did not change in it is there again, byte by byte, at another place. So its blocks
are cut where its members begin, and every 64 KiB within one; a map says how long each block is and the first 8 bytes
of its SHA-256. The terminal makes the map of the wheel it has in one reading, without unpacking anything. A collision
of 8 bytes costs a download: the whole file is checked by its own sum afterwards.
"""

import hashlib
import itertools
import struct
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from sync import WireError

BLOCK_BYTES = 64 * 1024
GAP_BYTES = 512  # so much is rather fetched again than asked for twice: a request costs as much
_ROW = struct.Struct(">I8s")
_Block = tuple[int, bytes]


@dataclass(frozen=True, slots=True)
class Copy:
    """`length` bytes from `at` of the old file."""

    at: int
    length: int


@dataclass(frozen=True, slots=True)
class Get:
    """`length` bytes from `at` of the new file, by the network."""

    at: int
    length: int


Piece = Copy | Get


def blocks(file: BinaryIO) -> Iterator[_Block]:
    """Length and mark of every block of an open file, in order. Raises OSError."""
    for start, end in itertools.pairwise(_cuts(file)):
        for at in range(start, end, BLOCK_BYTES):
            file.seek(at)
            part = file.read(min(BLOCK_BYTES, end - at))
            yield len(part), hashlib.sha256(part).digest()[:8]


def map_bytes(found: Iterable[_Block]) -> bytes:
    return b"".join(_ROW.pack(length, mark) for length, mark in found)


def parse_map(data: bytes, length: int) -> list[_Block]:
    """The map of a file of so many bytes. Raises WireError."""
    if len(data) % _ROW.size:
        raise WireError("block map: cut off")
    found = [(size, mark) for size, mark in _ROW.iter_unpack(data)]
    if sum(size for size, _ in found) != length or not all(0 < size <= BLOCK_BYTES for size, _ in found):
        raise WireError("block map: of another file")
    return found


def pieces(wanted: Iterable[_Block], have: Iterable[_Block]) -> list[Piece]:
    """How to make the wanted file of the one there is; neighbours are one piece, and small copies between two gaps are
    fetched with them."""
    places: dict[_Block, int] = {}
    at = 0
    for block in have:
        places.setdefault(block, at)
        at += block[0]
    found: list[Piece] = []
    at = 0
    for block in wanted:
        place = places.get(block)
        _add(found, Get(at, block[0]) if place is None else Copy(place, block[0]))
        at += block[0]
    return _joined(found)


def _cuts(file: BinaryIO) -> list[int]:
    """Where the members of a zip file begin, its beginning and its end; of any other file the latter alone."""
    end = file.seek(0, 2)
    try:
        with zipfile.ZipFile(file) as wheel:
            begins = {member.header_offset for member in wheel.infolist()} | {wheel.start_dir}
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error):
        begins = set()
    return sorted({0, end} | {at for at in begins if 0 < at < end})


def _add(found: list[Piece], piece: Piece) -> None:
    match found[-1:], piece:
        case [Copy(at, length)], Copy() if at + length == piece.at:
            found[-1] = Copy(at, length + piece.length)
        case [Get(at, length)], Get() if at + length == piece.at:
            found[-1] = Get(at, length + piece.length)
        case _:
            found.append(piece)


def _joined(found: list[Piece]) -> list[Piece]:
    """With what lies between two parts to be fetched, where it is small."""
    joined: list[Piece] = []
    at = 0
    for k, piece in enumerate(found):
        small = isinstance(piece, Copy) and piece.length <= GAP_BYTES and 0 < k < len(found) - 1
        _add(joined, Get(at, piece.length) if small or isinstance(piece, Get) else piece)
        at += piece.length
    return joined
