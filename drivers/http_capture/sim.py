"""A pretended capture service in both vendors' shapes, with pictures of a folder or drawn ones laid on its glass.

touch [FILE] · lift · garble · gone · back · help        without FILE: the library's pictures in turn
"""

import base64
import json
import math
import time
from itertools import cycle
from pathlib import Path
from urllib.parse import parse_qs

import cv2
import numpy as np

from drivers import pictures
from drivers.entry import Stage
from drivers.http_capture import VARIANTS
from drivers.playing import Orders
from drivers.web_sim import Handler, WebSimulation

_PORTS = {"mantra": 8004, "mantra-tls": 8003, "secugen": 8443, "secugen-plain": 8443, "l1": 8004}


class CaptureSimulation(WebSimulation):
    usage = "touch [FILE], lift, garble, gone, back"

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage, VARIANTS)
        self._pictures = cycle(_library(stage.library))
        self.glass: bytes | None = None  # the BMP that lies there
        self.garbled = self.away = False
        shape = _SecuGen if self.variant.startswith("secugen") else _Mantra
        self.serve(stage, _PORTS[self.variant], shape, tls=self.variant in ("mantra-tls", "secugen"))
        self.url += "/mfs100/" if shape is _Mantra else "/"

    def orders(self) -> Orders:
        return {
            "touch": lambda *file: self._lay(
                _encode(pictures.picture(Path(" ".join(file)))) if file else next(self._pictures)
            ),
            "lift": lambda: self._lay(None),
            "garble": lambda: self._lay(next(self._pictures), garbled=True),
            "gone": lambda: setattr(self, "away", True),
            "back": lambda: setattr(self, "away", False),
        }

    def _lay(self, glass: bytes | None, *, garbled: bool = False) -> None:
        self.glass, self.garbled = glass, garbled

    def take(self, timeout_s: float) -> bytes | None:
        """The BMP on the glass, once there is one; None when nobody came."""
        with self.changed:
            self.changed.wait_for(lambda: self.glass is not None or self.closed or self.away, timeout_s)
            found, garbled = self.glass, self.garbled
        if found is None:
            return None
        if self.pacing:
            time.sleep(0.3)
        return found[: len(found) // 2] if garbled else found


class _Mantra(Handler):
    sim: CaptureSimulation

    def do_GET(self) -> None:  # noqa: N802 - by the verb
        if self.path != "/mfs100/info":
            return self._say({"ErrorCode": "-1", "ErrorDescription": "unknown"}, 404)
        if self.sim.away:
            return self._say(_NOT_CONNECTED)
        device = {"Make": "Pretended", "Model": "SIM100", "SerialNo": "SIM0001", "Width": 316, "Height": 354}
        return self._say({**_SUCCESS, "DeviceInfo": device})

    def do_POST(self) -> None:  # noqa: N802 - by the verb
        try:
            asked = json.loads(self.body())
            timeout_s = float(asked["TimeOut"])
        except (ValueError, KeyError, TypeError):
            return self._say({"ErrorCode": "-1", "ErrorDescription": "bad request"})
        if self.path != "/mfs100/capture":
            return self._say({"ErrorCode": "-1", "ErrorDescription": "unknown"}, 404)
        bmp = None if self.sim.away else self.sim.take(min(max(timeout_s, 1), 60))
        if self.sim.away:
            return self._say(_NOT_CONNECTED)
        if bmp is None:
            return self._say({"ErrorCode": "-1140", "ErrorDescription": "Timeout"})
        text = "" if self.sim.variant == "l1" else base64.b64encode(bmp).decode()
        picture = {"BitmapData": text, "Quality": "72", "Nfiq": "2", "Resolution": "500"}
        return self._say({**_SUCCESS, **picture, "IsoTemplate": base64.b64encode(_ISO).decode()})

    def _say(self, message: dict[str, object], status: int = 200) -> None:
        self.reply(json.dumps(message).encode(), "application/json", status, Access_Control_Allow_Origin="*")


class _SecuGen(Handler):
    sim: CaptureSimulation

    def do_POST(self) -> None:  # noqa: N802 - by the verb
        form = parse_qs(self.body().decode(errors="replace"))
        if self.path != "/SGIFPCapture":
            return self._say({"ErrorCode": 10001}, 404)
        asked = form.get("Timeout", ["10000"])[0]
        bmp = None if self.sim.away else self.sim.take(int(asked) / 1000 if asked.isdecimal() else 10)
        if self.sim.away:
            return self._say({"ErrorCode": 55})
        if bmp is None:
            return self._say({"ErrorCode": 54})
        picture = {"ImageWidth": 300, "ImageHeight": 400, "ImageDPI": 500, "ImageQuality": 72, "NFIQ": 2}
        device = {"Manufacturer": "Pretended", "Model": "SIM20", "SerialNumber": "SIM0001"}
        texts = {"BMPBase64": base64.b64encode(bmp).decode(), "TemplateBase64": base64.b64encode(_ISO).decode()}
        return self._say({"ErrorCode": 0, **device, **picture, **texts})

    def _say(self, message: dict[str, object], status: int = 200) -> None:
        self.reply(json.dumps(message).encode(), "application/json", status, Access_Control_Allow_Origin="*")


_SUCCESS: dict[str, object] = {"ErrorCode": "0", "ErrorDescription": "Success"}
_NOT_CONNECTED: dict[str, object] = {"ErrorCode": "-1307", "ErrorDescription": "Device not connected"}
_ISO = b"FMR\x00 20\x00" + bytes(18)  # a record's head with no minutiae in it: ISO/IEC 19794-2:2005, 8.3


def _library(folder: Path | None) -> list[bytes]:
    """The pictures of a folder, or a file, as BMP; without one, rings that no finger has."""
    if folder is None:
        return [_encode(_rings(turn)) for turn in range(4)]
    return [_encode(image) for _, image in pictures.every(folder)]


def _encode(image: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bytes:
    return cv2.imencode(".bmp", image)[1].tobytes()


def _rings(turn: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    rows, columns = np.mgrid[0:354, 0:316]
    waves = np.sin(np.hypot(rows - 150 - 20 * turn, columns - 158) * (2 * math.pi / 9))
    return np.asarray(128 + 100 * waves, np.uint8)
