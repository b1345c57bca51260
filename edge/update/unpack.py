"""A virtual environment made of wheels, without an installer and without a network.

A wheel is a zip file with its files' sums in RECORD (PEP 427, PEP 376). One that the slot before had too is not
unpacked again: its files are linked, after each was held against its sum. That spares a card most of the writing, and a
small machine most of the time.
"""

import base64
import compileall
import configparser
import csv
import hashlib
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from edge.update import SlotError
from sync.release import Release, Wheel

_MOST_BYTES = 2 * 1024**3  # of one wheel, unpacked
_MOST_FILES = 50_000
_CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True)
class Before:
    """The slot that runs: where its packages are, and the wheels they came of."""

    site: Path
    wheels: tuple[Wheel, ...]


def site(slot: Path) -> Path:
    """Where a slot's packages are. Raises SlotError."""
    for found in slot.glob("lib/python3*/site-packages"):
        return found
    raise SlotError(f"{slot}: no packages in it")


def fill(
    new: Path, final: Path, python: Path, release: Release, wheels: dict[Wheel, Path], before: Before | None
) -> None:
    """Make `new` an environment that works once it is called `final`. Raises SlotError, OSError."""
    packages = new / "lib" / f"python{release.python}" / "site-packages"
    (new / "bin").mkdir(parents=True)
    (new / "wheels").mkdir()
    packages.mkdir(parents=True)
    for name in ("python3", "python"):
        (new / "bin" / name).symlink_to(python)
    (new / "pyvenv.cfg").write_text(f"home = {python.parent}\ninclude-system-site-packages = false\n")
    for wheel in release.wheels:
        os.link(wheels[wheel], new / "wheels" / wheel.name)
        if before is None or wheel not in before.wheels or not _link(wheel, before.site, packages):
            _unpack(wheels[wheel], packages)
    ours = packages / f"hazri-{release.version}.dist-info" / "entry_points.txt"
    _scripts(ours, new / "bin", final / "bin" / "python3")


def _unpack(path: Path, packages: Path) -> None:
    made: list[Path] = []
    try:
        with zipfile.ZipFile(path) as wheel:
            members = [member for member in wheel.infolist() if not member.is_dir()]
            if len(members) > _MOST_FILES or sum(member.file_size for member in members) > _MOST_BYTES:
                raise SlotError(f"{path.name}: too large to be one of ours")
            for member in members:
                to = _place(path.name, member.filename, packages)
                if to is not None:
                    _write(wheel, member, to)
                    made.append(to)
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise SlotError(f"{path.name}: not a wheel ({error})") from None
    for source in made:
        if source.suffix == ".py":
            compileall.compile_file(source, quiet=2, stripdir=str(packages))


def _place(wheel: str, name: str, packages: Path) -> Path | None:
    """Where a member goes; None: nowhere (scripts, headers and manuals)."""
    parts = PurePosixPath(name).parts
    if name.startswith("/") or "\\" in name or ".." in parts or not parts:
        raise SlotError(f"{wheel}: a file of it leads out of it")
    if parts[0].endswith(".data"):
        return packages.joinpath(*parts[2:]) if len(parts) > 2 and parts[1] in ("purelib", "platlib") else None
    return packages.joinpath(*parts)


def _write(wheel: zipfile.ZipFile, member: zipfile.ZipInfo, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    to.unlink(missing_ok=True)  # never through a link into the slot that runs
    with wheel.open(member) as source, to.open("xb") as out:
        while chunk := source.read(_CHUNK):
            out.write(chunk)


def _link(wheel: Wheel, old: Path, packages: Path) -> bool:
    """Give the files of a wheel a second name. False: one of them is not what it was."""
    try:
        with (old / wheel.info / "RECORD").open(newline="") as file:
            rows = [row for row in csv.reader(file) if len(row) == 3]
        listed = [(row[0], row[1]) for row in rows if ".data/" not in row[0]]
        if not listed or not all(_sound(old / name, told) for name, told in listed if told):
            return False
        for name, _ in listed:
            _second(old / name, packages / name)
            compiled = (old / name).parent / "__pycache__"
            if name.endswith(".py"):
                for one in compiled.glob(f"{Path(name).stem}.*.pyc"):
                    _second(one, packages / Path(name).parent / "__pycache__" / one.name)
    except (OSError, ValueError, csv.Error):
        return False
    return True


def _sound(path: Path, told: str) -> bool:
    kind, _, wanted = told.partition("=")
    if kind != "sha256" or ".." in path.parts:
        return False
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").digest()
    return base64.urlsafe_b64encode(found).rstrip(b"=").decode() == wanted


def _second(old: Path, new: Path) -> None:
    new.parent.mkdir(parents=True, exist_ok=True)
    new.unlink(missing_ok=True)
    os.link(old, new)


def _scripts(points: Path, folder: Path, python: Path) -> None:
    """The programs that our own wheel names, and nobody else's."""
    entry = configparser.ConfigParser(delimiters=("=",), interpolation=None)
    entry.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        entry.read_string(points.read_text("utf-8"))
        found = dict(entry["console_scripts"])
    except (OSError, KeyError, ValueError, configparser.Error):
        raise SlotError("the release has no programs") from None
    for name, target in found.items():
        module, _, function = target.partition(":")
        if not all(part.isidentifier() for part in (*module.split("."), function)) or "/" in name:
            raise SlotError("the release names a program that cannot be one")
        script = folder / name
        script.write_text(f"#!{python}\nimport sys\nfrom {module} import {function}\nsys.exit({function}())\n")
        script.chmod(0o755)
