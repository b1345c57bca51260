"""The journal of updates on the disk: a small file, replaced whole, read without trust."""

import contextlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from edge.update import SlotError
from edge.update.steps import Journal
from sync import WireError
from sync.release import number

_MAX_BYTES = 16 * 1024
_MAX_REFUSED = 16


def read(file: Path) -> Journal:
    """What was written last; a new one where there is none, or where the file is spoilt: the versions of the slots then
    say what they always say."""
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError, RecursionError, WireError):
        with file.open("rb") as kept:
            found = json.loads(kept.read(_MAX_BYTES))
        return _journal(found)
    return Journal()


def _journal(found: dict[str, Any]) -> Journal:
    """Raises ValueError, TypeError, KeyError, WireError."""
    journal = Journal(**{**found, "refused": tuple(found["refused"])})
    for version in filter(None, (journal.floor, journal.trying)):
        number(version)
    for version in journal.refused:
        number(version)
    kinds = {"tries": int, "restart_due": bool, "note": str}
    if len(journal.refused) > _MAX_REFUSED or any(type(found[name]) is not kind for name, kind in kinds.items()):
        raise ValueError("no such journal")
    return journal


def write(file: Path, journal: Journal) -> None:
    """On the disk when it returns. Raises SlotError."""
    replace_file(file, json.dumps(asdict(journal)).encode())


def replace_file(file: Path, data: bytes) -> None:
    """Whole or not at all, and on the disk. Raises SlotError."""
    new = file.with_name(file.name + ".new")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        new.replace(file)
        sync_folder(file.parent)
    except OSError as error:
        raise SlotError(f"{file}: {error.strerror}") from None


def sync_folder(folder: Path) -> None:
    """What was renamed in it stays renamed, whatever happens to the power. Raises OSError."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
