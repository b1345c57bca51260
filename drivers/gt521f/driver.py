"""A GT-511C or GT-521F module as the terminal uses it: pictures, its own templates, or its own database."""

import contextlib
import time
from collections.abc import Sequence

from drivers import DeviceGone, ProtocolError
from drivers.base import DeviceTemplate, Info, Matched, Means, Modality, Reading, Recognition, Retry, Scan
from drivers.gt521f import codec
from drivers.gt521f.codec import ADVICE, Nack
from drivers.gt521f.link import Refused
from drivers.gt521f.module import RAW_PX, Identity, Module
from drivers.module import ModuleDriver
from drivers.ports import Port

PATIENCE_S = 5.0  # at 115200 baud a picture takes 4.5 s; slower than that, matching on the module is better
DPI, RAW_DPI = 450, 275  # of the optical sensor by its datasheet; of the thinned-out raw picture, from its size


class Gt521fDriver(ModuleDriver[Identity]):
    """See drivers.base.Driver, Informed, Watchful, Bare and Matcher.

    `baud` 0: found out, then 115200; `raw`: the small picture. `patience`: see drivers.hearing.
    """

    def __init__(
        self,
        port: Port,
        *,
        baud: int = 0,
        mode: str = "auto",
        raw: bool = False,
        dpi: int = 0,
        patience: float = 1.0,
    ) -> None:
        self._module = Module(port, baud, patience)
        super().__init__(self._module.link, self._module, mode)
        self._raw, self._dpi = raw, dpi or (RAW_DPI if raw else DPI)

    def read(self, timeout_s: float) -> Reading | None:
        with self._session() as known:
            touched = self._touched(timeout_s)
            if touched is not True:
                return touched or None
            return self._searched() if self._mode == "search" else self._scanned(known)

    def take(self, timeout_s: float) -> DeviceTemplate | Retry | None:
        with self._session() as known:
            touched = self._touched(timeout_s)
            return self._template(known) if touched is True else touched or None

    def match(self, candidates: Sequence[DeviceTemplate], timeout_s: float) -> Matched | Retry | None:
        with self._session() as known:
            touched = self._touched(timeout_s)
            if touched is not True:
                return touched or None
            family = known.family
            scores = tuple(self._module.verify(known, c) if c.family == family else None for c in candidates)
            template = self._template(known)
            return Matched(scores, template if isinstance(template, DeviceTemplate) else None)

    def bare(self) -> Scan | None:
        """The raw picture, which the module takes without asking for a finger."""
        with self._session() as known:
            if self._module.pressed():
                return None
            image = codec.picture(self._module.picture(known, raw=True), RAW_PX[0])
            return Scan(image, float(RAW_DPI), Modality.FINGER)

    def info(self) -> Info:
        with self._lock:
            known = self._known()
            width, height = RAW_PX if self._raw else (known.width_px, known.height_px)
            baud = self._module.link.port.baud
            image_s = self._measured_s or codec.transfer_s(width * height, baud)
            details: dict[str, str | int | float] = {
                "baud": baud,
                "width_px": width,
                "height_px": height,
                "dpi": self._dpi,
                "template_bytes": known.template_bytes,
                "library": known.ids,
                "image_s": round(image_s, 2),
                "image_measured": int(self._measured_s is not None),
                "use": "image" if image_s <= PATIENCE_S else "match",
            }
            return Info(known.name, known.firmware, known.serial, details)

    def stored(self, page: int) -> DeviceTemplate:
        """What is at an id of the module's database. Raises ProtocolError, DeviceGone."""
        with self._session(lit=False) as known:
            return DeviceTemplate(known.family, self._module.stored(known, page))

    def _found(self) -> Identity:
        identity = self._module.open()
        self._module.light(on=True)
        self._touch.held = self._module.pressed()
        self._module.light(on=False)
        return identity

    def _light(self, known: Identity, *, on: bool) -> None:
        self._module.light(on=on)

    def _darken(self, known: Identity) -> None:
        with contextlib.suppress(DeviceGone):
            self._module.dark()

    def _look(self, held: bool) -> bool | Retry:
        if not self._module.pressed():
            return False
        why = None if held else self._module.capture()
        if why is Nack.NO_FINGER:
            return False
        return why is None or _retry(why)

    def _template(self, known: Identity) -> DeviceTemplate | Retry:
        try:
            return DeviceTemplate(known.family, self._module.template(known))
        except Refused as refused:
            return _retry(refused.why)

    def _scanned(self, known: Identity) -> Reading:
        start = time.monotonic()
        try:
            data = self._module.picture(known, raw=self._raw)
        except Refused as refused:
            return _retry(refused.why)
        self._measured_s = time.monotonic() - start
        image = codec.picture(data, RAW_PX[0] if self._raw else known.width_px)
        return Scan(image, float(self._dpi), Modality.FINGER)

    def _searched(self) -> Reading:
        try:
            found = self._module.identify()
        except Refused as refused:
            return _retry(refused.why)
        return _retry(Nack.IDENTIFY_FAILED) if found is None else Recognition(str(found), Means.FINGER)


def _retry(why: Nack) -> Retry:
    """What the person can do. Raises ProtocolError when it is nothing a person can mend."""
    if why not in ADVICE:
        raise ProtocolError(f"the module answers {why:04X} ({why.name})")
    return Retry(ADVICE[why])
