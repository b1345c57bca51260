"""Helpers: `hazri-server` as the processes it is in the field, and a terminal that talks to it over mutual TLS."""

import json
import select
import signal
import subprocess
import sys
import threading
from pathlib import Path

from sync import admission
from sync.agent import Agent, AgentSettings
from sync.ed25519 import PublicKey
from sync.keys import write_key
from sync.mqtt import MqttLink, MqttSettings
from sync.outbox import Outbox
from sync.record import Record
from sync.roster import RosterStore
from sync.topics import down_all
from tests.unit.server.aggregator import WAIT_S, Terminal, free_port

ROOT = Path(__file__).parents[3]


class Server:
    """A state directory and the commands on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.web_port, self.broker_port = free_port(), free_port()
        self.config = folder / "server.toml"
        self.config.write_text(
            f'state_dir = "{folder / "state"}"\n[web]\nport = {self.web_port}\n[broker]\nport = {self.broker_port}\n',
            encoding="utf-8",
        )
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def ledger(self) -> Path:
        return self.folder / "state" / "ledger.db"

    def command(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "server", *arguments, "--config", str(self.config)]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)

    def start(self) -> str:
        """Returns the readiness line."""
        command = [sys.executable, "-m", "server", "run", "--config", str(self.config)]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, cwd=ROOT)
        assert self.process.stdout
        ready, _, _ = select.select([self.process.stdout], [], [], WAIT_S)
        line = self.process.stdout.readline().decode() if ready else ""
        assert line.startswith("ready "), (line, self.log())
        return line.strip()

    def log(self) -> str:
        return (self.folder / "server.log").read_text(encoding="utf-8")

    def kill(self) -> None:
        """kill -9, as a power cut or the kernel's out-of-memory killer would."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        if self.process is None:
            return 0
        self.process.send_signal(number)
        code = self.process.wait(WAIT_S)
        assert self.process.stdout
        self.process.stdout.close()
        self.process = None
        return code

    def token(self, scope: str) -> str:
        made = self.command("token", "new", "--scope", scope)
        assert made.returncode == 0, made.stderr
        return made.stdout.strip().rpartition("#")[2]

    def admit(self, terminal: Terminal) -> Terminal:
        request, out = self.folder / f"{terminal.name}.request.json", self.folder / f"{terminal.name}.admission.json"
        request.write_bytes(terminal.request())
        done = self.command("admit", str(request), "--out", str(out))
        assert done.returncode == 0, done.stderr
        terminal.admission = admission.parse(admission.Admission, out.read_bytes())
        return terminal

    def people(self, n: int) -> list[bytes]:
        lines = [json.dumps({"name": f"Synthetic Person {i:03}", "digits": f"{i:06}"}) for i in range(n)]
        done = self.command("people", "import", stdin="\n".join(lines))
        assert done.returncode == 0, done.stderr
        return [bytes.fromhex(json.loads(line)["person"]) for line in done.stdout.splitlines()]


class Unit:
    """A terminal's outbox and its real agent over MQTT with mutual TLS."""

    def __init__(self, server: Server, name: str) -> None:
        self.terminal = server.admit(Terminal(name))
        folder = server.folder / name
        folder.mkdir()
        admitted = self.terminal.admission
        assert admitted
        write_key(folder / "transport.key", self.terminal.transport)
        (folder / "transport.crt").write_text(admitted.certificate, encoding="utf-8")
        (folder / "ca.crt").write_text(admitted.ca, encoding="utf-8")
        self.punches = folder / "punches.db"
        self.outbox = Outbox(self.punches, name, self.terminal.key)
        self.store = RosterStore(folder / "roster.db")
        settings = MqttSettings(
            host=admitted.broker_host,
            port=admitted.broker_port,
            ca=folder / "ca.crt",
            certificate=folder / "transport.crt",
            key=folder / "transport.key",
            client_id=name,
            subscriptions=(down_all(name),),
            retry_max_s=1.0,
        )
        self.agent = Agent(
            AgentSettings(name, batch=5, receipt_timeout_s=2.0, poll_s=0.02),
            self.punches,
            self.store,
            MqttLink(settings),
            PublicKey(bytes.fromhex(admitted.server_key)),
            lambda _state: None,
        )
        self._stop = threading.Event()
        self._store_path = folder / "roster.db"
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        # A connection to SQLite stays on the thread that opened it.
        self.agent._store = RosterStore(self._store_path)
        self.agent.run(self._stop)

    def start(self) -> "Unit":
        self._thread.start()
        return self

    def append(self, *records: Record) -> None:
        for record in records:
            self.outbox.append(record)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
