"""Fetches the wheels of a release: what this machine has is linked or copied from, the rest comes in ranges.

A file grows under the name of its sum and `.part`; who is cut off goes on where it ends. It gets its name when its sum
is the one that was signed. Where that fails it was made of a damaged old wheel, or the source lies: once more, without
the old one, and then no more.
"""

import hashlib
import itertools
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

from edge.update import SlotError, SourceError, TrustError
from edge.update.source import Source
from sync import WireError
from sync.blocks import Copy, Get, Piece, blocks, parse_map, pieces
from sync.release import Release, Wheel, blocks_path, wheel_path

RANGE_BYTES = 64 * 1024
"""Of one request: the most that is spent beyond the budget, and on the disk after a power cut."""
_TARGETS = "targets/"


class Fetching:
    """`folder` holds what is being fetched; `on_hand` lists the wheels of this machine, the likeliest first."""

    def __init__(self, source: Source, folder: Path, on_hand: Callable[[], Iterable[Path]]) -> None:
        self._source, self._folder, self._on_hand = source, folder, on_hand

    def here(self, release: Release) -> bool:
        """Is everything fetched? Each file had its sum when it got its name; staging looks once more."""
        return all(self._whole(wheel).exists() for wheel in release.wheels)

    def fetch(self, release: Release) -> dict[Wheel, Path]:
        """Every wheel, on the disk and as it was signed. Raises SourceError, TrustError, LaterError, SlotError."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._drop(release)
            for wheel in release.wheels:
                if not self._whole(wheel).exists() and not self._linked(wheel):
                    self._made(wheel)
        except OSError as error:
            raise SlotError(f"{error.filename or self._folder}: {error.strerror}") from None
        return self.files(release)

    def files(self, release: Release) -> dict[Wheel, Path]:
        """The fetched files, each held against its sum once more. Raises TrustError, OSError."""
        found = {wheel: self._whole(wheel) for wheel in release.wheels}
        for wheel, path in found.items():
            if not _is(path, wheel):
                path.unlink(missing_ok=True)
                raise TrustError(f"{wheel.name}: not what was fetched; it is fetched again")
        return found

    def clear(self) -> None:
        for path in self._folder.glob("*"):
            path.unlink(missing_ok=True)

    def _whole(self, wheel: Wheel) -> Path:
        return self._folder / wheel.sha256.hex()

    def _drop(self, release: Release) -> None:
        """What an earlier release left half fetched."""
        wanted = {wheel.sha256.hex() for wheel in release.wheels}
        for path in self._folder.iterdir():
            if path.name.split(".")[0] not in wanted:
                path.unlink()

    def _linked(self, wheel: Wheel) -> bool:
        for path in self._on_hand():
            if path.name == wheel.name and path.stat().st_size == wheel.length and _is(path, wheel):
                os.link(path, self._whole(wheel))
                return True
        return False

    def _made(self, wheel: Wheel) -> None:
        part = self._whole(wheel).with_suffix(".part")
        if part.exists() and part.stat().st_size >= wheel.length:
            part.unlink()  # it was whole, and was cut off before its sum was tried, or that failed
        plans = (self._by_blocks, self._by_itself) if not part.exists() else (self._as_begun, self._by_itself)
        for plan in plans:
            old, wanted = plan(wheel)
            self._grow(part, wheel, old, wanted)
            if _is(part, wheel):
                part.replace(self._whole(wheel))
                self._base(wheel).unlink(missing_ok=True)
                return
            part.unlink()
        raise TrustError(f"{wheel.name}: not the bytes that were signed")

    def _base(self, wheel: Wheel) -> Path:
        """A second name of the old wheel this one is made of, so that who goes on makes it of the same."""
        return self._whole(wheel).with_suffix(".base")

    def _by_blocks(self, wheel: Wheel) -> tuple[Path | None, list[Piece]]:
        self._base(wheel).unlink(missing_ok=True)
        old = next((path for path in self._on_hand() if path.name.split("-", 1)[0] == wheel.distribution), None)
        if old is None or not 0 < wheel.blocks_length < wheel.length:
            return self._by_itself(wheel)
        os.link(old, self._base(wheel))
        return self._planned(wheel)

    def _as_begun(self, wheel: Wheel) -> tuple[Path | None, list[Piece]]:
        return self._planned(wheel) if self._base(wheel).exists() else self._by_itself(wheel)

    def _planned(self, wheel: Wheel) -> tuple[Path | None, list[Piece]]:
        base = self._base(wheel)
        try:
            wanted = parse_map(self._map(wheel), wheel.length)
        except WireError as error:
            raise TrustError(f"{wheel.name}: {error}") from None
        with base.open("rb") as file:
            return base, pieces(wanted, blocks(file))

    def _by_itself(self, wheel: Wheel) -> tuple[Path | None, list[Piece]]:
        self._base(wheel).unlink(missing_ok=True)
        return None, [Get(0, wheel.length)]

    def _map(self, wheel: Wheel) -> bytes:
        kept = self._whole(wheel).with_suffix(".blocks")
        if not kept.exists() or hashlib.sha256(kept.read_bytes()).digest() != wheel.blocks:
            data = b"".join(self._source.read(_TARGETS + blocks_path(wheel), 0, wheel.blocks_length))
            if hashlib.sha256(data).digest() != wheel.blocks:
                raise TrustError(f"{wheel.name}: its block map is not the one that was signed")
            kept.write_bytes(data)
        return kept.read_bytes()

    def _grow(self, part: Path, wheel: Wheel, old: Path | None, wanted: list[Piece]) -> None:
        """Go on where the part ends, piece by piece."""
        with part.open("ab") as out, (old or Path(os.devnull)).open("rb") as base:
            done = out.tell()
            starts = itertools.accumulate((piece.length for piece in wanted), initial=0)
            for piece, start in zip(wanted, starts, strict=False):
                skip = max(0, done - start)
                if skip >= piece.length:
                    continue
                if isinstance(piece, Copy):
                    _copy(base, piece.at + skip, piece.length - skip, out)
                else:
                    self._get(wheel, piece.at + skip, piece.length - skip, out)
            out.flush()
            os.fsync(out.fileno())

    def _get(self, wheel: Wheel, at: int, length: int, out: BinaryIO) -> None:
        for start in range(at, at + length, RANGE_BYTES):
            count = min(RANGE_BYTES, at + length - start)
            for chunk in self._source.read(_TARGETS + wheel_path(wheel), start, count):
                out.write(chunk)
                count -= len(chunk)
            if count:
                raise SourceError(f"{wheel.name}: the source has not all of it")
            out.flush()
            os.fsync(out.fileno())


def _copy(base: BinaryIO, at: int, length: int, out: BinaryIO) -> None:
    base.seek(at)
    while length > 0:
        chunk = base.read(min(RANGE_BYTES, length)) or bytes(min(RANGE_BYTES, length))  # cut short: the sum will say so
        out.write(chunk)
        length -= len(chunk)


def _is(path: Path, wheel: Wheel) -> bool:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest() == wheel.sha256
