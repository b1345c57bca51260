"""A ZFM module as the terminal uses it: pictures, or its own templates compared on it, or its own library searched."""

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence

from drivers import DeviceGone, ProtocolError
from drivers.base import (
    DeviceTemplate,
    Feature,
    Info,
    Matched,
    Means,
    Modality,
    Reading,
    Recognition,
    Retry,
    Scan,
)
from drivers.ports import Port
from drivers.touch import Touch
from drivers.zfm import codec
from drivers.zfm.link import Refused
from drivers.zfm.module import TOUCH, Identity, Module
from drivers.zfm.table import ADVICE, ANY_ADDRESS, Code

FEATURES = {
    "auto": Feature.IMAGE | Feature.MATCH,
    "image": Feature.IMAGE,
    "match": Feature.MATCH,
    "search": Feature.RECOGNITION,
}
"""By mode. With "auto", info().details["use"] says which of the two suits the speed of the line."""

PATIENCE_S = 2.0  # a picture that takes longer keeps a queue waiting (S1): better to match on the module
FAST_BAUD = 115200


class ZfmDriver:
    """See drivers.base.Driver, Informed, Watchful and Matcher.

    `baud` 0: found out; `packet_bytes`, `width_px`, `dpi` 0: as the module has them.
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
    ) -> None:
        self._module = Module(port, baud, address, password)
        self._mode, self._packet_bytes, self._width_px, self._dpi = mode, packet_bytes, width_px, dpi
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
        """1: below its own security level the module gives no score at all."""
        return 1

    def open(self) -> None:
        with self._lock:
            if self._identity is not None:
                return
            try:
                identity = self._module.open()
                if self._packet_bytes and self._packet_bytes != identity.packet_bytes:
                    self._module.set_packets(self._packet_bytes)
                self._touch.held = self._module.capture() is not Code.NO_FINGER
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
            identity, self._identity = self._identity, None
            if identity is not None:
                self._module.dark(identity)
            self._module.close()

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

    def check(self) -> None:
        with self._lock:
            self._known()
            self._module.link.port.check()

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

    def put(self, page: int, template: DeviceTemplate) -> None:
        """A template into the module's library, for mode "search". Raises ProtocolError, DeviceGone."""
        with self._session(lit=False) as known:
            if template.family != known.family:
                raise ProtocolError(f"a template of {template.family}; this module is of {known.family}")
            self._module.put(page, template.data)

    def remove(self, page: int) -> None:
        """A page of the library emptied. Raises ProtocolError, DeviceGone."""
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
                    self._module.light(known, on=True)
                yield known
                if lit:
                    self._module.light(known, on=False)
            except ProtocolError:
                # Nothing was handed over, so the finger that still lies there may be read.
                self._touch.held = False
                self._module.dark(known)
                raise
            except DeviceGone:
                if not self._module.link.stop.is_set():  # else whoever closes it does the rest
                    self._identity = None
                    self._module.close()
                raise

    def _touched(self, timeout_s: float) -> bool | Retry:
        return self._touch.wait(self._look, timeout_s, self._module.link.stop)

    def _look(self, _held: bool) -> bool | Retry:
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
