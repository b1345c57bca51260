"""What an enrolment does when it cannot seal; the rest of it is played at a real terminal in tests/flow."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from edge import EnrolmentRefused
from edge.people import enrolment
from edge.people.enrolment import Enrolled, Sealer, Taken


def test_a_key_that_nothing_can_be_sealed_to_refuses_the_enrolment_and_records_nothing() -> None:
    """The terminal is not even reached for: no journal is there to write to."""
    nobody: Any = None
    sealer = Sealer("gate-1", X25519PrivateKey.generate(), X25519PublicKey.from_public_bytes(bytes(32)))
    taken = Taken(1, ((1, b"synthetic"),), 1.0)
    done = Enrolled()
    with pytest.raises(EnrolmentRefused, match="cannot be sealed"):
        enrolment._record(nobody, sealer, bytes(8), taken, done)
    assert done.seqs == []
