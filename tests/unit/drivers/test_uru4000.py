"""The driver on a pretended port, through pyusb: readers that misbehave, and a cable that is pulled at every point."""

import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress

import numpy as np
import pytest

from drivers import DeviceGone, OptionError, ProtocolError
from drivers.base import Advice, Informed, Retry, Scan
from drivers.entry import Stage
from drivers.uru4000 import codec, driver
from drivers.uru4000.codec import Interrupt
from drivers.uru4000.link import Reach
from drivers.uru4000.model import VARIANTS, UruModel
from drivers.uru4000.sim import UruSimulation, laid
from tests.unit.drivers.uru_port import FINGER, Bench


def is_finger(reading: object) -> bool:
    return isinstance(reading, Scan) and np.array_equal(reading.image, FINGER) and reading.dpi == 512


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_every_variant_hands_over_the_picture(variant: str) -> None:
    bench = Bench(variant)
    with closing(bench.driver):
        bench.driver.open()
        bench.touch()
        assert is_finger(bench.driver.read(5))
        bench.lift()
        assert bench.driver.read(0.01) is None
        bench.touch()
        assert is_finger(bench.driver.read(5))


def quirk(**values: object) -> Callable[[UruModel], None]:
    def prepare(model: UruModel) -> None:
        for name, value in values.items():
            setattr(model.quirks, name, value)

    return prepare


STRAY = b"\x12\x34".ljust(64, b"\0")


@pytest.mark.parametrize(
    "prepare",
    [
        pytest.param(lambda model: model.confuse(5), id="found in 0x84"),
        pytest.param(quirk(sleepy=90), id="power-ups ignored"),
        pytest.param(quirk(silent_power=2), id="power not announced twice"),
        pytest.param(quirk(early_power=True), id="power announced early"),
        pytest.param(quirk(repeats=3), id="each interrupt three times"),
        pytest.param(quirk(strays=[STRAY, b"", STRAY[:2]]), id="strays before each interrupt"),
        pytest.param(quirk(empty_reads=2), id="two empty reads at first"),
    ],
)
@pytest.mark.parametrize("variant", ["4500", "msv2"])
def test_readers_that_misbehave_as_real_ones_do_are_read_once_a_touch(
    variant: str, prepare: Callable[[UruModel], None]
) -> None:
    bench = Bench(variant, prepare)
    with closing(bench.driver):
        bench.driver.open()
        for _ in range(3):
            bench.touch()
            readings = [bench.driver.read(0.05) for _ in range(4)]
            assert [is_finger(r) for r in readings if r is not None] == [True]
            bench.lift()
            assert bench.driver.read(0.05) is None


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda model: model.confuse(1000), "restart"),
        (quirk(sleepy=1000), "power up"),
        (quirk(silent_power=1000), "no power"),
    ],
)
def test_a_reader_that_does_not_wake_is_gone_in_bounded_time(
    prepare: Callable[[UruModel], None], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "_PAUSE_S", 0.0)
    bench = Bench("4500", prepare)
    with pytest.raises(DeviceGone, match=words):
        bench.driver.open()


def test_death_costs_one_capture_and_the_reader_is_restarted() -> None:
    bench = Bench()
    with closing(bench.driver):
        bench.driver.open()
        bench.model.quirks.deaths = 1
        for _ in range(2):
            bench.touch()
            with pytest.raises(ProtocolError):
                bench.driver.read(5)
            bench.lift()
        bench.model.quirks.deaths = 0
        assert bench.driver.read(0.05) is None
        bench.touch()
        assert is_finger(bench.driver.read(5))


def test_a_finger_that_is_gone_before_its_picture_is_asked_for_again() -> None:
    bench = Bench()
    with closing(bench.driver):
        bench.driver.open()
        assert bench.driver.read(0.01) is None
        bench.interrupt(Interrupt.FINGER)
        assert bench.driver.read(1) == Retry(Advice.PLACE_AGAIN)
        bench.touch()
        assert is_finger(bench.driver.read(5))


