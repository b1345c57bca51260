"""Power cuts (S2): every disk that the writes and syncs of the shipped Outbox on the shipped SQLite may leave behind.

A cut comes after any operation. What was synced is there. Of what was written since, each write was dropped, kept, or
torn between any of its 512-byte sectors; names changed in the order in which they were changed, up to any point. A
second and a third history begin on a disk that a cut left, for cuts come in flocks when the inverter flickers.
"""

import itertools
import random
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from sync import StorageError
from sync.outbox import Outbox
from tests.faults.table import Result, Step, empty, memory, quiet
from tests.faults.trace import Cut, Name, Operation, Said, Sync, Write, record
from tests.faults.writer import KEY, TERMINAL
from tests.faults.writer import record as made

SECTOR = 512
Disk = dict[str, bytes]


@dataclass
class Promise:
    """What had been answered at a moment; heads, blobs and taken are known of every record ever appended."""

    log: str = ""
    acked: int = 0
    heads: dict[int, str] = field(default_factory=dict)
    blobs: set[int] = field(default_factory=set)
    taken: set[int] = field(default_factory=set)


@dataclass
class File:
    """One file: its bytes at its last sync, and what was done to it since."""

    synced: bytes = b""
    pending: list[Write | Cut] = field(default_factory=list)

    def after(self, kept: list[Write | Cut]) -> bytes:
        data = bytearray(self.synced)
        for operation in kept:
            if isinstance(operation, Cut):
                del data[operation.size :]
                data.extend(bytes(operation.size - len(data)))
                continue
            data.extend(bytes(max(0, operation.at - len(data))))
            data[operation.at : operation.at + len(operation.data)] = operation.data
        return bytes(data)


@dataclass
class Moment:
    """The disk at one point of a history: files by number, names as synced, and how names changed since."""

    files: dict[int, File]
    names: dict[str, int]
    changes: list[dict[str, int]]  # the whole table of names after each change
    promise: Promise


def moments(start: Disk, promise: Promise, operations: list[Operation]) -> Iterator[Moment]:
    """The disk after each operation. What is yielded is a copy as far as it will change."""
    files = {n: File(data) for n, data in enumerate(start.values())}
    names = {name: n for n, name in enumerate(start)}
    now, changes = dict(names), []
    for operation in operations:
        match operation:
            case Write(file) | Cut(file):
                one = files[now[file]]
                files[now[file]] = File(one.synced, [*one.pending, operation])
            case Sync(""):
                names, changes = dict(now), []
            case Sync(file):
                one = files[now[file]]
                files[now[file]] = File(one.after(one.pending))
            case Name(old, new):
                number = now.pop(old) if old else len(files)
                files.setdefault(number, File())
                if new:
                    now[new] = number
                changes = [*changes, dict(now)]
            case Said(("open", log)):
                promise = replace(promise, log=log)
            case Said(("ack", seq, *_)):
                promise = replace(promise, acked=int(seq))
        yield Moment(dict(files), names, changes, promise)


def cut(moment: Moment, dice: random.Random) -> Disk:
    """One of the disks that a cut at this moment may leave."""
    names = dice.choice([moment.names, *moment.changes])
    mood = dice.random()
    disk = {}
    for name, number in names.items():
        one = moment.files[number]
        if not one.pending or mood < 0.02:
            disk[name] = one.synced
        elif mood < 0.04:
            disk[name] = one.after(one.pending)
        else:
            disk[name] = one.after([part for op in one.pending for part in _survives(op, dice, tear=mood > 0.2)])
    return disk


def _survives(operation: Write | Cut, dice: random.Random, tear: bool) -> list[Write | Cut]:
    if isinstance(operation, Cut) or not tear:
        return [operation] if dice.random() < 0.7 else []
    first = operation.at - operation.at % SECTOR
    ends = [*range(first, operation.at + len(operation.data), SECTOR), operation.at + len(operation.data)]
    like = dice.choice((0.5, 0.9, 0.98))
    parts: list[Write | Cut] = []
    for sector, high in itertools.pairwise(ends):
        low = max(sector, operation.at)
        if dice.random() < like:
            parts.append(Write(operation.file, low, operation.data[low - operation.at : high - operation.at]))
    return parts


@dataclass
class History:
    """What happened, and how often it is drawn from; each moment as often as there is something to lose."""

    moments: list[Moment]
    weight: float

    def draw(self, dice: random.Random) -> Moment:
        if not self.weights:
            self.weights = [1 + min(60, sum(len(f.pending) for f in m.files.values()) ** 2) for m in self.moments]
        return dice.choices(self.moments, self.weights)[0]

    weights: list[int] = field(default_factory=list)


