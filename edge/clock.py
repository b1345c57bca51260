"""What time is it, and how far can it be wrong.

CLOCK_BOOTTIME counts on through suspend and no setting of the clock moves it: it orders the punches of one boot and
measures between them. What the wall shows is kept beside it, with the kernel's own word on how far to trust it
(adjtimex(2): STA_UNSYNC and maxerror, as an NTP client maintains them).
"""

import ctypes
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sync.record import ClockSource, Instant

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_STA_UNSYNC = 0x0040
_ERROR = -1
_LIBC = ctypes.CDLL(None)
# Reading two clocks one after the other jitters, and NTP slews: a smaller change of the offset is no news.
_SETTLED_MS = 20
STEP_MS = 2000


@dataclass(frozen=True, slots=True)
class Step:
    """Somebody set the clock by more than two seconds (S10); offsets as in Instant.wall_offset_ms."""

    old_offset_ms: int
    new_offset_ms: int


class Clock(Protocol):
    """Where instants come from."""

    def now(self) -> Instant:
        """This moment."""
        ...

    def step(self) -> Step | None:
        """The step of the wall clock since this was last asked, if there was one."""
        ...


class SystemClock:
    """This machine's clocks. `held_offset_ms` is the wall offset last recorded in this boot, if any was."""

    def __init__(self, boot_no: int, held_offset_ms: int | None = None) -> None:
        self._boot_no = boot_no
        self._offset_ms = self._asked_ms = _offset_ms() if held_offset_ms is None else held_offset_ms

    def now(self) -> Instant:
        offset_ms = _offset_ms()
        if abs(offset_ms - self._offset_ms) > _SETTLED_MS:
            self._offset_ms = offset_ms
        source, bound_ms = trust()
        return Instant(self._boot_no, since_boot_ns() // 1_000_000, self._offset_ms, source, bound_ms)

    def step(self) -> Step | None:
        offset_ms = _offset_ms()
        old_ms, self._asked_ms = self._asked_ms, offset_ms
        return Step(old_ms, offset_ms) if abs(offset_ms - old_ms) > STEP_MS else None


def since_boot_ns() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def boot_id() -> bytes:
    """The kernel's random name of this boot, 16 bytes."""
    return uuid.UUID(_BOOT_ID.read_text().strip()).bytes


class _Timeval(ctypes.Structure):
    _fields_ = (("tv_sec", ctypes.c_long), ("tv_usec", ctypes.c_long))


class _Timex(ctypes.Structure):
    """struct timex of adjtimex(2), as far as it is read here; the kernel writes the rest into `rest`."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("constant", ctypes.c_long),
        ("precision", ctypes.c_long),
        ("tolerance", ctypes.c_long),
        ("time", _Timeval),
        ("rest", ctypes.c_byte * 256),
    )


def trust() -> tuple[ClockSource, int | None]:
    """Who set the wall clock, and by how many milliseconds it may be wrong; (UNKNOWN, None) when nobody vouches."""
    timex = _Timex(modes=0)
    if _LIBC.adjtimex(ctypes.byref(timex)) == _ERROR or timex.status & _STA_UNSYNC:
        return ClockSource.UNKNOWN, None
    return ClockSource.NTP, -(-int(timex.maxerror) // 1000)


def _offset_ms() -> int:
    return (time.time_ns() - since_boot_ns()) // 1_000_000
