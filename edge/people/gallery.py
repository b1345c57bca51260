"""The enrolled of this site, looked up by keyed digits, swapped whole by version.

A Gallery never changes; People builds a new one when the roster has moved or a finger was enrolled here. Templates
stay sealed until their person types digits; what was opened and prepared is kept for the next time, up to a bound.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from drivers.base import DeviceTemplate
from edge import EdgeError
from edge.people.fingers import FACE
from edge.people.module_template import is_module, unpack
from matching import Candidate, MatchingError, Prepared, Template, prepare
from sync import StorageError, SyncError
from sync.anchor import Anchor
from sync.fetch import Whereabouts
from sync.photo import is_photo
from sync.roster import Given, RosterReader
from sync.seal import lookup, open_sealed, open_template
from sync.wire import CardFlag, PersonCard, Receipt, RosterEntry, SealedTemplate, parse_card

_KEPT_PREPARED = 200  # about 100 KB each
Key = tuple[bytes, int, int]
Ready = Prepared | DeviceTemplate
"""What a sealed template turns out to be: ours, prepared, or a module's."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What opens the roster at this terminal. `makers()`: whose seals count on it, the server's."""

    terminal: str
    seal_key: X25519PrivateKey
    lookup_key: bytes
    makers: Callable[[], Sequence[X25519PublicKey]]

    def card(self, entry: RosterEntry) -> PersonCard:
        """Raises SyncError."""
        about = card_binding(entry.person, self.terminal)
        return parse_card(open_sealed(self.seal_key, entry.sealed, about, self.makers()))

    def template(self, sealed: SealedTemplate) -> bytes:
        """One of the roster, or one that was enrolled here. Raises SyncError for one that somebody else sealed."""
        makers = (*self.makers(), self.seal_key.public_key())
        return open_template(sealed, self.seal_key, self.terminal, makers)


@dataclass(frozen=True, slots=True)
class Person:
    """One of this site: opaque reference, name and photograph to greet with, and everything enrolled, sealed."""

    person: bytes
    name: str
    lookup: bytes
    templates: tuple[SealedTemplate, ...]
    flags: CardFlag = CardFlag.NONE
    photo: SealedTemplate | None = None


@dataclass(frozen=True)
class Gallery:
    """Everybody at one version of the roster. `damaged` counts entries that did not open and were left out."""

    version: int = 0
    people: dict[bytes, Person] = field(default_factory=dict)
    by_lookup: dict[bytes, tuple[bytes, ...]] = field(default_factory=dict)
    damaged: int = 0

    @property
    def templates(self) -> int:
        return sum(len(p.templates) for p in self.people.values())

    @cached_property
    def vouched(self) -> bool:
        """Whether somebody here may vouch for others (S1)."""
        return any(CardFlag.SUPERVISOR in person.flags for person in self.people.values())


def card_binding(person: bytes, terminal: str) -> bytes:
    """What a sealed person card is bound to."""
    return b"hazri card 1\0" + person + terminal.encode()


def build(
    version: int,
    entries: Iterable[RosterEntry],
    own: Iterable[SealedTemplate],
    over: set[Key],
    secrets: Secrets,
    damaged: int = 0,
) -> Gallery:
    """A gallery of the roster's entries with the views enrolled here beside them.

    `over` names the own views that are newer than what the roster holds. Own views of somebody who is not on the
    roster are left out: terminals never create employees (R6.5), and who has left is forgotten (R6.7). `damaged` is
    how many rows were already found unreadable.
    """
    mine: dict[bytes, dict[Key, SealedTemplate]] = {}
    for t in own:
        mine.setdefault(t.person, {})[_key(t)] = t
    people: dict[bytes, Person] = {}
    found: dict[bytes, list[bytes]] = {}
    for entry in entries:
        if not entry.active:
            continue
        try:
            card = secrets.card(entry)
        except SyncError:
            damaged += 1
            continue
        views = {_key(t): t for t in entry.templates if t.person == entry.person and not is_photo(t)}
        photo = max(filter(is_photo, entry.templates), key=_version, default=None)
        for key, t in mine.get(entry.person, {}).items():
            if key in over or key not in views:
                views[key] = t
        people[entry.person] = Person(entry.person, card.name, card.lookup, tuple(views.values()), card.flags, photo)
        found.setdefault(card.lookup, []).append(entry.person)
    return Gallery(version, people, {k: tuple(v) for k, v in found.items()}, damaged)


class People:
    """The gallery that is valid now, and the templates that have been opened. Used by the terminal's one thread."""

    def __init__(
        self,
        roster: Path,
        secrets: Secrets,
        log: bytes,
        own: Iterable[tuple[int, SealedTemplate]],
        tell: Callable[[str], None] = lambda _reason: None,
    ) -> None:
        """`tell` hears once of each template that is of no use, why; it says nothing of whose it is."""
        self._path = roster
        self._secrets = secrets
        self._log = log
        self._own = {_key(t): (seq, t) for seq, t in own}
        self._reader: RosterReader | None = None
        self._ready: OrderedDict[bytes, Ready | None] = OrderedDict()
        self._spoilt: dict[bytes, bytes] = {}  # name of a template that is of no use -> its person
        self._tell = tell
        self._stale = True
        self._makers: Sequence[X25519PublicKey] = ()
        self.gallery = Gallery()
        self.receipted = 0
        self.anchor: Anchor | None = None  # the server's newest word on the time, not checked yet

    @property
    def damaged(self) -> int:
        """Entries of the roster that did not open, and templates that were tried and are of no use."""
        return self.gallery.damaged + len(self._spoilt)

    def refresh(self) -> bool:
        """Swap the gallery if the roster has moved; whether it did. Raises StorageError when roster.db is unreadable.

        What stands stays valid then. No roster yet is not an error: a terminal without people says "nobody".
        """
        if self._reader is None:
            if not self._path.exists():
                return False
            self._reader = RosterReader(self._path)
        try:
            version = self._reader.version()
            receipt: Receipt | None = self._reader.receipt(self._log)
            self.receipted = receipt.seq if receipt else 0
            self.anchor = self._reader.anchor()
            makers = self._secrets.makers()
            if version == self.gallery.version and not self._stale and makers is self._makers:
                return False
            if makers is not self._makers:
                self._ready.clear()  # what did not open under the keys before may now
                self._makers = makers
            entries = self._reader.entries()
        except StorageError:
            raise
        except SyncError as error:
            raise StorageError(f"{self._path}: {error}") from None
        over = {key for key, (seq, _) in self._own.items() if seq > self.receipted}
        self.gallery = build(
            version, entries, (t for _, t in self._own.values()), over, self._secrets, self._reader.damaged
        )
        self._spoilt = {name: person for name, person in self._spoilt.items() if self._still_has(person, name)}
        self._stale = False
        return True

    def orders(self) -> list[Given]:
        """What the server orders, as sync left it. Raises StorageError."""
        return self._reader.orders() if self._reader else []

    def found(self, number: int) -> tuple[Whereabouts, int] | None:
        """The server's verdict on a question, and from which version on the roster has who is coming."""
        return self._reader.found(number) if self._reader else None

    def forget(self, person: bytes | None) -> list[int]:
        """Forget what was enrolled here of a person (None: of everybody), and whatever is open in memory; returns the
        records it was enrolled with."""
        gone = [key for key in self._own if person is None or key[0] == person]
        seqs = [self._own.pop(key)[0] for key in gone]
        self._ready.clear()
        self._stale = True
        return seqs

    def enrolled(self, seq: int, own: SealedTemplate) -> None:
        """Count in a view just enrolled here; it is matched from the next refresh on."""
        self._own[_key(own)] = (seq, own)
        self._stale = True

    def with_digits(self, digits: str) -> list[Person]:
        """Everybody these six digits may mean."""
        found = self.gallery.by_lookup.get(self.keyed(digits), ())
        return [self.gallery.people[person] for person in found]

    def keyed(self, digits: str) -> bytes:
        """What stands for these digits wherever they must not be written."""
        return lookup(self._secrets.lookup_key, digits)

    def sharing_digits(self, person: Person) -> list[Person]:
        """The others whose digits are the same (S5)."""
        found = self.gallery.by_lookup.get(person.lookup, ())
        return [self.gallery.people[other] for other in found if other != person.person]

    def photo(self, person: Person) -> bytes | None:
        """A JPEG (R1.4); None where there is none that opens: a punch is shown all the same."""
        if person.photo is None:
            return None
        try:
            return self._secrets.template(person.photo)
        except SyncError:
            return None

    def knows(self, person: bytes) -> bool:
        """Is this person on the roster?"""
        return person in self.gallery.people

    def candidate(self, person: Person) -> Candidate:
        """The person with their templates opened and prepared; what does not open is left out."""
        ready = (self._opened(t) for t in person.templates)
        return Candidate(person.person, [r for r in ready if r is not None and not isinstance(r, DeviceTemplate)])

    def views(self, person: Person, finger: int) -> list[Prepared]:
        """What our own matching has of one finger, or of the face (edge.people.fingers.FACE)."""
        ready = [self._opened(t) for t in person.templates if t.finger == finger]
        return [r for r in ready if r is not None and not isinstance(r, DeviceTemplate)]

    def fingers(self, person: Person) -> list[int]:
        """The fingers of which there is something, without the face."""
        return sorted({t.finger for t in person.templates} - {FACE})

    def on_modules(self, person: Person, families: Container[str], but: int | None = None) -> list[DeviceTemplate]:
        """The person's templates that modules of these families understand; `but` leaves one finger out."""
        ready = (self._opened(t) for t in person.templates if t.finger != but)
        return [r for r in ready if isinstance(r, DeviceTemplate) and r.family in families]

    def _opened(self, sealed: SealedTemplate) -> Ready | None:
        name = _name(sealed)
        if name in self._ready:
            self._ready.move_to_end(name)
            return self._ready[name]
        try:
            plain = self._secrets.template(sealed)
            ready: Ready | None = unpack(plain) if is_module(plain) else prepare(Template.from_bytes(plain))
        except (SyncError, MatchingError, EdgeError) as error:
            ready = None
            if name not in self._spoilt:
                self._spoilt[name] = sealed.person
                self._tell(str(error))
        self._ready[name] = ready
        if len(self._ready) > _KEPT_PREPARED:
            self._ready.popitem(last=False)
        return ready

    def _still_has(self, person: bytes, name: bytes) -> bool:
        found = self.gallery.people.get(person)
        return found is not None and any(_name(t) == name for t in found.templates)


def _key(t: SealedTemplate) -> Key:
    return t.person, t.finger, t.version


def _version(t: SealedTemplate) -> int:
    return t.version


def _name(t: SealedTemplate) -> bytes:
    """The body alone names a template: the key around it is wrapped anew with each roster."""
    return hashlib.sha256(t.person + bytes([t.finger]) + t.version.to_bytes(4, "big") + t.body).digest()
