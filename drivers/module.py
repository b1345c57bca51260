"""What the drivers of fingerprint modules on a serial line share: opening and closing, one thing at a time, the light.

A driver says how its module is found, lit and looked at; the rest of drivers.base.Driver, Watchful and Matcher that
does not depend on the module is here.
"""

import contextlib
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, Generic, Protocol, TypeVar

from drivers import DeviceGone, ProtocolError
from drivers.base import DeviceTemplate, Feature, Retry
from drivers.hearing import Hearing
from drivers.touch import Touch

FEATURES = {
    "auto": Feature.IMAGE | Feature.MATCH,
    "image": Feature.IMAGE,
    "match": Feature.MATCH,
    "search": Feature.RECOGNITION,
}
"""By mode. With "auto", info().details["use"] says which of the two suits the speed of the line."""


class Identity(Protocol):
    """What a module says of itself."""

    @property
    def family(self) -> str: ...


Known = TypeVar("Known", bound=Identity)


class Library(Protocol):
    """A module's own templates, by number. Both raise ProtocolError, DeviceGone."""

    def put(self, page: int, template: bytes, /) -> None: ...

    def remove(self, page: int, /) -> None: ...


class ModuleDriver(ABC, Generic[Known]):
    """One module. `mode`: a key of FEATURES."""

    def __init__(self, line: Hearing[Any], library: Library, mode: str) -> None:
        self._line, self._library, self._mode = line, library, mode
        self._lock = threading.Lock()  # the module is used for one thing at a time
        self._identity: Known | None = None
        self._touch = Touch()
        self._measured_s: float | None = None  # what its last picture took to come

    @abstractmethod
    def _found(self) -> Known:
        """Find the module, and note in `_touch` whether a finger lies there. Raises ProtocolError, DeviceGone."""

    @abstractmethod
    def _light(self, known: Known, *, on: bool) -> None:
        """Raises ProtocolError, DeviceGone."""

    @abstractmethod
    def _darken(self, known: Known) -> None:
        """The light out, in passing. Never raises."""

    @abstractmethod
    def _look(self, held: bool) -> bool | Retry:
        """See drivers.touch.Look."""

    @property
    def features(self) -> Feature:
        return FEATURES[self._mode]

    @property
    def family(self) -> str:
        return self._identity.family if self._identity is not None else ""

    @property
    def threshold(self) -> int:
        """1: a module scores 0 what it calls another finger."""
        return 1

    def open(self) -> None:
        with self._lock:
            if self._identity is not None:
                return
            try:
                self._identity = self._found()
            except ProtocolError as error:
                self._line.close()
                raise DeviceGone(f"the module cannot be used: {error}") from None
            except DeviceGone:
                self._line.close()
                raise

    def close(self) -> None:
        self._line.stop.set()
        with self._lock:
            known, self._identity = self._identity, None
            if known is not None:
                self._darken(known)
            self._line.close()

    def check(self) -> None:
        with self._lock:
            self._known()
            self._line.port.check()

    def put(self, page: int, template: DeviceTemplate) -> None:
        """A template into the module's own library, for mode "search". Raises ProtocolError, DeviceGone."""
        with self._session(lit=False) as known:
            if template.family != known.family:
                raise ProtocolError(f"a template of {template.family}; this module is of {known.family}")
            self._library.put(page, template.data)

    def remove(self, page: int) -> None:
        """A page of the library emptied. Raises ProtocolError, DeviceGone."""
        with self._session(lit=False):
            self._library.remove(page)

    def _known(self) -> Known:
        if self._identity is None:
            raise DeviceGone("the module is closed")
        return self._identity

    @contextlib.contextmanager
    def _session(self, *, lit: bool = True) -> Iterator[Known]:
        with self._lock:
            known = self._known()
            try:
                if lit:
                    self._light(known, on=True)
                yield known
                if lit:
                    self._light(known, on=False)
            except ProtocolError:
                # Nothing was handed over, so the finger that still lies there may be read.
                self._touch.held = False
                self._darken(known)
                raise
            except DeviceGone:
                if not self._line.stop.is_set():  # else whoever closes it does the rest
                    self._identity = None
                    self._line.close()
                raise

    def _touched(self, timeout_s: float) -> bool | Retry:
        """Lit, in a session: see drivers.touch.Touch.wait."""
        return self._touch.wait(self._look, timeout_s, self._line.stop)
