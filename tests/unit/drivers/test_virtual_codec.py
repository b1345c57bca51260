"""The virtual device's language: any object is a command or a ProtocolError, any bytes a picture or a ProtocolError."""

import contextlib
import struct
import zlib
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import ProtocolError
from drivers.base import Advice
from drivers.virtual import codec

GREY = np.random.default_rng(1).integers(0, 255, (40, 30)).astype(np.uint8)
PNG = cv2.imencode(".png", GREY)[1].tobytes()


@pytest.mark.parametrize(
    ("message", "command"),
    [
        ({"do": "press", "keys": ["0", "enter"]}, codec.Press(("0", "enter"))),
        ({"do": "place", "picture": "/x.png"}, codec.Place("/x.png", None)),
        ({"do": "place", "picture": "/x.png", "dpi": 512}, codec.Place("/x.png", 512)),
        ({"do": "advise", "advice": "wipe"}, codec.Advise(Advice.WIPE)),
        ({"do": "lift"}, codec.Lift()),
        ({"do": "state"}, codec.State()),
    ],
)
def test_each_command_in_the_readme(message: dict[str, Any], command: codec.Command) -> None:
    assert codec.command(message) == command


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"do": "fly"},
        {"do": "press"},
        {"do": "press", "keys": "123456"},
        {"do": "press", "keys": ["1"] * 33},
        {"do": "press", "keys": ["\n"]},
        {"do": "press", "keys": [1]},
        {"do": "place"},
        {"do": "place", "picture": ""},
        {"do": "place", "picture": "x\0"},
        {"do": "place", "picture": "x", "dpi": 1},
        {"do": "place", "picture": "x", "dpi": True},
        {"do": "advise", "advice": "fly"},
    ],
)
def test_anything_else_is_refused(message: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError):
        codec.command(message)


FIELDS = st.sampled_from(["do", "keys", "picture", "dpi", "advice"])


@given(st.dictionaries(FIELDS, st.none() | st.text() | st.integers()))
def test_no_object_crashes_it(message: dict[str, Any]) -> None:
    with contextlib.suppress(ProtocolError):
        codec.command(message)


def test_a_picture_comes_back_as_it_was() -> None:
    assert np.array_equal(codec.picture(PNG), GREY)


@pytest.mark.parametrize("length", range(0, len(PNG), 7))
def test_every_truncation_is_found(length: int) -> None:
    with pytest.raises(ProtocolError):
        codec.picture(PNG[:length])


@pytest.mark.parametrize("at", range(0, len(PNG), 3))
def test_every_flipped_bit_is_found(at: int) -> None:
    with pytest.raises(ProtocolError):
        codec.picture(PNG[:at] + bytes([PNG[at] ^ 1 << at % 8]) + PNG[at + 1 :])


@given(st.binary(max_size=300))
def test_no_bytes_crash_it(data: bytes) -> None:
    for start in (b"", PNG[:8], PNG[:33]):
        with pytest.raises(ProtocolError):
            codec.picture(start + data)


def test_a_picture_too_large_for_a_sensor_is_refused_before_it_is_unpacked() -> None:
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + head + struct.pack(">I", zlib.crc32(b"IHDR" + head))
    with pytest.raises(ProtocolError, match="60000"):
        codec.picture(PNG[:8] + chunk + PNG[33:])
