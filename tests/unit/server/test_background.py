"""What runs beside `run`: begun again when it ends, ended with whoever keeps it, and never two of it at once.

On SQLite: what is proved is about processes; what they do to a ledger is proved on both elsewhere.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from server.child import Child
from server.fleet import hearing, pulse
from server.ledger.store import Ledger
from server.ledger.tables import counter
from tests.unit.server.aggregator import until
from tests.unit.server.process import ROOT, Server

SLEEPS = [sys.executable, "-c", "import time; print('ready', flush=True); time.sleep(60)"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    one = Server(tmp_path)
    yield one
    one.kill()


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def background_of(server: Server) -> int | None:
    """Its process id, once it works: a thread of it keeps the days."""
    assert server.process is not None
    for task in Path(f"/proc/{server.process.pid}/task").iterdir():
        for pid in map(int, (task / "children").read_text().split()):
            threads = list(Path(f"/proc/{pid}/task").iterdir())
            if len(threads) > 1 and b"background" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return pid
    return None


def test_a_child_is_begun_again_when_it_ends_and_ended_when_told() -> None:
    one = Child("sample", SLEEPS)
    one.start()
    until(lambda: one.pid is not None, "it runs")
    first = one.pid
    assert first is not None
    assert not one.missing
    os.kill(first, signal.SIGKILL)
    until(lambda: one.missing, "its end is noticed")
    until(lambda: not one.missing and one.pid not in (None, first), "another one is ready")
    second = one.pid
    assert second is not None
    one.stop()
    assert not runs(second)
    assert one.pid is None
    assert not one.alive


def test_a_child_that_cannot_begin_is_missing_and_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    one = Child("sample", [sys.executable, "-c", "raise SystemExit(3)"])
    one.start()
    until(lambda: "exit code 3" in caplog.text, "why it ended is said")
    assert one.missing
    assert one.alive
    one.stop()
    assert caplog.text.count("exit code 3") == 1


def test_a_child_ends_when_its_keeper_is_killed() -> None:
    code = (
        "import sys, time; from server.child import Child\n"
        f"one = Child('sample', {SLEEPS!r}); one.start()\n"
        "while one.pid is None: time.sleep(0.01)\n"
        "print(one.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=ROOT) as keeper:
        assert keeper.stdout
        pid = int(keeper.stdout.readline())
        keeper.kill()
    until(lambda: not runs(pid), "the child has gone with its keeper")


def test_run_keeps_its_background_and_takes_it_along(server: Server) -> None:
    """Killed, it is back; the server killed, it is gone, and the next server is ready beside no other."""
    server.start()
    until(lambda: background_of(server) is not None, "the background works")
    first = background_of(server)
    assert first is not None
    os.kill(first, signal.SIGKILL)
    until(lambda: httpx.get(f"{server.url}/readyz", timeout=20).status_code == 503, "its end is told")
    until(lambda: httpx.get(f"{server.url}/readyz", timeout=20).status_code == 200, "it is back")
    second = background_of(server)
    assert second not in (None, first)
    server.kill()
    assert second is not None
    until(lambda: not runs(second), "it has gone with the server")
    server.start()
    until(lambda: background_of(server) is not None, "it works again")
    third = background_of(server)
    assert server.stop() == 0
    assert third is not None
    assert not runs(third)


def test_who_comes_second_stands_by(server: Server) -> None:
    assert server.command("init").returncode == 0
    command = [sys.executable, "-m", "server", "background", "--config", str(server.config)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as one,
        subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as other,
    ):
        assert one.stdout
        assert other.stdout
        os.set_blocking(one.stdout.fileno(), False)
        os.set_blocking(other.stdout.fileno(), False)
        said: dict[int, bytes] = {}

        def hear() -> int:
            for process in (one, other):
                assert process.stdout
                said[process.pid] = said.get(process.pid, b"") + (process.stdout.read() or b"")
            return sum(b"ready" in text for text in said.values())

        until(lambda: hear() == 1, "one of them works")
        worker, standby = (one, other) if b"ready" in said[one.pid] else (other, one)
        time.sleep(1.5)
        assert hear() == 1
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0
        until(lambda: hear() == 2, "the other takes over")
        standby.send_signal(signal.SIGTERM)
        assert standby.wait(20) == 0


def test_whether_anybody_listens_is_told_by_the_ledger(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path / 'l.db'}")
    up = [False]
    one = hearing.Hearing(ledger, lambda: up[0])
    one.round()
    assert not hearing.hears(ledger)
    up[0] = True
    one.round()
    assert hearing.hears(ledger)
    with ledger.write() as connection:
        connection.execute(counter.update().values(value=counter.c.value - 61_000))
    assert not hearing.hears(ledger)


def test_a_look_at_the_fleet_is_told_to_whoever_serves_the_figures(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path / 'l.db'}")
    looked = pulse.Pulse(3, 1, 1_700_000_000_000, {"follow": 0.25, "daily": 0.000001})
    with ledger.write() as connection:
        assert pulse.load(connection) == pulse.Pulse()
        pulse.save(connection, pulse.Pulse(2, 1, 5, {"follow": 9.0}))
        pulse.save(connection, looked)
        assert pulse.load(connection) == looked
