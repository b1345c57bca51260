"""One group of messages in one transaction: look up who speaks, judge, store, and say what to answer after the COMMIT.

Nothing in here is answered before the transaction is through: `take` returns an Outcome, and whoever committed acts
on it.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection

from server.fleet import fetch, health, registry, renew, roster, sayings, templates, vouch
from server.fleet.roster import RosterKeys
from server.fleet.standing import State
from server.intake import forks, quarantine, timekeeping
from server.intake.gaps import Gaps
from server.intake.incoming import Asked, Incoming
from server.intake.judge import Accept, Gap, Known, Reason, Refuse, Repeat, Verdict, judge
from server.intake.runs import joined, runs
from server.intake.timekeeping import IST, Moment
from server.ledger import locks, records
from server.ledger.store import now_ms
from server.transparency import tiles
from server.transparency.leaf import leaf_hashes
from sync import WireError, chain
from sync.anchor import answer_bytes, sign_answer
from sync.charter import Renew
from sync.columns import Columns, Indexes, named
from sync.ed25519 import PublicKey
from sync.fetch import Wanted
from sync.health import Health
from sync.record import EventCode, RecordType
from sync.wire import Beat, Chunk, Receipt
from sync.word import Verifier


@dataclass
class Outcome:
    """What to do once the transaction is committed."""

    receipts: dict[tuple[str, bytes], Receipt] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    questions: dict[str, bytes] = field(default_factory=dict)  # who asked for the time, and the tag of the question
    found: dict[str, bytes] = field(default_factory=dict)  # who asked for somebody, and what they are answered
    rosters: bool = False


class Intake:
    """Takes groups of messages into the ledger."""

    def __init__(
        self,
        writer: records.RecordWriter,
        receipt_key: Ed25519PrivateKey,
        keys: RosterKeys,
        *,
        carried: bool = False,
        authority: Verifier | None = None,
        clock_ms: Callable[[], int] | None = None,
    ) -> None:
        """`carried`: by hand, which is no sign of life, and may be of a unit that was exchanged since (S7).
        `authority`: whose word on the time is believed. `clock_ms`: Unix time in milliseconds; None: this machine's."""
        self._writer = writer
        self._carried = carried
        self._authority: Verifier = authority or PublicKey.of(keys.server)
        self._clock_ms = clock_ms
        self._receipt_key = receipt_key
        self._keys = keys
        self._orders = roster.Orders()
        self._gaps = Gaps()

    def take(self, connection: Connection, group: Sequence[Incoming]) -> Outcome:
        """Store what is to be believed of `group`, in order."""
        work = _Group(connection, self._keys, self._authority, self._orders, self._gaps, self._now_ms())
        work.former = self._carried
        work.registered = registry.look_up(connection, {one.terminal for one in group})
        work.known = records.known(
            connection, {(one.terminal, one.message.log) for one in group if isinstance(one.message, Columns)}
        )
        for run in runs(group):
            work.take_run(run)
        work.store(self._writer)
        if not self._carried:
            registry.heard(connection, work.heard, work.now_ms)
        for terminal, log in work.answer:
            last = work.known[terminal, log]
            plain = (terminal, log) in work.plain
            receipt = chain.sign_receipt(self._receipt_key, terminal, log, last.seq, last.head, plain=plain)
            work.outcome.receipts[terminal, log] = receipt
        return work.outcome

    def _now_ms(self) -> int:
        return now_ms() if self._clock_ms is None else self._clock_ms()

    def answer(self, terminal: str, tag: bytes) -> bytes:
        """What time it is, signed; to be sent at once."""
        return answer_bytes(sign_answer(self._receipt_key, terminal, tag, self._now_ms()))


