"""A ZFM module as the terminal uses it: pictures, or its own templates compared on it, or its own library searched."""

import time
from collections.abc import Sequence

from drivers import ProtocolError
from drivers.base import DeviceTemplate, Info, Matched, Means, Modality, Reading, Recognition, Retry, Scan
from drivers.module import ModuleDriver
from drivers.ports import Port
from drivers.zfm import codec
from drivers.zfm.link import Refused
from drivers.zfm.module import TOUCH, Identity, Module
from drivers.zfm.table import ADVICE, ANY_ADDRESS, Code

PATIENCE_S = 2.0  # a picture that takes longer keeps a queue waiting (S1): better to match on the module
FAST_BAUD = 115200


class ZfmDriver(ModuleDriver[Identity]):
    """See drivers.base.Driver, Informed, Watchful and Matcher.

    `baud` 0: found out; `packet_bytes`, `width_px`, `dpi` 0: as the module has them. `patience`: see drivers.hearing.
    """

    def __init__(
        self,
        port: Port,
        *,
        baud: int = 0,
        address: int = ANY_ADDRESS,
        password: int = 0,
        mode: str = "auto",
        packet_bytes: int = 0,
        width_px: int = 0,
        dpi: int = 0,
        patience: float = 1.0,
    ) -> None:
        self._module = Module(port, baud, address, password, patience)
        super().__init__(self._module.link, self._module, mode)
        self._packet_bytes, self._width_px, self._dpi = packet_bytes, width_px, dpi

    def read(self, timeout_s: float) -> Reading | None:
        with self._session():
            touched = self._touched(timeout_s)
            if touched is not True:
                return touched or None
            return self._searched() if self._mode == "search" else self._scanned()

    def take(self, timeout_s: float) -> DeviceTemplate | Retry | None:
        with self._session():
            touched = self._featured(timeout_s)
            if touched is not True:
                return touched or None
            return DeviceTemplate(self.family, self._module.template(TOUCH))

    def match(self, candidates: Sequence[DeviceTemplate], timeout_s: float) -> Matched | Retry | None:
        with self._session():
            touched = self._featured(timeout_s)
            if touched is not True:
                return touched or None
            family = self.family
            template = DeviceTemplate(family, self._module.template(TOUCH))
            scores = tuple(self._module.score(c.data) if c.family == family else None for c in candidates)
            return Matched(scores, template)

    def info(self) -> Info:
        with self._lock:
            known = self._known()
            port, image_bytes = self._module.link.port, known.model.width_px * known.model.height_px // 2
            image_s = self._measured_s or codec.transfer_s(image_bytes, self._module.link.packet_bytes, port.baud)
            fast_s = codec.transfer_s(image_bytes, self._module.link.packet_bytes, FAST_BAUD)
            details: dict[str, str | int | float] = {
                "baud": port.baud,
                "address": f"{self._module.link.address:08x}",
                "packet_bytes": self._module.link.packet_bytes,
                "width_px": self._width_px or known.model.width_px,
                "height_px": known.model.height_px,
                "dpi": self._dpi or known.model.dpi,
                "template_bytes": known.model.template_bytes,
                "library": known.library,
                "security": known.security,
                "image_s": round(image_s, 2),
                "image_measured": int(self._measured_s is not None),
                "use": "image" if image_s <= PATIENCE_S else "match",
            }
            # A line that is measured to be faster than serial lines are has nothing to gain.
            if port.baud < FAST_BAUD and fast_s < image_s:
                details["advice"] = f"set {FAST_BAUD} baud: a picture would take {fast_s:.2f} s"
            return Info(known.model.name, known.firmware, known.serial, details)

    def set_baud(self, baud: int) -> None:
        """For provisioning: the module keeps it, and answers at it from now on. Raises ProtocolError, DeviceGone."""
        with self._session(lit=False):
            self._module.set_baud(baud)
            self._measured_s = None

    def pages(self) -> list[int]:
        """Which pages of the module's library are taken. Raises ProtocolError, DeviceGone."""
        with self._session(lit=False) as known:
            return self._module.pages(known.library)

    def _found(self) -> Identity:
        identity = self._module.open()
        if self._packet_bytes and self._packet_bytes != identity.packet_bytes:
            self._module.set_packets(self._packet_bytes)
        self._touch.held = self._module.capture() is not Code.NO_FINGER
        return identity

    def _light(self, known: Identity, *, on: bool) -> None:
        self._module.light(known, on=on)

    def _darken(self, known: Identity) -> None:
        self._module.dark(known)

    def _look(self, held: bool) -> bool | Retry:
        code = self._module.capture()
        return code is Code.OK or (code is not Code.NO_FINGER and _retry(code))

    def _featured(self, timeout_s: float) -> bool | Retry:
        """As `_touched`, with the touch's features in the module's first buffer."""
        touched = self._touched(timeout_s)
        if touched is True and (code := self._module.features(TOUCH)) is not Code.OK:
            return _retry(code)
        return touched

    def _scanned(self) -> Reading:
        known, start = self._known(), time.monotonic()
        width_px = self._width_px or known.model.width_px
        try:
            data = self._module.picture(width_px, known.model.height_px)
        except Refused as refused:
            return _retry(refused.code)
        self._measured_s = time.monotonic() - start
        image = codec.picture(data, width_px)
        return Scan(image, float(self._dpi or known.model.dpi), Modality.FINGER)

    def _searched(self) -> Reading:
        code = self._module.features(TOUCH)
        if code is not Code.OK:
            return _retry(code)
        found = self._module.search(TOUCH, self._known().library)
        return _retry(Code.NOT_FOUND) if found is None else Recognition(str(found[0]), Means.FINGER)


def _retry(code: Code) -> Retry:
    """What the person can do. Raises ProtocolError when it is nothing a person can mend."""
    if code not in ADVICE:
        raise ProtocolError(f"the module answers {code:02X} ({code.name})")
    return Retry(ADVICE[code])
