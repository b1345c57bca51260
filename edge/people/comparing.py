"""Pictures against people: what the terminal knows of matching. No I/O but the loading of networks.

Thresholds come from false match rates (matching.threshold): `fmr` for each of a few candidates; for everybody, the
rate that lets one touch in a thousand by strangers pass (edge.people.identifying).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from drivers.base import Advice, Scan
from edge.people.facing import Seen
from edge.people.identifying import Preparing
from edge.people.look import FaceView
from edge.session import policy
from matching import Candidate, Decision, MatchingError, Modality, NoMatch, Template, decide, threshold


@dataclass(frozen=True, slots=True)
class Limits:
    """When a comparison is a match; scores as in matching.score (0 to 1). `near`: a finger that may try again."""

    threshold: float = 0.5
    margin: float = 0.1
    near: float = 0.35
    face: float = 0.5

    @classmethod
    def at(cls, fmr: float, face_fmr: float, margin: float) -> "Limits":
        """Raises MatchingError for a rate that is not known."""
        few, near = threshold(Modality.FINGER, fmr), threshold(Modality.FINGER, policy.NEAR_FMR)
        return cls(few, margin, near, threshold(Modality.FACE, face_fmr))


class Look(Protocol):
    """From a picture to its template and to what the policy wants to know of it. Raises MatchingError."""

    def __call__(self, scan: Scan) -> tuple[Template, policy.View]: ...

    def again(self, scan: Scan) -> Iterable[Template]:
        """The same picture in other ways, for a near miss; each takes its time only when it is asked for."""
        ...


class Comparer:
    """Used by the terminal's one thread. `face` is None where there are no networks of faces.

    `search` is None where nobody is known without digits. `seen` is what the finger last looked at showed.
    """

    def __init__(
        self,
        look: Look,
        limits: Limits,
        face: Callable[[Scan], FaceView] | None = None,
        search: Preparing | None = None,
    ) -> None:
        self.look = look
        self.limits = limits
        self.search = search
        self.seen: tuple[Template, policy.View] | None = None
        self._face = face

    @property
    def faces(self) -> bool:
        return self._face is not None

    @property
    def searching(self) -> bool:
        """Everybody is ready to be searched."""
        return self.search is not None and self.search.ready is not None

    def few(self, scan: Scan, candidates: Sequence[Candidate]) -> Decision | Advice:
        """A finger against those who have the digits. Raises MatchingError."""
        template, view = self._looked(scan)
        limits = self.limits
        return policy.advice(view) or decide(
            template, candidates, threshold=limits.threshold, margin=limits.margin, looks=self.look.again(scan)
        )

    def everybody(self, scan: Scan) -> Decision | Advice:
        """A finger against everybody. Raises MatchingError."""
        template, view = self._looked(scan)
        return policy.advice(view) or self._anybody(template, Modality.FINGER, self.limits.threshold)

    def face(self, scan: Scan, candidates: Sequence[Candidate], at_s: float) -> Seen:
        """One frame against those who have the digits. Raises MatchingError."""
        limits = self.limits
        return self._faced(
            scan, at_s, lambda face: decide(face, candidates, threshold=limits.face, margin=limits.margin)
        )

    def any_face(self, scan: Scan, at_s: float) -> Seen:
        """One frame against everybody. Raises MatchingError."""
        return self._faced(scan, at_s, lambda face: self._anybody(face, Modality.FACE, self.limits.face))

    def face_view(self, scan: Scan) -> FaceView:
        """What a frame shows, for an enrolment. Raises MatchingError."""
        if self._face is None:
            raise MatchingError("no networks of faces are installed")
        return self._face(scan)

    def _looked(self, scan: Scan) -> tuple[Template, policy.View]:
        self.seen = None
        self.seen = self.look(scan)
        return self.seen

    def _anybody(self, probe: Template, modality: Modality, few: float) -> Decision:
        ready = self.search.ready if self.search else None
        return ready.decide(probe, modality, few, self.limits.margin) if ready else NoMatch(0.0)

    def _faced(self, scan: Scan, at_s: float, judged: Callable[[Template], Decision]) -> Seen:
        seen = self.face_view(scan)
        decision = judged(seen.template) if seen.template is not None else None
        return Seen(at_s, seen.box, seen.yaw_deg, decision, seen.advice)
