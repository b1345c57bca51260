"""MqttLink: a Link over paho-mqtt with mutual TLS. One thread connects, listens and comes back after a cut.

paho queues in memory only and reconnects without jitter, so it is used for one connection at a time: the outbox is
the queue, and the pauses between attempts are ours (full jitter, doubling from 0.5 s to `retry_max_s`).
"""

import queue
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from sync import LinkError
from sync.link import Delivery, OnDelivery, OnState, Will

_FIRST_RETRY_S = 0.5
_IN_FLIGHT = 20
_GOODBYE_S = 2.0
_DEAD_LINE_S = 60.0  # what was sent and is not acknowledged by then will not be
_JITTER = SystemRandom()  # drawn apart from anybody's seeded generator


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """Where the broker is, and who we are to it."""

    host: str
    port: int
    ca: Path
    certificate: Path
    key: Path
    client_id: str
    subscriptions: tuple[str, ...]
    clean_session: bool = True
    keepalive_s: int = 100
    retry_max_s: float = 60.0
    connect_timeout_s: float = 15.0
    at_once: bool = False  # every packet in a segment of its own: dearer on a metered line, quicker on our own


class MqttLink:
    """See sync.link.Link for the contract. Deliveries are acknowledged to the broker by `done()`, not before."""

    def __init__(self, settings: MqttSettings) -> None:
        """Raises LinkError when a certificate or key cannot be read: no retry would mend that."""
        self._settings = settings
        self._tls = _tls_context(settings)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._connection: _Connection | None = None

    def open(self, on_delivery: OnDelivery, on_state: OnState, will: Will | None = None) -> None:
        name = f"link-{self._settings.client_id}"
        self._thread = threading.Thread(target=self._stay, args=(on_delivery, on_state, will), name=name, daemon=True)
        self._thread.start()

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        connection = self._connection
        if connection is None or not connection.up:
            raise LinkError("no link to the broker now")
        connection.publish(topic, payload, qos, retain)

    def close(self) -> None:
        self._stop.set()
        connection = self._connection
        if connection is not None:
            connection.end("closed here")
        if self._thread is not None:
            self._thread.join()

    def _stay(self, on_delivery: OnDelivery, on_state: OnState, will: Will | None) -> None:
        """Connect, stay, and after a pause connect again, until closed."""
        pause_s = _FIRST_RETRY_S
        while not self._stop.is_set():
            connection = self._connection = _Connection(self._settings, self._tls, on_delivery, will)
            if self._stop.is_set():  # closed between the two lines above
                return
            reason = connection.run(lambda: on_state(True, "connected"))
            self._connection = None
            if not self._stop.is_set():
                on_state(False, reason)
            pause_s = _FIRST_RETRY_S if connection.up else min(2 * pause_s, self._settings.retry_max_s)
            self._stop.wait(_JITTER.uniform(0, pause_s))


