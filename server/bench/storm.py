"""Every terminal of a district comes back at once after an outage, each with a batch that has waited.

One process holds all the lines. Nobody resumes a TLS session: a broker that was restarted has forgotten them, so this
is the dear case. Each terminal draws its first attempt from the agent's window (full jitter up to its longest pause),
and after a failure backs off as the agent does. The clock runs from the end of the outage to the last receipt.
"""

import heapq
import itertools
import os
import random
import selectors
import time
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

WINDOW_S = 40.0  # the longest pause between two attempts of a terminal in a district of this size
_FIRST_RETRY_S, _CONNECT_S = 0.5, 15.0
_BATCH, _SEED = 10, 1
_GIVE_UP_S = 300.0


def run(console: Console, terminals: int, window_s: float = WINDOW_S) -> dict[str, Any]:
    """The figures of one storm."""
    with Progress(console=console, transient=True) as progress, staged() as stage:
        people = [os.urandom(8) for _ in range(PEOPLE)]
        task = progress.add_task("admitting terminals", total=terminals)
        members = admit_fleet(
            stage.ledger, stage.keys, stage.folder / "fleet", terminals, people, lambda: progress.advance(task)
        )
        task = progress.add_task("signing", total=terminals)
        storm = _Storm(stage, window_s)
        for i, one in enumerate(members):
            batch = signed_batches(one, os.urandom(8), people, i, _BATCH, 1)[0]
            storm.add(_Terminal(one, stage.address, stage.ca, batch))
            progress.advance(task)
        task = progress.add_task("coming back", total=terminals)
        before, mine = cpu_s(stage), time.process_time()
        took = storm.run(lambda n: progress.update(task, completed=n))
        after = cpu_s(stage)
        spent = {name: round(after[name] - before[name], 1) for name in after}
        attempts = sum(one.attempts for one in storm.terminals)
        waits = sorted(one.receipted_s for one in storm.terminals)
        storm.close()
    return {
        "terminals": terminals,
        "reconnect_s": round(took, 1),
        "attempts_per_terminal": round(attempts / terminals, 3),
        "window_s": window_s,
        "attempt_to_receipt_s": {f"p{p}": round(waits[len(waits) * p // 100], 3) for p in (50, 99)},
        "cpu_s": {"clients": round(time.process_time() - mine, 1), **spent},
        "cores": len(os.sched_getaffinity(0)),
    }


class _Terminal:
    """One terminal: comes, delivers its batch, stays."""

    def __init__(self, member: Member, address: tuple[str, int], ca: Path, batch: bytes) -> None:
        self.member, self.address, self.ca, self.batch = member, address, ca, batch
        self.line: Line | None = None
        self.attempts = 0
        self.pause_s = WINDOW_S
        self.began = self.receipted_s = 0.0
        self.sent = self.receipted = False

    def connect(self) -> Line:
        self.attempts += 1
        self.began = time.monotonic()
        self.sent = False
        context = client_context(self.ca, self.member.certificate, self.member.key)
        self.line = Line(self.member.name, self.address, context, self._take)
        return self.line

    def work(self) -> None:
        """Raises LineLost."""
        assert self.line is not None  # noqa: S101 - only called for a line
        self.line.work()
        if self.line.up and not self.sent:
            self.sent = True
            self.line.publish(up(self.member.name, "batch"), self.batch)
            self.line.work()

    def lose(self) -> float:
        """The line is gone; returns the pause before the next attempt."""
        if self.line is not None:
            self.line.close()
            self.line = None
        self.pause_s = _FIRST_RETRY_S if self.sent else min(2 * self.pause_s, WINDOW_S)
        return self.pause_s

    def _take(self, _topic: str, payload: bytes) -> None:
        if parse_receipt(payload).seq == _BATCH and not self.receipted:
            self.receipted = True
            self.receipted_s = time.monotonic() - self.began


class _Storm:
    """All of them on one selector."""

    def __init__(self, stage: Stage, window_s: float) -> None:
        self._stage = stage
        self._window_s = window_s
        self._draw = random.Random(_SEED)  # noqa: S311 - a load, not a secret
        self._order = itertools.count()
        self._due: list[tuple[float, int, _Terminal]] = []
        self._selector = selectors.DefaultSelector()
        self.terminals: list[_Terminal] = []

    def add(self, one: _Terminal) -> None:
        self.terminals.append(one)

    def run(self, on_count: Any) -> float:
        started = time.monotonic()
        for one in self.terminals:
            self._later(one, self._window_s)
        told = started
        while True:
            now = time.monotonic()
            if now - told > 0.5:
                told = now
                done = sum(one.receipted for one in self.terminals)
                on_count(done)
                self._stage.aggregator.check()
                if done == len(self.terminals):
                    return max(one.began + one.receipted_s for one in self.terminals) - started
                if now - started > _GIVE_UP_S:
                    raise ServerError(f"bench: only {done} terminals came back within {_GIVE_UP_S:.0f} s")
                self._drop_slow(now)
            while self._due and self._due[0][0] <= now:
                one = heapq.heappop(self._due)[2]
                self._selector.register(one.connect(), READ | WRITE, one)
                now = time.monotonic()
            self._turn(0.02)

    def close(self) -> None:
        for one in self.terminals:
            if one.line is not None:
                one.line.close()
        self._selector.close()

    def _later(self, one: _Terminal, pause_s: float) -> None:
        heapq.heappush(self._due, (time.monotonic() + self._draw.uniform(0, pause_s), next(self._order), one))

    def _turn(self, timeout_s: float) -> None:
        for key, _ in self._selector.select(timeout_s):
            one: _Terminal = key.data
            if one.line is None:
                continue
            try:
                one.work()
            except LineLost:
                self._lose(one)
                continue
            if one.line.wants != key.events:
                self._selector.modify(one.line, one.line.wants, one)

    def _drop_slow(self, now: float) -> None:
        for one in self.terminals:
            if one.line is not None and not one.line.up and now - one.began > _CONNECT_S:
                self._lose(one)

    def _lose(self, one: _Terminal) -> None:
        if one.line is not None:
            self._selector.unregister(one.line)
        self._later(one, one.lose())
