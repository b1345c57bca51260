"""What the load tests run against: `hazri-server run` as an own process with its broker, in a folder that goes away."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from server.demo.stage import Aggregator, start_aggregator
from server.ledger.store import Ledger
from server.trust.keys import ServerKeys, open_keys

_HERTZ = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Stage:
    """A running aggregator, and its keys and ledger opened once more to admit terminals and to count."""

    folder: Path
    aggregator: Aggregator
    keys: ServerKeys
    ledger: Ledger

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.aggregator.broker_port

    @property
    def ca(self) -> Path:
        return self.keys.directory / "ca.crt"


@contextmanager
def staged(listen: str = "127.0.0.1", hosts: tuple[str, ...] = (), url: str = "") -> Iterator[Stage]:
    """`hosts`: further names and addresses that its broker is reached by. `url`: of an empty database; else SQLite."""
    folder = Path(tempfile.mkdtemp(prefix="hazri-bench-"))
    try:
        open_keys(folder / "server", ("127.0.0.1", *hosts))
        with start_aggregator(folder, listen, web_port=0, url=url) as aggregator:
            ledger = Ledger(url or f"sqlite:///{aggregator.folder / 'ledger.db'}")
            try:
                yield Stage(folder, aggregator, open_keys(aggregator.folder, ("127.0.0.1",)), ledger)
            finally:
                ledger.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def cpu_s(stage: Stage) -> dict[str, float]:
    """CPU seconds, user and system, that the aggregator, its broker and its background work have used so far."""
    spent = {"aggregator": cpu_of(stage.aggregator.pid), "broker": 0.0, "background": 0.0}
    for child in _children(stage.aggregator.pid):
        broker = Path(f"/proc/{child}/comm").read_text().strip() == "mosquitto"
        spent["broker" if broker else "background"] += cpu_of(child)
    return spent


def _children(pid: int) -> list[int]:
    return [int(one) for task in Path(f"/proc/{pid}/task").iterdir() for one in (task / "children").read_text().split()]


def cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _HERTZ
