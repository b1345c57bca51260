"""The gallery: built from a real roster.db, swapped whole, hostile entries left out."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge.people.gallery import People, Secrets, card_binding
from matching import Format, Modality, Template
from matching.minutiae import Minutiae, cells, pack
from sync.chain import sign_receipt, sign_roster
from sync.photo import PHOTO
from sync.roster import RosterStore
from sync.seal import lookup, seal_template, seal_to
from sync.wire import PersonCard, RosterEntry, SealedTemplate, card_bytes

SERVER, MAKER = Ed25519PrivateKey.generate(), X25519PrivateKey.generate()
SEAL, LOOKUP = X25519PrivateKey.generate(), b"k" * 32
MAKERS = (MAKER.public_key(),)
SECRETS = Secrets("gate-1", SEAL, LOOKUP, lambda: MAKERS)
LOG = b"l" * 8
A, B, C = (bytes([n]) * 8 for n in (1, 2, 3))


def plain(seed: int) -> bytes:
    dice = np.random.default_rng(seed)
    minutiae = Minutiae(
        x=dice.uniform(10, 200, 30).astype(np.float32),
        y=dice.uniform(10, 200, 30).astype(np.float32),
        direction=dice.uniform(0, 6, 30).astype(np.float32),
        ending=dice.random(30) < 0.5,
        quality=dice.uniform(0.5, 1, 30).astype(np.float32),
        contact=np.ones((cells(220), cells(220)), np.bool_),
        width=220,
        height=220,
    )
    return Template(Format.MINUTIAE, "leader", 1, Modality.FINGER, pack(minutiae)).to_bytes()


def sealed(person: bytes, seed: int, version: int = 1, body: bytes | None = None) -> SealedTemplate:
    return seal_template(SEAL.public_key(), "gate-1", person, 1, version, plain(seed) if body is None else body, MAKER)


def entry(person: bytes, digits: str, *templates: SealedTemplate) -> RosterEntry:
    card = card_bytes(PersonCard(lookup(LOOKUP, digits), f"Synthetic {person[0]}"))
    sealed = seal_to(SEAL.public_key(), card, card_binding(person, "gate-1"), MAKER)
    return RosterEntry(person, True, sealed, templates)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RosterStore]:
    store = RosterStore(tmp_path / "roster.db")
    yield store
    store.close()


@pytest.fixture
def people(tmp_path: Path) -> Iterator[People]:
    people = People(tmp_path / "roster.db", SECRETS, LOG, [])
    yield people
    if people._reader:
        people._reader.close()


def put(store: RosterStore, *entries: RosterEntry) -> None:
    store.apply(sign_roster(SERVER, "gate-1", store.version + 1, 0, entries))


def names(people: People, digits: str) -> list[bytes]:
    return [p.person for p in people.with_digits(digits)]


def test_without_a_roster_there_is_nobody(people: People) -> None:
    assert not people.refresh()
    assert people.with_digits("012345") == []


def test_digits_find_everybody_who_has_them(store: RosterStore, people: People) -> None:
    """R1.2, S5"""
    put(store, entry(A, "012345"), entry(B, "654321"), entry(C, "654321"))
    assert people.refresh()
    assert names(people, "012345") == [A]
    assert names(people, "654321") == [B, C]
    assert names(people, "12345") == names(people, "999999") == []
    b, _ = people.with_digits("654321")
    assert [p.person for p in people.sharing_digits(b)] == [C]


def test_a_new_version_replaces_the_whole_and_the_same_one_nothing(store: RosterStore, people: People) -> None:
    put(store, entry(A, "012345"))
    people.refresh()
    before = people.gallery
    assert not people.refresh()
    assert people.gallery is before
    put(store, entry(B, "012345"))
    assert people.refresh()
    assert names(people, "012345") == [B]
    assert before.people.keys() == {A}


def test_damaged_and_moved_cards_are_left_out_and_counted(store: RosterStore, people: People) -> None:
    good, other = entry(A, "012345"), entry(B, "012345")
    flipped = RosterEntry(C, True, other.sealed[:-1] + bytes([other.sealed[-1] ^ 1]), ())
    moved = RosterEntry(B, True, good.sealed, ())
    put(store, good, flipped, moved)
    people.refresh()
    assert names(people, "012345") == [A]
    assert people.gallery.damaged == 2


def test_templates_that_do_not_open_or_are_none_are_left_out(store: RosterStore, people: People) -> None:
    good = sealed(A, 1)
    moved = SealedTemplate(A, 1, 2, good.body, good.wrapped)
    noise = sealed(A, 1, 3, b"not a template")
    later = sealed(A, 1, 4, b"HT\x09" + plain(1)[3:])
    put(store, entry(A, "012345", good, moved, noise, later))
    people.refresh()
    (person,) = people.with_digits("012345")
    assert len(person.templates) == 4
    assert len(people.candidate(person).templates) == 1


def test_a_template_of_no_use_is_counted_and_said_once(store: RosterStore, tmp_path: Path) -> None:
    """Why, and nothing of whose; it counts until a roster comes without it."""
    said: list[str] = []
    people = People(tmp_path / "roster.db", SECRETS, LOG, [], said.append)
    good = sealed(A, 1)
    moved = SealedTemplate(A, 1, 2, good.body, good.wrapped)
    later = sealed(A, 1, 4, b"HT\x09" + plain(1)[3:])
    for _ in range(2):
        put(store, entry(A, "012345", good, moved, later))
        people.refresh()
        people.candidate(people.with_digits("012345")[0])
        assert people.damaged == 2
    assert len(said) == 2
    assert "sealed bytes" in said[0]
    assert "version" in said[1]
    put(store, entry(A, "012345", good, later))
    people.refresh()
    assert people.damaged == 1
    assert people._reader
    people._reader.close()


def test_what_was_prepared_is_kept_over_a_new_roster(store: RosterStore, people: People) -> None:
    put(store, entry(A, "012345", sealed(A, 1)))
    people.refresh()
    (first,) = people.candidate(people.with_digits("012345")[0]).templates
    (again,) = people.candidate(people.with_digits("012345")[0]).templates
    assert first is again


def test_a_finger_enrolled_here_counts_at_once_and_until_the_roster_has_a_newer_one(
    store: RosterStore, people: People
) -> None:
    old, own, newer = sealed(A, 1), sealed(A, 2), sealed(A, 3)
    put(store, entry(A, "012345", old))
    people.refresh()
    people.enrolled(5, own)
    people.refresh()
    assert people.gallery.people[A].templates == (own,)
    store.put_receipt(sign_receipt(SERVER, "gate-1", LOG, 5, bytes(32)))
    put(store, entry(A, "012345", newer))
    people.refresh()
    assert people.gallery.people[A].templates == (newer,)


def test_a_finger_enrolled_here_of_somebody_not_on_the_roster_is_nobodys(store: RosterStore, people: People) -> None:
    """R6.5, R6.7"""
    put(store, entry(B, "012345"))
    people.enrolled(5, sealed(A, 1))
    people.refresh()
    assert A not in people.gallery.people
    assert people.gallery.templates == 0


def test_a_photograph_is_for_the_screen_and_no_template(store: RosterStore, people: People) -> None:
    """R1.4"""
    jpeg = b"\xff\xd8\xff" + bytes(100)
    here = SEAL.public_key()
    older, newer = (seal_template(here, "gate-1", A, PHOTO, n, jpeg + bytes([n]), MAKER) for n in (1, 2))
    foreign = seal_template(here, "gate-1", B, PHOTO, 1, jpeg)
    put(store, entry(A, "012345", sealed(A, 1), newer, older), entry(B, "654321", foreign), entry(C, "111111"))
    assert people.refresh()
    photos = [people.photo(people.gallery.people[person]) for person in (A, B, C)]
    assert photos == [jpeg + b"\x02", None, None]
    assert people.gallery.templates == 1
    assert people.fingers(people.gallery.people[A]) == [1]


def test_what_is_sealed_by_a_later_key_opens_once_the_charter_has_come(store: RosterStore, tmp_path: Path) -> None:
    """The server has exchanged its key, and the roster was faster than the charter that says so."""
    later, known = X25519PrivateKey.generate(), [MAKERS]
    people = People(tmp_path / "roster.db", Secrets("gate-1", SEAL, LOOKUP, lambda: known[0]), LOG, [])
    card = card_bytes(PersonCard(lookup(LOOKUP, "654321"), "Synthetic 2"))
    closed = RosterEntry(B, True, seal_to(SEAL.public_key(), card, card_binding(B, "gate-1"), later), ())
    put(store, entry(A, "012345", sealed(A, 1)), closed)
    assert people.refresh()
    assert (names(people, "012345"), names(people, "654321"), people.damaged) == ([A], [], 1)
    assert not people.refresh()
    known[0] = (later.public_key(), *MAKERS)
    assert people.refresh()
    assert (names(people, "012345"), names(people, "654321"), people.damaged) == ([A], [B], 0)
    assert people._reader
    people._reader.close()
