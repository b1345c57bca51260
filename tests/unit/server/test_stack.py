"""A state above its districts, with the real API between them: exact over kill -9 of either side, and believing nobody.
All names and people are made up."""

import contextlib
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from server import StackError
from server.run import start_web
from server.sharing import stack
from server.transparency import notary
from server.transparency.audit import Auditor
from server.trust import tokens
from server.trust.tokens import Scope
from server.web.services import Services
from sync.ed25519 import PublicKey
from tests.databases import fresh_url
from tests.unit.server.aggregator import Aggregator, Line, Terminal, boot_event
from tests.unit.server.process import ROOT

_SAME = "SELECT terminal, log, seq, type, body, head FROM record ORDER BY terminal, log, seq"


class District:
    """An aggregator with its API on a real socket, two terminals, and a token for the state."""

    def __init__(self, folder: Path, url: str, stack: contextlib.ExitStack, names: tuple[str, ...]) -> None:
        folder.mkdir()
        self.one = Aggregator(folder, url)
        self.one.start()
        stack.callback(self.one.stop)
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        start_web(stack, Services(self.one.ledger, self.one.feed, list, vault=self.one.keys.vault), listening)
        self.token = tokens.make(self.one.ledger, "state", Scope.PULL, 1)
        self.lines = [Line(self.one.hub, self.one.admit(Terminal(name))) for name in names]
        for line in self.lines:
            line.terminal.add(boot_event())

    @property
    def key(self) -> str:
        return self.one.keys.server.public_key().public_bytes_raw().hex()

    def add(self, n: int) -> None:
        for line in self.lines:
            t = line.terminal
            done = len(t.records)
            t.punches(n)
            for first in range(done if done > 1 else 1, done + n + 1, 50):
                line.send("batch", t.batch_bytes(first, min(first + 49, done + n)))
        self.one.wait("records", sum(len(line.terminal.records) for line in self.lines))


class State:
    """The aggregator above."""

    def __init__(self, folder: Path, url: str, district: District) -> None:
        folder.mkdir()
        self.folder, self.district = folder, district
        self.one = Aggregator(folder, url)
        stack.add(self.one.ledger, self.one.vault, "d1", district.url, district.key, district.token)

    def pull(self) -> int:
        return sum(stack.pull(self.one.ledger, self.one.roster_keys, "d1"))

    def state(self) -> str:
        return str(stack.districts(self.one.ledger)[0].state)


@pytest.fixture
def pair(tmp_path: Path, database: str) -> Iterator[State]:
    with contextlib.ExitStack() as kept:
        district = District(tmp_path / "district", fresh_url(database), kept, ("t-1", "t-2"))
        district.add(300)
        state = State(tmp_path / "state", fresh_url(database), district)
        kept.callback(state.one.ledger.close)
        yield state


def test_every_record_comes_once_and_is_verified_here_too(pair: State) -> None:
    assert pair.pull() == 602
    assert pair.pull() == 0
    assert pair.one.sql(_SAME) == pair.district.one.sql(_SAME)
    assert pair.one.sql("SELECT terminal, district FROM district_terminal ORDER BY terminal") == [
        ("t-1", "d1"),
        ("t-2", "d1"),
    ]
    auditor = Auditor(pair.one.ledger, PublicKey.of(pair.one.keys.server))
    assert sum(auditor.steps()) == 602
    assert auditor.report().sound, auditor.report().findings
    notary.make(pair.district.one.ledger, pair.district.one.keys.server)
    pair.district.add(10)
    assert pair.pull() == 20
    assert pair.one.sql(_SAME) == pair.district.one.sql(_SAME)


def test_killed_at_any_moment_it_is_exact_in_the_end(pair: State) -> None:
    """R10: the process of the state is killed at random while it pulls pages of fifty."""
    config = pair.folder / "server.toml"
    url = pair.one.ledger.engine.url.render_as_string()
    config.write_text(f'state_dir = "{pair.folder}"\ndatabase_url = "{url}"\n', encoding="utf-8")
    code = "import server.sharing.stack as s; s.PAGE = 60; from server.__main__ import main; main()"
    command = [sys.executable, "-c", code, "stack", "pull", "d1", "--config", str(config)]
    cursors = [0]
    for seed in range(4):
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            give_up = time.monotonic() + 30
            while _after(pair) <= cursors[-1] and process.poll() is None and time.monotonic() < give_up:
                time.sleep(0.005)
            time.sleep(random.Random(seed).uniform(0, 0.02))
            process.send_signal(signal.SIGKILL)
        cursors.append(_after(pair))
        assert pair.one.sql("SELECT count(*) FROM record") == [(cursors[-1],)], "the cursor counts what is here"
    assert len(set(cursors)) > 2, "it was killed on its way"
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert pair.one.sql(_SAME) == pair.district.one.sql(_SAME)


def _after(pair: State) -> int:
    return int(stack.districts(pair.one.ledger)[0].after)


def test_an_edit_in_the_district_is_seen_from_above(pair: State) -> None:
    """Whoever holds the district's key and database makes it whole again, and signs it: what was pulled speaks."""
    pair.pull()
    district = pair.district.one
    district.edit("UPDATE tile SET hashes = :other WHERE level = 0 AND idx = 0", other=bytes(32 * 256))
    assert notary.make(district.ledger, district.keys.server)
    with pytest.raises(StackError, match="contradicts the 602 that were pulled"):
        pair.pull()
    assert pair.state() == "forked"
    assert pair.one.sql("SELECT count(*) FROM record") == [(602,)]


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        (("UPDATE record SET body = (SELECT body FROM record WHERE seq = 8 AND terminal = 't-1') "
         "WHERE seq = 9 AND terminal = 't-1'"), "refused=signature"),
        (("UPDATE signed SET signature = (SELECT signature FROM signed WHERE seq = 50 AND terminal = 't-2') "
         "WHERE terminal = 't-1'"), "refused=signature"),
        ("UPDATE terminal_key SET vouched = (SELECT signature FROM signed LIMIT 1)", "does not vouch for a key"),
        ("DELETE FROM record WHERE server_seq = 5", "not there, or in another order"),
        ("DELETE FROM signed", "no signature"),
    ],
)  # fmt: skip
def test_what_the_terminals_did_not_sign_is_not_taken(pair: State, statement: str, says: str) -> None:
    pair.district.one.edit(statement)
    with pytest.raises(StackError, match=says):
        pair.pull()
    assert pair.state() == "forked"
    assert pair.one.sql("SELECT count(*) FROM record") == [(0,)]


def test_a_terminal_of_ours_is_nobody_elses(pair: State) -> None:
    pair.one.admit(Terminal("t-1"))
    with pytest.raises(StackError, match="t-1 is a terminal of this server"):
        pair.pull()
