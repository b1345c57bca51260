"""The files of a repository, for whoever needs none of The Update Framework: written whole, by one at a time."""

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path

from server import ReleaseError
from server.trust.keys import held
from sync.admission import NOTHING
from sync.files import replace_file

METADATA = Path("public", "metadata")


def write(path: Path, data: bytes) -> None:
    """Whole or not at all, and on the disk. Raises ReleaseError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, data, 0o644)
    except OSError as error:
        raise ReleaseError(f"{path}: {error.strerror}") from None


@contextlib.contextmanager
def turn(folder: Path) -> Iterator[None]:
    """Whoever changes a repository waits for who does so already: the hourly look, or somebody's command. Raises
    ReleaseError."""
    with contextlib.ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(held(folder / ".turn"))
        except OSError as error:
            raise ReleaseError(f"{folder}: {error.strerror}") from None
        yield


def roots(folder: Path) -> list[Path]:
    """The files of all roots there were, the oldest first. Raises ReleaseError."""
    there = folder / METADATA
    try:
        names = [path.name for path in there.iterdir()] if there.exists() else []
    except OSError as error:
        raise ReleaseError(f"{there}: {error.strerror}") from None
    heads = [name.removesuffix(".root.json") for name in names if name.endswith(".root.json")]
    return [there / f"{version}.root.json" for version in sorted(int(head) for head in heads if head.isdecimal())]


def root_mark(folder: Path) -> str:
    """SHA-256 of the newest root, from which a terminal of today starts, in hex; NOTHING where there is no repository.
    Raises ReleaseError."""
    found = roots(folder)
    if not found:
        return NOTHING
    try:
        return hashlib.sha256(found[-1].read_bytes()).hexdigest()
    except OSError as error:
        raise ReleaseError(f"{found[-1]}: {error.strerror}") from None
