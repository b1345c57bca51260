"""Pictures against people: what the terminal knows of matching. No I/O but the loading of networks.

Thresholds come from false match rates (matching.threshold): `fmr` for each of a few candidates; for everybody, the
rate that lets one touch in a thousand by strangers pass, however many people there are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from drivers.base import Advice, Scan
from edge import policy
from edge.facing import Seen
from edge.gallery import People
from edge.look import FaceView
from matching import Candidate, Decision, MatchingError, Modality, Template, decide, threshold
from matching.search import Gallery

FPIR = 1e-3
_STRICTEST = 1e-6  # beyond that nobody has measured
_MOST_EVERYBODY = 10_000


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


class Comparer:
    """Used by the terminal's one thread. `face` is None where there are no networks of faces."""

    def __init__(self, look: Look, limits: Limits, face: Callable[[Scan], FaceView] | None = None) -> None:
        self.look = look
        self.limits = limits
        self._face = face
        self._everybody: tuple[int, int, Gallery] | None = None

    @property
    def faces(self) -> bool:
        return self._face is not None

    def few(self, scan: Scan, candidates: Sequence[Candidate]) -> Decision | Advice:
        """A finger against those who have the digits. Raises MatchingError."""
        template, view = self.look(scan)
        limits = self.limits
        return policy.advice(view) or decide(template, candidates, threshold=limits.threshold, margin=limits.margin)

    def everybody(self, scan: Scan, people: People) -> Decision | Advice:
        """A finger against everybody. Raises MatchingError."""
        template, view = self.look(scan)
        gallery = self.gallery(people)
        fmr = min(1e-1, max(_STRICTEST, FPIR / max(1, len(people.gallery.people))))
        limit = max(self.limits.threshold, threshold(Modality.FINGER, fmr))
        return policy.advice(view) or gallery.decide(template, threshold=limit, margin=self.limits.margin)

    def gallery(self, people: People) -> Gallery:
        """Everybody, ready to be searched; made anew when somebody came or was enrolled (2 ms a template)."""
        now = people.gallery
        key = now.version, now.templates
        if self._everybody is None or self._everybody[:2] != key:
            everybody = list(now.people.values())[:_MOST_EVERYBODY]
            self._everybody = (*key, Gallery(people.candidate(person) for person in everybody))
        return self._everybody[2]

    def face(self, scan: Scan, candidates: Sequence[Candidate], at_s: float) -> Seen:
        """One frame against those who have the digits. Raises MatchingError."""
        if self._face is None:
            raise MatchingError("no networks of faces are installed")
        seen = self._face(scan)
        decision: Decision | None = None
        if seen.template is not None:
            decision = decide(seen.template, candidates, threshold=self.limits.face, margin=self.limits.margin)
        return Seen(at_s, seen.box, seen.yaw_deg, decision, seen.advice)
