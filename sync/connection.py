"""One connection to the broker: MQTT 3.1.1 over mutual TLS, on one thread, from the first packet to the goodbye.

What several threads say meanwhile goes out in one TLS record, and what came in one is read at once: that is most of
what a message costs. Nothing is kept for a next connection: whoever speaks has it still, until the server's receipt.

An eager connection saves two journeys of the three that MQTT would make after TLS: what a terminal subscribes to and
first says follows its CONNECT at once, in the same segment (MQTT 3.1.1, section 3.1.4, allows it). A broker that does
not serve us drops it all, and so nothing is lost that a receipt would not have been missing for, too.
"""

import contextlib
import os
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NoReturn

from sync import LinkError, WireError, packets
from sync.cbor import MAX_MESSAGE_BYTES
from sync.link import Delivery, OnDelivery, OnState, Will
from sync.reasons import Reason, Why, of_connack, of_error
from sync.tls import TlsContext
from sync.validity import wrong_dates

_GOODBYE_S = 2.0
_DATES_S = 0.5  # as long after the time is known a wrong date may still be in use
_GATHER_S = 0.04  # what is said so soon after CONNECT shares its segment
_PIECE, _PIECES_A_TURN = 65536, 16
_PACKET_BYTES = MAX_MESSAGE_BYTES + 1024
_LONG_S = 3600.0
_UNSENT_BYTES = 64 * 2**20  # that a broker may leave unread


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


class EndedError(Exception):
    """The connection is over."""

    def __init__(self, why: Why) -> None:
        self.why = why


