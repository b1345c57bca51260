"""The EF01 frames: every instruction and code both ways, byte by byte, through garbage, cut short and flipped."""

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import ProtocolError
from drivers.zfm import codec
from drivers.zfm.codec import Damaged, Frame, Kind, Noise, Parser
from drivers.zfm.table import ADVICE, INSTRUCTIONS, MODELS, Code, Op

CAPTURES = Path(__file__).parents[2] / "captures" / "zfm"
MANUAL = [line.split("|") for line in (CAPTURES / "manual.hex").read_text().splitlines() if not line.startswith("#")]
FRAMES = st.builds(Frame, st.sampled_from(Kind), st.binary(max_size=codec.MAX_PAYLOAD), st.integers(0, 0xFFFFFFFF))


def values(layout: str) -> tuple[int | bytes, ...]:
    """Different ones, of the widths of the layout."""
    raw = bytes(n * 37 % 251 for n in range(struct.calcsize(">" + layout)))
    return struct.unpack(">" + layout, raw)


@pytest.mark.parametrize(("words", "hexes"), MANUAL, ids=lambda text: text.strip())
def test_the_manuals_examples(words: str, hexes: str) -> None:
    name, *args = words.split()
    frame = codec.command(Op[name], *map(int, args))
    assert frame == bytes.fromhex(hexes.replace(" ", ""))
    assert codec.asked(_one(frame).payload) == (Op[name], tuple(map(int, args)))


def test_every_instruction_is_in_the_table() -> None:
    assert set(INSTRUCTIONS) == set(Op)
    assert all(model.width_px * model.height_px % 2 == 0 for model in MODELS.values())
    assert Code.OK not in ADVICE
    assert Code.NO_FINGER not in ADVICE


@pytest.mark.parametrize("op", list(Op), ids=lambda op: op.name)
def test_an_instruction_and_its_answer_read_both_ways(op: Op) -> None:
    args, results = values(INSTRUCTIONS[op].args), values(INSTRUCTIONS[op].results)
    asked = _one(codec.command(op, *args, address=0x12345678))
    assert (asked.kind, asked.address, codec.asked(asked.payload)) == (Kind.COMMAND, 0x12345678, (op, args))
    answered = _one(codec.answer(op, Code.OK, *results))
    assert codec.answered(op, answered.payload) == (Code.OK, results)
    for code in set(Code) - {Code.OK, Code.ECHO}:
        assert codec.answered(op, _one(codec.answer(op, code)).payload) == (code, ())
        assert codec.answered(op, bytes([code])) == (code, ())


def test_a_code_nobody_knows_is_unknown_and_not_ok() -> None:
    assert codec.answered(Op.MATCH, b"\x7e") == (Code.UNKNOWN, ())


@pytest.mark.parametrize("payload", [b"", b"\xee", b"\x02", b"\x02\x01\x01"])
def test_what_is_no_instruction_says_why(payload: bytes) -> None:
    with pytest.raises(ProtocolError, match="instruction"):
        codec.asked(payload)


@pytest.mark.parametrize("payload", [b"", b"\x00", b"\x00\x01\x02\x03"])
def test_an_answer_of_another_length_is_of_another_question(payload: bytes) -> None:
    with pytest.raises(ProtocolError):
        codec.answered(Op.MATCH, payload)


def test_a_payload_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ProtocolError, match="at most 256"):
        codec.pack(Frame(Kind.DATA, bytes(257)))


@given(st.lists(FRAMES, max_size=6), st.integers(1, 40))
def test_frames_come_out_as_they_went_in_however_they_are_cut(frames: list[Frame], step: int) -> None:
    data, parser = b"".join(map(codec.pack, frames)), Parser()
    found = [event for at in range(0, len(data), step) for event in parser.feed(data[at : at + step])]
    assert found == frames
    assert parser.give_up() == []


@given(st.binary(max_size=600))
def test_any_bytes_are_got_over(data: bytes) -> None:
    parser = Parser()
    parser.feed(data)
    parser.give_up()
    frame = Frame(Kind.ACK, b"\0")
    assert [e for e in parser.feed(codec.pack(frame)) if e == frame] == [frame]


