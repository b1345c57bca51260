"""The reader as a Driver: powered up, waiting for a finger, taking its picture, waiting for it to go.

The reader itself holds an interrupt until it is fetched, so nothing is lost between two reads. After a picture the
glass must have been seen bare before the next touch counts; so it must after opening.
"""

import contextlib
import secrets
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from drivers import DeviceGone, ProtocolError
from drivers.base import Advice, Feature, Info, Modality, Reading, Retry, Scan
from drivers.touch import Lying
from drivers.uru4000 import codec
from drivers.uru4000.codec import Interrupt, Kind, Mode, Register, Status

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_TRIES = 100  # of a change of power, with a pause of 10 ms
_PAUSE_S = 0.01
_POWER_TRIES = 3
_POWER_WAIT_S = 0.3  # for the reader to say that its sensor has power
_BARE_WAIT_S = 0.15  # for the reader to say, at opening, that its glass is bare
_LOOK_S = 0.5  # how often a finger that must leave first is thought of
_SLICE_S = 0.2  # how soon a wait notices that the driver was closed
_FRAME_WAIT_S = 1.5
_FAILURES = 2  # captures in a row
_FRAME_TRIES = 3  # some readers send nothing at first
_MANY = 64  # interrupts in a row: a reader that babbles is not listened to without end
_STALE_S = 0.002  # for interrupts that were sent before the reader was told something new


class Pipes(Protocol):
    """A claimed reader: see drivers.uru4000.link.Link."""

    kind: Kind

    @property
    def serial(self) -> str: ...
    @property
    def where(self) -> str: ...
    def read_register(self, register: Register, count: int = 1) -> bytes: ...
    def write_register(self, register: Register, data: bytes) -> None: ...
    def interrupt(self, timeout_s: float) -> bytes | None: ...
    def frame(self, timeout_s: float) -> bytes: ...
    def close(self) -> None: ...


class Finder(Protocol):
    def find(self) -> Pipes:
        """Raises DeviceGone."""
        ...


def _seed() -> int:
    return secrets.randbits(32)


