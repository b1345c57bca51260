"""The devices' keeper: hot-plug, hangs, garbage and bugs, with drivers that misbehave on command."""

import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from drivers import DeviceGone, ProtocolError
from drivers.base import Advice, Driver, Feature, Modality, Reading, Retry, Scan
from edge.devices import supervisor
from edge.devices.supervisor import Bench, Got, Input, News, Pressed, Slot
from edge.session.messages import Want

SCAN = Scan(np.zeros((8, 8), np.uint8), 500.0, Modality.FINGER)


class Sensor:
    """A sensor that does what it is told: here, hands, garbles, hangs."""

    features = Feature.IMAGE
    hand: Reading | Exception | None = None

    def __init__(self) -> None:
        self.here = True
        self.opened = self.reads = 0
        self.hang = threading.Event()
        self.hang.set()
        self.deaf = False  # closing does not end a hang

    def open(self) -> None:
        if not self.here:
            raise DeviceGone("unplugged")
        self.opened += 1

    def close(self) -> None:
        if not self.deaf:
            self.hang.set()

    def read(self, timeout_s: float) -> Reading | None:
        self.reads += 1
        if not self.hang.is_set():
            self.hang.wait()
            raise DeviceGone("closed")
        if not self.here:
            raise DeviceGone("unplugged")
        hand, self.hand = self.hand, None
        if isinstance(hand, Exception):
            raise hand
        if hand is None:
            time.sleep(min(timeout_s, 0.01))
        return hand


class Camera(Sensor):
    features = Feature.IMAGE | Feature.STREAM


class Pad(Sensor):
    features = Feature.KEYPAD
    key: str | None = None

    def read_key(self, timeout_s: float) -> str | None:
        if not self.here:
            raise DeviceGone("unplugged")
        time.sleep(min(timeout_s, 0.01))
        key, self.key = self.key, None
        return key


class Both(Pad):
    features = Feature.IMAGE | Feature.KEYPAD


class Stage:
    """A bench on these devices; a device that is made anew is the next of its list."""

    def __init__(self, *devices: list[Sensor], grace_s: float = 15.0) -> None:
        self.made = [list(line) for line in devices]
        slots = [Slot(f"d{n}", lambda line=line: line.pop(0)) for n, line in enumerate(self.made)]  # type: ignore[misc]
        self.bench = Bench(slots, grace_s)
        self.news: list[News] = []
        self.seen: list[Input] = []
        self.bench.open()

    def until(self, true: Callable[[], bool]) -> None:
        end_s = time.monotonic() + 20
        while not true():
            assert time.monotonic() < end_s, (self.news, self.seen)
            self.news += self.bench.watch()
            seen = self.bench.next(0.005)
            if seen is not None:
                self.seen.append(seen)


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"SLICE_S": 0.02, "_REOPEN_FIRST_S": 0.01, "_REOPEN_MAX_S": 0.02, "_FREE_S": 0.05}.items():
        monkeypatch.setattr(supervisor, name, value)


def stage(*devices: list[Sensor], grace_s: float = 15.0) -> Stage:
    return Stage(*devices, grace_s=grace_s)


def test_they_are_drivers() -> None:
    drivers: list[Driver] = [Sensor(), Camera(), Pad(), Both()]
    assert [Feature.IMAGE in driver.features for driver in drivers] == [True, True, False, True]


def test_a_reading_comes_when_it_is_wanted_and_one_at_a_time() -> None:
    sensor = Sensor()
    on = stage([sensor])
    on.until(lambda: on.bench.finger)
    assert sensor.reads == 0
    on.bench.want(Want.FINGER)
    sensor.hand = SCAN
    on.until(lambda: len(on.seen) == 1)
    assert isinstance(on.seen[0], Got)
    assert on.seen[0].reading is SCAN
    reads = sensor.reads
    time.sleep(0.05)
    assert sensor.reads == reads  # dark until it is wanted again
    on.bench.close()


def test_who_left_frees_the_sensor_at_once_and_a_late_reading_is_nobodys() -> None:
    """S11: a cancelled wait leaves neither a lit sensor nor a picture for the next person."""
    sensor = Sensor()
    on = stage([sensor])
    on.until(lambda: on.bench.finger)
    on.bench.want(Want.FINGER)
    on.until(lambda: sensor.reads > 2)
    on.bench.want(Want.NOTHING)
    time.sleep(0.1)
    reads = sensor.reads
    sensor.hand = SCAN
    time.sleep(0.1)
    assert sensor.reads == reads
    assert on.bench.next(0.0) is None
    on.bench.close()


def test_fingers_and_faces_light_their_own_devices() -> None:
    sensor, camera = Sensor(), Camera()
    on = stage([sensor], [camera])
    on.until(lambda: on.bench.finger and on.bench.camera)
    on.bench.want(Want.FACE)
    on.until(lambda: camera.reads > 2)
    assert sensor.reads == 0
    on.bench.close()


