"""The slots on the disk: which there are, what is in them, the two links, and the one rename that turns each.

What must stay true here: a folder called `slots/a` or `slots/b` is whole; a slot that `current` or `good` points to is
never written, moved or removed; a link always points to a slot.
"""

import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from edge.update import SlotError, unpack
from edge.update.journal import replace_file, sync_folder
from sync import WireError
from sync.release import MAX_RELEASE_BYTES, Release, Wheel, number, parse_release, release_bytes

FACTORY = "venv"
SLOTS = ("slots/a", "slots/b")
CURRENT, GOOD = "current", "good"
_LISTED = "release.cbor"
_RESERVE_BYTES = 300 * 1024 * 1024
_UNPACKED = 4  # times what is fetched: the wheel itself, its files and what Python makes of them


class Slots:
    """`root` is /opt/hazri. `flush` brings what was written to the disk before a slot gets its name; `reserve` is left
    free whatever happens: punches go to the same disk."""

    def __init__(self, root: Path, flush: Callable[[], None] = os.sync, reserve: int = _RESERVE_BYTES) -> None:
        self.root = root
        self._flush, self._reserve = flush, reserve

    def at(self, link: str) -> str:
        """The slot that `current` or `good` points to. Raises SlotError."""
        try:
            slot = str((self.root / link).readlink())
        except OSError:
            raise SlotError(f"{self.root / link}: no such link; install the Debian package once more") from None
        if slot not in (FACTORY, *SLOTS) or not (self.root / slot).is_dir():
            raise SlotError(f"{self.root / link}: points to no slot")
        return slot

    def turn(self, link: str, slot: str) -> None:
        """Point `link` to `slot`, in one rename. Raises SlotError."""
        new = self.root / f"{link}.new"
        try:
            new.unlink(missing_ok=True)
            new.symlink_to(slot)
            new.replace(self.root / link)
            sync_folder(self.root)
        except OSError as error:
            raise SlotError(f"{self.root / link}: {error.strerror}") from None

    def version(self, slot: str) -> str:
        """Of the program in it. Raises SlotError."""
        for info in (self.root / slot).glob("lib/python3*/site-packages/hazri-*.dist-info"):
            version = info.name.removeprefix("hazri-").removesuffix(".dist-info")
            with contextlib.suppress(WireError):
                number(version)
                return version
        raise SlotError(f"{self.root / slot}: no hazri in it")

    def release(self, slot: str) -> Release | None:
        """What it was made of; None of what the Debian package made, and of what is not there."""
        try:
            with (self.root / slot / _LISTED).open("rb") as file:
                return parse_release(file.read(MAX_RELEASE_BYTES))
        except (OSError, WireError):
            return None

    @property
    def spare(self) -> str:
        """The slot that may be written."""
        taken = {self.at(CURRENT), self.at(GOOD)}
        return next(slot for slot in SLOTS if slot not in taken)

    def staged(self, release: Release) -> bool:
        return self.release(self.spare) == release

    def wheels(self) -> Iterator[Path]:
        """Every wheel on this machine; those of what runs first."""
        running = self.at(GOOD)
        for slot in (running, *(one for one in (*SLOTS, FACTORY) if one != running)):
            folder = self.root / "wheels" if slot == FACTORY else self.root / slot / "wheels"
            yield from sorted(folder.glob("*.whl"))

    def check(self, release: Release) -> None:
        """Before a byte is fetched: is it for this Python, and is there room? Raises SlotError."""
        ours = f"{sys.version_info.major}.{sys.version_info.minor}"
        if release.python != ours:
            raise SlotError(f"{release.version} is for Python {release.python}, this machine has {ours}")
        running = self.release(self.at(GOOD))
        new = sum(wheel.length for wheel in release.wheels if running is None or wheel not in running.wheels)
        free = shutil.disk_usage(self.root).free
        if free < self._reserve + _UNPACKED * new:
            raise SlotError(
                f"{free // 1_000_000} MB are free, and {release.version} wants more of them than may be taken"
            )

    def stage(self, release: Release, wheels: dict[Wheel, Path]) -> None:
        """Make the spare slot this release; `wheels` were checked against their sums. Raises SlotError."""
        slot = self.root / self.spare
        old, new = slot.with_name(slot.name + ".old"), slot.with_name(slot.name + ".new")
        running = self.at(GOOD)
        base = self.release(running)
        before = unpack.Before(unpack.site(self.root / running), base.wheels) if base else None
        try:
            for folder in (old, new):
                shutil.rmtree(folder, ignore_errors=True)
            if slot.exists():
                slot.rename(old)
                shutil.rmtree(old)
            unpack.fill(new, slot, Path(sys._base_executable), release, wheels, before)  # type: ignore[attr-defined]
            replace_file(new / _LISTED, release_bytes(release))
            self._flush()
            new.rename(slot)
            sync_folder(slot.parent)
        except OSError as error:
            raise SlotError(f"{error.filename or slot}: {error.strerror}") from None

    def tidy(self) -> None:
        """Take away what an update that was cut off left behind."""
        for slot in SLOTS:
            for end in (".old", ".new"):
                shutil.rmtree(self.root / (slot + end), ignore_errors=True)
