"""Ingest: what terminals publish goes into the ledger, and only then is it answered.

link's thread: read ──▶ bounded queue ──▶ one worker: gather a group · one transaction · COMMIT · receipts · done()

Messages are read on the link's thread because the worker mostly waits for the database: two cores are used.

What must stay true here: no receipt and no acknowledgement before the COMMIT returned. While the database refuses,
nothing is acknowledged and nothing is thrown away: the worker tries the same group again until it is taken.
"""

import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.exc import DataError, IntegrityError

from server import LedgerError
from server.broker import MAX_IN_FLIGHT
from server.feed import Feed
from server.fleet.push import RosterPusher
from server.intake.group import Intake, Outcome
from server.intake.incoming import Incoming, read
from server.intake.judge import Reason, Refuse
from server.intake.throttle import Passage, Throttle
from server.ledger.locks import place
from server.ledger.store import Ledger
from server.settings import IngestSettings
from sync import LinkError
from sync.link import Delivery, Link
from sync.reasons import Why
from sync.topics import down, leaf, sender
from sync.wire import receipt_bytes

log = logging.getLogger("hazri.ingest")

# The broker has at most MAX_IN_FLIGHT messages out that are not acknowledged, and sends them again after a cut: room
# for twice as many is kept free of beats, so that a flood of beats cannot keep a batch out.
_QUEUE = 4 * MAX_IN_FLIGHT
_BEATS = _QUEUE - 2 * MAX_IN_FLIGHT
_TELL = 100  # dropped messages are counted one by one, and told of by the hundred: a flood must be cheap to drop
_FIRST_RETRY_S, _RETRY_MAX_S = 0.1, 5.0
_NOTES_PER_GROUP = 20


@dataclass(frozen=True, slots=True)
class _Stop:
    pass


