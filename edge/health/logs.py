"""`hazri-edge logs --out F.zip`: what somebody far away needs to see why a machine does not work, and nobody's data.

    journal.txt     what our units said        status.json   what the running terminal says of itself
    machine.json    heat, memory, storage      settings.json devices.json   what is set, what is plugged in
    units.txt       which of our units run     README.txt    what this is

The databases, the keys and pictures are never read. And although nothing else should hold a name or a digit, every
text goes through a sieve that lets pass what is known to be harmless, instead of stopping what is known to harm: words
that the program itself uses, and numbers too short or too long to be anybody's (`Sieve`).
"""

import builtins
import io
import json
import os
import re
import subprocess
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from drivers import DriverError
from edge import SOFTWARE
from edge.devices.sensors import search
from edge.files import put_file
from edge.health import asking, machine
from edge.settings import Settings

HIDDEN = "▒"
LINES = 5000
_OURS = Path(__file__).parents[2]
_ROOMS = ("edge", "drivers", "sync", "matching", "config", "systemd")
_ABOUT = """Logs of one terminal, for whoever mends it. Software {version}.

Nobody's name, digits, finger, face or key is in here: a word that the program itself does not use is shown as {hidden},
and so are numbers that could be Aadhaar digits, a telephone's or somebody's reference.
"""
_WORD = re.compile(r"[^\W\d_]+")
_NUMBER = re.compile(r"\d+")
_LONG = re.compile(r"[0-9A-Za-z+/=_-]{16,}")  # keys, references, templates, in whatever they are written
_PERSONAL = frozenset({4, 6, 8, 10, 11, 12, 16})  # digits of a PIN, of ours, of dates of birth, telephones, Aadhaar
_COUNTS = re.compile(r"\b(?:seq|receipted|made|sent|uptime_s|port|roster_version|people|templates)\W{1,4}\d{1,9}\b")
_TIME = re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?")
_SAFE = re.compile(f"{_TIME.pattern}|{_COUNTS.pattern}")
_ESCAPED = re.compile(r"\\u[0-9a-fA-F]{4}")  # a letter of another script, in JSON
_PYTHONS = "Errno Traceback most recent call last File line in During handling of the above exception another occurred"
_TIMEOUT_S = 30.0


class Sieve:
    """Lets pass what is known. `words`: those that may be shown, in just these letters: "RAM" is not "Ram"."""

    def __init__(self, words: frozenset[str]) -> None:
        self._words = words

    def __call__(self, text: str) -> str:
        """Any text, line by line as long as it was; what is not known is HIDDEN."""
        parts, at = [], 0
        for safe in _SAFE.finditer(text):
            parts += [self._strict(text[at : safe.start()]), safe.group()]
            at = safe.end()
        return "".join([*parts, self._strict(text[at:])])

    def _strict(self, text: str) -> str:
        text = _ESCAPED.sub(HIDDEN, text)
        text = _LONG.sub(lambda one: one.group() if self._all_known(one.group()) else HIDDEN, text)
        text = _WORD.sub(lambda one: one.group() if one.group() in self._words else HIDDEN, text)
        return _NUMBER.sub(lambda one: HIDDEN if len(one.group()) in _PERSONAL else one.group(), text)

    def _all_known(self, text: str) -> bool:
        return not _NUMBER.search(text) and all(word in self._words for word in _WORD.findall(text))


@cache
def vocabulary(root: Path = _OURS) -> frozenset[str]:
    """Every English word in the program's own sources, and those with which the system says what went wrong."""
    found = {*_PYTHONS.split(), *dir(builtins)}
    for room in _ROOMS:
        for file in sorted((root / room).rglob("*")):
            if file.suffix in (".py", ".toml", ".service", ".timer", ".rules"):
                found.update(_WORD.findall(file.read_text("utf-8", "replace")))
    for number in range(1, 134):
        found.update(_WORD.findall(os.strerror(number)))
    return frozenset(word for word in found if word.isascii())


def write(settings: Settings, out: Path, run: Callable[[list[str]], str] | None = None) -> Path:
    """Write the bundle, readable by its owner alone; returns where. Raises SetupError. `run` asks the system."""
    out = out / "hazri-logs.zip" if out.is_dir() else out
    sieve, buffer = Sieve(vocabulary()), io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("README.txt", _ABOUT.format(version=SOFTWARE, hidden=HIDDEN))
        for name, text in _texts(settings, run or _run):
            bundle.writestr(name, sieve(text))
    put_file(out, buffer.getvalue(), 0o600)
    return out


def _texts(settings: Settings, run: Callable[[list[str]], str]) -> Iterable[tuple[str, str]]:
    journal = ["journalctl", "--unit=hazri-*", f"--lines={LINES}", "--output=short-iso", "--no-pager", "--no-hostname"]
    yield "journal.txt", run(journal)
    yield "units.txt", run(["systemctl", "list-units", "--all", "--plain", "--no-legend", "--no-pager", "hazri-*"])
    yield "status.json", _json(_status(settings.control))
    yield "machine.json", _json(asdict(machine.look(settings.state_dir)))
    yield "devices.json", _json([asdict(found) for found in search()])
    yield "settings.json", _json([{"driver": d.driver, "options": dict(d.options)} for d in settings.sensors])


def _status(control: Path) -> Mapping[str, Any]:
    try:
        return asking.status(control) or {"running": False}
    except DriverError as error:
        return {"running": str(error)}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, default=str)


def _run(command: list[str]) -> str:
    """What it says; why it did not, where it did not."""
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{command[0]}: {error}"
    return (done.stdout or done.stderr).decode("utf-8", "replace")
