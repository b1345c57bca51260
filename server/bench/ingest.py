"""How many punches a second does the aggregator take, durably? Real broker, TLS, signatures, COMMIT, receipts.

The clients run in processes of their own with batches signed beforehand. Each does what the agent would: at most four
batches without a receipt, receipts of other logs ignored, and back to the last receipt when none came for 20 s. The
clock runs from the first batch to the last receipt.
"""

import multiprocessing
import os
import selectors
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from server import ServerError
from server.bench.fleet import PEOPLE, Member, admit_fleet, signed_batches
from server.bench.line import READ, Line, LineLost, client_context
from server.bench.stage import Stage, cpu_s, staged
from sync.topics import up
from sync.wire import parse_receipt

_TERMINALS, _PROCESSES, _IN_FLIGHT = 40, 2, 4
_SIZES = {1: 200, 10: 120, 50: 80}  # batches a terminal, by punches a batch
_RECEIPT_TIMEOUT_S = 20.0
_PATIENCE_S = 60.0


def run(console: Console, scale: float = 1.0, url: str = "") -> dict[str, Any]:
    """The figures, by punches a batch. `scale` makes the load smaller or larger; `url` is of an empty database."""
    with Progress(console=console, transient=True) as progress, staged(url=url) as stage:
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
        "cpu_us_per_punch": {str(size): one["cpu_us_per_punch"] for size, one in found.items()},
        "punches": {str(size): one["punches"] for size, one in found.items()},
        "resent_batches": {str(size): one["resent"] for size, one in found.items()},
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
        _until_ready(ends, lambda n: progress.update(task, completed=n))
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
    spent = {"clients": sum(one.cpu_s for one in told)} | {name: after[name] - before[name] for name in after}
    return {
        "punches_per_s": round(punches / took),
        "punches": punches,
        "cpu_s": {name: round(value, 2) for name, value in spent.items()} | {"wall": round(took, 2)},
        "cpu_us_per_punch": {name: round(value * 1e6 / punches, 1) for name, value in spent.items()},
        "resent": sum(one.resent for one in told),
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


def _until_ready(ends: list[Connection], on_count: Callable[[int], None]) -> None:
    """Until every client has signed everything and is connected."""
    counts: list[Any] = [0] * len(ends)
    while any(count != "ready" for count in counts):
        for i, end in enumerate(ends):
            if counts[i] != "ready":
                counts[i] = _ask(end)
        on_count(sum(count for count in counts if isinstance(count, int)))


@dataclass(frozen=True, slots=True)
class _Done:
    """What a client process tells at its end."""

    cpu_s: float
    resent: int


def _follow(ends: list[Connection], on_count: Callable[[int], None]) -> list[_Done]:
    """Until every client has all its receipts."""
    counts: list[int] = [0] * len(ends)
    done: dict[int, _Done] = {}
    while len(done) < len(ends):
        for i, end in enumerate(ends):
            if i not in done:
                word = _ask(end)
                if isinstance(word, _Done):
                    done[i] = word
                else:
                    counts[i] = word
                    on_count(sum(counts))
    return list(done.values())


# ── in a client's process ──


class _Sender:
    """One terminal: keeps its window full, and is done when the last record is receipted."""

    def __init__(
        self, member: Member, address: tuple[str, int], ca: Path, log: bytes, batches: list[bytes], size: int
    ) -> None:
        self.log, self.batches, self.size = log, batches, size
        self.sent = self.receipted = self.resent = 0
        self.topic = up(member.name, "batch")
        self.line = Line(member.name, address, client_context(ca, member.certificate, member.key), self._take)
        self._progress_at = 0.0

    @property
    def done(self) -> bool:
        return self.receipted == len(self.batches)

    def fill(self) -> None:
        while self.sent < len(self.batches) and self.sent - self.receipted < _IN_FLIGHT:
            self.line.publish(self.topic, self.batches[self.sent])
            self.sent += 1

    def begin(self) -> None:
        self._progress_at = time.monotonic()
        self.fill()

    def go_back(self, now: float) -> None:
        """To the last receipt, where none came for long."""
        if not self.done and now - self._progress_at > _RECEIPT_TIMEOUT_S:
            self.resent += self.sent - self.receipted
            self.sent, self._progress_at = self.receipted, now
            self.fill()

    def _take(self, _topic: str, payload: bytes) -> None:
        receipt = parse_receipt(payload)
        if receipt.log != self.log:  # the retained one, of a log this terminal wrote before
            return
        self.receipted = max(self.receipted, receipt.seq // self.size)
        self._progress_at = time.monotonic()
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
        senders = []
        for i, one in enumerate(members):
            log = os.urandom(8)
            made = signed_batches(one, log, people, i, size, batches)
            senders.append(_Sender(one, address, ca, log, made, size))
            end.send((i + 1) * batches)
        with selectors.DefaultSelector() as selector:
            for sender in senders:
                selector.register(sender.line, READ | selectors.EVENT_WRITE, sender)
            _turn(selector, senders, lambda: all(one.line.up for one in senders))
            end.send("ready")
            end.recv()
            started = time.process_time()
            for sender in senders:
                sender.begin()
                selector.modify(sender.line, sender.line.wants, sender)
            _turn(selector, senders, lambda: all(one.done for one in senders), end)
            end.send(_Done(time.process_time() - started, sum(one.resent for one in senders)))
            end.recv()  # until we are ended
    except (LineLost, OSError, ServerError) as error:
        end.send(f"failed: {error}")


def _turn(
    selector: selectors.BaseSelector, senders: list[_Sender], over: Callable[[], bool], end: Connection | None = None
) -> None:
    """Until it is over. With `end`, batches go, and their count is told there."""
    told = time.monotonic()
    give_up = told + _PATIENCE_S
    while not over():
        for key, _ in selector.select(0.5):
            one = key.data
            one.line.work()
            if one.line.wants != key.events:
                selector.modify(one.line, one.line.wants, one)
        now = time.monotonic()
        if end is not None and now - told > 0.5:
            told = now
            end.send(sum(one.receipted for one in senders))
            for one in senders:
                one.go_back(now)
                selector.modify(one.line, one.line.wants, one)
        if now > give_up:
            waiting = [f"{one.line.name} {one.receipted}/{len(one.batches)}" for one in senders if not one.done]
            raise ServerError(f"not everything was receipted in time: {', '.join(waiting[:5])}")
