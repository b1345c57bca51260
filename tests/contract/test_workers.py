"""Two ingest workers on one PostgreSQL: each terminal is taken by one, and the ledger is as if there were one."""

import select
import signal
import subprocess
import sys
from pathlib import Path

from server.ledger.locks import place
from server.ledger.store import Ledger
from server.transparency.audit import Auditor
from server.trust.keys import open_keys
from sync.ed25519 import PublicKey
from tests.databases import fresh_url
from tests.unit.server.aggregator import WAIT_S, until
from tests.unit.server.aggregator import punch as a_punch
from tests.unit.server.process import ROOT, Server, Unit

N = 400


def test_two_workers_share_the_terminals_and_one_order(tmp_path: Path) -> None:
    url = fresh_url("postgresql")
    server = Server(tmp_path)
    text = server.config.read_text(encoding="utf-8")
    text = text.replace("[web]", f'database_url = "{url}"\n[web]', 1) + "[ingest]\nworkers = 2\n"
    server.config.write_text(text, encoding="utf-8")
    server.start()
    command = [sys.executable, "-m", "server", "worker", "--number", "1", "--config", str(server.config)]
    log = (tmp_path / "worker.log").open("wb")
    with log, subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log) as worker:
        assert worker.stdout
        ready, _, _ = select.select([worker.stdout], [], [], WAIT_S)
        assert ready, (tmp_path / "worker.log").read_text()
        assert worker.stdout.readline() == b"ready worker=1/2\n"
        names = [f"t-{i}" for i in range(1, 5)]
        assert {place(name) % 2 for name in names} == {0, 1}, "both have some"
        units = [Unit(server, name).start() for name in names]
        for unit in units:
            unit.append(*(a_punch(b"nobody!!", n) for n in range(N)))
        until(lambda: all(unit.agent.state.receipted == N for unit in units), "everything receipted")
        for unit in units:
            unit.stop()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(WAIT_S) == 0
    assert server.stop() == 0
    ledger = Ledger(url)
    auditor = Auditor(ledger, PublicKey.of(open_keys(tmp_path / "state", ()).server))
    assert sum(auditor.steps()) == N * len(names), "the numbers have no gap"
    assert auditor.report().sound, auditor.report().findings
    ledger.close()