def test_a_device_that_goes_and_comes_is_said_twice_however_often_it_is_tried() -> None:
    """Hot-plug: one line when gone and one when back."""
    sensor, pad = Sensor(), Pad()
    on = stage([sensor], [pad])
    on.until(lambda: len(on.news) == 2)
    on.bench.want(Want.FINGER)
    sensor.here = False
    on.until(lambda: not on.bench.finger)
    assert on.bench.keypad  # the terminal keeps serving with what is left
    time.sleep(0.2)
    sensor.here = True
    on.until(lambda: len(on.news) == 4)
    assert [news.here for news in on.news if news.device == "d0"] == [True, False, True]
    assert on.bench.health()["d0"]["gone"] == 1
    on.bench.close()


def test_a_keypad_of_its_own_and_one_in_the_sensor() -> None:
    pad, both = Pad(), Both()
    on = stage([pad], [both])
    on.until(lambda: on.bench.keypad and on.bench.finger)
    on.bench.want(Want.FINGER)
    pad.key, both.key, both.hand = "1", "2", SCAN
    on.until(lambda: len(on.seen) == 3)
    assert {seen.key for seen in on.seen if isinstance(seen, Pressed)} == {"1", "2"}
    on.bench.close()


def test_what_the_person_is_asked_for_again_is_counted_apart() -> None:
    """S11"""
    sensor = Sensor()
    on = stage([sensor])
    on.bench.want(Want.FINGER)
    for hand in (Retry(Advice.PLACE_AGAIN), SCAN):
        sensor.hand = hand
        on.bench.want(Want.FINGER, afresh=True)
        seen = len(on.seen)
        on.until(lambda seen=seen: len(on.seen) > seen)  # type: ignore[misc]
    health = on.bench.health()["d0"]
    assert (health["readings"], health["again"]) == (1, 1)
    on.bench.close()


def test_garbage_is_counted_and_said_and_the_device_goes_on() -> None:
    sensor = Sensor()
    on = stage([sensor])
    on.bench.want(Want.FINGER)
    sensor.hand = ProtocolError("checksum")
    on.until(lambda: len(on.seen) == 1)
    assert isinstance(on.seen[0], Got)
    assert (on.seen[0].reading, on.seen[0].garbled) == (None, "checksum")
    on.bench.want(Want.FINGER, afresh=True)
    sensor.hand = Retry(Advice.WIPE)
    on.until(lambda: len(on.seen) == 2)
    assert on.bench.health()["d0"]["garbled"] == 1
    on.bench.close()


def test_a_read_that_hangs_is_closed_and_the_device_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "_FREE_S", 20.0)  # closing frees it, on a busy machine too
    sensor = Sensor()
    on = stage([sensor], grace_s=0.1)
    on.until(lambda: on.bench.finger)
    sensor.hang.clear()
    on.bench.want(Want.FINGER)
    on.until(lambda: sensor.opened == 2 and len(on.news) == 3)
    assert on.bench.health()["d0"]["resets"] == 1
    assert [news.here for news in on.news] == [True, False, True]
    assert "hangs" in on.news[1].reason
    on.bench.close()


def test_a_thread_that_closing_does_not_free_is_left_behind_and_a_new_device_made() -> None:
    stuck, fresh = Sensor(), Sensor()
    stuck.deaf = True
    on = stage([stuck, fresh], grace_s=0.1)
    on.until(lambda: on.bench.finger)
    stuck.hang.clear()
    on.bench.want(Want.FINGER)
    on.until(lambda: fresh.opened == 1 and on.bench.finger)
    assert on.bench.health()["d0"]["abandoned"] == 1
    assert any("left behind" in news.reason for news in on.news)
    stuck.hang.set()  # it comes back after all, and keeps its hands off
    fresh.hand = SCAN
    on.until(lambda: len(on.seen) == 1)
    assert stuck.opened == 1
    on.bench.close()


def test_a_bug_in_a_driver_ends_the_process_and_not_silently() -> None:
    sensor = Sensor()
    on = stage([sensor])
    on.bench.want(Want.FINGER)
    sensor.hand = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        on.until(lambda: False)
    on.bench.close()


def test_every_device_is_asked_on_its_own_thread() -> None:
    """The self-test's door: between two readings, or DeviceGone."""
    sensor, away = Sensor(), Sensor()
    away.here = False
    on = stage([sensor], [away])
    on.until(lambda: on.bench.finger and len(on.news) == 2)
    asked = on.bench.ask(lambda _driver: threading.current_thread().name)
    assert asked["d0"].result(5) == "d0"
    assert isinstance(asked["d1"].exception(5), DeviceGone)
    on.bench.close()


def test_closing_does_not_wait_for_a_device_that_hangs() -> None:
    sensor = Sensor()
    on = stage([sensor])
    on.until(lambda: on.bench.finger)
    block = threading.Event()
    sensor.close = block.wait  # type: ignore[method-assign, assignment]
    on.bench.close(limit_s=0.1)
    block.set()


def test_a_device_that_garbles_its_own_opening_is_gone_and_tried_again() -> None:
    class Mumbling(Sensor):
        def open(self) -> None:
            self.opened += 1
            if self.opened < 3:
                raise ProtocolError("not a word of it")

    sensor = Mumbling()
    on = stage([sensor])
    on.until(lambda: on.bench.finger and len(on.news) == 2)
    assert [news.here for news in on.news] == [False, True]
    on.bench.close()
