"""A backup in one file: the ledger as it was at one moment, and the keys without which it is worth nothing.

    hazri-backup.tar
      manifest.json      what is in it, with SHA-256 of each file
      ledger.db          SQLite: a copy of one moment (its online backup), while the server runs
      keys/…             everything of state_dir/keys; whoever has this file is the server, so keep it as you keep them
      releases/…         what is signed of the terminals' software, and the keys that sign it by themselves; no packages

PostgreSQL has tools of its own for its part (docs/backup.md): with it, the file holds no ledger and says so.

What must stay true here: `restore` writes into an empty state directory only, checks every sum before it moves the
first file into place, and what was interrupted begins anew. After a restore terminals know more than this server:
they send again what it lacks, since they keep records until a receipt for them comes again, and a roster they saw in
a later version is overtaken (server/fleet/roster.overtake).
"""

import hashlib
import io
import os
import shutil
import sqlite3
import tarfile
import tempfile
from contextlib import closing, nullcontext
from pathlib import Path

import msgspec

from server import BackupError, ReleaseError
from server.ledger.store import now_ms
from server.releases.files import turn
from server.settings import RELEASES, ServerSettings

_MANIFEST, _LEDGER, _KEYS = "manifest.json", "ledger.db", "keys"
_SIGNED = tuple(f"{RELEASES}/{name}" for name in ("online", "public/metadata", "staged"))
_PAGES_AT_ONCE = 4000  # between these the server may write
_MAX_MANIFEST = 1024 * 1024
_CHUNK = 1 << 20


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`files` by name, with the SHA-256 of each (hexadecimal); `database` is sqlite or postgresql."""

    made_ms: int
    database: str
    files: dict[str, str]


def backup(settings: ServerSettings, out: Path) -> Manifest:
    """Write `out`, whole or not at all, while the server runs or not. Raises BackupError."""
    try:
        with _beside(out) as folder:
            files = _copy_small(settings, Path(folder))
            if sqlite := settings.url.startswith("sqlite"):
                files[_LEDGER] = _copy_ledger(settings, Path(folder) / _LEDGER)
            sums = {name: _sha256(path) for name, path in files.items()}
            manifest = Manifest(now_ms(), "sqlite" if sqlite else "postgresql", sums)
            _write(Path(folder) / "tar", manifest, files, out)
    except OSError as error:
        raise BackupError(f"{error.filename}: {error.strerror}") from None
    except ReleaseError as error:
        raise BackupError(str(error)) from None
    return manifest


def restore(settings: ServerSettings, source: Path) -> Manifest:
    """Make an empty state directory what it was. Raises BackupError, and then has put nothing in its place."""
    state = settings.state_dir
    try:
        if any((state / name).exists() for name in (_KEYS, _LEDGER, RELEASES)):
            raise BackupError(f"{state}: is not empty; move what is there away, or name another state_dir")
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(prefix=".restore-", dir=state) as folder:
            manifest = _unpack(source, Path(folder))
            if (manifest.database == "sqlite") != settings.url.startswith("sqlite"):
                raise BackupError(f"{source}: is of a server on {manifest.database}; set database_url as it was")
            if manifest.database == "sqlite":  # first: without it the keys would be those of an empty ledger
                (Path(folder) / _LEDGER).replace(state / _LEDGER)
            if (Path(folder) / RELEASES).exists():
                (Path(folder) / RELEASES).replace(state / RELEASES)
            (Path(folder) / _KEYS).replace(state / _KEYS)
    except OSError as error:
        raise BackupError(f"{error.filename}: {error.strerror}") from None
    return manifest


def _beside(out: Path) -> tempfile.TemporaryDirectory[str]:
    folder = out.absolute().parent
    if not folder.is_dir():  # a disk that is not there, perhaps: nothing is made in its place
        raise BackupError(f"{folder}: is no folder; mount or make it first")
    return tempfile.TemporaryDirectory(prefix=".backup-", dir=folder)


def _copy_small(settings: ServerSettings, to: Path) -> dict[str, Path]:
    """Every file but the ledger, by its name in the backup; of releases as one command left them."""
    signed = [name for name in _SIGNED if (settings.state_dir / name).exists()]
    copies = {}
    with turn(settings.releases) if signed else nullcontext():
        for name in (_KEYS, *signed):
            (to / name).mkdir(parents=True, mode=0o700)
            for path in sorted((settings.state_dir / name).iterdir()):
                if path.is_file() and _ours(f"{name}/{path.name}"):
                    copies[f"{name}/{path.name}"] = shutil.copyfile(path, to / name / path.name)
    return copies


def _copy_ledger(settings: ServerSettings, to: Path) -> Path:
    path = settings.url.removeprefix("sqlite:///")
    try:
        live = sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True)
        with closing(live), closing(sqlite3.connect(to)) as copy:
            live.backup(copy, pages=_PAGES_AT_ONCE)
            copy.execute("PRAGMA journal_mode=DELETE")
            if (found := copy.execute("PRAGMA quick_check").fetchone()[0]) != "ok":
                raise BackupError(f"{path}: is damaged ({found}); `hazri-server audit` says where")
    except sqlite3.Error as error:
        raise BackupError(f"{path}: {error}") from None
    return to


def _write(part: Path, manifest: Manifest, files: dict[str, Path], out: Path) -> None:
    file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "wb") as raw:
        with tarfile.open(fileobj=raw, mode="w") as tar:
            text = msgspec.json.encode(manifest)
            entry = tarfile.TarInfo(_MANIFEST)
            entry.size, entry.mode, entry.mtime = len(text), 0o600, manifest.made_ms // 1000
            tar.addfile(entry, io.BytesIO(text))
            for name, path in files.items():
                tar.add(path, name, recursive=False, filter=_plain)
        raw.flush()
        os.fsync(raw.fileno())
    part.replace(out)


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def _unpack(source: Path, folder: Path) -> Manifest:
    """Only what the manifest names, only under these names, only with these sums."""
    (folder / _KEYS).mkdir(mode=0o700)
    try:
        with tarfile.open(source) as tar:
            first = tar.next()
            if first is None or first.name != _MANIFEST or first.size > _MAX_MANIFEST:
                raise BackupError(f"{source}: not a backup of hazri-server")
            manifest = msgspec.json.decode(_content(tar, first).read(), type=Manifest)
            for entry in tar:
                if entry.name == _MANIFEST:
                    continue
                if entry.name not in manifest.files or not entry.isfile() or not _ours(entry.name):
                    raise BackupError(f"{source}: holds {entry.name!r}, which no backup of ours does")
                (folder / entry.name).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                with (folder / entry.name).open("xb") as out:
                    (folder / entry.name).chmod(0o600)
                    shutil.copyfileobj(_content(tar, entry), out, _CHUNK)
                    out.flush()
                    os.fsync(out.fileno())
    except (tarfile.TarError, msgspec.DecodeError, EOFError) as error:
        raise BackupError(f"{source}: not a backup, or cut short ({error})") from None
    for name, sha256 in manifest.files.items():
        if not (folder / name).is_file() or _sha256(folder / name) != sha256:
            raise BackupError(f"{source}: {name} is not as it was written")
    return manifest


def _content(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> io.BufferedReader:
    file = tar.extractfile(entry)
    if file is None:
        raise BackupError(f"{entry.name}: not a file")
    return file  # type: ignore[return-value]


def _ours(name: str) -> bool:
    folder, _, file = name.rpartition("/")
    return name == _LEDGER or (folder in (_KEYS, *_SIGNED) and bool(file) and not file.startswith("."))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
