"""Shows a flooding terminal the door: denied everything at the broker, its session cut, for a time that grows.

Denied first, cut second: a client whose name is its certificate's is back at once, and must find the door closed. The
cut is a session of the same name, which the broker gives way to (MQTT 3.1.1, section 3.1.4), and which stays: when the
terminal comes back and takes its place, it is cut again within a moment. Denying alone would not do: Mosquitto reads,
acknowledges and forgets what a `deny` forbids, as fast as it comes, and has time for little else. Nor would a
certificate revocation list, as who resumes a TLS session is not asked for a certificate again.
"""

import contextlib
import logging
import select
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass

from server import LedgerError
from server.broker import Broker
from server.feed import Feed
from server.ledger.store import Ledger, now_ms, upsert
from server.ledger.tables import alarm
from server.settings import BrokerSettings
from server.sharing import changes
from server.trust.cut import Seat
from server.trust.keys import ServerKeys
from sync.record import LOG_BYTES

log = logging.getLogger("hazri.bouncer")

FIRST_OUT_S, LONGEST_OUT_S = 60.0, 3600.0
_GOOD_AFTER_S = 24 * 3600.0
_POLL_S, _AGAIN_S = 1.0, 5.0  # and how long after the broker did not let us in
KIND = "flood"


@dataclass(slots=True)
class _Out:
    """One terminal that was put out; kept for a day after it came back, so that the next time is longer."""

    times: int
    until_s: float
    seat: Seat  # ours while it is denied
    again_s: float = 0.0  # not to be taken before
    denied: bool = True


class Bouncer:
    """`flooding` may be called from any thread. `start`, or `step` from one's own; then `stop` once."""

    def __init__(self, broker: Broker, settings: BrokerSettings, keys: ServerKeys, ledger: Ledger, feed: Feed) -> None:
        self._broker = broker
        self._settings = settings
        self._keys = keys
        self._ledger = ledger
        self._feed = feed
        self._lock = threading.Lock()
        self._new: set[str] = set()
        self._out: dict[str, _Out] = {}
        self._hear, self._wake = socket.socketpair()
        self._hear.setblocking(False)
        self._stopping = False
        self._poll_s = _POLL_S
        self._thread = threading.Thread(target=self._run, name="bouncer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._wake.send(b"!")
        if self._thread.is_alive():
            self._thread.join()
        for one in self._out.values():
            one.seat.leave()
        self._hear.close()
        self._wake.close()

    def flooding(self, terminal: str) -> None:
        """Put it out soon."""
        with self._lock:
            known = terminal in self._new or (terminal in self._out and self._out[terminal].denied)
            self._new.add(terminal)
        if not known:
            self._wake.send(b"!")

    def _run(self) -> None:
        while not self._stopping:
            self._wait()
            try:
                self.step(time.monotonic())
            except Exception as error:  # noqa: BLE001 - one bad turn must not leave the door unguarded for ever
                log.warning("bouncer state=failed reason=%s: %s", type(error).__name__, error)

    def _wait(self) -> None:
        """Until somebody floods, or takes a seat of ours, or a while is over."""
        poll = select.poll()
        poll.register(self._hear, select.POLLIN)
        for one in self._out.values():
            if one.seat.fileno() >= 0:
                poll.register(one.seat, select.POLLIN)
        poll.poll(self._poll_s * 1000)
        with contextlib.suppress(BlockingIOError):
            self._hear.recv(4096)

    def step(self, now_s: float) -> None:
        """Put out who floods, let in whose time is over, cut again who is still out."""
        with self._lock:
            new, self._new = self._new, set()
        new = {one for one in new if not (one in self._out and self._out[one].denied)}
        back = {name for name, one in self._out.items() if one.denied and now_s >= one.until_s}
        for name in new:
            times = self._out[name].times + 1 if name in self._out else 1
            out_s = min(LONGEST_OUT_S, FIRST_OUT_S * 2 ** (times - 1))
            self._out[name] = _Out(times, now_s + out_s, Seat(self._settings, self._keys, name))
            log.warning("terminal=%s state=cut reason=flood times=%d out_s=%.0f", name, times, out_s)
        for name in back:
            self._out[name].denied = False
            self._out[name].seat.leave()
            log.info("terminal=%s state=let_in", name)
        if new or back:
            self._broker.deny({name for name, one in self._out.items() if one.denied})
        for one in self._out.values():
            if one.denied and not one.seat.held and now_s >= one.again_s and not one.seat.take():
                one.again_s = now_s + _AGAIN_S
        for name in new:
            self._raise(name)
        for name in [name for name, one in self._out.items() if now_s > one.until_s + _GOOD_AFTER_S]:
            del self._out[name]

    def _raise(self, name: str) -> None:
        now, times = now_ms(), self._out[name].times
        self._feed.add(Counter(floods_cut=1))
        detail = f"it sent far more than it may, and waited for no receipt; put out for the {times}. time in a row"
        row = {"terminal": name, "log": bytes(LOG_BYTES), "seq": now, "kind": KIND, "known_ms": now, "detail": detail}
        try:
            with self._ledger.write() as connection:
                upsert(connection, alarm, row)
                changes.note(connection, "alarm", (name, bytes(LOG_BYTES)), now, KIND, now)
        except LedgerError as error:
            log.warning("terminal=%s alarm=unsaved reason=%s", name, error)
