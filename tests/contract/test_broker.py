"""The embedded broker, for real: who gets in, who may say and hear what, and what happens when it dies.

What a client saw is judged by what arrives elsewhere: MQTT 3.1.1 acknowledges a publication that is not allowed.
"""

import contextlib
import datetime as dt
import os
import pwd
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from server import BrokerError
from server.broker import Broker, access_list, find_mosquitto
from server.trust import pki
from server.trust.keys import ServerKeys, open_keys
from sync.keys import new_transport_key, write_key
from tests.unit.server.aggregator import WAIT_S, broker_settings, free_port, until


class House:
    """A running broker and certificates on demand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.keys: ServerKeys = open_keys(folder, ())
        self.broker = Broker(broker_settings(self.port), folder, self.keys)
        self.ingest = self.context(folder / "keys" / "ingest.crt", folder / "keys" / "ingest.key")

    def certified(self, name: str, authority: pki.Authority | None = None) -> ssl.SSLContext:
        """A client's TLS context with a certificate of this name, from our authority or another."""
        folder = self.folder / f"client-{name}-{id(authority)}"
        if not folder.exists():
            key = new_transport_key()
            write_key(folder / "key", key)
            now = dt.datetime.now(dt.UTC)
            certificate = pki.client_certificate(authority or self.keys.authority, name, key.public_key(), now, 1)
            (folder / "crt").write_bytes(pki.pem(certificate))
        return self.context(folder / "crt", folder / "key")

    def context(self, certificate: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.keys.directory / "ca.crt"))
        if certificate:
            context.load_cert_chain(str(certificate), str(key))
        return context


class Client:
    """One MQTT client that remembers what it got."""

    def __init__(self, house: House, context: ssl.SSLContext, client_id: str, *topics: str) -> None:
        self.got: list[tuple[str, bytes]] = []
        self.up = threading.Event()
        self.subscribed = threading.Event()
        self.down = threading.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id, reconnect_on_failure=False)
        self._client.tls_set_context(context)
        self._client.on_connect = lambda c, _u, _f, code, _p: self._on_connect(c, code.is_failure, topics)
        self._client.on_subscribe = lambda *_: self.subscribed.set()
        self._client.on_disconnect = lambda *_: self.down.set()
        self._client.on_message = lambda _c, _u, m: self.got.append((m.topic, m.payload))
        self._client.connect("127.0.0.1", house.port, keepalive=30)
        self._client.loop_start()

    def _on_connect(self, client: paho.Client, failed: bool, topics: tuple[str, ...]) -> None:
        if failed:
            return
        if topics:
            client.subscribe([(topic, 1) for topic in topics])
        else:
            self.subscribed.set()
        self.up.set()

    def say(self, topic: str, payload: bytes) -> None:
        """Publish and wait for the broker's acknowledgement."""
        self._client.publish(topic, payload, qos=1).wait_for_publish(WAIT_S)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    one = House(tmp_path_factory.mktemp("broker"))
    one.broker.start()
    yield one
    one.broker.stop()


@contextlib.contextmanager
def client(house: House, name: str, *topics: str, client_id: str = "") -> Iterator[Client]:
    context = house.ingest if name == pki.INGEST else house.certified(name)
    one = Client(house, context, client_id or name, *topics)
    try:
        assert one.subscribed.wait(WAIT_S)
        yield one
    finally:
        one.close()


def gets_in(house: House, context: ssl.SSLContext) -> bool:
    """Does anybody get as far as an MQTT CONNACK with this?"""
    connect = b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04t-77"
    try:
        with (
            socket.create_connection(("127.0.0.1", house.port), WAIT_S) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as tls,
        ):
            tls.sendall(connect)
            return tls.recv(4)[:1] == b"\x20"
    except OSError:
        return False


def test_a_certificate_of_ours_gets_in(house: House) -> None:
    assert gets_in(house, house.certified("t-77"))


def test_without_a_certificate_nobody_gets_in(house: House) -> None:
    assert not gets_in(house, house.context())


def test_with_a_foreign_certificate_nobody_gets_in(house: House) -> None:
    foreign = pki.new_authority(new_transport_key(), dt.datetime.now(dt.UTC))
    assert not gets_in(house, house.certified("t-77", foreign))


