"""The project lints its own house: names, sizes, imports, documents, units and commands are as they are said to be."""

import ast
import functools
import itertools
import re
import shlex
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

import config
import drivers
import edge
import matching
import server
import sync
from config.load import load
from config.model import Edge, Server
from drivers.registry import DRIVERS

ROOT = Path(__file__).parents[1]
ROOMS = {"edge": edge, "server": server, "drivers": drivers, "matching": matching, "sync": sync, "config": config}
MAX_LINES = 400
FACTS = {"server/web/words_people.py"}  # tables of facts may be longer; name them here


def tracked(*patterns: str) -> list[Path]:
    """What git holds, or, in an unpacked archive, what is there."""
    done = subprocess.run(["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, text=True)
    if done.returncode == 0:
        return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).exists()]
    return [path for pattern in patterns for path in ROOT.rglob(pattern) if ".venv" not in path.parts]


SOURCES = [path for path in tracked("*.py") if path.relative_to(ROOT).parts[0] in ROOMS]


# ── names ──


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_belongs_to_this_distribution_alone(room: str) -> None:
    """Flat packages have common names: `config` or `server` of somebody else must not shadow or be shadowed."""
    owners = metadata.packages_distributions().get(room, ["hazri"])
    assert set(owners) == {"hazri"}
    assert Path(str(ROOMS[room].__file__)).parent.name == room


