"""How a real terminal says how it is, end to end: its two processes, the broker, the aggregator's conditions."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from server.demo.stage import Aggregator, Terminal, start_terminal
from server.fleet import health
from server.fleet.scheduler import Scheduler
from server.ledger.store import Ledger, now_ms
from server.ledger.tables import condition, ticket
from sync.health import LinkKind, SensorState, Serving

WAIT_S = 90.0


@pytest.fixture
def aggregator(tmp_path: Path) -> Iterator[Aggregator]:
    one = Aggregator(tmp_path, web_port=0)
    try:
        one.wait_until_ready()
        yield one
    finally:
        one.stop()


def wait(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < give_up, "it never came true"
        time.sleep(0.05)


def test_a_terminal_that_serves_nobody_is_found_and_has_a_week(aggregator: Aggregator, tmp_path: Path) -> None:
    """R2.6, S1: sync lives, the terminal does not. What it says goes through wire, ledger and rules to a ticket."""
    ledger = Ledger(f"sqlite:///{aggregator.folder / 'ledger.db'}")

    def said(serving: Serving) -> bool:
        with ledger.read() as connection:
            told = health.latest(connection, terminal.name)
        return told is not None and told.health.serving is serving

    def found() -> dict[str, str]:
        with ledger.read() as connection:
            return {row.kind: row.detail for row in connection.execute(select(condition)) if row.level > 1}

    def ignore(_terminal: Terminal, _said: dict[str, object]) -> None:
        pass

    with start_terminal(tmp_path, "t-1", aggregator, aggregator.broker_port, ignore) as terminal:
        wait(lambda: said(Serving.SERVING))
        with ledger.read() as connection:
            told = health.latest(connection, "t-1")
        assert told is not None
        assert told.health.link is not LinkKind.GPRS
        assert [sensor.state for sensor in told.health.sensors if sensor.name == "virtual"] == [SensorState.HERE]
        minute = Scheduler(ledger, lambda: True)
        minute.tick(now_ms())
        assert "service" not in found()
        terminal.close_the_door()
        (terminal.folder / "terminal.health").unlink()  # its last word, which would be stale in three minutes
        terminal._syncing.stop()  # a new link tells at once; on the old one news waits until it is no flapping
        terminal._syncing = terminal._start("sync", terminal._hear_sync)
        wait(lambda: said(Serving.ABSENT))
        for minutes in (1, 2):
            minute.tick(now_ms() + minutes * 60_000)
        assert found()["service"] == "absent"
        with ledger.read() as connection:
            assert [(row.terminal, row.kind) for row in connection.execute(select(ticket))] == [("t-1", "service")]
    ledger.close()
