"""What goes into the log, and in which order: the boot, what the disk refused, a step of the clock, what happened.

At the start the log is read once: which boot it ended in, who punched last when, and which fingers were enrolled here.
"""

import contextlib
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from edge import SOFTWARE
from edge.record.clock import Clock, SystemClock, boot_id
from edge.session.policy import Last
from sync import StorageError, WireError
from sync.anchor import Anchor, anchor_detail, detailed_anchor
from sync.fetch import Wanted
from sync.outbox import Outbox
from sync.record import ClockSource, Event, EventCode, Flag, Instant, Punch, Record, SourceClass
from sync.wire import SealedTemplate, parse_template, template_bytes

OWN = "own"
PROPOSAL = "proposal"
FOLLOWS = "follows"
_PART_BYTES = 512  # as much as one detail of an event holds


@dataclass
class History:
    """What the log remembers."""

    last: dict[bytes, Last] = field(default_factory=dict)
    boot_no: int = 0
    boot: bytes | None = None
    offset_ms: int | None = None  # of the machine's own wall clock
    anchor: Anchor | None = None  # the server's newest word in this boot
    elsewhere: dict[bytes, Last] = field(default_factory=dict)  # on old machines, by their clocks
    enrolled: dict[bytes, tuple[int, bytes]] = field(default_factory=dict)  # hash -> (seq, key wrapped for us)
    proposed: dict[tuple[bytes, int], int] = field(default_factory=dict)  # (person, finger) -> when last, by the wall

    def take(self, seq: int, record: Record) -> None:
        if isinstance(record, Punch) and record.source_class is SourceClass.LEGACY_TERMINAL:
            self._take_elsewhere(record)  # dated by another clock than ours
            return
        if record.instant.boot_no != self.boot_no:
            self.boot_no, self.boot, self.anchor = record.instant.boot_no, None, None
        if record.instant.source is not ClockSource.SERVER:
            self.offset_ms = record.instant.wall_offset_ms
        if isinstance(record, Punch):
            if Flag.DUPLICATE not in record.flags:
                self.last[record.person] = Last(record.instant, record.kind)
        elif record.code is EventCode.BOOT:
            self.boot = _octets(record.detail.get("boot_id"))
        elif record.code is EventCode.CLOCK_STEP:
            self.offset_ms = _number(record.detail.get("new_ms"))
        elif record.code is EventCode.TIME_ANCHOR:
            self.offset_ms = _number(record.detail.get("wall_ms"))
            with contextlib.suppress(WireError):
                self.anchor = detailed_anchor(self.boot or b"", record.detail)
        elif record.code is EventCode.ENROLMENT:
            self.enrolled[_octets(record.detail.get("hash"))] = (seq, _octets(record.detail.get(OWN)))
        elif record.detail.get("what") == PROPOSAL and isinstance(finger := record.detail.get("finger"), int):
            self.proposed[_octets(record.detail.get("person")), finger] = record.instant.wall_ms

    def _take_elsewhere(self, punch: Punch) -> None:
        last = self.elsewhere.get(punch.person)
        if Flag.DUPLICATE not in punch.flags and (last is None or last.instant.wall_ms <= punch.instant.wall_ms):
            self.elsewhere[punch.person] = Last(punch.instant, punch.kind)


