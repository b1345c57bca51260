"""A server's keys are exchanged by its own word alone, and any other bytes are refused."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from sync import ChainError, SignatureError, WireError
from sync.charter import (
    Renew,
    Standing,
    check_papers,
    follow,
    papers_bytes,
    parse_charter,
    parse_papers,
    parse_renew,
    renew_bytes,
    sign_charter,
)
from sync.ed25519 import PublicKey
from sync.word import Word

OLD, NEW, STRANGER = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2, 3))
TEMPLATE = bytes(32)


def raw(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


START = Standing(0, (raw(OLD),), TEMPLATE)
BOTH = Standing(1, (raw(OLD), raw(NEW)), TEMPLATE, (b"old authority", b"new authority"))
ALONE = Standing(2, (raw(NEW),), bytes([7]) * 32, (b"new authority",))
CHARTERS = [sign_charter(OLD, BOTH), sign_charter(NEW, ALONE)]


def test_a_terminal_that_was_away_follows_from_its_first_key_to_the_last() -> None:
    assert follow(START, CHARTERS) == ALONE
    assert follow(START, CHARTERS[:1]) == BOTH
    assert follow(ALONE, CHARTERS) == ALONE  # what is older says nothing any more


def test_a_charter_counts_only_by_the_word_that_counted() -> None:
    for forged in (sign_charter(STRANGER, BOTH), sign_charter(NEW, BOTH)):
        with pytest.raises(ChainError, match="no key that counts"):
            follow(START, [forged])
    with pytest.raises(ChainError):  # the old key is over
        follow(ALONE, [sign_charter(OLD, Standing(3, (raw(STRANGER),), TEMPLATE))])


def test_papers_are_one_terminals() -> None:
    data = papers_bytes(NEW, "t-1", CHARTERS, b"certificate")
    assert check_papers(START, "t-1", parse_papers(data)) == ALONE
    with pytest.raises(ChainError, match="papers"):
        check_papers(START, "t-2", parse_papers(data))
    with pytest.raises(ChainError, match="papers"):
        check_papers(START, "t-1", parse_papers(papers_bytes(STRANGER, "t-1", CHARTERS, b"")))


def test_a_renewal_survives_the_wire() -> None:
    for renew in (Renew(0), Renew(7, b"certificate")):
        assert parse_renew(renew_bytes(renew)) == renew


@given(st.binary(max_size=200))
def test_other_bytes_are_refused(data: bytes) -> None:
    for parse in (parse_renew, parse_papers, parse_charter):
        with pytest.raises(WireError):
            parse(data)


def test_a_changed_byte_is_refused_or_not_signed() -> None:
    for at in range(len(CHARTERS[0])):
        changed = bytearray(CHARTERS[0])
        changed[at] ^= 1
        with pytest.raises((WireError, ChainError)):
            follow(START, [bytes(changed)])


def test_a_word_looks_once_more_before_it_disbelieves() -> None:
    signature = NEW.sign(b"said")
    Word([PublicKey.of(OLD), PublicKey.of(NEW)]).verify(signature, b"said")
    Word([PublicKey.of(OLD)], lambda: [PublicKey.of(NEW)]).verify(signature, b"said")
    with pytest.raises(SignatureError):
        Word([PublicKey.of(OLD)]).verify(signature, b"said")
    with pytest.raises(SignatureError):
        Word([PublicKey.of(OLD)], lambda: [PublicKey.of(STRANGER)]).verify(signature, b"said")