def test_a_finger_that_lay_there_before_is_asked_to_lift() -> None:
    bench = Bench()
    with closing(bench.driver):
        bench.touch()
        bench.driver.open()
        assert [bench.driver.read(0.5) for _ in range(6)].count(Retry(Advice.LIFT)) == 1
        bench.lift()
        assert bench.driver.read(0.01) is None
        bench.touch()
        assert is_finger(bench.driver.read(5))


def test_interrupts_out_of_order_are_passed_over() -> None:
    bench = Bench()
    with closing(bench.driver):
        bench.driver.open()
        for kind in (Interrupt.LIFT, Interrupt.SCAN_POWER, Interrupt.LIFT):
            bench.interrupt(kind)
        assert bench.driver.read(0.05) is None
        bench.touch()
        assert is_finger(bench.driver.read(5))
        for kind in (Interrupt.FINGER, Interrupt.SCAN_POWER, Interrupt.FINGER):
            bench.interrupt(kind)
        assert bench.driver.read(0.05) is None


def test_the_seed_hides_the_keys_and_does_not_change_the_picture() -> None:
    for seed in (0, 1, 0xFFFFFFFF):
        bench = Bench("4500", seed=seed)
        bench.port.record = []
        with closing(bench.driver):
            bench.driver.open()
            bench.touch()
            assert is_finger(bench.driver.read(5))
        written = [t.out for t in bench.port.record if t.setup[2:4] == b"\x33\x00" and t.setup[0] == 0x40]
        assert [out[1:] for out in written] == [seed.to_bytes(4, "little")]


def test_the_light_goes_out_with_the_driver() -> None:
    bench = Bench()
    bench.driver.open()
    assert bench.driver.read(0.01) is None
    assert bench.model.lit
    bench.driver.close()
    assert not bench.model.lit


def test_it_says_what_it_is() -> None:
    bench = Bench("msv2")
    with closing(bench.driver):
        bench.driver.open()
        assert isinstance(bench.driver, Informed)
        info = bench.driver.info()
    assert (info.model, info.firmware, info.serial) == ("Microsoft Fingerprint Reader v2", "0103", "SIMULATED")
    assert info.details == {"hardware": "0102", "port": "1-1"}


def session(bench: Bench) -> list[object]:
    """Open, two touches, close; the readings."""
    found: list[object] = []
    bench.driver.open()
    for _ in range(2):
        bench.touch()
        found.append(bench.driver.read(1))
        bench.lift()
        found.append(bench.driver.read(0.01))
    bench.driver.close()
    return found


