"""MqttLink: a Link over paho-mqtt with mutual TLS. One thread connects, listens and comes back after a cut.

paho queues in memory only and reconnects without jitter, so it is used for one connection at a time: the outbox is
the queue, and the pauses between attempts are ours (sync.backoff).

An eager link saves two journeys of the three that MQTT would make after TLS: what a terminal subscribes to and first
says follows its CONNECT at once, in the same segment (MQTT 3.1.1, section 3.1.4, allows it). A broker that does not
serve us drops it all, and so nothing is lost that a receipt would not have been missing for, too.
"""

import contextlib
import queue
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from sync import LinkError
from sync.attempt import Attempt, plain
from sync.backoff import Backoff
from sync.link import Delivery, OnDelivery, OnState, Will
from sync.reasons import Reason, Why, of_connack, of_error
from sync.validity import leave_dates, wrong_dates
from sync.without import without

with without("urllib.request"):  # 1.3 MB, asked for proxies alone; we connect by ourselves (sync.attempt)
    import paho.mqtt.client as paho

_IN_FLIGHT = 20
_GOODBYE_S = 2.0
_DEAD_LINE_S = 60.0  # what was sent and is not acknowledged by then will not be
_DATES_S = 0.5  # as long after the time is known a wrong date may still be in use
_TCP_INFO = struct.Struct("128xQII56xQ")
_HEADER_BYTES = 52  # IPv4, and TCP with time stamps
_GATHER_S = 0.04  # what is said so soon after CONNECT shares its segment, and its record of TLS
_RECORD_BYTES = 16_384  # what one holds
_PACKETS_A_TURN = 20


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
    eager: bool = False  # speak before the broker has answered
    true_s: Callable[[], float | None] | None = None  # Unix time, or None yet: who judges dates (sync.validity)


class MqttLink:
    """See sync.link.Link for the contract. Deliveries are acknowledged to the broker by `done()`, not before."""

    def __init__(self, settings: MqttSettings) -> None:
        """Raises LinkError when a certificate or key cannot be read: no retry would mend that."""
        self._settings = settings
        self._tls = _tls_context(settings)
        self._stop = threading.Event()
        self._stir = threading.Event()
        self._backoff = Backoff(settings.retry_max_s)
        self._thread: threading.Thread | None = None
        self._connection: _Connection | None = None

    def open(self, on_delivery: OnDelivery, on_state: OnState, will: Will | None = None) -> None:
        name = f"link-{self._settings.client_id}"
        self._thread = threading.Thread(target=self._stay, args=(on_delivery, on_state, will), name=name, daemon=True)
        self._thread.start()

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        connection = self._connection
        if connection is None or not connection.open:
            raise LinkError("no link to the broker now")
        connection.publish(topic, payload, qos, retain)

    def renew(self, detail: str, within_s: float = 1.0) -> None:
        """The network changed (S4): leave the old line, and try the new one at some moment `within_s`."""
        self._backoff.soon(within_s)
        connection = self._connection
        if connection is not None:
            connection.end(Why(Reason.LOST, detail))
        self._stir.set()

    @property
    def carried(self) -> int:
        """Bytes of IP packets in both directions since this link was made, as the kernel counts them."""
        return self._tls.carried()

    @property
    def resumed(self) -> bool:
        """Did the line that is up resume a TLS session?"""
        return bool(self._tls.line and self._tls.line.session_reused)

    def spread(self, window_s: float) -> None:
        """The server asks that terminals it lost come back over so long a time, not all at once (S12)."""
        self._backoff.window_s = window_s

    def close(self) -> None:
        self._stop.set()
        self._stir.set()
        connection = self._connection
        if connection is not None:
            connection.end(Why(Reason.CLOSED))
        if self._thread is not None:
            self._thread.join()

    def _stay(self, on_delivery: OnDelivery, on_state: OnState, will: Will | None) -> None:
        """Connect, stay, and after a pause connect again, until closed."""
        while not self._stop.is_set():
            self._stir.clear()
            connection = self._connection = _Connection(self._settings, self._tls, on_delivery, will)
            if self._stop.is_set():  # closed between the two lines above
                return
            why = connection.run(on_state)
            self._connection = None
            if not self._stop.is_set():
                on_state(False, why)
            self._stir.wait(self._backoff.pause_s(served=connection.up, busy=why.reason is Reason.BUSY))


