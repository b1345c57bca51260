"""The heart: one Reading in, at most one Punch out.

    keys → six digits → candidates by keyed lookup → picture → extract → identify → policy → outbox COMMIT → green

Nothing here turns green before the punch is on disk. One thread; whatever takes a device away (DeviceGone) goes
through to whoever reopens it, everything else ends in an Outcome.
"""

import time
from dataclasses import dataclass
from typing import Protocol, assert_never

from drivers import ProtocolError
from drivers.base import CLEAR, ENTER, Advice, Driver, Keypad, Recognition, Retry, Scan
from edge import policy
from edge.gallery import People, Person
from edge.journal import Journal
from edge.outcome import (
    Abandoned,
    Accepted,
    Cleared,
    NoMatch,
    NotRecorded,
    Outcome,
    PoorImage,
    TooClose,
    WrongDigits,
)
from edge.states import Done, Idle, Place, Show, Typing, Working
from edge.trouble import Troubles
from matching import Candidate, Match, MatchingError, Template, decide
from matching import NoMatch as NoneMatches
from matching import TooClose as TwoMatch
from sync import StorageError
from sync.record import Instant, Means, Punch, SourceClass


@dataclass(frozen=True, slots=True)
class Limits:
    """When a comparison is a match; scores as in matching.score (0 to 1)."""

    threshold: float = 0.5
    margin: float = 0.1


class Look(Protocol):
    """From a picture to its template and to what the policy wants to know of it. Raises MatchingError."""

    def __call__(self, scan: Scan) -> tuple[Template, policy.View]: ...


@dataclass(slots=True)
class Counters:
    """What the terminal did since it started."""

    sessions: int = 0
    accepted: int = 0
    not_recorded: int = 0
    bad_readings: int = 0


@dataclass(frozen=True, slots=True)
class _Missed:
    """One picture that led nowhere; the person may try again."""

    outcome: PoorImage | NoMatch
    advice: Advice


class Terminal:
    def __init__(
        self,
        sensor: Driver,
        keypad: Keypad,
        look: Look,
        people: People,
        journal: Journal,
        rules: policy.Rules,
        limits: Limits,
        show: Show,
        troubles: Troubles,
    ) -> None:
        self.sensor = sensor
        self.people = people
        self.journal = journal
        self.rules = rules
        self.limits = limits
        self.show = show
        self.counters = Counters()
        self._keypad = keypad
        self._look = look
        self._troubles = troubles
        self._rest_at_s: float | None = None

    def serve(self, timeout_s: float) -> Outcome | None:
        """Wait for somebody and serve them to the end; None when nobody came. Raises DeviceGone."""
        key = self._keypad.read_key(timeout_s)
        if key is None or key == CLEAR:
            if self._rest_at_s is not None and (key or time.monotonic() >= self._rest_at_s):
                self.rest()
            return None
        self._rest_at_s = None
        self.counters.sessions += 1
        outcome = self._session(key)
        self.counters.accepted += isinstance(outcome, Accepted)
        self.counters.not_recorded += isinstance(outcome, NotRecorded)
        self.show(Done(outcome))
        self.hold()
        return outcome

    def read(self, timeout_s: float) -> Scan | Recognition | Retry | None:
        """One reading; what the device garbled is counted, said, and asked for again. Raises DeviceGone."""
        try:
            return self.sensor.read(timeout_s)
        except ProtocolError as error:
            self.counters.bad_readings += 1
            self._troubles.found("reading", str(error))
            return Retry(Advice.PLACE_AGAIN)

    def look(self, scan: Scan) -> tuple[Template, policy.View]:
        """What the picture shows; one that cannot be looked at is said. Raises MatchingError."""
        try:
            seen = self._look(scan)
        except MatchingError as error:
            self._troubles.found("reading", str(error))
            raise
        self._troubles.mended("reading")
        return seen

    def hold(self) -> None:
        """Leave what is shown for a moment, or until the next key."""
        self._rest_at_s = time.monotonic() + self.rules.done_s

    def _session(self, key: str) -> Outcome:
        keys = self._type(key)
        if not isinstance(keys, list):
            return keys
        digits = policy.digits(keys)
        if digits is None:
            return WrongDigits()
        known = {p.person: p for p in self.people.with_digits(digits)}
        if not known:
            return NoMatch()
        candidates = [self.people.candidate(p) for p in known.values()]
        if not any(c.templates for c in candidates):
            return NoMatch()
        return self._recognise(known, candidates)

    def _type(self, key: str) -> list[str] | Cleared | Abandoned:
        """The keys up to ENTER, unless the person clears them or leaves."""
        keys: list[str] = []
        while key != ENTER:
            keys = [*keys, key][: policy.MAX_KEYS]
            self.show(Typing(len(keys)))
            pressed = self._keypad.read_key(self.rules.digits_timeout_s)
            if pressed is None:
                return Abandoned()
            if pressed == CLEAR:
                return Cleared()
            key = pressed
        return keys

    def _recognise(self, known: dict[bytes, Person], candidates: list[Candidate]) -> Outcome:
        missed: _Missed | None = None
        for attempt in range(1, self.rules.captures + 1):
            self.show(Place(attempt, missed.advice if missed else None))
            reading = self.read(self.rules.finger_timeout_s)
            taken = time.monotonic(), self.journal.now()
            match reading:
                case None:
                    return Abandoned()
                case Retry(advice):
                    missed = _Missed(PoorImage(advice), advice)
                case Scan():
                    self.show(Working())
                    result = self._judge(reading, taken, known, candidates)
                    if not isinstance(result, _Missed):
                        return result
                    missed = result
                case Recognition():
                    # A device that recognises by itself knows badges, not these digits: it is not a witness to them.
                    return NoMatch()
                case _:
                    assert_never(reading)
        return missed.outcome if missed else Abandoned()

    def _judge(
        self, scan: Scan, taken: tuple[float, Instant], known: dict[bytes, Person], candidates: list[Candidate]
    ) -> Outcome | _Missed:
        try:
            template, view = self.look(scan)
            advice = policy.advice(view)
            if advice:
                return _Missed(PoorImage(advice), advice)
            decision = decide(template, candidates, threshold=self.limits.threshold, margin=self.limits.margin)
        except MatchingError:
            self.counters.bad_readings += 1
            return _Missed(PoorImage(Advice.PLACE_AGAIN), Advice.PLACE_AGAIN)
        match decision:
            case Match():
                return self._record(decision, taken, known[decision.person])
            case TwoMatch():
                return TooClose()
            case NoneMatches(score):
                if policy.after_no_match(score, self.limits.threshold) is policy.Next.TRY_AGAIN:
                    return _Missed(NoMatch(), Advice.PLACE_AGAIN)
                return NoMatch()
        assert_never(decision)

    def _record(self, match: Match, taken: tuple[float, Instant], person: Person) -> Outcome:
        touched_s, instant = taken
        last = self.journal.history.last.get(person.person)
        kind, flags = policy.kind_and_flags(self.rules, last, instant)
        score = max(0, min(1000, round(match.score * 1000)))
        punch = Punch(person.person, kind, Means.FINGER, score, SourceClass.AADHAAR_TERMINAL, flags, instant)
        try:
            seq = self.journal.punch(punch)
        except StorageError:
            return NotRecorded()
        return Accepted(punch, seq, person.name, (time.monotonic() - touched_s) * 1000)

    def rest(self) -> None:
        """Back to the first picture."""
        self._rest_at_s = None
        self.show(Idle())
