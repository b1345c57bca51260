"""What time is it, and how far can it be wrong.

CLOCK_BOOTTIME counts on through suspend and no setting of the clock moves it: it orders the punches of one boot and
measures between them. What is shown is kept beside it, and comes from the better of two:

* the server's signed word in this boot (sync.anchor), whose bound widens with the time since;
* the machine's own wall clock, with the kernel's word on how far to trust it (adjtimex(2): STA_UNSYNC and maxerror, as
  an NTP client maintains them), as long as it does not contradict the server. Once the server has spoken, nobody who
  turns the machine's clock, nor a false NTP server, moves what is shown (S10).
"""

import ctypes
import os
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edge import SetupError
from sync.anchor import Anchor
from sync.asker import since_boot_ms
from sync.record import ClockSource, Instant

BOOT_ID_ENV = "HAZRI_BOOT_ID"
WITNESS_ENV = "HAZRI_CLOCK"  # the witness's file (edge.record.witness), where this process may not ask the kernel
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_STA_UNSYNC = 0x0040
_ERROR = -1
_LIBC = ctypes.CDLL(None)
# Reading two clocks one after the other jitters, and NTP slews: a smaller change of the offset is no news.
_SETTLED_MS = 20
STEP_MS = 2000
_WITNESS_MS = 2000  # within which the witness speaks of a step
_WORD_MS = 60_000  # of silence, after which there is no witness
_WORD_CHARS = 200


@dataclass(frozen=True, slots=True)
class Step:
    """Somebody set the machine's clock by more than two seconds, at once or little by little (S10); offsets as in
    Instant.wall_offset_ms. `reason`: "ntp" where the kernel says that NTP keeps the clock now, else "set"."""

    old_offset_ms: int
    new_offset_ms: int
    reason: str = "set"


class Clock(Protocol):
    """Where instants come from."""

    def now(self) -> Instant:
        """This moment."""
        ...

    def step(self) -> Step | None:
        """The step of the wall clock since one was last told, if there was one."""
        ...

    def wall_offset_ms(self) -> int:
        """What the machine's own wall clock shows now, minus CLOCK_BOOTTIME."""
        ...

    def take(self, anchor: Anchor) -> None:
        """Show what follows from the server's word, given in this boot and checked, from now on."""
        ...


class SystemClock:
    """This machine's clocks. `held_offset_ms` is the machine's wall offset last recorded in this boot, if any was."""

    def __init__(self, boot_no: int, held_offset_ms: int | None = None) -> None:
        self._boot_no = boot_no
        self._offset_ms = self._told_ms = offset_ms() if held_offset_ms is None else held_offset_ms
        self._anchor: Anchor | None = None
        self._seen_ms: int | None = None  # when a step was seen that the witness did not speak of yet

    def now(self) -> Instant:
        at_ms, wall_ms = since_boot_ms(), self.wall_offset_ms()
        source, bound_ms = trust()
        anchor = self._anchor
        if anchor is not None:
            anchored_ms = anchor.bound_at_ms(at_ms)
            agrees = bound_ms is not None and abs(wall_ms - anchor.offset_ms) <= bound_ms + anchored_ms
            if bound_ms is None or not agrees or anchored_ms < bound_ms:
                return Instant(self._boot_no, at_ms, anchor.offset_ms, ClockSource.SERVER, coarse(anchored_ms))
        return Instant(self._boot_no, at_ms, wall_ms, source, None if bound_ms is None else coarse(bound_ms))

    def step(self) -> Step | None:
        new_ms, old_ms = offset_ms(), self._told_ms
        if abs(new_ms - old_ms) <= STEP_MS or (_witness_is_behind(new_ms) and self._waits()):
            return None
        self._told_ms, self._seen_ms = new_ms, None
        return Step(old_ms, new_ms, "ntp" if trust()[0] is ClockSource.NTP else "set")

    def _waits(self) -> bool:
        """For the witness to say whether it was NTP; not for long."""
        now_ms = since_boot_ms()
        self._seen_ms = now_ms if self._seen_ms is None else self._seen_ms
        return now_ms - self._seen_ms < _WITNESS_MS

    def wall_offset_ms(self) -> int:
        now_ms = offset_ms()
        if abs(now_ms - self._offset_ms) > _SETTLED_MS:
            self._offset_ms = now_ms
        return self._offset_ms

    def take(self, anchor: Anchor) -> None:
        now_ms = since_boot_ms()
        if self._anchor is None or anchor.bound_at_ms(now_ms) <= self._anchor.bound_at_ms(now_ms):
            self._anchor = anchor


