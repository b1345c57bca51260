"""Enrolling a finger on the running terminal: three good impressions that agree, then three events with templates.

Only people on the roster are enrolled (R6.5), and only fingers that nobody with the same digits has (S5).
"""

import contextlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from drivers.base import Advice, Scan
from edge import EnrolmentRefused, policy
from edge.gallery import Person
from edge.states import EnrolDone, EnrolPlace
from edge.terminal import Terminal
from matching import MatchingError, Prepared, Template, prepare, score
from sync import StorageError, SyncError
from sync.seal import rewrap, seal_template

VIEWS, VIEWS_LEAST = 3, 2
CAPTURES = 12
STRICT_CAPTURES = 6  # then what is good enough to punch will do: a worn finger is enrolled as well as it can be (S1)
FINGERS = {
    "right_thumb": 1,
    "right_index": 2,
    "right_middle": 3,
    "right_ring": 4,
    "right_little": 5,
    "left_thumb": 6,
    "left_index": 7,
    "left_middle": 8,
    "left_ring": 9,
    "left_little": 10,
}  # positions of ISO/IEC 19794-2:2005, table 6
Tell = Callable[[dict[str, object]], None]


@dataclass(frozen=True, slots=True)
class Sealer:
    """Whom an enrolled template is sealed for: this terminal, and the aggregator."""

    terminal: str
    seal_key: X25519PrivateKey
    template_key: X25519PublicKey


@dataclass(frozen=True, slots=True)
class Request:
    """Enrol this finger (1 to 10) of this person. `tell` hears of each step; `gone` says that nobody listens."""

    person: bytes
    finger: int
    tell: Tell
    gone: Callable[[], bool]


def enrol(terminal: Terminal, sealer: Sealer, request: Request) -> list[int]:
    """Guide one enrolment to its end; the seqs of its events. Raises EnrolmentRefused."""
    try:
        person = _on_roster(terminal, request.person)
        rivals = [view for other in terminal.people.sharing_digits(person) for view in _views(terminal, other)]
        views = _collect(terminal, request, rivals)
        seqs = [_record(terminal, sealer, request, n, view.template) for n, view in enumerate(views, 1)]
    except EnrolmentRefused:
        terminal.show(EnrolDone(False))
        raise
    # Enrolled it is, whatever the roster is like by now: the views count from the next refresh that succeeds.
    with contextlib.suppress(StorageError):
        terminal.people.refresh()
    terminal.show(EnrolDone(True))
    return seqs


def _on_roster(terminal: Terminal, person: bytes) -> Person:
    try:
        terminal.people.refresh()
    except StorageError as error:
        raise EnrolmentRefused(f"the roster cannot be read, so nobody can be enrolled now: {error}") from None
    found = terminal.people.gallery.people.get(person)
    if found is None:
        raise EnrolmentRefused("this person is not on the terminal's roster; people are added at the aggregator")
    return found


def _views(terminal: Terminal, person: Person) -> list[Prepared]:
    return [t for t in terminal.people.candidate(person).templates if isinstance(t, Prepared)]


def _collect(terminal: Terminal, request: Request, rivals: list[Prepared]) -> list[Prepared]:
    """Three good views that agree with each other, none of them a rival's; two when more cannot be had.

    One odd impression, even the first, does not spoil the rest: the views that agree are chosen from all taken.
    """
    threshold = terminal.comparer.limits.threshold
    taken: list[Prepared] = []
    agreed: tuple[Prepared, ...] = ()
    advice: Advice | None = None
    for capture in range(CAPTURES):
        view = _capture(terminal, request, len(agreed) + 1, advice, strict=capture < STRICT_CAPTURES)
        if isinstance(view, Advice):
            advice = view
        elif any(score(view, rival) >= threshold for rival in rivals):
            raise EnrolmentRefused("somebody with the same digits has this finger already; is it the right person?")
        elif any(view.template == other.template for other in taken):
            advice = Advice.PLACE_AGAIN  # the very same picture tells nothing new
        else:
            taken.append(view)
            before, agreed = agreed, _agreeing(taken, threshold)
            advice = None if len(agreed) > len(before) else Advice.PLACE_AGAIN
            request.tell({"event": "view", "view": len(agreed), "minutiae": len(view.template.minutiae)})
        if len(agreed) == VIEWS:
            break
        if advice:
            request.tell({"event": "advice", "advice": str(advice)})
    if len(agreed) < VIEWS_LEAST:
        raise EnrolmentRefused(f"no impressions that agree in {CAPTURES} tries; try another finger")
    return list(agreed)


def _agreeing(views: list[Prepared], threshold: float) -> tuple[Prepared, ...]:
    """The most views, up to three, of which each matches each other; the earliest where there is a choice."""
    for size in range(VIEWS, 1, -1):
        for chosen in itertools.combinations(views, size):
            if all(score(a, b) >= threshold for a, b in itertools.combinations(chosen, 2)):
                return chosen
    return tuple(views[:1])


def _capture(
    terminal: Terminal, request: Request, view: int, advice: Advice | None, *, strict: bool
) -> Prepared | Advice:
    terminal.show(EnrolPlace(view, VIEWS, advice))
    request.tell({"event": "place", "view": view})
    reading = terminal.read(2 * terminal.rules.finger_timeout_s, request.gone)
    if reading is None:
        raise EnrolmentRefused("no finger came in time")
    if not isinstance(reading, Scan):
        return getattr(reading, "advice", Advice.PLACE_AGAIN)
    try:
        template, seen = terminal.look(reading)
        ready = prepare(template)
    except MatchingError:
        return Advice.PLACE_AGAIN
    return policy.advice(seen, enrolling=strict) or ready or Advice.PLACE_AGAIN


def _record(terminal: Terminal, sealer: Sealer, request: Request, version: int, template: Template) -> int:
    """Seal for ourselves first, then hand the key on: one body, two readers."""
    public = sealer.seal_key.public_key()
    try:
        own = seal_template(public, sealer.terminal, request.person, request.finger, version, template.to_bytes())
        up = rewrap(own, sealer.seal_key, sealer.terminal, sealer.template_key, "server")
        seq = terminal.journal.enrolment(up, own)
    except StorageError:
        raise EnrolmentRefused("not recorded: the disk refuses; free some space and enrol again") from None
    except SyncError as error:
        raise EnrolmentRefused(f"not recorded: it cannot be sealed ({error}); is the admission right?") from None
    terminal.people.enrolled(seq, own)
    return seq
