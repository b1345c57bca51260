"""The kernel's input events, byte by byte and through garbage; and a numpad that is pulled out."""

import os
import struct
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import DeviceGone, OptionError, ProtocolError
from drivers.base import Informed
from drivers.entry import Stage
from drivers.evdev import codec, driver
from drivers.evdev.driver import EvdevKeypad
from drivers.evdev.sim import KeypadSim

PLAIN = codec.key_map("")
KEYS = st.sampled_from([*"0123456789", "enter", "clear"])
MEANS = "/=in *=out +=on_duty"


def test_an_event_has_the_kernels_layout() -> None:
    """Byte example after linux/input.h on a 64-bit little-endian machine: KP5 down."""
    if struct.calcsize("@l") == 8:
        event = bytes.fromhex("00e1f505 00000000 40420f00 00000000 0100 4c00 01000000".replace(" ", ""))
        assert codec.Decoder(PLAIN).feed(event) == ["5"]
    short = bytes.fromhex("00e1f505 40420f00 0100 4c00 01000000".replace(" ", ""))
    assert codec.Decoder(PLAIN, codec.EVENT_32).feed(short) == ["5"]


def test_the_ioctls_have_the_kernels_numbers() -> None:
    """EVIOCGRAB and EVIOCGNAME(256) as linux/input.h makes them."""
    assert driver.EVIOCGRAB == 0x40044590
    assert driver.EVIOCGNAME == 0x81004506


@given(st.lists(KEYS, max_size=20), st.integers(1, 40), st.sampled_from(["numpad", "armhf"]))
def test_keys_come_whole_however_the_bytes_are_cut(keys: list[str], size: int, variant: str) -> None:
    with closing(KeypadSim(Stage(variant=variant))) as sim:
        data = b"".join(sim.stroke(key) for key in keys)
    decoder = codec.Decoder(PLAIN, codec.EVENT_32 if variant == "armhf" else codec.EVENT)
    assert [key for at in range(0, len(data), size) for key in decoder.feed(data[at : at + size])] == keys


@given(st.binary(max_size=500))
def test_any_bytes_are_taken(data: bytes) -> None:
    assert set(codec.Decoder(PLAIN).feed(data)) <= set(PLAIN.values())


def test_a_held_key_is_one_key() -> None:
    with closing(KeypadSim(Stage())) as sim:
        held = sim.event(codec.EV_KEY, 79, 1) + 9 * sim.event(codec.EV_KEY, 79, 2) + sim.event(codec.EV_KEY, 79, 0)
    assert codec.Decoder(PLAIN).feed(held) == ["1"]


def test_what_the_kernel_lost_is_not_guessed() -> None:
    with closing(KeypadSim(Stage())) as sim:
        lost = sim.event(codec.EV_SYN, codec.SYN_DROPPED, 0) + sim.event(codec.EV_KEY, 79, 1)
        after = sim.event(codec.EV_SYN, codec.SYN_REPORT, 0) + sim.stroke("2")
    assert codec.Decoder(PLAIN).feed(lost + after) == ["2"]


def test_every_kind_has_a_key() -> None:
    """R1.16"""
    keys = codec.key_map(MEANS)
    assert {keys[code] for code in range(59, 64)} == {"in", "out", "movement_out", "movement_in", "on_duty"}
    assert (keys[98], keys[55], keys[78], keys[74]) == ("in", "out", "on_duty", "clear")


@pytest.mark.parametrize("given_keys", ["x=in", "/", "/=", "=in x"])
def test_an_unknown_key_is_named(given_keys: str) -> None:
    with pytest.raises(OptionError, match=r"keys: .*expected KEY=MEANING"):
        codec.key_map(given_keys)


def test_a_keypad_is_told_from_a_mouse() -> None:
    bits = bytearray(96)
    for code in (*codec.NUMPAD, 96):
        bits[code // 8] |= 1 << code % 8
    assert codec.has_keypad(bytes(bits))
    bits[96 // 8] &= ~(1 << 96 % 8) & 0xFF
    assert not codec.has_keypad(bytes(bits))
    assert not codec.has_keypad(b"")


def test_pulled_out_and_put_back(tmp_path: Path) -> None:
    """Unplugged it is gone; plugged in again the next key is whole, and none appears that nobody pressed."""
    with closing(KeypadSim(Stage(pty=tmp_path / "numpad"))) as sim, closing(EvdevKeypad(sim.where, MEANS)) as keypad:
        keypad.open()
        assert isinstance(keypad, Informed)
        assert keypad.info().details["path"] == sim.where
        sim.do("half 4")
        assert keypad.read_key(0.05) is None
        sim.do("unplug")
        with pytest.raises(DeviceGone):
            keypad.read_key(5)
        keypad.close()
        with pytest.raises(DeviceGone):
            keypad.open()
        sim.do("plug")
        keypad.open()
        sim.do("press 6 / enter")
        assert [keypad.read_key(5) for _ in range(3)] == ["6", "in", "enter"]


def test_keys_from_before_it_was_opened_are_nobodys(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    end = os.open(pipe, os.O_RDWR)
    with closing(KeypadSim(Stage())) as sim, closing(EvdevKeypad(str(pipe), "")) as keypad:
        os.write(end, sim.stroke("1"))
        keypad.open()
        os.write(end, sim.stroke("2"))
        assert keypad.read_key(5) == "2"
    os.close(end)


def test_a_keypad_that_is_not_there_is_gone_by_name() -> None:
    with pytest.raises(DeviceGone, match="no such numpad anywhere"):
        EvdevKeypad("no such numpad anywhere", "").open()


def test_the_simulator_knows_help_and_refuses_the_rest() -> None:
    with closing(KeypadSim(Stage())) as sim:
        assert "press" in sim.do("help")
        for wrong in ("press", "press ?", "dance", "hold 1 2"):
            with pytest.raises(ProtocolError):
                sim.do(wrong)
    with pytest.raises(OptionError):
        KeypadSim(Stage(tcp="127.0.0.1:0"))