@pytest.mark.parametrize("program", ["hazri-edge", "hazri-server"])
def test_the_programs_run_with_a_safe_path(program: str, tmp_path: Path) -> None:
    """Started where a folder of the same name lies, they still find their own rooms."""
    (tmp_path / "edge").mkdir()
    (tmp_path / "server").mkdir()
    for room in ("edge", "server", "config"):
        (tmp_path / f"{room}.py").write_text("raise SystemExit('the wrong one')")
    done = subprocess.run(
        [sys.executable, "-m", program.removeprefix("hazri-"), "--help"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "PYTHONSAFEPATH": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0
    assert program in done.stdout


# ── sizes and imports ──


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_is_one_idea(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= MAX_LINES or str(path.relative_to(ROOT)) in FACTS
    assert not text.strip() or ast.get_docstring(ast.parse(text)), "say in one line what this file is about"


BROKEN = {
    "edge and server never import each other": ("edge/broken.py", "import server.trust.pki\n"),
    "drivers, matching, sync and config know nothing of each other": ("sync/broken.py", "import matching.template\n"),
    "the lower rooms do not import the programs": ("drivers/broken.py", "import edge.session.policy\n"),
    "the server sees templates as sealed bytes": ("server/broken.py", "import numpy\n"),
    "pure modules do no I/O": ("sync/chain.py", "import socket\n"),
    "only the two programs' entry points read the configuration": ("sync/broken.py", "import config.load\n"),
}


def contracts() -> list[str]:
    table = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return [contract["name"] for contract in table["tool"]["importlinter"]["contracts"]]


def test_every_contract_has_its_breaker() -> None:
    assert len(contracts()) == len(BROKEN)
    for name in contracts():
        assert any(name.startswith(known) for known in BROKEN)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_contract_is_seen(name: str, tmp_path: Path) -> None:
    """Each rule is broken on purpose in a copy of the house, and the linter must find exactly that."""
    for path in [*SOURCES, ROOT / "pyproject.toml"]:
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    where, line = BROKEN[name]
    with (tmp_path / where).open("a") as out:
        out.write(line)
    code = "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports_command as c; c()"
    done = subprocess.run([sys.executable, "-c", code, "--no-cache"], cwd=tmp_path, capture_output=True, text=True)
    report = " ".join(done.stdout.split())
    assert done.returncode == 1, done.stdout + done.stderr
    broken = [known for known in BROKEN if re.search(re.escape(known) + r"[^.]*?BROKEN", _line_of(known, done.stdout))]
    assert name in broken, report


def _line_of(name: str, output: str) -> str:
    """The contract's own verdict, even where the linter folds it onto two lines."""
    flat = " ".join(output.split())
    start = flat.find(name)
    rest = flat[start:]
    end = min((rest.find(word) + len(word) for word in ("KEPT", "BROKEN") if word in rest), default=len(rest))
    return rest[:end]


# ── settings ──


@pytest.mark.parametrize(("name", "kind"), [("edge", Edge), ("server", Server)])
def test_shipped_settings_are_the_defaults(name: str, kind: type[Edge] | type[Server]) -> None:
    """The shipped file documents every key, and its value is the one the program takes without it."""
    path = ROOT / "config" / f"{name}.toml"
    assert load(kind, path) == kind()
    given = tomllib.loads(path.read_text())
    wanted = {field for field in kind.__dataclass_fields__ if field != "sensors"}
    assert set(given) == wanted
    for table, values in given.items():
        if isinstance(values, dict):
            assert set(values) == set(type(getattr(kind(), table)).__dataclass_fields__)


# ── documents ──


@pytest.mark.parametrize("driver", DRIVERS)
def test_every_driver_is_documented(driver: str) -> None:
    readme = (ROOT / "drivers" / "README.md").read_text()
    assert re.search(rf"^\| *`{driver}`", readme, re.MULTILINE), "a row in drivers/README.md"


def test_the_readme_shows_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text()
    assert "make demo" in readme
    assert "make test" in readme
    assert "@@" not in readme, "something is still to be filled in"


def commands(text: str) -> list[list[str]]:
    """The command lines of the shell blocks of a document."""
    blocks = re.findall(r"```(?:sh|console|bash)\n(.*?)```", text, re.DOTALL)
    lines = [part.removeprefix("$ ").strip() for block in blocks for part in re.split(r"\n| && | \| ", block)]
    found = [shlex.split(line, comments=True) for line in lines if re.match(r"(make|hazri-)", line)]
    return [list(itertools.takewhile(lambda w: w not in "<>", words)) for words in found if words]


DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")), *sorted(ROOT.glob("*/**/README.md"))]
DOCUMENTS = [path for path in DOCUMENTS if not path.relative_to(ROOT).parts[0].startswith((".", "build"))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_commands_in_documents_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for words in commands(document.read_text()):
        program, *rest = words
        if program == "make":
            assert [w for w in rest if "=" not in w and w not in targets] == []
            continue
        plain = [w for w in rest if re.fullmatch(r"[a-z]+", w)]
        options = [w.split("=")[0] for w in rest if w.startswith("--")]
        helped = _help(program, rest[0])
        if len(plain) > 1 and re.search(
            rf"^    {plain[1]}\b", helped, re.MULTILINE
        ):  # a group, and one of its commands
            helped = _help(program, *plain[:2])
        assert [o for o in options if o not in helped] == [], " ".join(words)


@functools.cache
def _help(program: str, *words: str) -> str:
    done = subprocess.run([Path(sys.executable).parent / program, *words, "--help"], capture_output=True, text=True)
    assert done.returncode == 0, f"{program} {' '.join(words)}: {done.stderr}"
    return done.stdout


def test_links_between_documents_hold() -> None:
    for document in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


NUMBERS = re.compile(r"\b(R\d+\.\d+|S\d+)\b")  # and no R503, which is a sensor


def test_numbers_cited_by_tests_are_in_the_documents() -> None:
    """`R1.1` or `S5` in a test means something to a reader: docs/requirements.md and docs/situations.md say what."""
    known = set()
    for name in ("requirements", "situations"):
        known |= set(NUMBERS.findall((ROOT / "docs" / f"{name}.md").read_text()))
    for path in tracked("tests/*.py", "tests/**/*.py"):
        docstrings = re.findall(r'"""(.*?)"""', path.read_text(), re.DOTALL)
        cited = {n for text in docstrings for n in NUMBERS.findall(text)}
        assert cited <= known, f"{path.name}: {sorted(cited - known)}"


# ── units ──


@pytest.mark.parametrize("unit", sorted((ROOT / "systemd").glob("*.service")), ids=lambda p: p.name)
def test_units_are_valid(unit: Path, tmp_path: Path) -> None:
    """systemd itself reads each unit; programs that are not installed here are replaced by one that is."""
    text = re.sub(r"^(Exec\w+=[-+!@:]*)\S+", r"\1/bin/true", unit.read_text(), flags=re.MULTILINE)
    copy = tmp_path / unit.name
    copy.write_text(text)
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", copy], capture_output=True, text=True)
    own = [line for line in (done.stderr + done.stdout).splitlines() if unit.name in line]
    assert done.returncode == 0, done.stderr
    assert own == []


# ── privacy ──


def test_no_pictures_of_real_people_and_no_weights() -> None:
    """Synthetic pictures live in docs/pictures, made by commands; nothing else that could be a person or a network."""
    for path in tracked():
        assert path.suffix.lower() not in {".onnx", ".h5", ".bmp", ".tif", ".jpg", ".jpeg", ".wsq"}, path
        if path.suffix.lower() == ".png":
            assert path.relative_to(ROOT).parts[:2] == ("docs", "pictures"), path