@pytest.mark.parametrize("variant", ["4500", "msv2"])
def test_the_cable_may_be_pulled_at_every_transfer(variant: str) -> None:
    """No hang, no phantom reading, and a reading as soon as it is back (S11)."""
    whole = Bench(variant)
    assert [is_finger(r) for r in session(whole)] == [True, False, True, False]
    for at in range(whole.port.transfers):
        bench = Bench(variant)
        bench.port.unplug_at = at
        with suppress(DeviceGone):
            readings = session(bench)
            pytest.fail(f"transfer {at} was missed unnoticed: {readings}") if at < whole.port.transfers - 1 else None
        if bench.port.model is not None:
            continue
        with pytest.raises(DeviceGone):
            bench.driver.read(0.01)
        with pytest.raises(DeviceGone):
            bench.driver.open()
        bench.port.plug()
        with closing(bench.driver):
            bench.driver.open()
            assert bench.driver.read(0.01) is None
            bench.touch()
            assert is_finger(bench.driver.read(1))


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "first byte": lambda data: bytes([data[0] ^ 0xFF]) + data[1:] if data else data,
    "last byte": lambda data: data[:-1] + bytes([data[-1] ^ 0x81]) if data else data,
    "cut": lambda data: data[: len(data) // 2],
    "nothing": lambda data: b"",
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_every_answer_may_be_damaged(damage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No crash, no hang, never more readings than touches, and the next touch after it is read."""
    monkeypatch.setattr(driver, "_POWER_WAIT_S", 0.05)
    monkeypatch.setattr(driver, "_PAUSE_S", 0.0)
    monkeypatch.setattr(driver, "_FRAME_WAIT_S", 0.05)
    whole = Bench("msv2")
    session(whole)
    for at in range(whole.port.transfers):
        bench = Bench("msv2")
        bench.port.twist = lambda number, came, at=at: DAMAGE[damage](came) if number == at else came
        with closing(bench.driver):
            readings: list[object] = []
            with suppress(DeviceGone, ProtocolError):
                readings = session(bench)
            assert sum(isinstance(r, Scan) for r in readings) <= 2
            bench.driver.close()
            bench.port.twist = None
            bench.lift()
            bench.driver.open()
            assert bench.driver.read(0.01) is None
            bench.touch()
            assert is_finger(bench.driver.read(1))


def test_a_frame_may_end_at_any_byte() -> None:
    for cut in [*range(70), *range(70, 111_000, 7001)]:
        bench = Bench("4500-plain", quirk(cut_to=cut))
        with closing(bench.driver):
            bench.driver.open()
            bench.touch()
            with pytest.raises(ProtocolError):
                bench.driver.read(1)
            bench.model.quirks.cut_to = None
            assert bench.driver.read(0.01) is None
            bench.lift()
            bench.touch()
            assert is_finger(bench.driver.read(1))


def test_unplugging_ends_a_read_that_waits() -> None:
    bench = Bench()
    bench.driver.open()
    timer = threading.Timer(0.05, bench.port.unplug)
    timer.start()
    start = time.monotonic()
    with pytest.raises(DeviceGone):
        bench.driver.read(30)
    assert time.monotonic() - start < 10
    timer.join()


def test_another_bus_is_refused_by_name() -> None:
    with pytest.raises(OptionError, match="bus = 'bluetooth'"):
        Reach("bluetooth")
    with pytest.raises(OptionError, match="usbip://host:port"):
        Reach("usbip://here:port").find()


def test_one_of_several_is_found_by_serial_number_or_port() -> None:
    with closing(UruSimulation(Stage(tcp="127.0.0.1:0", pacing=False))) as sim:
        for name in ("any", "SIMULATED", "1-1"):
            Reach(sim.where, name).find().close()
        with pytest.raises(DeviceGone, match="named 1-2"):
            Reach(sim.where, "1-2").find()
        sim.do("unplug")
        with pytest.raises(DeviceGone, match=r"no U\.are\.U or Microsoft reader"):
            Reach(sim.where).find()


def test_the_simulator_is_played_by_lines() -> None:
    with closing(UruSimulation(Stage(tcp="127.0.0.1:0", variant="4000", pacing=True))) as sim:
        for line in ("touch", "lift", "death", "state", "unplug", "plug", "state"):
            assert sim.do(line)
        assert "-b 1-1" in sim.do("reach")
        assert "touch" in sim.do("help")
        for line in ("", "sing", "touch /no/such.png"):
            with pytest.raises(ProtocolError):
                sim.do(line)
    with pytest.raises(OptionError, match="variant"):
        UruSimulation(Stage(variant="5000"))
    with pytest.raises(OptionError, match="tcp"):
        UruSimulation(Stage(port="/dev/ttyUSB0"))
    with pytest.raises(OptionError, match="host:port"):
        UruSimulation(Stage(tcp="here:there"))


def test_pictures_of_any_size_lie_in_the_middle_of_the_glass() -> None:
    for shape in ((10, 10), (400, 400), (288, 382), (1, 900)):
        glass = laid(np.zeros(shape, np.uint8))
        assert glass.shape == (codec.HEIGHT, codec.WIDTH)
        assert (glass == 0).sum() == min(shape[0], 288) * min(shape[1], 382)
