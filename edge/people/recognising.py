"""What was read, and whose it is: the picture last taken or what a module said instead, against the people there are.

Used by the terminal's one thread. Somebody who has left since a search was prepared is nobody.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import assert_never

from drivers.base import Advice, Matched, Scan
from edge.devices.supervisor import Got
from edge.health.trouble import Troubles
from edge.people.comparing import Comparer
from edge.people.facing import Seen
from edge.people.gallery import People
from edge.people.onmodule import Job, Verdict, decide
from edge.people.probes import Probes
from edge.session import messages, policy
from edge.session.moves import Session
from edge.session.states import IdentifyReady, Place, SupervisePlace
from matching import Candidate, Decision, Match, MatchingError, Template
from matching import NoMatch as NoneMatches
from matching import TooClose as TwoMatch
from sync.wire import CardFlag

FINGER, FACE, MODULE = "finger", "face", "module"
FRAMES_APART_S = 30.0  # a camera that is asked faster than it looks hands over a frame twice
MOST_ON_MODULE = 32  # templates that are sent to a module for one touch: at 57600 baud each takes 0.1 s


@dataclass(slots=True)
class _Hand:
    """The last reading of a finger, when any was taken; `verdict` by which a module recognised somebody."""

    taken_s: float = 0.0
    scan: Scan | None = None
    matched: Got | None = None
    verdict: Verdict | None = None


Repeat = Callable[[str, bytes | None, float], None]


class Recogniser:
    def __init__(
        self,
        comparer: Comparer,
        people: People,
        troubles: Troubles,
        refuse_step_s: float,
        probes: Probes,
        repeated: Repeat = lambda _what, _person, _at_s: None,
    ) -> None:
        """`repeated` hears of each probe that was met before: what it is of, whose it was taken for, when."""
        self.bad = 0
        self._probes, self._repeated = probes, repeated
        self._comparer, self._people, self._troubles = comparer, people, troubles
        self._refuse_step_s = refuse_step_s
        self._hand = _Hand()

    @property
    def taken_s(self) -> float:
        """When what is in hand was taken."""
        return self._hand.taken_s

    @property
    def verdict(self) -> Verdict | None:
        """The module's own figures, when a module recognised whoever was recognised last."""
        return self._hand.verdict

    @property
    def finger(self) -> tuple[Template, policy.View] | None:
        """What the picture in hand showed; None when there is none, or it was a module's."""
        return self._comparer.seen if self._hand.scan else None

    def hold(self, reading: Scan | Got, at_s: float) -> None:
        """Take a picture, or what a module said, into the hand."""
        scan, matched = (reading, None) if isinstance(reading, Scan) else (None, reading)
        self._hand = _Hand(at_s, scan, matched)

    def remember(self, scan: Scan) -> None:
        """A picture somebody was enrolled with is nobody's finger afterwards either."""
        self._probes.repeated(scan.image, time.monotonic())

    def candidates(self, digits: str) -> list[Candidate]:
        """Everybody with these digits, ready to be compared."""
        return [self._people.candidate(person) for person in self._people.with_digits(digits)]

    def job(self, session: Session, families: frozenset[str]) -> Job | None:
        """What modules compare the next touch with: everything of their kind that those with the digits have."""
        match session.state:
            case Place() if families:
                digits = session.visit.digits
            case SupervisePlace() if families:
                digits = session.visit.supervisor_digits
            case _:
                return None
        people = self._people.with_digits(digits)
        found = [(one.person, t) for one in people for t in self._people.on_modules(one, families)][:MOST_ON_MODULE]
        return Job(tuple(t for _, t in found), people=tuple(person for person, _ in found))

    def finger_of(self, digits: str | None) -> messages.Hit | messages.Miss | Advice:
        """Whose finger is in hand, among those with the digits, or (None) among everybody.

        Why it is nobody's is not said before the next step of time after the touch.
        """
        try:
            decision = self._decision(digits)
        except MatchingError as error:
            self._spoilt(error)
            decision = Advice.PLACE_AGAIN
        else:
            self._troubles.mended("reading")
        known = self._people.gallery.people.get(decision.person) if isinstance(decision, Match) else None
        if not isinstance(decision, Advice) and self._played_again(known.person if known else None):
            decision = Advice.PLACE_AGAIN
        if known and isinstance(decision, Match):
            return messages.Hit(decision.person, decision.score, CardFlag.SUPERVISOR in known.flags)
        self._hold_back()
        match decision:
            case Advice():
                return decision
            case TwoMatch():
                return messages.Miss.TOO_CLOSE
            case NoneMatches(score):
                near = policy.near_miss(score, self._comparer.limits.near)
                return messages.Miss.NEAR if near else messages.Miss.CLEAR
            case Match():
                return messages.Miss.CLEAR
        assert_never(decision)

    def face_of(self, scan: Scan, session: Session, at_s: float) -> Seen:
        """Who is before the camera: anybody while nobody is served, else one of those who are meant."""
        self._hand = _Hand(at_s)  # no finger is in it any more
        try:
            if isinstance(session.state, IdentifyReady):
                seen = self._still_here(self._comparer.any_face(scan, at_s))
            else:
                seen = self._comparer.face(scan, self._meant(session), at_s)
        except MatchingError as error:
            self._spoilt(error)
            return Seen(at_s, advice=Advice.HOLD_STILL)
        if isinstance(seen.decision, Match) and self._probes.repeated(scan.image, at_s, FRAMES_APART_S):
            self._repeated(FACE, seen.decision.person, at_s)  # the turn of the head judges it (edge.people.facing)
        return seen

    def _played_again(self, person: bytes | None) -> bool:
        """Is what is in hand a picture that was taken before? It counts for nobody. What a module says instead is told
        and no more: who can play its touch again can as well say that it matched."""
        hand = self._hand
        template = hand.matched.reading.template if hand.matched and isinstance(hand.matched.reading, Matched) else None
        probe = hand.scan.image if hand.scan else template.data if template else None
        if probe is None or not self._probes.repeated(probe, hand.taken_s):
            return False
        self._repeated(FINGER if hand.scan else MODULE, person, hand.taken_s)
        return hand.scan is not None

    def _meant(self, session: Session) -> list[Candidate]:
        if session.visit.digits:
            return self.candidates(session.visit.digits)
        known = (self._people.gallery.people.get(named.person) for named in session.visit.people)
        return [self._people.candidate(person) for person in known if person]

    def _decision(self, digits: str | None) -> Decision | Advice:
        hand = self._hand
        if hand.scan:
            if digits is None:
                return self._comparer.everybody(hand.scan)
            return self._comparer.few(hand.scan, self.candidates(digits))
        got = hand.matched
        if got is None or got.job is None or got.module is None or not isinstance(got.reading, Matched):
            return Advice.PLACE_AGAIN
        decision, hand.verdict = decide(got.reading, got.job.people, got.module)
        return decision

    def _still_here(self, seen: Seen) -> Seen:
        gone = isinstance(seen.decision, Match) and seen.decision.person not in self._people.gallery.people
        return replace(seen, decision=NoneMatches(0.0)) if gone else seen

    def _spoilt(self, error: MatchingError) -> None:
        self.bad += 1
        self._troubles.found("reading", str(error))

    def _hold_back(self) -> None:
        step_s = self._refuse_step_s
        if step_s > 0:
            time.sleep(step_s - (time.monotonic() - self._hand.taken_s) % step_s)
