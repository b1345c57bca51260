"""Whose releases this terminal believes: a root of The Update Framework, taken in once (docs/updates.md).

Its sum stands in the admission, so it is fetched with the first look from wherever the releases come from, and nobody
carries it there. What lies in its place already, from the image or by hand, stays. Each later root is signed by the
holders of the one before it, and TUF goes from one to the next (specification 1.0, 5.3).
"""

import hashlib
from pathlib import Path

from edge.update import SourceError, TrustError, UpdateError, journal
from edge.update.source import MissingError, Source
from sync.admission import NOTHING

ROOT = "root.json"
MOST_ROOTS = 64
"""A new one every year outlasts the terminal."""
_MAX_BYTES = 64 * 1024


def pin(kept: Path, given: Path) -> None:
    """Take in a root that somebody brought. Raises UpdateError; TrustError where there is another one."""
    data = _read(given)
    if kept.exists() and _read(kept) != data:
        raise TrustError(f"{kept}: there is a root already; each later one comes signed by it")
    journal.replace_file(kept, data)


def pinned(kept: Path, mark: str, source: Source) -> bytes:
    """The root to begin with. `mark`: its SHA-256 in hex by the admission, or NOTHING. Raises UpdateError; TrustError
    where the root that the admission means is not found, and then keeps nothing."""
    if not kept.exists():
        if mark == NOTHING:
            raise TrustError(f"{kept}: no root to believe; `hazri-edge update --root root.json`, once")
        journal.replace_file(kept, _sought(mark, source))
    return _read(kept)


def _sought(mark: str, source: Source) -> bytes:
    """The holders may have changed before this terminal was admitted: among their roots, from the first on, the one
    that was the newest then."""
    for version in range(1, MOST_ROOTS + 1):
        try:
            data = _fetched(source, f"metadata/{version}.root.json")
        except MissingError:
            if version == 1:
                raise
            break
        if hashlib.sha256(data).hexdigest() == mark:
            return data
    raise TrustError("the releases there have another root than that of this terminal's admission, or an older one")


def _fetched(source: Source, path: str) -> bytes:
    data = b""
    for chunk in source.read(path):
        data += chunk
        if len(data) > _MAX_BYTES:
            raise SourceError(f"{path}: more was sent than there may be")
    return data


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(_MAX_BYTES)
    except OSError as error:
        raise UpdateError(f"{file}: {error.strerror}") from None
