"""The frames between bridge and terminal: whatever arrives, and the two ends without their processes."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import DeviceGone, DriverError, ProtocolError
from drivers.base import Advice, Feature, Info, Modality, Reading, Retry, Scan
from edge.devices import frames
from edge.devices.courier import Courier
from edge.devices.frames import Frame, Splitter
from edge.devices.remote import Door, Remote
from edge.health.report import Report
from edge.health.trouble import Troubles

FINGER = Scan(np.arange(12, dtype=np.uint8).reshape(4, 3), 508.0, Modality.FINGER)
FACE = Scan(np.arange(36, dtype=np.uint8).reshape(4, 3, 3), 0.0, Modality.FACE)


@pytest.mark.parametrize("reading", [None, FINGER, FACE, *map(Retry, Advice)])
@pytest.mark.parametrize("piece", [1, 7, 4096])
def test_a_reading_arrives_as_it_was(reading: Reading | None, piece: int) -> None:
    data, splitter = frames.of(reading).encode(), Splitter()
    found = [f for at in range(0, len(data), piece) for f in splitter.feed(data[at : at + piece])]
    assert len(found) == 1
    back = frames.reading(frames.checked(found[0]))
    if isinstance(reading, Scan):
        assert isinstance(back, Scan)
        assert (back.dpi, back.modality) == (reading.dpi, reading.modality)
        assert np.array_equal(back.image, reading.image)
    else:
        assert back == reading


def test_what_a_device_says_of_itself_arrives() -> None:
    info = Info("M", "1.0", "S1", {"baud": 57600, "use": "image", "s": 0.5})
    assert frames.info(frames.about(info)) == info


@pytest.mark.parametrize("error", [DeviceGone("away"), ProtocolError("noise")])
def test_what_a_device_raised_is_raised_again(error: DriverError) -> None:
    with pytest.raises(type(error), match=str(error)):
        frames.checked(frames.failed(error))


@given(st.binary(max_size=200), st.integers(1, 50))
def test_whatever_arrives_is_a_frame_or_a_protocol_error(data: bytes, piece: int) -> None:
    splitter = Splitter()
    with suppress(ProtocolError):
        for at in range(0, len(data), piece):
            for frame in splitter.feed(data[at : at + piece]):
                assert isinstance(frame.header, dict)


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=4)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "ok": st.booleans(),
            "reading": st.sampled_from(["scan", "retry", None, 7]),
            "shape": st.lists(st.integers(-1, 5) | st.booleans(), max_size=4) | JSON,
            "dpi": JSON,
            "modality": st.sampled_from(["finger", "face", "voice", None]),
            "advice": JSON,
            "error": JSON,
            "reason": JSON,
            "model": JSON,
            "firmware": JSON,
            "serial": JSON,
            "details": st.dictionaries(st.text(), JSON, max_size=3) | JSON,
        },
    ),
    st.binary(max_size=80),
)
def test_whatever_the_bridge_answers_nothing_but_a_driver_error_comes_of_it(
    header: dict[str, object], b: bytes
) -> None:
    for make in (frames.reading, frames.info, frames.checked):
        with suppress(ProtocolError, DeviceGone):
            make(Frame(header, b))


def test_a_length_that_is_none_is_refused_before_it_is_waited_for() -> None:
    for lengths in ((frames.MAX_HEADER + 1, 0), (2, frames.MAX_PICTURE + 1)):
        with pytest.raises(ProtocolError, match="longer than any"):
            Splitter().feed(struct.pack(">II", *lengths))


# ── both ends ──


class Slow:
    """A finger sensor behind a bridge: one touch when it is put there; looks for its going when asked."""

    features = Feature.IMAGE

    def __init__(self) -> None:
        self.opened = self.settled = 0
        self.fault: DriverError | None = None
        self.touches: list[Reading] = []
        self._closed = threading.Event()

    def open(self) -> None:
        self.opened += 1
        self._closed.clear()

    def close(self) -> None:
        self._closed.set()

    def read(self, timeout_s: float) -> Reading | None:
        if self.fault:
            raise self.fault
        if self.touches:
            return self.touches.pop()
        if self._closed.wait(timeout_s):
            raise DeviceGone("closed")
        return None

    def settle(self) -> bool:
        self.settled += 1
        return self.settled > 1


class Ends:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "pictures.sock"
        self.door = Door(self.path, ["far"])
        self.door.open()
        self.device = Slow()
        self.courier = Courier("far", self.device, self.path, Troubles(Report("bridge", events=False)))
        self.courier.start()
        self.sensor = Remote(self.door, "far", Feature.IMAGE)

    def close(self) -> None:
        self.sensor.close()
        self.courier.end()
        self.courier.join(5)
        self.door.close()
        assert not self.courier.is_alive()


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[Ends]:
    with closing(Ends(tmp_path)) as ends:
        yield ends


def test_it_is_read_like_a_device_of_its_own(ends: Ends) -> None:
    ends.sensor.open()
    ends.sensor.open()
    assert ends.device.opened == 1
    assert ends.sensor.read(0.01) is None
    ends.device.touches.append(FINGER)
    assert isinstance(ends.sensor.read(1), Scan)
    assert ends.sensor.info().model == "far"
    ends.device.fault = ProtocolError("noise")
    with pytest.raises(ProtocolError, match="noise"):
        ends.sensor.read(1)
    ends.device.fault = None
    assert ends.sensor.read(0.01) is None, "garble costs one reading, not the connection"
    ends.sensor.check()


def test_after_a_touch_the_glass_is_looked_at_until_it_is_bare(ends: Ends) -> None:
    ends.sensor.open()
    ends.device.touches.append(FINGER)
    ends.sensor.read(1)
    until = time.monotonic() + 10
    while ends.device.settled < 2 and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.5)
    assert ends.device.settled == 2


def test_close_from_another_thread_ends_a_read_and_it_opens_again(ends: Ends) -> None:
    ends.sensor.open()
    threading.Timer(0.1, ends.sensor.close).start()
    with pytest.raises(DeviceGone):
        ends.sensor.read(30)
    with pytest.raises(DeviceGone):
        ends.sensor.read(0)
    ends.device.close()
    ends.sensor.open()
    assert ends.sensor.read(0.01) is None


def test_without_a_bridge_it_is_gone_and_says_what_is_missing(tmp_path: Path) -> None:
    door = Door(tmp_path / "p.sock", ["far"])
    door.open()
    with closing(door), pytest.raises(DeviceGone, match="hazri-edge bridge"):
        Remote(door, "far", Feature.IMAGE).open()


def test_a_bridge_that_goes_is_seen_without_reading(ends: Ends) -> None:
    ends.sensor.open()
    ends.courier.end()
    ends.courier.join(5)
    with pytest.raises(DeviceGone, match="bridge is gone"):
        ends.sensor.check()


@pytest.mark.parametrize("hello", [b"", b"\0" * 8, b"GET / HTTP/1.0\r\n\r\n", Frame({"sensor": "other"}).encode()])
def test_who_says_something_else_at_the_door_is_sent_away_and_the_next_is_let_in(ends: Ends, hello: bytes) -> None:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as stranger:
        stranger.settimeout(10)
        stranger.connect(str(ends.path))
        stranger.sendall(hello)
        assert stranger.recv(1) == b""
    ends.sensor.open()


def test_what_a_device_says_at_opening_is_said_here(ends: Ends) -> None:
    def refuse() -> None:
        raise DeviceGone("its service is not there")

    ends.device.open = refuse  # type: ignore[method-assign]
    with pytest.raises(DeviceGone, match="its service is not there"):
        ends.sensor.open()
