"""The embedded broker: Debian's Mosquitto as a supervised child with a configuration we write.

What must stay true here: only a certificate of our CA gets in; its common name is the MQTT username and the client id,
so one terminal can neither speak nor listen for another, nor take over its session; the child ends with us.

Nothing in the broker is worth keeping: a punch lives in the terminal's outbox until our signed receipt. Its
persistence only spares terminals a repeat after an orderly restart.
"""

import contextlib
import logging
import os
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from server import BrokerError, leash
from server.ledger.locks import PLACES
from server.settings import BrokerSettings
from server.trust.keys import CRL, ServerKeys
from server.trust.pki import INGEST
from sync.cbor import MAX_MESSAGE_BYTES
from sync.files import replace_file
from sync.topics import DOWN, ROOT, UP, UP_ALL

log = logging.getLogger("hazri.broker")

MAX_IN_FLIGHT = 200
_START_TIMEOUT_S = 10.0
_STOP_TIMEOUT_S = 5.0
_FIRST_RETRY_S, _RETRY_MAX_S = 0.2, 10.0
_STEADY_S = 30.0
# Every client that goes without a TLS goodbye leaves this.
_ORDINARY_END = "unexpected eof while reading"
_LINES_PER_WINDOW, _WINDOW_S = 20, 10.0


