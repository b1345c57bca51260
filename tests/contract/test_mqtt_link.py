"""MqttLink against the real broker over mutual TLS: it carries, survives cuts and restarts, and says why it cannot."""

import contextlib
import datetime as dt
import ipaddress
import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from paho.mqtt.client import MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from server.broker import Broker
from server.settings import BrokerSettings
from server.trust import pki
from server.trust.keys import ServerKeys, open_keys
from sync import LinkError
from sync.keys import new_transport_key, write_key
from sync.link import Delivery
from sync.mqtt import MqttLink, MqttSettings, _Client, _ip_bytes
from sync.reasons import Reason, Why, of_error
from sync.relay import Relay

WAIT_S = 20


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


class House:
    """A broker, its authority, and certificates on demand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = BrokerSettings(True, "mosquitto", "127.0.0.1", "127.0.0.1", free_port(), "", 0)
        self.keys: ServerKeys = open_keys(folder, ("localhost", "127.0.0.1"))
        self.broker = Broker(self.settings, folder, self.keys)
        self.broker.start()

    def client(self, name: str, *subscriptions: str, port: int = 0, **changes: object) -> MqttSettings:
        key = self.folder / f"{name}.key"
        certificate = self.folder / f"{name}.crt"
        if not key.exists():
            private = new_transport_key()
            write_key(key, private)
            certificate.write_bytes(self.certify(name, private))
        settings = MqttSettings(
            host="127.0.0.1",
            port=port or self.settings.port,
            ca=self.folder / "keys" / "ca.crt",
            certificate=certificate,
            key=key,
            client_id=name,
            subscriptions=subscriptions,
            retry_max_s=0.5,
        )
        return replace(settings, **changes)  # type: ignore[arg-type]

    def certify(self, name: str, key: EllipticCurvePrivateKey) -> bytes:
        now = dt.datetime.now(dt.UTC)
        return pki.pem(pki.client_certificate(self.keys.authority, name, key.public_key(), now, 90))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("house"))
    yield house
    house.broker.stop()


class Side:
    """One client and all that happened to it."""

    def __init__(self, settings: MqttSettings, acknowledge: bool = True) -> None:
        self.got: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.states: queue.Queue[tuple[bool, Why]] = queue.Queue()
        self.acknowledge = acknowledge
        self.link = MqttLink(settings)

    def __enter__(self) -> "Side":
        self.link.open(self.take, lambda up, why: self.states.put((up, why)), self.will)
        return self

    def __exit__(self, *_: object) -> None:
        self.link.close()

    def take(self, delivery: Delivery) -> None:
        self.got.put((delivery.topic, delivery.payload))
        if self.acknowledge:
            delivery.done()

    def will(self) -> tuple[str, bytes]:
        return "hz1/t-1/u/b", b"gone"

    def wait_for(self, up: bool) -> Why:
        while True:
            state, why = self.states.get(timeout=WAIT_S)
            if state is up:
                return why


UP = "hz1/t-1/u/p"


def test_it_carries_both_ways(house: House) -> None:
    with (
        Side(house.client(pki.INGEST, "hz1/+/u/#")) as server,
        Side(house.client("t-1", "hz1/t-1/d/#")) as terminal,
    ):
        server.wait_for(True)
        terminal.wait_for(True)
        terminal.link.publish(UP, b"up")
        assert server.got.get(timeout=WAIT_S) == (UP, b"up")
        server.link.publish("hz1/t-1/d/a", b"down", retain=True)
        assert terminal.got.get(timeout=WAIT_S) == ("hz1/t-1/d/a", b"down")


def test_it_may_listen_to_nothing(house: House) -> None:
    with (
        Side(house.client(pki.INGEST, "hz1/+/u/#")) as server,
        Side(house.client("t-1")) as terminal,
    ):
        server.wait_for(True)
        terminal.wait_for(True)
        terminal.link.publish(UP, b"only speaking", qos=0)
        assert server.got.get(timeout=WAIT_S) == (UP, b"only speaking")


def test_what_was_not_acknowledged_comes_again(house: House) -> None:
    settings = house.client(pki.INGEST, "hz1/+/u/p", clean_session=False)
    with Side(house.client("t-1")) as terminal:
        with Side(settings, acknowledge=False) as server:
            server.wait_for(True)
            terminal.wait_for(True)
            terminal.link.publish(UP, b"not yet safe")
            assert server.got.get(timeout=WAIT_S) == (UP, b"not yet safe")
        with Side(settings) as server:
            assert server.got.get(timeout=WAIT_S) == (UP, b"not yet safe")
        with Side(settings) as server:
            server.wait_for(True)
            terminal.link.publish(UP, b"another")
            assert server.got.get(timeout=WAIT_S) == (UP, b"another")
    with Side(house.client(pki.INGEST, "hz1/+/u/p")):
        pass  # a clean session removes the lasting one


def test_a_cut_network_leaves_the_will_and_comes_back(house: House) -> None:
    relay = Relay("127.0.0.1", house.settings.port)
    with (
        Side(house.client(pki.INGEST, "hz1/+/u/#")) as server,
        Side(house.client("t-1", "hz1/t-1/d/#", port=relay.port)) as terminal,
    ):
        server.wait_for(True)
        terminal.wait_for(True)
        relay.cut()
        assert terminal.wait_for(False) == Why(Reason.LOST)
        with pytest.raises(LinkError, match="no link"):
            terminal.link.publish(UP, b"into the void")
        assert server.got.get(timeout=WAIT_S) == ("hz1/t-1/u/b", b"gone")
        assert terminal.wait_for(False).reason is Reason.REFUSED
        relay.mend()
        assert terminal.wait_for(True) == Why(Reason.CONNECTED)
        terminal.link.publish(UP, b"back")
        assert server.got.get(timeout=WAIT_S) == (UP, b"back")
    relay.close()


def reason_of(settings: MqttSettings) -> Reason:
    """Why the first attempt failed."""
    with Side(settings) as terminal:
        return terminal.wait_for(False).reason


def test_reasons_a_technician_can_act_on(house: House, tmp_path: Path) -> None:
    """S15: the cause in one line, told apart: no network, no name, refused, no answer, another server."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        assert reason_of(house.client("t-1", port=deaf.getsockname()[1], connect_timeout_s=0.2)) is Reason.SILENT
    assert reason_of(house.client("t-1", host="no-such-host.invalid")) is Reason.NO_NAME
    assert reason_of(house.client("t-1", port=free_port())) is Reason.REFUSED
    assert reason_of(house.client("t-1", host="255.255.255.255")) is Reason.NO_NETWORK
    assert (
        reason_of(house.client("t-1", ca=open_keys(tmp_path, ("localhost",)).directory / "ca.crt")) is Reason.STRANGER
    )


