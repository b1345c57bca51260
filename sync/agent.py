"""The sync agent: drains the outbox through a Link, takes receipts and rosters, says how the terminal is.

One thread takes everything from one queue, so there is nothing to lock. What must stay true here:
* a record counts as delivered only when a receipt signed by the server says so: not when it was sent, not when the
  broker has it. A new link, or a receipt that does not come in time, starts again behind the last receipt;
* a receipt whose head is not ours is a fork (S8): no record is sent any more, and the state says so;
* whatever arrives is hostile until its signature is checked; what fails is counted and dropped.
"""

import os
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from sync import LinkError, NotMadeError, StorageError, SyncError
from sync.asker import Asker
from sync.batch import batch_bytes
from sync.budget import Thrift
from sync.chain import verify_receipt, verify_roster
from sync.errands import Errands
from sync.fetch import wanted_bytes
from sync.link import Delivery, Link
from sync.outbox import OutboxReader
from sync.reasons import Reason, Why
from sync.record import LOG_BYTES
from sync.roster import RosterStore
from sync.salvage import salvaged
from sync.telling import Teller
from sync.topics import down, leaf, up
from sync.upload import Uploader
from sync.wire import ROOM, Beat, Receipt, beat_bytes, parse_receipt, parse_roster, receipt_bytes
from sync.word import Verifier

METERED_ROOM = 4096  # of roster at once: under two seconds on a poor 2G line, and little to lose with it
_SESSION_BYTES = 8
_JUST_S = 0.1


def _nobody() -> None:
    """Is told that a receipt which came by hand is safe."""


@dataclass(frozen=True, slots=True)
class AgentSettings:
    terminal: str
    batch: int = 50
    in_flight: int = 4
    receipt_timeout_s: float = 20.0
    heartbeat_s: float = 300.0
    poll_s: float = 0.1
    linger_s: float = 0.0  # how long a record may wait for others to share its batch
    metered_linger_s: float = 0.0  # the same on a metered line, which is worth it
    now_s: Callable[[], float] = time.monotonic  # seconds, from any moment on


@dataclass(frozen=True, slots=True)
class AgentState:
    """What a technician would want to know at a glance. Sequence numbers count records of this terminal's log;
    `anchored_ms` is CLOCK_BOOTTIME when the server last said what time it is, known to within `anchor_bound_ms`.

    `reason` is why the link is as it is; `trouble` what else is wrong now, empty when nothing is. `waiting`: for the
    terminal's first start, as there is no log yet.
    """

    up: bool = False
    reason: str = str(Why(Reason.STARTING))
    why: Reason = Reason.STARTING
    trouble: str = ""
    waiting: bool = False
    made: int = 0
    sent: int = 0
    receipted: int = 0
    roster_version: int = 0
    refused: int = 0
    anchored_ms: int = 0
    anchor_bound_ms: int = 0