@given(st.binary(max_size=60).filter(lambda data: b"\xef" not in data), FRAMES)
def test_garbage_in_front_costs_nothing_and_is_counted(garbage: bytes, frame: Frame) -> None:
    noise = len(garbage) - garbage.count(codec.WAKE)
    assert Parser().feed(garbage + codec.pack(frame)) == [*([Noise(noise)] if noise else []), frame]


def test_a_wake_byte_is_no_noise() -> None:
    assert Parser().feed(codec.WAKE + codec.answer(Op.VFY_PWD, Code.OK)) == [Frame(Kind.ACK, b"\0")]


def test_a_frame_that_never_ends_swallows_no_other() -> None:
    parser, whole = Parser(), Frame(Kind.ACK, b"\0")
    long = bytearray(codec.pack(Frame(Kind.ACK, b"\0")))
    long[8] = 200
    assert parser.feed(bytes(long) + codec.pack(whole)) == []
    assert whole in parser.give_up()


@pytest.mark.parametrize("capture", sorted(CAPTURES.glob("*.log")), ids=lambda path: path.stem)
def test_every_flipped_and_every_missing_byte_of_a_recorded_session(capture: Path) -> None:
    """What comes out was said, and all that was said and not struck comes out."""
    said = b"".join(
        bytes.fromhex(line[2:])
        for line in capture.read_text().splitlines()
        if line[:2] in ("> ", "< ") and "sha256" not in line
    )[:3000]
    frames = [event for event in Parser().feed(said) if isinstance(event, Frame)]
    assert len(frames) > 40
    for at in range(len(said)):
        for spoilt in (said[:at] + bytes([said[at] ^ 1 << at % 8]) + said[at + 1 :], said[:at] + said[at + 1 :]):
            parser = Parser()
            events = parser.feed(spoilt) + parser.give_up()
            heard = [e for e in events if isinstance(e, Frame) and e.address == frames[0].address]
            assert len(frames) - 1 <= len(heard) <= len(frames)
            rest = iter(frames)
            assert all(any(frame == true for true in rest) for frame in heard), at


def test_every_end_of_a_recorded_session() -> None:
    said = b"".join(codec.data_frames(bytes(range(256)) * 2, 128))
    whole = Parser().feed(said)
    for end in range(len(said)):
        parser = Parser()
        events = parser.feed(said[:end]) + parser.give_up()
        frames = [event for event in events if isinstance(event, Frame)]
        assert frames == whole[: end // 139]
        assert Damaged(Kind.DATA) not in events


@given(st.binary(max_size=2000), st.sampled_from(codec.PACKET_SIZES))
def test_data_come_in_packets_of_which_the_last_is_marked(data: bytes, size: int) -> None:
    frames = [_one(packet) for packet in codec.data_frames(data, size)]
    assert b"".join(frame.payload for frame in frames) == data
    assert [frame.kind for frame in frames] == [Kind.DATA] * (len(frames) - 1) + [Kind.END]


def test_a_picture_has_four_bits_a_pixel_and_the_high_ones_are_left() -> None:
    image = codec.picture(b"\x0f\xa5\x12\x34", 4)
    assert image.tolist() == [[0, 255, 170, 85], [17, 34, 51, 68]]
    assert image.dtype == np.uint8
    assert codec.picture_data(image) == b"\x0f\xa5\x12\x34"
    with pytest.raises(ProtocolError, match="no whole rows"):
        codec.picture(b"\x0f\xa5\x12", 4)


@pytest.mark.parametrize(
    ("size", "packet", "baud", "seconds"),
    [(36864, 128, 57600, 6.95), (36864, 128, 115200, 3.48), (36864, 256, 115200, 3.34), (18432, 128, 57600, 3.48)],
)
def test_how_long_a_picture_takes(size: int, packet: int, baud: int, seconds: float) -> None:
    assert codec.transfer_s(size, packet, baud) == pytest.approx(seconds, abs=0.005)


def _one(data: bytes) -> Frame:
    (event,) = Parser().feed(data)
    assert isinstance(event, Frame)
    return event