def test_a_clock_that_is_wrong_is_told_from_a_server_that_is(house: House, tmp_path: Path) -> None:
    """S15: a certificate that has expired, and one that is not valid yet, say: look at the clock first."""
    now = dt.datetime.now(dt.UTC)
    for begins, ends in ((-3, -1), (1, 3)):
        with plain_server(
            house, tmp_path / str(begins), now + dt.timedelta(days=begins), now + dt.timedelta(days=ends)
        ) as port:
            assert reason_of(house.client("t-1", port=port)) is Reason.CLOCK


def test_a_login_page_is_told_by_what_it_cannot_sign(house: House) -> None:
    """S4: a captive portal answers anything, in plain HTTP and with 200; it is no network all the same."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        portal = threading.Thread(target=answer_with_a_page, args=(listener,))
        portal.start()
        assert reason_of(house.client("t-1", port=listener.getsockname()[1], retry_max_s=30.0)) is Reason.PORTAL
        portal.join()


def answer_with_a_page(listener: socket.socket) -> None:
    line, _ = listener.accept()
    with line:
        line.recv(4096)
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<form>Sign in</form>")


@contextlib.contextmanager
def plain_server(house: House, folder: Path, begins: dt.datetime, ends: dt.datetime) -> Iterator[int]:
    """A TLS server of the house's authority, valid in another time."""
    folder.mkdir()
    key = new_transport_key()
    write_key(folder / "server.key", key)
    builder = x509.CertificateBuilder(
        issuer_name=house.keys.authority.certificate.subject,
        subject_name=x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")]),
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=begins,
        not_valid_after=ends,
    ).add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
    certificate = builder.sign(house.keys.authority.key, hashes.SHA256())
    (folder / "server.crt").write_bytes(pki.pem(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.crt", folder / "server.key")
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError), context.wrap_socket(listener.accept()[0], server_side=True):
                pass

        server = threading.Thread(target=serve)
        server.start()
        yield listener.getsockname()[1]
        server.join()


def test_a_certificate_of_another_authority_gets_nowhere(house: House, tmp_path: Path) -> None:
    stranger = open_keys(tmp_path, ("localhost",))
    key = new_transport_key()
    write_key(tmp_path / "x.key", key)
    foreign = pki.client_certificate(stranger.authority, "t-1", key.public_key(), dt.datetime.now(dt.UTC), 90)
    (tmp_path / "x.crt").write_bytes(pki.pem(foreign))
    settings = house.client("t-1", certificate=tmp_path / "x.crt", key=tmp_path / "x.key")
    with Side(settings) as intruder:
        assert intruder.wait_for(False).reason is Reason.NOT_ADMITTED
        with pytest.raises(LinkError):
            intruder.link.publish(UP, b"forged")


def test_a_subscription_to_what_is_not_ours_is_not_served(house: House) -> None:
    with (
        Side(house.client(pki.INGEST, "hz1/+/u/#")) as server,
        Side(house.client("t-2", "hz1/t-1/d/#")) as eavesdropper,
    ):
        server.wait_for(True)
        eavesdropper.states.get(timeout=WAIT_S)
        server.link.publish("hz1/t-1/d/a", b"for t-1 alone")
        with pytest.raises(queue.Empty):
            eavesdropper.got.get(timeout=1)


def test_missing_or_garbage_certificates_are_named(house: House, tmp_path: Path) -> None:
    for change in ({"key": tmp_path / "none.key"}, {"ca": tmp_path / "none.crt"}):
        with pytest.raises(LinkError, match="were the keys made and the admission accepted"):
            MqttLink(house.client("t-1", **change))  # type: ignore[arg-type]
    (tmp_path / "garbage.crt").write_text("garbage")
    with pytest.raises(LinkError, match=r"garbage\.crt"):
        MqttLink(house.client("t-1", certificate=tmp_path / "garbage.crt"))


class Script:
    """A TLS server that answers each message of one client with the next of its lines; None keeps silent."""

    def __init__(self, house: House, *answers: bytes | None) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(house.keys.directory / "broker.crt", house.keys.directory / "broker.key")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.answers = answers
        self.thread = threading.Thread(target=self.serve)

    def __enter__(self) -> "Script":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.thread.join()
        self.listener.close()

    def serve(self) -> None:
        with self.context.wrap_socket(self.listener.accept()[0], server_side=True) as line:
            for answer in self.answers:
                line.recv(4096)
                if answer is not None:
                    line.sendall(answer)
            with contextlib.suppress(OSError):
                while line.recv(4096):
                    pass


CONNACK, CONNACK_REFUSED, SUBACK_REFUSED = b"\x20\x02\0\0", b"\x20\x02\0\x05", b"\x90\x03\0\x01\x80"
CONNACK_BUSY = b"\x20\x02\0\x03"


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ((CONNACK_REFUSED,), Why(Reason.NOT_ADMITTED, "Not authorized")),
        ((CONNACK_BUSY,), Why(Reason.BUSY, "Server unavailable")),
        ((CONNACK, SUBACK_REFUSED), Why(Reason.NOT_ADMITTED, "the broker refused a subscription")),
        ((None,), Why(Reason.SILENT, "from the broker")),
    ],
)
def test_brokers_that_refuse_or_keep_silent(house: House, answers: tuple[bytes | None, ...], reason: Why) -> None:
    with (
        Script(house, *answers) as script,
        Side(house.client("t-1", "x", port=script.port, connect_timeout_s=1.0, retry_max_s=30.0)) as terminal,
    ):
        assert terminal.wait_for(False) == reason


