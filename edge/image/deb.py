"""`hazri-edge image deb`: one Debian package with everything a terminal runs, built with dpkg-deb.

    /opt/hazri/wheels        hazri and all it needs; the venv is made of them on the machine, without a network
    /usr/lib/systemd/system  the units          /usr/lib/udev/rules.d    /usr/lib/sysusers.d    /usr/lib/tmpfiles.d

Wheels and not a finished venv: the same package then suits every Python of the release it is installed on, arm64 is
built on any machine, and what is unpacked on the terminal can be checked against the hashes in its lock file.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from edge import SOFTWARE, SetupError

UNITS = Path(__file__).parents[2] / "systemd"
DEPENDS = "python3 (>= 3.11), python3-venv, adduser | systemd, libusb-1.0-0, libatomic1, libfribidi0, fonts-noto-core"
RECOMMENDS = "network-manager, modemmanager, chrony, iw, rfkill, tpm2-tools, alsa-utils"
_EPOCH = "1767225600"  # the same sources give the same bytes
_POSTINST = """#!/bin/sh
set -e
if [ "$1" = configure ]; then
    systemd-sysusers /usr/lib/sysusers.d/hazri.conf
    systemd-tmpfiles --create /usr/lib/tmpfiles.d/hazri.conf || true
    rm -rf /opt/hazri/venv.new
    python3 -m venv --without-pip /opt/hazri/venv.new
    python3 /opt/hazri/unpack /opt/hazri/wheels /opt/hazri/venv.new
    rm -rf /opt/hazri/venv.old
    [ ! -d /opt/hazri/venv ] || mv /opt/hazri/venv /opt/hazri/venv.old
    mv /opt/hazri/venv.new /opt/hazri/venv
    rm -rf /opt/hazri/venv.old
    mkdir -p /opt/hazri/slots /opt/hazri/update
    ln -sfn venv /opt/hazri/good
    ln -sfn venv /opt/hazri/current
    ln -sfn current/bin /opt/hazri/bin
    if [ -d /run/systemd/system ]; then
        systemctl daemon-reload
        udevadm control --reload || true
        systemctl enable {units}
        systemctl restart --no-block {units} || true
    else
        systemctl enable {units} || true
    fi
fi
"""
_PRERM = """#!/bin/sh
set -e
if [ "$1" = remove ]; then
    [ ! -d /run/systemd/system ] || systemctl disable --now {units} || true
    rm -rf /opt/hazri/venv /opt/hazri/bin /opt/hazri/current /opt/hazri/good /opt/hazri/slots /opt/hazri/update
