"""One punch, end to end, with the real programs; and then with each of them killed in the middle.

`hazri-server run` with its Mosquitto, `hazri-edge terminal`, `hazri-edge sync` and the people before them are processes
of their own; nothing here is imported from them but the stage that starts them.
"""

import datetime as dt
import json
import os
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from server.demo.count import Tally, settle
from server.demo.people import Person, Picture, enrolments, fingers, invent, punches, synthesise
from server.demo.stage import Aggregator, Program, Terminal
from tests.unit.server.aggregator import until

PEOPLE = 4
WAIT_S = 90.0
SYNC_KIB = 33 * 1024  # of a terminal's memory; libraries of the system, which others have open as well, included


class Town:
    """An aggregator, one terminal and four enrolled people, two of whom share their last six digits."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.people: list[Person] = invent(PEOPLE, seed=7)
        self.pictures: dict[int, list[Picture]] = fingers(synthesise(folder / "fingers", PEOPLE, 6, 3))
        self.aggregator = Aggregator(folder, web_port=0)
        self.aggregator.wait_until_ready()
        refs = self.aggregator.register(self.people)
        self.tally = Tally()
        self.terminal = Terminal(folder, "t-1", self.aggregator, self.aggregator.broker_port, self.tally.green)
        wait(lambda: self.terminal.people == PEOPLE)
        answers = self.terminal.enrol(enrolments(refs, self.pictures), lambda n: None)
        assert [a for a in answers if not a["ok"]] == []
        self.refs = refs

    def play(self, steps: list[dict[str, Any]], loop: bool = False) -> tuple[list[dict[str, Any]], Program]:
        results: list[dict[str, Any]] = []
        return results, self.terminal.play({"punches": steps, "loop": loop}, results.append)

    def settle(self, terminal_kills: int = 0) -> int:
        """Every green light is in the ledger once, with its person; and nothing else is, but for at most one punch
        each time the terminal was killed: on disk already, and its light not yet lit. Returns how many those are."""
        wait(self.terminal.drained)
        out = self.folder / "ledger.ndjson"
        rows = self.aggregator.pull(out)
        result = settle(self.tally, rows)
        assert result.lost == 0, f"{result.lost} green lights are not in the ledger"
        places = {(row["terminal"], row["log"], row["seq"]) for row in rows}
        assert len(places) == len(rows), f"{len(rows) - len(places)} punches are there twice"
        dark = result.duplicated
        assert dark <= terminal_kills, f"{dark} punches nobody saw a light for, after {terminal_kills} kills"
        return dark

    def stop(self) -> None:
        self.terminal.stop()
        self.aggregator.stop()


def wait(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < give_up, "it never came true"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    town = Town(tmp_path_factory.mktemp("town"))
    yield town
    town.stop()


def children(pid: int) -> list[int]:
    """Of all threads, as the kernel tells it, for there may be no pgrep."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for path in lists for child in path.read_text().split()]


def child_of(program: Program, name: str) -> int:
    """The process called `name` below a program, as soon as there is one."""
    found: list[int] = []

    def look() -> bool:
        below = [program._child.pid]
        while below and not found:
            for pid in children(below.pop()):
                comm = Path(f"/proc/{pid}/comm")
                (found if comm.exists() and comm.read_text().strip() == name else below).append(pid)
        return bool(found)

    wait(look)
    return found[0]


def test_a_punch_reaches_the_ledger_and_an_impostor_does_not(town: Town) -> None:
    """R1.1: six digits, a finger, an answer; S5: of two who share their digits, the one whose finger it is."""
    steps = punches(town.people, town.pictures, 0, 1)
    results, playing = town.play(steps)
    assert playing.wait() == 0
    town.terminal.stop_playing()
    outcomes = Counter((r["expect"], r["outcome"]) for r in results)
    assert len(results) == len(steps)
    assert outcomes["impostor", "accepted"] == 0
    assert outcomes["genuine", "accepted"] >= 0.8 * sum(s["expect"] == "genuine" for s in steps)
    who = {
        (step["digits"], step["picture"]): index
        for index, person in enumerate(town.people)
        for step in steps
        if step["digits"] == person.digits and Path(step["picture"]).name.startswith(str(101 + index))
    }
    for step, result in zip(steps, results, strict=True):
        if result["outcome"] == "accepted":
            assert result["person"] == town.refs[who[step["digits"], step["picture"]]]
    town.settle()


