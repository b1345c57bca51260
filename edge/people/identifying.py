"""Everybody of a site, ready to be searched without digits: prepared beside the terminal's own work, swapped whole.

Opening and coding 10,000 templates takes half a minute on an x86 core. That is done on a thread of its own; until it
is done whoever is not yet in the new gallery types digits, and who has left is refused by the terminal, which asks the
roster that is valid now. Memory: 5 KB a template and at most MOST templates, so 50 MB, and 25 MB for those of the last
probes that stay prepared (matching.search.KEPT).
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from edge.people.gallery import Gallery as Enrolled
from edge.people.gallery import Secrets
from edge.people.module_template import is_module
from matching import Candidate, Decision, Gallery, MatchingError, Modality, Prepared, Template, threshold
from sync import SyncError

FPIR = 1e-3
"""The share of strangers who may be taken for somebody, however many people there are."""

MOST = 10_000
_STRICTEST = 1e-6  # beyond that nobody has measured


@dataclass(frozen=True)
class Everybody:
    """A search over one version of the roster. `left_out`: templates beyond MOST, whose people must type digits."""

    of: Enrolled
    search: Gallery
    people: int
    left_out: int = 0

    def decide(self, probe: Template | Prepared, modality: Modality, few: float, margin: float) -> Decision:
        """Who it is of everybody; never easier than `few`, the threshold among a few. Raises MatchingError."""
        limit = max(few, threshold(modality, fmr(self.people)))
        return self.search.decide(probe, threshold=limit, margin=margin)


def fmr(people: int) -> float:
    """The rate at which each one may be mistaken for, so that all together are at FPIR.

    Beyond 1,000 people it stays at the strictest that is known, and the rate of all together grows with their number.
    """
    return min(1e-1, max(_STRICTEST, FPIR / max(1, people)))


class Preparing:
    """The newest search there is. Used by the terminal's one thread; one more prepares the next."""

    def __init__(
        self, modality: Modality, secrets: Secrets, tell: Callable[[str], None] = lambda _reason: None
    ) -> None:
        """`tell` hears, on the other thread, why a search could not be prepared."""
        self._modality = modality
        self._secrets = secrets
        self._tell = tell
        self._of: Enrolled | None = None  # of the search that is there or on its way
        self._thread: threading.Thread | None = None
        self.ready: Everybody | None = None

    def follow(self, enrolled: Enrolled) -> None:
        """Prepare a search over this gallery, unless that was done or something is being prepared just now."""
        if enrolled is self._of or (self._thread and self._thread.is_alive()):
            return
        self._of = enrolled
        self._thread = threading.Thread(target=self._prepare, args=(enrolled,), name="everybody", daemon=True)
        self._thread.start()

    def join(self, timeout_s: float) -> bool:
        """Wait for what is being prepared; whether it is done."""
        if self._thread:
            self._thread.join(timeout_s)
        return self._thread is None or not self._thread.is_alive()

    def _prepare(self, enrolled: Enrolled) -> None:
        candidates: list[Candidate] = []
        templates = left_out = 0
        for candidate in self._opened(enrolled):
            if templates + len(candidate.templates) > MOST:
                left_out += len(candidate.templates)
                continue
            templates += len(candidate.templates)
            candidates.append(candidate)
        try:
            self.ready = Everybody(enrolled, Gallery(candidates), len(candidates), left_out)
        except MatchingError as error:
            self._tell(str(error))

    def _opened(self, enrolled: Enrolled) -> Iterator[Candidate]:
        """Templates as they are stored: prepared ones are twenty times larger. One that does not open is left out."""
        for person in enrolled.people.values():
            found: list[Template] = []
            for sealed in person.templates:
                try:
                    plain = self._secrets.template(sealed)
                    template = None if is_module(plain) else Template.from_bytes(plain)
                except (SyncError, MatchingError):
                    continue  # said when its person types digits
                if template is not None and template.modality is self._modality:
                    found.append(template)
            if found:
                yield Candidate(person.person, found)
