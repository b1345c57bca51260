"""One contract for every driver in the registry; a driver without a rig here fails the suite."""

import contextlib
import re
import threading
import time
import tomllib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from drivers import DeviceGone, OptionError, ProtocolError, registry
from drivers.base import Acknowledged, Driver, Feature, Keypad, Modality, Recognition, Retry, Scan
from drivers.registry import DRIVERS
from tests.contract.rigs import RIGS, Rig

READS = Feature.IMAGE | Feature.RECOGNITION
reads = pytest.mark.parametrize("name", sorted(n for n, e in DRIVERS.items() if e.features & READS), indirect=True)
types = pytest.mark.parametrize(
    "name", sorted(n for n, e in DRIVERS.items() if Feature.KEYPAD in e.features), indirect=True
)


@pytest.fixture(params=sorted(DRIVERS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def rig(name: str, tmp_path: Path) -> Iterator[Rig]:
    with closing(RIGS[name](tmp_path)) as rig:
        yield rig


@pytest.fixture
def driver(name: str, rig: Rig) -> Iterator[Driver]:
    driver = registry.make(name, rig.options)
    driver.open()
    with closing(driver):
        yield driver


def test_every_driver_has_a_rig_and_every_rig_a_driver() -> None:
    assert set(RIGS) == set(DRIVERS)


def test_every_driver_and_option_is_in_the_readme(name: str) -> None:
    readme = (Path(registry.__file__).parent / "README.md").read_text()
    assert f"| `{name}` |" in readme
    for option, spec in DRIVERS[name].options.items():
        assert f"| `{name}` | `{option}` |" in readme
        assert spec.default is None or f"| {spec.default} |" in readme


def test_every_driver_has_a_block_of_settings_to_copy(name: str) -> None:
    readme = (Path(registry.__file__).parent / "README.md").read_text()
    blocks = [tomllib.loads(block) for block in re.findall(r"^```toml\n(\[\[sensors\]\].*?)^```$", readme, re.S | re.M)]
    given = [sensor for block in blocks for sensor in block["sensors"] if sensor["driver"] == name]
    assert given
    for sensor in given:
        registry.check(name, sensor.get("options", {}))


def test_what_is_declared_is_what_it_is(name: str, driver: Driver) -> None:
    assert driver.features == DRIVERS[name].features
    assert isinstance(driver, Keypad) is (Feature.KEYPAD in driver.features)


def test_an_unknown_option_names_the_nearest(name: str, rig: Rig) -> None:
    known = next(iter(DRIVERS[name].options))
    with pytest.raises(OptionError, match=f"{name}.*did you mean '{known}'"):
        registry.make(name, {**rig.options, known + "x": 1})


def test_an_option_of_another_type_is_named(name: str, rig: Rig) -> None:
    for option, spec in DRIVERS[name].options.items():
        wrong: str | int = "one" if spec.kind is int else 1
        with pytest.raises(OptionError, match=f"{option} = .*expected"):
            registry.make(name, {**rig.options, option: wrong})


def test_no_touch_no_reading_in_bounded_time(driver: Driver) -> None:
    start = time.monotonic()
    assert driver.read(0.05) is None
    assert time.monotonic() - start < 5


@reads
def test_a_touch_gives_one_reading_and_a_finger_that_stays_no_second(driver: Driver, rig: Rig) -> None:
    """S11: no reading without a fresh touch."""
    rig.touch()
    reading = driver.read(5)
    assert isinstance(reading, Scan if Feature.IMAGE in driver.features else Recognition)
    assert driver.read(0.05) is None
    rig.lift()
    assert driver.read(0.05) is None
    rig.touch()
    assert driver.read(5) is not None


@reads
def test_a_scan_is_a_grey_picture_with_its_resolution_or_a_face_in_colour(driver: Driver, rig: Rig) -> None:
    rig.touch()
    reading = driver.read(5)
    if Feature.IMAGE in driver.features:
        assert isinstance(reading, Scan)
        assert reading.image.dtype == np.uint8
        assert min(reading.image.shape[:2]) > 1
        if reading.modality is Modality.FINGER:
            assert reading.image.ndim == 2
            assert 100 <= reading.dpi <= 2000
        else:
            assert reading.image.shape[2:] == (3,)
            assert reading.dpi == 0


@reads
def test_garble_is_a_retry_or_a_protocol_error_and_the_next_reading_is_whole(driver: Driver, rig: Rig) -> None:
    rig.garble()
    with contextlib.suppress(ProtocolError):
        assert isinstance(driver.read(5), Retry)
    rig.lift()
    rig.touch()
    assert isinstance(driver.read(5), Scan | Recognition)


@types
def test_keys_come_in_order(driver: Driver, rig: Rig) -> None:
    assert isinstance(driver, Keypad)
    rig.press("0", "1", "enter")
    assert [driver.read_key(5) for _ in range(3)] == ["0", "1", "enter"]
    assert driver.read_key(0.05) is None


@types
def test_garble_is_no_key_and_the_next_key_is_whole(driver: Driver, rig: Rig) -> None:
    assert isinstance(driver, Keypad)
    rig.garble()
    assert driver.read_key(0.1) is None
    rig.press("7", "clear")
    assert [driver.read_key(5) for _ in range(2)] == ["7", "clear"]


@types
def test_a_closed_keypad_is_gone_and_opens_again(driver: Driver, rig: Rig) -> None:
    assert isinstance(driver, Keypad)
    driver.close()
    with pytest.raises(DeviceGone):
        driver.read_key(0.05)
    driver.open()
    rig.press("5")
    assert driver.read_key(5) == "5"


@types
def test_close_from_another_thread_ends_a_wait_for_a_key(driver: Driver) -> None:
    assert isinstance(driver, Keypad)
    closer = threading.Timer(0.1, driver.close)
    closer.start()
    start = time.monotonic()
    with pytest.raises(DeviceGone):
        driver.read_key(30)
    assert time.monotonic() - start < 10
    closer.join()


@reads
def test_a_reader_that_was_closed_reads_again(driver: Driver, rig: Rig) -> None:
    driver.close()
    driver.open()
    driver.open()
    rig.touch()
    assert driver.read(5) is not None


def test_a_closed_device_is_gone_and_opens_again(driver: Driver) -> None:
    driver.close()
    driver.close()
    with pytest.raises(DeviceGone):
        driver.read(0.05)
    driver.open()
    driver.open()
    assert driver.read(0.05) is None


@reads
def test_what_lay_on_the_glass_before_closing_is_not_read_after_it(driver: Driver, rig: Rig) -> None:
    """But an entry in a device's own log waits until it is taken."""
    rig.touch()
    driver.close()
    driver.open()
    if isinstance(driver, Acknowledged):
        assert isinstance(driver.read(5), Recognition)
    else:
        assert driver.read(0.05) is None


def test_close_from_another_thread_ends_a_read(driver: Driver) -> None:
    closer = threading.Timer(0.1, driver.close)
    closer.start()
    start = time.monotonic()
    with pytest.raises(DeviceGone):
        driver.read(30)
    assert time.monotonic() - start < 10
    closer.join()


def test_opening_and_closing_leaves_no_thread_and_no_file_behind(driver: Driver) -> None:
    driver.close()
    time.sleep(0.1)
    before = _held()
    for _ in range(20):
        driver.open()
        driver.close()
    until = time.monotonic() + 5
    while _more(_held(), before) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _more(_held(), before)


def _held() -> tuple[int, int]:
    """Threads and open files of this process."""
    return threading.active_count(), sum(1 for _ in Path("/proc/self/fd").iterdir())


def _more(now: tuple[int, int], before: tuple[int, int]) -> bool:
    return any(n > b for n, b in zip(now, before, strict=True))
