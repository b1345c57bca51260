"""Power cuts (S2) over roster.db: people, templates, photographs, receipts, the server's time, orders, wipes, settings.

What was answered is there, of what was under way all or nothing, and never a mixture: the file holds, row by row, what
it held after the last step that was answered, or after the one that was being taken. How disks are made: powercut.
"""

import random
import shutil
import time
from pathlib import Path

from sync import StorageError
from sync.roster import RosterStore
from tests.faults.powercut import Disk, History, Moment, Promise, Verdict, cut, moments
from tests.faults.table import Result, Step, empty, memory, quiet
from tests.faults.trace import Said, record
from tests.faults.writer_roster import digest

STEPS = 30


def histories(folder: Path, seed: int) -> list[History]:
    """A young file, and two that begin where a power cut left one."""
    dice = random.Random(seed)
    found: list[History] = []
    start, first = Disk(), 0
    for n in range(3):
        told = _record(folder, start, seed + n, first)
        found.append(History(told, 1.0))
        moment = dice.choice(told[len(told) // 2 :])
        start = cut(moment, dice)
        survived = _checked(folder / "cut", start, moment.promise)
        assert survived.ok, f"seed {seed}: {survived.why}"
        first += STEPS + 1
    return found


def _record(folder: Path, start: Disk, seed: int, first: int) -> list[Moment]:
    site = folder / "recorded"
    shutil.rmtree(site, ignore_errors=True)
    site.mkdir()
    for name, data in start.items():
        (site / name).write_bytes(data)
    command = ("tests.faults.writer_roster", str(site), str(seed), str(STEPS), str(first))
    operations = record(site, folder / "trace", *command)
    acks = [operation.words for operation in operations if isinstance(operation, Said) and operation.words[0] == "ack"]
    promise = Promise(acked=first if start else -1, heads={int(number): held for _, number, held in acks})
    return list(moments(start, promise, operations))


def _checked(folder: Path, disk: Disk, promise: Promise) -> Verdict:
    folder.mkdir(exist_ok=True)
    empty(folder)
    for name, data in disk.items():
        (folder / name).write_bytes(data)
    try:
        store = RosterStore(folder / "roster.db")
    except StorageError as error:
        return Verdict(why=f"does not open: {error}")
    try:
        if store.set_aside is not None:
            return Verdict(why="an honest power cut is taken for damage")
        held = digest(store)
        if promise.acked >= 0 and held not in (promise.heads[promise.acked], promise.heads.get(promise.acked + 1)):
            return Verdict(why=f"{promise.acked} was answered, and neither that nor the next is what is there")
        store.put_window(1)
        return Verdict(promise.acked)
    except StorageError as error:
        return Verdict(why=f"does not go on: {error}")
    finally:
        store.close()


def run(n: int, seed: int = 0, step: Step = quiet, until: float = float("inf"), least: int = 0) -> Result:
    """Open `n` different disks, or as many as fit before `until` on time.monotonic; `least` however long they take."""
    result = Result("rosters, orders and receipts lost or half there, over power-cut states")
    folder = memory()
    again = 0
    try:
        told = histories(folder, seed)
        seen: set[int] = set()
        while result.tried < n and (result.tried < least or time.monotonic() < until):
            number = seed * 100_000_000 + result.tried + again
            dice = random.Random(number)
            moment = dice.choice(told).draw(dice)
            disk = cut(moment, dice)
            mark = hash((tuple(disk.items()), moment.promise.acked))
            if mark in seen:
                again += 1
                continue
            seen.add(mark)
            verdict = _checked(folder / "cut", disk, moment.promise)
            if not verdict.ok:
                result.wrong(f"state {number}: {verdict.why}")
            result.tried += 1
            step(result.tried)
    finally:
        shutil.rmtree(folder)
    result.remark = f"all different; {again:,} that were drawn twice are not counted"
    return result