class Broker:
    """Starts Mosquitto, brings it back when it dies, and stops it. One thread owns the child from birth to death,
    because the kernel counts the parent's death by thread."""

    def __init__(self, settings: BrokerSettings, state_dir: Path, keys: ServerKeys) -> None:
        self._settings = settings
        self._directory = state_dir / "broker"
        self._keys = keys
        self._stop = threading.Event()
        self._accepting = threading.Event()
        self._failed: BrokerError | None = None
        self._thread = threading.Thread(target=self._supervise, name="broker", daemon=True)
        self._child: subprocess.Popen[bytes] | None = None
        self._doors: dict[str, frozenset[str]] = {}

    def start(self) -> None:
        """Return when the broker accepts connections. Raises BrokerError."""
        _wait_for_free_port(self._settings)
        self._thread.start()
        self._accepting.wait(_START_TIMEOUT_S + 1)
        if self._failed is not None:
            raise self._failed
        if not self._accepting.is_set():
            self.stop()
            raise BrokerError(
                f"the broker did not accept connections within {_START_TIMEOUT_S:.0f} s; see its log lines"
            )

    def stop(self) -> None:
        self._stop.set()
        self._end_child()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def accepting(self) -> bool:
        return self._accepting.is_set()

    @property
    def pid(self) -> int | None:
        """The child's process id, None while there is none."""
        return self._child.pid if self._child and self._child.poll() is None else None

    def deny(self, terminals: Iterable[str], why: str = "flood") -> None:
        """From now on exactly these may, for this reason, neither speak nor listen, whatever their sessions; and the
        revocation list is read anew. Raises BrokerError."""
        self._doors[why] = frozenset(terminals)
        try:
            self._renew("acl", access_list(self._denied).encode())
            self._renew(CRL, (self._keys.directory / CRL).read_bytes())
        except OSError as error:
            raise BrokerError(f"{self._directory}: {error.strerror}") from None
        child = self._child
        if child is not None and child.poll() is None:
            child.send_signal(signal.SIGHUP)  # Mosquitto reads its files again

    @property
    def _denied(self) -> frozenset[str]:
        return frozenset().union(*self._doors.values())

    def _renew(self, name: str, data: bytes) -> None:
        path = self._directory / name
        if path.read_bytes() == data:
            return
        owner = path.stat().st_uid
        replace_file(path, data, lasting=False)  # written anew at each start, and a flood waits for no disk
        if os.geteuid() == 0:
            os.chown(path, owner, -1, follow_symlinks=False)

    def _supervise(self) -> None:
        pause_s = _FIRST_RETRY_S
        first = True
        while not self._stop.is_set():
            started = time.monotonic()
            try:
                self._run_once()
            except BrokerError as error:
                self._failed = error
                if first:
                    self._accepting.set()
                    return
                log.warning("broker state=failed reason=%s", error)
            first = False
            if self._stop.is_set():
                return
            pause_s = _FIRST_RETRY_S if time.monotonic() - started > _STEADY_S else min(2 * pause_s, _RETRY_MAX_S)
            log.warning("broker state=ended next=restart pause_s=%.1f", pause_s)
            self._stop.wait(pause_s)

    def _run_once(self) -> None:
        """One life of the child, from its configuration to its end."""
        user = write_configuration(self._directory, self._settings, self._keys, self._denied)
        program = find_mosquitto(self._settings.mosquitto)
        try:
            child = subprocess.Popen(
                leash.tied([program, "-c", "mosquitto.conf"], user),
                # Names in the configuration are relative to here, so that the broker's own user needs no way
                # through the directories above.
                cwd=self._directory,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise BrokerError(f"{program}: {error.strerror}") from None
        self._child = child
        if self._stop.is_set():
            self._end_child()
        pipe = _LogPipe(child)
        try:
            if self._wait_until_accepting(child):
                log.info("broker state=accepting port=%d pid=%d", self._settings.port, child.pid)
                self._accepting.set()
            elif not self._stop.is_set() and not _was_killed(child):
                self._end_child()
                raise BrokerError(f"the broker ended at its start: {pipe.tail()}")
            child.wait()
        finally:
            self._accepting.clear()
            pipe.join()

    def _wait_until_accepting(self, child: subprocess.Popen[bytes]) -> bool:
        """Until a TLS handshake with our own certificates succeeds; False when the child ended or takes too long."""
        give_up = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < give_up and not self._stop.is_set():
            if child.poll() is not None:
                return False
            if _handshake(self._settings, self._keys.directory):
                return child.poll() is None
            time.sleep(0.05)
        return False

    def _end_child(self) -> None:
        child = self._child
        if child is None or child.poll() is not None:
            return
        child.terminate()
        try:
            child.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _was_killed(child: subprocess.Popen[bytes]) -> bool:
    """A child that a signal ended is started again; one that ended by itself has something to complain about."""
    return (child.poll() or 0) < 0


def find_mosquitto(program: str) -> str:
    """The program's path. Raises BrokerError telling how to get it."""
    found = shutil.which(program, path=os.environ.get("PATH", os.defpath) + ":/usr/local/sbin:/usr/sbin:/sbin")
    if found is None:
        raise BrokerError(
            f"{program}: not found. Install it (`apt-get install mosquitto`), name it in [broker] mosquitto, or set "
            "[broker] embedded = false and name a broker of yours"
        )
    return found


def configuration(settings: BrokerSettings) -> str:
    """mosquitto.conf: one TLS 1.3 listener that knows people by their certificate, and bounds for everything."""
    return f"""# Written by hazri-server at each start; changes here are lost.
listener {settings.port} {settings.listen}
cafile ca.crt
crlfile {CRL}
certfile broker.crt
keyfile broker.key
tls_version tlsv1.3
require_certificate true
use_identity_as_username true
use_username_as_clientid true
allow_anonymous false
acl_file acl

persistence true
persistence_location ./
persistence_file retained.db
autosave_interval 300
persistent_client_expiration 1d

max_packet_size {MAX_MESSAGE_BYTES + 1024}
max_inflight_messages {MAX_IN_FLIGHT}
max_queued_messages 1000000
max_queued_bytes 67108864
queue_qos0_messages false
max_keepalive 3600
memory_limit 536870912
set_tcp_nodelay true

log_dest stdout
log_type error
log_type warning
log_type notice
log_timestamp false
connection_messages false
"""


def access_list(denied: Iterable[str] = ()) -> str:
    """Each terminal writes below its own `up` and reads its own `down`; ingest reads all `up`, writes all `down`;
    those of `denied` do neither."""
    closed = "".join(f"\nuser {one}\ntopic deny #\n" for one in sorted(denied))
    workers = [INGEST, *(f"{INGEST}-{n}" for n in range(1, PLACES))]
    ours = "\n".join(f"user {one}\ntopic read {UP_ALL}\ntopic write {ROOT}/+/{DOWN}/#\n" for one in workers)
    return f"""# Written by hazri-server at each start; changes here are lost.
{ours}{closed}
pattern write {ROOT}/%u/{UP}/#
pattern read {ROOT}/%u/{DOWN}/#
"""


def write_configuration(
    directory: Path, settings: BrokerSettings, keys: ServerKeys, denied: Iterable[str] = ()
) -> str | None:
    """Write everything the broker reads; returns the user it must run as (None: our own). Raises BrokerError.

    As root we hand the directory to Mosquitto's own account: what parses strangers' bytes does not run as root.
    """
    user = _account() if os.geteuid() == 0 else None
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_file(directory / "mosquitto.conf", configuration(settings).encode())
        replace_file(directory / "acl", access_list(denied).encode())
        replace_file(directory / "ca.crt", keys.trust)
        for name in ("broker.crt", "broker.key", CRL):
            replace_file(directory / name, (keys.directory / name).read_bytes())
        if user is not None:
            for path in (directory, *directory.iterdir()):
                os.chown(path, pwd.getpwnam(user).pw_uid, -1, follow_symlinks=False)
    except OSError as error:
        raise BrokerError(f"{directory}: {error.strerror}") from None
    return user


def _account() -> str:
    for name in ("mosquitto", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise BrokerError("no account 'mosquitto' to run the broker as; do not start the server as root")


def _wait_for_free_port(settings: BrokerSettings) -> None:
    """A broker that is just ending may hold the port for a moment. Raises BrokerError when it stays taken."""
    give_up = time.monotonic() + _STOP_TIMEOUT_S
    while True:
        try:
            with socket.create_server((settings.listen, settings.port)):
                return
        except OSError as error:
            if time.monotonic() > give_up:
                raise BrokerError(
                    f"[broker] listen = {settings.listen}:{settings.port}: {error.strerror}; is another server or "
                    "broker running there?"
                ) from None
        time.sleep(0.1)


def _handshake(settings: BrokerSettings, directory: Path) -> bool:
    context = ssl.create_default_context(cafile=str(directory / "ca.crt"))
    context.load_cert_chain(str(directory / "ingest.crt"), str(directory / "ingest.key"))
    wildcard = settings.listen in ("0.0.0.0", "::", "")  # noqa: S104 - compared, not bound
    # Our own broker on our own machine: its name may be anything, its certificate must be of our CA.
    context.check_hostname = False
    try:
        with socket.create_connection(("127.0.0.1" if wildcard else settings.listen, settings.port), 1.0) as plain:
            plain.settimeout(2.0)
            with context.wrap_socket(plain) as tls, contextlib.suppress(OSError):
                tls.unwrap()
            return True
    except OSError:
        return False


class _LogPipe:
    """Passes the child's lines on to our log: printable, short, and not more than 20 in 10 s."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self._child = child
        self._last: list[str] = []
        self._thread = threading.Thread(target=self._pass_on, name="broker-log", daemon=True)
        self._thread.start()

    def tail(self) -> str:
        self._thread.join(1.0)
        return " | ".join(self._last) or "it said nothing"

    def join(self) -> None:
        self._thread.join(1.0)
        if self._child.stdout:
            self._child.stdout.close()

    def _pass_on(self) -> None:
        window, passed = time.monotonic(), 0
        lines = self._child.stdout
        while raw := lines.readline(4096) if lines else b"":
            line = "".join(c if c.isprintable() else "?" for c in raw.decode("utf-8", "replace").rstrip())[:200]
            if line.endswith(_ORDINARY_END):
                continue
            self._last = [*self._last[-2:], line]
            now = time.monotonic()
            if now - window > _WINDOW_S:
                if passed > _LINES_PER_WINDOW:
                    log.warning("broker suppressed_lines=%d", passed - _LINES_PER_WINDOW)
                window, passed = now, 0
            passed += 1
            if passed <= _LINES_PER_WINDOW:
                log.info("broker line=%r", line)
