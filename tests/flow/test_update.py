"""The end of a technician's day: new software, from wheels to a terminal that runs it, and back from a release that is
not well, without anybody standing there. Punches go on before, between and after.

The programs are real: each release is all of Hazri as wheels, with another version in it; the ill one hangs where it
should serve people. What is not real is systemd: a `systemctl` of six lines, and a thread that does what it is told.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge import SOFTWARE
from edge.update.command import _ARCHES
from edge.update.slots import CURRENT, GOOD
from sync.release import within
from tests.flow.technician import WAIT_S, Machine, wait
from tests.flow.test_technicians_day import SOMEBODY, Day, tell
from tests.unit.edge.update_site import PYTHON, install, make_wheel
from tests.unit.server.process import ROOT

WELL, ILL = "0.2.0", "0.3.0"
ROOMS = ("edge", "drivers", "matching", "sync", "config")
ARCH = _ARCHES[platform.machine()]
# A terminal of the first ring, which has one of a hundred.
FIRST = next(f"gate-{n}" for n in range(10_000) if within(f"gate-{n}", 1))
MOST_COMMANDS = 6  # for a release: taken in, signed by two, shown, rolled out; and one look at it

HANGS = b"""
import sys, time
if sys.argv[1:2] == ["terminal"]:
    time.sleep(3600)
"""
_SYSTEMCTL = """#!/bin/sh
# is-active --quiet UNIT.service | try-restart --no-block UNIT.service ...
case $1 in
is-active) kill -0 "$(cat "{units}/$3" 2>/dev/null)" 2>/dev/null ;;
try-restart) touch "{units}/restart" ;;
esac
"""


def wheels(folder: Path, version: str, more: bytes = b"") -> Path:
    """This checkout as a release, and beside it one wheel that stands for all libraries."""
    files = {}
    for path in sorted(one for room in ROOMS for one in (ROOT / room).rglob("*") if one.is_file()):
        if path.suffix in (".py", ".toml", ".json", ".npz") and "__pycache__" not in path.parts:
            files[str(path.relative_to(ROOT))] = path.read_bytes()
    said = f'SOFTWARE = "{SOFTWARE}"'.encode()
    assert said in files["edge/__init__.py"]
    files["edge/__init__.py"] = files["edge/__init__.py"].replace(said, f'SOFTWARE = "{version}"'.encode()) + more
    make_wheel(folder, "hazri", version, files, "[console_scripts]\nhazri-edge = edge.__main__:main\n")
    make_wheel(folder, "libraries", "1.0", {"libraries.pth": f"{sysconfig.get_path('purelib')}\n".encode()})
    return folder


class Installed(Machine):
    """A machine with the Debian package, on which an update changes what the units run."""

    def __init__(self, folder: Path, day: Day) -> None:
        super().__init__(folder, day.hands)
        self.root, self._units_at, self._path = folder / "opt", folder / "units", folder / "path"
        models = Path(sysconfig.get_path("data"), "share", "hazri", "models")  # where this checkout has them
        self.config.write_text(f'models_dir = "{models}"\n' + self.config.read_text())
        self._set(day.server.url, health_s=60)
        install(self.root, wheels(folder / "wheels", SOFTWARE), SOFTWARE, ARCH)
        self.python = str(self.root / CURRENT / "bin" / "python3")
        self._units_at.mkdir()
        self._path.mkdir()
        program = self._path / "systemctl"
        program.write_text(_SYSTEMCTL.format(units=self._units_at))
        program.chmod(0o755)
        self._ended = threading.Event()
        self._systemd = threading.Thread(target=self._obey)
        self._systemd.start()

    def _set(self, url: str, health_s: int) -> None:
        kept = self.config.read_text().partition("[update]")[0]
        update = f'[update]\nroot = "{self.root}"\nserver = "{url}"\nhealth_s = {health_s}\n'
        self.config.write_text(kept + update)

    def patience(self, day: Day, health_s: int) -> None:
        self._set(day.server.url, health_s)

    def start(self, unit: str) -> None:
        super().start(unit)
        (self._units_at / f"hazri-{unit}.service").write_text(str(self.pids()[unit]))

    def _obey(self) -> None:
        """What systemd does for try-restart."""
        while not self._ended.wait(0.1):
            if (self._units_at / "restart").exists():
                (self._units_at / "restart").unlink()
                self.stop("sync", "terminal")
                self.start("terminal")
                self.start("sync")

    def end(self) -> None:
        self._ended.set()
        self._systemd.join()
        self.stop()

    def update(self, *words: str) -> str:
        """What hazri-update.timer begins: the program of the slot that proved itself."""
        command = [str(self.root / GOOD / "bin" / "hazri-edge"), "update", *words, "--config", str(self.config)]
        env = {**os.environ, "PATH": f"{self._path}:{os.environ['PATH']}", "PYTHONSAFEPATH": "1"}
        env.pop("PYTHONPATH", None)
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=env, timeout=WAIT_S)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def serves(self, version: str) -> None:
        """Wait until its programs serve people, and say that they are this version."""
        wait(lambda: bool(self.said("terminal", event="ready")), "ready for a punch")
        done = subprocess.run(
            [self.root / "bin" / "hazri-edge", "--version"], capture_output=True, text=True, check=True
        )
        assert done.stdout.split() == ["hazri-edge", version]


class Release:
    """Its makers: each holder has a stick."""

    def __init__(self, day: Day) -> None:
        self._day, self.sticks = day, [day.folder / "stick-1", day.folder / "stick-2"]
        keys = day.folder / "keys"
        day.hands.server("release", "init", "--keys", str(keys))
        for n, stick in enumerate(self.sticks, 1):
            stick.mkdir()
            shutil.move(keys / f"targets-{n}.pem", stick)

    def roll_out(self, version: str, more: bytes = b"") -> None:
        folder, server = wheels(self._day.folder / version, version, more), self._day.hands.server
        server("release", "add", version, "--arch", ARCH, "--python", PYTHON, "--wheels", str(folder))
        for stick in self.sticks:
            server("release", "sign", "--keys", str(stick))
        server("release", "publish")
        assert "for 1 % of the terminals" in server("release", "rollout", version)

    def heard(self, what: str) -> None:
        """Wait until terminals have said so; the look is typed once, as far as anybody counts."""
        seen = ""

        def found() -> bool:
            nonlocal seen
            time.sleep(1)
            seen = self._day.server.command("release", "rollout").stdout
            return what in seen

        self._day.hands.done.append("hazri-server release rollout")
        wait(found, what)


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    one = Day(tmp_path_factory.mktemp("update"))
    try:
        yield one
    finally:
        one.running.stop()


@pytest.fixture(scope="module")
def makers(day: Day) -> Release:
    return Release(day)


@pytest.fixture(scope="module")
def machine(day: Day, makers: Release) -> Iterator[Installed]:
    """Claimed after the repository was made, so that its admission names the root; and with somebody enrolled."""
    one = Installed(day.folder / "machine", day)
    try:
        day.claim(one, name=FIRST)
        person = {"name": SOMEBODY.name, "digits": SOMEBODY.digits}
        day.person = json.loads(day.hands.server("people", "import", stdin=json.dumps(person)))["person"]
        wait(lambda: one.people() == 1, "the roster comes")
        laying = one.lay_when_asked([day.picture(n) for n in (1, 2, 3)])
        words = ["enrol", f"person={day.person}", "fingers=right_thumb", "--language", "en"]
        day.hands.edge("setup", *words, "--config", str(one.config))
        laying.join(10)
        yield one
    finally:
        one.end()


def punched(day: Day, machine: Installed, n: int) -> int:
    """Somebody comes, and the receipt; the record's number."""
    seen = machine.punch(SOMEBODY.digits, day.picture(n))
    assert (seen["outcome"], seen["person"]) == ("accepted", day.person)
    wait(lambda: machine.receipted >= machine.made, "the receipt comes")
    return int(seen["seq"])


