"""`hazri-server pull` against a real web server: exact over kill -9 at any point, and clear when it fails.

The source is on SQLite: a pull sees HTTP alone. The feed behind it, and kills of either side, are proved on both
(test_api_feed.py, test_pull_kill.py).
"""

import contextlib
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest

from server import PullError
from server.run import start_web
from server.sharing import pull as room
from server.sharing.copied import Changes, Feed, Punches
from server.sharing.pull import State, pull
from server.trust import tokens
from server.trust.tokens import Scope
from server.web.services import Services
from tests.unit.server.aggregator import Aggregator, Line, Terminal, aggregator, until
from tests.unit.server.process import ROOT

N = 12_000


class Source:
    """An aggregator with punches and its API on a real socket."""

    def __init__(self, one: Aggregator, stack: contextlib.ExitStack) -> None:
        self.one = one
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        start_web(stack, Services(one.ledger, one.feed, list), listening)
        self.line = Line(one.hub, one.admit(Terminal("t-1")))
        self.token = tokens.make(one.ledger, "test", Scope.PULL, 1)

    def add(self, n: int) -> None:
        terminal = self.line.terminal
        done = len(terminal.records)
        terminal.punches(n)
        for first in range(done + 1, done + n + 1, 500):
            self.line.send("batch", terminal.batch_bytes(first, min(first + 499, done + n)))
        self.one.wait("punches", done + n)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    with aggregator(tmp_path_factory.mktemp("source")) as one, contextlib.ExitStack() as stack:
        made = Source(one, stack)
        made.add(N)
        yield made


PUNCHES, CHANGES = Punches(), Changes()


def run_once(source: Source, folder: Path, feed: Feed = PUNCHES) -> Path:
    pull(source.url, source.token, folder / "state", folder / "out.ndjson", feed=feed, follow=False)
    return folder / "out.ndjson"


def seqs(out: Path) -> list[int]:
    """Of the lines that are whole; the last may be on its way to the disk."""
    *lines, _ = out.read_bytes().split(b"\n")
    return [json.loads(line)["server_seq"] for line in lines]


def held(source: Source) -> list[int]:
    return list(range(1, len(source.line.terminal.records) + 1))


@pytest.mark.parametrize("feed", [PUNCHES, CHANGES])
def test_everything_comes_once_and_again_nothing(source: Source, tmp_path: Path, feed: Feed) -> None:
    out = run_once(source, tmp_path, feed)
    assert seqs(out) == held(source)
    before = out.read_bytes()
    run_once(source, tmp_path, feed)
    assert out.read_bytes() == before
    source.add(7)
    run_once(source, tmp_path, feed)
    assert seqs(out) == held(source)
    assert out.read_bytes().startswith(before)


