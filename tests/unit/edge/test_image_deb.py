"""The Debian package: what is in it, that the same wheels give the same bytes, and that its scripts make a program."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from edge import SetupError
from edge.image import deb as image_deb


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """A wheel in miniature: what matters is that it lands where Python finds it, with its script."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    with zipfile.ZipFile(folder / "hazri-0.1.0-py3-none-any.whl", "w") as file:
        file.writestr("hazri_small.py", "def main():\n    print('it runs')\n    return 0\n")
        file.writestr("hazri-0.1.0.dist-info/entry_points.txt", "[console_scripts]\nhazri-edge = hazri_small:main\n")
    return folder


def test_the_package_holds_wheels_units_rules_and_scripts(tmp_path: Path, wheels: Path) -> None:
    package = image_deb.build("arm64", wheels, tmp_path)
    listed = subprocess.run(["dpkg-deb", "-c", package], capture_output=True, text=True, check=True).stdout
    for path in (
        "./opt/hazri/wheels/hazri-0.1.0-py3-none-any.whl",
        "./usr/lib/systemd/system/hazri-firstboot.service",
        "./usr/lib/systemd/system/hazri-terminal.service",
        "./usr/lib/udev/rules.d/60-hazri-sensors.rules",
        "./usr/lib/sysusers.d/hazri.conf",
        "./usr/lib/tmpfiles.d/hazri.conf",
    ):
        assert path in listed
    said = subprocess.run(["dpkg-deb", "-f", package, "Architecture"], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "arm64"


def test_the_same_wheels_give_the_same_bytes(tmp_path: Path, wheels: Path) -> None:
    packages = [image_deb.build("amd64", wheels, tmp_path / name) for name in ("a", "b")]
    assert packages[0].read_bytes() == packages[1].read_bytes()


def test_its_own_unpacker_makes_a_program_of_wheels(tmp_path: Path, wheels: Path) -> None:
    package = image_deb.build("amd64", wheels, tmp_path)
    root, venv = tmp_path / "root", tmp_path / "venv"
    subprocess.run(["dpkg-deb", "-x", package, root], check=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    subprocess.run([sys.executable, root / "opt/hazri/unpack", root / "opt/hazri/wheels", venv], check=True)
    script = venv / "bin" / "hazri-edge"
    assert script.read_text().startswith("#!/opt/hazri/venv/bin/python3\n")
    ran = subprocess.run([venv / "bin" / "python3", script], capture_output=True, text=True, check=True)
    assert ran.stdout == "it runs\n"


def test_wheels_of_another_machine_or_none_are_refused(tmp_path: Path, wheels: Path) -> None:
    (wheels / "numpy-2.0-cp311-cp311-manylinux_2_17_x86_64.whl").touch()
    with pytest.raises(SetupError, match="not for arm64"):
        image_deb.build("arm64", wheels, tmp_path)
    with pytest.raises(SetupError, match="no wheel of hazri"):
        image_deb.build("arm64", None, tmp_path)


def test_what_the_package_wants_is_in_the_image() -> None:
    """Which is made without recommended packages."""
    layer = (image_deb.UNITS / "image/hazri.yaml").read_text().splitlines()
    listed = {line.strip().removeprefix("- ") for line in layer if line.startswith("    - ")}
    wanted = f"{image_deb.DEPENDS}, {image_deb.RECOMMENDS}".replace("adduser | systemd, ", "")
    assert {one.split()[0] for one in wanted.split(", ")} <= listed
    sdm = (image_deb.UNITS / "image/sdm.sh").read_text()
    assert all(one.split()[0] in sdm for one in wanted.split(", "))
    assert "fonts-noto-core" in image_deb.DEPENDS, "without letters a panel shows nothing"
