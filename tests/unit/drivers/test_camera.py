"""Cameras: the newest picture alone; cameras that hang or repeat themselves, streams that end, damaged pictures."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import DeviceGone, OptionError, ProtocolError, registry
from drivers.base import Driver, Informed, Modality, Scan
from drivers.camera import LOCAL_VARIANTS, NET_VARIANTS, codec, rtp
from drivers.camera.codec import Splitter
from drivers.camera.driver import Camera, Limits
from drivers.camera.sim import CameraSimulation
from drivers.camera.source import Web, login
from drivers.camera.video import Rtsp, V4l2
from drivers.entry import Options, Stage
from drivers.web import Trust
from drivers.web_sim import Handler, Server

LONG_MS = 60_000


def until(wanted: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 15
    while not wanted():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def picture(value: int = 90) -> bytes:
    image = np.full((48, 64, 3), value, np.uint8)
    image[8:24, 8:24] = (255, 0, 0)
    return cv2.imencode(".jpg", image)[1].tobytes()


def local(sim: CameraSimulation, **options: str | int) -> Driver:
    return registry.make("camera", {"source": sim.where, "stall_ms": LONG_MS, "frozen_ms": 0, **options})


def net(sim: CameraSimulation, **options: str | int) -> Driver:
    return registry.make("camera_net", {"url": sim.where, "stall_ms": LONG_MS, "frozen_ms": 0, **options})


def watch(camera: Driver, seen: list[int] | None = None) -> None:
    """Until it goes; how bright each picture was."""
    for _ in range(1000):
        scan = camera.read(5)
        if isinstance(scan, Scan) and seen is not None:
            seen.append(int(scan.image.mean()))


def figures(driver: Driver) -> dict[str, Any]:
    assert isinstance(driver, Informed)
    return dict(driver.info().details)


@pytest.fixture
def sim() -> Iterator[CameraSimulation]:
    with closing(CameraSimulation(Stage(pacing=False), LOCAL_VARIANTS)) as sim:
        yield sim


def test_only_the_newest_picture_is_handed_over_and_the_others_are_counted(sim: CameraSimulation) -> None:
    with closing(local(sim)) as camera:
        camera.open()
        for _ in range(5):
            sim.do("frame")
        until(lambda: figures(camera)["frames"] == 5, "five pictures came")
        scan = camera.read(5)
        assert isinstance(scan, Scan)
        assert (scan.modality, scan.dpi, scan.image.shape) == (Modality.FACE, 0, (240, 320, 3))
        assert scan.image[20 + 4 * 11, 20 + 4 * 7].min() > 240, "the disc is where the fifth picture has it"
        assert figures(camera)["dropped"] == 4
        assert camera.read(0.05) is None


def test_a_picture_that_lay_too_long_is_passed_over(sim: CameraSimulation) -> None:
    with closing(local(sim, max_age_ms=20)) as camera:
        camera.open()
        sim.do("frame")
        until(lambda: figures(camera)["frames"] == 1, "it came")
        time.sleep(0.05)
        assert camera.read(0.05) is None
        assert figures(camera)["dropped"] == 1


def test_a_camera_that_stands_still_is_gone(sim: CameraSimulation) -> None:
    with closing(local(sim, stall_ms=200)) as camera:
        camera.open()
        with pytest.raises(DeviceGone, match=r"no picture for 0\.2 s"):
            camera.read(10)


def test_a_camera_that_repeats_one_picture_is_gone_and_opened_anew(sim: CameraSimulation) -> None:
    with closing(local(sim, frozen_ms=300)) as camera:
        camera.open()
        sim.do("play 50")
        assert camera.read(5) is not None
        sim.do("freeze")
        with pytest.raises(DeviceGone, match="repeats one picture"):
            watch(camera)
        camera.close()
        camera.open()
        sim.do("play 50")
        assert camera.read(5) is not None


def test_a_stream_that_ends_is_gone_and_opened_anew(sim: CameraSimulation) -> None:
    with closing(local(sim)) as camera:
        camera.open()
        sim.do("frame")
        assert camera.read(5) is not None
        sim.do("end")
        with pytest.raises(DeviceGone, match="ended"):
            camera.read(5)
        with pytest.raises(DeviceGone):
            camera.read(5)
        camera.close()
        camera.open()
        sim.do("frame")
        assert camera.read(5) is not None


def test_a_picture_is_turned_upright(sim: CameraSimulation) -> None:
    with closing(local(sim, rotate=90)) as camera:
        camera.open()
        sim.do("frame")
        scan = camera.read(5)
        assert isinstance(scan, Scan)
        assert scan.image.shape == (320, 240, 3)
        assert scan.image[20, 240 - 1 - 20].min() > 240, "the disc of the upper left is now in the upper right"
    with pytest.raises(OptionError, match="rotate"):
        local(sim, rotate=45)


def test_a_named_pipe_is_a_camera_too(tmp_path: Path) -> None:
    """As `rpicam-vid --codec mjpeg -o PIPE` writes it; nobody writing yet is a camera that is still silent."""
    pipe = tmp_path / "camera"
    os.mkfifo(pipe)
    camera = registry.make("camera", {"source": str(pipe), "frozen_ms": 0})
    with closing(camera):
        camera.open()
        assert camera.read(0.05) is None
        with pipe.open("wb", buffering=0) as out:
            out.write(picture())
            assert isinstance(camera.read(5), Scan)
            out.write(picture())
            assert isinstance(camera.read(5), Scan)


def test_a_video_file_is_played_and_ends(tmp_path: Path) -> None:
    path = tmp_path / "film.avi"
    film = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (64, 48))
    for n in range(10):
        film.write(np.full((48, 64, 3), 20 * n, np.uint8))
    film.release()
    camera = registry.make("camera", {"source": str(path), "frozen_ms": 0})
    with closing(camera):
        camera.open()
        seen: list[int] = []
        with pytest.raises(DeviceGone, match="ended"):
            watch(camera, seen)
        assert seen == sorted(seen)
        assert len(seen) > 3
        assert figures_of_file(path) == {"width": 64, "height": 48, "fps": 25.0}


def figures_of_file(path: Path) -> dict[str, Any]:
    with closing(registry.make("camera", {"source": str(path)})) as camera:
        camera.open()
        found = figures(camera)
        return {name: found[name] for name in ("width", "height", "fps")}


def test_what_is_not_there_or_no_camera_is_gone(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no film")
    for source in (tmp_path / "none", tmp_path / "text", Path("/dev/null")):
        with pytest.raises(DeviceGone):
            registry.make("camera", {"source": str(source)}).open()


# ── on the LAN ──


@pytest.mark.parametrize("variant", NET_VARIANTS)
def test_a_picture_comes_over_the_network(variant: str) -> None:
    with closing(CameraSimulation(Stage(tcp="127.0.0.1:0", variant=variant), NET_VARIANTS)) as sim:
        with closing(net(sim, stall_ms=10_000)) as camera:
            camera.open()
            for _ in range(3):
                scan = camera.read(10)
                assert isinstance(scan, Scan)
                assert scan.image.shape == (240, 320, 3)
            sim.do("end")
            with pytest.raises(DeviceGone):
                watch(camera)
        with closing(net(sim, stall_ms=10_000)) as camera:
            camera.open()
            assert isinstance(camera.read(10), Scan)


def test_nobody_there_is_said() -> None:
    with closing(CameraSimulation(Stage(tcp="127.0.0.1:0", pacing=False), NET_VARIANTS)) as sim:
        url = sim.where
    for address in (url, url.replace("http", "rtsp")):
        with pytest.raises(DeviceGone):
            registry.make("camera_net", {"url": address, "stall_ms": 2000}).open()


def test_a_login_is_a_file_and_never_in_an_address_or_a_figure(tmp_path: Path) -> None:
    known = tmp_path / "login"
    known.write_text("gate:s3cret\n")
    for url in ("http://gate:s3cret@192.0.2.1/", "rtsp://gate:s3cret@192.0.2.1/", "ftp://192.0.2.1/", "rtsp://:x/"):
        with pytest.raises(OptionError) as refused:
            registry.make("camera_net", {"url": url})
        assert "s3cret" not in str(refused.value)
    source = Rtsp("rtsp://192.0.2.1/a", login(str(known)), 1)
    assert source._url == "rtsp://gate:s3cret@192.0.2.1/a"
    assert source.where == "rtsp://192.0.2.1/a"
    assert Web("http://192.0.2.1/", login(str(known)), Trust(), 1)._headers["Authorization"].startswith("Basic ")
    known.write_text("nothing")
    with pytest.raises(OptionError, match="name:password"):
        registry.make("camera_net", {"url": "http://192.0.2.1/", "login_file": str(known)})


class Drip(Handler):
    """A camera that sends something all the time, and never a picture."""

    def do_GET(self) -> None:
        if self.path != "/camera":
            return self.reply(b"no", "text/plain", 404)
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"\xff\xd8\xff\xe0")
                self.wfile.flush()
                time.sleep(0.01)
        except OSError:
            return None


def test_a_stream_that_drips_is_a_camera_that_stands_still() -> None:
    with closing(Server("127.0.0.1", 0, Drip)) as server:
        options: Options = {"url": f"{server.url}/camera", "stall_ms": 300}
        with closing(registry.make("camera_net", options)) as camera:
            camera.open()
            with pytest.raises(DeviceGone, match="no picture"):
                watch(camera)
        with pytest.raises(DeviceGone, match="HTTP 404"):
            registry.make("camera_net", {**options, "url": f"{server.url}/other"}).open()


def test_a_camera_with_a_certificate_of_its_own_is_pinned() -> None:
    with closing(Server("127.0.0.1", 0, Drip, tls=True)) as server:
        options: Options = {"url": f"{server.url}/camera", "pin": server.pin}
        with closing(registry.make("camera_net", options)) as camera:
            camera.open()
        with pytest.raises(DeviceGone, match="pinned"):
            registry.make("camera_net", {**options, "pin": "0" * 64}).open()


# ── V4L2 on a stand-in: what is set, in which order, and what the camera would not have ──


class StandIn:
    def __init__(self, *refused: int) -> None:
        self.refused = refused
        self.given: list[tuple[int, float]] = []

    def set(self, what: int, value: float) -> bool:
        self.given.append((what, value))
        return what not in self.refused


def test_exposure_and_gain_are_set_where_the_camera_lets() -> None:
    manual = StandIn(cv2.CAP_PROP_GAIN)
    assert V4l2("/dev/video0", 640, 480, 10, 150, 7)._set(manual) == ["gain"]
    assert manual.given.index((cv2.CAP_PROP_AUTO_EXPOSURE, 1)) < manual.given.index((cv2.CAP_PROP_EXPOSURE, 150))
    automatic = StandIn()
    assert V4l2("/dev/video0", 0, 0, 0, 0, 0)._set(automatic) == []
    asked = {what for what, _ in automatic.given}
    assert (cv2.CAP_PROP_AUTO_EXPOSURE, 3) in automatic.given
    assert not asked & {cv2.CAP_PROP_EXPOSURE, cv2.CAP_PROP_GAIN, cv2.CAP_PROP_FRAME_WIDTH}


class Stuck:
    """A source whose read hangs in a library, as a camera with a bad cable does."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.closed = threading.Event()

    def open(self) -> None: ...

    def next(self) -> None:
        self.release.wait(30)

    def interrupt(self) -> None: ...

    def close(self) -> None:
        self.closed.set()

    def details(self) -> dict[str, str | int | float]:
        return {}


