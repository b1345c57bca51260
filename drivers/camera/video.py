"""Pictures through OpenCV: V4L2 cameras, video files, RTSP."""

import os
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit, urlunsplit

from drivers import DeviceGone, OptionError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# OpenCV hands settings for FFmpeg through the environment: one opening at a time. RTP over UDP loses packets on Wi-Fi,
# and FFmpeg's own log would show an address with its password.
_OPENING = threading.Lock()
_FFMPEG = {"OPENCV_FFMPEG_CAPTURE_OPTIONS": "rtsp_transport;tcp", "OPENCV_FFMPEG_LOGLEVEL": "-8"}
_MANUAL, _AUTOMATIC = 1, 3  # V4L2_CID_EXPOSURE_AUTO: manual, aperture priority (Linux, v4l2-controls.h)


class Video:
    """See drivers.camera.source.Source. A subclass opens the capture."""

    where: str

    def __init__(self) -> None:
        self._capture: Any = None
        self._stop = threading.Event()

    def open(self) -> None:
        self._capture = self._start()
        if not self._capture.isOpened():
            raise DeviceGone(f"{self.where}: no picture can be had from it")

    def next(self) -> "NDArray[np.uint8] | None":
        import cv2
        import numpy as np

        if self._stop.is_set():
            raise DeviceGone(f"{self.where}: closed")
        try:
            fine, image = self._capture.read()
        except cv2.error:
            fine, image = False, None
        if not fine or image is None:
            raise DeviceGone(f"{self.where}: the stream ended")
        return np.asarray(image, np.uint8)

    def interrupt(self) -> None:
        self._stop.set()

    def close(self) -> None:
        if self._capture is not None:
            self._capture.release()

    def details(self) -> dict[str, str | int | float]:
        import cv2

        figures: dict[str, str | int | float] = {"source": self.where}
        for name, what in (("width", cv2.CAP_PROP_FRAME_WIDTH), ("height", cv2.CAP_PROP_FRAME_HEIGHT)):
            figures[name] = int(self._capture.get(what))
        figures["fps"] = round(float(self._capture.get(cv2.CAP_PROP_FPS)), 1)
        return figures

    def _start(self) -> Any:
        raise NotImplementedError


class V4l2(Video):
    """A camera of the kernel's. 0 leaves resolution, rate and gain to the camera, and exposure to its automatic."""

    def __init__(self, path: str, width: int, height: int, fps: int, exposure: int, gain: int) -> None:
        super().__init__()
        self.where = path
        self._wanted = {"width": width, "height": height, "fps": fps, "exposure": exposure, "gain": gain}
        self._refused: list[str] = []

    def details(self) -> dict[str, str | int | float]:
        return {**super().details(), "kind": "V4L2", "refused": " ".join(self._refused)}

    def _start(self) -> Any:
        import cv2

        # The path itself: OpenCV looks at a device's name, and a link of udev's has another one.
        capture = cv2.VideoCapture(os.path.realpath(self.where), cv2.CAP_V4L2)
        if capture.isOpened():
            self._refused = self._set(capture)
        return capture

    def _set(self, capture: Any) -> list[str]:
        """Set what is wanted; the names of what the camera would not have."""
        import cv2

        wanted = self._wanted
        steps = [
            # Compressed: raw pictures of 720p fill a USB 2 bus, and then the rate drops.
            ("mjpg", cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG")),
            ("buffer", cv2.CAP_PROP_BUFFERSIZE, 1),
            ("width", cv2.CAP_PROP_FRAME_WIDTH, wanted["width"]),
            ("height", cv2.CAP_PROP_FRAME_HEIGHT, wanted["height"]),
            ("fps", cv2.CAP_PROP_FPS, wanted["fps"]),
            ("automatic", cv2.CAP_PROP_AUTO_EXPOSURE, _MANUAL if wanted["exposure"] else _AUTOMATIC),
            ("exposure", cv2.CAP_PROP_EXPOSURE, wanted["exposure"]),
            ("gain", cv2.CAP_PROP_GAIN, wanted["gain"]),
        ]
        return [name for name, what, value in steps if value and not capture.set(what, value)]


class File(Video):
    """A video file at its own pace."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.where = path
        self._due_s = 0.0

    def next(self) -> "NDArray[np.uint8] | None":
        import cv2

        rate = float(self._capture.get(cv2.CAP_PROP_FPS))
        pause_s = 1 / rate if 1 <= rate <= 240 else 0.04
        now_s = time.monotonic()
        self._stop.wait(max(0.0, self._due_s - now_s))
        self._due_s = max(self._due_s, now_s) + pause_s
        return super().next()

    def details(self) -> dict[str, str | int | float]:
        return {**super().details(), "kind": "file"}

    def _start(self) -> Any:
        import cv2

        with _OPENING:
            os.environ.update(_FFMPEG)
            return cv2.VideoCapture(self.where, cv2.CAP_FFMPEG)


class Rtsp(Video):
    """A network camera, RTP interleaved in its RTSP connection. `login`: "name:password", or empty."""

    def __init__(self, url: str, login: str, stall_s: float) -> None:
        """Raises OptionError."""
        super().__init__()
        try:
            parts = urlsplit(url)
            _ = parts.port
        except ValueError:
            raise OptionError(f"{url!r} is not an rtsp:// address") from None
        if parts.scheme not in ("rtsp", "rtsps") or not parts.hostname or parts.username or parts.password:
            raise OptionError("expected rtsp://host/path, without a name or password: those are in the login file")
        self.where = url
        self._stall_ms = max(1, round(stall_s * 1000))
        name, _, password = login.partition(":")
        inside = f"{quote(name, safe='')}:{quote(password, safe='')}@" if login else ""
        self._url = urlunsplit(parts._replace(netloc=inside + parts.netloc))

    def details(self) -> dict[str, str | int | float]:
        return {**super().details(), "kind": "RTSP"}

    def _start(self) -> Any:
        import cv2

        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, self._stall_ms, cv2.CAP_PROP_READ_TIMEOUT_MSEC, self._stall_ms]
        with _OPENING:
            os.environ.update(_FFMPEG)
            return cv2.VideoCapture(self._url, cv2.CAP_FFMPEG, limits)
