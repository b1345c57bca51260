"""A GT-511C or GT-521F module as the terminal uses it: pictures, its own templates, or its own database."""

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence

from drivers import DeviceGone, ProtocolError
from drivers.base import DeviceTemplate, Feature, Info, Matched, Means, Modality, Reading, Recognition, Retry, Scan
from drivers.gt521f import codec
from drivers.gt521f.codec import ADVICE, Nack
from drivers.gt521f.link import Refused
from drivers.gt521f.module import RAW_PX, Identity, Module
from drivers.ports import Port
from drivers.touch import Touch

FEATURES = {
    "auto": Feature.IMAGE | Feature.MATCH,
    "image": Feature.IMAGE,
    "match": Feature.MATCH,
    "search": Feature.RECOGNITION,
}
"""By mode. With "auto", info().details["use"] says which of the two suits the speed of the line."""

PATIENCE_S = 5.0  # at 115200 baud a picture takes 4.5 s; slower than that, matching on the module is better
DPI, RAW_DPI = 450, 275  # of the optical sensor by its datasheet; of the thinned-out raw picture, from its size


class Gt521fDriver:
    """See drivers.base.Driver, Informed, Watchful, Bare and Matcher.

    `baud` 0: found out, then 115200; `raw`: the small picture.
    """

    def __init__(self, port: Port, *, baud: int = 0, mode: str = "auto", raw: bool = False, dpi: int = 0) -> None:
        self._module = Module(port, baud)
        self._mode, self._raw, self._dpi = mode, raw, dpi or (RAW_DPI if raw else DPI)
        self._lock = threading.Lock()  # the module is used for one thing at a time
        self._identity: Identity | None = None
        self._touch = Touch()
        self._measured_s: float | None = None

    @property
    def features(self) -> Feature:
        return FEATURES[self._mode]

    @property
    def family(self) -> str:
        return self._identity.family if self._identity is not None else ""

    @property
    def threshold(self) -> int:
        """1: the module says yes or no, and nothing in between."""
        return 1

    def open(self) -> None:
        with self._lock:
            if self._identity is not None:
                return
            try:
                identity = self._module.open()
                self._module.light(on=True)
                self._touch.held = self._module.pressed()
                self._module.light(on=False)
            except ProtocolError as error:
                self._module.close()
                raise DeviceGone(f"the module cannot be used: {error}") from None
            except DeviceGone:
                self._module.close()
                raise
            self._identity = identity

    def close(self) -> None:
        self._module.link.stop.set()
        with self._lock:
            known, self._identity = self._identity, None
            if known is not None:
                self._darken()
            self._module.close()

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

    def check(self) -> None:
        with self._lock:
            self._known()
            self._module.link.port.check()

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

    def put(self, page: int, template: DeviceTemplate) -> None:
        """A template into the module's database, for mode "search". Raises ProtocolError, DeviceGone."""
        with self._session(lit=False) as known:
            if template.family != known.family:
                raise ProtocolError(f"a template of {template.family}; this module is of {known.family}")
            self._module.put(page, template.data)

    def stored(self, page: int) -> DeviceTemplate:
        """What is at an id of the module's database. Raises ProtocolError, DeviceGone."""
        with self._session(lit=False) as known:
            return DeviceTemplate(known.family, self._module.stored(known, page))

    def remove(self, page: int) -> None:
        """An id of the database emptied. Raises ProtocolError, DeviceGone."""
        with self._session(lit=False):
            self._module.remove(page)

    def _known(self) -> Identity:
        if self._identity is None:
            raise DeviceGone("the module is closed")
        return self._identity

    @contextlib.contextmanager
    def _session(self, *, lit: bool = True) -> Iterator[Identity]:
        with self._lock:
            known = self._known()
            try:
                if lit:
                    self._module.light(on=True)
                yield known
                if lit:
                    self._module.light(on=False)
            except ProtocolError:
                # Nothing was handed over, so the finger that still lies there may be read.
                self._touch.held = False
                self._darken()
                raise
            except DeviceGone:
                if not self._module.link.stop.is_set():  # else whoever closes it does the rest
                    self._identity = None
                    self._module.close()
                raise

    def _darken(self) -> None:
        with contextlib.suppress(DeviceGone):
            self._module.dark()

    def _touched(self, timeout_s: float) -> bool | Retry:
        return self._touch.wait(self._look, timeout_s, self._module.link.stop)

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
