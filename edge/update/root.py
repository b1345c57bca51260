"""Whose releases this terminal believes: a root of The Update Framework, taken in once (docs/updates.md).

Its sum stands in the admission, so it is fetched with the first look from wherever the releases come from, and nobody
carries it there. What lies in its place already, from the image or by hand, stays. Each later root is signed by the one
before it, which is TUF's own affair.
"""

import hashlib
from pathlib import Path

from edge.update import SourceError, TrustError, UpdateError, journal
from edge.update.source import Source
from sync.admission import NOTHING

ROOT = "root.json"
_FIRST = "metadata/1.root.json"
_MAX_BYTES = 64 * 1024


def pin(kept: Path, given: Path) -> None:
    """Take in a root that somebody brought. Raises UpdateError; TrustError where there is another one."""
    data = _read(given)
    if kept.exists() and _read(kept) != data:
        raise TrustError(f"{kept}: there is a root already; each later one comes signed by it")
    journal.replace_file(kept, data)


def pinned(kept: Path, mark: str, source: Source) -> bytes:
    """The root to begin with. `mark`: its SHA-256 in hex by the admission, or NOTHING. Raises UpdateError; TrustError
    where the root that is found is not the one the admission means, and then keeps nothing."""
    if not kept.exists():
        if mark == NOTHING:
            raise TrustError(f"{kept}: no root to believe; `hazri-edge update --root root.json`, once")
        data = _fetched(source)
        if hashlib.sha256(data).hexdigest() != mark:
            raise TrustError("the releases there begin with another root than that of this terminal's admission")
        journal.replace_file(kept, data)
    return _read(kept)


def _fetched(source: Source) -> bytes:
    data = b""
    for chunk in source.read(_FIRST):
        data += chunk
        if len(data) > _MAX_BYTES:
            raise SourceError(f"{_FIRST}: more was sent than there may be")
    return data


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(_MAX_BYTES)
    except OSError as error:
        raise UpdateError(f"{file}: {error.strerror}") from None