def test_publishing_on_a_link_that_has_just_broken(house: House) -> None:
    with Side(house.client("t-1")) as terminal:
        terminal.wait_for(True)
        connection = terminal.link._connection
        assert connection is not None
        connection._client.loop_stop()
        connection._client._sock_close()
        with pytest.raises(LinkError, match="the link broke"):
            terminal.link.publish(UP, b"too late")


def test_a_link_may_have_no_will(house: House) -> None:
    link = MqttLink(house.client("t-1"))
    states: queue.Queue[bool] = queue.Queue()
    link.open(lambda delivery: None, lambda up, why: states.put(up))
    assert states.get(timeout=WAIT_S) is True
    link.close()


def test_closing_at_the_very_moment_of_connecting(house: House) -> None:
    link = MqttLink(house.client("t-1"))

    def will() -> tuple[str, bytes]:
        link._stop.set()
        return "hz1/t-1/u/b", b"gone"

    states: queue.Queue[bool] = queue.Queue()
    link.open(lambda delivery: None, lambda up, why: states.put(up), will)
    link.close()
    assert states.empty()


def test_closing_before_opening_or_while_waiting(house: House) -> None:
    MqttLink(house.client("t-1")).close()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    side = Side(house.client("t-1", port=port, retry_max_s=30.0)).__enter__()
    side.wait_for(False)
    closer = threading.Thread(target=side.link.close)
    closer.start()
    closer.join(WAIT_S)
    assert not closer.is_alive()