def coarse(bound_ms: int) -> int:
    """The next number up of 1, 2, 3, 4, 6, 8, 12, 16 …: a bound that is another one with every punch costs a byte or
    two each on the wire, and says nothing more."""
    power = 1 << max(0, bound_ms - 1).bit_length()
    return power * 3 // 4 if power >= 4 and power * 3 // 4 >= bound_ms else power


def boot_id() -> bytes:
    """The kernel's random name of this boot, 16 bytes; by systemd's word (%b) where a unit does not see the kernel's
    files. Raises SetupError."""
    try:
        return uuid.UUID(os.environ.get(BOOT_ID_ENV) or _BOOT_ID.read_text().strip()).bytes
    except (OSError, ValueError) as error:
        raise SetupError(f"{_BOOT_ID}: {error}; may this unit see it, or does it set {BOOT_ID_ENV}=%b?") from None


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
    witness = os.environ.get(WITNESS_ENV)
    return heard(read_word(Path(witness))) if witness else asked()


def asked() -> tuple[ClockSource, int | None]:
    """By the kernel itself."""
    timex = _Timex(modes=0)
    if _LIBC.adjtimex(ctypes.byref(timex)) == _ERROR or timex.status & _STA_UNSYNC:
        return ClockSource.UNKNOWN, None
    return ClockSource.NTP, -(-int(timex.maxerror) // 1000)


@dataclass(frozen=True, slots=True)
class Word:
    """What the witness (edge.record.witness) saw at `at_ms` of CLOCK_BOOTTIME, with the wall clock's offset then."""

    source: ClockSource
    bound_ms: int | None
    at_ms: int
    offset_ms: int


def _witness_is_behind(new_ms: int) -> bool:
    """There is a witness, and the offset he last saw is another one."""
    witness = os.environ.get(WITNESS_ENV)
    word = read_word(Path(witness)) if witness else None
    return word is not None and abs(word.offset_ms - new_ms) > STEP_MS


def heard(word: Word | None) -> tuple[ClockSource, int | None]:
    """By the witness: as long as he still watches, and the wall clock goes on as he saw it. The bound grows with the
    time since as the kernel's does, by 500 ppm."""
    if word is None or word.bound_ms is None or not 0 <= (age_ms := since_boot_ms() - word.at_ms) <= _WORD_MS:
        return ClockSource.UNKNOWN, None
    bound_ms = word.bound_ms + age_ms // 2000 + 1
    if abs(offset_ms() - word.offset_ms) > max(bound_ms, _SETTLED_MS):
        return ClockSource.UNKNOWN, None
    return word.source, bound_ms


def write_word(file: Path, word: Word) -> None:
    """Whole or not at all. Raises OSError."""
    new = file.with_name(file.name + ".new")
    bound = "-" if word.bound_ms is None else word.bound_ms
    new.write_text(f"{word.source.name} {bound} {word.at_ms} {word.offset_ms}\n")
    new.replace(file)


def read_word(file: Path) -> Word | None:
    """None when nobody wrote one, or something else."""
    try:
        with file.open(encoding="ascii") as opened:
            source, bound, at, offset = opened.read(_WORD_CHARS).split()
        return Word(ClockSource[source], None if bound == "-" else int(bound), int(at), int(offset))
    except (OSError, ValueError, KeyError):
        return None


def offset_ms() -> int:
    """What the machine's own wall clock shows now, minus CLOCK_BOOTTIME."""
    return (time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)) // 1_000_000
