"""Fingers change: an excellent match may be proposed as one more template. Never is one replaced, or added, silently.

A proposal is an event of its own with the sealed template in it: it opens at the aggregator alone, where somebody
approves it. No terminal compares with it before. It is worth proposing when the finger is beyond doubt this person's,
the picture is good enough to enrol, and yet one of the enrolled views no longer matches it.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from edge.people.enrolment import Sealer
from edge.people.gallery import People
from edge.people.module_template import FIRST_VERSION
from edge.record.journal import Journal
from edge.session import policy
from matching import MatchingError, Modality, Template, prepare, score, threshold
from sync import StorageError, SyncError
from sync.seal import seal_template

EXCELLENT_FMR = 1e-6
MOST_VIEWS = 6  # of one finger: more are not proposed
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Noticed:
    """A finger that was just recognised as `person`."""

    person: bytes
    template: Template
    view: policy.View


class Ageing:
    """Looks at what was recognised when nobody waits. Used by the terminal's one thread."""

    def __init__(self, people: People, journal: Journal, sealer: Sealer, limit: float, every_days: int) -> None:
        """`limit`: the score of a match among a few. At most one proposal a finger in `every_days`; 0: none at all."""
        self._people, self._journal, self._sealer = people, journal, sealer
        self._limit, self._every_days = limit, every_days
        self._excellent = max(limit, threshold(Modality.FINGER, EXCELLENT_FMR))
        self._noticed: Noticed | None = None

    def notice(self, person: bytes, template: Template, view: policy.View) -> None:
        """Remember the newest; whether it is worth anything is seen later."""
        if self._every_days and policy.advice(view, enrolling=True) is None:
            self._noticed = Noticed(person, template, view)

    def settle(self) -> int | None:
        """Propose what was noticed, if it is worth it: the seq of the event. A disk that refuses loses a proposal."""
        noticed, self._noticed = self._noticed, None
        if noticed is None:
            return None
        with contextlib.suppress(MatchingError, SyncError, StorageError):
            return self._propose(noticed)
        return None

    def _propose(self, noticed: Noticed) -> int | None:
        person = self._people.gallery.people.get(noticed.person)
        probe = prepare(noticed.template)
        if person is None or probe is None:
            return None
        for finger in self._people.fingers(person):
            views = self._people.views(person, finger)
            scores = [score(probe, view) for view in views]
            if not worth(scores, self._excellent, self._limit) or self._proposed_lately(noticed.person, finger):
                continue
            mine = (t.version for t in person.templates if t.finger == finger and t.version < FIRST_VERSION)
            version = max(mine, default=0) + 1
            plain = noticed.template.to_bytes()
            up = seal_template(self._sealer.template_key, "server", noticed.person, finger, version, plain)
            return self._journal.proposal(up, round(1000 * max(scores)))
        return None

    def _proposed_lately(self, person: bytes, finger: int) -> bool:
        before_ms = self._journal.history.proposed.get((person, finger))
        return before_ms is not None and self._journal.now().wall_ms - before_ms < self._every_days * _DAY_MS


def worth(scores: Sequence[float], excellent: float, limit: float) -> bool:
    """Beyond doubt by one enrolled view, and not recognised by another: the finger has changed, or shows more."""
    return 0 < len(scores) < MOST_VIEWS and max(scores) >= excellent and min(scores) < limit
