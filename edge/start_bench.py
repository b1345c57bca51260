"""`hazri-edge bench start`: from exec to ready for a punch, and to the first byte that sync sends.

The real processes, each started afresh some times, on a made-up terminal in an empty folder: admitted by an authority
of this moment, with a virtual sensor and an empty roster. The server is a socket that hears the greeting. Wall time is
the machine's on the day; the processor's time is the program's, and hardly depends on what else runs.
"""

import datetime as dt
import json
import os
import select
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.x509.oid import NameOID

from edge import SetupError
from edge.trust import provision
from sync.admission import Admission, Request, lookup_binding, parse, to_json
from sync.seal import seal_to

ROUNDS, TIMEOUT_S = 5, 120.0
_TERMINAL = "bench"
_TICKS = os.sysconf("SC_CLK_TCK")


def bench_start(rounds: int = ROUNDS, models_dir: Path | None = None) -> dict[str, Any]:
    """Medians of `rounds` in seconds, wall and processor's. Raises SetupError for a process that does not come up."""
    with tempfile.TemporaryDirectory(prefix="hazri-start-") as folder, socket.create_server(("127.0.0.1", 0)) as server:
        config = _admitted(Path(folder), server.getsockname()[1], models_dir)
        _run("terminal", config, _ready)  # once, so that what is read is in memory
        ready = [_run("terminal", config, _ready) for _ in range(rounds)]
        sends = [_run("sync", config, lambda child: _greets(child, server)) for _ in range(rounds)]
    report: dict[str, Any] = {"rounds": rounds}
    for name, times in (("terminal_ready", ready), ("sync_sends", sends)):
        report[f"{name}_s"] = round(statistics.median(wall for wall, _ in times), 3)
        report[f"{name}_cpu_s"] = round(statistics.median(cpu for _, cpu in times), 3)
    return report


def _run(unit: str, config: Path, wait: Any) -> tuple[float, float]:
    """(wall, processor's) seconds until `wait` has come back."""
    began_s = time.monotonic()
    command = [sys.executable, "-m", "edge", unit, "--events", "json", "--config", str(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        try:
            wait(child)
            return time.monotonic() - began_s, _cpu_s(child.pid)
        finally:
            child.terminate()
            child.wait(TIMEOUT_S)


def _ready(child: "subprocess.Popen[bytes]") -> None:
    assert child.stdout is not None  # noqa: S101 - it is a pipe
    for line in child.stdout:
        if json.loads(line).get("event") == "ready":
            return
    raise SetupError("bench start: the terminal did not become ready; `hazri-edge terminal` says why")


def _greets(child: "subprocess.Popen[bytes]", server: socket.socket) -> None:
    if not select.select([server], [], [], TIMEOUT_S)[0]:
        raise SetupError(f"bench start: sync said nothing (exit code {child.poll()})")
    line, _ = server.accept()
    with line:
        line.settimeout(TIMEOUT_S)
        line.recv(1)


def _cpu_s(pid: int) -> float:
    """proc_pid_stat(5): utime and stime, after the name in brackets."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _admitted(folder: Path, port: int, models_dir: Path | None) -> Path:
    """A state directory and its settings."""
    state, config = folder / "state", folder / "edge.toml"
    provision.accept(state, _admission(provision.make(state, _TERMINAL), port).encode())
    models = f"models_dir = {json.dumps(str(models_dir))}\n" if models_dir else ""
    config.write_text(
        f"state_dir = {json.dumps(str(state))}\nruntime_dir = {json.dumps(str(folder))}\n{models}"
        f'[[sensors]]\ndriver = "virtual"\noptions = {{ socket = {json.dumps(str(folder / "virtual.sock"))} }}\n'
    )
    return config


def _admission(request_text: str, port: int) -> str:
    """As an aggregator would answer that nobody else knows."""
    request, authority = parse(Request, request_text), ec.generate_private_key(ec.SECP256R1())
    public = x509.load_pem_x509_csr(request.csr.encode()).public_key()
    if not isinstance(public, ec.EllipticCurvePublicKey):
        raise SetupError("bench start: a transport key that is none")
    seal = X25519PublicKey.from_public_bytes(bytes.fromhex(request.seal_key))
    return to_json(
        Admission(
            terminal=request.terminal,
            certificate=_signed(public, request.terminal, authority),
            ca=_signed(authority.public_key(), "bench authority", authority),
            server_key=Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex(),
            template_key=X25519PrivateKey.generate().public_key().public_bytes_raw().hex(),
            lookup_key=seal_to(seal, os.urandom(32), lookup_binding(request.terminal)).hex(),
            broker_host="127.0.0.1",
            broker_port=port,
            charter=0,
        )
    )


def _signed(public: ec.EllipticCurvePublicKey, name: str, authority: ec.EllipticCurvePrivateKey) -> str:
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder().serial_number(x509.random_serial_number()).public_key(public)
    builder = builder.subject_name(_named(name)).issuer_name(_named("bench authority"))
    builder = builder.not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
    constraints = x509.BasicConstraints(ca=name == "bench authority", path_length=None)
    made = builder.add_extension(constraints, critical=True).sign(authority, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM).decode()


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
