"""Disks that refuse: EIO, ENOSPC and EROFS at each single system call on the log, and writes that end half-way.

Never green and gone; red at once; and the same process goes on, without a gap, when the disk does again (S13).
strace refuses the calls of a process that has everything imported and waits: one child a try.
"""

import os
import random
import resource
import shutil
import signal
import subprocess
from pathlib import Path

from sync.outbox import Outbox
from tests.faults.table import Result, Step, empty, memory, quiet
from tests.faults.writer import KEY, TERMINAL, append, say

APPENDS, AFTER = 8, 45  # while the disk may refuse, and when it does not any more
CALLS = ("pwrite64", "fdatasync", "fsync", "openat", "ftruncate", "pread64", "fstat")
ERRORS = ("EIO", "ENOSPC", "EROFS")
LAST = 24  # the last call of a kind that is the first to be refused


def run(n: int, seed: int = 0, step: Step = quiet) -> Result:
    result = Result("green and gone, or no way back, after an I/O fault")
    folder = memory()
    reds = 0
    try:
        for number in range(seed * 1_000_000, seed * 1_000_000 + n):
            said = _short(folder, number) if number % 5 == 0 else _refused(folder, number)
            if why := _judge(folder, said):
                result.wrong(f"{number}: {why}")
            reds += any(line[0] in ("red", "shut") for line in said)
            result.tried += 1
            step(result.tried)
    finally:
        shutil.rmtree(folder)
    result.remark = f"red in {reds:,}"
    return result


def _refused(folder: Path, number: int) -> list[list[str]]:
    """One call, or all from one on to another, answered by an error instead of the kernel."""
    dice = random.Random(number)
    call, error, first = dice.choice(CALLS), dice.choice(ERRORS), dice.randrange(1, LAST)
    when = str(first) if dice.random() < 0.6 else f"{first}..{first + dice.randrange(1, 12)}"
    files = [f"--trace-path={folder}/punches.db{tail}" for tail in ("", "-wal", ".new", ".new-journal")]
    faults = ["-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={when}", *files]
    if dice.random() < 0.8:
        _begun(folder, number)
    else:
        empty(folder)
    return _child(folder, number, faults)


def _short(folder: Path, number: int) -> list[list[str]]:
    """The disk takes no more than so many bytes a file: writes end half-way, then fail, until there is room again."""
    _begun(folder, number)
    return _child(folder, number, [])


def _begun(folder: Path, number: int) -> None:
    empty(folder)
    outbox = Outbox(folder / "punches.db", TERMINAL, KEY)
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123
        kept = os.dup(1)
        os.dup2(nowhere.fileno(), 1)
        for _ in range(3):
            append(outbox, random.Random(number), 6000)
        os.dup2(kept, 1)
        os.close(kept)
    outbox._db.close()


def _child(folder: Path, number: int, faults: list[str]) -> list[list[str]]:
    heard, mouth = os.pipe()
    gate, opener = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(opener)
        os.dup2(mouth, 1)
        try:
            os.read(gate, 1)
            _write(folder, number, squeeze=not faults)
        finally:
            os._exit(0)
    os.close(gate)
    os.close(mouth)
    strace = None
    if faults:
        strace = subprocess.Popen(
            ["strace", "-f", "-o", "/dev/null", *faults, "-p", str(child)], stderr=subprocess.PIPE
        )
        assert strace.stderr is not None
        assert b"attached" in (line := strace.stderr.readline()), line
    os.write(opener, b"1")
    os.close(opener)
    said = b""
    while part := os.read(heard, 65536):
        said += part
    os.close(heard)
    os.waitpid(child, 0)
    if strace is not None:
        strace.communicate()
    return [line.split() for line in said.decode().splitlines()]


def _write(folder: Path, number: int, *, squeeze: bool) -> None:
    """In the child: like a terminal, open until it opens, then append, faults or not; at last there are none."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    dice = random.Random(number)
    outbox = None
    for _ in range(60):
        try:
            outbox = Outbox(folder / "punches.db", TERMINAL, KEY)
            break
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told
            say("shut", type(error).__name__)
    if outbox is None:
        return
    say("open", outbox.log.hex(), outbox.seq, int(outbox.set_aside is not None))
    try:
        for n in range(APPENDS + AFTER):
            if squeeze and n < APPENDS:
                wal = folder / "punches.db-wal"
                size = (wal.stat().st_size if wal.exists() else 0) + dice.randrange(1, 9000)
                resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
            elif squeeze:
                resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            append(outbox, dice, 6000)
    except Exception as error:  # noqa: BLE001
        say("broke", type(error).__name__, str(error).replace(" ", "_"))
    say("end")


def _judge(folder: Path, said: list[list[str]]) -> str:
    kinds = [line[0] for line in said]
    if "broke" in kinds:
        return f"an error that is none of ours: {said[kinds.index('broke')]}"
    if any(line[0] == "shut" and line[1] != "StorageError" for line in said):
        return f"an error that is none of ours: {said}"
    if "end" not in kinds:
        return f"it never opened again: {said[-1:]}"
    if kinds[-2] != "ack":
        return "it did not recover"
    if ["open", "1"] in [[line[0], line[-1]] for line in said if line[0] == "open"]:
        return "a disk's trouble is taken for the file's"
    outbox = Outbox(folder / "punches.db", TERMINAL, KEY)
    try:
        acks = {int(line[1]): line[2] for line in said if line[0] == "ack"}
        if outbox.set_aside is not None:
            return "the log is damaged"
        there = dict(outbox._db.execute("SELECT seq, head FROM record"))
        gone = [seq for seq, head in acks.items() if there.get(seq, b"").hex() != head]
        if gone:
            return f"green and gone: {gone}"
        if outbox.seq != max(acks):
            return f"there is a record {outbox.seq} that was not answered"
    finally:
        outbox._db.close()
    return ""
