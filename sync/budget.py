"""What a SIM may cost in a month: bytes counted, forecast, and kept over restarts (S3).

The month is the calendar's, as operators bill it. A clock that cannot be right, as after a power cut without a battery,
begins no month: what is spent then counts to the one that was. What a crash forgets is at most what was spent since
the last `save`.
"""

import calendar
import contextlib
import datetime as dt
import json
import os
from dataclasses import dataclass
from pathlib import Path

ESSENTIAL_FROM = 0.8
_FIRST_YEAR = 2024  # nobody has this program from earlier
_MAX_BYTES = 16 * 1024
_MAX_SIMS = 16


@dataclass(frozen=True, slots=True)
class Thrift:
    """What the line costs: by the byte, and so much that only punches and what they need may go."""

    metered: bool = False
    essential_only: bool = False


@dataclass(frozen=True, slots=True)
class Use:
    """Bytes of the month so far, of the limit (0: none), and what it will come to at this pace."""

    spent: int
    limit: int
    forecast: int

    @property
    def essential_only(self) -> bool:
        """Punches and what they need, nothing else."""
        return bool(self.limit) and self.spent >= ESSENTIAL_FROM * self.limit


class Budget:
    """The counts of every SIM this terminal has had this month, in a small file."""

    def __init__(self, file: Path, limit: int) -> None:
        """`limit`: bytes a month for each SIM. A file that is missing or spoilt begins anew."""
        self._file = file
        self._limit = limit
        self._month, self._spent = _read(file)
        self._saved = dict(self._spent)

    def spend(self, sim: str, spent: int, now: dt.datetime) -> Use:
        """Add bytes to what `sim` has used, and say how it stands at `now` (aware)."""
        month = f"{now.year:04}-{now.month:02}"
        if now.year >= _FIRST_YEAR and month > self._month:
            self._month, self._spent = month, {}
        if sim in self._spent or len(self._spent) < _MAX_SIMS:
            self._spent[sim] = self._spent.get(sim, 0) + spent
        used = self._spent.get(sim, 0)
        return Use(used, self._limit, round(used / _gone(now)))

    def save(self) -> None:
        """Write it down, if anything changed. A disk that refuses costs the count and nothing else."""
        if self._spent == self._saved:
            return
        new = self._file.with_suffix(".new")
        with contextlib.suppress(OSError):
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640), "w") as out:
                out.write(json.dumps({"month": self._month, "spent": self._spent}))
                out.flush()
                os.fsync(out.fileno())
            new.rename(self._file)
            self._saved = dict(self._spent)


def _gone(now: dt.datetime) -> float:
    """How much of its month is over; never less than a day, or the first morning would foretell anything."""
    days = calendar.monthrange(now.year, now.month)[1]
    return max(1.0, now.day - 1 + now.hour / 24 + now.minute / 1440) / days


def _read(file: Path) -> tuple[str, dict[str, int]]:
    try:
        with file.open("rb") as kept:
            found = json.loads(kept.read(_MAX_BYTES))
        month, spent = found["month"], found["spent"]
        sound = isinstance(month, str) and isinstance(spent, dict) and len(spent) <= _MAX_SIMS
        if sound and all(type(n) is int and n >= 0 for n in spent.values()):
            return month, spent
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        pass
    return "", {}