class Ingest:
    """Takes every terminal's messages from `link`. `start`, then `stop` once."""

    def __init__(
        self,
        settings: IngestSettings,
        ledger: Ledger,
        intake: Intake,
        link: Link,
        pusher: RosterPusher,
        feed: Feed,
        on_flood: Callable[[str], None] = lambda _: None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """`on_flood(terminal)` is told, on the link's thread, of one that sends far more than it may.

        `now_s`: seconds, from any moment on; whoever brings them calls `open` and `work_off` instead of `start`.
        """
        self._settings = settings
        self._ledger = ledger
        self._intake = intake
        self._link = link
        self._pusher = pusher
        self._feed = feed
        self._on_flood = on_flood
        self._now_s = now_s
        self._throttle = Throttle()
        # How many messages of each terminal were ever let in, and answered: each is written by one thread alone.
        self._let_in: dict[str, int] = {}
        self._answered: dict[str, int] = {}
        self._dropped, self._told_dropped_s = 0, 0.0  # since when they were last told of
        self._queue: queue.Queue[Incoming | _Stop] = queue.Queue(_QUEUE)
        self._stopping = threading.Event()
        self._up = threading.Event()
        self._storing = True
        self._worker = threading.Thread(target=self._work, name="ingest", daemon=True)

    def start(self) -> None:
        self._worker.start()
        self.open()

    def open(self) -> None:
        self._link.open(self._take, self._on_state)

    def work_off(self) -> None:
        """Store what waits, on the caller's thread and without waiting for more: where time is simulated."""
        group: list[Incoming] = []
        while not self._queue.empty():
            item = self._queue.get_nowait()
            if isinstance(item, Incoming):
                group.append(item)
        if group:
            self._store(group)

    def stop(self) -> None:
        """Finish the group at hand; what is not stored by then was not acknowledged and comes again."""
        self._stopping.set()
        self._link.close()
        self._up.clear()
        try:
            self._queue.put_nowait(_Stop())
        except queue.Full:
            log.debug("ingest queue=full at=stop")
        self._worker.join()

    @property
    def up(self) -> bool:
        """Is there a link to the broker?"""
        return self._up.is_set()

    @property
    def alive(self) -> bool:
        """Does its worker run?"""
        return self._worker.is_alive()

    @property
    def storing(self) -> bool:
        """Did the database take the last group?"""
        return self._storing

    def wait_until_up(self, timeout_s: float) -> bool:
        return self._up.wait(timeout_s)

    # ── on the link's thread ──

    def _take(self, delivery: Delivery) -> None:
        terminal = sender(delivery.topic)
        if place(terminal) % self._settings.workers != self._settings.worker:
            delivery.done()  # another worker's, which gets it as well
            return
        now_s = self._now_s()
        if self._dropped and (self._dropped >= _TELL or now_s - self._told_dropped_s > 1):
            self._feed.add(Counter(throttled=self._dropped))
            self._dropped, self._told_dropped_s = 0, now_s
        waiting = self._let_in.get(terminal, 0) - self._answered.get(terminal, 0)
        passage = self._throttle.message(terminal, len(delivery.payload), now_s, waiting, self._storing)
        if passage is not Passage.PASS:
            delivery.done()  # its sender has no receipt for it, and keeps it
            self._dropped += 1
            if passage is Passage.FLOOD:
                self._on_flood(terminal)
            return
        if self._queue.qsize() >= _BEATS and leaf(delivery.topic) in ("beat", "question", "health"):
            delivery.done()
            self._feed.add(Counter(beats_dropped=1))
            return
        try:
            one = read(delivery)
            self._throttle.records(terminal, one.weight)
            self._queue.put_nowait(one)
            self._let_in[terminal] = self._let_in.get(terminal, 0) + 1
        except queue.Full:
            # Not acknowledged: the broker keeps it for the next connection, and the terminal until its receipt.
            self._feed.add(Counter(overflow=1))

    def _on_state(self, up: bool, why: Why) -> None:
        (self._up.set if up else self._up.clear)()
        log.info("link state=%s reason=%s", "up" if up else "down", why)
        self._feed.add(Counter())

    # ── on the worker's ──

    def _work(self) -> None:
        while not self._stopping.is_set():
            group = self._gather()
            if group:
                self._store(group)

    def _gather(self) -> list[Incoming]:
        """Wait for a message, then take what else comes within `commit_ms`, up to `commit_records`."""
        first = self._queue.get()
        if isinstance(first, _Stop):
            return []
        group = [first]
        weight = first.weight
        until = time.monotonic() + self._settings.commit_ms / 1000
        while weight < self._settings.commit_records:
            try:
                item = self._queue.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                break
            if isinstance(item, _Stop):
                break
            group.append(item)
            weight += item.weight
        return group

    def _store(self, group: list[Incoming]) -> None:
        """Until it is stored, or we are told to stop."""
        pause_s = _FIRST_RETRY_S
        while True:
            try:
                outcome = self._commit(group)
            except LedgerError as error:
                if isinstance(error.__cause__, DataError | IntegrityError):
                    self._one_by_one(group)
                    return
                if self._storing:
                    log.warning("ingest state=waiting reason=%s", error)
                self._storing = False
                self._feed.add(Counter(storage_failures=1))
                if self._stopping.wait(pause_s):
                    return
                pause_s = min(2 * pause_s, _RETRY_MAX_S)
                continue
            if not self._storing:
                log.info("ingest state=storing")
            self._storing = True
            self._answer(group, outcome)
            return

    def _commit(self, group: list[Incoming]) -> Outcome:
        with self._ledger.take_in({one.terminal for one in group}) as connection:
            return self._intake.take(connection, group)

    def _one_by_one(self, group: list[Incoming]) -> None:
        """A message whose values the database does not take must not stop the others (poison)."""
        if len(group) > 1:
            for one in group:
                self._store([one])
            return
        poison = group[0]
        detail = "the database does not take a value in it"
        log.warning("terminal=%s message=%s refused=%s", poison.terminal, poison.leaf, Reason.LEDGER)
        self._store([Incoming(poison.delivery, poison.terminal, poison.leaf, Refuse(Reason.LEDGER, detail))])

    def _answer(self, group: list[Incoming], outcome: Outcome) -> None:
        for note in outcome.notes[:_NOTES_PER_GROUP]:
            log.info("%s", note)
        try:
            for terminal, tag in outcome.questions.items():
                self._link.publish(down(terminal, "answer"), self._intake.answer(terminal, tag), qos=0)
            for terminal, found in outcome.found.items():
                self._link.publish(down(terminal, "found"), found, qos=0)
            for (terminal, _), receipt in outcome.receipts.items():
                self._link.publish(down(terminal, "receipt"), receipt_bytes(receipt), qos=0, retain=True)
        except LinkError:
            # The terminal sends again what it has no receipt for, and is answered then.
            outcome.counts["receipts_unsent"] += 1
        for one in group:
            one.delivery.done()
            terminal = sender(one.delivery.topic)
            self._answered[terminal] = self._answered.get(terminal, 0) + 1
        outcome.counts["commits"] += 1
        self._feed.add(outcome.counts)
        if outcome.rosters:
            self._pusher.wake()
