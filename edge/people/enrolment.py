"""Enrolling a person on the running terminal: fingers, a face, or both, each an event a template.

Only people on the roster are enrolled (R6.5), and only what nobody with the same digits has (S5). What is recorded
stays recorded: when the second finger is refused, the first is enrolled all the same, and the answer says so.
"""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from drivers.base import DeviceTemplate
from edge import EnrolmentRefused
from edge.people import enrolment_face, enrolment_finger, enrolment_module, refusals, telling
from edge.people.enrolment_finger import Others
from edge.people.fingers import FACE
from edge.people.gallery import Person
from edge.people.guide import FingerRefused, Guide, Tell
from edge.people.impressions import KEPT
from edge.people.module_template import ModuleTemplateError, pack
from edge.people.module_template import version as module_version
from edge.session.states import EnrolDone
from edge.terminal import Terminal
from matching import Prepared
from sync import StorageError, SyncError
from sync.record import EventCode
from sync.seal import rewrap, seal_template

MOST_IMPRESSIONS = 6


@dataclass(frozen=True, slots=True)
class Sealer:
    """Whom an enrolled template is sealed for: this terminal, and the aggregator."""

    terminal: str
    seal_key: X25519PrivateKey
    template_key: X25519PublicKey


@dataclass(frozen=True, slots=True)
class Request:
    """Enrol these fingers (1 to 10) of this person, in this order, then the face if wanted.

    `best` 0 keeps every finger; else only so many, those that serve best. `impressions`: how many pictures of a finger
    are taken at least, of which the best three are kept. `alive`: the face must do what is asked. `tell` hears of each
    step; `gone` says that nobody listens.
    """

    person: bytes
    fingers: tuple[int, ...]
    tell: Tell
    gone: Callable[[], bool]
    face: bool = False
    best: int = 0
    impressions: int = KEPT
    alive: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """What is to be recorded of one finger or face: (version, plain template), and how well it will serve."""

    finger: int
    plain: tuple[tuple[int, bytes], ...]
    worth: float
    views: tuple[Prepared, ...] = ()


@dataclass(slots=True)
class Enrolled:
    """The seqs of the events so far, and the fingers they are of, the best first; 0 is the face."""

    seqs: list[int] = field(default_factory=list)
    fingers: list[int] = field(default_factory=list)


def enrol(terminal: Terminal, sealer: Sealer, request: Request) -> Enrolled:
    """Guide one enrolment to its end. Raises EnrolmentRefused."""
    done = Enrolled()
    guide = Guide(terminal, request.tell, request.gone)
    try:
        person = _on_roster(terminal, request.person)
        _possible(terminal, request)
        if request.best:
            ranked = _ranked(guide, person, request)
            _propose(guide, person, ranked)
            for taken in ranked[: request.best]:
                _record(terminal, sealer, request.person, taken, done)
        else:
            own: list[Taken] = []
            for finger in request.fingers:
                own.append(_finger(guide, person, finger, request, own))
                _record(terminal, sealer, request.person, own[-1], done)
        if request.face:
            _record(terminal, sealer, request.person, _face(guide, person, request), done)
    except EnrolmentRefused as refused:
        _count_in(terminal)
        terminal.show(EnrolDone(False))
        if done.fingers:
            said = refusals.BEFORE_THAT.fill(why=refused.words, fingers=telling.names(done.fingers))
            raise EnrolmentRefused(said) from None
        raise
    _count_in(terminal)
    terminal.show(EnrolDone(True))
    return done


def _on_roster(terminal: Terminal, person: bytes) -> Person:
    try:
        terminal.people.refresh()
    except StorageError as error:
        raise EnrolmentRefused(refusals.NO_ROSTER.fill(error=str(error))) from None
    found = terminal.people.gallery.people.get(person)
    if found is None:
        raise EnrolmentRefused(refusals.NOT_ON_ROSTER)
    return found


def _possible(terminal: Terminal, request: Request) -> None:
    able = terminal.able()
    if request.fingers and not able.finger:
        raise EnrolmentRefused(refusals.NO_SENSOR)
    if request.face and not able.face:
        raise EnrolmentRefused(refusals.NO_CAMERA)


