"""The roles of a repository as files: what terminals are shown, what waits for signatures, and this server's own keys.

A key of this server counts when the role above it names it: the new one lies beside the old one until the holders have
signed it in, and no moment is between the two.
"""

import datetime as dt
import json
import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from securesystemslib.signer import CryptoSigner  # type: ignore[attr-defined]
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata
from tuf.api.serialization.json import JSONSerializer

from server import ReleaseError
from server.releases import keys
from server.releases.files import METADATA, roots, write

ROOT, TARGETS, SNAPSHOT, TIMESTAMP = "root", "targets", "snapshot", "timestamp"
_COMPACT = JSONSerializer(compact=True)
logging.getLogger("tuf").setLevel(logging.WARNING)  # it tells of each signature that is missing; so do we
_MAX_BYTES = 4 * 1024 * 1024


class Roles:
    """`folder`: see server.releases. Each method raises ReleaseError. What is read is tuf.api.metadata.Metadata."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._metadata = folder / METADATA
        self._staged = folder / "staged"
        self._online = folder / "online"

    # ── what terminals are shown ──

    def any(self) -> bool:
        return self._metadata.exists()

    def root(self) -> Any:
        """The newest root."""
        found = roots(self.folder)
        if not found:
            raise ReleaseError(f"{self.folder}: no repository; `hazri-server release init` makes one")
        return _parse(found[-1]).signed

    def roots(self) -> Iterator[Any]:
        """Every root there was, the oldest first."""
        return (_parse(path).signed for path in roots(self.folder))

    def read(self, name: str) -> Any:
        """As 3.targets."""
        return _parse(self.path(name))

    def shown(self, name: str) -> bytes:
        return _read(self.path(name))

    def path(self, name: str) -> Path:
        return self._metadata / f"{name}.json"

    def show(self, name: str, metadata: Any) -> bytes:
        data: bytes = metadata.to_bytes(_COMPACT)
        write(self.path(name), data)
        return data

    def show_signed(self, name: str, signed: Any, signers: Iterable[CryptoSigner]) -> bytes:
        metadata = Metadata(signed)
        for signer in signers:
            metadata.sign(signer, append=True)
        return self.show(name, metadata)

    # ── what waits for signatures ──

    def staged(self, role: str) -> Any:
        """None where nothing waits; what was cut off after it was shown waits no more."""
        path = self._staged / f"{role}.json"
        found = _parse(path) if path.exists() else None
        return None if found and role == ROOT and found.signed.version <= self.root().version else found

    def stage(self, role: str, metadata: Any) -> None:
        write(self._staged / f"{role}.json", metadata.to_bytes(_COMPACT))

    def clear(self) -> None:
        """Nothing waits any more."""
        try:
            for role in (ROOT, TARGETS):
                (self._staged / f"{role}.json").unlink(missing_ok=True)
        except OSError as error:
            raise ReleaseError(f"{error.filename}: {error.strerror}") from None

    # ── this server's own keys ──

    def new_key(self, name: str) -> CryptoSigner:
        """One more, beside those there are."""
        path, n = self._online / f"{name}.pem", 1
        while path.exists():
            n += 1
            path = self._online / f"{name}.{n}.pem"
        return keys.make(path)

    def key(self, name: str, allowed: Iterable[str]) -> CryptoSigner:
        """The one of this name that is among the ids `allowed`."""
        for path in (self._online / f"{name}.pem", *sorted(self._online.glob(f"{name}.*.pem"))):
            found = keys.load(path) if path.exists() else None
            if found and found.public_key.keyid in allowed:
                return found
        raise ReleaseError(
            f"{self._online}: no key of {name} that counts; take it from the backup, or `hazri-server release keys "
            "--server` makes new ones"
        )

    def forget_keys(self, needed: set[str]) -> None:
        """Destroy the keys of this server that sign nothing any more."""
        for path in sorted(self._online.glob("*.pem")):
            try:
                if keys.load(path).public_key.keyid not in needed:
                    path.unlink()
            except OSError as error:
                raise ReleaseError(f"{path}: {error.strerror}") from None


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_BYTES)
    except OSError as error:
        raise ReleaseError(f"{path}: {error.strerror}") from None


def _parse(path: Path) -> Any:
    try:
        return Metadata.from_bytes(_read(path))
    except (RepositoryError, ValueError, KeyError, json.JSONDecodeError) as error:
        raise ReleaseError(f"{path}: not sound ({error})") from None


def later(days: int) -> dt.datetime:
    """That many days from now, to the second."""
    return dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(days=days)
