"""The GT-511C and GT-521F modules: packets both ways and through garbage, and the driver against each variant."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import DeviceGone, OptionError, ProtocolError, registry
from drivers.base import Advice, DeviceTemplate, Feature, Informed, Matched, Matcher, Means, Recognition, Retry, Scan
from drivers.entry import Stage, Value
from drivers.gt521f import codec
from drivers.gt521f.codec import ACK, ADVICE, NACK, Cmd, Damaged, Data, Nack, Packet, Parser
from drivers.gt521f.driver import Gt521fDriver
from drivers.gt521f.sim import VARIANTS, Gt521fSim

CAPTURES = Path(__file__).parents[2] / "captures" / "gt521f"
MANUAL = [line.split("|") for line in (CAPTURES / "manual.hex").read_text().splitlines() if not line.startswith("#")]
PACKETS = st.builds(Packet, st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF))


@contextmanager
def pair(
    variant: str = "f32", *, stage: Stage | None = None, **options: Value
) -> Iterator[tuple[Gt521fSim, Gt521fDriver]]:
    with closing(Gt521fSim(stage or Stage(variant=variant, pacing=False))) as sim:
        driver = registry.make("gt521f", {"port": sim.where, **options})
        assert isinstance(driver, Gt521fDriver)
        with closing(driver):
            yield sim, driver


@pytest.mark.parametrize(("words", "command", "answer"), MANUAL, ids=lambda text: text.strip())
def test_the_manuals_examples(words: str, command: str, answer: str) -> None:
    name, parameter = words.split()
    assert codec.pack(Packet(Cmd[name], int(parameter))) == bytes.fromhex(command)
    assert Parser().feed(bytes.fromhex(answer)) == [Packet(ACK, 0)]


def test_every_refusal_has_a_name_and_those_of_people_an_advice() -> None:
    assert [codec.nack(n) for n in (0x1001, 0x1012, 0x2000)] == [Nack.TIMEOUT, Nack.NO_FINGER, Nack.UNKNOWN]
    assert Nack.VERIFY_FAILED not in ADVICE


@given(st.lists(PACKETS, max_size=6), st.integers(1, 20))
def test_packets_come_out_as_they_went_in_however_they_are_cut(packets: list[Packet], step: int) -> None:
    data, parser = b"".join(map(codec.pack, packets)), Parser()
    found = [event for at in range(0, len(data), step) for event in parser.feed(data[at : at + step])]
    assert found == packets


@given(st.binary(min_size=1, max_size=500), st.integers(1, 50))
def test_data_come_out_whole_when_their_length_is_known(data: bytes, step: int) -> None:
    said, parser = codec.pack(Packet(ACK, 7)) + codec.pack_data(data), Parser()
    parser.data_bytes = len(data)
    found = [event for at in range(0, len(said), step) for event in parser.feed(said[at : at + step])]
    assert found == [Packet(ACK, 7), Data(data)]


@given(st.binary(max_size=300), st.integers(0, 100))
def test_any_bytes_are_got_over(data: bytes, length: int) -> None:
    parser = Parser()
    parser.data_bytes = length
    parser.feed(data)
    parser.give_up()
    assert parser.feed(codec.pack(Packet(ACK, 1)))[-1] == Packet(ACK, 1)


def test_every_flipped_and_every_missing_byte_of_a_recorded_session() -> None:
    lines = (CAPTURES / "pygt521f32.log").read_text().splitlines()
    said = b"".join(bytes.fromhex(line[2:]) for line in lines if line[:2] in ("> ", "< ") and "sha256" not in line)
    packets = [event for event in Parser().feed(said) if isinstance(event, Packet)]
    assert len(packets) > 40
    for at in range(len(said)):
        for spoilt in (said[:at] + bytes([said[at] ^ 1 << at % 8]) + said[at + 1 :], said[:at] + said[at + 1 :]):
            parser = Parser()
            heard = [e for e in parser.feed(spoilt) + parser.give_up() if isinstance(e, Packet)]
            assert len(packets) - 1 <= len(heard) <= len(packets)
            rest = iter(packets)
            assert all(any(packet == true for true in rest) for packet in heard), at


def test_a_damaged_packet_is_said_and_the_next_is_whole() -> None:
    good = codec.pack(Packet(NACK, 0x1012))
    assert Parser().feed(good[:-1] + b"\x77" + good) == [Damaged(), Packet(NACK, 0x1012)]


def test_a_picture_has_a_byte_a_pixel() -> None:
    assert codec.picture(bytes(range(6)), 3).tolist() == [[0, 1, 2], [3, 4, 5]]
    with pytest.raises(ProtocolError, match="no whole rows"):
        codec.picture(bytes(7), 3)


@pytest.mark.parametrize(("baud", "seconds"), [(9600, 54.3), (115200, 4.5)])
def test_how_long_a_picture_takes(baud: int, seconds: float) -> None:
    assert codec.transfer_s(202 * 258, baud) == pytest.approx(seconds, abs=0.05)


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_every_variant_gives_its_picture_at_115200(variant: str) -> None:
    with pair(variant) as (sim, driver):
        driver.open()
        assert isinstance(driver, Informed)
        info = driver.info()
        assert info.model == (VARIANTS[variant].name if VARIANTS[variant].told else "GT-511C")
        assert (info.firmware, info.details["baud"], info.details["image_s"]) == ("20150814", 115200, 4.52)
        sim.do("place 2_1")
        scan = driver.read(2)
        assert isinstance(scan, Scan)
        assert (scan.image.shape, scan.dpi, scan.image.dtype) == ((258, 202), 450, np.uint8)
        assert not sim.module.light
        assert driver.read(0.05) is None


def test_the_raw_picture_is_small() -> None:
    with pair(picture="raw") as (sim, driver):
        driver.open()
        sim.do("place")
        scan = driver.read(2)
        assert isinstance(scan, Scan)
        assert (scan.image.shape, scan.dpi) == ((120, 160), 275)


def test_a_module_left_at_another_speed_is_found(tmp_path: Path) -> None:
    with pair(stage=Stage(pty=tmp_path / "sensor", pacing=False), baud=57600) as (sim, driver):
        driver.open()
        assert sim.module.baud == 57600
        driver.close()
        sim.do("reset")
        assert sim.module.baud == 9600
        driver.open()
        assert sim.module.baud == 57600


def test_on_the_module_the_same_finger_is_a_yes_and_others_a_no() -> None:
    with pair() as (sim, driver):
        driver.open()
        assert isinstance(driver, Matcher)
        stored = []
        for picture in ("1_1", "2_1", "3_1"):
            sim.do(f"place {picture}")
            template = driver.take(2)
            assert isinstance(template, DeviceTemplate)
            stored.append(template)
            sim.do("lift")
            assert driver.take(0.05) is None
        sim.do("place 2_2")
        broken = DeviceTemplate(driver.family, bytes(498))
        strange = DeviceTemplate("gt521f/1", stored[0].data)
        matched = driver.match([*stored, broken, strange], 2)
        assert isinstance(matched, Matched)
        assert matched.scores == (0, 1, 0, None, None)
        assert matched.template is not None
        sim.do("lift")
        assert driver.take(0.05) is None
        sim.do("place 3_2")
        many = [DeviceTemplate(driver.family, s.data) for s in stored * 4]
        again = driver.match(many, 2)
        assert isinstance(again, Matched)
        assert again.scores == (0, 0, 1) * 4
        assert len(sim.module.database) == 3


def test_the_modules_own_database_is_searched_in_mode_search() -> None:
    with pair(mode="search") as (sim, driver):
        assert driver.features == Feature.RECOGNITION
        driver.open()
        sim.do("enrol 41 3_1")
        sim.do("place 3_2")
        assert driver.read(2) == Recognition("41", Means.FINGER)
        sim.do("lift")
        assert driver.read(0.05) is None
        sim.do("place 1_1")
        assert driver.read(2) == Retry(Advice.PLACE_AGAIN)
        driver.put(7, driver.stored(41))
        driver.remove(41)
        assert set(sim.module.database) == {7}
        with pytest.raises(ProtocolError, match="NOT_USED"):
            driver.stored(41)


def test_what_the_person_can_mend_is_advice() -> None:
    """S1, and S11: a finger that stays is asked to lift."""
    with pair() as (sim, driver):
        driver.open()
        sim.do("bad")
        sim.do("place")
        assert driver.read(2) == Retry(Advice.PRESS_HARDER)
        assert driver.read(5) == Retry(Advice.LIFT)
        sim.do("lift")
        sim.do("clear")
        assert driver.read(0.05) is None
        sim.do("place")
        assert isinstance(driver.read(2), Scan)


def test_noise_and_a_damaged_picture_change_nothing() -> None:
    with pair() as (sim, driver):
        driver.open()
        for word in ("noise", "spoil 1"):
            sim.do(word)
            sim.do("place")
            assert isinstance(driver.read(2), Scan)
            sim.do("lift")
            assert driver.read(0.05) is None


def test_a_reset_or_a_pulled_cable_is_gone_and_comes_back(tmp_path: Path) -> None:
    with pair(stage=Stage(pty=tmp_path / "sensor", pacing=False)) as (sim, driver):
        for word, back in (("reset", "help"), ("unplug", "plug")):
            driver.open()
            sim.do(word)
            with pytest.raises(DeviceGone):
                driver.read(0.5)
            sim.do(back)
            driver.open()
            sim.do("place")
            assert isinstance(driver.read(2), Scan)
            sim.do("lift")
            driver.close()


@pytest.mark.parametrize(("option", "value"), [("mode", "guess"), ("baud", 1234), ("picture", "huge")])
def test_an_option_that_cannot_be_used_is_named(option: str, value: Value) -> None:
    with pytest.raises(OptionError, match=f"{option} = .*expected one of"):
        registry.make("gt521f", {"port": "/dev/null", option: value})


def test_the_simulator_says_what_it_does_not_know() -> None:
    with pytest.raises(OptionError, match="variant"):
        Gt521fSim(Stage(variant="f99"))
    with closing(Gt521fSim(Stage(pacing=False))) as sim:
        for wrong in ("dance", "place nobody", "spoil x", "enrol 900"):
            with pytest.raises(ProtocolError, match=r"expected|no such"):
                sim.do(wrong)
        for right in ("help", "pictures", "status"):
            assert sim.do(right)
