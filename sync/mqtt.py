"""MqttLink: a Link over paho-mqtt with mutual TLS. One thread connects, listens and comes back after a cut.

paho queues in memory only and reconnects without jitter, so it is used for one connection at a time: the outbox is
the queue, and the pauses between attempts are ours (full jitter, doubling from 0.5 s to `retry_max_s`).
"""

import random
import ssl
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from sync import LinkError
from sync.link import Delivery, OnDelivery, OnState, Will

_FIRST_RETRY_S = 0.5
_IN_FLIGHT = 20


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


class MqttLink:
    """See sync.link.Link for the contract. Deliveries are acknowledged to the broker by `done()`, not before."""

    def __init__(self, settings: MqttSettings) -> None:
        """Raises LinkError when a certificate or key cannot be read: no retry would mend that."""
        self._settings = settings
        self._tls = _tls_context(settings)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._client: paho.Client | None = None
        self._lock = threading.Lock()

    def open(self, on_delivery: OnDelivery, on_state: OnState, will: Will | None = None) -> None:
        name = f"link-{self._settings.client_id}"
        self._thread = threading.Thread(target=self._stay, args=(on_delivery, on_state, will), name=name, daemon=True)
        self._thread.start()

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        with self._lock:
            client = self._client
        if client is None:
            raise LinkError("no link to the broker now")
        info = client.publish(topic, payload, qos=qos, retain=retain)
        if info.rc not in (paho.MQTT_ERR_SUCCESS, paho.MQTT_ERR_QUEUE_SIZE):
            raise LinkError(f"the link broke: {paho.error_string(info.rc)}")

    def close(self) -> None:
        self._stop.set()
        with self._lock:
            client = self._client
        if client is not None:
            client.disconnect()
        if self._thread is not None:
            self._thread.join()

    def _stay(self, on_delivery: OnDelivery, on_state: OnState, will: Will | None) -> None:
        pause_s = _FIRST_RETRY_S
        while not self._stop.is_set():
            reached = self._connect_once(on_delivery, on_state, will)
            pause_s = _FIRST_RETRY_S if reached else min(2 * pause_s, self._settings.retry_max_s)
            self._stop.wait(random.uniform(0, pause_s))  # noqa: S311 - jitter needs no secrecy

    def _connect_once(self, on_delivery: OnDelivery, on_state: OnState, will: Will | None) -> bool:
        """One connection from start to end. Returns whether the broker had let us in."""
        s = self._settings
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=s.client_id,
            clean_session=s.clean_session,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.tls_set_context(self._tls)
        client.max_inflight_messages_set(_IN_FLIGHT)
        client.connect_timeout = s.connect_timeout_s
        if will:
            client.will_set(*will(), qos=1)
        reason = "no answer from the broker"
        reached = False

        def on_connect(_c: Any, _u: Any, _f: Any, code: Any, _p: Any) -> None:
            nonlocal reached, reason
            if code.is_failure:
                reason = f"the broker refused: {code}"
            elif s.subscriptions:
                client.subscribe([(topic, 1) for topic in s.subscriptions])
            else:
                up()

        def on_subscribe(_c: Any, _u: Any, _m: Any, codes: Any, _p: Any) -> None:
            nonlocal reason
            if any(code.is_failure for code in codes):
                reason = "the broker refused a subscription"
                client.disconnect()
            else:
                up()

        def up() -> None:
            nonlocal reached, reason
            reached, reason = True, "the connection was lost"
            with self._lock:
                self._client = client
            on_state(True, "connected")

        def on_message(_c: Any, _u: Any, message: paho.MQTTMessage) -> None:
            def done() -> None:
                client.ack(message.mid, message.qos)

            on_delivery(Delivery(message.topic, bytes(message.payload), done))

        client.on_connect, client.on_subscribe, client.on_message = on_connect, on_subscribe, on_message
        try:
            client.connect(s.host, s.port, keepalive=s.keepalive_s)
            client.loop_forever(retry_first_connection=False)
        except (OSError, ValueError) as error:
            reason = _plain(error)
        with self._lock:
            self._client = None
        if not self._stop.is_set():
            on_state(False, reason)
        return reached


def _tls_context(settings: MqttSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=str(settings.ca))
        context.minimum_version = ssl.TLSVersion.TLSv1_3
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
