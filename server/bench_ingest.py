"""How many punches a second does the aggregator take, durably? Real broker, TLS, signatures, COMMIT, receipts.

The clients run in processes of their own with batches signed beforehand, each terminal with at most four batches
without a receipt, as its agent would. The clock runs from the first batch to the last receipt.
"""

import multiprocessing
import os
import selectors
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from server import ServerError
from server.bench_fleet import PEOPLE, Member, admit_fleet, signed_batches
from server.bench_line import READ, Line, LineLost, client_context
from server.bench_stage import Stage, cpu_s, staged
from sync.topics import up
from sync.wire import parse_receipt

_TERMINALS, _PROCESSES, _IN_FLIGHT = 40, 2, 4
_SIZES = {1: 200, 10: 120, 50: 80}  # batches a terminal, by punches a batch
_PATIENCE_S = 120.0


def run(console: Console, scale: float = 1.0) -> dict[str, Any]:
    """The figures, by punches a batch. `scale` makes the load smaller or larger."""
    with Progress(console=console, transient=True) as progress, staged() as stage:
        people = [os.urandom(8) for _ in range(PEOPLE)]
        task = progress.add_task("admitting terminals", total=_TERMINALS)
        members = admit_fleet(
            stage.ledger, stage.keys, stage.folder / "fleet", _TERMINALS, people, lambda: progress.advance(task)
        )
        found = {}
        for size, batches in _SIZES.items():
            found[size] = _measure(stage, members, people, size, max(1, round(batches * scale)), progress)
    return {
        "punches_per_s": {str(size): one["punches_per_s"] for size, one in found.items()},
        "cpu_s": {str(size): one["cpu_s"] for size, one in found.items()},
        "punches": {str(size): one["punches"] for size, one in found.items()},
        "terminals": _TERMINALS,
        "cores": len(os.sched_getaffinity(0)),
    }


def _measure(
    stage: Stage, members: list[Member], people: list[bytes], size: int, batches: int, progress: Progress
) -> dict[str, Any]:
    spawn = multiprocessing.get_context("spawn")
    task = progress.add_task(f"{size} a batch: signing", total=len(members) * batches)
    children, ends = [], []
    for i in range(_PROCESSES):
        near, far = spawn.Pipe()
        job = (stage.address, stage.ca, members[i::_PROCESSES], people, size, batches)
        child = spawn.Process(target=_client, args=(far, *job), daemon=True)
        child.start()
        far.close()
        children.append(child)
        ends.append(near)
    try:
        for end in ends:
            _ask(end)  # connected, everything signed
        before = cpu_s(stage)
        progress.update(task, description=f"{size} a batch: sending")
        started = time.monotonic()
        for end in ends:
            end.send("go")
        told = _follow(ends, lambda n: progress.update(task, completed=n))
        took = time.monotonic() - started
        after = cpu_s(stage)
    finally:
        for child in children:
            child.terminate()
            child.join()
    punches = len(members) * batches * size
    spent = {name: round(after[name] - before[name], 2) for name in after}
    return {
        "punches_per_s": round(punches / took),
        "punches": punches,
        "cpu_s": {"clients": round(sum(told), 2), **spent, "wall": round(took, 2)},
    }


def _ask(end: Connection) -> Any:
    if not end.poll(_PATIENCE_S):
        raise ServerError("bench: a client process did not answer in time")
    try:
        word = end.recv()
    except EOFError:
        raise ServerError("bench: a client process ended early") from None
    if isinstance(word, str) and word.startswith("failed"):
        raise ServerError(f"bench: {word}")
    return word


def _follow(ends: list[Connection], on_count: Any) -> list[float]:
    """Until every client has all its receipts; returns the CPU seconds of each."""
    counts, done = [0] * len(ends), [-1.0] * len(ends)
    while -1.0 in done:
        for i, end in enumerate(ends):
            if done[i] < 0 and (word := _ask(end)) is not None:
                if isinstance(word, float):
                    done[i] = word
                else:
                    counts[i] = word
                    on_count(sum(counts))
    return done


# ── in a client's process ──


class _Sender:
    """One terminal: keeps its window full, and is done when the last record is receipted."""

    def __init__(self, member: Member, address: tuple[str, int], ca: Path, batches: list[bytes], size: int) -> None:
        self.batches, self.size = batches, size
        self.sent = self.receipted = 0
        self.topic = up(member.name, "batch")
        self.line = Line(member.name, address, client_context(ca, member.certificate, member.key), self._take)

    @property
    def done(self) -> bool:
        return self.receipted == len(self.batches)

    def fill(self) -> None:
        while self.sent < len(self.batches) and self.sent - self.receipted < _IN_FLIGHT:
            self.line.publish(self.topic, self.batches[self.sent])
            self.sent += 1

    def _take(self, _topic: str, payload: bytes) -> None:
        self.receipted = max(self.receipted, parse_receipt(payload).seq // self.size)
        self.fill()


def _client(
    end: Connection,
    address: tuple[str, int],
    ca: Path,
    members: list[Member],
    people: list[bytes],
    size: int,
    batches: int,
) -> None:
    try:
        senders = [
            _Sender(one, address, ca, signed_batches(one, os.urandom(8), people, i, size, batches), size)
            for i, one in enumerate(members)
        ]
        with selectors.DefaultSelector() as selector:
            for one in senders:
                selector.register(one.line, READ | selectors.EVENT_WRITE, one)
            _turn(selector, senders, lambda: all(one.line.up for one in senders))
            end.send(0)
            end.recv()
            started = time.process_time()
            for one in senders:
                one.fill()
                selector.modify(one.line, one.line.wants, one)
            _turn(selector, senders, lambda: all(one.done for one in senders), end)
            end.send(time.process_time() - started)
            end.recv()  # until we are ended
    except (LineLost, OSError, ServerError) as error:
        end.send(f"failed: {error}")


def _turn(selector: selectors.BaseSelector, senders: list[_Sender], over: Any, end: Connection | None = None) -> None:
    told = time.monotonic()
    give_up = told + _PATIENCE_S
    while not over():
        for key, _ in selector.select(1.0):
            one = key.data
            one.line.work()
            if one.line.wants != key.events:
                selector.modify(one.line, one.line.wants, one)
        now = time.monotonic()
        if end is not None and now - told > 0.5:
            told = now
            end.send(sum(one.receipted for one in senders))
        if now > give_up:
            raise ServerError("not everything was receipted in time")