def test_every_punch_is_dated_by_the_servers_word(town: Town) -> None:
    """S2: the sync process asked, the terminal recorded the answer, and the aggregator dates the whole boot by it."""
    steps = punches(town.people, town.pictures, 0, 1)
    _, playing = town.play(steps)
    assert playing.wait() == 0
    town.terminal.stop_playing()
    town.settle()
    taken = [json.loads(line) for line in (town.folder / "ledger.ndjson").read_text().splitlines()]
    assert len(taken) == len(town.tally.greens)
    for punch in taken:
        earliest, latest = (dt.datetime.fromisoformat(punch[name]) for name in ("earliest", "latest"))
        assert punch["dated_by"] == "anchored"
        assert dt.timedelta(0) < latest - earliest < dt.timedelta(seconds=10)
        assert not punch["clock_disputed"]


def test_the_sync_process_stays_small(town: Town) -> None:
    """It shares a small machine with sensors and matching. By now it has made its tables, taken a roster, receipts and
    the time on the server's word, and checked each, without the libraries that make tables (24 MB) and keys (7 MB),
    and without the tables of international names (0.4 MB)."""
    town.settle()
    process = Path(f"/proc/{town.terminal._syncing.pid}")
    (kib,) = (line.split()[1] for line in (process / "status").read_text().splitlines() if line.startswith("VmRSS:"))
    mapped = (process / "maps").read_text()
    assert "/nacl/" in mapped  # so this is the process that checks
    assert "/cryptography/" not in mapped
    assert "/unicodedata." not in mapped
    assert int(kib) <= SYNC_KIB


def test_killed_in_the_middle_nothing_is_lost_and_nothing_twice(town: Town) -> None:
    """S2, S9: kill -9 of the terminal, the sync agent, the aggregator and the broker while people punch."""
    steps = [dict(step, pause_ms=0) for step in punches(town.people, town.pictures, 0, 1)]
    before = len(town.tally.greens)
    _, _ = town.play(steps, loop=True)
    stop = threading.Event()
    for round_number in range(2):
        for victim in ("sync", "aggregator", "broker", "terminal"):
            seen = len(town.tally.greens)
            wait(lambda seen=seen: len(town.tally.greens) > seen)  # type: ignore[misc]
            kill(town, victim, wipe=round_number == 1)
            stop.wait(0.3)
    seen = len(town.tally.greens)
    wait(lambda: len(town.tally.greens) > seen)
    town.terminal.stop_playing()
    assert len(town.tally.greens) - before >= 9
    town.settle(terminal_kills=2)


def kill(town: Town, victim: str, wipe: bool) -> None:
    """kill -9, and a new start as systemd would make it; with `wipe` the broker also loses all it kept."""
    terminal, aggregator = town.terminal, town.aggregator
    if victim == "sync":
        terminal._syncing._child.kill()
        terminal._syncing.stop()
        terminal._syncing = terminal._start("sync", terminal._hear_sync)
    elif victim == "terminal":
        assert terminal._serving is not None
        terminal._serving._child.kill()
        terminal._serving.stop()
        terminal._serving = terminal._start("terminal", terminal._hear_terminal)
    elif victim == "aggregator":
        aggregator._program._child.kill()
        aggregator._program.stop()
        aggregator.restart()
    else:
        pid = child_of(aggregator._program, "mosquitto")
        if wipe:
            for path in (aggregator.folder / "broker").glob("*.db*"):
                path.unlink()
        os.kill(pid, signal.SIGKILL)


def test_the_town_leaves_nothing_running(tmp_path: Path) -> None:
    """A stopped aggregator takes its broker with it."""
    aggregator = Aggregator(tmp_path, web_port=0)
    aggregator.wait_until_ready()
    broker = child_of(aggregator._program, "mosquitto")
    aggregator.stop()
    until(lambda: not Path(f"/proc/{broker}").exists(), "the broker ends, too")
    shutil.rmtree(aggregator.folder)
