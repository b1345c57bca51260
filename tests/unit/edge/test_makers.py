"""Whose seals count on what comes down: keys that one word after the other leads to, and no other's."""

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge.trust import keys
from sync.admission import Admission
from sync.cbor import encode
from sync.charter import Standing, sign_charter

SERVER, STRANGER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
FIRST, SECOND, THIRD = (X25519PrivateKey.generate().public_key().public_bytes_raw() for _ in range(3))
PUBLIC = SERVER.public_key().public_bytes_raw()


def admitted(template: bytes, number: int) -> Admission:
    return Admission("gate-1", "", "", PUBLIC.hex(), template.hex(), "", "127.0.0.1", 8883, number)


def charters(folder: Path, *stated: tuple[int, bytes, Ed25519PrivateKey]) -> None:
    signed = [sign_charter(by, Standing(number, (PUBLIC,), template)) for number, template, by in stated]
    (folder / "papers").mkdir(exist_ok=True)
    half = folder / "papers" / "half"
    half.write_bytes(encode(signed))
    os.replace(half, folder / "papers" / "charters")  # noqa: PTH105 - as sync puts it there


def test_every_key_since_the_admission_counts_the_newest_first(tmp_path: Path) -> None:
    look = keys.makers(tmp_path, admitted(FIRST, 0))
    seen = look()
    assert [key.public_bytes_raw() for key in seen] == [FIRST]
    assert look() is seen
    charters(tmp_path, (1, FIRST, SERVER), (2, SECOND, SERVER))
    assert [key.public_bytes_raw() for key in look()] == [SECOND, FIRST]
    charters(tmp_path, (1, FIRST, SERVER), (2, SECOND, SERVER), (3, THIRD, SERVER))
    assert [key.public_bytes_raw() for key in look()] == [THIRD, SECOND, FIRST]


@pytest.mark.parametrize(
    "stated",
    [((1, SECOND, STRANGER),), ((1, FIRST, SERVER), (2, SECOND, STRANGER)), ((0, SECOND, SERVER),)],
    ids=["a stranger's", "a stranger's after a true one", "no later one"],
)
def test_a_charter_of_nobodys_word_adds_no_key(
    stated: tuple[tuple[int, bytes, Ed25519PrivateKey], ...], tmp_path: Path
) -> None:
    """S8: whoever holds the sync process writes the file of the charters, and signs none of them."""
    charters(tmp_path, *stated)
    assert [key.public_bytes_raw() for key in keys.makers(tmp_path, admitted(FIRST, 0))()] == [FIRST]
