"""A pretended camera: pictures of a folder, or drawn ones, as motion JPEG on a socket or over HTTP, or as RTP/JPEG.

    frame · play [FPS] · pause · freeze (one picture again and again) · garble · end (hang up) · help

With pacing it plays by itself, 10 pictures a second; without, a picture is sent when it is asked for. The drawn ones
show a disc that moves over a test card: no picture of anybody.
"""

import contextlib
import os
import select
import socket
import tempfile
import threading
import time
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers import OptionError, ProtocolError, pictures
from drivers.camera import rtp
from drivers.entry import Stage
from drivers.web_sim import address

_FPS = 10.0
_HTTP_PORT, _RTSP_PORT = 8081, 8554
_PATIENCE_S = 5.0
_BOUNDARY = b"hazri-frame"


class CameraSimulation:
    def __init__(self, stage: Stage, variants: Mapping[str, str]) -> None:
        variant = stage.variant or next(iter(variants))
        if variant not in variants:
            raise OptionError(f"variant = {variant!r}: expected one of {', '.join(variants)}")
        self._pictures = _library(stage.library)
        self._numbers = count()
        self._frozen = False
        self._done = threading.Event()
        self._pause_s = 1 / _FPS if stage.pacing else 0.0
        self._lock = threading.Lock()
        self._viewers: list[Viewer] = []
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._link: Path | None = None
        self._listener = self._local(stage) if variant == "socket" else _listen(stage, variant)
        self._kind = {"socket": _Plain, "http": _Http, "rtsp": _Rtsp}[variant]
        self._thread = threading.Thread(target=self._run, name="camera-sim", daemon=True)
        self._thread.start()

    @property
    def where(self) -> str:
        """A path, or an address."""
        if self._folder is not None:
            return str(self._link or f"{self._folder.name}/camera.sock")
        host, port = self._listener.getsockname()[:2]
        return f"rtsp://{host}:{port}/camera" if self._kind is _Rtsp else f"http://{host}:{port}/camera"

    @property
    def port(self) -> int:
        """Its TCP port."""
        return int(self._listener.getsockname()[1])

    def do(self, what: str) -> str:
        word, _, rest = what.strip().partition(" ")
        match word:
            case "help":
                return "frame, play [FPS], pause, freeze, garble, end"
            case "frame":
                return f"{self.send(self._next())} looked"
            case "garble":
                # A start, a head, and then no segment: damaged from there on, without waiting for the next picture.
                return f"{self.send(self._next()[:20] + bytes(200))} looked"
            case "play":
                self._frozen, self._pause_s = False, 1 / _rate(rest)
            case "pause":
                self._pause_s = 0.0
            case "freeze":
                self._frozen = True
            case "end":
                self._hang_up()
            case _:
                raise ProtocolError(f"{word!r}: expected frame, play, pause, freeze, garble or end")
        return "ok"

    def send(self, jpeg: bytes) -> int:
        """To everybody who looks; how many did. Who connected before, looks."""
        with self._lock:
            self._accept()
            self._viewers = [viewer for viewer in self._viewers if viewer.send(jpeg)]
            return len(self._viewers)

    def close(self) -> None:
        self._done.set()
        self._thread.join()
        self._hang_up()
        self._listener.close()
        if self._link is not None:
            self._link.unlink(missing_ok=True)
        if self._folder is not None:
            self._folder.cleanup()

    def _run(self) -> None:
        while not self._done.wait(self._pause_s or 0.02):
            if self._pause_s:
                self.send(self._next())
            else:
                with self._lock:
                    self._accept()

    def _next(self) -> bytes:
        number = 0 if self._frozen else next(self._numbers)
        return self._pictures[number % len(self._pictures)] if self._pictures else _card(number)

    def _accept(self) -> None:
        """Those who left are seen off, and those who wait at the door taken in, as their protocol has it."""
        self._viewers = [viewer for viewer in self._viewers if viewer.looks()]
        while select.select([self._listener], [], [], 0)[0]:
            connection = self._listener.accept()[0]
            connection.settimeout(_PATIENCE_S)
            viewer = self._kind(connection)
            if viewer.begin():
                self._viewers.append(viewer)

    def _hang_up(self) -> None:
        with self._lock:
            for viewer in self._viewers:
                viewer.close()
            self._viewers = []

    def _local(self, stage: Stage) -> socket.socket:
        if stage.tcp or stage.port:
            raise OptionError("this variant stands on a Unix socket: give --pty LINK, or nothing")
        folder = tempfile.TemporaryDirectory(prefix="hazri-camera-")
        path = Path(folder.name) / "camera.sock"
        if stage.pty is not None:
            try:
                stage.pty.symlink_to(path)
            except OSError as error:
                folder.cleanup()
                raise OptionError(f"pty = {stage.pty}: {error.strerror}") from None
        self._folder, self._link = folder, stage.pty
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(path))
        listener.listen()
        return listener


class Viewer(Protocol):
    """Somebody who looks."""

    def begin(self) -> bool:
        """Say what comes before the first picture; whether they still look."""
        ...

    def send(self, jpeg: bytes) -> bool:
        """One picture, or a part of one; whether they still look."""
        ...

    def looks(self) -> bool:
        """Whether they still do."""
        ...

    def close(self) -> None: ...