class Connection:
    """One connection from its start to its end; the thread that runs it is the only one that touches the socket."""

    def __init__(
        self, settings: MqttSettings, tls: TlsContext, on_delivery: OnDelivery, on_state: OnState, will: Will | None
    ) -> None:
        self.open = False  # what is said goes out
        self.up = False  # and the broker serves us
        self._settings = settings
        self._tls = tls
        self._on_delivery = on_delivery
        self._on_state = on_state
        self._hello = packets.connect(
            settings.client_id, settings.keepalive_s, clean=settings.clean_session, will=will() if will else None
        )
        self._plain: socket.socket | None = None
        self._lock = threading.Lock()
        self._said = bytearray()  # by any thread, to be sent
        self._mid = 0
        self._asked: Why | None = None  # to end, by another thread
        self._wake: int | None = None  # what rouses the running thread, while there is one
        self._woken = False
        # Of the running thread alone.
        self._sending = bytearray()
        self._incoming = packets.Packets(_PACKET_BYTES)
        self._more = False  # was left to be read
        self._served_by_s: float | None = None  # all times as time.monotonic has them; None: not due
        self._held_until_s: float | None = None
        self._dates_at_s: float | None = None
        self._pong_by_s: float | None = None
        self._ping_at_s = 0.0

    def run(self) -> Why:
        """Connect, tell when what is said goes out and when the broker serves us, stay; returns why it ended."""
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        try:
            line = self._connect()
            why = self._stay(line, self._wake)
            if self._asked or why.reason is Reason.CLOCK:
                self._say_goodbye(line)
        except (OSError, ValueError) as error:
            why = self._asked or of_error(error)
        self.open = False
        self._tls.hang_up()
        with self._lock:
            os.close(self._wake)
            self._wake = None
        return why

    # ── any thread ──

    def end(self, why: Why) -> None:
        with self._lock:
            self._asked = self._asked or why
            self._rouse()
        if not self.open:
            if self._plain is not None:  # TCP waits for an answer for minutes, though the network is another
                with contextlib.suppress(OSError):
                    self._plain.shutdown(socket.SHUT_RDWR)
            self._tls.give_up()

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool) -> None:
        with self._lock:
            if self._wake is None:
                raise LinkError("the link broke")
            if len(self._said) > _UNSENT_BYTES:
                raise LinkError("the broker does not read what is said")
            self._mid = self._mid % 0xFFFF + 1
            self._said += packets.publish(topic, payload, mid=self._mid if qos else 0, retain=retain)
            self._rouse()

    def _acknowledge(self, mid: int) -> None:
        with self._lock:
            self._said += packets.puback(mid)
            self._rouse()

    def _rouse(self) -> None:
        """Let the running thread look; with the lock."""
        if self._wake is not None and not self._woken:
            self._woken = True
            os.eventfd_write(self._wake, 1)

    # ── the running thread ──

    def _connect(self) -> ssl.SSLSocket:
        """A line on which TLS is agreed."""
        s = self._settings
        failed: OSError = OSError("the name has no address")
        for family, kind, protocol, _, address in socket.getaddrinfo(s.host, s.port, type=socket.SOCK_STREAM):
            plain = self._plain = socket.socket(family, kind, protocol)
            plain.settimeout(s.connect_timeout_s)
            try:
                plain.connect(address)
                break
            except OSError as error:
                plain.close()
                failed = error
        else:
            raise failed
        if self._asked:  # while the socket was not there to be shut
            plain.close()
            raise ConnectionAbortedError
        line = self._tls.wrap_socket(plain, server_hostname=s.host, do_handshake_on_connect=False)
        line.do_handshake()
        line.setblocking(False)
        return line

    def _stay(self, line: ssl.SSLSocket, wake: int) -> Why:
        """Until it ends; returns why."""
        with selectors.DefaultSelector() as ready:
            ready.register(line, selectors.EVENT_READ)
            ready.register(wake, selectors.EVENT_READ)
            try:
                self._greet()
                self._turn(line, ready)
            except EndedError as ended:
                return ended.why

    def _turn(self, line: ssl.SSLSocket, ready: selectors.BaseSelector) -> NoReturn:
        """Until it ends; raises EndedError telling why."""
        while True:
            self._keep_time(line)
            blocked = self._held_until_s is None and self._send(line)
            if self._asked:  # behind `_send`, which may have been what noticed that we were roused
                raise EndedError(self._asked)
            ready.modify(line, selectors.EVENT_READ | (selectors.EVENT_WRITE if blocked else 0))
            events = ready.select(self._idle_s())
            if self._more or any(key.fileobj is line for key, _ in events):
                self._receive(line)

    def _greet(self) -> None:
        s = self._settings
        now_s = time.monotonic()
        self._served_by_s = now_s + s.connect_timeout_s
        self._sending += self._hello
        if s.eager:
            self._tls.gather(True)
            self._held_until_s = now_s + _GATHER_S
            self._subscribe()
            self.open = True
            self._on_state(True, Why(Reason.GREETING))

    def _subscribe(self) -> None:
        if self._settings.subscriptions:
            self._sending += packets.subscribe(self._settings.subscriptions)

    def _keep_time(self, line: ssl.SSLSocket) -> None:
        """Do what has become due."""
        now_s = time.monotonic()
        if _passed(self._served_by_s, now_s):
            raise EndedError(Why(Reason.SILENT, "from the broker"))
        if _passed(self._pong_by_s, now_s):
            raise EndedError(Why(Reason.LOST, "the broker fell silent"))
        if _passed(self._held_until_s, now_s):
            self._held_until_s = None
            self._send(line)
            self._tls.gather(False)
        if _passed(self._dates_at_s, now_s):
            self._judge_dates(line, now_s)
        # A beat has no answer, so it is what we say that keeps the line open: a ping goes only where we were silent,
        # and a dead line is the kernel's to find (TCP_USER_TIMEOUT).
        if self.up and _passed(self._ping_at_s, now_s):
            self._sending += packets.PING
            self._ping_at_s = now_s + self._settings.keepalive_s
            self._pong_by_s = self._pong_by_s or now_s + self._settings.keepalive_s

    def _judge_dates(self, line: ssl.SSLSocket, now_s: float) -> None:
        """Once the time is known (S15)."""
        true_s = self._settings.true_s() if self._settings.true_s else None
        self._dates_at_s = now_s + _DATES_S if true_s is None else None
        if true_s is not None and (wrong := wrong_dates(line, true_s)):
            raise EndedError(Why(Reason.CLOCK, wrong))

    def _idle_s(self) -> float:
        """How long nothing is due."""
        if self._more:
            return 0.0
        due = (self._served_by_s, self._held_until_s, self._dates_at_s, self._pong_by_s, self.up and self._ping_at_s)
        return max(0.0, min((at_s for at_s in due if at_s), default=_LONG_S) - time.monotonic())

    def _send(self, line: ssl.SSLSocket) -> bool:
        """What was said so far; True where the line takes no more now."""
        try:
            while self._take_said():
                del self._sending[: line.send(self._sending)]
                self._ping_at_s = time.monotonic() + self._settings.keepalive_s
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
            return True
        except (ConnectionError, ssl.SSLEOFError):  # reset; what the other side said before it lies there still
            self._receive(line)
            raise EndedError(Why(Reason.LOST)) from None
        return False

    def _take_said(self) -> bool:
        with self._lock:
            if self._woken and self._wake is not None:
                self._woken = False
                os.eventfd_read(self._wake)
            if not self._sending:
                self._sending, self._said = self._said, bytearray()
        return bool(self._sending)

    def _receive(self, line: ssl.SSLSocket) -> None:
        """What came; raises EndedError where that was the end."""
        self._more = False
        try:
            for _ in range(_PIECES_A_TURN):
                piece = line.recv(_PIECE)
                if not piece:
                    raise EndedError(self._asked or Why(Reason.LOST))
                self._pong_by_s = None
                for first, body in self._incoming.feed(piece):
                    self._take(first, body)
            self._more = True
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except ssl.SSLError as error:
            raise EndedError(of_error(error)) from None
        except OSError:
            raise EndedError(Why(Reason.LOST)) from None
        except WireError as error:
            raise EndedError(Why(Reason.FAILED, str(error))) from None

    def _take(self, first: int, body: bytes) -> None:
        match first >> 4:
            case packets.PUBLISH:
                topic, payload, mid = packets.publication(first, body)
                done = partial(self._acknowledge, mid) if mid else _nothing
                self._on_delivery(Delivery(topic, payload, done))
            case packets.CONNACK:
                self._connected(body[1] if len(body) == 2 else 0xFF)
            case packets.SUBACK:
                if packets.REFUSED in body[2:]:
                    raise EndedError(Why(Reason.NOT_ADMITTED, "the broker refused a subscription"))
                self._served()

    def _connected(self, code: int) -> None:
        if code:
            raise EndedError(of_connack(code, packets.CONNACK_WORDS.get(code, f"code {code}")))
        self.open = True
        if not self._settings.subscriptions:
            self._served()
        elif not self._settings.eager:
            self._subscribe()

    def _served(self) -> None:
        if not self.up:
            self._tls.remember()
            self.up, self._served_by_s = True, None
            self._dates_at_s = time.monotonic() if self._settings.true_s else None
            self._on_state(True, Why(Reason.CONNECTED))

    def _say_goodbye(self, line: ssl.SSLSocket) -> None:
        """Let acknowledgements and the goodbye go out; a dead line gets no longer than _GOODBYE_S."""
        if not self.open:
            return
        self.open = False
        with self._lock:
            self._said += packets.GOODBYE
        until_s = time.monotonic() + _GOODBYE_S
        with contextlib.suppress(OSError, EndedError), selectors.DefaultSelector() as ready:
            ready.register(line, selectors.EVENT_WRITE)
            while self._send(line) and (left_s := until_s - time.monotonic()) > 0:
                ready.select(left_s)
            ready.modify(line, selectors.EVENT_READ)  # until the broker hangs up: else what it has not read may be lost
            while (left_s := until_s - time.monotonic()) > 0 and ready.select(left_s):
                with contextlib.suppress(ssl.SSLWantReadError):
                    if not line.recv(_PIECE):
                        return


def _passed(at_s: float | None, now_s: float) -> bool:
    return at_s is not None and now_s >= at_s


def _nothing() -> None:
    pass
