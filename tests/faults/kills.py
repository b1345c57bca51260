"""kill -9 at a random system call (S2, S9) of terminal, sync agent, broker and aggregator, while people punch.

strace counts the victim's calls and sends SIGKILL at the one the seed says; then it is started again as systemd would.
At the end every green light is in the ledger once, and nothing else is: but for a punch that was on disk when the
terminal was killed, and whose light was not lit yet. Whoever saw no light places the finger again (S14).
"""

import os
import random
import shutil
import signal
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from server.demo.people import punches
from tests.faults.table import Result, Step, memory, quiet
from tests.flow.test_one_punch import PEOPLE, Town, child_of, wait

VICTIMS = ("terminal", "sync", "broker", "aggregator")
_PATIENCE_S = 2.0  # who makes no system calls any more is killed where it rests


@dataclass
class Times:
    """From the new start to ready again, in seconds, by victim; a broker's is until the terminal has its link again."""

    s: dict[str, list[float]] = field(default_factory=dict)

    def __str__(self) -> str:
        words = [f"{who} {statistics.median(t):.1f} s, at most {max(t):.1f} s" for who, t in sorted(self.s.items())]
        return "ready again: " + "; ".join(words)


def run(n: int, seed: int = 0, step: Step = quiet) -> Result:
    """`n` cycles from `seed` on; cycle number N kills the same victim at the same call in every run."""
    result = Result("green lights lost or doubled after kill -9 at a random system call")
    folder, times, dark = memory(), Times(), 0
    town = Town(folder)
    try:
        plan = [dict(one, pause_ms=0) for one in punches(town.people, town.pictures, 0, 1)]
        town.play(plan, loop=True)
        for number in range(seed, seed + n):
            seen = len(town.tally.greens)
            wait(lambda seen=seen: len(town.tally.greens) > seen)  # type: ignore[misc]
            result.tried += 1
            if not _cycle(town, number, times):
                result.wrong(f"cycle {number}: {_victim(number)} is not ready again; {_last_words(folder)}")
                return result
            step(result.tried)
        seen = len(town.tally.greens)
        wait(lambda: len(town.tally.greens) > seen)
        town.terminal.stop_playing()
        try:
            dark = town.settle(terminal_kills=sum(_victim(number) == "terminal" for number in range(seed, seed + n)))
        except AssertionError as error:
            result.wrong(f"cycles {seed}–{seed + n - 1}: {error}")
        greens = len(town.tally.greens)
    finally:
        town.stop()
        shutil.rmtree(folder, ignore_errors=True)
    result.remark = f"{greens:,} green lights; {dark} punches killed before their light; {times}"
    return result


def _victim(number: int) -> str:
    return VICTIMS[number % len(VICTIMS)]


def _cycle(town: Town, number: int, times: Times) -> bool:
    """Was it ready again in the end?"""
    dice = random.Random(number)
    victim = _victim(number)
    calls = int(2 ** dice.uniform(0, 10))
    pid = _process(town, victim)
    if victim == "broker":  # before the kill: it may be there again while strace still ends
        town.terminal.up = False
    _kill(pid, calls)
    began = time.monotonic()
    try:
        wait(_again(town, victim))
    except AssertionError:
        return False
    times.s.setdefault(victim, []).append(time.monotonic() - began)
    return True


def _last_words(folder: Path) -> str:
    """The end of what each program logged."""
    logs = sorted(folder.rglob("*.log"))
    return " | ".join(f"{one.name}: {one.read_text(errors='replace')[-300:]}" for one in logs)


def _process(town: Town, victim: str) -> int:
    if victim == "broker":
        return child_of(town.aggregator._program, "mosquitto")
    programs = {
        "terminal": town.terminal._serving,
        "sync": town.terminal._syncing,
        "aggregator": town.aggregator._program,
    }
    program = programs[victim]
    assert program is not None
    return program.pid


def _kill(pid: int, calls: int) -> None:
    inject = f"inject=all:signal=KILL:when={calls}"
    strace = subprocess.Popen(
        ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=all", "-e", inject, "-p", str(pid)],
        stderr=subprocess.DEVNULL,
    )
    try:
        strace.wait(_PATIENCE_S)
    except subprocess.TimeoutExpired:
        os.kill(pid, signal.SIGKILL)
        strace.wait()


def _again(town: Town, victim: str) -> Callable[[], bool]:
    """Start it again; what is true when it is ready."""
    terminal, aggregator = town.terminal, town.aggregator
    if victim == "terminal":
        assert terminal._serving is not None
        terminal._serving.stop()
        terminal.people = 0
        terminal._serving = terminal._start("terminal", terminal._hear_terminal)
        return lambda: terminal.people == PEOPLE
    if victim == "sync":
        terminal._syncing.stop()
        terminal.up = False
        terminal._syncing = terminal._start("sync", terminal._hear_sync)
        return lambda: terminal.up
    if victim == "aggregator":
        aggregator._program.stop()
        aggregator.restart()
        return aggregator._ready.is_set
    return lambda: terminal.up
