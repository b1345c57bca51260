"""`hazri-edge image dropin`: hazri.toml onto a mounted card, or into an image file, judged before it is written.

An image is written by mtools, without mounting anything: the FAT partition is found in its table (MBR or GPT), and
what was written is read back and judged once more.
"""

import os
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

from edge import SetupError
from edge.files import put_file
from edge.image import dropin

_SECTOR = 512
_FAT_TYPES = frozenset({0x01, 0x04, 0x06, 0x0B, 0x0C, 0x0E, 0xEF})
_FAT_SIGNS = (b"FAT12   ", b"FAT16   ", b"FAT32   ")
_MAX_ENTRIES = 128
_TIMEOUT_S = 120.0


def put(one: dropin.DropIn, where: Path) -> str:
    """Write the file to a mounted card (a folder) or into an image; returns what was done. Raises SetupError."""
    dropin.check(one)
    data = dropin.to_toml(one).encode()
    if where.is_dir():
        _to_folder(where / dropin.NAME, data)
    else:
        _to_image(where, data)
    return f"{dropin.NAME} for {one.terminal} is on {where}"


def boot_offset(image: Path) -> int:
    """Where the first FAT partition of an image begins, in bytes; 0 for an image that is nothing else. Raises
    SetupError."""
    try:
        with image.open("rb") as file:
            first = file.read(2 * _SECTOR)
            if _is_fat(first):
                return 0
            for start in (*_mbr(first), *_gpt(file.fileno(), first)):
                if _is_fat(os.pread(file.fileno(), _SECTOR, start)):
                    return start
    except OSError as error:
        raise SetupError(f"{image}: {error.strerror}") from None
    raise SetupError(f"{image}: no FAT partition in it; is it the image of a card?")


def _to_folder(path: Path, data: bytes) -> None:
    put_file(path, data, None)
    dropin.read(path)


def _to_image(image: Path, data: bytes) -> None:
    drive = f"{image}@@{boot_offset(image)}"
    _mtools(["mcopy", "-o", "-i", drive, "-", f"::{dropin.NAME}"], data)
    if _mtools(["mtype", "-i", drive, f"::{dropin.NAME}"]) != data:
        raise SetupError(f"{image}: what was written is not what can be read from it")


def _mtools(command: list[str], data: bytes | None = None) -> bytes:
    environment = {"PATH": os.environ.get("PATH", os.defpath), "MTOOLS_SKIP_CHECK": "1", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            command, input=data or b"", capture_output=True, check=False, timeout=_TIMEOUT_S, env=environment
        )
    except FileNotFoundError:
        raise SetupError(f"{command[0]}: not found; install it with `apt-get install mtools`") from None
    except subprocess.TimeoutExpired:
        raise SetupError(f"{command[0]}: did not end") from None
    if done.returncode:
        said = " ".join(done.stderr.decode("utf-8", "replace").split())
        raise SetupError(f"{command[0]}: {said[:300] or 'failed'}")
    return done.stdout


def _is_fat(sector: bytes) -> bool:
    return sector[510:512] == b"\x55\xaa" and (sector[54:62] in _FAT_SIGNS or sector[82:90] in _FAT_SIGNS)


def _mbr(first: bytes) -> Iterator[int]:
    """Where partitions of a FAT type begin."""
    if first[510:512] == b"\x55\xaa":
        for at in range(446, 510, 16):
            if first[at + 4] in _FAT_TYPES:
                yield _SECTOR * int(struct.unpack_from("<I", first, at + 8)[0])


def _gpt(file: int, first: bytes) -> Iterator[int]:
    """Where all partitions of a GPT begin (UEFI 2.10, section 5.3)."""
    if first[_SECTOR : _SECTOR + 8] == b"EFI PART":
        table, count, size = struct.unpack_from("<QII", first, _SECTOR + 72)
        for n in range(min(count, _MAX_ENTRIES)):
            entry = os.pread(file, 48, _SECTOR * table + n * min(size, 4096))
            if len(entry) == 48 and any(entry[:16]):
                yield _SECTOR * int(struct.unpack_from("<Q", entry, 32)[0])
