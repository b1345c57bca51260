"""Known secrets, and every byte in which they might lie about.

A secret counts as found raw, in hexadecimal of either case, in base64 at each of its three alignments, and in UTF-16.
"""

import base64
import re
from collections.abc import Iterator
from pathlib import Path

_WINDOW = 24  # bytes of a long secret that are enough to know it by, taken at several places
_CHUNK, _OVERLAP = 1 << 20, 4096


def spellings(secret: bytes) -> Iterator[bytes]:
    """How it might be written down, as regular expressions. Digits must not be part of a longer number."""
    fence = (rb"(?<![0-9])", rb"(?![0-9])") if secret.isdigit() else (b"", b"")
    for part in _parts(secret):
        yield fence[0] + re.escape(part) + fence[1]
        yield re.escape(part.hex().encode())
        yield re.escape(part.hex().upper().encode())
        for shift in range(3):  # the characters that depend on no neighbour
            text = base64.b64encode(bytes(shift) + part)
            yield re.escape(text[-(-shift * 8 // 6) : (shift + len(part)) * 8 // 6])
        try:
            words = part.decode()
        except UnicodeDecodeError:
            continue
        yield from (re.escape(words.encode(code)) for code in ("utf-16-le", "utf-16-be"))


def _parts(secret: bytes) -> list[bytes]:
    if len(secret) <= 2 * _WINDOW:
        return [secret]
    step = max(1, (len(secret) - _WINDOW) // 5)
    return [secret[at : at + _WINDOW] for at in range(0, len(secret) - _WINDOW + 1, step)]


class Hunt:
    """Looks for all secrets at once."""

    def __init__(self, secrets: dict[str, bytes]) -> None:
        self._named = list(secrets)
        groups = (b"|".join(dict.fromkeys(spellings(secret))) for secret in secrets.values())
        self._pattern = re.compile(b"|".join(b"(?P<s%d>%s)" % pair for pair in enumerate(groups)), re.DOTALL)

    def among(self, *places: Path, leave_out: tuple[Path, ...] = ()) -> list[str]:
        """What was found and where: "digits 1 in t-1/punches.db-wal"."""
        found = []
        for path in sorted(file for place in places for file in _files(place)):
            if not any(path == one or one in path.parents for one in leave_out):
                found += [f"{name} in {path}" for name in sorted(self.within(path))]
        return found

    def within(self, path: Path) -> set[str]:
        names, tail = set(), b""
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                for match in self._pattern.finditer(tail + chunk):
                    names.add(self._named[int(str(match.lastgroup)[1:])])
                tail = (tail + chunk)[-_OVERLAP:]
        return names


def _files(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
    else:
        yield from (path for path in place.rglob("*") if path.is_file() and not path.is_symlink())
