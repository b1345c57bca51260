"""One terminal floods: what do the others notice, and when is it put out?

Twenty terminals bring a batch twice a second each and time its receipt, first by themselves, then beside one more,
in a process of its own, that sends as fast as the broker reads, waits for nothing, and comes back whenever it is cut.
What it sent before it was cut waits in the broker before the others' batches: that is the slowest receipt.
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
from server.bench.fleet import PEOPLE, Member, admit_fleet, signed_batches
from server.bench.line import READ, WRITE, Line, LineLost, client_context
from server.bench.stage import Stage, cpu_s, staged
from sync.topics import up
from sync.wire import parse_receipt

_TERMINALS, _BATCH, _EVERY_S = 20, 10, 0.5
_BEFORE_S, _WITH_S = 15.0, 45.0
_LATE_S, _UP_S = 30.0, 30.0
_AHEAD_BYTES = 256 * 1024
_REST_S = 0.05  # between two attempts of the flooder


def run(console: Console, before_s: float = _BEFORE_S, with_s: float = _WITH_S) -> dict[str, Any]:
    """The figures: the others' 99th percentile before and with the flood, and when it was first cut."""
    with Progress(console=console, transient=True) as progress, staged() as stage:
        people = [os.urandom(8) for _ in range(PEOPLE)]
        task = progress.add_task("admitting terminals", total=_TERMINALS + 1)
        members = admit_fleet(
            stage.ledger, stage.keys, stage.folder / "fleet", _TERMINALS + 1, people, lambda: progress.advance(task)
        )
        honest = _Honest(stage, members[1:], people, round((before_s + with_s) / _EVERY_S) + 2)
        task = progress.add_task("by themselves", total=before_s + with_s)
        alone = honest.work(before_s, lambda s: progress.update(task, completed=s))
        flooder = _Flooder(stage, members[0], people)
        try:
            progress.update(task, description="with a flood")
            before = cpu_s(stage)
            flooder.start()
            beside = honest.work(with_s, lambda s: progress.update(task, completed=before_s + s))
            spent = {name: round(value - before[name], 1) for name, value in cpu_s(stage).items()}
            told = flooder.stop()
        finally:
            flooder.end()
        honest.close()
    p99 = {"before": _p(alone, 99), "with": _p(beside, 99)}
    return {
        "p99_s": p99,
        "times": round(p99["with"] / p99["before"], 2),
        "p50_s": {"before": _p(alone, 50), "with": _p(beside, 50)},
        "slowest_s": {"before": round(max(alone), 3), "with": round(max(beside), 3)},
        "cut_off_s": told["cut_off_s"],
        "flood": {"messages": told["messages"], "times_cut": told["cut"], "for_s": with_s},
        "receipts": {"before": len(alone), "with": len(beside)},
        "terminals": _TERMINALS,
        "cpu_s": spent,
        "cores": len(os.sched_getaffinity(0)),
    }


