"""The aggregator's process tree killed in the middle of ingest: nothing lost, nothing twice, every receipt kept.

On SQLite, as `run` comes; kills on PostgreSQL are in test_workers.py and test_pull_kill.py.
"""

import random
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sync.record import record_body
from tests.unit.server.aggregator import punch, until
from tests.unit.server.process import Server, Unit

EACH = 200
PERSON = b"person-1"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    one = Server(tmp_path)
    yield one
    one.kill()


def bodies(server: Server) -> dict[str, list[bytes]]:
    """What the ledger holds of each terminal, by seq."""
    database = sqlite3.connect(server.ledger)
    rows = database.execute("SELECT terminal, seq, body FROM record ORDER BY terminal, log, seq").fetchall()
    numbers = [row[0] for row in database.execute("SELECT server_seq FROM record ORDER BY server_seq")]
    quarantined = database.execute("SELECT count(*) FROM quarantine").fetchone()[0]
    database.close()
    assert numbers == list(range(1, len(rows) + 1))
    assert quarantined == 0
    found: dict[str, list[bytes]] = {}
    for terminal, seq, body in rows:
        found.setdefault(terminal, []).append(body)
        assert seq == len(found[terminal])
    return found


@pytest.mark.parametrize("wiped", [False, True], ids=["server killed", "server killed and broker wiped"])
def test_killed_at_any_moment_nothing_is_lost_or_doubled(server: Server, wiped: bool) -> None:
    """The agents are the terminals' own; they drop a record only on the server's signed receipt."""
    server.people(1)
    server.start()
    units = [Unit(server, f"t-{n}").start() for n in range(3)]
    for n in range(EACH):
        for unit in units:
            unit.append(punch(PERSON, n))
    receipted_before_a_kill = {unit.terminal.name: 0 for unit in units}
    for seed in range(3):
        time.sleep(random.Random(seed).uniform(0.02, 0.4))
        for unit in units:
            receipted_before_a_kill[unit.terminal.name] = unit.agent.state.receipted
        server.kill()
        held = {name: len(rows) for name, rows in bodies(server).items()}
        for name, seq in receipted_before_a_kill.items():
            assert held.get(name, 0) >= seq, "a receipt was given for what is not in the ledger"
        if wiped:
            until(lambda: not _listens(server.broker_port), "the broker has gone with the server")
            for kept in (server.folder / "state" / "broker").glob("retained.db*"):
                kept.unlink()
        server.start()
    until(lambda: all(unit.agent.state.receipted == EACH for unit in units), "everything receipted")
    for unit in units:
        unit.stop()
    assert server.stop() == 0
    expected = {unit.terminal.name: [record_body(r) for _, r in unit.outbox.records()] for unit in units}
    assert bodies(server) == expected


def test_two_servers_do_not_share_a_directory(server: Server) -> None:
    server.start()
    second = server.command("run")
    assert second.returncode == 1
    assert "another hazri-server runs on this directory" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_stop_is_clean_while_terminals_and_pages_are_connected(server: Server) -> None:
    server.start()
    unit = Unit(server, "t-1").start()
    unit.append(punch(PERSON, 1))
    until(lambda: unit.agent.state.receipted == 1, "receipted")
    with httpx.Client(base_url=server.url, timeout=20) as client:
        client.post("/enter", data={"token": server.token("dashboard")})
        with client.stream("GET", "/live") as stream:
            next(stream.iter_lines())
            assert server.stop() == 0
    unit.stop()
    assert "Traceback" not in server.log()


def _listens(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
