"""An honest terminal after an outage: the real agent drains its backlog, and what keeps floods out never hinders it."""

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from server import LedgerError
from server.ledger.store import Ledger
from sync.agent import Agent, AgentSettings
from sync.ed25519 import PublicKey
from sync.link import LoopbackLink
from sync.outbox import Outbox
from sync.roster import RosterStore
from sync.topics import down_all
from tests.unit.server.aggregator import WAIT_S, Aggregator, Terminal, aggregator, punch

RECORDS = 640
MOST_IN_FLIGHT = 16  # what the settings of a terminal allow


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Aggregator]:
    with aggregator(tmp_path) as one:
        yield one


def backlog(running: Aggregator, folder: Path, receipt_timeout_s: float) -> Agent:
    """An agent, about to connect, with 320 messages to send."""
    terminal = running.admit(Terminal("t-1"))
    outbox = Outbox(folder / "punches.db", "t-1", terminal.key)
    for n in range(RECORDS):
        outbox.append(punch(b"nobody!!", n + 1))
    settings = AgentSettings(
        "t-1", batch=2, in_flight=MOST_IN_FLIGHT, poll_s=0.001, receipt_timeout_s=receipt_timeout_s
    )
    link = LoopbackLink(running.hub, (down_all("t-1"),))
    key = PublicKey.of(running.keys.server)
    return Agent(settings, folder / "punches.db", RosterStore(folder / "roster.db"), link, key, lambda _: None)


def drain(agent: Agent) -> None:
    give_up = time.monotonic() + 3 * WAIT_S
    while agent.state.receipted < RECORDS:
        assert time.monotonic() < give_up, agent.state
        agent.step()


def stored(running: Aggregator) -> list[object]:
    return [row[0] for row in running.sql("SELECT seq FROM record ORDER BY server_seq")]


def test_a_backlog_drains_with_nothing_dropped(running: Aggregator, tmp_path: Path) -> None:
    """S2: as fast as receipts come, with as many under way as a terminal can be told to have."""
    agent = backlog(running, tmp_path, 20.0)
    agent.open()
    drain(agent)
    assert stored(running) == list(range(1, RECORDS + 1))
    assert (running.count("batches"), running.count("repeats"), running.count("throttled")) == (RECORDS // 2, 0, 0)


def test_while_the_ledger_takes_nothing_repeats_are_dropped_and_nobody_is_shown_the_door(
    running: Aggregator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S12: an agent that has no receipt sends again and again; it waits in few places, and then drains at once."""
    told: list[str] = []
    running.ingest._on_flood = told.append
    up_again = threading.Event()
    take_in = Ledger.take_in

    def refusing(ledger: Ledger, terminals: set[str]) -> contextlib.AbstractContextManager[object]:
        if not up_again.is_set():
            raise LedgerError("the database is away")
        return take_in(ledger, terminals)

    monkeypatch.setattr(Ledger, "take_in", refusing)
    agent = backlog(running, tmp_path, 1.0)  # the least the settings allow
    agent.open()
    give_up = time.monotonic() + WAIT_S
    while running.ingest._dropped < MOST_IN_FLIGHT:
        assert time.monotonic() < give_up, running.feed.counts()
        agent.step()
    up_again.set()
    drain(agent)
    assert stored(running) == list(range(1, RECORDS + 1))
    assert told == []