class Journal:
    """The outbox with its manners. Used by the terminal's one thread."""

    def __init__(
        self,
        outbox: Outbox,
        clock: Clock | None = None,
        boot: bytes | None = None,
        follows: tuple[bytes, int, bytes] | None = None,
    ) -> None:
        """Reads the whole log once. `follows`: log, last seq and head of the log of the unit whose place this one took,
        as the server held it (S7); said once, where this log begins. Raises StorageError when it cannot be read."""
        self._outbox = outbox
        self._boot = boot or boot_id()
        self.history = History()
        for seq, record in outbox.records():
            self.history.take(seq, record)
        here = self.history.boot == self._boot
        self._boot_due = not here
        self._refused = 0
        self._aside = outbox.set_aside.name if outbox.set_aside else ""  # the damaged log this one follows (S2)
        self._follows = follows if outbox.seq == 0 and outbox.set_aside is None else None
        boot_no = self.history.boot_no + (0 if here else 1)
        self.clock: Clock = clock or SystemClock(boot_no, self.history.offset_ms if here else None)
        if here and self.history.anchor:
            self.clock.take(self.history.anchor)

    @property
    def log(self) -> bytes:
        return self._outbox.log

    @property
    def seq(self) -> int:
        return self._outbox.seq

    def open(self) -> bool:
        """Record the boot if this is a new one. False when the disk refuses now: it is tried again before each punch,
        so that a terminal with a full disk starts, shows red, and recovers by itself (S2, S13)."""
        try:
            self._preamble()
        except StorageError:
            return False
        return True

    def tick(self) -> None:
        """Record what is due without a punch: a step of the clock, a disk that is well again. Raises StorageError."""
        self._preamble()

    def punch(self, punch: Punch) -> int:
        """Commit one punch; the seq it got. Raises StorageError: then nothing was recorded."""
        return self._append(punch)

    def took(self, key: bytes) -> bool:
        """Is this entry of another machine's log recorded already? Raises StorageError."""
        return self._outbox.took(key)

    def take_over(self, record: Record, key: bytes) -> int:
        """Commit an entry of another machine's log, once and for all under `key`. Raises StorageError."""
        return self._append(record, taken=key)

    def vouched(self, punch: Punch, supervisor: bytes, reason: str) -> int:
        """Commit a supervised punch, right after the event that says who vouched for whom, why, and for which seq.

        The event goes first, so that no supervised punch is without its witness; one whose punch the disk then refused
        names a seq that holds something else, or nothing. Raises StorageError: then no punch was recorded.
        """
        self._preamble()
        detail: dict[str, int | str | bytes] = {
            "what": "supervised",
            "person": punch.person,
            "supervisor": supervisor,
            "reason": reason,
            "punch": self.seq + 2,
        }
        self._append(Event(EventCode.ADMIN, detail, self.clock.now()), settled=True)
        return self._append(punch, settled=True)

    def on_module(self, punch: Punch, family: str, score: int, threshold: int) -> int:
        """Commit a punch that a module's own matching decided, right after the event that says so in its own figures.

        Raises StorageError: then no punch was recorded.
        """
        self._preamble()
        detail: dict[str, int | str | bytes] = {
            "what": "on_module",
            "family": family[:64],
            "score": score,
            "threshold": threshold,
            "punch": self.seq + 2,
        }
        self._append(Event(EventCode.ADMIN, detail, self.clock.now()), settled=True)
        return self._append(punch, settled=True)

    def proposal(self, up: SealedTemplate, score: int) -> int:
        """Commit that a template is proposed, the template itself in the event. Raises StorageError.

        In the event and not beside it: what lies beside an event is an enrolment, and goes to all terminals.
        """
        parts = [up.body[start : start + _PART_BYTES] for start in range(0, len(up.body), _PART_BYTES)]
        detail: dict[str, int | str | bytes] = {
            "what": PROPOSAL,
            "person": up.person,
            "finger": up.finger,
            "version": up.version,
            "score": score,
            "wrapped": up.wrapped,
            **{f"body{n}": part for n, part in enumerate(parts)},
        }
        return self._append(Event(EventCode.ADMIN, detail, self.clock.now()))

    def provisional(self, keyed: bytes, kind: str, supervisor: bytes, reason: str, began: Instant) -> int:
        """Commit that a supervisor vouched for digits nobody here has, `keyed`; the office decides (S6)."""
        detail: dict[str, int | str | bytes] = {
            "what": "provisional",
            "keyed": keyed,
            "kind": kind,
            "supervisor": supervisor,
            "reason": reason,
        }
        return self._append(Event(EventCode.ADMIN, detail, began))

    def anchor(self, anchor: Anchor) -> None:
        """Commit the server's word on the time, checked, and show what follows from it.

        Raises StorageError: then nothing changes, so that whatever is shown can be explained from the log.
        """
        self.remark(EventCode.TIME_ANCHOR, **anchor_detail(anchor, self.clock.wall_offset_ms()))
        self.clock.take(anchor)

    @property
    def boot(self) -> bytes:
        """The kernel's name of this boot."""
        return self._boot

    def remark(self, code: EventCode, **detail: int | str | bytes) -> None:
        """Commit any other event of now. Raises StorageError."""
        self._append(Event(code, detail, self.clock.now()))

    @property
    def head(self) -> bytes:
        """The chain's head after the last record."""
        return self._outbox.head

    def enrolment(self, up: SealedTemplate, own: SealedTemplate) -> int:
        """Commit the event of one enrolled view, its sealed template beside it. Raises StorageError.

        `up` opens at the aggregator. `own` has the same body with its key wrapped for this terminal, which is kept in
        the event: so the finger is known here after a restart, long before the roster brings it back.
        """
        blob = template_bytes(up)
        detail: dict[str, int | str | bytes] = {
            "person": up.person,
            "finger": up.finger,
            "version": up.version,
            "hash": hashlib.sha256(blob).digest(),
            "size": len(blob),
            OWN: own.wrapped,
        }
        return self._append(Event(EventCode.ENROLMENT, detail, self.clock.now()), blob)

    def forget_templates(self, seqs: Iterable[int]) -> None:
        """Wipe what was enrolled here with these records; the records stay. Raises StorageError."""
        self._outbox.forget_blobs(seqs)

    def want(self, wanted: Wanted | None) -> None:
        """Have sync ask the server this and nothing else. Raises StorageError."""
        self._outbox.want(wanted)

    def own_templates(self) -> list[tuple[int, SealedTemplate]]:
        """(seq, template that opens here) of every view enrolled on this terminal and still kept."""
        own = []
        for blob in self._outbox.blobs():
            seq, wrapped = self.history.enrolled.get(hashlib.sha256(blob).digest(), (0, b""))
            if wrapped:
                t = parse_template(blob)
                own.append((seq, SealedTemplate(t.person, t.finger, t.version, t.body, wrapped)))
        return own

    def prune(self, receipted: int) -> None:
        """Forget what the server has receipted. Raises StorageError."""
        self._outbox.prune(receipted)

    def _append(
        self, record: Record, blob: bytes | None = None, *, taken: bytes | None = None, settled: bool = False
    ) -> int:
        try:
            if not settled:
                self._preamble()
            seq = self._outbox.append(record, blob, taken=taken)
        except StorageError:
            self._refused += 1
            raise
        self.history.take(seq, record)
        return seq

    def _preamble(self) -> None:
        now = self.clock.now()
        if self._boot_due:
            detail: dict[str, int | str | bytes] = {"boot_id": self._boot, "software": SOFTWARE}
            self._outbox.append(Event(EventCode.BOOT, detail, now))
            self._boot_due = False
        if self._follows:
            before: dict[str, int | str | bytes] = dict(zip(("log", "seq", "head"), self._follows, strict=True))
            self._outbox.append(Event(EventCode.ADMIN, {"what": FOLLOWS} | before, now))
            self._follows = None
        if self._aside:
            self._outbox.append(Event(EventCode.STORAGE, {"set_aside": self._aside}, now))
            self._aside = ""
        if self._refused:
            self._outbox.append(Event(EventCode.STORAGE, {"refused": self._refused}, now))
            self._refused = 0
        step = self.clock.step()
        if step:
            moved: dict[str, int | str | bytes] = {
                "old_ms": step.old_offset_ms,
                "new_ms": step.new_offset_ms,
                "reason": step.reason,
            }
            self._outbox.append(Event(EventCode.CLOCK_STEP, moved, now))

    def now(self) -> Instant:
        return self.clock.now()


def _number(value: int | str | bytes | None) -> int | None:
    return value if isinstance(value, int) else None


def _octets(value: int | str | bytes | None) -> bytes:
    return value if isinstance(value, bytes) else b""