def histories(folder: Path, seed: int) -> list[History]:
    """Recorded anew each time: a young log, two that begin where a power cut left one, and one beyond checkpoints."""
    dice = random.Random(seed)
    found: list[History] = []
    start, promise = Disk(), Promise()
    for n in range(3):
        told = _record(folder, start, promise, seed + n, "14", "9000", "6")
        found.append(History(told, 1.0))
        moment = dice.choice(told[len(told) // 2 :])
        start = cut(moment, dice)
        survived = _checked(folder / "cut", start, moment.promise)
        assert survived.ok, f"seed {seed}: {survived.why}"
        promise = replace(moment.promise, acked=survived.seq)
    found.append(History(_record(folder, Disk(), Promise(), seed, "24", "400000", "9"), 0.02))
    return found


def _record(folder: Path, start: Disk, promise: Promise, seed: int, *how: str) -> list[Moment]:
    site = folder / "recorded"
    shutil.rmtree(site, ignore_errors=True)
    site.mkdir()
    for name, data in start.items():
        (site / name).write_bytes(data)
    operations = record(site, folder / "trace", "tests.faults.writer", str(site), str(seed), *how)
    promise = replace(promise, heads=dict(promise.heads), blobs=set(promise.blobs), taken=set(promise.taken))
    for operation in operations:
        if isinstance(operation, Said) and operation.words[0] == "ack":
            seq = int(operation.words[1])
            promise.heads[seq] = operation.words[2]
            promise.blobs = promise.blobs - {seq} | ({seq} if operation.words[3] == "1" else set())
            promise.taken = promise.taken - {seq} | ({seq} if operation.words[4] == "1" else set())
    return list(moments(start, promise, operations))


@dataclass(frozen=True, slots=True)
class Verdict:
    seq: int = 0
    why: str = ""

    @property
    def ok(self) -> bool:
        return not self.why


def _checked(folder: Path, disk: Disk, promise: Promise, *, append: bool = False) -> Verdict:
    """Open the disk with the shipped Outbox, which judges chain and rows, and hold it against what was answered."""
    folder.mkdir(exist_ok=True)
    empty(folder)
    for name, data in disk.items():
        with open(folder / name, "wb") as out:  # noqa: PTH123 - the innermost loop
            out.write(data)
    try:
        outbox = Outbox(folder / "punches.db", TERMINAL, KEY)
    except StorageError as error:
        return Verdict(why=f"does not open: {error}")
    try:
        return _judged(outbox, promise, append)
    finally:
        outbox._db.close()


def _judged(outbox: Outbox, promise: Promise, append: bool) -> Verdict:
    seq = outbox.seq
    if outbox.set_aside is not None:
        return Verdict(seq, "an honest power cut is taken for damage")
    if promise.log and outbox.log.hex() != promise.log:
        return Verdict(seq, "the log is another")
    if not promise.acked <= seq <= promise.acked + 1:
        return Verdict(seq, f"{promise.acked} was answered, {seq} is there")
    if seq and outbox.head.hex() != promise.heads.get(seq):
        return Verdict(seq, f"record {seq} was never made")
    first = outbox._db.execute("SELECT COALESCE(MIN(seq), 1) FROM record").fetchone()[0]
    blobs = {s for (s,) in outbox._db.execute("SELECT seq FROM blob")}
    if blobs != {s for s in promise.blobs if first <= s <= seq}:
        return Verdict(seq, "a template is gone, or there is one of no record")
    taken = {s for (s,) in outbox._db.execute("SELECT seq FROM taken")}
    if taken != {s for s in promise.taken if s <= seq}:
        return Verdict(seq, "what was taken over from another machine is not as answered")
    if append and outbox.append(made(seq + 1)) != seq + 1:
        return Verdict(seq, "the log does not go on")
    return Verdict(seq)


def run(n: int, seed: int = 0, step: Step = quiet, until: float = float("inf"), least: int = 0) -> Result:
    """Open `n` different disks, or as many as fit before `until` on time.monotonic; `least` however long they take."""
    result = Result("punches lost after green, over power-cut states")
    folder = memory()
    again = 0
    try:
        told = histories(folder, seed)
        weights = [history.weight for history in told]
        seen: set[int] = set()
        while result.tried < n and (result.tried < least or time.monotonic() < until):
            number = seed * 100_000_000 + result.tried + again
            dice = random.Random(number)
            moment = dice.choices(told, weights)[0].draw(dice)
            disk = cut(moment, dice)
            mark = hash((tuple(disk.items()), moment.promise.acked))
            if mark in seen:
                again += 1
                continue
            seen.add(mark)
            verdict = _checked(folder / "cut", disk, moment.promise, append=number % 16 == 0)
            if not verdict.ok:
                result.wrong(f"state {number}: {verdict.why}")
            result.tried += 1
            step(result.tried)
    finally:
        shutil.rmtree(folder)
    result.remark = f"all different; {again:,} that were drawn twice are not counted"
    return result