class _Connection:
    """One connection from its start to its end; paho's own thread is the only one that touches the TLS socket."""

    def __init__(self, settings: MqttSettings, tls: "_TlsContext", on_delivery: OnDelivery, will: Will | None) -> None:
        self.up = False
        self._settings = settings
        self._tls = tls
        self._on_delivery = on_delivery
        self._news: queue.SimpleQueue[str | None] = queue.SimpleQueue()  # None: up; a text: over, and why
        self._over = threading.Event()
        self._client = client = _Client(
            CallbackAPIVersion.VERSION2,
            client_id=settings.client_id,
            clean_session=settings.clean_session,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.tls_set_context(tls)
        client.max_inflight_messages_set(_IN_FLIGHT)
        client.connect_timeout = settings.connect_timeout_s
        if will:
            client.will_set(*will(), qos=1)
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_message = self._arrived
        client.on_disconnect = self._lost

    def run(self, on_up: Callable[[], None]) -> str:
        """Connect, call `on_up` once the broker serves us, stay until the end; returns why it ended."""
        s = self._settings
        try:
            self._client.connect(s.host, s.port, keepalive=s.keepalive_s)
            self._client.loop_start()
            reason = self._news.get(timeout=s.connect_timeout_s)
            if reason is None:
                self.up = True
                on_up()
                reason = self._news.get() or "the broker repeated itself"
            self._client.disconnect()
            self._over.wait(_GOODBYE_S)  # let acknowledgements and the goodbye go out; a dead line gets no longer
        except queue.Empty:
            reason = "no answer from the broker"
        except (OSError, ValueError) as error:
            reason = _plain(error)
        self._tls.hang_up()
        self._client.loop_stop()
        return reason

    def end(self, reason: str) -> None:
        self._news.put(reason)

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool) -> None:
        info = self._client.publish(topic, payload, qos=qos, retain=retain)
        if info.rc not in (paho.MQTT_ERR_SUCCESS, paho.MQTT_ERR_QUEUE_SIZE):
            raise LinkError(f"the link broke: {paho.error_string(info.rc)}")

    def _connected(self, _client: Any, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
        if code.is_failure:
            self.end(f"the broker refused: {code}")
        elif self._settings.subscriptions:
            self._client.subscribe([(topic, 1) for topic in self._settings.subscriptions])
        else:
            self._serves()

    def _subscribed(self, _client: Any, _data: Any, _mid: Any, codes: Any, _properties: Any) -> None:
        refused = any(code.is_failure for code in codes)
        if refused:
            self.end("the broker refused a subscription")
        else:
            self._serves()

    def _serves(self) -> None:
        self._tls.remember()
        self._news.put(None)

    def _arrived(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        def done() -> None:
            self._client.ack(message.mid, message.qos)

        self._on_delivery(Delivery(message.topic, bytes(message.payload), done))

    def _lost(self, *_: Any) -> None:
        self._over.set()
        self.end("the connection was lost")


class _Client(paho.Client):
    """paho pings when nothing came in for a while, and a beat has no answer. Here what we say keeps the line open:
    a ping goes only where we were silent, and a dead line is the kernel's to find (TCP_USER_TIMEOUT)."""

    def _check_keepalive(self) -> None:
        with self._msgtime_mutex:
            self._last_bytes_received = max(self._last_bytes_received, self._last_msg_out)
        super()._check_keepalive()


class _TlsContext(ssl.SSLContext):
    """Remembers the connection it made, so that it is closed even when paho gives up in the middle of a handshake,
    and its TLS session, so that the next one resumes it: half the bytes, and no signature to make or check."""

    at_once = False
    line: ssl.SSLSocket | None = None
    resumable: ssl.SSLSession | None = None

    def wrap_socket(self, sock: socket.socket, *args: Any, **kwargs: Any) -> ssl.SSLSocket:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(_DEAD_LINE_S * 1000))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, int(self.at_once))
        self.line = super().wrap_socket(sock, *args, **{**kwargs, "session": self.resumable})
        return self.line

    def remember(self) -> None:
        """Keep the session of the line that is up; the broker's ticket came with its first answer."""
        self.resumable = self.line.session if self.line else None

    def hang_up(self) -> None:
        if self.line is not None:
            self.line.close()


def _tls_context(settings: MqttSettings) -> _TlsContext:
    try:
        context = _TlsContext(ssl.PROTOCOL_TLS_CLIENT)
        context.at_once = settings.at_once
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_verify_locations(str(settings.ca))
        context.load_cert_chain(str(settings.certificate), str(settings.key))
    except (OSError, ValueError) as error:
        raise LinkError(
            f"{settings.ca}, {settings.certificate} or {settings.key}: {_plain(error)}; were the keys made and the "
            "admission accepted?"
        ) from None
    return context


def _plain(error: Exception) -> str:
    """One line a technician understands, by cause (S15)."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the broker's certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or error}"
    if isinstance(error, ConnectionRefusedError):
        return "the broker's machine refuses the connection (is the server running?)"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(error.strerror or error) if isinstance(error, OSError) else str(error)