def test_a_read_that_hangs_in_a_library_does_not_hang_the_driver() -> None:
    source = Stuck()
    camera = Camera(lambda: source, Limits(stall_s=0.1))
    camera.open()
    with pytest.raises(DeviceGone, match="no picture"):
        camera.read(5)
    camera.close()
    source.release.set()
    assert source.closed.wait(10), "it is let go as soon as the library returns"


# ── the bytes ──


@given(st.data())
@settings(max_examples=60)
def test_pictures_are_found_however_the_stream_is_cut(data: st.DataObject) -> None:
    between = data.draw(st.sampled_from([b"", b"\r\n--b\r\nContent-Type: image/jpeg\r\n\r\n", b"\0" * 50, b"\xff"]))
    wanted = [picture(v) for v in data.draw(st.lists(st.integers(0, 255), min_size=1, max_size=3))]
    stream = b"".join(between + jpeg for jpeg in wanted)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    splitter = Splitter()
    found = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += splitter.feed(stream[start:end])
    assert found == wanted


@given(st.binary(max_size=400), st.integers(0, 400), st.integers(0, 255))
def test_whatever_comes_is_got_over(noise: bytes, at: int, value: int) -> None:
    spoilt = bytearray(picture())
    spoilt[at % len(spoilt)] = value
    splitter = Splitter()
    found = splitter.feed(noise) + splitter.feed(bytes(spoilt)) + splitter.feed(b"\xff\xd8\xff\0")
    for jpeg in (j for j in found if j is not None):
        try:
            assert codec.decode(jpeg).shape[2] == 3
        except ProtocolError:
            continue


