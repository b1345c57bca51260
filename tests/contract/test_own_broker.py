"""`embedded = false`: the server at a broker that somebody else runs, set up as server/README.md says."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from server import leash
from server.broker import MAX_IN_FLIGHT, access_list, configuration, find_mosquitto, write_configuration
from server.trust.keys import open_keys
from sync.cbor import MAX_MESSAGE_BYTES
from tests.unit.server.aggregator import broker_settings, punch, until
from tests.unit.server.process import ROOT, Server, Unit

README = (ROOT / "server" / "README.md").read_text(encoding="utf-8")


class OwnBroker:
    """A Mosquitto that is no child of the server."""

    def __init__(self, folder: Path, port: int, state: Path) -> None:
        self._folder = folder
        self._user = write_configuration(folder, broker_settings(port), open_keys(state, ()))
        self.start()

    def start(self) -> None:
        command = [sys.executable, leash.__file__, str(os.getpid()), self._user or "-", find_mosquitto("mosquitto")]
        with (self._folder.parent / "broker.log").open("ab") as log:
            self._child = subprocess.Popen([*command, "-c", "mosquitto.conf"], cwd=self._folder, stderr=log, stdout=log)

    def end(self, number: signal.Signals) -> None:
        self._child.send_signal(number)
        self._child.wait()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    one = Server(tmp_path)
    with one.config.open("a", encoding="utf-8") as out:
        out.write("embedded = false\n")
    assert one.command("init").returncode == 0
    yield one
    one.stop()


def ready(server: Server) -> bool:
    return httpx.get(f"{server.url}/readyz", timeout=20).status_code == 200


def test_the_server_works_at_a_broker_of_somebody_elses(server: Server, tmp_path: Path) -> None:
    """Punches go up and receipts come down; when the broker dies, and forgets, the server finds it again (S2)."""
    broker = OwnBroker(tmp_path / "own", server.broker_port, tmp_path / "state")
    try:
        server.start()
        until(lambda: ready(server), "the server is ready")
        assert not (tmp_path / "state" / "broker").exists(), "it started one of its own"
        (person,) = server.people(1)
        unit = Unit(server, "t-1").start()
        try:
            unit.append(*(punch(person, n) for n in range(10)))
            until(lambda: unit.agent.state.receipted == 10, "receipted")
            until(lambda: unit.agent.state.roster_version == 1, "the roster came")
            broker.end(signal.SIGKILL)
            until(lambda: not ready(server), "the lost link is told")
            for path in (tmp_path / "own").glob("retained.db*"):
                path.unlink()
            unit.append(*(punch(person, n) for n in range(10, 15)))
            broker.start()
            until(lambda: unit.agent.state.receipted == 15, "receipted again")
            until(lambda: ready(server), "ready again")
        finally:
            unit.stop()
    finally:
        broker.end(signal.SIGTERM)


def test_the_readme_says_what_such_a_broker_must_be_told() -> None:
    told = [block.splitlines() for block in re.findall(r"\n```\n(cafile.*?|user.*?)```", README, re.DOTALL)]
    written = configuration(broker_settings()).splitlines()
    assert told[0] == written[written.index("cafile ca.crt") : written.index("acl_file acl") + 1]
    users = access_list().splitlines()[1:]
    assert told[1] == [*users[:4], *users[-2:]]  # the other workers' are like the first
    assert f"Packets of {(MAX_MESSAGE_BYTES + 1024) // 1024} KiB" in README
    assert f"max_inflight_messages {MAX_IN_FLIGHT}" in README


def test_the_readme_names_every_part() -> None:
    parts = {p.name for p in (ROOT / "server").glob("*.py")} - {"__init__.py"}
    parts |= {f"{p.parent.name}/" for p in (ROOT / "server").glob("*/__init__.py")}
    table = "\n".join(line for line in README.splitlines() if line.startswith("|"))
    assert {part for part in parts if f"`{part}`" not in table} == set()
