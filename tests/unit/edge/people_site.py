"""A roster on disk with people whose minutiae are strewn by chance, for what works on galleries. Nobody's fingers."""

from pathlib import Path

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge.people.gallery import People, Secrets, card_binding
from matching import Format, Modality, Template
from matching.fingerprint.pipeline import ALGORITHM, VERSION
from matching.minutiae import Minutiae, cells, pack
from sync.chain import sign_roster
from sync.roster import RosterStore
from sync.seal import lookup, seal_template, seal_to
from sync.wire import PersonCard, RosterEntry, SealedTemplate, card_bytes

SERVER, MAKER = Ed25519PrivateKey.generate(), X25519PrivateKey.generate()
SEAL, LOOKUP = X25519PrivateKey.generate(), b"k" * 32
MAKERS = (MAKER.public_key(),)
SECRETS = Secrets("gate-1", SEAL, LOOKUP, lambda: MAKERS)
LOG = b"l" * 8


def finger(seed: int, shaken: int = 0, sure: float = 0.5) -> Template:
    """A view of finger `seed`; with `shaken` another one of the same, each minutia moved by a pixel or so."""
    dice, more = np.random.default_rng(seed), np.random.default_rng(shaken)
    spots: list[tuple[float, float]] = []
    while len(spots) < 40:
        x, y = float(dice.uniform(60, 260)), float(dice.uniform(60, 300))
        if all((x - a) ** 2 + (y - b) ** 2 > 81 for a, b in spots):
            spots.append((x, y))
    at = np.array(spots) + (more.normal(0, 1, (40, 2)) if shaken else 0)
    minutiae = Minutiae(
        x=at[:, 0].astype(np.float32),
        y=at[:, 1].astype(np.float32),
        direction=dice.uniform(0, 6, 40).astype(np.float32),
        ending=dice.random(40) < 0.5,
        quality=np.sort(dice.uniform(sure, 1, 40).astype(np.float32))[::-1].copy(),
        contact=np.ones((cells(360), cells(320)), np.bool_),
        width=320,
        height=360,
    )
    return Template(Format.MINUTIAE, ALGORITHM, VERSION, Modality.FINGER, pack(minutiae))


def sealed(person: bytes, number: int, version: int, plain: bytes) -> SealedTemplate:
    return seal_template(SEAL.public_key(), "gate-1", person, number, version, plain, MAKER)


def entry(person: bytes, digits: str, *templates: SealedTemplate) -> RosterEntry:
    card = card_bytes(PersonCard(lookup(LOOKUP, digits), f"Synthetic {person[0]}"))
    sealed = seal_to(SEAL.public_key(), card, card_binding(person, "gate-1"), MAKER)
    return RosterEntry(person, True, sealed, templates)


def people(folder: Path, *entries: RosterEntry) -> People:
    """Those on a roster that was just applied."""
    store = RosterStore(folder / "roster.db")
    store.apply(sign_roster(SERVER, "gate-1", store.version + 1, 0, entries))
    store.close()
    found = People(folder / "roster.db", SECRETS, LOG, [])
    found.refresh()
    return found


def close(found: People) -> None:
    if found._reader:
        found._reader.close()
