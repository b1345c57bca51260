"""When could somebody have punched in an office? Wherever no terminal was fit, nobody is to blame."""

from bisect import bisect_right
from collections.abc import Iterable

from server.attendance.types import FitnessSpan


class OfficeFitness:
    """The times in which at least one of an office's terminals was fit, merged. What nobody reported was not fit."""

    def __init__(self, spans: Iterable[FitnessSpan]) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._before: list[int] = []  # fit milliseconds in all the spans before
        for low, high in sorted((span.low_ms, span.high_ms) for span in spans if span.low_ms < span.high_ms):
            if self._ends and low <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], high)
                continue
            self._starts.append(low)
            self._ends.append(high)
        total = 0
        for low, high in zip(self._starts, self._ends, strict=True):
            self._before.append(total)
            total += high - low

    def unfit_ms(self, low_ms: int, high_ms: int) -> int:
        """For how long, from `low_ms` up to `high_ms`, no terminal was fit."""
        return max(0, high_ms - low_ms - (self._fit_until(high_ms) - self._fit_until(low_ms)))

    def _fit_until(self, ms: int) -> int:
        place = bisect_right(self._starts, ms) - 1
        if place < 0:
            return 0
        return self._before[place] + min(ms, self._ends[place]) - self._starts[place]