def test_an_answer_that_is_too_large_is_asked_for_in_parts(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_MAX_PAGE_BYTES", 300_000)
    assert seqs(run_once(source, tmp_path)) == held(source)
    (tmp_path / "small").mkdir()
    monkeypatch.setattr(room, "_MAX_PAGE_BYTES", 100)
    with pytest.raises(PullError, match="more than 100 bytes"):
        run_once(source, tmp_path / "small")


def test_one_entry_that_is_longer_than_a_page_comes_by_itself(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A month offline is dated by one entry: the copy takes it, and is what it would have been."""
    out, state = tmp_path / "out.ndjson", tmp_path / "state"
    last = held(source)[-3:]
    state.write_bytes(msgspec.json.encode(State(source.url, f"{last[0] - 1}.0", 0)))
    monkeypatch.setattr(room, "_MAX_PAGE_BYTES", 100)
    monkeypatch.setattr(room, "_MAX_ENTRY_BYTES", 101)
    with pytest.raises(PullError, match="more than 101 bytes"):
        pull(source.url, source.token, state, out, feed=CHANGES, follow=False)
    monkeypatch.setattr(room, "_MAX_ENTRY_BYTES", 100_000)
    pull(source.url, source.token, state, out, feed=CHANGES, follow=False)
    assert seqs(out) == last


@pytest.mark.parametrize(("flags", "kills"), [([], 4), (["--changes"], 2)])
def test_killed_at_any_moment_the_file_is_exact_in_the_end(
    source: Source, tmp_path: Path, flags: list[str], kills: int
) -> None:
    """The pages are made small, so that there are many moments."""
    (tmp_path / "token").write_text(source.token + "\n", encoding="utf-8")
    code = "import sys, server.sharing.pull as p; p.PAGE = 200; from server.__main__ import main; main()"
    out, state = tmp_path / "out.ndjson", tmp_path / "state"
    arguments = ["pull", "--url", source.url, "--token-file", tmp_path / "token", "--state", state, "--out", out]
    command = [sys.executable, "-c", code, *map(str, arguments), *flags]
    for seed in range(kills):
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) as process:
            size = _size(out)
            until(lambda p=process, s=size: p.poll() is not None or _size(out) > s, "it grows, or all is there")  # type: ignore[misc]
            time.sleep(random.Random(seed).uniform(0, 0.05))
            process.kill()
        known = msgspec.json.decode(state.read_bytes(), type=State) if state.exists() else State(source.url, 0, 0)
        lines = out.read_bytes()[: known.size].splitlines()
        after = int(str(known.after).partition(".")[0])
        assert len(lines) == after, "the state names what is whole in the file"
        with out.open("ab") as torn:
            torn.write(b'{"server_seq": 99')
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, seqs(out)) == (0, held(source)), done.stderr


class Killed(BaseException):
    """Nobody catches it, as nobody catches SIGKILL."""


@pytest.mark.parametrize("feed", [PUNCHES, CHANGES])
def test_killed_before_any_step_of_keeping_a_page_it_goes_on(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, feed: Feed
) -> None:
    """R10, S13: also in the first page of all, when no state was kept yet."""
    left = 0

    def deadly(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            nonlocal left
            if threading.current_thread() is threading.main_thread():
                left -= 1
                if left == 0:
                    raise Killed
            return real(*args)

        return call

    steps = 0
    while left <= 0:
        steps += 1
        left, folder = steps, tmp_path / str(steps)
        folder.mkdir()
        with monkeypatch.context() as dying, contextlib.suppress(Killed):
            dying.setattr(os, "fsync", deadly(os.fsync))
            dying.setattr(Path, "replace", deadly(Path.replace))
            run_once(source, folder, feed)
        assert seqs(run_once(source, folder, feed)) == held(source), steps
    assert steps > 3 * 4  # pages of 5,000; to each the lines, and the state in three steps


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def test_following_takes_what_comes(source: Source, tmp_path: Path) -> None:
    failed: list[Exception] = []

    def work() -> None:
        try:
            pull(source.url, source.token, tmp_path / "state", tmp_path / "out", feed=PUNCHES, follow=True)
        except PullError as error:
            failed.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    until(lambda: (tmp_path / "out").exists() and len(seqs(tmp_path / "out")) == len(held(source)), "caught up")
    source.add(3)
    until(lambda: len(seqs(tmp_path / "out")) == len(held(source)), "the new ones came")
    with source.one.ledger.write() as connection:
        connection.exec_driver_sql("DELETE FROM api_token")
    until(lambda: bool(failed), "a token that is gone ends it")
    assert "not one of this server's" in str(failed[0])
    source.token = tokens.make(source.one.ledger, "test", Scope.PULL, 1)


@pytest.mark.parametrize(
    ("prepare", "says"),
    [
        (lambda d: (d / "out.ndjson").write_text("x\n"), "is not empty"),
        (lambda d: (d / "state").write_text("{}"), "not a state file"),
        (lambda d: (d / "state").write_text('{"url":"URL","after":1,"size":-1}'), "not a state file"),
        (lambda d: (d / "state").write_text('{"url":"URL","after":-1,"size":1}'), "not a state file"),
        (lambda d: (d / "state").write_text('{"url":"http://other","after":1,"size":1}'), "belongs to http://other"),
        (lambda d: (d / "state").write_text('{"url":"URL","after":9,"size":900}'), "restore the file"),
        (lambda d: (d / "state").write_text('{"url":"URL","after":"9.0","size":0}'), "is not of punches"),
        (lambda d: (d / "state").write_text('{"url":"URL","after":"nine","size":0}'), "not a state file"),
        (lambda d: (d / "out.ndjson").mkdir(), "irectory"),
    ],
)
def test_local_files_that_do_not_fit_are_refused_and_left_alone(
    source: Source, tmp_path: Path, prepare: object, says: str
) -> None:
    assert callable(prepare)
    prepare(tmp_path)
    state = tmp_path / "state"
    if state.exists():
        state.write_text(state.read_text(encoding="utf-8").replace("URL", source.url), encoding="utf-8")
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    with pytest.raises(PullError, match=says):
        run_once(source, tmp_path)
    assert all(path.read_bytes() == data for path, data in before.items())


def test_a_wrong_token_is_said(source: Source, tmp_path: Path) -> None:
    with pytest.raises(PullError, match="401: the token is not one of this server's"):
        pull(source.url, "hz_wrong", tmp_path / "state", tmp_path / "out", feed=PUNCHES, follow=False)
    with pytest.raises(PullError, match="expected one line"):
        pull(source.url, "two words", tmp_path / "state", tmp_path / "out", feed=PUNCHES, follow=False)


def test_nobody_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(PullError, match=r"127\.0\.0\.1:9/api/v1/punches: .*refused"):
        pull("http://127.0.0.1:9", "t", tmp_path / "state", tmp_path / "out", feed=PUNCHES, follow=False)
    for url in ("ftp://x", "nonsense", "http://", "http://[::1", "http://a..b", "http://xn--zzzzzz.in"):
        with pytest.raises(PullError, match="--url"):
            pull(url, "t", tmp_path / "state", tmp_path / "out", feed=PUNCHES, follow=False)


@pytest.mark.parametrize(
    ("feed", "status", "body", "says"),
    [
        (PUNCHES, 200, b"<html>", "not an answer of hazri-server"),
        (PUNCHES, 200, b'{"punches":[],"next":-1,"more":false}', "not in the order"),
        (PUNCHES, 200, b'{"punches":[],"next":0,"more":true}', "more behind 0, and gives nothing"),
        (PUNCHES, 404, b"nothing", "is this the address"),
        (PUNCHES, 503, b"{}", "answered 503"),
        (PUNCHES, 200, b" " * (17 * 1024 * 1024), "more than"),
        (CHANGES, 200, b'{"punches":[],"next":0,"more":false}', "not an answer of hazri-server"),
        (CHANGES, 200, b'{"entries":[{}],"next":"0.0","more":false}', "not entries of hazri-server"),
        (CHANGES, 200, b'{"entries":[],"next":"next","more":false}', "not entries of hazri-server"),
        (CHANGES, 200, b'{"entries":[{"cursor":"0.0"}],"next":"1.0","more":false}', "not in the order"),
        (CHANGES, 200, b'{"entries":[{"cursor":"2.0"}],"next":"1.0","more":false}', "not in the order"),
        (CHANGES, 200, b'{"entries":[{\n"cursor":"1.0"}],"next":"1.0","more":false}', "over several lines"),
        (CHANGES, 200, b'{"entries":[],"next":"0.0","more":true}', "more behind 0.0, and gives nothing"),
    ],
)
def test_a_server_that_is_not_ours_is_not_believed(
    tmp_path: Path, feed: Feed, status: int, body: bytes, says: str
) -> None:
    out = tmp_path / "o"

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with contextlib.suppress(OSError):
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Other) as other:
        thread = threading.Thread(target=other.serve_forever)
        thread.start()
        try:
            with pytest.raises(PullError, match=says):
                pull(f"http://127.0.0.1:{other.server_port}", "t", tmp_path / "s", out, feed=feed, follow=False)
        finally:
            other.shutdown()
            thread.join()
    assert out.read_bytes() == b""


def test_following_a_server_that_promises_and_gives_nothing_takes_its_time(tmp_path: Path) -> None:
    asked: list[float] = []

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(time.monotonic())
            self.send_response(200 if len(asked) < 3 else 404)
            self.end_headers()
            self.wfile.write(b'{"punches":[],"next":0,"more":true}')

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Other) as other:
        thread = threading.Thread(target=other.serve_forever)
        thread.start()
        try:
            with pytest.raises(PullError, match="404"):
                pull(
                    f"http://127.0.0.1:{other.server_port}",
                    "t",
                    tmp_path / "s",
                    tmp_path / "o",
                    feed=PUNCHES,
                    follow=True,
                )
        finally:
            other.shutdown()
            thread.join()
    assert asked[1] - asked[0] >= 1
    assert asked[2] - asked[1] >= 2
