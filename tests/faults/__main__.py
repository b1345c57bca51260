"""Try every fault goal and print the table of what was reached; exits with 1 when anything was violated.

    python -m tests.faults [--n 2000000] [--seed 0] [--from 0] [--workers 2] [--only power-cuts …]

`--n` is how many power-cut states are opened; the other goals are tried in proportion, up to what was promised of each.
The same seed tries the same faults again. A run that was broken off goes on with `--from` as many percent as it had:
what is tried is cut into pieces, and the same pieces are left out again.
"""

import argparse
import multiprocessing
import os
import queue
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from tests.faults import (
    damage,
    disk,
    fuzz,
    kills,
    powercut,
    powercut_roster,
    storm,
    strikes,
    tampering,
    time_bounds,
    updates,
)
from tests.faults.table import Result, Step

FULL = 2_000_000
HONEST = "honest power cut"


@dataclass(frozen=True, slots=True)
class Goal:
    """`full` tries make the whole of it; they are cut into pieces of `piece`, each with a seed of its own, which share
    the cores unless the goal starts programs of its own."""

    name: str
    run: Callable[..., Result]
    full: int
    piece: int
    alone: bool = False


GOALS = (
    Goal("power-cuts", powercut.run, FULL, 20_000),
    Goal("roster-cuts", powercut_roster.run, 200_000, 10_000),
    Goal("disk", disk.run, 6_000, 200),
    Goal("damage", damage.run, 10_000, 500),
    Goal("damaged-wal", partial(damage.run, file=damage.WAL), 10_000, 500),
    Goal("tampering", tampering.run, 100_000, 5_000),
    Goal("time", time_bounds.faults, 100_000, 10_000),
    Goal("fuzz", fuzz.run, 1_000_000, 50_000),
    Goal("storm", storm.run, 20_000, 4_000, alone=True),
    Goal("kills", kills.run, 2_000, 50, alone=True),
    Goal("drivers", strikes.run, strikes.FULL, strikes.FULL, alone=True),
    Goal("updates", updates.run, 1_000, 50, alone=True),
)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__.partition("\n")[0])
    parser.add_argument("--n", type=int, default=FULL, help="power-cut states; the rest in proportion")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--from", dest="first", type=int, default=0, metavar="PERCENT", help="leave so much out")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes that share the pieces")
    parser.add_argument("--only", nargs="+", choices=[goal.name for goal in GOALS])
    asked = parser.parse_args(arguments)
    console = Console()
    results = []
    columns = (TextColumn("{task.description:12}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[bad]}"))
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console) as progress:
        for goal in GOALS:
            if not asked.only or goal.name in asked.only:
                parts = pieces(goal, _share(goal, asked.n), asked.seed, asked.first)
                results.append(_reach(goal, parts, asked.workers, progress))
    console.print(table(results))
    for result in results:
        for violation in result.violations[:20]:
            console.print(f"[red]{result.goal}[/]: {violation}", highlight=False)
    return 1 if any(result.violations for result in results) else 0


def _share(goal: Goal, n: int) -> int:
    return max(1, min(goal.full, round(goal.full * n / FULL)) if goal.name != "power-cuts" else n)


def _reach(goal: Goal, parts: list[tuple[int, int]], workers: int, progress: Progress) -> Result:
    whole = Result("")
    began = time.monotonic()
    task = progress.add_task(goal.name, total=sum(size for size, _ in parts), bad="")
    if goal.alone:
        for size, one in parts:
            _add(whole, goal.run(size, one, _on(progress, task, whole.tried)), progress, task)
    else:
        with multiprocessing.Manager() as manager, ProcessPoolExecutor(workers) as pool:
            news: queue.Queue[int] = manager.Queue()
            jobs: list[Future[Result]] = [pool.submit(_piece, goal, size, one, news) for size, one in parts]
            while not all(job.done() for job in jobs) or not news.empty():
                try:
                    progress.advance(task, news.get(timeout=0.2))
                except queue.Empty:
                    continue
            for job in jobs:
                _add(whole, job.result(), progress, task)
    whole.remark = f"{whole.remark}; {time.monotonic() - began:.0f} s".removeprefix("; ")
    return whole


def pieces(goal: Goal, n: int, seed: int, first: int) -> list[tuple[int, int]]:
    """Size and seed of each, without those of the first `first` percent."""
    sizes = [min(goal.piece, n - done) for done in range(0, n, goal.piece)]
    # Of programs of their own, the seed is the number of a cycle, so that it has the same one in every run.
    seeds = [seed + k * goal.piece if goal.alone else seed * 10_000 + k for k in range(len(sizes))]
    return list(zip(sizes, seeds, strict=True))[len(sizes) * first // 100 :]


def _on(progress: Progress, task: Any, before: int) -> Step:
    return lambda done: progress.update(task, completed=before + done)


def _piece(goal: Goal, n: int, seed: int, news: "queue.Queue[int]") -> Result:
    told = 0

    def step(done: int) -> None:
        nonlocal told
        if done - told >= 100 or done == n:
            news.put(done - told)
            told = done

    return goal.run(n, seed, step)


def _add(whole: Result, part: Result, progress: Progress, task: Any) -> None:
    whole.goal = part.goal
    whole.tried += part.tried
    whole.violations += part.violations
    whole.remark = part.remark if whole.tried == part.tried else f"{part.remark} (last piece)"
    progress.update(task, completed=whole.tried, bad=f"{len(whole.violations)} violated" if whole.violations else "")


def table(results: list[Result]) -> Table:
    """The fault goals with the counts reached."""
    lines = Table("goal", "tried", "violated", "remark", title="Faults")
    for result in results:
        bad = len(result.violations)
        lines.add_row(result.goal, f"{result.tried:,}", f"[{'red' if bad else 'green'}]{bad}[/]", result.remark)
        if "power-cut" in result.goal:
            flagged = sum(HONEST in violation for violation in result.violations)
            mark = f"[{'red' if flagged else 'green'}]{flagged}[/]"
            lines.add_row("honest power-cut histories taken for tampering or damage", f"{result.tried:,}", mark, "")
    return lines


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
