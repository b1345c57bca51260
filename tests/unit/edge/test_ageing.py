"""An excellent match is proposed as a template when that helps, and never becomes one by itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge.people.ageing import Ageing, worth
from edge.people.enrolment import Sealer
from edge.people.gallery import People
from edge.record.journal import Journal
from edge.session.policy import View
from matching import Template, threshold
from matching.template import Modality
from sync.outbox import Outbox
from sync.record import Event, EventCode
from sync.seal import open_template
from sync.wire import SealedTemplate
from tests.unit.edge.people_site import SEAL, close, entry, finger, people, sealed

A = b"A" * 8
GOOD, POOR = View(None, 40, 200.0), View(None, 12, 60.0)
AGGREGATOR = X25519PrivateKey.generate()
LIMIT = threshold(Modality.FINGER, 1e-5)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    outbox = Outbox(tmp_path / "punches.db", "gate-1", Ed25519PrivateKey.generate())
    yield outbox
    outbox._db.close()


def ageing(found: People, journal: Journal, days: int = 180) -> Ageing:
    return Ageing(found, journal, Sealer("gate-1", SEAL, AGGREGATOR.public_key()), LIMIT, days)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[People]:
    """One person whose second view no longer looks like the first: a finger that has changed."""
    views = [sealed(A, 1, n, finger(seed).to_bytes()) for n, seed in ((1, 5), (2, 6))]
    found = people(tmp_path, entry(A, "012345", *views))
    yield found
    close(found)


def events(outbox: Outbox) -> list[Event]:
    return [r for _, r in outbox.records() if isinstance(r, Event) and r.code is EventCode.ADMIN]


def test_a_changed_finger_is_proposed_in_an_event_that_opens_at_the_aggregator_alone(
    office: People, outbox: Outbox
) -> None:
    """Nothing lies beside the event, so nothing is sent to other terminals, and nothing here compares with it."""
    before = office.gallery
    grown = ageing(office, Journal(outbox))
    grown.notice(A, finger(5, shaken=1), GOOD)
    assert grown.settle() == outbox.seq
    (event,) = events(outbox)
    detail = event.detail
    assert (detail["what"], detail["person"], detail["finger"], detail["version"]) == ("proposal", A, 1, 3)
    body = b"".join(v for k, v in sorted(detail.items()) if k.startswith("body") and isinstance(v, bytes))
    wrapped = detail["wrapped"]
    assert isinstance(wrapped, bytes)
    plain = open_template(SealedTemplate(A, 1, 3, body, wrapped), AGGREGATOR, "server")
    assert Template.from_bytes(plain) == finger(5, shaken=1)
    assert outbox.blobs() == []
    office.refresh()
    assert office.gallery is before


def test_one_proposal_a_finger_in_the_time_set_even_after_a_restart(office: People, outbox: Outbox) -> None:
    for _ in range(2):
        grown = ageing(office, Journal(outbox))
        grown.notice(A, finger(5, shaken=1), GOOD)
        grown.settle()
        grown.notice(A, finger(5, shaken=2), GOOD)
        grown.settle()
    assert len(events(outbox)) == 1


@pytest.mark.parametrize(("days", "view"), [(0, GOOD), (180, POOR)], ids=["switched off", "a poor picture"])
def test_nothing_is_proposed_when_it_is_off_or_the_picture_would_not_be_enrolled(
    office: People, outbox: Outbox, days: int, view: View
) -> None:
    grown = ageing(office, Journal(outbox), days)
    grown.notice(A, finger(5, shaken=1), view)
    assert grown.settle() is None
    assert events(outbox) == []


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([0.99, 0.2, 0.9], True),
        ([0.99, 0.95, 0.9], False),  # all views still know it
        ([0.72, 0.2, 0.3], False),  # not beyond doubt
        ([], False),
        ([0.99, *[0.1] * 5], False),  # there are enough views
    ],
)
def test_what_is_worth_proposing(scores: list[float], expected: bool) -> None:
    assert worth(scores, 0.95, 0.6) is expected


def test_somebody_who_left_meanwhile_is_not_proposed(office: People, outbox: Outbox) -> None:
    """R6.7"""
    grown = ageing(office, Journal(outbox))
    grown.notice(b"Z" * 8, finger(5, shaken=1), GOOD)
    assert grown.settle() is None
