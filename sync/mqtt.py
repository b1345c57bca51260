"""MqttLink: a Link over MQTT 3.1.1 with mutual TLS. One thread connects, stays, and comes back after a cut.

The outbox is the queue, and the pauses between attempts are ours (sync.backoff), so all that is needed of MQTT is one
connection at a time (sync.connection).
"""

import threading

from sync import LinkError
from sync.backoff import Backoff
from sync.connection import Connection, MqttSettings
from sync.link import OnDelivery, OnState, Will
from sync.reasons import Reason, Why
from sync.tls import tls_context

__all__ = ["MqttLink", "MqttSettings"]


class MqttLink:
    """See sync.link.Link for the contract. Deliveries are acknowledged to the broker by `done()`, not before."""

    def __init__(self, settings: MqttSettings) -> None:
        """Raises LinkError when a certificate or key cannot be read: no retry would mend that."""
        s = self._settings = settings
        self._tls = tls_context(s.ca, s.certificate, s.key, at_once=s.at_once, any_date=s.true_s is not None)
        self._stop = threading.Event()
        self._stir = threading.Event()
        self._backoff = Backoff(settings.retry_max_s)
        self._thread: threading.Thread | None = None
        self._connection: Connection | None = None

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
            connection = self._connection = Connection(self._settings, self._tls, on_delivery, on_state, will)
            if self._stop.is_set():  # closed between the two lines above
                return
            why = connection.run()
            self._connection = None
            if not self._stop.is_set():
                on_state(False, why)
            self._stir.wait(self._backoff.pause_s(served=connection.up, busy=why.reason is Reason.BUSY))
