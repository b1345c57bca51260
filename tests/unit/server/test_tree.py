"""The Merkle tree against RFC 6962 as it is written: recursive definitions, short enough to hold beside its text."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.transparency import tree
from sync.verify import verify_consistency, verify_inclusion

LEAVES = [hashlib.sha256(bytes([n])).digest() for n in range(130)]


def mth(d: list[bytes]) -> bytes:
    """Section 2.1: MTH, over leaves that are hashed already."""
    if not d:
        return hashlib.sha256(b"").digest()
    if len(d) == 1:
        return d[0]
    k = split(len(d))
    return hashlib.sha256(b"\x01" + mth(d[:k]) + mth(d[k:])).digest()


def path(m: int, d: list[bytes]) -> list[bytes]:
    """Section 2.1.1: PATH."""
    if len(d) == 1:
        return []
    k = split(len(d))
    return [*path(m, d[:k]), mth(d[k:])] if m < k else [*path(m - k, d[k:]), mth(d[:k])]


def proof(m: int, d: list[bytes], b: bool = True) -> list[bytes]:
    """Section 2.1.2: PROOF and SUBPROOF."""
    n = len(d)
    if m == n:
        return [] if b else [mth(d)]
    k = split(n)
    return [*proof(m, d[:k], b), mth(d[k:])] if m <= k else [*proof(m - k, d[k:], False), mth(d[:k])]


def split(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def fetch(level: int, index: int) -> bytes:
    part = LEAVES[index << level : (index + 1) << level]
    assert len(part) == 1 << level, "only whole subtrees are asked for"
    return mth(part)


def test_the_hashes_are_those_of_the_standard() -> None:
    """The empty root, and the root of one empty leaf, as the certificate transparency logs publish them."""
    assert tree.EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert tree.leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert tree.node_hash(b"l" * 32, b"r" * 32) == hashlib.sha256(b"\x01" + b"l" * 32 + b"r" * 32).digest()


@pytest.mark.parametrize("size", range(1, 131))
def test_roots_and_edges_are_those_of_the_definition(size: int) -> None:
    grown = tree.Frontier()
    for leaf in LEAVES[:size]:
        grown.append(leaf)
    assert grown.root() == tree.root(size, fetch) == mth(LEAVES[:size])
    assert tree.Frontier(size, grown.edge).root() == grown.root()
    with pytest.raises(ValueError, match="perfect subtrees"):
        tree.Frontier(size, [*grown.edge, LEAVES[0]])


@pytest.mark.parametrize("size", [*range(1, 34), 63, 64, 65, 127, 128, 129, 130])
def test_every_inclusion_proof_is_that_of_the_definition_and_verifies(size: int) -> None:
    root = mth(LEAVES[:size])
    for index in range(size):
        made = tree.inclusion(index, size, fetch)
        assert made == path(index, LEAVES[:size])
        assert verify_inclusion(LEAVES[index], index, size, made, root)
        for wrong in range(max(0, index - 2), min(size, index + 3)):
            assert verify_inclusion(LEAVES[wrong], index, size, made, root) == (wrong == index)
    for outside in (-1, size):
        assert not verify_inclusion(LEAVES[0], outside, size, [], root)
        with pytest.raises(ValueError, match="no leaf"):
            tree.inclusion(outside, size, fetch)


@pytest.mark.parametrize("new", [*range(1, 34), 63, 64, 65, 127, 128, 129, 130])
def test_every_consistency_proof_is_that_of_the_definition_and_verifies(new: int) -> None:
    now = mth(LEAVES[:new])
    for old in range(1, new + 1):
        made = tree.consistency(old, new, fetch)
        assert made == proof(old, LEAVES[:new])
        was = mth(LEAVES[:old])
        assert verify_consistency(old, new, was, now, made)
        assert not verify_consistency(old, new, LEAVES[-1], now, made)
        assert not verify_consistency(old, new, was, LEAVES[-1], made)
        assert not verify_consistency(old, new, was, now, [*made, LEAVES[0]])
    assert not verify_consistency(0, new, tree.EMPTY_ROOT, now, [])
    assert not verify_consistency(new + 1, new, now, now, [])
    with pytest.raises(ValueError, match="no proof"):
        tree.consistency(0, new, fetch)


@given(st.integers(2, 130), st.data())
def test_a_changed_proof_proves_nothing(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    made = tree.inclusion(index, size, fetch)
    at, bit = data.draw(st.integers(0, len(made) - 1)), data.draw(st.integers(0, 255))
    flipped = bytearray(made[at])
    flipped[bit // 8] ^= 1 << bit % 8
    root = mth(LEAVES[:size])
    assert not verify_inclusion(LEAVES[index], index, size, [*made[:at], bytes(flipped), *made[at + 1 :]], root)
    assert not verify_inclusion(LEAVES[index], index, size, made[:-1], root)
    assert not verify_inclusion(LEAVES[index], index, size, [*made, made[0]], root)


def test_an_empty_path_proves_no_growth() -> None:
    assert not verify_consistency(3, 4, mth(LEAVES[:3]), mth(LEAVES[:4]), [])
