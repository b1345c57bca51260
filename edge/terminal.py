"""The heart: carries out what the session asks for, one Reading in, at most one Punch out.

    keys, readings, time ──▶ session.step ──▶ show · light · find · compare · record ──▶ back into session.step

Nothing here turns green before the punch is on disk. One thread; the devices have theirs (edge.devices.supervisor).
"""

import contextlib
import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from drivers.base import CLEAR, Advice, DeviceTemplate, Matched, Modality, Recognition, Retry, Scan
from edge import EnrolmentRefused
from edge.devices.supervisor import Bench, Got, Input, Pressed
from edge.health.trouble import Troubles
from edge.people import refusals
from edge.people.comparing import Comparer
from edge.people.facing import Seen
from edge.people.fetching import Fetching
from edge.people.gallery import People
from edge.people.onmodule import Job
from edge.people.probes import Probes, Telling
from edge.people.recognising import Recogniser
from edge.people.rejections import Rejections
from edge.record.journal import Journal
from edge.session import messages, policy
from edge.session import step as machine
from edge.session.lockout import Lockouts
from edge.session.messages import Able, Action, Event, Manner
from edge.session.moves import Session, go, resting, wants
from edge.session.outcome import Accepted, Noted, NotRecorded, Outcome
from edge.session.states import Asking, Page, Place, Show, State
from edge.trust.pin import Pins
from matching import MatchingError, Template
from sync import StorageError
from sync.code import receipt_code
from sync.fetch import Whereabouts
from sync.record import EventCode, Means, Punch, SourceClass
from sync.wire import CardFlag

_DICE_BITS = 64
Facts = Callable[[Page], Mapping[str, object]]
Cue = Callable[[State], None]
Notice = Callable[[bytes, Template, policy.View], None]
Taken = Scan | Recognition | Retry | Matched | DeviceTemplate


@dataclass(slots=True)
class Counters:
    """What the terminal did since it started."""

    sessions: int = 0
    accepted: int = 0
    not_recorded: int = 0
    bad_readings: int = 0