def test_a_release_comes_to_a_terminal_and_runs_there(
    day: Day, makers: Release, machine: Installed, capsys: pytest.CaptureFixture[str]
) -> None:
    """R1.1: nobody brought it a root, and it was asleep in a locked office for all that anybody typed."""
    machine.serves(SOFTWARE)
    before = punched(day, machine, 4)
    day.hands.done.clear()
    day.hands.began_s = time.monotonic()
    makers.roll_out(WELL)
    assert machine.update("--now").splitlines()[-1] == f"{WELL} is what runs"
    assert machine.update("--status").splitlines() == [f"runs {WELL} from slots/a", f"last: {WELL}: well"]
    machine.serves(WELL)
    makers.heard("1 of 1 heard of run it, of 1 in the ring")
    tell(capsys, "a release from wheels to a terminal that says it runs it", day.hands)
    assert len(day.hands.done) <= MOST_COMMANDS
    assert punched(day, machine, 5) > before
    assert len(day.ledger()) == 2


def test_a_release_that_is_not_well_goes_away_by_itself(
    day: Day, makers: Release, machine: Installed, capsys: pytest.CaptureFixture[str]
) -> None:
    """S2: signed, whole, and it starts; but it serves nobody. It is not tried again, and the makers hear of it."""
    day.hands.done.clear()
    makers.roll_out(ILL, HANGS)
    machine.patience(day, 15)
    began_s = time.monotonic()
    said = machine.update("--now")
    took_s = time.monotonic() - began_s
    assert "go back" in said
    assert f"{ILL} was tried here and found ill" in said.splitlines()[-1]
    assert machine.update("--status").splitlines()[0] == f"runs {WELL} from slots/a"
    machine.serves(WELL)
    punched(day, machine, 6)
    makers.heard("0 of 1 heard of run it, of 1 in the ring")
    assert "found ill" in machine.update("--now").splitlines()[-1]
    with capsys.disabled():
        print(f"fetched, tried and gone back from in {took_s:.0f} s", file=sys.stderr)  # noqa: T201
    assert len(day.hands.done) <= MOST_COMMANDS


def test_no_punch_was_lost_or_doubled_on_the_way(day: Day, machine: Installed) -> None:
    """Three versions have written to one log, and three punches are in it, once each."""
    found = day.ledger()
    assert len(found) == len(set(found)) == 3
    assert len({log for log, _ in found}) == 1
