"""A receipt code names one record, survives being copied by hand, and is found again by its head."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import SyncError, WireError
from sync.chain import genesis, next_head
from sync.code import head_prefixes, read_code, receipt_code, stands_for

HEADS = st.binary(min_size=32, max_size=32)


def test_known_codes() -> None:
    assert receipt_code(bytes(32)) == "000000"
    assert receipt_code(b"\xff" * 32) == "ZZZZZZ"
    assert receipt_code(b"\x00\x00\x00\x04" + bytes(28)) == "000001"


@given(HEADS)
def test_a_code_is_six_letters_that_nobody_confuses(head: bytes) -> None:
    code = receipt_code(head)
    assert len(code) == 6
    assert not set(code) & set("ILOU")
    assert read_code(code) == code


@given(HEADS)
def test_a_copied_code_still_stands_for_its_record(head: bytes) -> None:
    """S17: what somebody wrote down is found, with the slips of a hand."""
    code = receipt_code(head)
    slips = code.lower().replace("0", "o").replace("1", "l")
    assert stands_for(f" {slips[:3]}-{slips[3:]} ", head)
    low, high = head_prefixes(slips)
    assert low <= head[:4] <= high


@given(HEADS, HEADS)
def test_the_range_of_a_code_holds_no_other_code(head: bytes, other: bytes) -> None:
    low, high = head_prefixes(receipt_code(head))
    assert (low <= other[:4] <= high) is stands_for(receipt_code(head), other)


def test_neighbouring_records_have_different_codes() -> None:
    first = genesis("block-1", bytes(16))
    codes = {receipt_code(first)}
    for body in (b"a", b"b", b"c"):
        first = next_head(first, body)
        codes.add(receipt_code(first))
    assert len(codes) == 4


@pytest.mark.parametrize("text", ["", "12345", "1234567", "12345U", "12345é", "१२३४५६", "\0" * 6])
def test_what_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(WireError, match="not a receipt code"):
        read_code(text)
    assert issubclass(WireError, SyncError)
