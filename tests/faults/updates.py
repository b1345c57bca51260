"""kill -9 at a random system call of an update (S2): no terminal is bricked, and none runs a wrong version.

The update is the real one, from a signed repository to the switch, the trial and what follows it; only the services are
a note of what they would run. Each cycle begins on a fresh machine and forks an updater; strace sends it SIGKILL at the
system call that the seed picks of all that an undisturbed update makes, the late ones oftener. Then the machine is
looked at as it lies, started again as systemd would, and looked at once more. A third of the releases is ill, so that
the way back is killed as well.
"""

import itertools
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.update.source import Folder
from tests.faults.table import Result, Step, memory, quiet
from tests.unit.edge.update_site import Makers, Terminal, make_wheels, stick
from tests.unit.edge.update_site import run as program

OLD, WELL, ILL = "0.1.0", "0.2.0", "0.3.0"
_STARTS = 5  # of the updater after a kill: it is done long before
_PATIENCE_S = 60.0

Call = tuple[str, int]  # the name of a system call, and which of its kind: strace counts each kind by itself
Calls = dict[tuple[str, int], list[Call]]  # by release and machine


@dataclass(frozen=True)
class Town:
    """What all cycles share: two repositories, one of which offers an ill release, and two machines to copy."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> "Town":
        town = cls(folder)
        for version, state in ((WELL, "well"), (ILL, "ill")):
            makers = Makers(folder / version)
            makers.release(version, state)
            makers.offer(version)
            (folder / f"{version}.root").write_bytes(makers.root)
            (folder / f"{version}.public").symlink_to(makers.public)
        return town

    def machine(self, kind: int) -> Path:
        """A fresh one: as the package made it, or with a slot in use. Its paths are its own, so each is made in place
        and copied back for every cycle that wants it."""
        root = self.folder / "machine"
        kept = self.folder / f"kept-{kind}"
        shutil.rmtree(root, ignore_errors=True)
        if not kept.exists():
            wheels = make_wheels(self.folder / "old", OLD)
            if kind:
                makers = Makers(self.folder / "first")
                makers.release(OLD)
                makers.offer(OLD)
                before = make_wheels(self.folder / "older", "0.0.9")
                Terminal(root, before, "0.0.9").update(stick(makers), makers.root)
            else:
                Terminal(root, wheels, OLD)
            shutil.rmtree(root / "update")
            (root / "update").mkdir()
            root.rename(kept)
        shutil.copytree(kept, root, symlinks=True)
        return root


class Updaters:
    """Forks updaters from one process that has everything loaded, each of which waits until it is told to begin."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "tests.faults.updates", str(folder)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def start(self, version: str) -> int:
        return int(self._ask(version))

    def go(self) -> dict[str, Any]:
        """Let the one that waits begin; how it ended."""
        found: dict[str, Any] = json.loads(self._ask("go"))
        return found

    def _ask(self, line: str) -> str:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the updaters' process ended"
        return answer

    def stop(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(_PATIENCE_S)
        self._process.stdout.close()


def run(n: int, seed: int = 0, step: Step = quiet) -> Result:
    """`n` cycles from `seed` on; cycle number N kills the same update at the same call in every run."""
    result = Result("bricked or wrong version after an update killed at a random system call")
    folder = memory()
    town = Town.make(folder)
    updaters = Updaters(folder)
    killed = backs = 0
    began = time.monotonic()
    try:
        calls = {kind: _calls(town, updaters, *kind) for kind in itertools.product((WELL, ILL), (0, 1))}
        for number in range(seed, seed + n):
            died, back = _cycle(town, updaters, number, calls, result)
            killed, backs = killed + died, backs + back
            result.tried += 1
            step(result.tried)
    finally:
        updaters.stop()
        shutil.rmtree(folder, ignore_errors=True)
    result.remark = (
        f"{killed:,} killed in one of {len(calls[WELL, 0]):,} calls, {backs:,} then ran the old version; "
        f"{(time.monotonic() - began) / n:.2f} s each"
    )
    return result


def _cycle(town: Town, updaters: Updaters, number: int, calls: Calls, result: Result) -> tuple[bool, bool]:
    dice = random.Random(number)
    wanted = dice.choice((WELL, WELL, ILL))
    kind = dice.randrange(2)
    root = town.machine(kind)
    killed = _killed(updaters, wanted, _late(calls[wanted, kind], dice))
    if dice.random() < 0.25:  # and once more, while it mends what was broken off
        killed |= _killed(updaters, wanted, _late(calls[wanted, kind], dice))
    back = _lying(root, wanted, f"cycle {number}", result)
    for _ in range(_STARTS):
        updaters.start(wanted)
        ended = updaters.go()
        if ended["code"]:
            result.wrong(f"cycle {number}: started again, the updater fails: {ended}")
        wrong = _unsettled(root, wanted)
        if not wrong:
            return killed, back
    result.wrong(f"cycle {number}: {wrong}")
    return killed, back


def _late(calls: list[Call], dice: random.Random) -> Call:
    """One of them; the last quarter, with the switch and the trial, as often as all before it."""
    return calls[-1 - int(len(calls) * dice.random() ** 2)]


def _lying(root: Path, wanted: str, name: str, result: Result) -> bool:
    """As it lies after the kill, whatever is started runs one whole version; and which one was."""
    said = program(root / "current")
    if not any(said.startswith(f"hazri-edge {version} 42") for version in (OLD, wanted)):
        result.wrong(f"{name}: bricked: {said!r}")
    good = program(root / "good")
    if not any(good.startswith(f"hazri-edge {version} 42") for version in (OLD, WELL)):
        result.wrong(f"{name}: nothing to fall back to: {good!r}")
    return said.split()[1:2] == [OLD]


def _unsettled(root: Path, wanted: str) -> str:
    """What is not yet as it must be in the end; empty: all is."""
    right = WELL if wanted == WELL else OLD
    state = Terminal(root, root, OLD).state()
    if set(state) != {right}:
        return f"runs, falls back to, serves {state}, expected {right}"
    left = [path.name for path in (root / "slots").iterdir() if path.name not in ("a", "b")]
    return f"left behind {left}" if left else ""


def _killed(updaters: Updaters, wanted: str, call: Call) -> bool:
    name, nth = call
    pid = updaters.start(wanted)
    trace = _attach(pid, "-e", f"inject={name}:signal=KILL:when={nth}", "-o", "/dev/null")
    ended = updaters.go()
    trace.wait(_PATIENCE_S)
    return bool(ended["signal"])


def _calls(town: Town, updaters: Updaters, wanted: str, kind: int) -> list[Call]:
    """All that an update does which nobody kills."""
    town.machine(kind)
    log = town.folder / "calls"
    trace = _attach(updaters.start(wanted), "-o", str(log))
    ended = updaters.go()
    trace.wait(_PATIENCE_S)
    assert ended["code"] == 0, ended
    met: Counter[str] = Counter()
    found = []
    for name in re.findall(r"^(\w+)\(", log.read_text(errors="replace"), re.MULTILINE):
        met[name] += 1
        found.append((name, met[name]))
    return found


def _attach(pid: int, *options: str) -> "subprocess.Popen[bytes]":
    """strace on a process, once it really is."""
    command = ["strace", "-qq", "-e", "trace=all", *options, "-p", str(pid)]
    trace = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    end_s = time.monotonic() + _PATIENCE_S
    while "TracerPid:\t0\n" in Path(f"/proc/{pid}/status").read_text():
        assert trace.poll() is None, "strace could not attach"
        assert time.monotonic() < end_s
        time.sleep(0.002)
    return trace


# ── the process that forks updaters ──


def serve(folder: Path) -> None:
    """A line with a version: fork an updater of it, answer its number. `go`: let it begin, answer how it ended."""
    for version in map(str.strip, sys.stdin):
        waits, tell = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(tell)
            _update(folder, version, waits)
        os.close(waits)
        _answer(str(pid))
        sys.stdin.readline()
        os.write(tell, b"g")
        os.close(tell)
        _, status = os.waitpid(pid, 0)
        killed = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0
        _answer(json.dumps({"signal": killed, "code": code}))


def _update(folder: Path, version: str, waits: int) -> None:
    """The updater; never returns."""
    code = 1
    try:
        os.read(waits, 1)
        root = folder / "machine"
        Terminal(root, root, OLD).update(
            Folder(folder / f"{version}.public"), (folder / f"{version}.root").read_bytes()
        )
        code = 0
    except BaseException as error:  # noqa: BLE001 - a child of fork must end here, and say why
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
    finally:
        os._exit(code)


def _answer(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