def _ranked(guide: Guide, person: Person, request: Request) -> list[Taken]:
    """All fingers asked for that will do, the best first: best-finger detection. Raises EnrolmentRefused."""
    found: list[Taken] = []
    refused: FingerRefused | None = None
    for finger in request.fingers:
        try:
            found.append(_finger(guide, person, finger, request, found))
        except FingerRefused as why:
            refused = why
            guide.tell({"event": "finger", "finger": finger, "worth": 0.0})
    if not found:
        raise refused or EnrolmentRefused(refusals.NOTHING_ASKED)
    return sorted(found, key=lambda taken: -taken.worth)


def _propose(guide: Guide, person: Person, ranked: Sequence[Taken]) -> None:
    """Which finger serves best, for the clerk and for the record."""
    order = bytes(taken.finger for taken in ranked)
    guide.tell({"event": "best", "fingers": list(order)})
    with contextlib.suppress(StorageError):  # the enrolment itself says whether the disk takes anything
        worth = round(1000 * ranked[0].worth)
        guide.terminal.journal.remark(
            EventCode.ADMIN, what="best_finger", person=person.person, order=order, worth=worth
        )


def _finger(guide: Guide, person: Person, finger: int, request: Request, before: Sequence[Taken]) -> Taken:
    """By pictures, by the module, or both, as this terminal's sensors compare; none of those taken `before`.

    Raises EnrolmentRefused.
    """
    terminal = guide.terminal
    sharing = terminal.people.sharing_digits(person)
    plain: list[tuple[int, bytes]] = []
    worth = 0.0
    views: tuple[Prepared, ...] = ()
    if terminal.pictures:
        rivals = [view for other in sharing for f in terminal.people.fingers(other) for view in _views(guide, other, f)]
        fingers = [number for number in terminal.people.fingers(person) if number != finger]
        own = [(number, view) for number in fingers for view in _views(guide, person, number)]
        own += [(one.finger, view) for one in before for view in one.views]
        chosen = enrolment_finger.collect(guide, finger, request.impressions, Others(rivals, own))
        views = tuple(one.ready for one in chosen.impressions)
        plain = [(n, one.template.to_bytes()) for n, one in enumerate(chosen.impressions, 1)]
        worth = chosen.worth
    if families := terminal.families:
        foreign = [t for other in sharing for t in terminal.people.on_modules(other, families)]
        foreign += terminal.people.on_modules(person, families, but=finger)
        kept = enrolment_module.collect(guide, finger, foreign)
        worth = worth or kept.worth
        plain += [(module_version(t.family, n), _packed(t)) for n, t in enumerate(kept.templates, 1)]
    guide.tell({"event": "finger", "finger": finger, "worth": round(worth, 3)})
    return Taken(finger, tuple(plain), worth, views)


def _views(guide: Guide, person: Person, finger: int) -> list[Prepared]:
    return guide.terminal.people.views(person, finger)


def _packed(template: DeviceTemplate) -> bytes:
    try:
        return pack(template)
    except ModuleTemplateError as error:
        raise EnrolmentRefused(refusals.NOT_RECORDED.fill(error=str(error))) from None


def _face(guide: Guide, person: Person, request: Request) -> Taken:
    people = guide.terminal.people
    rivals = [view for other in people.sharing_digits(person) for view in people.views(other, FACE)]
    template = enrolment_face.collect(guide, rivals, alive=request.alive)
    return Taken(FACE, ((1, template.to_bytes()),), 1.0)


def _record(terminal: Terminal, sealer: Sealer, person: bytes, taken: Taken, done: Enrolled) -> None:
    """Seal for ourselves first, then hand the key on: one body, two readers. Raises EnrolmentRefused."""
    public = sealer.seal_key.public_key()
    for version, plain in taken.plain:
        try:
            own = seal_template(public, sealer.terminal, person, taken.finger, version, plain, sealer.seal_key)
            up = rewrap(own, sealer.seal_key, sealer.terminal, sealer.template_key, "server", makers=(public,))
            seq = terminal.journal.enrolment(up, own)
        except StorageError:
            raise EnrolmentRefused(refusals.DISK_FULL) from None
        except SyncError as error:
            raise EnrolmentRefused(refusals.NOT_SEALED.fill(error=str(error))) from None
        terminal.people.enrolled(seq, own)
        done.seqs.append(seq)
    done.fingers.append(taken.finger)


def _count_in(terminal: Terminal) -> None:
    """Enrolled it is, whatever the roster is like by now: views count from the next refresh that succeeds."""
    with contextlib.suppress(StorageError):
        terminal.people.refresh()