class _Connection:
    """One connection from its start to its end; paho's own thread is the only one that touches the TLS socket."""

    def __init__(self, settings: MqttSettings, tls: "_TlsContext", on_delivery: OnDelivery, will: Will | None) -> None:
        self.open = False  # what is said goes out
        self.up = False  # and the broker serves us
        self._settings = settings
        self._tls = tls
        self._on_delivery = on_delivery
        self._news: queue.SimpleQueue[Why | None] = queue.SimpleQueue()  # None: served; else over, and why
        self._over = threading.Event()
        self._client = client = _Client(
            CallbackAPIVersion.VERSION2,
            client_id=settings.client_id,
            clean_session=settings.clean_session,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.tls_set_context(tls)
        self._attempt = client.attempt = tls.attempt = Attempt()
        client.max_inflight_messages_set(_IN_FLIGHT)
        client.connect_timeout = settings.connect_timeout_s
        if will:
            client.will_set(*will(), qos=1)
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_message = self._arrived
        client.on_disconnect = self._lost
        client.on_socket_close = lambda *_: tls.settle()

    def run(self, on_state: OnState) -> Why:
        """Connect, tell when what is said goes out and when the broker serves us, stay; returns why it ended."""
        try:
            self._connect(on_state)
            why = self._news.get(timeout=self._settings.connect_timeout_s)
            if why is None:
                self.up = True
                on_state(True, Why(Reason.CONNECTED))
                why = self._wrong_dates() or self._news.get() or Why(Reason.FAILED, "the broker repeated itself")
            self._client.disconnect()
            self._over.wait(_GOODBYE_S)  # let acknowledgements and the goodbye go out; a dead line gets no longer
        except queue.Empty:
            why = Why(Reason.SILENT, "from the broker")
        except (OSError, ValueError) as error:
            why = self._asked_for() or of_error(error)
        self.open = False
        self._tls.hang_up()
        self._client.loop_stop()
        return why

    def _wrong_dates(self) -> Why | None:
        """Judge the certificates once the time is known (S15); None where they are in order, or the end came first."""
        true_s = self._settings.true_s
        while true_s is not None and self._news.empty() and self._tls.line is not None:
            now_s = true_s()
            if now_s is not None:
                wrong = wrong_dates(self._tls.line, now_s)
                return Why(Reason.CLOCK, wrong) if wrong else None
            self._over.wait(_DATES_S)
        return None

    def _connect(self, on_state: OnState) -> None:
        s = self._settings
        if not s.eager:
            self._client.connect(s.host, s.port, keepalive=s.keepalive_s)
            self._client.loop_start()
            return
        self._client.on_socket_register_write = lambda *_: None  # what is said waits until paho's thread is there
        self._client.connect(s.host, s.port, keepalive=s.keepalive_s)
        self._subscribe()
        self.open = True
        on_state(True, Why(Reason.GREETING))
        self._over.wait(_GATHER_S)
        self._client.on_socket_register_write = None
        self._client.loop_start()

    def _subscribe(self) -> None:
        if self._settings.subscriptions:
            self._client.subscribe([(topic, 1) for topic in self._settings.subscriptions])

    def _asked_for(self) -> Why | None:
        """The reason for which we ended ourselves, if we did."""
        with contextlib.suppress(queue.Empty):
            return self._news.get_nowait()
        return None

    def end(self, why: Why) -> None:
        self._news.put(why)
        if not self.open:
            self._attempt.give_up()

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool) -> None:
        info = self._client.publish(topic, payload, qos=qos, retain=retain)
        if info.rc not in (paho.MQTT_ERR_SUCCESS, paho.MQTT_ERR_QUEUE_SIZE):
            raise LinkError(f"the link broke: {paho.error_string(info.rc)}")

    def _connected(self, _client: Any, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
        if code.is_failure:
            self.end(of_connack(_CONNACK.get(code.value, 0), str(code)))
            return
        self.open = True
        if not self._settings.subscriptions:
            self._serves()
        elif not self._settings.eager:
            self._subscribe()

    def _subscribed(self, _client: Any, _data: Any, _mid: Any, codes: Any, _properties: Any) -> None:
        if any(code.is_failure for code in codes):
            self.end(Why(Reason.NOT_ADMITTED, "the broker refused a subscription"))
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
        self.end(of_error(self._client.trouble) if self._client.trouble else Why(Reason.LOST))


# paho tells the return codes of MQTT 3.1.1 by the reason codes of MQTT 5 (section 3.2.2.2 there).
_CONNACK = {0x84: 1, 0x85: 2, 0x88: 3, 0x86: 4, 0x87: 5}


class _Client(paho.Client):
    """paho pings when nothing came in for a while, and a beat has no answer. Here what we say keeps the line open:
    a ping goes only where we were silent, and a dead line is the kernel's to find (TCP_USER_TIMEOUT)."""

    trouble: ssl.SSLError | None = None  # why TLS ended, which paho takes for any other end
    attempt = Attempt()
    _dry = False  # nothing more to read
    _held = b""  # packets that go out with the next

    def _create_socket_connection(self) -> socket.socket:
        return self.attempt.connect(self._host, self._port, self._connect_timeout)

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Many packets at a turn: what they are answered with goes out together."""
        self._dry = False
        code = super().loop_read(max_packets)
        for _ in range(_PACKETS_A_TURN):
            if code or self._dry or self._sock is None:
                break
            code = super().loop_read(max_packets)
        return code

    def _sock_recv(self, bufsize: int) -> bytes:
        try:
            return super()._sock_recv(bufsize)
        except BlockingIOError:
            self._dry = True
            raise
        except ssl.SSLError as error:
            self.trouble = error
            raise

    def _sock_send(self, buf: bytes | bytearray) -> int:
        try:
            return self._together(bytes(buf))
        except (ConnectionError, ssl.SSLEOFError):  # reset; what the other side said before it lies there still
            with contextlib.suppress(OSError):
                self._sock_recv(1)
            raise

    def _together(self, packet: bytes) -> int:
        """Packets that wait go out as one record of TLS: each has 22 bytes, and a system call, of its own."""
        if self._out_packet and packet[0] != paho.DISCONNECT and len(self._held) + len(packet) <= _RECORD_BYTES:
            self._held += packet
            return len(packet)
        sent = super()._sock_send(self._held + packet) - len(self._held)
        self._held = self._held[sent:] if sent < 0 else b""
        if sent <= 0:
            raise BlockingIOError
        return sent

    def _check_keepalive(self) -> None:
        with self._msgtime_mutex:
            self._last_bytes_received = max(self._last_bytes_received, self._last_msg_out)
        super()._check_keepalive()


class _TlsContext(ssl.SSLContext):
    """Remembers the connection it made, so that it is closed even when paho gives up in the middle of a handshake,
    and its TLS session, so that the next one resumes it: half the bytes, and no signature to make or check."""

    at_once = False
    attempt = Attempt()
    line: ssl.SSLSocket | None = None
    _carried = 0
    _settled = True
    resumable: ssl.SSLSession | None = None

    def wrap_socket(  # type: ignore[override]
        self, sock: socket.socket, *args: Any, server_hostname: str, **kwargs: Any
    ) -> ssl.SSLSocket:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(_DEAD_LINE_S * 1000))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, int(self.at_once))
        more = {**kwargs, "session": self.resumable, "server_hostname": plain(server_hostname)}
        self.line = super().wrap_socket(sock, *args, **more)
        self._settled = False
        self.attempt.hold(self.line)
        return self.line

    def remember(self) -> None:
        """Keep the session of the line that is up; the broker's ticket came with its first answer."""
        self.resumable = self.line.session if self.line else None

    def carried(self) -> int:
        return self._carried + (0 if self._settled or self.line is None else _ip_bytes(self.line))

    def settle(self) -> None:
        """Add up what the line carried, while it is open to be asked."""
        self._carried, self._settled = self.carried(), True

    def hang_up(self) -> None:
        if self.line is not None:
            self.settle()
            self.line.close()


def _ip_bytes(line: socket.socket) -> int:
    """What a connection has carried so far. From Linux's tcp_info: bytes received and sent, segments out and in."""
    try:
        info = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size)
        received, segments_out, segments_in, sent = _TCP_INFO.unpack(info)
    except (OSError, struct.error):  # closed already, or a kernel older than 4.19
        return 0
    return int(received + sent + _HEADER_BYTES * (segments_out + segments_in))


def _tls_context(settings: MqttSettings) -> _TlsContext:
    try:
        context = _TlsContext(ssl.PROTOCOL_TLS_CLIENT)
        context.at_once = settings.at_once
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        if settings.true_s is not None:
            leave_dates(context)
        context.load_verify_locations(str(settings.ca))
        context.load_cert_chain(str(settings.certificate), str(settings.key))
    except (OSError, ValueError) as error:
        raise LinkError(
            f"{settings.ca}, {settings.certificate} or {settings.key}: {_what(error)}; were the keys made and the "
            "admission accepted?"
        ) from None
    return context


def _what(error: OSError | ValueError) -> str:
    return str((error.strerror if isinstance(error, OSError) else None) or error)
