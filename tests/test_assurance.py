"""What SECURITY.md and docs/asvs.md say is shown by tests that exist; secrets and locks are looked after here, too."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PAPERS = ("SECURITY.md", "docs/asvs.md")
ACTORS = ("staff", "principal", "thief", "administrator", "network")
NAMED = re.compile(r"`(test_\w+\.py)(?:::(test_\w+))?`")
EXTRAS = ("edge", "server")


def rows(paper: str) -> list[list[str]]:
    """The cells of every row of every table whose last heading is about tests."""
    found: list[list[str]] = []
    shown = False
    for line in (ROOT / paper).read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            shown = False
        elif cells[-1] in ("shown by", "test"):
            shown = True
        elif shown and not set(line) <= set("|-"):
            found.append(cells)
    return found


@pytest.mark.parametrize("paper", PAPERS)
def test_every_row_names_tests_that_exist(paper: str) -> None:
    found = rows(paper)
    assert len(found) > 25
    for cells in found:
        named = NAMED.findall(cells[-1])
        assert named or "`make " in cells[-1], cells
        for file, name in named:
            assert name, f"{paper}: which test of {file}?"
            texts = [path.read_text() for path in (ROOT / "tests").rglob(file)]
            assert any(f"\ndef {name}(" in text for text in texts), f"{paper}: {file}::{name} is not there"


def test_each_actor_is_met_by_what_prevents_and_by_what_detects() -> None:
    """And each of S7, S8, S9 and S10 has its row, whose tests are there."""
    said = (ROOT / "SECURITY.md").read_text()
    for part in ("## Prevented", "## Detected"):
        table = said.split(part + "\n")[1].split("\n## ")[0]
        assert [actor for actor in ACTORS if not re.search(rf"^\| [a-z, ]*{actor}", table, re.MULTILINE)] == []
    assert {cells[0] for cells in rows("SECURITY.md")} >= {"S7", "S8", "S9", "S10"}


def test_no_secret_is_in_what_git_holds() -> None:
    for asked in (["--try"], []):
        done = subprocess.run([sys.executable, ".ci/secrets", *asked], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


# ── locks ──


def locked(name: str) -> dict[str, tuple[str, int]]:
    """Each package of a lock: its version, and how many hashes it may have."""
    text = (ROOT / "requirements" / f"{name}.lock").read_text().replace("\\\n", " ")
    found = {}
    for line in text.splitlines():
        if hit := re.match(r"([\w.-]+)==(\S+)", line):
            found[canonicalize_name(hit[1])] = (hit[2], len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", line)))
    return found


def wanted(name: str) -> list[Requirement]:
    if name not in EXTRAS:
        lines = (ROOT / "requirements" / f"{name}.in").read_text().splitlines()
        return [Requirement(line) for line in lines if line and not line.startswith("#")]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [Requirement(line) for line in project["dependencies"] + project["optional-dependencies"][name]]


@pytest.mark.parametrize("name", [*EXTRAS, "tools"])
def test_every_requirement_is_locked_by_hash(name: str) -> None:
    """Nothing is installed that was not looked at. Where this fails: make lock."""
    lock = locked(name)
    assert [package for package, (_, hashes) in lock.items() if not hashes] == []
    for one in wanted(name):
        assert canonicalize_name(one.name) in lock, f"{one.name} is not in requirements/{name}.lock: make lock"
        version = lock[canonicalize_name(one.name)][0]
        assert one.specifier.contains(version), f"{one} is locked as {version}: make lock"