class _Plain:
    """One JPEG after the other."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def begin(self) -> bool:
        return True

    def send(self, jpeg: bytes) -> bool:
        try:
            self._connection.sendall(self._dress(jpeg))
        except OSError:
            self.close()
            return False
        return True

    def looks(self) -> bool:
        there = True
        with contextlib.suppress(OSError):
            while there and select.select([self._connection], [], [], 0)[0]:
                there = bool(self._connection.recv(4096))  # reports and keep-alives: nobody waits for an answer
        if not there:
            self.close()
        return there

    def close(self) -> None:
        self._connection.close()

    def _dress(self, jpeg: bytes) -> bytes:
        return jpeg

    def _request(self) -> bytes:
        """One request's head; empty when they left or said too much."""
        data = b""
        with contextlib.suppress(OSError):
            while b"\r\n\r\n" not in data and len(data) < 8192:
                more = self._connection.recv(1)
                if not more:
                    return b""
                data += more
        return data


class _Http(_Plain):
    """multipart/x-mixed-replace."""

    def begin(self) -> bool:
        fine = self._request().startswith(b"GET ")
        kind = b"multipart/x-mixed-replace;boundary=" + _BOUNDARY
        try:
            if fine:
                self._connection.sendall(
                    b"HTTP/1.0 200 OK\r\nContent-Type: " + kind + b"\r\n\r\n--" + _BOUNDARY + b"\r\n"
                )
            else:
                self._connection.sendall(b"HTTP/1.0 405 Method Not Allowed\r\n\r\n")
        except OSError:
            fine = False
        if not fine:
            self.close()
        return fine

    def _dress(self, jpeg: bytes) -> bytes:
        head = b"Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg)
        return head + jpeg + b"\r\n--" + _BOUNDARY + b"\r\n"


class _Rtsp(_Plain):
    """RTSP up to PLAY, and then RTP in the same connection; UDP is refused."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(connection)
        self._number = 0
        self._source = int.from_bytes(os.urandom(4), "big")

    def begin(self) -> bool:
        """The conversation up to PLAY."""
        while request := self._request():
            verb = request.split(b" ", 1)[0].decode(errors="replace")
            if not self._answer(verb, request):
                break
            if verb == "PLAY":
                return True
        self.close()
        return False

    def _answer(self, verb: str, request: bytes) -> bool:
        heads = dict(line.split(b":", 1) for line in request.split(b"\r\n")[1:] if b":" in line)
        status, more, body = "200 OK", "", ""
        match verb:
            case "OPTIONS":
                more = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN\r\n"
            case "DESCRIBE":
                body = rtp.describe(self._connection.getsockname()[0])
                more = f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n"
            case "SETUP" if b"TCP" not in heads.get(b"Transport", b""):
                status = "461 Unsupported Transport"
            case "SETUP":
                more = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
        number = heads.get(b"CSeq", b" 0").strip().decode(errors="replace")
        answer = f"RTSP/1.0 {status}\r\nCSeq: {number}\r\nSession: 1\r\n{more}\r\n{body}"
        with contextlib.suppress(OSError):
            self._connection.sendall(answer.encode())
            return verb != "TEARDOWN"
        return False

    def _dress(self, jpeg: bytes) -> bytes:
        try:
            found = rtp.packets(jpeg, self._number, time.monotonic(), self._source)
        except ProtocolError:
            return b""  # half a picture: nothing that RTP could carry
        self._number += len(found)
        return b"".join(b"$\0" + len(packet).to_bytes(2, "big") + packet for packet in found)


def _listen(stage: Stage, variant: str) -> socket.socket:
    host, port = address(stage, _RTSP_PORT if variant == "rtsp" else _HTTP_PORT)
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise OptionError(f"{host}:{port}: cannot listen: {error.strerror or error}") from None


def _rate(text: str) -> float:
    try:
        fps = float(text or _FPS)
    except ValueError:
        fps = 0.0
    if not 0.1 <= fps <= 120:
        raise ProtocolError(f"play {text}: expected pictures a second, 0.1 to 120")
    return fps


def _library(folder: Path | None) -> list[bytes]:
    if folder is None:
        return []
    return [_jpeg(_cut(image)) for _, image in pictures.every(folder, colours=True)]


def _cut(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """To whole blocks of a JPEG, as RTP has them."""
    rows, columns = (side - side % pictures.LEAST_PX for side in image.shape[:2])
    return image[:rows, :columns]


def _card(number: int) -> bytes:
    """A test card, and a disc whose place tells the picture's number."""
    image = np.zeros((240, 320, 3), np.uint8)
    image[:, :, 0] = np.linspace(0, 255, 320, dtype=np.uint8)
    image[:, :, 1] = np.linspace(0, 255, 240, dtype=np.uint8)[:, None]
    cv2.circle(image, (20 + number * 7 % 280, 20 + number * 11 % 200), 16, (255, 255, 255), -1)
    return _jpeg(image)


def _jpeg(image: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bytes:
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()
