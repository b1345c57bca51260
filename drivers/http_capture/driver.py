"""A reader behind a vendor's service: asked for one touch after the other, and the glass seen empty in between.

Such a service does not say when a finger leaves, and would capture the one that stays again and again. So after a
touch, and after opening, the glass must have been seen empty (a short capture that ended without a finger) before the
next touch counts (S11).
"""

import threading
import time

from drivers import DeviceGone, OptionError, ProtocolError
from drivers.base import Advice, Feature, Info, Modality, Reading, Retry, Scan
from drivers.http_capture import codec
from drivers.http_capture.codec import Captured, Refused, Shape, Trouble
from drivers.touch import Lying
from drivers.web import Answer, Client, Trust, secret, site

_USUAL = {Shape.MANTRA: "http://127.0.0.1:8004/mfs100/", Shape.SECUGEN: "https://localhost:8443/"}
_SLACK_S = 3.0  # more than the capture itself may take
_INFO_S = 3.0


class HttpCapture:
    """See drivers.base.Driver for the contract."""

    def __init__(
        self,
        *,
        shape: str,
        url: str = "",
        pin: str = "",
        ca: str = "",
        licence: str = "",
        dpi: int = 500,
        quality: int = 30,
        glance_ms: int = 1000,
        patience: float = 1.0,
    ) -> None:
        """Raises OptionError."""
        if shape not in list(Shape):
            raise OptionError(f"shape = {shape!r}: expected {' or '.join(Shape)}")
        self._shape = Shape(shape)
        self._site = site(url or _USUAL[self._shape])
        self._client = Client(self._site, Trust(pin, ca))
        self._licence = secret(licence)
        self._dpi = dpi
        self._quality = quality
        self._glance_s = glance_ms / 1000
        self._patience = patience  # how often as long as usual an answer may take
        self._open = threading.Event()
        self._empty = False
        self._lying = Lying()

    @property
    def features(self) -> Feature:
        return Feature.IMAGE

    def open(self) -> None:
        """Look at the glass: what lies there already is no touch."""
        if self._open.is_set():
            return
        self._client.resume()
        self._open.set()
        try:
            self._empty = self._glance()
        except ProtocolError:
            self._empty = False
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._open.clear()
        self._client.cancel()

    def read(self, timeout_s: float) -> Reading | None:
        captured = self.capture(timeout_s)
        if isinstance(captured, Captured):
            return Scan(captured.image, captured.dpi or float(self._dpi), Modality.FINGER)
        return captured

    def capture(self, timeout_s: float) -> Captured | Retry | None:
        """One touch with all that the service says of it; None when nobody came. Raises DeviceGone, ProtocolError.

        Its ISO template is for other software: matching works on pictures, and no Reading holds a template.
        """
        until = time.monotonic() + timeout_s
        while not self._empty:
            self._empty = self._glance()
            if not self._empty and self._lying.too_long():
                return Retry(Advice.LIFT)
            if time.monotonic() >= until:
                return None
        self._lying.gone()
        found = self._take(max(self._glance_s, until - time.monotonic()))
        if isinstance(found, Captured):
            self._empty = False
            return found
        match found.trouble:
            case Trouble.NOBODY:
                return None
            case Trouble.AGAIN:
                return Retry(Advice.PLACE_AGAIN)
            case Trouble.GONE:
                raise DeviceGone(f"{self._site}: {found.words}")
            case _:
                raise ProtocolError(f"{self._site}: {found.words}")

    def settle(self) -> bool:
        self._empty = self._empty or self._glance()
        return self._empty

    def info(self) -> Info:
        request = codec.info(self._shape)
        if request is None:
            return Info("behind SgiBioSrv", details={"service": str(self._site)})
        said = codec.details(self._ask(request, _INFO_S * self._patience).body)
        model = f"{said.pop('Make', '')} {said.pop('Model', '')}".strip()
        return Info(model, serial=said.pop("SerialNo", ""), details={"service": str(self._site), **said})

    def _glance(self) -> bool:
        """Whether the glass is empty: a short capture sees nobody."""
        found = self._take(self._glance_s)
        if isinstance(found, Refused) and found.trouble is Trouble.GONE:
            raise DeviceGone(f"{self._site}: {found.words}")
        return isinstance(found, Refused) and found.trouble is Trouble.NOBODY

    def _take(self, timeout_s: float) -> Captured | Refused:
        request = codec.capture(self._shape, timeout_s, self._quality, self._licence, str(self._site))
        return codec.answer(self._shape, self._ask(request, timeout_s + _SLACK_S * self._patience).body)

    def _ask(self, request: codec.Request, timeout_s: float) -> Answer:
        if not self._open.is_set():
            raise DeviceGone(f"{self._site}: closed")
        path = f"{self._site.path.rstrip('/')}/{request.path}"
        answer = self._client.ask(request.method, path, timeout_s, request.body, request.headers)
        if answer.status != 200:
            raise ProtocolError(f"{self._site}: HTTP {answer.status}")
        return answer