def test_a_picture_cut_off_by_the_next_is_damaged_and_the_next_is_whole() -> None:
    whole = picture()
    assert Splitter().feed(whole[:-10] + whole) == [None, whole]


def test_a_picture_without_end_is_given_up() -> None:
    splitter = Splitter()
    head = picture()[:-2]
    found: list[bytes | None] = []
    for piece in [head, *[bytes(1024 * 1024)] * 9]:
        found += splitter.feed(piece)
    assert found == [None]
    assert len(splitter._buffer) < codec.MAX_JPEG_BYTES
    assert splitter.feed(picture()) == [picture()]


def test_a_picture_that_claims_to_be_huge_is_never_decoded() -> None:
    whole = bytearray(picture())
    at = whole.index(b"\xff\xc0")
    whole[at + 5 : at + 9] = b"\xff\xff\xff\xff"
    with pytest.raises(ProtocolError, match="65535"):
        codec.decode(bytes(whole))
    with pytest.raises(ProtocolError):
        codec.decode(b"\xff\xd8\xff\xd9")


@pytest.mark.parametrize(
    "jpeg", [b"", b"\xff\xd8", picture()[:100], picture().replace(b"\x00\x30\x00\x40", b"\x00\x31\x00\x40")]
)
def test_what_rtp_cannot_carry_is_refused(jpeg: bytes) -> None:
    with pytest.raises(ProtocolError):
        rtp.packets(jpeg, 0, 0, 0)


def test_simulators_that_cannot_stand_say_so(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("")
    local_stages = (
        Stage(tcp="127.0.0.1:0"),
        Stage(variant="x"),
        Stage(library=tmp_path),
        Stage(pty=tmp_path / "there"),
    )
    for stage in local_stages:
        with pytest.raises(OptionError):
            CameraSimulation(stage, LOCAL_VARIANTS)
    for stage in (Stage(tcp="nowhere"), Stage(port="/dev/ttyS0"), Stage(variant="x")):
        with pytest.raises(OptionError):
            CameraSimulation(stage, NET_VARIANTS)
