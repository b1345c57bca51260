"""The keypad driver: finds the device, takes it for itself, and hands over its keys."""

import contextlib
import errno
import fcntl
import os
import select
import threading
import time
from pathlib import Path

from drivers import DeviceGone
from drivers.base import Feature, Info, Reading
from drivers.evdev import codec

INPUT = Path("/dev/input")
_LOOK_UP_S = 0.05  # how soon a wait notices that the device was closed
_AT_ONCE = 64 * codec.EVENT.size
_NAME_BYTES, _CODES_BYTES = 256, 96


def _ioctl_read(number: int, size: int) -> int:
    """_IOC(_IOC_READ, 'E', number, size) of the kernel's asm-generic/ioctl.h."""
    return 2 << 30 | size << 16 | ord("E") << 8 | number


EVIOCGNAME = _ioctl_read(0x06, _NAME_BYTES)
EVIOCGBIT_KEYS = _ioctl_read(0x20 + codec.EV_KEY, _CODES_BYTES)
EVIOCGRAB = 1 << 30 | 4 << 16 | ord("E") << 8 | 0x90
_NOT_AN_EVENT_DEVICE = (errno.ENOTTY, errno.EINVAL)  # a pipe or pseudo-terminal that plays one


class EvdevKeypad:
    """See drivers.base.Driver and Keypad for the contract. Raises OptionError for keys it does not know."""

    def __init__(self, device: str, keys: str) -> None:
        self._device = device
        self._keys = codec.key_map(keys)
        self._lock = threading.Lock()  # held for one look, so that close never pulls the file from under a read
        self._closed = threading.Event()
        self._closed.set()
        self._fd = -1
        self._decoder = codec.Decoder(self._keys)
        self._waiting: list[str] = []
        self._info = Info("")

    @property
    def features(self) -> Feature:
        return Feature.KEYPAD

    def open(self) -> None:
        with self._lock:
            if self._fd >= 0:
                return
            path = _find(self._device)
            try:
                fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
            except OSError as error:
                raise DeviceGone(f"{path}: {error.strerror}") from None
            try:
                _grab(fd)
                _drain(fd)
            except OSError as error:
                os.close(fd)
                raise DeviceGone(f"{path}: {error.strerror}; is another program using this keypad?") from None
            self._info = Info(_name(fd), details={"path": str(path)})
            self._fd, self._decoder, self._waiting = fd, codec.Decoder(self._keys), []
            self._closed.clear()

    def close(self) -> None:
        self._closed.set()
        with self._lock:
            fd, self._fd = self._fd, -1
            if fd >= 0:
                os.close(fd)  # which ends the grab, too

    def info(self) -> Info:
        self._check_open()
        return self._info

    def read(self, timeout_s: float) -> Reading | None:
        """Nothing to read: it has keys and no sensor."""
        self._closed.wait(timeout_s)
        self._check_open()
        return None

    def read_key(self, timeout_s: float) -> str | None:
        until = time.monotonic() + timeout_s
        while not self._waiting:
            left = until - time.monotonic()
            with self._lock:
                self._check_open()
                self._waiting += self._look(max(0.0, min(left, _LOOK_UP_S)))
            if left <= _LOOK_UP_S and not self._waiting:
                return None
        return self._waiting.pop(0)

    def _look(self, timeout_s: float) -> list[str]:
        try:
            if not select.select([self._fd], [], [], timeout_s)[0]:
                return []
            data = os.read(self._fd, _AT_ONCE)
        except BlockingIOError:
            return []
        except OSError as error:  # ENODEV: pulled out
            raise DeviceGone(f"{self._device}: {error.strerror}") from None
        if not data:
            raise DeviceGone(f"{self._device}: unplugged")
        return self._decoder.feed(data)

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise DeviceGone(f"{self._device}: the keypad is closed")


def _find(device: str) -> Path:
    """The device file. Raises DeviceGone when nothing fits, naming what there is."""
    if device.startswith("/"):
        return Path(device)
    names = []
    for path in sorted(INPUT.glob("event*"), key=lambda p: (len(p.name), p.name)):
        with contextlib.suppress(OSError):
            fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                name, codes = _name(fd), bytearray(_CODES_BYTES)
                fcntl.ioctl(fd, EVIOCGBIT_KEYS, codes)
            finally:
                os.close(fd)
            if codec.has_keypad(bytes(codes)) if device == "auto" else device.casefold() in name.casefold():
                return path
            names.append(name)
    raise DeviceGone(f"no keypad {device!r} in {INPUT}; there: {', '.join(names) or 'none that may be read'}")


def _name(fd: int) -> str:
    name = bytearray(_NAME_BYTES)
    try:
        fcntl.ioctl(fd, EVIOCGNAME, name)
    except OSError:
        return "keypad"
    return bytes(name).split(b"\0")[0].decode("utf-8", "replace") or "keypad"


def _grab(fd: int) -> None:
    """Take it for ourselves: digits must not reach a console. Raises OSError when another program has it."""
    try:
        fcntl.ioctl(fd, EVIOCGRAB, 1)
    except OSError as error:
        if error.errno not in _NOT_AN_EVENT_DEVICE:
            raise


def _drain(fd: int) -> None:
    """What was typed before is nobody's now."""
    with contextlib.suppress(BlockingIOError):
        for _ in range(1000):
            if not os.read(fd, _AT_ONCE):
                return