class _Group:
    """The state of one transaction while it is being filled."""

    def __init__(
        self,
        connection: Connection,
        keys: RosterKeys,
        authority: Verifier,
        orders: roster.Orders,
        gaps: Gaps,
        now_ms: int,
    ) -> None:
        self.connection = connection
        self.gaps = gaps
        self.keys = keys
        self.orders = orders
        self.now_ms = now_ms
        self.registered: dict[str, registry.Registered] = {}
        self.known: dict[tuple[str, bytes], Known] = {}
        self.accepted: dict[tuple[str, bytes], list[Accept]] = {}
        self.answer: dict[tuple[str, bytes], None] = {}
        self.plain: set[tuple[str, bytes]] = set()
        self.heard: set[str] = set()
        self.authority = authority  # whose word on the time is believed
        self.former = False  # are the keys that a terminal had before good, too?
        self.chunks: dict[templates.Id, None] = {}
        self.outcome = Outcome()

    def take_run(self, run: list[Incoming]) -> None:
        if len(run) == 1 or not self._whole(run):
            for one in run:
                self.take(one)

    def _whole(self, run: list[Incoming]) -> bool:
        """Is it believed as the one batch it is together?"""
        if self._unknown(run[0]):
            return False
        batch = joined(run)
        key = run[0].terminal, batch.log
        verdict = self._judge(key, self._known(key), batch)
        if not isinstance(verdict, Accept):
            return False
        self._accept(key, verdict, len(run))
        self.heard.add(run[0].terminal)
        self._held(key)
        return True

    def _accept(self, key: tuple[str, bytes], verdict: Accept, batches: int) -> None:
        self.known[key] = verdict.known
        self.accepted.setdefault(key, []).append(verdict)
        self.answer[key] = None
        self.outcome.counts["batches"] += batches

    def take(self, one: Incoming) -> None:
        refused = self._unknown(one) or self._message(one)
        if refused is None:
            self.heard.add(one.terminal)
            return
        self.outcome.counts[f"refused_{refused.reason}"] += 1
        self.outcome.notes.append(f"terminal={one.terminal or '-'} message={one.leaf or '-'} refused={refused.reason}")
        payload = one.delivery.payload
        quarantine.put(self.connection, one.terminal, one.leaf, refused.reason, refused.detail, payload, self.now_ms)

    def store(self, writer: records.RecordWriter) -> None:
        """Write what was accepted, then what follows from it."""
        self._records(writer)
        if self.chunks:
            locks.rosters(self.connection)
        for one in self.chunks:
            done = templates.complete(self.connection, self.keys, one, self.now_ms)
            if isinstance(done, Refuse):
                self._refuse_late(one, done)
            elif done:
                self.outcome.counts["templates"] += 1
                self.outcome.rosters = True

    def _unknown(self, one: Incoming) -> Refuse | None:
        if not one.terminal:
            return None
        terminal = self.registered.get(one.terminal)
        if terminal is None:
            return Refuse(Reason.UNKNOWN_TERMINAL, "a certificate of ours, but no terminal of this name was admitted")
        if terminal.active:
            return None
        kept_aside = terminal.state in (State.PENDING, State.QUARANTINED)
        return Refuse(Reason.QUARANTINED if kept_aside else Reason.REVOKED, f"the terminal is {terminal.state}")

    def _message(self, one: Incoming) -> Refuse | None:
        match one.message:
            case Refuse():
                return one.message
            case Columns():
                refused = self._batch(one.terminal, one.message)
                self._held((one.terminal, one.message.log))
                return refused
            case Chunk():
                self.outcome.counts["chunks"] += 1
                self.chunks[one.terminal, one.message.log, one.message.seq] = None
                return templates.take(self.connection, one.terminal, one.message)
            case Health():
                self.outcome.counts["healths"] += 1
                health.take(self.connection, one.terminal, one.message, self.now_ms)
                return None
            case Beat():
                self._beat(one.terminal, one.message)
                return None
            case Asked():
                self.outcome.counts["questions"] += 1
                self.outcome.questions[one.terminal] = one.message.tag
                return None
            case Renew():
                self.outcome.counts["renewals"] += 1
                renew.take(self.connection, one.terminal, one.message, self.now_ms)
                return None
            case Wanted():
                return self._wanted(one.terminal, one.message)
            case _:
                assert_never(one.message)

    def _wanted(self, terminal: str, wanted: Wanted) -> Refuse | None:
        answer = fetch.take(self.connection, self.keys, terminal, wanted, self.now_ms)
        if isinstance(answer, Refuse):
            return answer
        self.outcome.counts["wanted"] += 1
        self.outcome.found[terminal] = answer
        self.outcome.rosters = True
        return None

    def _batch(self, terminal: str, batch: Columns) -> Refuse | None:
        key = terminal, batch.log
        known = self._known(key)
        verdict = self._judge(key, known, batch)
        if verdict is None:
            self.outcome.counts["asked_plain"] += 1
            self.plain.add(key)
            self.answer[key] = None
            return None
        match verdict:
            case Refuse():
                forks.refused(self.connection, terminal, batch, verdict, known, self.now_ms)
                return verdict
            case Accept():
                self._accept(key, verdict, 1)
            case Repeat():
                self.outcome.counts["repeats"] += 1
            case Gap():
                self.gaps.hold(key, batch, self.now_ms)
                self.outcome.counts["gaps"] += 1
            case _:
                assert_never(verdict)
        self.answer[key] = None
        return None

    def _held(self, key: tuple[str, bytes]) -> None:
        """Take in what waited for the records that have just come (S9)."""
        while held := self.gaps.following(key, self._known(key).seq):
            self.gaps.forget(key, held.first_seq)
            refused = self._batch(key[0], held)
            if refused is None:
                self.outcome.counts["gaps_closed"] += 1
            else:  # its bytes come again, and then into quarantine
                self.outcome.counts[f"refused_{refused.reason}"] += 1

    def _judge(self, key: tuple[str, bytes], known: Known, batch: Columns) -> Verdict | None:
        """None: the people of this batch cannot be told, so it must come again with their references in full. A
        wrong order shows in the signature, which is over the references."""
        plain = batch
        if isinstance(batch.people, Indexes):
            order = self.orders.get(self.connection, key[0], batch.people.version)
            try:
                plain = named(batch, order)
            except WireError:
                return None
        verdict = judge(plain, known, self._head_at(key), self.registered[key[0]].record_key)
        if self.former and isinstance(verdict, Refuse) and verdict.reason is Reason.SIGNATURE:
            verdict = self._judge_by_former(key, known, plain) or verdict
        if plain is not batch and isinstance(verdict, Refuse) and verdict.reason is Reason.SIGNATURE:
            return None
        return verdict

    def _judge_by_former(self, key: tuple[str, bytes], known: Known, batch: Columns) -> Verdict | None:
        """By the key that signed it, of those the terminal ever had; None when none of them did."""
        for one in vouch.keys(self.connection, PublicKey.of(self.keys.server), key[0]):
            record_key = PublicKey(one.record_key)
            verdict = judge(batch, known, self._head_at(key), record_key)
            if not (isinstance(verdict, Refuse) and verdict.reason is Reason.SIGNATURE):
                return verdict
        return None

    def _beat(self, terminal: str, beat: Beat) -> None:
        if why := forks.take_beat(self.connection, terminal, beat, self.now_ms):
            self.outcome.counts[f"refused_{why.reason}"] += 1
            self.outcome.notes.append(f"terminal={terminal} refused={why.reason}")
        news = registry.take_beat(self.connection, terminal, beat, self.now_ms)
        if news is registry.BeatNews.STALE:
            self.outcome.counts["stale_wills"] += 1
            return
        self.outcome.counts["beats"] += 1
        self.outcome.rosters = True
        if news is not registry.BeatNews.NOTHING:
            self.outcome.notes.append(f"terminal={terminal} state={news.value}")

    def _known(self, key: tuple[str, bytes]) -> Known:
        if key not in self.known:
            self.known[key] = Known(0, chain.genesis(*key))
        return self.known[key]

    def _head_at(self, key: tuple[str, bytes]) -> Callable[[int], bytes]:
        def head_at(seq: int) -> bytes:
            if seq == 0:
                return chain.genesis(*key)
            for accept in self.accepted.get(key, ()):
                first = accept.batch.first_seq
                if first + accept.skip <= seq <= accept.batch.last_seq:
                    return accept.heads[seq - first]
            return records.head_at(self.connection, *key, seq) or b""

        return head_at

    def _records(self, writer: records.RecordWriter) -> None:
        accepted = [(key, accept) for key, accepts in self.accepted.items() for accept in accepts]
        n = sum(len(accept) for _, accept in accepted)
        if n == 0:
            return
        number = records.take_numbers(self.connection, n)
        values: list[Any] = []
        first = number
        for key, accept in accepted:
            values += records.record_values(key, accept, first, self.now_ms)
            first += len(accept)
        signatures = [(*key, accept.batch.last_seq, accept.batch.signature) for key, accept in accepted]
        writer.write(self.connection, values, signatures)
        tiles.append(self.connection, number - 1, [one for new in accepted for one in _leaves(*new, self.now_ms)])
        writer.put_logs(self.connection, {key: self.known[key] for key in self.accepted}, self.now_ms)
        said = sayings.follow(self.connection, self.keys.vault, accepted, self.now_ms, carried=self.former)
        self.outcome.counts.update(said)
        for key, accept in accepted:
            if accept.batch.events:
                self._events(key, accept)
        punches = sum(_new_punches(accept) for _, accept in accepted)
        self.outcome.counts.update(records=n, punches=punches)
        if punches:
            day = dt.datetime.fromtimestamp(self.now_ms / 1000, IST).date().isoformat()
            records.count(self.connection, records.PUNCHES, punches)
            records.count(self.connection, f"{records.PUNCHES}/{day}", punches)

    def _events(self, key: tuple[str, bytes], accept: Accept) -> None:
        batch = accept.batch
        events = iter(batch.events)
        for at, kind in enumerate(batch.types):
            if kind == RecordType.EVENT:
                code, detail = next(events)
                if at >= accept.skip:
                    here = Moment(key, batch.first_seq + at, batch.boot_no[at], batch.since_boot[at], self.now_ms)
                    self._event((*key, here.seq), code, detail)
                    self._time(here, code, detail)

    def _event(self, one: templates.Id, code: int, detail: Mapping[str, int | str | bytes]) -> None:
        if code == EventCode.ENROLMENT:
            refused = templates.announce(self.connection, one, detail)
            if refused:
                self._refuse_late(one, refused)
            self.chunks[one] = None

    def _time(self, here: Moment, code: int, detail: Mapping[str, int | str | bytes]) -> None:
        """What an event says about when."""
        if code == EventCode.BOOT:
            timekeeping.booted(self.connection, here)
        elif code == EventCode.CLOCK_STEP:
            timekeeping.stepped(self.connection, here, detail)
        elif code == EventCode.TIME_ANCHOR:
            refused = timekeeping.anchored(self.connection, self.authority, here, detail)
            self.outcome.counts["anchors_refused" if refused else "anchors"] += 1
            if refused:
                self.outcome.notes.append(f"terminal={here.log[0]} anchor={here.seq} refused reason={refused}")

    def _refuse_late(self, one: templates.Id, refused: Refuse) -> None:
        terminal, log, seq = one
        self.outcome.counts[f"refused_{refused.reason}"] += 1
        self.outcome.notes.append(f"terminal={terminal} enrolment={seq} refused={refused.reason}")
        what = log + seq.to_bytes(8, "big")
        quarantine.put(self.connection, terminal, "chunk", refused.reason, refused.detail, what, self.now_ms)


def _leaves(key: tuple[str, bytes], accept: Accept, received_ms: int) -> list[bytes]:
    return leaf_hashes(*key, accept.batch.first_seq + accept.skip, accept.heads[accept.skip :], received_ms)


def _new_punches(accept: Accept) -> int:
    return accept.batch.types[accept.skip :].count(RecordType.PUNCH)
