"""A driver in a package of its own, word for word as drivers/README.md shows it, installed in a throw-away folder."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import drivers
from tests.flow.terminal_site import ROOT

README = (Path(drivers.__file__).parent / "README.md").read_text()


def block(head: str) -> str:
    """The fenced block of the README that begins with this line."""
    found = re.search(rf"^```\w+\n({re.escape(head)}\n.*?)^```$", README, re.DOTALL | re.MULTILINE)
    assert found, head
    return found[1]


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """As pip would leave it, from the README's two files: the module, and what its metadata says of it."""
    facts = tomllib.loads(block("# pyproject.toml"))
    points = facts["project"]["entry-points"]["hazri.drivers"]
    (module,) = facts["tool"]["setuptools"]["py-modules"]
    (tmp_path / f"{module}.py").write_text(block(f"# {module}.py"))
    about = tmp_path / f"{module}-{facts['project']['version']}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {facts['project']['name']}\nVersion: 1.0\n")
    lines = "".join(f"{name} = {target}\n" for name, target in points.items())
    (about / "entry_points.txt").write_text(f"[hazri.drivers]\n{lines}")
    return tmp_path


def edge(package: Path, *args: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edge", *map(str, args)]
    environment = os.environ | {"PYTHONPATH": str(package)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)


def settings(package: Path, options: str) -> Path:
    path = package / "edge.toml"
    dirs = f'state_dir = "{package}/state"\nruntime_dir = "{package}/run"\n'
    path.write_text(f'{dirs}[[sensors]]\ndriver = "acme"\noptions = {{ {options} }}\n')
    return path


def test_it_stands_beside_ours_in_the_settings_and_every_command(package: Path) -> None:
    config = settings(package, 'serial = "7"')
    assert edge(package, "check", "--config", config).returncode == 0
    listing = json.loads(edge(package, "sensors", "--json", "--config", config).stdout)
    assert listing["drivers"]["acme"]["summary"] == "ACME's sensor"
    tested = edge(package, "selftest", "--json", "--config", config)
    (finding,) = json.loads(tested.stdout)
    assert (finding["about"]["model"], finding["about"]["serial"]) == ("ACME One", "7")
    assert finding["picture"] == {"rows": 300, "columns": 250, "dpi": 500.0, "bytes": 75000}
    wrong = edge(package, "check", "--config", settings(package, 'serail = "7"'))
    assert (wrong.returncode, "did you mean 'serial'" in wrong.stderr) == (2, True)


def test_one_that_cannot_be_loaded_is_named_and_stops_nobody_else(package: Path) -> None:
    (package / "hazri_acme.py").write_text("import acme_vendor_library_that_nobody_has\n")
    listing = edge(package, "sensors")
    assert listing.returncode == 0
    assert "acme" in listing.stdout
    assert "cannot be loaded" in listing.stdout
    wrong = edge(package, "check", "--config", settings(package, ""))
    assert (wrong.returncode, "cannot be loaded" in wrong.stderr) == (2, True)
