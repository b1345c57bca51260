"""Three NATS JetStream servers in the broker's place, one of them killed in the middle: nothing lost, nothing twice.

On SQLite, as `run` comes: what is proved is about the broker.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sync.record import record_body
from tests.contract.nats_site import Cluster, patiently
from tests.unit.server.aggregator import punch
from tests.unit.server.process import Server, Unit

EACH = 100


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    one = Server(tmp_path)
    with one.config.open("a", encoding="utf-8") as out:
        out.write("embedded = false\n")
    assert one.command("init").returncode == 0
    yield one
    one.stop()


def stored(server: Server) -> dict[str, list[bytes]]:
    database = sqlite3.connect(server.ledger)
    rows = database.execute("SELECT terminal, body FROM record ORDER BY terminal, log, seq").fetchall()
    assert database.execute("SELECT count(*) FROM quarantine").fetchone()[0] == 0
    database.close()
    found: dict[str, list[bytes]] = {}
    for terminal, body in rows:
        found.setdefault(terminal, []).append(body)
    return found


def test_a_node_is_killed_in_the_middle(server: Server) -> None:
    """The same agents and the same aggregator as at Mosquitto; the node that carries most is the one that dies."""
    with Cluster(server) as cluster:
        server.start()
        patiently(lambda: httpx.get(f"{server.url}/readyz", timeout=20).status_code == 200, "the server is ready")
        (person,) = server.people(1)
        units: list[Unit] = []
        try:
            units += (Unit(server, f"t-{n}").start() for n in range(3))
            for unit in units:
                unit.append(*(punch(person, n) for n in range(EACH)))
            patiently(lambda: any(unit.agent.state.receipted >= EACH // 5 for unit in units), "it is under way")
            victim = cluster.carrying()
            cluster.kill(victim)
            for unit in units:
                unit.append(*(punch(person, n) for n in range(EACH, 2 * EACH)))
            patiently(lambda: all(unit.agent.state.receipted == 2 * EACH for unit in units), "everything receipted")
            patiently(lambda: "gate store=capped" in cluster.gate_log(), "the store of messages is capped")
            cluster.start(victim)
            patiently(lambda: all(unit.agent.state.roster_version == 1 for unit in units), "every roster came")
        finally:
            for unit in units:
                unit.stop()
        expected = {unit.terminal.name: [record_body(r) for _, r in unit.outbox.records()] for unit in units}
        assert stored(server) == expected
