"""What SQLite does not say about a write-ahead log: were whole transactions lost behind a damaged frame?

SQLite reads a WAL up to the first frame that does not fit, and takes the rest for what a power cut left. That is right
for the last transaction, which was not yet synced. But with synchronous=FULL the next one begins only when the last is
on disk: so where a frame that ends a transaction is followed by a frame whose checksum continues from it, that
transaction was on disk once, and whatever now keeps SQLite from reading it is damage. The mark that a frame ends a
transaction counts only where it cannot have come from another write than the checksum beside it: frames that one power
cut tore are written over by the next transaction, which another power cut may tear.

The layout is that of "WAL File Format" in SQLite's file format document (sqlite.org/fileformat2.html).
"""

import struct
from pathlib import Path

_HEADER = struct.Struct(">8I")  # magic, version, page size, checkpoint, salt 1, salt 2, checksum 1, checksum 2
_FRAME = struct.Struct(">6I")  # page, pages after the commit or 0, salt 1, salt 2, checksum 1, checksum 2
_SECTOR = 512  # the least that a disk writes whole
_MAGIC = 0x377F0682
_MASK = 0xFFFFFFFF


def lost_transactions(wal: Path, sound_frames: int) -> bool:
    """Does the file hold transactions that were on disk once, beyond the `sound_frames` that SQLite reads?"""
    if not wal.exists() or (size := wal.stat().st_size) <= _HEADER.size:
        return False
    with wal.open("rb") as file:
        head = file.read(_HEADER.size)
        magic, _, page_size, _, salt1, salt2, sum1, sum2 = _HEADER.unpack(head)
        big = bool(magic & 1)
        if magic & ~1 != _MAGIC or _checksum(head[:24], (0, 0), big) != (sum1, sum2):
            return True  # the header is synced before the first frame is written
        last: tuple[int, int] | None = None  # the checksum of the frame before
        ended: tuple[int, int] | None = None  # the same, if that frame ended a transaction
        step = _FRAME.size + page_size
        for at in range(_HEADER.size + sound_frames * step, size - step + 1, step):
            file.seek(at)
            frame = file.read(_FRAME.size)
            _, commit, one, two, sum1, sum2 = _FRAME.unpack(frame)
            if (one, two) != (salt1, salt2):
                last = ended = None
                continue
            data = frame[:8] + file.read(page_size)
            if ended and _checksum(data, ended, big) == (sum1, sum2):
                return True
            in_one = at % _SECTOR + _FRAME.size <= _SECTOR
            whole = in_one or (last is not None and _checksum(data, last, big) == (sum1, sum2))
            last = (sum1, sum2)
            ended = last if commit and whole else None
    return False


def sound_frames(wal: Path) -> int:
    """How many frames SQLite reads, by its own rule: up to the last transaction whose salts and checksums all continue.

    For when the disk refuses the checkpoint that would tell. Slow, and only true while nobody writes.
    """
    if not wal.exists() or (size := wal.stat().st_size) <= _HEADER.size:
        return 0
    with wal.open("rb") as file:
        magic, _, page_size, _, salt1, salt2, *last = _HEADER.unpack(file.read(_HEADER.size))
        big = bool(magic & 1)
        sound = 0
        for number in range(1, (size - _HEADER.size) // (_FRAME.size + page_size) + 1):
            frame = file.read(_FRAME.size)
            _, commit, one, two, *sums = _FRAME.unpack(frame)
            if (one, two) != (salt1, salt2):
                break
            if _checksum(frame[:8] + file.read(page_size), (last[0], last[1]), big) != (sums[0], sums[1]):
                break
            last = sums
            sound = number if commit else sound
    return sound


def _checksum(data: bytes, start: tuple[int, int], big: bool) -> tuple[int, int]:
    words = struct.unpack(f"{'>' if big else '<'}{len(data) // 4}I", data)
    one, two = start
    for first, second in zip(words[::2], words[1::2], strict=True):
        one = (one + first + two) & _MASK
        two = (two + second + one) & _MASK
    return one, two