def test_a_session_is_resumed(house: House) -> None:
    """The second connection makes and checks no signature; what it costs is half (S3)."""
    relay = Relay("127.0.0.1", house.settings.port)
    with Side(house.client("t-1", "hz1/t-1/d/#", port=relay.port, retry_max_s=0.2)) as terminal:
        terminal.wait_for(True)
        tls = terminal.link._tls
        assert [tls.line.session_reused if tls.line else None] == [False]
        relay.cut()
        terminal.wait_for(False)
        relay.mend()
        terminal.wait_for(True)
        assert tls.line
        assert tls.line.session_reused
    relay.close()


def test_what_a_line_carries_is_counted_over_its_ends(house: House) -> None:
    """S3: a SIM's budget is of bytes as the operator counts them, handshakes included."""
    relay = Relay("127.0.0.1", house.settings.port)
    settings = house.client("t-1", "hz1/t-1/d/#", port=relay.port, retry_max_s=0.2)
    assert MqttLink(settings).carried == 0
    with Side(settings) as terminal:
        terminal.wait_for(True)
        first = terminal.link.carried
        assert 2000 < first < 10_000
        relay.cut()
        terminal.wait_for(False)
        assert terminal.link.carried >= first
        relay.mend()
        terminal.wait_for(True)
        terminal.link.publish(UP, bytes(5000), qos=0)
        until = time.monotonic() + WAIT_S
        while terminal.link.carried < first + 6000 and time.monotonic() < until:
            time.sleep(0.01)
        assert first + 6000 <= terminal.link.carried < first + 16_000
    relay.close()


