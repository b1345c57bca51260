"""From a folder of wheels, or a Debian package with them, to what a release lists and what terminals fetch."""

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from server import ReleaseError
from sync import WireError
from sync.blocks import blocks, map_bytes
from sync.release import Release, Wheel, blocks_path, parse_release, release_bytes, wheel_path

_PLATFORMS = {"arm64": "aarch64", "amd64": "x86_64"}
_IN_DEB = "opt/hazri/wheels"


def take(wheels: Path, version: str, arch: str, python: str, targets: Path) -> Release:
    """List a folder of wheels as one release, and put them where terminals fetch them, with their block maps. What is
    there and unsigned is installed by nobody. Raises ReleaseError."""
    found = sorted(wheels.glob("*.whl"))
    _check(found, arch, python)
    (targets / "wheels").mkdir(parents=True, exist_ok=True)
    try:
        release = Release(version, arch, python, tuple(_take(path, targets) for path in found))
        return parse_release(release_bytes(release))
    except WireError as error:
        raise ReleaseError(f"{wheels}: {error}") from None
    except OSError as error:
        raise ReleaseError(f"{error.filename or targets}: {error.strerror}") from None


@contextmanager
def of_deb(package: Path) -> Iterator[Path]:
    """The wheels in a package of `hazri-edge image deb`. Raises ReleaseError."""
    with tempfile.TemporaryDirectory(prefix="hazri-release-") as folder:
        try:
            done = subprocess.run(["dpkg-deb", "-x", str(package), folder], capture_output=True, text=True, check=False)
        except OSError:
            raise ReleaseError("dpkg-deb: not found; name the wheels instead (--wheels)") from None
        if done.returncode:
            raise ReleaseError(f"{package}: {' '.join(done.stderr.split())[:200]}")
        yield Path(folder) / _IN_DEB


def _check(found: list[Path], arch: str, python: str) -> None:
    """Are they for this machine and this Python? A terminal would find out only after it had fetched them all."""
    tag = "cp" + python.replace(".", "")
    for path in found:
        *_, abi_python, abi, platform = path.stem.split("-")
        if platform != "any" and _PLATFORMS[arch] not in platform:
            raise ReleaseError(f"{path.name}: not for {arch}")
        built = abi_python.split(".")
        fits = tag in built or any(one.startswith("py3") for one in built) or (abi == "abi3" and built[0][:3] == "cp3")
        if not fits:
            raise ReleaseError(f"{path.name}: not for Python {python}")


def _take(path: Path, targets: Path) -> Wheel:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
        found = map_bytes(blocks(file))
    wheel = Wheel(path.name, path.stat().st_size, digest, hashlib.sha256(found).digest(), len(found))
    to = targets / wheel_path(wheel)
    if not to.exists():
        new = to.with_suffix(".new")
        shutil.copyfile(path, new)
        new.replace(to)
    (targets / blocks_path(wheel)).write_bytes(found)
    return wheel
