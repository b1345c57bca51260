"""From the moment the line is back to the server's receipt, over an emulated line of the second generation (S3).

Real are the agent, the outbox, paho, TLS 1.3 with a resumed session, TCP, Mosquitto, ingest and the signed receipt;
emulated is the line alone (sync.gprs). Several terminals measure side by side, each on a line of its own.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from statistics import median, quantiles
from typing import Any

from rich.console import Console
from rich.progress import Progress

from server import ServerError
from server.bench.fleet import PEOPLE, arrivals
from server.bench.stage import Stage, staged
from server.bench.wire import Site, register_people
from sync.gprs import CLEAR, POOR_2G, Gprs, Weather
from sync.record import Punch

_SIZES = (1, 60)
_MANY = 500
_LINES = 5
_SEED = 1


def run(console: Console, runs: int = 50, weather: Weather = POOR_2G) -> dict[str, Any]:
    """Seconds to the receipt of 1 and 60 punches, and the bytes of 500 (a day offline), over `runs` returns."""
    with Progress(console=console, transient=True) as progress, _lines(min(_LINES, runs)) as sites:
        task = progress.add_task("returns", total=runs * len(_SIZES) + 1)
        seconds = {str(size): _measure(sites, size, runs, weather, lambda: progress.advance(task)) for size in _SIZES}
        before = sites[0].line.traffic()
        sites[0].come_back(_MANY, weather)
        after = sites[0].line.traffic()
    return {
        "receipt_s": {size: _told(found) for size, found in seconds.items()},
        "bytes_of_500": after.up_bytes + after.down_bytes - before.up_bytes - before.down_bytes,
        "line": {"rate_bps": weather.rate_bps, "rtt_s": weather.rtt_s, "loss": weather.loss},
        "runs": runs,
    }


def _told(seconds: list[float]) -> dict[str, float]:
    return {
        "median": round(median(seconds), 2),
        "p95": round(quantiles(seconds, n=20, method="inclusive")[-1] if len(seconds) > 1 else seconds[0], 2),
        "worst": round(max(seconds), 2),
    }


@contextlib.contextmanager
def _lines(n: int) -> Iterator[list["Return"]]:
    """n terminals, each on its own line, admitted and with their rosters."""
    with ExitStack() as stack:
        lines = [stack.enter_context(contextlib.closing(Gprs(CLEAR, _SEED + i))) for i in range(n)]
        stage = stack.enter_context(staged(listen="0.0.0.0", hosts=tuple(line.far for line in lines)))  # noqa: S104
        people = register_people(stage)
        sites = [
            stack.enter_context(contextlib.closing(Return(stage, line, i, people))) for i, line in enumerate(lines)
        ]
        for one in sites:
            one.settle()
        yield sites


class Return:
    """A terminal that loses its line, takes punches, and comes back."""

    def __init__(self, stage: Stage, line: Gprs, number: int, people: list[bytes]) -> None:
        self.line = line
        self.site = Site(stage, line.far, stage.address[1], f"t-{number:04}", eager=True)
        self._coming: Iterator[Punch] = arrivals(people, _SEED + number)

    def settle(self) -> None:
        agent = self.site.agent
        self.site.settle(lambda: agent.state.up and agent.state.roster_version >= PEOPLE)

    def come_back(self, n: int, weather: Weather) -> float:
        """Seconds from the line's return to the receipt of n punches made without it."""
        site, line = self.site, self.line
        line.cut()
        line.readdress()
        site.link.renew("the line went", 0.0)
        for _ in range(n):
            site.outbox.append(next(self._coming))
        site.wait(lambda: not site.agent.state.up)
        line.weather = weather
        line.mend()
        started = time.monotonic()
        site.link.renew("the line is back", 0.0)
        site.wait(lambda: site.agent.state.receipted == site.outbox.seq)
        took = time.monotonic() - started
        line.weather = CLEAR
        if not site.link.resumed:
            raise ServerError("bench: the TLS session was not resumed")
        return took

    def close(self) -> None:
        self.site.close()


def _measure(sites: list[Return], size: int, runs: int, weather: Weather, on_done: Callable[[], None]) -> list[float]:
    found: list[float] = []
    left = iter(range(runs))

    def work(one: Return) -> None:
        while next(left, None) is not None:
            found.append(one.come_back(size, weather))
            on_done()

    threads = [threading.Thread(target=work, args=(one,)) for one in sites]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found