def test_an_eager_link_speaks_before_it_is_answered(house: House) -> None:
    """S3: what is said first travels with CONNECT and the subscription; a broker that serves us takes it all."""
    with (
        Side(house.client(pki.INGEST, "hz1/+/u/#")) as server,
        Side(house.client("t-1", "hz1/t-1/d/#", eager=True)) as terminal,
    ):
        server.wait_for(True)
        assert terminal.states.get(timeout=WAIT_S) == (True, Why(Reason.GREETING))
        terminal.link.publish(UP, b"first")
        assert terminal.states.get(timeout=WAIT_S) == (True, Why(Reason.CONNECTED))
        assert server.got.get(timeout=WAIT_S) == (UP, b"first")
        server.link.publish("hz1/t-1/d/a", b"down")
        assert terminal.got.get(timeout=WAIT_S) == ("hz1/t-1/d/a", b"down")


def test_an_eager_link_may_listen_to_nothing(house: House) -> None:
    with Side(house.client("t-1", eager=True)) as terminal:
        assert [terminal.states.get(timeout=WAIT_S)[1].reason for _ in "12"] == [Reason.GREETING, Reason.CONNECTED]


@pytest.mark.parametrize("answers", [(CONNACK_REFUSED,), (CONNACK_BUSY,)])
def test_an_eager_link_that_is_refused_says_so(house: House, answers: tuple[bytes | None, ...]) -> None:
    settings = house.client("t-1", "x", connect_timeout_s=1.0, retry_max_s=30.0, eager=True)
    with Script(house, *answers) as script, Side(replace(settings, port=script.port)) as terminal:
        assert terminal.wait_for(False).reason in (Reason.NOT_ADMITTED, Reason.BUSY)


def test_another_network_is_tried_at_once(house: House) -> None:
    """S4: neither a line that is up nor an attempt nor a pause that is under way holds it up."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        port = deaf.getsockname()[1]
        with Side(house.client("t-1", port=port, connect_timeout_s=60.0, retry_max_s=60.0)) as terminal:
            with deaf.accept()[0]:  # in a handshake that nobody answers
                terminal.link.renew("cable pulled", 0.0)
                assert terminal.wait_for(False) == Why(Reason.LOST, "cable pulled")
            deaf.accept()[0].close()
            assert terminal.wait_for(False).reason is Reason.LOST
            terminal.link.renew("cable put in", 0.0)  # in a pause, or an attempt
            deaf.accept()[0].close()
    with Side(house.client("t-1", "hz1/t-1/d/#")) as terminal:
        terminal.wait_for(True)
        terminal.link.renew("from Wi-Fi to cable", 0.0)
        assert terminal.wait_for(False) == Why(Reason.LOST, "from Wi-Fi to cable")
        terminal.wait_for(True)
        assert terminal.link.resumed


def test_another_network_is_tried_at_once_though_tls_is_just_being_laid_over_the_line(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S4: for a moment there is no socket that could be shut down, and then a handshake that nobody answers."""
    wrap, begun = ssl.SSLContext.wrap_socket, threading.Event()

    def slowly(*args: Any, **kwargs: Any) -> ssl.SSLSocket:
        line = wrap(*args, **kwargs)
        begun.set()
        time.sleep(0.2)
        return line

    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", slowly)
    with (
        socket.create_server(("127.0.0.1", 0)) as deaf,
        Side(house.client("t-1", port=deaf.getsockname()[1], connect_timeout_s=60.0)) as terminal,
    ):
        assert begun.wait(WAIT_S)
        terminal.link.renew("cable pulled")
        assert terminal.wait_for(False) == Why(Reason.LOST, "cable pulled")


def test_a_window_of_the_server_is_kept_to(house: House) -> None:
    """S12."""
    link = MqttLink(house.client("t-1"))
    link.spread(30.0)
    assert link._backoff.window_s == 30.0
    assert not link.resumed