fi
"""
# Wheels are zip files (PEP 427); on the terminal they need no installer, and no network.
_UNPACK = '''"""Unpack wheels into a virtual environment, and write its scripts."""

import configparser
import sys
import zipfile
from pathlib import Path

wheels, venv = Path(sys.argv[1]), Path(sys.argv[2])
site = next(venv.glob("lib/python3*/site-packages"))
python = Path("/opt/hazri/venv/bin/python3")
for wheel in sorted(wheels.glob("*.whl")):
    with zipfile.ZipFile(wheel) as file:
        for name in file.namelist():
            parts = Path(name).parts
            if ".." in parts or name.startswith("/"):
                sys.exit(f"{wheel}: {name} leads out of it")
        file.extractall(site)
    entry = configparser.ConfigParser(delimiters=("=",))
    entry.optionxform = str
    for info in site.glob(f"{wheel.name.split('-')[0]}-*.dist-info/entry_points.txt"):
        entry.read(info)
    for name, target in entry["console_scripts"].items() if entry.has_section("console_scripts") else ():
        module, _, function = target.partition(":")
        script = venv / "bin" / name
        script.write_text(f"#!{python}\\nimport sys\\nfrom {module} import {function}\\nsys.exit({function}())\\n")
        script.chmod(0o755)
for folder in site.glob("*.data/purelib"), site.glob("*.data/platlib"):
    for data in folder:
        for one in data.iterdir():
            one.rename(site / one.name)
'''
SERVICES = (
    "hazri-firstboot.service",
    "hazri-terminal.service",
    "hazri-sync.service",
    "hazri-update-settle.service",
    "hazri-update.timer",
)


def build(arch: str, wheels: Path | None, out: Path) -> Path:
    """Build hazri_VERSION_ARCH.deb of a folder of wheels. Raises SetupError."""
    found = sorted(wheels.glob("*.whl")) if wheels else []
    check(arch, found)
    package = out / f"hazri_{SOFTWARE}_{arch}.deb"
    with tempfile.TemporaryDirectory(prefix="hazri-deb-") as folder:
        root = Path(folder)
        try:
            _fill(root, found)
            _control(root, arch)
            out.mkdir(parents=True, exist_ok=True)
            _dpkg(root, package)
        except OSError as error:
            raise SetupError(f"{error.filename}: {error.strerror}") from None
    return package


def check(arch: str, wheels: list[Path]) -> None:
    """Are these the wheels of one terminal, and for its machine? Raises SetupError."""
    if not any(wheel.name.startswith("hazri-") for wheel in wheels):
        raise SetupError(f"--wheels: no wheel of hazri; `pip download --only-binary :all: --platform {_TAG[arch]} …`")
    for wheel in wheels:
        platform = wheel.stem.rsplit("-", 1)[-1]
        if platform != "any" and _TAG[arch] not in platform:
            raise SetupError(f"{wheel.name}: not for {arch}")


_TAG = {"arm64": "aarch64", "amd64": "x86_64"}


def _fill(root: Path, wheels: list[Path]) -> None:
    places = {
        "usr/lib/systemd/system": sorted((*UNITS.glob("*.service"), *UNITS.glob("*.timer"), *UNITS.glob("*.path"))),
        "usr/lib/udev/rules.d": sorted(UNITS.glob("*.rules")),
        "opt/hazri/wheels": wheels,
    }
    for place, files in places.items():
        (root / place).mkdir(parents=True)
        for file in files:
            _put(root / place / file.name, file.read_bytes())
    for kind in ("sysusers", "tmpfiles"):
        _put(root / f"usr/lib/{kind}.d/hazri.conf", (UNITS / f"{kind}.conf").read_bytes())
    _put(root / "opt/hazri/unpack", _UNPACK.encode())
    os.chmod(root, 0o755)  # noqa: PTH101, S103 - the root of a package


def _control(root: Path, arch: str) -> None:
    size_kb = sum(file.stat().st_size for file in root.rglob("*") if file.is_file()) // 1024
    lines = [
        "Package: hazri", f"Version: {SOFTWARE}", f"Architecture: {arch}", "Section: admin", "Priority: optional",
        "Maintainer: The Hazri founders <hazri@localhost>", f"Installed-Size: {size_kb}", f"Depends: {DEPENDS}",
        f"Recommends: {RECOMMENDS}", "Description: biometric attendance terminal",
        " Takes punches by finger and face, keeps each of them on disk before the green light, and carries them up.",
    ]  # fmt: skip
    _put(root / "DEBIAN/control", ("\n".join(lines) + "\n").encode())
    units = " ".join(SERVICES)
    for name, text in (("postinst", _POSTINST), ("prerm", _PRERM)):
        _put(root / "DEBIAN" / name, text.replace("{units}", units).encode(), 0o755)


def _put(path: Path, data: bytes, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(mode)


def _dpkg(root: Path, package: Path) -> None:
    if shutil.which("dpkg-deb") is None:
        raise SetupError("dpkg-deb: not found; packages are built on Debian, or with its `dpkg`")
    command = ["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", str(root), str(package)]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": _EPOCH}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise SetupError(f"dpkg-deb: {' '.join(done.stderr.split())[:300]}")
