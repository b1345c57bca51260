"""One person before the camera: three frames that agree on somebody, then the challenge. Pure.

The head turns during the challenge, so its frames are judged by where the face is, and the person is recognised
again whenever they look ahead.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from drivers.base import Advice
from edge.session.states import Ask
from matching import Match
from matching.face.frames import Streak
from matching.face.liveness import Challenge, Observation, Verdict, draw
from matching.identify import Decision


@dataclass(frozen=True, slots=True)
class Seen:
    """One frame at `at_s`: where the face is, who it is (None: not looked at), what the person should do."""

    at_s: float
    box: tuple[float, float, float, float] | None = None
    yaw_deg: float = 0.0
    decision: Decision | None = None
    advice: Advice | None = None


@dataclass(frozen=True, slots=True)
class Facing:
    """How far it has come. `dice` is the random number the challenge is drawn from; 0 turns: no challenge."""

    dice: int
    turns: int = 2
    streak: Streak = field(default_factory=Streak)
    challenge: Challenge | None = None
    advice: Advice | None = None
    match: Match | None = None

    @property
    def ask(self) -> Ask | None:
        """What the person is to do now; None: look ahead."""
        asked = self.challenge.asked if self.challenge else None
        return Ask(asked.value) if asked else None

    @property
    def passed(self) -> Match | None:
        """Who it is, once that is certain and the face is alive."""
        alive = self.turns == 0 or (self.challenge is not None and self.challenge.verdict is Verdict.PASSED)
        return self.match if alive else None

    @property
    def failed(self) -> bool:
        """The challenge was not met: another way is due."""
        return self.challenge is not None and self.challenge.verdict not in (Verdict.WAITING, Verdict.PASSED)

    def after(self, seen: Seen) -> "Facing":
        """After one more frame."""
        if self.challenge is None:
            streak = self.streak.after(seen.decision, seen.at_s)
            match = streak.match
            challenge = draw(_throw(self.dice), seen.at_s, self.turns) if match and self.turns else None
            return replace(self, streak=streak, match=match, challenge=challenge, advice=seen.advice)
        observed = Observation(seen.at_s, seen.box, seen.yaw_deg, same=self._same(seen.decision))
        return replace(self, challenge=self.challenge.after(observed), advice=None)

    def _same(self, decision: Decision | None) -> bool | None:
        if decision is None or self.match is None:
            return None
        if isinstance(decision, Match):
            return decision.person == self.match.person
        return None  # half turned, nobody is sure; a swap shows in the box, and when the head is back


def _throw(dice: int) -> Callable[[int], int]:
    """One random number as many small ones."""

    def pick(below: int) -> int:
        nonlocal dice
        dice, remainder = divmod(dice, below)
        return remainder

    return pick
