"""`hazri-server pull --follow` as a process, while it and the server are killed at random: the copy is exact."""

import contextlib
import functools
import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.databases import DATABASES, fresh_url
from tests.unit.server.aggregator import punch, until
from tests.unit.server.process import ROOT, Server, Unit

N = 900


@pytest.mark.parametrize("database", DATABASES)
def test_either_side_may_be_killed_at_any_moment(tmp_path: Path, database: str) -> None:
    """R10, S13."""
    server = Server(tmp_path)
    if url := fresh_url(database):
        server.config.write_text(f'database_url = "{url}"\n' + server.config.read_text(encoding="utf-8"))
    token, out, said = tmp_path / "token", tmp_path / "copy.ndjson", tmp_path / "pull.log"
    code = "import server.sharing.pull as p; p.PAGE = 50; p._POLL_S = 0.05; from server.__main__ import main; main()"
    draw = random.Random(11)
    with contextlib.ExitStack() as kept:
        kept.callback(server.stop)
        server.start()
        token.write_text(server.token("pull"), encoding="utf-8")
        where = ["--url", server.url, "--token-file", token, "--state", tmp_path / "state.json", "--out", out]
        command = [sys.executable, "-c", code, "pull", *map(str, where)]
        unit = Unit(server, "t-1").start()
        kept.callback(unit.stop)
        pulling: list[subprocess.Popen[bytes]] = []

        def follow() -> None:
            with said.open("ab") as log:
                process = subprocess.Popen([*command, "--follow"], cwd=ROOT, stderr=log)
            pulling.append(kept.enter_context(process))
            kept.callback(process.kill)

        def grown(size: int) -> bool:
            code = pulling[-1].poll()
            assert code is None, f"pull ended with {code}: {said.read_text(encoding='utf-8')}"
            return out.exists() and out.stat().st_size > size

        follow()
        for turn in range(3):
            size = out.stat().st_size if out.exists() else 0  # before there is more: it may be copied at once
            for n in range(turn * N // 3, (turn + 1) * N // 3, 50):
                unit.append(*(punch(b"nobody!!", one) for one in range(n, n + 50)))
                time.sleep(draw.uniform(0, 0.05))
            until(functools.partial(grown, size), "the copy grows")
            if turn < 2:
                server.kill()
            pulling[-1].kill()
            pulling[-1].wait()
            if turn < 2:
                server.start()
                follow()
        until(lambda: unit.agent.state.receipted == N, "everything receipted")
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        copy = [json.loads(line) for line in out.read_bytes().splitlines()]
        assert [(one["server_seq"], one["seq"]) for one in copy] == [(n, n) for n in range(1, N + 1)]
        unit.stop()
        assert server.stop() == 0
