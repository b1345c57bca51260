"""The reader's bytes: the scrambling against a slow reference, frames both ways, and whatever is no frame at all."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from drivers import ProtocolError
from drivers.uru4000 import codec
from drivers.uru4000.codec import KINDS, Block, Flag, Interrupt, Register
from drivers.uru4000.model import NEW_KEY_MIDWAY, VARIANTS, Make, UruModel
from drivers.uru4000.scramble import scramble, stream, unscramble
from drivers.uru4000.sim import rings

KEYS = st.integers(0, 2**32 - 1)
FINGER = rings()


def slow_stream(key: int, length: int) -> tuple[bytes, int]:
    """One byte, one step of the register, at a time: as the facts are written down."""
    found = bytearray()
    for _ in range(length):
        found.append(sum((key >> place & 1) << bit for bit, place in enumerate((4, 8, 11, 14, 18, 21, 24, 29))))
        parity = bin(key & 0x9248144D).count("1") % 2
        key = parity << 31 | key >> 1
    return bytes(found), key


@settings(deadline=None, max_examples=60)
@given(KEYS, st.one_of(st.integers(0, 300), st.integers(900, 1200), st.sampled_from([2047, 2048, 4096, 9600])))
def test_the_quick_stream_is_the_slow_one(key: int, length: int) -> None:
    quick, after = stream(key, length)
    assert (quick.tobytes(), after) == slow_stream(key, length)


def test_a_whole_frames_stream_is_the_slow_one() -> None:
    quick, after = stream(0xDEADBEEF, 384 * 290)
    assert (quick.tobytes(), after) == slow_stream(0xDEADBEEF, 384 * 290)


@settings(deadline=None)
@given(KEYS, st.binary(max_size=1500))
def test_scrambling_is_undone_but_for_the_last_byte(key: int, data: bytes) -> None:
    plain = np.frombuffer(data, np.uint8)
    scrambled, after = scramble(plain, key)
    found, also_after = unscramble(scrambled, key)
    assert found.tobytes() == (data[:-1] + b"\0" if data else b"")
    assert after == also_after


def captured(model: UruModel) -> tuple[bytes, list[int]]:
    """A frame of this model with its finger, and the keys it takes."""
    frame = model._frame()
    return frame, [model._key(n) for n in codec.key_numbers(codec.header(frame))]


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_a_picture_comes_out_as_it_was_laid_on_the_glass(variant: str) -> None:
    model = UruModel(VARIANTS[variant])
    model.touch(FINGER)
    frame, keys = captured(model)
    head = codec.header(frame)
    scrambled = codec.is_scrambled(frame, head)
    assert scrambled is (variant not in ("4000", "4500-plain"))
    picture = codec.picture(frame, head, keys if scrambled else [], model.make.kind)
    assert np.array_equal(picture, FINGER)


def test_a_key_may_change_midway_and_lines_may_be_missing() -> None:
    blocks = (*NEW_KEY_MIDWAY[:1], Block(Flag.KEEP_KEY | Flag.ABSENT, 9), Block(NEW_KEY_MIDWAY[1].flags, 180))
    model = UruModel(Make(0x05BA, 0x0007, 1, "U.are.U 4000", blocks))
    model.quirks.lines = 280
    model.touch(FINGER)
    frame, keys = captured(model)
    assert len(keys) == 2
    picture = codec.picture(frame, codec.header(frame), keys, model.make.kind)
    assert np.array_equal(picture[:100], FINGER[:100])
    assert (picture[100:109] == 255).all()
    assert np.array_equal(picture[109:289], FINGER[109:289])


@pytest.mark.parametrize("contrast", [20, 127])
def test_a_picture_of_strong_contrast_up_to_its_edge_is_not_taken_for_noise(contrast: int) -> None:
    x = np.arange(codec.WIDTH)
    lines: NDArray[np.uint8] = np.tile((128 + contrast * np.sin(x / 1.5)).astype(np.uint8), (codec.HEIGHT, 1))
    model = UruModel(VARIANTS["4000-scrambled"])
    head = codec.header(captured(model)[0])
    assert not codec.is_scrambled(bytes(64) + lines.tobytes(), head)


def test_bare_glass_is_blank_and_a_finger_is_not() -> None:
    noise = np.random.default_rng(1).integers(-1, 2, (codec.HEIGHT, codec.WIDTH))
    assert codec.is_blank((220 + noise).astype(np.uint8))
    assert not codec.is_blank(FINGER)


def test_interrupts_have_these_numbers() -> None:
    table = {"56aa": Interrupt.SCAN_POWER, "0101": Interrupt.FINGER, "0200": Interrupt.LIFT, "0800": Interrupt.DEATH}
    for data, kind in table.items():
        assert codec.interrupt(bytes.fromhex(data).ljust(64, b"\0")) is kind
    for stray in (b"", b"\x56", b"\x12\x34"):
        assert codec.interrupt(stray) is None


def test_a_key_is_asked_for_under_a_seed() -> None:
    assert codec.index(0x1AB, 0x04030201) == bytes.fromhex("ab01020304")
    assert codec.key(bytes.fromhex("78563412"), 0xFFFFFFFF) == 0x12345678 ^ 0xFFFFFFFF
    for length in (0, 3, 5):
        with pytest.raises(ProtocolError):
            codec.key(bytes(length), 0)


def test_a_challenge_is_answered_by_one_block_of_aes() -> None:
    """The constant is proved by libfprint, which powers up the same pretended reader (tests/flow)."""
    assert codec.response(bytes(16)) != codec.response(bytes(15) + b"\1")
    assert len(codec.response(bytes(16))) == 16
    for length in (0, 15, 17):
        with pytest.raises(ProtocolError):
            codec.response(bytes(length))


def test_versions_are_where_libfprint_reads_them() -> None:
    assert codec.versions(bytes(range(16))) == ("0a0b", "0405")
    with pytest.raises(ProtocolError):
        codec.versions(bytes(15))


def test_the_family_has_these_ids() -> None:
    assert {f"{vendor:04x}:{product:04x}" for vendor, product in KINDS} == {
        *("05ba:0007", "05ba:0008", "05ba:000a"),
        *("045e:00bb", "045e:00bc", "045e:00bd", "045e:00ca"),
    }
    assert [k for k, kind in KINDS.items() if kind.asks] == [(0x045E, 0x00CA)]
    assert [k for k, kind in KINDS.items() if kind.upside_down] == [(0x05BA, 0x000A)]
    assert (Register.RESPONSE, Register.CHALLENGE) == (0x2000, 0x2010)


def test_every_stump_of_a_frame_is_refused() -> None:
    frame, _ = captured(UruModel(VARIANTS["4500"]))
    assert codec.header(frame).lines == 289
    for length in [*range(65), *range(65, len(frame), 997), len(frame) - 1]:
        with pytest.raises(ProtocolError, match=r"a frame of"):
            codec.header(frame[:length])


@settings(deadline=None, max_examples=200)
@given(st.binary(min_size=64, max_size=64), st.integers(0, 289), st.lists(KEYS, max_size=16), st.booleans())
def test_any_head_gives_a_whole_picture_or_is_refused(
    head: bytes, lines: int, keys: list[int], upside_down: bool
) -> None:
    kind = KINDS[0x05BA, 0x000A if upside_down else 0x0007]
    frame = head[:4] + lines.to_bytes(2, "little") + head[6:] + bytes(lines * codec.WIDTH)
    try:
        found = codec.header(frame)
    except ProtocolError:
        assert lines == 0
        return
    assert len(codec.key_numbers(found)) <= 16
    codec.is_scrambled(frame, found)
    picture = codec.picture(frame, found, keys, kind)
    assert (picture.shape, picture.dtype) == ((codec.HEIGHT, codec.WIDTH), np.uint8)


@pytest.mark.parametrize(("place", "value"), [*product(range(64), (0, 1, 0x80, 0xFF))])
def test_every_byte_of_a_head_may_be_wrong(place: int, value: int) -> None:
    model = UruModel(VARIANTS["4000b"])
    model.touch(FINGER)
    frame = model._frame()
    damaged = frame[:place] + bytes([value]) + frame[place + 1 :]
    try:
        head = codec.header(damaged)
    except ProtocolError:
        assert place in (4, 5)
        return
    assert codec.picture(damaged, head, [1] * len(codec.key_numbers(head)), model.make.kind).shape == (290, 384)