class Uru4000:
    """See drivers.base.Driver for the contract. `seed` hides the keys on the cable: 32 bits each time."""

    features = Feature.IMAGE

    def __init__(self, reach: Finder, seed: Callable[[], int] = _seed) -> None:
        self._reach, self._seed = reach, seed
        self._link: Pipes | None = None
        self._using = threading.RLock()  # close waits for the transfer under way: libusb must not lose its device
        self._closing = threading.Event()
        self._bare = False
        self._lying = Lying()
        self._ready = False
        self._failures = 0
        self._versions = ("", "")

    def open(self) -> None:
        with self._using:
            if self._link is not None:
                return
            self._closing.clear()
            self._link = self._reach.find()
            try:
                self._power_up(self._link)
            except (DeviceGone, ProtocolError) as error:
                self._drop(self._link)
                raise DeviceGone(str(error)) from None

    def close(self) -> None:
        self._closing.set()
        with self._using:
            if self._link is not None:
                self._drop(self._link)

    def read(self, timeout_s: float) -> Reading | None:
        until = time.monotonic() + timeout_s
        with self._using:
            link = self._open_link()
            try:
                reading = self._read(link, until)
                self._failures = 0 if reading is not None else self._failures
                return reading
            except ProtocolError:
                # Once may be the cable; a reader that goes on like this is restarted, and the finger laid down anew.
                self._failures += 1
                self._ready = self._failures < _FAILURES
                raise
            except DeviceGone:
                self._drop(link)
                raise

    def info(self) -> Info:
        with self._using:
            link = self._open_link()
            hardware, firmware = self._versions
            return Info(link.kind.model, firmware, link.serial, {"hardware": hardware, "port": link.where})

    def _read(self, link: Pipes, until: float) -> Reading | None:
        if not self._ready:
            self._power_up(link)
        while not self._bare:
            self._bare = self._await(link, Interrupt.LIFT, min(until, time.monotonic() + _LOOK_S))
            if not self._bare and self._lying.too_long():
                return Retry(Advice.LIFT)
            if not self._bare and time.monotonic() >= until:
                return None
        self._lying.gone()
        _mode(link, Mode.AWAIT_FINGER)
        if not self._await(link, Interrupt.FINGER, until):
            return None
        image = self._capture(link)
        return Retry(Advice.PLACE_AGAIN) if codec.is_blank(image) else Scan(image, codec.DPI, Modality.FINGER)

    def _capture(self, link: Pipes) -> "NDArray[np.uint8]":
        try:
            _mode(link, Mode.CAPTURE)
            frame, head = self._frame(link)
            keys = [self._key(link, n) for n in codec.key_numbers(head)] if codec.is_scrambled(frame, head) else []
            return codec.picture(frame, head, keys, link.kind)
        finally:
            self._await_bare(link)

    def _frame(self, link: Pipes) -> tuple[bytes, codec.Header]:
        for tries_left in reversed(range(_FRAME_TRIES)):
            frame = link.frame(_FRAME_WAIT_S)
            self._check_open()
            try:
                return frame, codec.header(frame)
            except ProtocolError:
                if not tries_left:
                    raise
        raise AssertionError

    def _key(self, link: Pipes, number: int) -> int:
        seed = self._seed()
        link.write_register(Register.SCRAMBLE_INDEX, codec.index(number, seed))
        return codec.key(link.read_register(Register.SCRAMBLE_KEY, 4), seed)

    def _await_bare(self, link: Pipes) -> None:
        """Have the reader tell when the finger is gone; what it told before that does not count."""
        self._bare = False
        for _ in range(_MANY):
            if link.interrupt(_STALE_S) is None:
                break
        _mode(link, Mode.AWAIT_LIFT)

    def _await(self, link: Pipes, what: Interrupt, until: float) -> bool:
        """Whether this interrupt came in time. Others are passed over: they come early, late and twice."""
        while True:
            left = until - time.monotonic()
            data = link.interrupt(min(max(left, _STALE_S), _SLICE_S))
            self._check_open()
            if data is not None and codec.interrupt(data) is what:
                return True
            if left <= 0:
                return False

    def _power_up(self, link: Pipes) -> None:
        """From whatever state it is found in. Raises DeviceGone when it does not wake."""
        self._ready = False
        for _ in range(_POWER_TRIES):
            self._cycle_power(link)
            if self._await(link, Interrupt.SCAN_POWER, time.monotonic() + _POWER_WAIT_S):
                break
        else:
            raise DeviceGone("the reader's sensor has no power: it does not say that it is ready")
        self._versions = codec.versions(link.read_register(Register.INFO, 16))
        self._await_bare(link)
        self._bare = self._await(link, Interrupt.LIFT, time.monotonic() + _BARE_WAIT_S)
        self._ready, self._failures = True, 0

    def _cycle_power(self, link: Pipes) -> None:
        status = _status(link)
        if Status.LOW_POWER in status and Status.CONFUSED in status:
            _write_status(link, status & 0x0F)
            status = self._until(link, lambda: _status(link), lambda now: Status.AWAKE in now, "restart")
        if Status.LOW_POWER not in status:
            _write_status(link, status | Status.LOW_POWER)
        awake = status & 0x0F

        def wake() -> Status:
            _write_status(link, awake)
            now = _status(link)
            if link.kind.asks and Status.LOW_POWER in now:
                link.write_register(Register.RESPONSE, codec.response(link.read_register(Register.CHALLENGE, 16)))
            return now

        self._until(link, wake, lambda now: Status.LOW_POWER not in now, "power up")

    def _until(self, link: Pipes, step: Callable[[], Status], done: Callable[[Status], bool], what: str) -> Status:
        for _ in range(_TRIES):
            status = step()
            if done(status):
                return status
            if self._closing.wait(_PAUSE_S):
                break
        self._check_open()
        raise DeviceGone(f"the reader does not {what}; unplug it and plug it in again")

    def _open_link(self) -> Pipes:
        if self._link is None:
            raise DeviceGone("the reader is closed")
        return self._link

    def _check_open(self) -> None:
        if self._closing.is_set():
            raise DeviceGone("the reader was closed")

    def _drop(self, link: Pipes) -> None:
        """Light out, as far as it is still there, and let go."""
        self._link, self._ready = None, False
        with contextlib.suppress(DeviceGone, ProtocolError):
            _mode(link, Mode.OFF)
        link.close()


def _mode(link: Pipes, mode: Mode) -> None:
    link.write_register(Register.MODE, bytes([mode]))


def _status(link: Pipes) -> Status:
    return Status(link.read_register(Register.STATUS)[0])


def _write_status(link: Pipes, status: int) -> None:
    link.write_register(Register.STATUS, bytes([status]))