class Terminal:
    def __init__(
        self,
        bench: Bench,
        comparer: Comparer,
        people: People,
        journal: Journal,
        rules: policy.Rules,
        show: Show,
        troubles: Troubles,
        pins: Pins,
        facts: Facts,
        cue: Cue = lambda _state: None,
        notice: Notice = lambda _person, _template, _view: None,
        fetching: Fetching | None = None,
        probes: Probes | None = None,
    ) -> None:
        """`cue` hears each state while somebody is served who is told everything aloud (S16).

        `fetching` asks the server for who is not known here; None: nobody does.
        `probes` are those that were taken before; None: there are none.
        `notice` hears of each finger that was recognised, once the punch is on disk (edge.people.ageing).
        """
        self.people = people
        self.journal = journal
        self.rules = rules
        self.comparer = comparer
        self.counters = Counters()
        self.disk = True
        self.dirty = False
        self._bench = bench
        self._troubles = troubles
        self._lockouts, self._rejections = Lockouts(rules.lock), Rejections()
        self._pins = pins
        self._facts = facts
        self._draw, self._cue, self._notice = show, cue, notice
        self._fetching = fetching
        probes = probes or Probes(None, secrets.token_bytes(32))
        again = Telling(self._played_again).happened
        self._recogniser = Recogniser(comparer, people, troubles, rules.refuse_step_s, probes, again)
        self._early: Pressed | None = None
        self._ended: deque[Outcome] = deque()
        self.session: Session = machine.begin(rules, self.able(), time.monotonic())

    # ---- serving

    def serve(self, timeout_s: float) -> Outcome | None:
        """Take in what happens next, if anything does in time; the outcome when a session ended with it."""
        now_s = time.monotonic()
        early, self._early = self._early, None
        seen = early or self._bench.next(min(timeout_s, max(0.0, self.session.until_s - now_s)))
        if seen is not None:
            self._take(seen)
        elif time.monotonic() >= self.session.until_s:
            self._feed(messages.TimeUp())
        self._listen()
        return self._ended.popleft() if self._ended else None

    def able(self) -> Able:
        """What this terminal can do now."""
        camera = self._bench.camera and self.comparer.faces
        search = self.comparer.searching and (self._bench.pictures if self.rules.identify else camera)
        online = self._fetching is not None and self._fetching.online
        vouched = self.people.gallery.vouched
        return Able(self._bench.finger, camera, self._bench.keypad, self.disk, vouched, search, online, self.dirty)

    @property
    def pictures(self) -> bool:
        """Fingers are compared here by their pictures."""
        return self._bench.pictures

    @property
    def families(self) -> frozenset[str]:
        """Whose templates the modules here understand, where fingers are compared on modules."""
        return frozenset(module.family for module in self._bench.modules)

    @property
    def module_threshold(self) -> int | None:
        """The least score that a module here calls a match."""
        return max((module.threshold for module in self._bench.modules), default=None)

    @property
    def bad_readings(self) -> int:
        """Pictures that were garbled on the way, or could not be looked at."""
        return self.counters.bad_readings + self._recogniser.bad

    def changed(self) -> None:
        """Something went or came back; the session is told when it makes a difference."""
        able = self.able()
        if able != self.session.able:
            self._feed(messages.Changed(able))

    @property
    def at_rest(self) -> bool:
        """Nobody is being served."""
        return resting(self.session.state)

    def show(self, state: State, job: Job | None = None) -> None:
        """Go into a state from outside: enrolment does. `job` is what modules do at the next touch."""
        self.session = go(self.session, state, time.monotonic())[0]
        self._bench.want(wants(state), afresh=True, job=job)
        self._shown(state, aloud=False)

    def again(self) -> None:
        """One more reading in the state there is."""
        self._bench.want(wants(self.session.state), afresh=True)

    def rest(self) -> None:
        """Draw the first picture."""
        self.session = machine.begin(self.rules, self.able(), time.monotonic())
        self._bench.want(wants(self.session.state))
        self._shown(self.session.state, aloud=False)

    # ---- enrolment

    def read(self, timeout_s: float, given_up: Callable[[], bool] = lambda: False) -> Taken | None:
        """One reading for an enrolment; None when none came in time. Raises EnrolmentRefused when it is given up.

        The sensor is dark again as soon as the state is left, whatever this was waiting for.
        """
        until_s = time.monotonic() + timeout_s
        while (left_s := until_s - time.monotonic()) > 0:
            seen = self._bench.next(min(left_s, 0.1))
            self._bench.watch()
            if given_up():
                self._early = seen if isinstance(seen, Pressed) else None  # the next person's first key
                raise EnrolmentRefused(refusals.GIVEN_UP)
            if isinstance(seen, Pressed) and seen.key == CLEAR:
                raise EnrolmentRefused(refusals.GIVEN_UP)
            if not (self._bench.finger or self._bench.camera):
                raise EnrolmentRefused(refusals.SENSOR_GONE)
            if isinstance(seen, Got):
                return seen.reading or self._garbled(seen)
        return None

    def look(self, scan: Scan) -> tuple[Template, policy.View]:
        """What the picture shows; one that cannot be looked at is said. Raises MatchingError."""
        try:
            seen = self.comparer.look(scan)
        except MatchingError as error:
            self._troubles.found("reading", str(error))
            raise
        self._troubles.mended("reading")
        self._recogniser.remember(scan)
        return seen

    # ---- what happens, as the session understands it

    def _take(self, seen: Input) -> None:
        if isinstance(seen, Pressed):
            self._feed(messages.Key(seen.key), seen.at_s)
            return
        reading, at_s = seen.reading or self._garbled(seen), seen.at_s
        if isinstance(reading, Scan) and reading.modality is Modality.FACE:
            self._feed(messages.Faced(self._recogniser.face_of(reading, self.session, at_s)), at_s)
        elif isinstance(reading, Scan | Matched):
            self._recogniser.hold(reading if isinstance(reading, Scan) else seen, at_s)
            self._feed(messages.Touched(), at_s)
        elif isinstance(reading, Retry) and seen.stream:
            self._feed(messages.Faced(Seen(at_s, advice=reading.advice)), at_s)
        elif isinstance(reading, Retry):
            self._feed(messages.Advised(reading.advice), at_s)
        # A device that recognises by itself knows badges, not these digits: it is not a witness to them.

    def _garbled(self, seen: Got) -> Retry:
        self.counters.bad_readings += 1
        self._troubles.found("reading", seen.garbled)
        return Retry(Advice.HOLD_STILL if seen.stream else Advice.PLACE_AGAIN)

    def _feed(self, event: Event, at_s: float | None = None) -> None:
        """Tell the session, do what it wants done, tell it the answers; show where that leads."""
        told = deque([event])
        while told:
            before = self.session
            self.session, actions = machine.step(before, told.popleft(), at_s or time.monotonic())
            at_s = None  # answers come when they come
            for action in actions:
                if isinstance(action, messages.End):
                    self._end(action.outcome)
            if self.session.state != before.state:
                # Whoever's session has just ended is told how: they are forgotten, the ending is theirs.
                self._shown(self.session.state, aloud=before.visit.manner.spoken or self.session.visit.manner.spoken)
            if resting(before.state) and not self.at_rest:
                self.counters.sessions += 1
            told.extend(answer for action in actions if (answer := self._do(action)) is not None)
        read = isinstance(event, messages.Touched | messages.Advised | messages.Faced)
        self._bench.want(wants(self.session.state), afresh=read, job=self._recogniser.job(self.session, self.families))
        self._make_ready()

    def _make_ready(self) -> None:
        """While the first finger is on its way, open the templates it will be compared with."""
        if isinstance(self.session.state, Place) and self.session.visit.pictures == 0:
            self._recogniser.candidates(self.session.visit.digits)

    def _shown(self, state: State, aloud: bool) -> None:
        self._draw(state)
        if aloud:
            self._cue(state)

    def _listen(self) -> None:
        """To what the server knows of the digits somebody waits with."""
        if self._fetching is None or not self._fetching.waiting:
            return
        if not isinstance(self.session.state, Asking):
            self._fetching.end()
        elif whereabouts := self._fetching.look():
            self._fetching.end()
            elsewhere = whereabouts is Whereabouts.ELSEWHERE
            self._feed(messages.OfAnotherState() if elsewhere else self._find(self.session.visit.digits))

    # ---- what the session wants done

    def _do(self, action: Action) -> Event | None:
        match action:
            case messages.Find(digits):
                return self._find(digits)
            case messages.Ask(digits):
                if self._fetching is not None:
                    self._fetching.ask(digits)
            case messages.Compare(digits):
                return messages.Compared(self._recogniser.finger_of(digits))
            case messages.Identify():
                return messages.Compared(self._recogniser.finger_of(None))
            case messages.Record():
                return messages.Recorded(self._record(action))
            case messages.Note():
                return messages.Recorded(self._note(action))
            case messages.Fail(digits):
                self._fail(digits)
            case messages.TryPin(pin):
                return self._try_pin(pin)
            case messages.Open(page):
                return messages.Opened(tuple((name, str(value)) for name, value in self._facts(page).items()))
            case messages.End():
                pass  # counted before it was shown
        return None

    def _find(self, digits: str) -> messages.Found:
        found = self.people.with_digits(digits) if digits else []
        flags = CardFlag(0)
        for person in found:
            flags |= person.flags
        manner = Manner(
            patience=self.rules.more_time if CardFlag.MORE_TIME in flags else 1.0,
            face_first=CardFlag.FACE_FIRST in flags,
            spoken=CardFlag.SPOKEN in flags,
        )
        named = tuple(messages.Named(person.person, person.name) for person in found)
        wait_s = self._lockouts.wait_s(self.people.keyed(digits), time.monotonic())
        return messages.Found(named, manner, wait_s, secrets.randbits(_DICE_BITS))

    def _record(self, wanted: messages.Record) -> Accepted | NotRecorded:
        now_s, now = time.monotonic(), self.journal.now()
        instant = policy.since_first_key(now, now_s - wanted.began_s)
        kind, flags = policy.kind_and_flags(
            self.rules, self.journal.history.last.get(wanted.person), instant, wanted.kind
        )
        score = max(0, min(1000, round(wanted.score * 1000)))
        vouched = wanted.vouched
        source = SourceClass.SUPERVISED if vouched else SourceClass.AADHAAR_TERMINAL
        punch = Punch(wanted.person, kind, wanted.means, score, source, flags, instant)
        try:
            verdict = self._recogniser.verdict if wanted.means is Means.FINGER else None
            if vouched:
                seq = self.journal.vouched(punch, vouched.supervisor, str(vouched.reason))
            elif verdict:
                seq = self.journal.on_module(punch, verdict.module.family, verdict.score, verdict.module.threshold)
            else:
                seq = self.journal.punch(punch)
        except StorageError:
            return NotRecorded()
        if wanted.means is not Means.SUPERVISED:
            self._lockouts.forget(self.people.keyed(wanted.digits))
        if wanted.means is Means.FINGER and self._recogniser.finger:
            self._notice(wanted.person, *self._recogniser.finger)
        taken_s = now_s if vouched else self._recogniser.taken_s
        took_ms = (time.monotonic() - taken_s) * 1000
        person = self.people.gallery.people[wanted.person]
        return Accepted(punch, seq, person.name, took_ms, receipt_code(self.journal.head), self.people.photo(person))

    def _note(self, wanted: messages.Note) -> Noted | NotRecorded:
        instant = policy.since_first_key(self.journal.now(), time.monotonic() - wanted.began_s)
        kind = wanted.kind.name.lower() if wanted.kind else ""
        keyed, vouched = self.people.keyed(wanted.digits), wanted.vouched
        try:
            return Noted(self.journal.provisional(keyed, kind, vouched.supervisor, str(vouched.reason), instant))
        except StorageError:
            return NotRecorded()

    def _fail(self, digits: str) -> None:
        now_s = time.monotonic()
        locked_s = self._lockouts.fail(self.people.keyed(digits), now_s)
        if locked_s:
            self._remark(EventCode.TAMPER, "lockout", round(locked_s))
        alone = self.people.with_digits(digits)
        if len(alone) == 1 and self._rejections.tell(alone[0].person, now_s):
            with contextlib.suppress(StorageError):
                self.journal.remark(EventCode.REJECTED, person=alone[0].person)

    def _try_pin(self, pin: str) -> messages.PinTried:
        right = self._pins.right(pin)
        self._remark(EventCode.ADMIN, "technician" if right else "pin_refused", 0)
        return messages.PinTried(right, self._pins.wait_s())

    def _played_again(self, what: str, person: bytes | None, times: int) -> None:
        """Before any punch that comes of it, so that none is without its witness (S8)."""
        whose = {"person": person} if person else {}
        with contextlib.suppress(StorageError):
            self.journal.remark(EventCode.IDENTICAL_PROBE, what=what, times=times, **whose)

    def _remark(self, code: EventCode, what: str, wait_s: int) -> None:
        """For the record; the disk's refusal is said elsewhere and stops nobody here."""
        with contextlib.suppress(StorageError):
            self.journal.remark(code, what=what, wait_s=wait_s)

    def _end(self, outcome: Outcome) -> None:
        self.counters.accepted += isinstance(outcome, Accepted)
        self.counters.not_recorded += isinstance(outcome, NotRecorded)
        self._ended.append(outcome)
