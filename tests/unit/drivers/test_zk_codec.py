"""The bytes of ZK machines: both ways, by independent examples, and through garbage."""

import contextlib
import struct
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zk.base import make_commkey

from drivers import ProtocolError
from drivers.zk import codec
from drivers.zk.codec import Command, Entry, Packet

WHEN = codec.pack_time(datetime(2026, 4, 1, 9, 30, 15))  # noqa: DTZ001 - wall time of a machine


def table(rows: list[bytes]) -> bytes:
    body = b"".join(rows)
    return struct.pack("<I", len(body)) + body


def test_the_first_packet_of_every_client_is_these_eight_bytes() -> None:
    """As published with every description of the protocol: connect, session 0, reply 0."""
    assert codec.encode(Packet(Command.CONNECT, 0, 0)).hex() == "e80317fc00000000"
    assert codec.decode(bytes.fromhex("e80317fc00000000")) == (Packet(1000, 0, 0), True)


@given(st.integers(0, 65535), st.integers(0, 65535), st.integers(0, 65535), st.binary(max_size=200))
def test_a_packet_is_read_as_it_was_written(command: int, session: int, reply: int, data: bytes) -> None:
    packet = Packet(command, session, reply, data)
    raw = codec.encode(packet)
    assert codec.decode(raw) == (packet, True)
    framed = codec.framed(raw)
    assert (codec.length(framed), framed[8:]) == (len(raw), raw)


@given(st.binary(min_size=8, max_size=64), st.data())
def test_one_flipped_bit_is_found(data: bytes, draw: st.DataObject) -> None:
    raw = bytearray(codec.encode(Packet(Command.DATA, 1, 2, data)))
    at, bit = draw.draw(st.integers(0, len(raw) - 1)), draw.draw(st.integers(0, 7))
    raw[at] ^= 1 << bit
    assert not codec.decode(bytes(raw))[1]


@given(st.integers(0, 999_999), st.integers(0, 65535))
def test_the_key_is_scrambled_as_pyzk_scrambles_it(key: int, session: int) -> None:
    mixed = int(f"{key:032b}"[::-1], 2) + session
    if mixed < 2**32:  # beyond it pyzk raises
        assert codec.comm_key(key, session) == make_commkey(key, session)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)))  # noqa: DTZ001
def test_a_time_is_read_as_it_was_packed(when: datetime) -> None:
    assert codec.unpack_time(codec.pack_time(when)) == when.replace(microsecond=0)


def test_the_31st_of_february_is_a_protocol_error() -> None:
    with pytest.raises(ProtocolError, match="does not exist"):
        codec.unpack_time(((26 * 12 + 1) * 31 + 30) * 86_400)


@pytest.mark.parametrize("name", codec.LAYOUTS)
@pytest.mark.parametrize("count", [1, 3, 40])
def test_every_record_is_read_in_its_own_layout(name: str, count: int) -> None:
    """The MA300's order has the size of another: only what makes sense tells them apart."""
    rows = [Entry(0 if name == "16" else n, str(n), WHEN + 60 * n, 1, n % 3) for n in range(1, count + 1)]
    badges = {n: str(n) for n in range(1, count + 1)}
    assert codec.entries(table([codec.pack_entry(name, e) for e in rows]), count, badges) == rows


@pytest.mark.parametrize("name", codec.LAYOUTS)
@pytest.mark.parametrize("wrong", [-2, -1, 1, 3, 1000])
def test_a_count_that_is_wrong_does_not_make_records_of_another_size(name: str, wrong: int) -> None:
    """pyzk divides by it, and makes records that nobody wrote."""
    rows = [Entry(0 if name == "16" else n, str(n), WHEN + 60 * n, 1, 0) for n in range(1, 11)]
    raw = table([codec.pack_entry(name, e) for e in rows])
    assert codec.entries(raw, 10 + wrong, {n: str(n) for n in range(1, 11)}) == rows


def test_a_badge_with_letters_is_a_badge() -> None:
    """pyzk's live capture ends on one."""
    entry = Entry(7, "AB-12c", WHEN, 1, 255)
    assert codec.entries(table([codec.pack_entry("40", entry)]), 1, {}) == [entry]


def test_a_slot_nobody_owns_any_more_is_named_by_its_number() -> None:
    assert codec.entries(table([codec.pack_entry("8", Entry(9, "", WHEN, 1, 0))]), 1, {1: "44"})[0].badge == "9"


@pytest.mark.parametrize("size", [28, 72])
def test_users_are_badges_by_slot_and_nothing_else(size: int) -> None:
    rows = [codec.pack_user(size, n, str(100 + n)) for n in (1, 2, 5)]
    assert codec.users(table(rows), 3) == {1: "101", 2: "102", 5: "105"}


def test_a_log_that_is_cut_is_not_read() -> None:
    raw = table([codec.pack_entry("40", Entry(1, "1", WHEN, 1, 0))] * 3)
    for cut in range(4, len(raw)):
        with pytest.raises(ProtocolError, match="cut"):
            codec.entries(raw[:cut], 3, {})


def test_an_empty_log_is_empty() -> None:
    for raw in (b"", b"\0", b"\0\0\0\0"):
        assert codec.entries(raw, 0, {}) == []
        assert codec.users(raw, 0) == {}


@given(st.binary(max_size=400), st.integers(0, 20))
def test_garbage_is_entries_or_a_protocol_error(raw: bytes, count: int) -> None:
    for read in (lambda: codec.entries(raw, count, {}), lambda: codec.users(raw, count), lambda: codec.decode(raw)):
        try:
            read()
        except ProtocolError:
            continue
    sized = struct.pack("<I", len(raw)) + raw
    with contextlib.suppress(ProtocolError):
        assert len(codec.entries(sized, count, {})) <= len(raw) // 8


def test_a_cursor_names_what_an_entry_says() -> None:
    entry = Entry(1, "17", WHEN, 1, 0)
    assert entry.cursor == Entry(99, "17", WHEN, 1, 0).cursor  # the slot may be another's tomorrow
    others = [Entry(1, "18", WHEN, 1, 0), Entry(1, "17", WHEN + 1, 1, 0), Entry(1, "17", WHEN, 2, 0)]
    assert len({entry.cursor, *(o.cursor for o in others)}) == 4
    assert len(entry.cursor) == 16