def test_every_address_of_a_name_is_tried(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    found = socket.getaddrinfo("127.0.0.1", house.settings.port, type=socket.SOCK_STREAM)
    elsewhere = socket.getaddrinfo("127.0.0.1", free_port(), type=socket.SOCK_STREAM)
    monkeypatch.setattr("sync.mqtt.socket.getaddrinfo", lambda *_, **__: elsewhere + found)
    with Side(house.client("t-1")) as terminal:
        assert terminal.wait_for(True).reason is Reason.CONNECTED
    monkeypatch.setattr("sync.mqtt.socket.getaddrinfo", lambda *_, **__: [])
    with Side(house.client("t-1")) as terminal:
        assert terminal.wait_for(False).reason is Reason.NO_NETWORK


def test_an_alert_is_read_though_the_line_is_reset(house: House) -> None:
    """The broker says why it does not know us, and hangs up while we are speaking (S15)."""
    near, far = socket.socketpair()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(house.keys.directory / "broker.crt", house.keys.directory / "broker.key")
    server.load_verify_locations(house.keys.directory / "ca.crt")
    server.verify_mode = ssl.CERT_REQUIRED

    def refuse() -> None:
        with pytest.raises(ssl.SSLError):
            server.wrap_socket(far, server_side=True)
        far.close()

    refusing = threading.Thread(target=refuse)
    refusing.start()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(house.keys.directory / "ca.crt")
    client = _Client(CallbackAPIVersion.VERSION2)
    with context.wrap_socket(near, server_hostname="localhost") as line:
        refusing.join()
        client._sock = line
        with pytest.raises((ConnectionError, ssl.SSLEOFError)):
            client._sock_send(b"CONNECT")
        client._sock = None
    assert client.trouble is not None
    assert of_error(client.trouble).reason is Reason.NOT_ADMITTED


def test_a_line_that_is_none_any_more() -> None:
    closed = socket.socket()
    closed.close()
    assert _ip_bytes(closed) == 0


def test_packets_that_share_a_record_arrive_in_order_though_the_line_takes_a_part_at_a_time() -> None:
    near, far = socket.socketpair()
    with near, far:
        near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)  # the least the kernel has
        near.setblocking(False)
        client = _Client(CallbackAPIVersion.VERSION2)
        client._sock = near
        first, last = bytes([1]) * 12_000, bytes([2]) * 100
        client._out_packet.append({})  # type: ignore[typeddict-item]  # another that waits
        assert client._sock_send(first) == len(first)
        client._out_packet.clear()
        blocked, came, sent = 0, b"", 0
        while not sent:
            try:
                sent = client._sock_send(last)
            except BlockingIOError:
                blocked += 1
            came += far.recv(len(first))
        while len(came) < len(first) + sent:
            came += far.recv(len(first))
        client._sock = None
    assert blocked > 0
    assert came == first + last[:sent]


def test_what_comes_together_is_answered_together() -> None:
    near, far = socket.socketpair()
    with near, far:
        near.setblocking(False)
        client = _Client(CallbackAPIVersion.VERSION2, manual_ack=True)
        client._sock = near

        def answer(_client: object, _data: object, message: MQTTMessage) -> None:
            client.ack(message.mid, message.qos)

        client.on_message = answer
        far.sendall(b"".join(bytes([0x32, 6, 0, 1]) + b"t" + bytes([0, n]) + b"!" for n in range(1, 11)))
        assert client.loop_read() == client.loop_write() == 0
        client._sock = None
        assert far.recv(4096) == b"".join(bytes([0x40, 2, 0, n]) for n in range(1, 11))


def test_a_line_that_never_falls_silent_leaves_turns_for_what_is_to_be_said() -> None:
    near, far = socket.socketpair()
    with near, far:
        near.setblocking(False)
        client = _Client(CallbackAPIVersion.VERSION2)
        client._sock = near
        far.sendall(bytes([0xD0, 0]) * 1000)  # answers to pings
        assert client.loop_read() == 0
        client._sock = None
        assert 0 < len(near.recv(4096)) < 2 * 1000
