"""What a process holds while it is used: memory, threads, files; and whether that grows."""

import contextlib
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Sample:
    """`at`: sessions so far."""

    at: int
    seconds: float
    rss_kb: int
    threads: int
    files: int


def sample(pid: int, at: int) -> Sample:
    """Raises OSError when the process is gone."""
    facts = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    files = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    return Sample(at, time.monotonic(), int(facts["VmRSS"].split()[0]), int(facts["Threads"]), files)


def helpers(pid: int) -> list[int]:
    """The processes that this one started and that live."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):  # it ended while we looked
            if f"\nPPid:\t{pid}\n" in status.read_text():
                found.append(int(status.parent.name))
    return sorted(found)


@dataclass(frozen=True, slots=True)
class Growth:
    """From the end of the warm-up to the end. Memory by the slope of a straight line laid through all samples."""

    kb_per_1000: float
    kb: int
    threads: int
    files: int

    def trouble(self, limit_kb_per_1000: float, limit_kb: int) -> str:
        """What grows; empty when nothing does. Little memory in all is never growth, whatever its slope."""
        grows = []
        if self.kb > limit_kb and self.kb_per_1000 > limit_kb_per_1000:
            grows.append(f"memory: {self.kb} kB, {self.kb_per_1000:.0f} kB in 1000 sessions")
        if self.threads > 0:
            grows.append(f"threads: {self.threads}")
        if self.files > 0:
            grows.append(f"files: {self.files}")
        return ", ".join(grows)


def growth(samples: Sequence[Sample], warm_up: int) -> Growth:
    """Of the samples taken after `warm_up` sessions.

    Threads and files come and go by one or two while somebody is served, so their least number at each end counts.
    """
    warm = [s for s in samples if s.at >= warm_up] or list(samples[-1:])
    third = max(1, len(warm) // 3)
    first, last = warm[:third], warm[-third:]
    slope = 0.0
    if len({s.at for s in warm}) > 1:
        slope = statistics.linear_regression([s.at for s in warm], [s.rss_kb for s in warm]).slope
    return Growth(
        kb_per_1000=1000 * slope,
        kb=round(statistics.median(s.rss_kb for s in last) - statistics.median(s.rss_kb for s in first)),
        threads=min(s.threads for s in last) - min(s.threads for s in first),
        files=min(s.files for s in last) - min(s.files for s in first),
    )