def test_without_tls_nobody_gets_in(house: House) -> None:
    with socket.create_connection(("127.0.0.1", house.port), WAIT_S) as plain:
        plain.sendall(b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04t-77")
        with contextlib.suppress(ConnectionResetError):
            assert plain.recv(4)[:1] != b"\x20"


def test_older_tls_is_refused(house: House) -> None:
    context = house.certified("t-77")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    assert not gets_in(house, context)


def test_a_terminal_speaks_and_hears_on_its_own_topics(house: House) -> None:
    with client(house, pki.INGEST, "hz1/+/u/#") as ingest, client(house, "t-1", "hz1/t-1/d/#") as one:
        one.say("hz1/t-1/u/p", b"mine")
        ingest.say("hz1/t-1/d/a", b"yours")
        until(lambda: ingest.got == [("hz1/t-1/u/p", b"mine")], "ingest hears the terminal")
        until(lambda: one.got == [("hz1/t-1/d/a", b"yours")], "the terminal hears ingest")


def test_a_terminal_cannot_speak_for_another_or_for_the_server(house: House) -> None:
    with (
        client(house, pki.INGEST, "hz1/+/u/#") as ingest,
        client(house, "t-2", "hz1/t-2/d/#") as victim,
        client(house, "t-1") as one,
    ):
        for topic in ("hz1/t-2/u/p", "hz1/t-2/d/a", "hz1/t-1/d/a", "other"):
            one.say(topic, b"forged")
        one.say("hz1/t-1/u/b", b"last")
        until(lambda: ("hz1/t-1/u/b", b"last") in ingest.got, "the allowed one arrives after the others")
        assert [payload for _, payload in ingest.got] == [b"last"]
        assert victim.got == []


def test_a_terminal_cannot_hear_another(house: House) -> None:
    everything = ("hz1/t-2/d/#", "hz1/t-2/u/#", "hz1/+/d/#", "#", "$SYS/#", "hz1/t-1/d/#")
    with client(house, pki.INGEST) as ingest, client(house, "t-2") as other, client(house, "t-1", *everything) as one:
        ingest.say("hz1/t-2/d/r", b"secret")
        other.say("hz1/t-2/u/p", b"secret")
        ingest.say("hz1/t-1/d/a", b"for me")
        until(lambda: bool(one.got), "its own message arrives after the others")
        assert {payload for _, payload in one.got} == {b"for me"}


def test_a_terminal_cannot_take_over_anothers_session_by_its_client_id(house: House) -> None:
    with client(house, "t-2", "hz1/t-2/d/#") as victim, client(house, "t-1", client_id="t-2") as one:
        one.say("hz1/t-1/u/b", b"still t-1")
        with client(house, pki.INGEST) as ingest:
            ingest.say("hz1/t-2/d/a", b"to the victim")
            until(lambda: len(victim.got) == 1, "the victim is still connected")
        assert not victim.down.is_set()


def test_an_oversized_message_reaches_nobody(house: House) -> None:
    with client(house, pki.INGEST, "hz1/+/u/#") as ingest, client(house, "t-1") as one:
        one._client.publish("hz1/t-1/u/p", bytes(300_000), qos=1)
        assert one.down.wait(WAIT_S)
        with client(house, "t-3") as other:
            other.say("hz1/t-3/u/b", b"small")
        until(lambda: ingest.got == [("hz1/t-3/u/b", b"small")], "only the small one arrives")


def test_it_does_not_run_as_root_and_its_key_is_its_own(house: House) -> None:
    status = Path(f"/proc/{house.broker.pid}/status").read_text(encoding="utf-8")
    uid = int(next(line for line in status.splitlines() if line.startswith("Uid:")).split()[1])
    assert pwd.getpwuid(uid).pw_name != "root"
    key = (house.folder / "broker" / "broker.key").stat()
    assert (key.st_mode & 0o777, key.st_uid) == (0o600, uid)


def test_killed_and_wiped_it_comes_back_and_serves(tmp_path: Path) -> None:
    """Brokers lose what they acknowledged; only the outbox and the receipt count."""
    one = House(tmp_path)
    one.broker.start()
    try:
        first = one.broker.pid
        assert first
        os.kill(first, signal.SIGKILL)
        for kept in (tmp_path / "broker").glob("retained.db*"):
            kept.unlink()
        until(lambda: one.broker.accepting and one.broker.pid not in (None, first), "a new broker accepts")
        assert gets_in(one, one.certified("t-1"))
    finally:
        one.broker.stop()
    assert one.broker.pid is None


def test_it_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from server.broker import Broker; from server.trust.keys import open_keys\n"
        "from tests.unit.server.aggregator import broker_settings\n"
        "folder = Path(sys.argv[1]); b = Broker(broker_settings(int(sys.argv[2])), folder, open_keys(folder, ()))\n"
        "b.start(); print(b.pid, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(tmp_path), str(free_port())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        parent.kill()
    until(lambda: not _runs(pid), "the broker has gone with its parent")


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_taken_port_is_said_in_words(house: House, tmp_path: Path) -> None:
    other = Broker(broker_settings(house.port), tmp_path, open_keys(tmp_path, ()))
    with pytest.raises(BrokerError, match=r"Address already in use.*is another server or broker running"):
        other.start()
    other.stop()


def test_a_missing_mosquitto_is_said_in_words() -> None:
    with pytest.raises(BrokerError, match="apt-get install mosquitto"):
        find_mosquitto("no-such-mosquitto")


def test_one_pattern_serves_any_number_of_terminals() -> None:
    assert "%u" in access_list()
    assert access_list().count("pattern") == 2


def test_a_broker_that_ends_at_once_is_said_in_words(tmp_path: Path) -> None:
    settings = replace(broker_settings(free_port()), mosquitto="false")
    broken = Broker(settings, tmp_path, open_keys(tmp_path, ()))
    with pytest.raises(BrokerError, match="ended at its start"):
        broken.start()
    broken.stop()
