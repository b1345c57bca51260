"""A verdict on six digits is the server's, to one terminal, on one question."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync import ChainError
from sync.ed25519 import PublicKey
from sync.fetch import Found, Whereabouts, binding, sign_found, verify_found

SERVER, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2))
FOUND = sign_found(SERVER, "t-1", 7, Whereabouts.COMING, 5)


def test_the_servers_verdict_is_believed() -> None:
    verify_found(PublicKey.of(SERVER), "t-1", FOUND)


@pytest.mark.parametrize(
    ("terminal", "found"),
    [
        ("t-2", FOUND),
        ("t-1", replace(FOUND, number=8)),
        ("t-1", replace(FOUND, verdict=Whereabouts.NOBODY)),
        ("t-1", replace(FOUND, version=6)),
        ("t-1", sign_found(OTHER, "t-1", 7, Whereabouts.COMING, 5)),
    ],
    ids=["another terminal", "another question", "another verdict", "another version", "another key"],
)
def test_any_other_is_not(terminal: str, found: Found) -> None:
    """S6, R1.12."""
    with pytest.raises(ChainError, match="not the server's"):
        verify_found(PublicKey.of(SERVER), terminal, found)


def test_a_box_of_digits_is_bound_to_its_terminal_and_its_question() -> None:
    assert len({binding("t-1", 7), binding("t-1", 8), binding("t-2", 7)}) == 3