class Agent:
    def __init__(
        self,
        settings: AgentSettings,
        punches: Path,
        store: RosterStore,
        link: Link,
        server_key: Verifier,
        on_change: Callable[[AgentState], None],
        asker: Asker | None = None,
        thrift: Callable[[], Thrift] = Thrift,
        spread: Callable[[float], None] = lambda _: None,
        teller: Teller | None = None,
        turned: Callable[[], None] = lambda: None,
        handed: Callable[[bytes], list[Receipt]] = lambda _log: [],
    ) -> None:
        """`asker`: who asks the server for the time; None: nobody does. `spread`: see sync.errands. `teller`: who says
        how the terminal is. `turned` hears the end of each step. `handed`: receipts of a log that came by hand."""
        self._settings = settings
        self._punches = punches
        self._store = store
        self._link = link
        self._server_key = server_key
        self._on_change = on_change
        self._asker = asker
        self._thrift = thrift
        self._teller = teller
        self._turned, self._handed = turned, handed
        self._errands = Errands(settings.terminal, server_key, store, spread)
        self._inbox: queue.SimpleQueue[Delivery | tuple[bool, Why]] = queue.SimpleQueue()
        self._reader: OutboxReader | None = None
        self._saved = False  # is the reader's log one that was saved from a damaged file?
        self._hopeless: set[Path] = set()  # saved logs the server took nothing of, until the next link
        self._in_flight: deque[int] = deque()
        self._session = bytes(_SESSION_BYTES)
        self._uploader = Uploader(settings.terminal, link, store, settings.now_s)
        self._open = False  # what is said goes out; whether we are up, the server says
        self._forked = False
        self._plain_for = 0  # the version of our roster whose order the server does not know
        self._waiting_since: float | None = None
        self._progress_at = self._beat_at = 0.0
        self.state = AgentState(roster_version=store.version)

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set. Raises StorageError when roster.db cannot be written."""
        self.open()
        try:
            while not stop.is_set():
                self.step()
                self._turned()
        finally:
            if self.state.up:  # an orderly end is no alarm, but not silence either
                self._try(lambda: self._publish_beat(online=False, qos=1))
            self._link.close()

    def open(self) -> None:
        """Start to connect; `step` does the rest."""
        self._link.open(self._inbox.put, lambda up, why: self._inbox.put((up, why)), self._will)

    def step(self) -> None:
        """Take what has arrived (waiting `poll_s` for the first), then send what is due."""
        try:
            self._take(self._inbox.get(timeout=self._settings.poll_s))
            while True:
                self._take(self._inbox.get_nowait())
        except queue.Empty:
            pass
        self._errands.sweep()
        try:
            for receipt in self._handed(self._look().log):
                self._inbox.put(Delivery(down(self._settings.terminal, "receipt"), receipt_bytes(receipt), _nobody))
        except NotMadeError:
            self._reader = None
            self._change(waiting=True, trouble="")
            return
        except StorageError as error:  # not the same file any more, say: open it anew next time
            self._reader = None
            self._change(waiting=False, trouble=str(error))
            return
        try:
            if self._open:
                if self._asker is not None and self._asker.due():
                    self._link.publish(up(self._settings.terminal, "question"), self._asker.ask(), qos=0)
                if self._reader is not None and (wanted := self._errands.ask(self._reader.wanted())):
                    self._link.publish(up(self._settings.terminal, "wanted"), wanted_bytes(wanted))
                if not self._forked:
                    self._drain()
                if self._reader is not None and not self._forked:
                    self._upload()
                since_s = self._settings.now_s() - self._beat_at
                due = since_s >= self._settings.heartbeat_s
                if not self._tell(beat=due or since_s < _JUST_S) and due:
                    self.beat(qos=0)
        except LinkError as error:
            self._broke(error)
        except StorageError as error:
            self._change(trouble=str(error))

    # ── what arrives ──

    def _take(self, item: Delivery | tuple[bool, Why]) -> None:
        if not isinstance(item, Delivery):
            self._take_state(*item)
            return
        try:
            if item.topic == down(self._settings.terminal, "receipt"):
                self._take_receipt(item.payload)
            elif item.topic == down(self._settings.terminal, "roster"):
                self._take_roster(item.payload)
            elif item.topic == down(self._settings.terminal, "order"):
                if self._errands.order(item.payload, self._session):
                    self._try(lambda: self.beat(qos=1))  # a whole roster may be wanted now
            elif item.topic == down(self._settings.terminal, "found"):
                self._errands.found(item.payload)
            elif item.topic == down(self._settings.terminal, "answer") and self._asker is not None:
                anchor = self._asker.take(item.payload)
                self._store.put_anchor(anchor)
                self._change(anchored_ms=anchor.came_ms, anchor_bound_ms=anchor.bound_ms)
        except StorageError:
            raise
        except SyncError as error:
            self._change(refused=self.state.refused + 1, trouble=f"refused a {leaf(item.topic)}: {error}")
        item.done()

    def _take_state(self, open_now: bool, why: Why) -> None:
        was_open, self._open = self._open, open_now
        self._change(up=why.reason is Reason.CONNECTED, reason=str(why), why=why.reason)
        if open_now and not was_open:
            self._start_over()

    def _start_over(self) -> None:
        """A new link: whatever was under way on the old one may be lost."""
        self._hopeless.clear()
        if self._saved:
            self._leave()
        if self._asker is not None:
            self._asker.new_link()
        if self._teller is not None:
            self._teller.new_link()
        self._rewind()
        self._uploader.start_over()
        self._try(lambda: self.beat(qos=1))

    def _take_receipt(self, payload: bytes) -> None:
        receipt = parse_receipt(payload)
        verify_receipt(self._server_key, self._settings.terminal, receipt)
        if self._reader is None or receipt.log != self._reader.log:
            return  # of a log this terminal no longer writes
        if not self._saved and (trouble := self._fork(self._reader, receipt)):  # saved: the server may well have more
            self._forked = True
            self._change(trouble=trouble)
            return
        again = receipt.seq < self.state.receipted  # the server lost its tail, say by a restored backup
        if receipt.plain and self._plain_for != self._store.version:
            self._plain_for, again = self._store.version, True
        if receipt.seq != self.state.receipted:
            self._store.put_receipt(receipt)
        self._change(receipted=receipt.seq)
        if again:
            self._rewind()
        while self._in_flight and self._in_flight[0] <= receipt.seq:
            self._in_flight.popleft()
            self._progress_at = self._settings.now_s()

    def _fork(self, reader: OutboxReader, receipt: Receipt) -> str:
        """What a receipt says that cannot be true of this log; empty when it can."""
        last_seq = reader.last_seq()
        if receipt.seq > last_seq:
            return (
                f"fork: the server holds {receipt.seq} records of this log, here are {last_seq}: was the card put back?"
            )
        known = reader.head(receipt.seq)
        if known is not None and known != receipt.head:
            return f"fork: the server holds another record {receipt.seq} of this log"
        return ""

    def _take_roster(self, payload: bytes) -> None:
        delta = parse_roster(payload)
        verify_roster(self._server_key, self._settings.terminal, delta)
        if delta.version > self._store.received and delta.base in (0, self._store.received):
            self._store.apply(delta)
            self._change(roster_version=self._store.version)
        self._try(lambda: self.beat(qos=1))  # says which version stands here; the server sends what is missing

    # ── what goes ──

    def _look(self) -> OutboxReader:
        """How far has the terminal come?"""
        if self._reader is None:
            self._reader = self._next_reader()
            self._change(receipted=self._receipted(self._reader), waiting=False, trouble="")
            self._uploader.start_over()
            self._rewind()
        self._change(made=self._reader.last_seq())
        if self._saved and self.state.receipted >= self.state.made:
            self._leave()
            return self._look()
        return self._reader

    def _next_reader(self) -> OutboxReader:
        """What was saved from damaged files goes first, oldest first; then the log the terminal writes now."""
        self._saved = True
        for path in salvaged(self._punches):
            if path not in self._hopeless:
                try:
                    reader = OutboxReader(path)
                    if self._receipted(reader) < reader.last_seq():
                        return reader
                except StorageError:
                    self._hopeless.add(path)
                    continue
                reader.close()
        self._saved = False
        return OutboxReader(self._punches)

    def _receipted(self, reader: OutboxReader) -> int:
        receipt = self._store.receipt(reader.log)
        return receipt.seq if receipt else 0

    def _leave(self) -> None:
        """The next look opens the log that is due then."""
        if self._reader is not None:
            self._reader.close()
        self._reader = None
        self._rewind()

    def _drain(self) -> None:
        assert self._reader is not None  # noqa: S101 - _look comes first
        s = self._settings
        if self._in_flight and self._settings.now_s() - self._progress_at > s.receipt_timeout_s:
            if self._saved:  # nothing may hold up today's punches for ever
                self._hopeless.add(self._reader.path)
                self._leave()
                return
            self._rewind()
        while len(self._in_flight) < s.in_flight and self._due():
            batch = self._reader.batch(self.state.sent + 1, s.batch)
            if batch is None:
                break
            order = None if self._plain_for == self._store.version else self._store.order()
            self._link.publish(up(s.terminal, "batch"), batch_bytes(batch, order))
            self._waiting_since = None
            if not self._in_flight:
                self._progress_at = self._settings.now_s()
            self._in_flight.append(batch.last_seq)
            self._change(sent=batch.last_seq)

    def _due(self) -> bool:
        """Is there a full batch, or a record that has waited long enough for one?"""
        linger_s = self._settings.metered_linger_s if self._thrift().metered else self._settings.linger_s
        waiting = self.state.made - self.state.sent
        if waiting > 0 and self._waiting_since is None:
            self._waiting_since = self._settings.now_s()
        return waiting >= self._settings.batch or (
            waiting > 0 and self._waiting_since is not None and self._settings.now_s() - self._waiting_since >= linger_s
        )

    def _upload(self) -> None:
        """Metered: punches first (S3)."""
        thrift = self._thrift()
        if thrift.essential_only or (thrift.metered and self.state.receipted < self.state.made):
            return
        assert self._reader is not None  # noqa: S101 - _look comes first
        self._uploader.step(self._reader, again=not thrift.metered)

    def _tell(self, *, beat: bool) -> bool:
        """How the terminal is, when that is due, in the place of a beat; whether it was said. `beat`: one is due, or
        went just now and shares its packet."""
        if self._teller is None:
            return False
        health = self._teller.due(self._reader, self.state.receipted, self._thrift(), in_passing=beat)
        if health is None:
            return False
        self._link.publish(up(self._settings.terminal, "health"), health, qos=0)
        self._beat_at = self._settings.now_s()
        return True

    def beat(self, qos: int) -> None:
        """Say how the terminal is, now. Raises LinkError."""
        self._beat_at = self._settings.now_s()
        self._publish_beat(online=True, qos=qos)

    def _publish_beat(self, online: bool, qos: int) -> None:
        self._link.publish(up(self._settings.terminal, "beat"), self._beat_payload(online), qos=qos)

    def _will(self) -> tuple[str, bytes]:
        """Drawn for each connection anew, so that the will of an older one is seen to be stale (S4)."""
        self._session = os.urandom(_SESSION_BYTES)
        return up(self._settings.terminal, "beat"), self._beat_payload(online=False)

    def _beat_payload(self, online: bool) -> bytes:
        log = self._reader.log if self._reader else bytes(LOG_BYTES)
        s, thrift = self.state, self._thrift()
        room = 0 if thrift.essential_only else METERED_ROOM if thrift.metered else ROOM
        beat = Beat(self._session, online, log, s.made, s.made - s.receipted, self._store.received, room)
        return beat_bytes(beat)

    # ── state ──

    def _rewind(self) -> None:
        self._in_flight.clear()
        self._change(sent=self.state.receipted)

    def _try(self, send: Callable[[], None]) -> None:
        try:
            send()
        except LinkError as error:
            self._broke(error)

    def _broke(self, error: LinkError) -> None:
        self._open = False
        self._change(up=False, reason=str(Why(Reason.LOST, str(error))), why=Reason.LOST)

    def _change(self, **changes: bool | int | str) -> None:
        state = replace(self.state, **changes)  # type: ignore[arg-type]
        if state != self.state:
            self.state = state
            self._on_change(state)
