"""The chain: what is altered, moved, removed or signed by another is found."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from sync import ChainError, WireError, topics
from sync.batch import Batch
from sync.chain import (
    genesis,
    heads,
    sign_head,
    sign_receipt,
    sign_roster,
    verify_receipt,
    verify_roster,
)
from sync.ed25519 import PublicKey
from sync.record import Record, record_body
from sync.wire import Receipt, RosterDelta, RosterEntry
from tests.unit.sync import strategies as make
from tests.unit.sync.verifying import verify_batch

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)
LOG = b"the-log!"


def signed(records: list[Record], first_seq: int = 1, terminal: str = "t-1") -> Batch:
    head = heads(genesis(terminal, LOG), [record_body(r) for r in records])[-1]
    return Batch(LOG, first_seq, tuple(records), sign_head(KEY, first_seq + len(records) - 1, head))


@given(st.lists(make.records, min_size=1, max_size=6))
def test_a_true_batch_verifies_and_yields_bodies_and_heads(records: list[Record]) -> None:
    batch = signed(records)
    rows = verify_batch(PublicKey.of(KEY), batch, genesis("t-1", LOG))
    assert [body for body, _ in rows] == [record_body(r) for r in records]
    assert [head for _, head in rows] == heads(genesis("t-1", LOG), [body for body, _ in rows])


@given(st.lists(make.records, min_size=2, max_size=6, unique_by=record_body), st.data())
def test_edited_removed_swapped_or_renumbered_records_are_found(records: list[Record], data: st.DataObject) -> None:
    """S8, S9: whoever holds no key can change nothing unnoticed."""
    batch = signed(records)
    at = data.draw(st.integers(0, len(records) - 1))
    stranger = data.draw(make.records.filter(lambda r: record_body(r) != record_body(records[at])))
    edited = [*records[:at], stranger, *records[at + 1 :]]
    removed = records[:at] + records[at + 1 :]
    swapped = [records[1], records[0], *records[2:]]
    for forged in (edited, removed, swapped):
        with pytest.raises(ChainError):
            verify_batch(PublicKey.of(KEY), Batch(LOG, 1, tuple(forged), batch.signature), genesis("t-1", LOG))
    with pytest.raises(ChainError):
        verify_batch(PublicKey.of(KEY), Batch(LOG, 2, batch.records, batch.signature), genesis("t-1", LOG))


@given(st.lists(make.records, min_size=1, max_size=3))
def test_another_key_terminal_or_log_does_not_verify(records: list[Record]) -> None:
    batch = signed(records)
    for key, head in (
        (OTHER, genesis("t-1", LOG)),
        (KEY, genesis("t-2", LOG)),
        (KEY, genesis("t-1", b"log-two!")),
    ):
        with pytest.raises(ChainError, match="not its signer's"):
            verify_batch(PublicKey.of(key), batch, head)


def test_receipts_are_the_servers_word_to_one_terminal() -> None:
    receipt = sign_receipt(KEY, "t-1", LOG, 7, b"h" * 32)
    verify_receipt(PublicKey.of(KEY), "t-1", receipt)
    higher = Receipt(LOG, 8, receipt.head, receipt.signature)
    for key, terminal, what in ((OTHER, "t-1", receipt), (KEY, "t-2", receipt), (KEY, "t-1", higher)):
        with pytest.raises(ChainError, match="receipt"):
            verify_receipt(PublicKey.of(key), terminal, what)


def test_rosters_are_the_servers_word_to_one_terminal() -> None:
    entry = RosterEntry(b"person-1", True, b"card", ())
    delta = sign_roster(KEY, "t-1", 2, 1, (entry,))
    verify_roster(PublicKey.of(KEY), "t-1", delta)
    without = RosterDelta(2, 1, (), delta.signature, 2)
    for key, terminal, what in ((OTHER, "t-1", delta), (KEY, "t-2", delta), (KEY, "t-1", without)):
        with pytest.raises(ChainError, match="roster"):
            verify_roster(PublicKey.of(key), terminal, what)


def test_topics_name_their_terminal() -> None:
    assert topics.parse_up(topics.up("t-1", "batch")) == ("t-1", "batch")
    assert topics.leaf(topics.down("t-1", "roster")) == "roster"
    assert topics.sender(topics.up("t-1", "batch")) == "t-1"
    assert topics.sender("other/t-1/u/p") == ""
    assert topics.down_all("t-1") == "hz1/t-1/d/#"


@pytest.mark.parametrize("terminal", ["", "-a", "A", "a/b", "a+b", "#", "hazri-ingest", "x" * 33, "ट", "a\n"])
def test_ids_that_may_not_name_a_terminal(terminal: str) -> None:
    with pytest.raises(WireError, match="terminal id"):
        topics.up(terminal, "batch")


@pytest.mark.parametrize("topic", ["", "hz1/t-1/u/", "hz1/t-1/d/a", "hz2/t-1/u/p", "hz1/t-1/u/p/x"])
def test_topics_nobody_may_publish_under(topic: str) -> None:
    with pytest.raises(WireError, match="topic"):
        topics.parse_up(topic)