def _p(values: list[float], percent: int) -> float:
    return round(sorted(values)[(len(values) - 1) * percent // 100], 4)


class _Terminal:
    """Sends its next batch when it is due, and times the receipt."""

    def __init__(self, stage: Stage, member: Member, people: list[bytes], seed: int, batches: int) -> None:
        self._batches = signed_batches(member, os.urandom(8), people, seed, _BATCH, batches)
        self._topic = up(member.name, "batch")
        self._sent = 0
        self._sent_at: dict[int, float] = {}
        self.took: list[float] = []
        context = client_context(stage.ca, member.certificate, member.key)
        self.line = Line(member.name, stage.address, context, self._take)

    @property
    def waiting(self) -> bool:
        return bool(self._sent_at)

    def send(self) -> None:
        self.line.publish(self._topic, self._batches[self._sent])
        self._sent += 1
        self._sent_at[self._sent * _BATCH] = time.monotonic()

    def _take(self, _topic: str, payload: bytes) -> None:
        seq = parse_receipt(payload).seq
        now = time.monotonic()
        for known in [one for one in self._sent_at if one <= seq]:
            self.took.append(now - self._sent_at.pop(known))


class _Honest:
    """The twenty, on one selector."""

    def __init__(self, stage: Stage, members: list[Member], people: list[bytes], batches: int) -> None:
        self._terminals = [_Terminal(stage, one, people, i, batches) for i, one in enumerate(members)]
        self._selector = selectors.DefaultSelector()
        for one in self._terminals:
            self._selector.register(one.line, READ | WRITE, one)
        give_up = time.monotonic() + _UP_S
        while not all(one.line.up for one in self._terminals):
            self._turn(0.1)
            if time.monotonic() > give_up:
                raise ServerError("bench: not every terminal came up")

    def work(self, for_s: float, on_time: Any) -> list[float]:
        """Send for so long; returns the seconds to each receipt. Raises ServerError when one does not come."""
        began = time.monotonic()
        gap_s = _EVERY_S / len(self._terminals)
        for n in range(round(for_s / gap_s)):
            while (left := began + n * gap_s - time.monotonic()) > 0:
                self._turn(left)
            one = self._terminals[n % len(self._terminals)]
            one.send()
            self._watch(one)
            self._turn(0)
            on_time(n * gap_s)
        give_up = time.monotonic() + _LATE_S
        while any(one.waiting for one in self._terminals):
            self._turn(0.1)
            if time.monotonic() > give_up:
                raise ServerError(f"bench: a receipt did not come within {_LATE_S:.0f} s")
        took = [took for one in self._terminals for took in one.took]
        for one in self._terminals:
            one.took.clear()
        return took

    def close(self) -> None:
        for one in self._terminals:
            one.line.close()
        self._selector.close()

    def _turn(self, timeout_s: float) -> None:
        for key, _ in self._selector.select(timeout_s):
            try:
                key.data.line.work()
            except LineLost as error:
                raise ServerError(f"bench: an honest terminal was cut: {error}") from None
            self._watch(key.data)

    def _watch(self, one: _Terminal) -> None:
        self._selector.modify(one.line, one.line.wants, one)


class _Flooder:
    """The one, in its own process."""

    def __init__(self, stage: Stage, member: Member, people: list[bytes]) -> None:
        batch = signed_batches(member, os.urandom(8), people, 0, 50, 1)[0]
        spawn = multiprocessing.get_context("spawn")
        self._end, far = spawn.Pipe()
        self._child = spawn.Process(target=_flood, args=(far, stage.address, stage.ca, member, batch), daemon=True)
        self._child.start()
        far.close()
        self._hear()

    def start(self) -> None:
        self._end.send("go")

    def stop(self) -> dict[str, Any]:
        self._end.send("stop")
        told: dict[str, Any] = self._hear()
        return told

    def end(self) -> None:
        self._child.terminate()
        self._child.join()

    def _hear(self) -> Any:
        if not self._end.poll(_UP_S):
            raise ServerError("bench: the flooder does not answer")
        return self._end.recv()


def _flood(end: Connection, address: tuple[str, int], ca: Path, member: Member, batch: bytes) -> None:
    """The flooder's process: says when it is ready, floods from "go" to "stop", and tells what became of it."""
    context = client_context(ca, member.certificate, member.key)
    topic = up(member.name, "batch")
    messages = cut = 0
    cut_off_s: float | None = None
    end.send("ready")
    end.recv()
    began = time.monotonic()
    while not end.poll():
        line = Line(member.name, address, context, lambda *_: None)
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(line, READ | WRITE)
                while not end.poll():
                    if line.up:
                        while line.unsent < _AHEAD_BYTES:
                            line.publish(topic, batch)
                            messages += 1
                    selector.modify(line, line.wants)
                    selector.select(0.1)
                    line.work()
        except LineLost:
            cut += 1
            cut_off_s = time.monotonic() - began if cut_off_s is None else cut_off_s
            time.sleep(_REST_S)
        finally:
            line.close()
    end.send({"messages": messages, "cut": cut, "cut_off_s": None if cut_off_s is None else round(cut_off_s, 2)})
    end.recv()  # until we are ended
