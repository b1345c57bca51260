"""What a process did to a folder, system call by system call, as strace saw it."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_CALLS = "openat,pwrite64,write,fsync,fdatasync,ftruncate,unlink,rename"
_LINE = re.compile(r"^(?:\d+ +)?(\w+)\((.*)\) = (-?\d+)", re.DOTALL)
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_FILE = re.compile(r"^(\d+)<((?:\\x[0-9a-f]{2})*)")


@dataclass(frozen=True, slots=True)
class Write:
    file: str
    at: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Cut:
    file: str
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    file: str  # "" for the folder itself


@dataclass(frozen=True, slots=True)
class Name:
    """`new` takes the place of `old`: made when `old` is None, removed when `new` is None."""

    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Said:
    words: tuple[str, ...]


Operation = Write | Cut | Sync | Name | Said


def record(folder: Path, log: Path, *command: str) -> list[Operation]:
    """Run a Python module with arguments under strace; returns what it did to files in `folder`, and what it said."""
    strace = ["strace", "-f", "-qq", "-y", "-xx", "-s", "10000000", "-e", f"trace={_CALLS}", "-o", str(log)]
    names = {path.name for path in folder.iterdir()}
    done = subprocess.run([*strace, sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    there = {path.name for path in folder.iterdir()}
    operations = []
    with log.open() as lines:
        for line in lines:
            found = _read(line, str(folder), names)
            if found is not None:
                operations.append(found)
    assert all(name.endswith("-shm") for name in there - names), "something was done to the folder that was not seen"
    return operations


def _read(line: str, folder: str, names: set[str]) -> Operation | None:
    match = _LINE.match(line)
    if match is None or int(match[3]) < 0:
        return None
    call, rest, result = match[1], match[2], int(match[3])
    if call == "write" and rest.startswith("1<"):
        return Said(tuple(_texts(rest)[0].decode().split()))
    file = _FILE.match(rest)
    path = _plain(file[2]).decode() if file else ""
    inside = path.removeprefix(folder + "/") if path.startswith(folder + "/") else None
    if inside is not None and inside.endswith("-shm"):
        return None  # shared memory: made anew by whoever opens the database first
    match call:
        case "pwrite64" if inside is not None:
            data, at = _texts(rest)[0], int(rest.rsplit(", ", 1)[1])
            return Write(inside, at, data[:result])
        case "ftruncate" if inside is not None:
            return Cut(inside, int(rest.rsplit(", ", 1)[1]))
        case "fsync" | "fdatasync":
            return Sync(inside) if inside is not None else Sync("") if path == folder else None
        case "openat" if "O_CREAT" in rest:
            (name,) = _inside(rest[rest.index(">") + 1 :], folder) or [None]
            if name is not None and name not in names and not name.endswith("-shm"):
                names.add(name)
                return Name(None, name)
        case "unlink":
            for name in _inside(rest, folder):
                names.discard(name)
                return None if name.endswith("-shm") else Name(name, None)
        case "rename":
            old, new = _inside(rest, folder)
            names.discard(old)
            names.add(new)
            return Name(old, new)
        case "write":
            assert inside is None, "a write without a place, which is not understood here"
    return None


def _inside(rest: str, folder: str) -> list[str]:
    paths = [text.decode("utf-8", "replace") for text in _texts(rest)]
    return [path.removeprefix(folder + "/") for path in paths if path.startswith(folder + "/")]


def _texts(rest: str) -> list[bytes]:
    return [_plain(text) for text in _TEXT.findall(rest)]


def _plain(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))
