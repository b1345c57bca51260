"""Bundles: sealed, in parts, as files or texts; whole again in any order, and never anything else (S3, S9)."""

from pathlib import Path
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from sync import SealError, WireError, bundle
from sync.bundle import (
    QR_BYTES,
    Part,
    groups,
    join,
    pack,
    parse_part,
    parse_text,
    part_bytes,
    part_text,
    unpack,
)
from sync.cbor import VERSION, encode
from sync.seal import seal_to

SERVER = X25519PrivateKey.generate()
LETTERS = [("batch", bytes([n]) * 700) for n in range(1, 6)] + [("chunk", b"c" * 900)]


def parts(size: int = QR_BYTES) -> list[Part]:
    return pack("t-1", LETTERS, SERVER.public_key(), size)


def test_parts_in_any_order_and_many_times_give_the_letters() -> None:
    """S9: whoever carries it may photograph a code twice and shuffle the files."""
    made = parts()
    assert len(made) == made[0].total > 5
    shuffled = made * 2
    Random(1).shuffle(shuffled)
    whole, missing = join(shuffled)
    assert (len(whole), missing) == (1, [])
    assert unpack(*whole[0], SERVER) == LETTERS


def test_files_and_texts_carry_the_same() -> None:
    for part in parts():
        assert parse_part(part_bytes(part)) == part
        assert parse_text(part_text(part)) == part
        assert len(part_text(part)) <= 734  # what a code of version 17 holds at level M (ISO/IEC 18004, table 7)


@given(st.binary(max_size=64))
def test_base_45_reads_back(data: bytes) -> None:
    assert bundle._unbase45(bundle._base45(data)) == data


def test_base_45_is_that_of_the_rfc() -> None:
    """The examples of RFC 9285, section 4.3."""
    assert bundle._base45(b"AB") == "BB8"
    assert bundle._base45(b"Hello!!") == "%69 VD92EX0"
    assert bundle._base45(b"base-45") == "UJCLQE7W581"
    assert bundle._unbase45("QED8WEX0") == b"ietf!"


@pytest.mark.parametrize("text", ["HAZRI:", "HAZRI:a", "HAZRI:GGW", "HAZRI:::", "HAZRI:A", "else", "HAZRI:BB8"])
def test_texts_that_are_none(text: str) -> None:
    with pytest.raises(WireError):
        parse_text(text)


@given(st.binary(max_size=200))
def test_bytes_that_are_none(data: bytes) -> None:
    with pytest.raises(WireError):
        parse_part(data)


def test_what_is_missing_is_said() -> None:
    made = parts()
    whole, missing = join(made[1:-1])
    assert whole == []
    assert missing == [
        f"bundle {made[0].whole.hex()[:8]} of t-1: part 1, {made[0].total} of {made[0].total} is missing"
    ]


def test_parts_that_do_not_belong_together() -> None:
    made = parts()
    forged = [*made[:-1], Part("t-1", made[0].whole, made[0].total - 1, made[0].total, b"other")]
    with pytest.raises(WireError, match="do not give the whole"):
        join(forged)


def test_a_bundle_of_another_terminal_or_for_another_server_stays_shut() -> None:
    ((_, sealed),), _ = join(parts())
    for terminal, key in (("t-2", SERVER), ("t-1", X25519PrivateKey.generate())):
        with pytest.raises(SealError, match="another server, or altered"):
            unpack(terminal, sealed, key)


@pytest.mark.parametrize(
    "inner",
    [
        b"garbage",
        encode([VERSION, []]),
        encode([VERSION, [["beat", b"x"]]]),
        encode([VERSION, [["batch", b""]]]),
        encode([VERSION, [["batch"]]]),
        encode([VERSION + 1, [["batch", b"x"]]]),
    ],
)
def test_what_may_not_be_inside(inner: bytes) -> None:
    """A beat is not signed, so that nobody may carry one."""
    sealed = seal_to(SERVER.public_key(), inner, b"hazri bundle 1\0t-1")
    with pytest.raises(WireError):
        unpack("t-1", sealed, SERVER)


def test_long_absences_take_several_bundles() -> None:
    letters = [("batch", bytes(50_000))] * 10 + [("chunk", bytes(190_000))]
    made = list(groups(letters))
    assert [len(group) for group in made] == [3, 3, 3, 1, 1]
    assert [letter for group in made for letter in group] == letters
    for group in made:
        pack("t-1", group, SERVER.public_key(), bundle.FILE_BYTES)
    assert list(groups([])) == []


def test_golden_part() -> None:
    """A phone that photographed a code years ago, and a server of today."""
    golden = Path(__file__).parents[2] / "captures" / "bundle" / "part.hex"
    part = Part("t-1", bytes(range(16)), 1, 3, b"piece")
    assert part_bytes(part).hex() == golden.read_text().strip()
    assert part_text(part).startswith("HAZRI:")
