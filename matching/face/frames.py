"""The three-frame rule: it is somebody when several frames in a row say the same person. Pure.

One frame can be blurred into somebody else; three independent ones rarely are. They are not independent, so the
rule guards against the odd frame, not against a look-alike: the threshold does that.
"""

from dataclasses import dataclass, replace

from matching.face.parameters import FRAME_GAP_S, FRAMES
from matching.identify import Decision, Match


@dataclass(frozen=True)
class Streak:
    """How many frames in a row agreed on `person`, their lowest score and highest runner-up, when the last came."""

    needed: int = FRAMES
    gap_s: float = FRAME_GAP_S
    person: bytes = b""
    count: int = 0
    score: float = 1.0
    runner_up: float = 0.0
    last_s: float = 0.0

    def after(self, decision: Decision | None, at_s: float) -> "Streak":
        """The streak after one more frame, decided at `at_s` (seconds of any steady clock); None: no face in it."""
        if not isinstance(decision, Match):
            return replace(self, person=b"", count=0, score=1.0, runner_up=0.0, last_s=at_s)
        goes_on = self.count > 0 and decision.person == self.person and 0 <= at_s - self.last_s <= self.gap_s
        if not goes_on:
            return replace(
                self, person=decision.person, count=1, score=decision.score, runner_up=decision.runner_up, last_s=at_s
            )
        return replace(
            self,
            count=self.count + 1,
            score=min(self.score, decision.score),
            runner_up=max(self.runner_up, decision.runner_up),
            last_s=at_s,
        )

    @property
    def match(self) -> Match | None:
        """Who it is, when enough frames agreed."""
        return Match(self.person, self.score, self.runner_up) if self.count >= max(1, self.needed) else None
