"""The demo's programs: how each is set up, started, listened to and ended. Only real commands, nothing in-process."""

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from server import DemoError, leash
from server.demo.people import Person

_READY_S = 60.0
_STOP_S = 10.0
_WEB_PORT = 8480
_MORE_PORTS = 4
Hear = Callable[[dict[str, Any]], None]


class Program:
    """One child of `python`, which ends when we do. Its stdout lines go to `hear`; what it logs goes to a file."""

    def __init__(
        self, name: str, command: list[str], folder: Path, hear: Callable[[str], None], python: str = sys.executable
    ) -> None:
        self.name = name
        self._log = folder / f"{name.replace(' ', '-')}.log"
        with self._log.open("wb") as log:
            self._child = subprocess.Popen(
                leash.tied([python, "-P", *command]),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        self._thread = threading.Thread(target=self._listen, args=(hear,), daemon=True)
        self._thread.start()

    def _listen(self, hear: Callable[[str], None]) -> None:
        assert self._child.stdout is not None  # noqa: S101 - it is a pipe
        for line in self._child.stdout:
            hear(line.rstrip())

    @property
    def pid(self) -> int:
        return self._child.pid

    def check(self) -> None:
        """Raises DemoError when it has ended by itself."""
        if self._child.poll() is not None:
            tail = " | ".join(self._log.read_text(errors="replace").splitlines()[-5:])
            raise DemoError(f"{self.name} ended with exit code {self._child.returncode}: {tail}")

    def wait(self) -> int:
        code = self._child.wait()
        self._thread.join()
        return code

    def stop(self) -> None:
        if self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
            try:
                self._child.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
        self._thread.join()
        if self._child.stdout is not None:
            self._child.stdout.close()


def once(command: list[str], *, given: str = "") -> str:
    """Run a command to its end; returns what it printed. Raises DemoError with its last words."""
    done = subprocess.run([sys.executable, "-P", *command], input=given, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise DemoError(f"{' '.join(command[1:3])} failed: {done.stderr.strip().splitlines()[-1:]}")
    return done.stdout


def free_port(wanted: int = 0) -> int:
    """`wanted` when it is free on loopback, else any."""
    for port in (wanted, 0):
        try:
            with socket.create_server(("127.0.0.1", port)) as taken:
                return int(taken.getsockname()[1])
        except OSError:
            continue
    raise DemoError("no free port on loopback")


class Aggregator:
    """`hazri-server run` with its own folder, database, broker and keys."""

    def __init__(self, folder: Path, listen: str = "127.0.0.1", web_port: int = _WEB_PORT, url: str = "") -> None:
        self.folder = folder / "server"
        self.folder.mkdir(exist_ok=True)
        self.broker_port, self._web_port = free_port(), free_port(web_port)
        self._config = self.folder / "server.toml"
        self._config.write_text(
            f"state_dir = {json.dumps(str(self.folder))}\ndatabase_url = {json.dumps(url)}\n"
            f"[web]\nport = {self._web_port}\n"
            f"[broker]\nport = {self.broker_port}\nlisten = {json.dumps(listen)}\n"
        )
        self.dashboard = self._command("token", "new", "--scope", "dashboard").strip()
        self._token = self.folder / "pull.token"
        self._token.write_text(self._command("token", "new", "--scope", "pull"))
        self._ready = threading.Event()
        self.restart()

    def restart(self) -> None:
        """Start the program; for the first time, or after it has ended."""
        self._ready.clear()
        self._program = Program("aggregator", ["-m", "server", "run", *self._with_config()], self.folder, self._hear)

    def register(self, people: list[Person]) -> list[str]:
        """Register them; returns their opaque references in the same order."""
        lines = "".join(json.dumps(asdict(person)) + "\n" for person in people)
        answer = self._command("people", "import", given=lines)
        return [json.loads(line)["person"] for line in answer.splitlines()]

    def admit(self, request: Path, admission: Path) -> None:
        self._command("admit", str(request), "--out", str(admission))

    def pull(self, out: Path) -> list[dict[str, Any]]:
        """The whole ledger, fetched by the client a central server would run."""
        address = ["--url", f"http://127.0.0.1:{self._web_port}", "--token-file", str(self._token)]
        self._command("pull", *address, "--state", str(out) + ".state", "--out", str(out))
        return [json.loads(line) for line in out.read_text().splitlines()]

    def wait_until_ready(self) -> None:
        give_up = time.monotonic() + _READY_S
        while not self._ready.wait(0.1):
            self.check()
            if time.monotonic() > give_up:
                raise DemoError("the aggregator did not become ready")

    def check(self) -> None:
        self._program.check()

    @property
    def pid(self) -> int:
        return self._program.pid

    def stop(self) -> None:
        self._program.stop()

    def _hear(self, line: str) -> None:
        if line.startswith("ready "):
            self._ready.set()

    def _command(self, *words: str, given: str = "") -> str:
        return once(["-m", "server", *words, *self._with_config()], given=given)

    def _with_config(self) -> list[str]:
        return ["--config", str(self._config)]


@contextmanager
def start_aggregator(
    folder: Path, listen: str = "127.0.0.1", web_port: int = _WEB_PORT, url: str = ""
) -> Iterator[Aggregator]:
    aggregator = _started(folder, listen, web_port, url)
    try:
        yield aggregator
    finally:
        aggregator.stop()


def _started(folder: Path, listen: str, web_port: int, url: str) -> Aggregator:
    """A port that was free may be another program's before ours listens there: then again, on other ports."""
    for wanted in (web_port, *[0] * _MORE_PORTS):
        aggregator = Aggregator(folder, listen, wanted, url)
        try:
            aggregator.wait_until_ready()
            return aggregator
        except BaseException as error:
            aggregator.stop()
            if not (isinstance(error, DemoError) and os.strerror(errno.EADDRINUSE) in str(error)):
                raise
    raise DemoError("every port that was free was taken by another program before the aggregator listened there")


class Terminal:
    """One terminal: its folder and keys, its two processes, and the people before it."""

    def __init__(self, folder: Path, name: str, aggregator: Aggregator, broker_port: int, on_green: "OnGreen") -> None:
        self.name = name
        self.folder = folder / name
        self.folder.mkdir()
        self.up, self.reason, self.network_cut = False, "not connected yet", False
        self.log = ""
        self.made = self.sent = self.receipted = self.roster_version = self.people = self.templates = 0
        self._on_green = on_green
        self._config = self.folder / "edge.toml"
        self._virtual = self.folder / "virtual.sock"
        path = json.dumps
        self._config.write_text(
            f"state_dir = {path(str(self.folder))}\nruntime_dir = {path(str(self.folder))}\n"
            f"[sync]\nbroker_port = {broker_port}\nretry_max_s = 2.0\n"
            f'[[sensors]]\ndriver = "virtual"\noptions = {{ socket = {path(str(self._virtual))} }}\n'
        )
        self._admit(aggregator)
        self._playing: Program | None = None
        self._serving: Program | None
        self._serving = self._start("terminal", self._hear_terminal)
        self._syncing = self._start("sync", self._hear_sync)

    def _admit(self, aggregator: Aggregator) -> None:
        request, admission = self.folder / "request.json", self.folder / "admission.json"
        self._command("keys", "--id", self.name, "--out", str(request))
        aggregator.admit(request, admission)
        self._command("accept", str(admission))

    def play(self, plan: dict[str, Any], hear: Hear) -> Program:
        """Let people act before this terminal by a plan; `hear` gets one result a session."""
        sockets = {"control": str(self.folder / "control.sock"), "virtual": str(self._virtual)}
        file = self.folder / "plan.json"
        file.unlink(missing_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            json.dump({"terminal": sockets, **plan}, out)
        command = ["-m", "edge", "play", "--json", str(file), *self._with_config()]
        self._playing = Program(f"play {self.name}", command, self.folder, lambda line: hear(json.loads(line)))
        return self._playing

    def enrol(self, steps: list[dict[str, Any]], on_done: Callable[[int], None]) -> list[dict[str, Any]]:
        """Enrol everybody of `steps`, one after the other; returns the answers."""
        answers: list[dict[str, Any]] = []

        def hear(answer: dict[str, Any]) -> None:
            answers.append(answer)
            on_done(len(answers))

        self.play({"enrol": steps}, hear).wait()
        self.stop_playing()
        if len(answers) != len(steps):
            raise DemoError(f"{len(steps) - len(answers)} people did not come to enrol at {self.name}")
        return answers

    def stop_playing(self) -> None:
        playing, self._playing = self._playing, None
        if playing is not None:
            playing.stop()

    def drained(self) -> bool:
        """Everything made here is receipted by the server."""
        return self.receipted >= self.made

    def check(self) -> None:
        for program in (self._serving, self._syncing, self._playing):
            if program is not None:
                program.check()

    def close_the_door(self) -> None:
        """Nobody punches any more; what was punched still has to arrive."""
        self.stop_playing()
        serving, self._serving = self._serving, None
        if serving is not None:
            serving.stop()

    def stop(self) -> None:
        self.close_the_door()
        self._syncing.stop()

    def _start(self, what: str, hear: Hear) -> Program:
        command = ["-m", "edge", what, "--events", "json", *self._with_config()]
        return Program(f"{self.name} {what}", command, self.folder, lambda line: hear(json.loads(line)))

    def _hear_terminal(self, said: dict[str, Any]) -> None:
        match said["event"]:
            case "ready" | "roster":
                self.log = said.get("log", self.log)
                self.people, self.templates = said["people"], said["templates"]
            case "outcome" if said["outcome"] == "accepted":
                self.made = max(self.made, said["seq"])
                self._on_green(self, said)

    def _hear_sync(self, said: dict[str, Any]) -> None:
        match said["event"]:
            case "link":
                self.up, self.reason = said["up"], said["reason"]
            case "sent":
                self.sent = said["seq"]
            case "receipted":
                self.receipted = said["seq"]
                self.sent = max(self.sent, self.receipted)
            case "roster":
                self.roster_version = said["roster_version"]
        self.made = max(self.made, said.get("made", 0))

    def _command(self, *words: str) -> str:
        return once(["-m", "edge", *words, *self._with_config()])

    def _with_config(self) -> list[str]:
        return ["--config", str(self._config)]


OnGreen = Callable[[Terminal, dict[str, Any]], None]


@contextmanager
def start_terminal(
    folder: Path, name: str, aggregator: Aggregator, broker_port: int, on_green: OnGreen
) -> Iterator[Terminal]:
    terminal = Terminal(folder, name, aggregator, broker_port, on_green)
    try:
        yield terminal
    finally:
        terminal.stop()
