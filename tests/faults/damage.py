"""A damaged punches.db (S2): flipped, cut or zeroed anywhere. Never opened as if nothing were, never as if empty; and
what lies on untouched pages is saved, signatures intact, into a log that can be delivered."""

import random
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sync import StorageError
from sync.carve import PAGE, carve
from sync.outbox import Outbox, OutboxReader
from sync.salvage import salvaged
from tests.faults.table import Result, Step, empty, memory, quiet
from tests.faults.writer import KEY, TERMINAL, record

RECORDS = 60
Disk = dict[str, bytes]
DB, WAL = "punches.db", "punches.db-wal"
_TABLES = ("record ORDER BY seq", "blob ORDER BY seq", "taken ORDER BY key", "meta ORDER BY name")


@dataclass(frozen=True, slots=True)
class Log:
    """A sound log, as files and as what it says; `homes` are the pages that hold each record, in either file."""

    disk: Disk
    content: list[Any]
    log: bytes
    homes: dict[int, set[tuple[str, int]]]
    names: set[tuple[str, int]]


def sound(folder: Path, seed: int) -> Log:
    """Most of it in the file, the rest still in the WAL."""
    dice = random.Random(seed)
    empty(folder)
    outbox = Outbox(folder / DB, TERMINAL, KEY)
    in_file = dice.randrange(RECORDS + 1)
    for n in range(1, RECORDS + 1):
        blob = dice.randbytes(dice.randrange(1, 6000)) if dice.random() < 0.1 else None
        outbox.append(record(n), blob, taken=n.to_bytes(16, "big") if dice.random() < 0.2 else None)
        if n == in_file:
            outbox._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    disk = {name: (folder / name).read_bytes() for name in (DB, WAL)}
    log = Log(disk, content(outbox), outbox.log, {}, set())
    outbox._db.close()
    for name, head, step in ((DB, 0, PAGE), (WAL, 32, 24 + PAGE)):
        for at in range(head, len(disk[name]), step):
            _note(log, folder, name, at // step, disk[name][at + step - PAGE : at + step])
    return log


def content(outbox: Outbox) -> list[Any]:
    return [outbox._db.execute(f"SELECT * FROM {table}").fetchall() for table in _TABLES]  # noqa: S608


def _note(log: Log, folder: Path, name: str, place: int, page: bytes) -> None:
    """Which records lie whole on this one page?"""
    alone = folder / "alone"
    alone.write_bytes(bytes(PAGE) + page)  # not as page 1, which begins otherwise
    bodies = {row[0]: row[1] for row in log.content[0]}
    for rowid, values in carve(alone):
        if rowid is not None and len(values) == 5 and values[1] == bodies.get(rowid):
            log.homes.setdefault(rowid, set()).add((name, place))
        if values in (["log", log.log], [log.log]):
            log.names.add((name, place))
    alone.unlink()


@dataclass(frozen=True, slots=True)
class Blow:
    file: str
    how: str
    at: int
    size: int

    def strike(self, data: bytes) -> bytes:
        end = self.at + self.size
        match self.how:
            case "cut":
                return data[: self.at]
            case "zero":
                return data[: self.at] + bytes(len(data[self.at : end])) + data[end:]
            case _:
                return (
                    data[: self.at]
                    + bytes(b ^ 1 << (self.size % 8) for b in data[self.at : self.at + 1])
                    + data[self.at + 1 :]
                )

    def hits(self, log: Log) -> set[tuple[str, int]]:
        head, step = (0, PAGE) if self.file == DB else (32, 24 + PAGE)
        last = {"cut": len(log.disk[self.file]), "zero": self.at + self.size}.get(self.how, self.at + 1)
        first = max(0, self.at - head)
        return {(self.file, place) for place in range(first // step, max(0, last - head) // step + 1)}


def blow(log: Log, dice: random.Random, file: str) -> Blow:
    size = len(log.disk[file])
    how = dice.choice(("flip", "flip", "cut", "zero"))
    at = dice.randrange(size) if dice.random() < 0.8 else dice.randrange(min(size, 100))
    return Blow(file, how, at, dice.choice((1, 8, 512, 4096, 20000)) if how == "zero" else dice.randrange(8))


def struck(folder: Path, log: Log, blow: Blow) -> str:
    """Open the struck log; what is wrong about what came of it, empty when nothing is."""
    empty(folder)
    for name, data in log.disk.items():
        (folder / name).write_bytes(blow.strike(data) if name == blow.file else data)
    try:
        outbox = Outbox(folder / DB, TERMINAL, KEY)
    except StorageError as error:
        return f"does not open: {error}"
    try:
        if outbox.set_aside is None:
            return _taken_for_sound(outbox, log, blow)
        if outbox.append(record(1)) != 1:
            return "the new log does not begin"
        return _saved(folder, log, blow)
    finally:
        outbox._db.close()


def _taken_for_sound(outbox: Outbox, log: Log, blow: Blow) -> str:
    if content(outbox) == log.content:
        return ""
    lost = RECORDS - outbox.seq
    if blow.file == WAL and outbox.log == log.log and (blow.how != "flip" or lost <= 3):
        return ""  # a WAL that ends early is what a power cut leaves, too: a receipt names what it ended before
    return f"taken for sound with {outbox.seq} records of {RECORDS}"


def _saved(folder: Path, log: Log, blow: Blow) -> str:
    (path,) = salvaged(folder / DB)
    reader = OutboxReader(path)
    try:
        rows = {row[0]: row[:4] for row in reader._db.execute("SELECT * FROM record")}
        hit = blow.hits(log)
        named = bool(log.names - hit)  # a log without a name cannot be delivered
        wanted = {row[0] for row in log.content[0] if named and log.homes[row[0]] - hit}
        if wanted - rows.keys():
            return f"records {sorted(wanted - rows.keys())[:5]} lie on untouched pages and are not saved"
        if any(row[:4] != rows[row[0]] for row in log.content[0] if row[0] in rows):
            return "a saved record is not what was written"
        if rows and reader.log != log.log:
            return "the saved log has another name"
    finally:
        reader.close()
    return ""


def run(n: int, seed: int = 0, step: Step = quiet, file: str = DB) -> Result:
    result = Result(f"corrupted {file} taken for sound or empty, or what is readable not saved")
    folder = memory()
    log = sound(folder, seed)
    try:
        for number in range(seed * 1_000_000, seed * 1_000_000 + n):
            if number % 500 == 0:
                log = sound(folder, number)
            dice = random.Random(number)
            if not log.disk[file]:
                log = sound(folder, number + 1)
            if why := struck(folder, log, one := blow(log, dice, file)):
                result.wrong(f"{number} ({one.how} at {one.at}): {why}")
            result.tried += 1
            step(result.tried)
    finally:
        shutil.rmtree(folder)
    return result
