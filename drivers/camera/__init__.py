"""Cameras for faces: `camera` on this machine (V4L2, a pipe or socket of motion JPEG, a file), `camera_net` on the LAN.

Two entries over one driver, because a device of the network belongs to the bridge and one of this machine does not.
"""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from drivers import DeviceGone, OptionError
from drivers.base import Driver, Feature
from drivers.entry import Entry, Option, Options, Simulation, Simulator, Stage

if TYPE_CHECKING:
    from drivers.camera.source import Source

LOCAL_VARIANTS = {"socket": "motion JPEG on a Unix socket; --pty LINK: a link to it"}
NET_VARIANTS = {
    "http": "motion JPEG over HTTP, multipart/x-mixed-replace",
    "rtsp": "RTSP with RTP/JPEG (RFC 2435) interleaved in its connection",
}


def _camera(options: Options, make: "Callable[[], Source]") -> Driver:
    from drivers.camera.driver import Camera, Limits

    quarters, rest = divmod(int(options["rotate"]), 90)
    if rest:
        raise OptionError("rotate: expected 0, 90, 180 or 270")
    max_age_s, stall_s, frozen_s = (int(options[name]) / 1000 for name in ("max_age_ms", "stall_ms", "frozen_ms"))
    return Camera(make, Limits(max_age_s, stall_s, frozen_s), quarters)


def _local(options: Options) -> Driver:
    from drivers.camera.source import Piped
    from drivers.camera.video import File, V4l2

    path = str(options["source"])

    def make() -> "Source":
        """By what lies there now: it may have been plugged in a moment ago."""
        try:
            mode = Path(path).stat().st_mode
        except OSError as error:
            raise DeviceGone(f"{path}: {error.strerror}") from None
        if stat.S_ISSOCK(mode) or stat.S_ISFIFO(mode):
            return Piped(Path(path))
        if not os.access(path, os.R_OK):
            raise DeviceGone(f"{path}: no permission to use it")
        if stat.S_ISCHR(mode):
            figures = (int(options[name]) for name in ("width", "height", "fps", "exposure", "gain"))
            return V4l2(path, *figures)
        return File(path)

    return _camera(options, make)


def _net(options: Options) -> Driver:
    from drivers.camera.source import Web, login
    from drivers.camera.video import Rtsp
    from drivers.web import Trust

    url, stall_s = str(options["url"]), int(options["stall_ms"]) / 1000
    known = login(str(options["login_file"]))
    trust = Trust(str(options["pin"]), str(options["ca"]))

    def make() -> "Source":
        return Rtsp(url, known, stall_s) if url.startswith("rtsp") else Web(url, known, trust, stall_s)

    make()  # so that an address that is none is refused now and not at the first picture
    return _camera(options, make)


def _start(stage: Stage) -> Simulation:
    from drivers.camera.sim import CameraSimulation

    return CameraSimulation(stage, LOCAL_VARIANTS)


def _start_net(stage: Stage) -> Simulation:
    from drivers.camera.sim import CameraSimulation

    return CameraSimulation(stage, NET_VARIANTS)


_SHARED = {
    "max_age_ms": Option(int, 500, "a picture older than this is passed over", 20, 60000),
    "stall_ms": Option(int, 5000, "when no picture came for so long, the camera is opened anew", 200, 600000),
    "frozen_ms": Option(int, 10000, "when the same picture comes for so long, it is, too; 0: it may", 0, 600000),
    "rotate": Option(int, 0, "degrees clockwise that set the picture upright: 0, 90, 180 or 270", 0, 270),
}
_FEATURES = Feature.IMAGE | Feature.STREAM

ENTRY = Entry(
    summary="a camera on this machine: V4L2, motion JPEG from a pipe or Unix socket, or a video file",
    features=_FEATURES,
    options={
        "source": Option(str, "/dev/video0", "the camera's device, or a pipe, socket or video file"),
        "width": Option(int, 640, "pixels; 0: the camera's own (V4L2)", 0, 4096),
        "height": Option(int, 480, "pixels; 0: the camera's own (V4L2)", 0, 4096),
        "fps": Option(int, 10, "pictures a second; 0: the camera's own (V4L2)", 0, 240),
        "exposure": Option(int, 0, "in the camera's unit, mostly 100 µs; 0: automatic (V4L2)", 0, 100000),
        "gain": Option(int, 0, "in the camera's unit; 0: its own (V4L2)", 0, 100000),
        **_SHARED,
    },
    make=_local,
    simulator=Simulator(LOCAL_VARIANTS, _start),
)

NET_ENTRY = Entry(
    summary="a camera on the LAN: RTSP, or motion JPEG over HTTP",
    features=_FEATURES,
    options={
        "url": Option(str, None, "rtsp://host/path or http://host/path, without a password in it"),
        "login_file": Option(str, "", "file with one line, name:password"),
        "pin": Option(str, "", "SHA-256 of the camera's certificate (https)"),
        "ca": Option(str, "", "file of authorities to trust (https); empty: the system's"),
        **_SHARED,
    },
    make=_net,
    network=True,
    simulator=Simulator(NET_VARIANTS, _start_net),
)
