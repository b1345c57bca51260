"""A pretended registered device: the three verbs on a port, as vendors' services answer them. What it seals is noise.

touch · lift · garble · again (the next capture fails with 730) · ready · notready · used · help
"""

import base64
import os
import re
import time
from functools import partial
from xml.sax.saxutils import quoteattr

from drivers.entry import Stage
from drivers.playing import Orders
from drivers.rdservice.variants import VARIANTS
from drivers.web_sim import Handler, WebSimulation

_PORT = 11100


class RdSimulation(WebSimulation):
    usage = "touch, lift, garble, again, ready, notready, used"

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage, VARIANTS)
        self.finger = self.garbled = self.again = False
        self.status = "NOTREADY" if self.variant == "notready" else "READY"
        self.checking = self.variant in ("mantra", "tls")
        self.serve(stage, _PORT, _Handler, tls=self.variant == "tls")

    def orders(self) -> Orders:
        return {
            "touch": self._touch,
            "lift": lambda: setattr(self, "finger", False),
            "garble": lambda: self._touch(garbled=True),
            "again": lambda: self._touch(again=True),
            **{word: partial(setattr, self, "status", word.upper()) for word in ("ready", "notready", "used")},
        }

    def _touch(self, *, garbled: bool = False, again: bool = False) -> None:
        self.finger, self.garbled, self.again = True, self.garbled or garbled, self.again or again

    def paths(self) -> tuple[str, str]:
        here = f"127.0.0.1:{self.port}"
        return {
            "morpho": (f"/{here}/getDeviceInfo", f"/{here}/capture"),
            "startek": (f"http://{here}/rd/info", f"http://{here}/rd/capture"),
        }.get(self.variant, ("/rd/info", "/rd/capture"))

    def service(self) -> str:
        info, capture = self.paths()
        return (
            f'<RDService status="{self.status}" info="a pretended registered device, {self.variant}">'
            f'<Interface id="DEVICEINFO" path={quoteattr(info)}/><Interface id="CAPTURE" path={quoteattr(capture)}/>'
            "</RDService>"
        )

    def device(self) -> str:
        return (
            '<DeviceInfo dpId="PRETENDED.SIM" rdsId="PRETENDED.SIM.001" rdsVer="1.0.0" dc="" mc="" mi="SIM-L1">'
            '<additional_info><Param name="srno" value="SIM0001"/></additional_info></DeviceInfo>'
        )

    def capture(self, asked: bytes) -> str:
        """The answer to CAPTURE, after somebody came or the time it was given is over."""
        timeout = re.search(rb'timeout="(\d{1,6})"', asked)
        if b"<PidOptions" not in asked or timeout is None:
            return _failed(100, "Invalid PidOptions input")
        if self.checking:
            self.checking = False
            return _failed(-1509, "Still checking the status of the device")
        if self.status == "NOTREADY":
            return _failed(720, "Device not ready")
        if self.status == "USED":
            return _failed(710, "Device is being used by another application")
        with self.changed:
            here = self.changed.wait_for(lambda: self.finger or self.closed, int(timeout[1]) / 1000)
            if not here or self.closed:
                return _failed(700, "Capture timed out")
            self.finger = False
            garbled, self.garbled = self.garbled, False
            again, self.again = self.again, False
        if again:
            return _failed(730, "Capture failed")
        if self.pacing:
            time.sleep(0.4)
        whole = self._sealed()
        return whole[: len(whole) // 2] if garbled else whole

    def _sealed(self) -> str:
        skey, hmac, data = (base64.b64encode(os.urandom(size)).decode() for size in (256, 48, 1200))
        return (
            '<?xml version="1.0"?>'
            '<PidData><Resp errCode="0" errInfo="" fCount="1" fType="0" nmPoints="31" qScore="68"/>'
            f'{self.device()}<Skey ci="20280101">{skey}</Skey><Hmac>{hmac}</Hmac><Data type="X">{data}</Data></PidData>'
        )


def _failed(code: int, words: str) -> str:
    counts = 'fCount="0" fType="0" nmPoints="0" qScore="0"'
    return f'<PidData><Resp errCode="{code}" errInfo={quoteattr(words)} {counts}/></PidData>'


class _Handler(Handler):
    sim: RdSimulation

    def do_RDSERVICE(self) -> None:  # noqa: N802 - by the verb
        self._answer(self.sim.service())

    def do_DEVICEINFO(self) -> None:  # noqa: N802 - by the verb
        self._answer(self.sim.device())

    def do_CAPTURE(self) -> None:  # noqa: N802 - by the verb
        self._answer(self.sim.capture(self.body()))

    def do_OPTIONS(self) -> None:  # noqa: N802 - by the verb
        verbs = "RDSERVICE,DEVICEINFO,CAPTURE"
        self.reply(b"", "text/plain", Access_Control_Allow_Origin="*", Access_Control_Allow_Methods=verbs)

    def _answer(self, xml: str) -> None:
        self.reply(xml.encode(), "text/xml", Access_Control_Allow_Origin="*")
