"""Whose badge it is on which old machine: badges.toml in the state directory, kept by the office.

    [AEYU203660001]                  # the machine's serial number, as `hazri-edge status` shows it
    17 = "00112233aabbccdd"          # badge = the person's opaque reference
    [any]                            # every machine that does not say otherwise
    4 = "0123456789abcdef"

Badge numbers are given out by each machine anew, so the machine is part of the name.
"""

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

from sync.record import PERSON_BYTES

ANY = "any"
_MAX_BYTES = 4 * 1024 * 1024


class Badges:
    """Read again when the file changes. A file that cannot be read is told once, and what was read last holds."""

    def __init__(self, path: Path, tell: Callable[[str], None] = lambda _reason: None) -> None:
        self._path = path
        self._tell = tell
        self._seen: tuple[int, int, int] | None = None
        self._persons: Mapping[tuple[str, str], bytes] = {}

    def person(self, device: str, badge: str) -> bytes | None:
        """Whose badge this is, None when nobody has said."""
        self._refresh()
        return self._persons.get((device, badge)) or self._persons.get((ANY, badge))

    def _refresh(self) -> None:
        try:
            found = self._path.stat()
        except OSError:
            self._seen, self._persons = None, {}
            return
        seen = found.st_ino, found.st_mtime_ns, found.st_size
        if seen == self._seen:
            return
        self._seen = seen
        try:
            if found.st_size > _MAX_BYTES:
                raise ValueError(f"more than {_MAX_BYTES} bytes")
            self._persons = _parse(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            self._tell(f"{self._path}: {error}")


def _parse(text: str) -> dict[tuple[str, str], bytes]:
    persons = {}
    for device, badges in tomllib.loads(text).items():
        if not isinstance(badges, dict):
            raise ValueError(f"{device}: expected a machine's serial number in brackets, then its badges")  # noqa: TRY004
        for badge, person in badges.items():
            try:
                reference = bytes.fromhex(person)
            except (ValueError, TypeError):
                reference = b""
            if len(reference) != PERSON_BYTES:
                raise ValueError(f"a badge of {device}: expected a person's reference, {2 * PERSON_BYTES} hex digits")
            persons[device, badge] = reference
    return persons
